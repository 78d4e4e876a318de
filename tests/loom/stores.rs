//! Keys with siblings behind one lock, with the hash tree over them: real versions, a real tree.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use checker::kv::{Kv, KvCall, KvRet};
use checker::model::MultiValue;
use checker::{History, OpId, Outcome};
use dynamo_core::{Actor, Dot, NodeId, Siblings, Tree, Version, VersionVector, Versioning};
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};

use crate::log::Log;
use crate::program::{Broken, Kind, Program, value};
use crate::search::{caught, holds, linearizable};
use crate::shared::Stepper;

/// What a node holds, as far as it matters here.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shop {
    held: BTreeMap<&'static str, Siblings>,
    tree: Tree,
    sequence: u64,
}

const RULES: Versioning = Versioning {
    causality: dynamo_core::Causality::Dots,
    resolution: dynamo_core::Resolution::Client,
};

impl Shop {
    /// Reads, decides, writes: what the context covers goes.
    fn put(&mut self, key: &'static str, value: Option<String>, past: VersionVector) {
        let held = self.held.entry(key).or_default();
        let dot = RULES.event(Actor::owner(NodeId(0)), self.sequence, held, &past);
        self.sequence = dot.counter;
        let version = Version {
            dot,
            past,
            time: 0,
            value: value.map(String::into_bytes),
        };
        RULES.put(held, version);
        note(&mut self.tree, key, held);
    }

    /// Merges what another node made, which makes its versions in the order in which they come.
    fn merge(&mut self, key: &'static str, value: String, dot: Dot) {
        let version = Version {
            dot,
            past: VersionVector::new(),
            time: 0,
            value: Some(value.into_bytes()),
        };
        let held = self.held.entry(key).or_default();
        RULES.merge(held, &Siblings::from_iter([version]));
        note(&mut self.tree, key, held);
    }
}

fn note(tree: &mut Tree, key: &str, held: &Siblings) {
    let position = key.bytes().fold(0, |sum, byte| sum * 31 + u128::from(byte));
    tree.set(position, key.as_bytes(), held.digest());
}

fn values(held: &Siblings) -> Vec<String> {
    let values = held.iter().filter_map(|version| version.value.clone());
    values
        .map(|value| String::from_utf8(value).expect("texts were put"))
        .collect()
}

/// A shop that many threads use.
pub(crate) trait Keep: Default + 'static {
    fn step<R>(&self, act: impl FnOnce(&mut Shop) -> R) -> R;

    fn look<R>(&self, see: impl FnOnce(&Shop) -> R) -> R;

    /// The root of the tree, and what it is the root of.
    fn snapshot(&self) -> (u128, BTreeMap<&'static str, Siblings>) {
        self.look(|shop| (shop.tree.root(), shop.held.clone()))
    }
}

impl Keep for Stepper<Shop> {
    fn step<R>(&self, act: impl FnOnce(&mut Shop) -> R) -> R {
        Stepper::step(self, act)
    }

    fn look<R>(&self, see: impl FnOnce(&Shop) -> R) -> R {
        Stepper::look(self, see)
    }
}

/// Planted: drops the lock between reading and writing.
#[derive(Default)]
struct LetsGo(Stepper<Shop>);

impl Keep for LetsGo {
    fn step<R>(&self, act: impl FnOnce(&mut Shop) -> R) -> R {
        let mut copy = self.0.look(Clone::clone);
        let done = act(&mut copy);
        self.0.step(|shop| *shop = copy);
        done
    }

    fn look<R>(&self, see: impl FnOnce(&Shop) -> R) -> R {
        self.0.look(see)
    }
}

/// Planted: takes the root under one lock and the contents under another.
#[derive(Default)]
struct LooksTwice(Stepper<Shop>);

impl Keep for LooksTwice {
    fn step<R>(&self, act: impl FnOnce(&mut Shop) -> R) -> R {
        self.0.step(act)
    }

    fn look<R>(&self, see: impl FnOnce(&Shop) -> R) -> R {
        self.0.look(see)
    }

    fn snapshot(&self) -> (u128, BTreeMap<&'static str, Siblings>) {
        let root = self.0.look(|shop| shop.tree.root());
        (root, self.0.look(|shop| shop.held.clone()))
    }
}

/// What a client does with one key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Get(&'static str),
    /// With the context of the client's last get of the key, if there was one.
    Put(&'static str),
    Delete(&'static str),
    /// A version of another node arrives.
    Merge(&'static str),
    /// A get out of a snapshot of everything.
    Snapshot(&'static str),
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Get(key) => write!(f, "get {key}"),
            Op::Put(key) => write!(f, "put {key}"),
            Op::Delete(key) => write!(f, "delete {key}"),
            Op::Merge(key) => write!(f, "merge {key}"),
            Op::Snapshot(key) => write!(f, "snapshot, of it {key}"),
        }
    }
}

fn key() -> impl Strategy<Value = &'static str> + Clone {
    // One key more often than two: what does not meet cannot collide.
    prop_oneof![3 => Just("x"), 1 => Just("y")]
}

/// One client's calls.
struct Client<'a, K> {
    keep: &'a K,
    log: &'a Log<Kv>,
    process: usize,
    /// The last get of each key, and what it saw.
    seen: BTreeMap<&'static str, (OpId, VersionVector)>,
}

impl<K: Keep> Client<'_, K> {
    fn act(&mut self, place: usize, op: Op) {
        match op {
            Op::Get(key) => self.get(key, |keep| keep.look(|shop| shop.held.get(key).cloned())),
            Op::Snapshot(key) => self.get(key, |keep| {
                let (root, held) = keep.snapshot();
                let mut tree = Tree::new();
                for (key, held) in &held {
                    note(&mut tree, key, held);
                }
                if tree.root() != root {
                    let complaint = format!("a snapshot of {key} is not what its root says");
                    self.log.complain(complaint);
                }
                held.get(key).cloned()
            }),
            Op::Put(key) => self.write(key, Some(value(self.process, place).to_string())),
            Op::Delete(key) => self.write(key, None),
            Op::Merge(key) => {
                let value = value(self.process, place).to_string();
                let call = KvCall::Put {
                    key: key.into(),
                    value: value.clone(),
                    context: Vec::new(),
                };
                let op = self.log.begin(self.process, call);
                let dot = Dot {
                    actor: Actor::owner(NodeId(self.process as u32 + 1)),
                    counter: place as u64 + 1,
                };
                self.keep.step(|shop| shop.merge(key, value, dot));
                self.log.end(op, Outcome::Ok(KvRet::Stored));
            }
        }
    }

    fn get(&mut self, key: &'static str, read: impl FnOnce(&K) -> Option<Siblings>) {
        let op = self
            .log
            .begin(self.process, KvCall::Get { key: key.into() });
        let held = read(self.keep).unwrap_or_default();
        self.log.end(op, Outcome::Ok(KvRet::Values(values(&held))));
        self.seen.insert(key, (op, held.context()));
    }

    fn write(&mut self, key: &'static str, value: Option<String>) {
        let (context, past) = self.seen.remove(key).unzip();
        let (context, past) = (Vec::from_iter(context), past.unwrap_or_default());
        let call = match value.clone() {
            Some(value) => KvCall::Put {
                key: key.into(),
                value,
                context,
            },
            None => KvCall::Delete {
                key: key.into(),
                context,
            },
        };
        let op = self.log.begin(self.process, call);
        self.keep.step(|shop| shop.put(key, value, past));
        self.log.end(op, Outcome::Ok(KvRet::Stored));
    }
}

/// Runs the clients, and looks at both keys when all are through.
fn run<K: Keep>(program: &Arc<Program<Op>>, log: &Log<Kv>) {
    let keep = Arc::new(K::default());
    let (shared, book) = (Arc::clone(&keep), log.clone());
    program.at_once(move |process, ops| {
        let mut client = Client {
            keep: &*shared,
            log: &book,
            process,
            seen: BTreeMap::new(),
        };
        for (place, op) in ops.iter().enumerate() {
            client.act(place, *op);
        }
    });
    let mut last = Client {
        keep: &*keep,
        log,
        process: program.clients.len(),
        seen: BTreeMap::new(),
    };
    for key in ["x", "y"] {
        last.act(0, Op::Snapshot(key));
    }
}

fn judge(history: &History<Kv>) -> Result<(), Broken> {
    let model = MultiValue::of(history).expect("clients pass contexts of their own gets");
    linearizable(model, history)
}

/// Gets, puts, deletes and merges of keys.
pub(crate) struct Keys<K>(PhantomData<K>);

impl<K: Keep> Kind for Keys<K> {
    type Op = Op;
    type Domain = Kv;
    const NAME: &'static str = "stepper";
    const CLIENTS_MAX: usize = 3;
    const SMALL: bool = true;
    const SETTINGS: &'static [&'static str] = &["a machine that holds nothing"];

    fn op() -> BoxedStrategy<Op> {
        let ops = prop_oneof![
            3 => key().prop_map(Op::Get),
            3 => key().prop_map(Op::Put),
            1 => key().prop_map(Op::Delete),
            2 => key().prop_map(Op::Merge),
        ];
        ops.boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Kv>) {
        run::<K>(program, log);
    }

    fn judge(_program: &Program<Op>, history: &History<Kv>) -> Result<(), Broken> {
        judge(history)
    }
}

/// Changes of the tree beside snapshots of it.
struct Trees<K>(PhantomData<K>);

impl<K: Keep> Kind for Trees<K> {
    type Op = Op;
    type Domain = Kv;
    const NAME: &'static str = "stepper, hash tree beside snapshots";
    const CLIENTS_MAX: usize = 3;
    const SMALL: bool = true;
    const SETTINGS: &'static [&'static str] = &["a machine that holds nothing"];

    fn op() -> BoxedStrategy<Op> {
        let ops = prop_oneof![
            2 => key().prop_map(Op::Put),
            1 => key().prop_map(Op::Delete),
            1 => key().prop_map(Op::Merge),
            3 => key().prop_map(Op::Snapshot),
        ];
        ops.boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Kv>) {
        run::<K>(program, log);
    }

    fn judge(_program: &Program<Op>, history: &History<Kv>) -> Result<(), Broken> {
        judge(history)
    }
}

#[test]
fn a_store_behind_a_stepper_is_a_multi_value_register() {
    holds::<Keys<Stepper<Shop>>>(64);
}

#[test]
fn a_snapshot_of_a_stepper_is_what_its_root_says() {
    holds::<Trees<Stepper<Shop>>>(64);
}

#[test]
fn a_lock_that_is_dropped_between_reading_and_writing_loses_a_write() {
    let found = caught::<Keys<LetsGo>>();
    assert!(found.contains("linearizable"), "{found}");
}

#[test]
fn a_snapshot_under_two_locks_is_found() {
    let found = caught::<Trees<LooksTwice>>();
    assert!(found.contains("is not what its root says"), "{found}");
}
