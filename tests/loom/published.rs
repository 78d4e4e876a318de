//! A published snapshot: what is loaded is whole, and never older than what was loaded before.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use checker::model::Model;
use checker::register::{Action, Register, RegisterCall, RegisterRet, Value};
use checker::{History, Outcome};
use proptest::prelude::{BoxedStrategy, Just, Strategy, prop_oneof};

use crate::log::Log;
use crate::program::{Broken, Kind, Program};
use crate::search::{caught, holds, linearizable};
use crate::shared::Published;
use crate::sync::RwLock;

/// A snapshot that says twice which it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    version: u64,
    members: Vec<u64>,
}

impl Ring {
    fn of(version: u64) -> Ring {
        let members = (0..version).collect();
        Ring { version, members }
    }
}

/// Where snapshots are published, or a planted variant of it.
pub(crate) trait Board: 'static {
    fn new(first: Ring) -> Self;
    fn load(&self) -> Ring;
    fn publish(&self, ring: Ring) -> bool;
}

impl Board for Published<Ring> {
    fn new(first: Ring) -> Self {
        Published::new(first.version, first)
    }

    fn load(&self) -> Ring {
        (*Published::load(self)).clone()
    }

    fn publish(&self, ring: Ring) -> bool {
        Published::publish(self, ring.version, ring)
    }
}

/// Planted: compares versions under one lock and publishes under another.
struct ComparesFirst(RwLock<Ring>);

impl Board for ComparesFirst {
    fn new(first: Ring) -> Self {
        ComparesFirst(RwLock::new(first))
    }

    fn load(&self) -> Ring {
        self.0.read().expect("nobody panics").clone()
    }

    fn publish(&self, ring: Ring) -> bool {
        let newer = self.0.read().expect("nobody panics").version < ring.version;
        if newer {
            *self.0.write().expect("nobody panics") = ring;
        }
        newer
    }
}

/// Planted: keeps the halves of a snapshot under two locks.
struct Halves(RwLock<u64>, RwLock<Vec<u64>>);

impl Board for Halves {
    fn new(first: Ring) -> Self {
        Halves(RwLock::new(first.version), RwLock::new(first.members))
    }

    fn load(&self) -> Ring {
        let version = *self.0.read().expect("nobody panics");
        let members = self.1.read().expect("nobody panics").clone();
        Ring { version, members }
    }

    fn publish(&self, ring: Ring) -> bool {
        let mut version = self.0.write().expect("nobody panics");
        let newer = *version < ring.version;
        if newer {
            *version = ring.version;
            drop(version);
            *self.1.write().expect("nobody panics") = ring.members;
        }
        newer
    }
}

/// A register whose value only grows.
struct Newest;

impl Model for Newest {
    type Domain = Register;
    type State = i64;

    fn initial(&self) -> i64 {
        1
    }

    fn step(&self, state: &i64, call: &RegisterCall, ret: Option<&RegisterRet>) -> Option<i64> {
        match (&call.action, ret) {
            (Action::Write(Value::Int(version)), None) => Some(*state.max(version)),
            (Action::Write(Value::Int(version)), Some(RegisterRet::Done)) => {
                (version > state).then_some(*version)
            }
            (Action::Read, None) => Some(*state),
            (Action::Read, Some(RegisterRet::Value(Value::Int(read)))) => {
                (read == state).then_some(*state)
            }
            _ => None,
        }
    }

    fn part<'a>(&self, _call: &'a RegisterCall) -> Cow<'a, str> {
        Cow::Borrowed("")
    }

    fn refutable(&self, _call: &RegisterCall, _ret: &RegisterRet) -> bool {
        true
    }
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Publish(u64),
    Load,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Publish(version) => write!(f, "publish {version}"),
            Op::Load => write!(f, "load"),
        }
    }
}

fn call(action: Action) -> RegisterCall {
    RegisterCall { key: None, action }
}

/// Clients publish versions in any order, and load.
struct Versions<B>(PhantomData<B>);

impl<B: Board> Versions<B> {
    fn act(board: &B, log: &Log<Register>, process: usize, op: Op) {
        match op {
            Op::Publish(version) => {
                let write = Action::Write(Value::Int(version.cast_signed()));
                let op = log.begin(process, call(write));
                let outcome = if board.publish(Ring::of(version)) {
                    Outcome::Ok(RegisterRet::Done)
                } else {
                    Outcome::Fail
                };
                log.end(op, outcome);
            }
            Op::Load => {
                let op = log.begin(process, call(Action::Read));
                let ring = board.load();
                let version = Value::Int(ring.version.cast_signed());
                log.end(op, Outcome::Ok(RegisterRet::Value(version)));
                if ring != Ring::of(ring.version) {
                    let Ring { version, members } = ring;
                    let members = members.len();
                    log.complain(format!("version {version} was read with {members} members"));
                }
            }
        }
    }
}

impl<B: Board> Kind for Versions<B> {
    type Op = Op;
    type Domain = Register;
    const NAME: &'static str = "published snapshot";
    const CLIENTS_MAX: usize = 3;
    const SMALL: bool = true;
    const SETTINGS: &'static [&'static str] = &["version 1 is published"];

    fn op() -> BoxedStrategy<Op> {
        prop_oneof![(1..5_u64).prop_map(Op::Publish), Just(Op::Load)].boxed()
    }

    fn run(program: &Arc<Program<Op>>, log: &Log<Register>) {
        let board = Arc::new(B::new(Ring::of(1)));
        let (shared, book) = (Arc::clone(&board), log.clone());
        program.at_once(move |process, ops| {
            for op in ops {
                Self::act(&shared, &book, process, *op);
            }
        });
        Self::act(&board, log, program.clients.len(), Op::Load);
    }

    fn judge(_program: &Program<Op>, history: &History<Register>) -> Result<(), Broken> {
        let refused = history.ops().iter();
        for refused in refused.filter(|op| op.outcome == Outcome::Fail) {
            let Action::Write(Value::Int(version)) = refused.call.action else {
                panic!("only publishing is refused");
            };
            let as_new = version <= 1
                || history.ops().iter().any(|op| {
                    matches!(op.call.action, Action::Write(Value::Int(other)) if other >= version)
                        && op.outcome != Outcome::Fail
                        && !refused.precedes(op)
                });
            if !as_new {
                return Err(Broken::by(
                    refused.id,
                    "a version was refused though it is the newest",
                ));
            }
        }
        linearizable(Newest, history)
    }
}

#[test]
fn what_is_loaded_is_whole_and_never_older_than_before() {
    holds::<Versions<Published<Ring>>>(64);
}

#[test]
fn a_version_that_is_compared_under_another_lock_is_found() {
    let found = caught::<Versions<ComparesFirst>>();
    assert!(found.contains("linearizable"), "{found}");
}

#[test]
fn a_snapshot_that_is_read_under_two_locks_is_found() {
    let found = caught::<Versions<Halves>>();
    assert!(found.contains("was read with"), "{found}");
}
