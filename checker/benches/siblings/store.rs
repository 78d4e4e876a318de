//! A small store of five replicas that keep siblings and converge, and clients that use it.

use std::collections::BTreeSet;

use checker::kv::{Kv, KvCall, KvRet};
use checker::note::{Clock, Node, Note, Setup, Version};
use checker::{Entry, History, OpId, Outcome, Process, Time};

const REPLICAS: usize = 5;

/// How much is done, by whom, and to how many keys.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How many operations.
    pub operations: usize,
    /// How many clients, each bound to one replica.
    pub clients: usize,
    /// How many keys.
    pub keys: usize,
    /// How many in a hundred operations read.
    pub reads: usize,
    /// How many in a hundred writes pass no context.
    pub blind: usize,
    /// How many in a hundred writes delete.
    pub deletes: usize,
    /// How many in a thousand writes have an unknown outcome; the client goes on under another name.
    pub unknown: usize,
    /// Whether notes show what every disk holds in the end, with its clocks.
    pub disks: bool,
}

impl Load {
    /// The usual load of so many operations: 20 clients, a key for every thousand operations.
    pub(crate) fn of(operations: usize) -> Self {
        Load {
            operations,
            clients: 20,
            keys: (operations / 1_000).clamp(10, 10_000),
            reads: 50,
            blind: 10,
            deletes: 2,
            unknown: 2,
            disks: true,
        }
    }
}

/// Choices, the same in every run.
struct Luck(u64);

impl Luck {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

/// A version of a key: who made it, what for, and what it had seen of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    value: Option<String>,
    dot: (usize, u64),
    past: [u64; REPLICAS],
}

/// What one replica holds of one key.
#[derive(Clone, Debug, Default)]
struct Siblings {
    all: Vec<Stored>,
    seen: [u64; REPLICAS],
}

impl Siblings {
    fn put(&mut self, new: Stored) {
        self.all.retain(|old| new.past[old.dot.0] < old.dot.1);
        for (mine, theirs) in self.seen.iter_mut().zip(new.past) {
            *mine = theirs.max(*mine);
        }
        self.seen[new.dot.0] = self.seen[new.dot.0].max(new.dot.1);
        self.all.push(new);
    }

    fn merge(&mut self, other: &Siblings) {
        let seen = self.seen;
        self.all
            .retain(|mine| other.all.contains(mine) || other.seen[mine.dot.0] < mine.dot.1);
        for theirs in &other.all {
            if theirs.dot.1 > seen[theirs.dot.0] {
                self.all.push(theirs.clone());
            }
        }
        for (mine, theirs) in self.seen.iter_mut().zip(other.seen) {
            *mine = theirs.max(*mine);
        }
    }
}

/// Runs the load against a healthy store and records what a client would.
///
/// Replicas exchange whole states, so that whoever knows a write knows what came before it: the history
/// is causal. In the end they are equal, and every key is read once more.
///
/// # Panics
/// Never: clients make one call at a time, and the clock goes forward.
pub(crate) fn recorded(load: &Load) -> History<Kv> {
    let mut run = Run::new(*load);
    run.note(Note::Setup(Setup {
        nodes: REPLICAS as u32,
        n: REPLICAS as u32,
        r: 1,
        w: 1,
        converges: true,
        hands_off: false,
        may_lose: false,
        may_revive: false,
        sampled: false,
    }));
    let mut left = load.operations - load.keys.min(load.operations / 10);
    while left > 0 {
        left -= run.round(left);
    }
    run.mend();
    for key in 0..load.keys.min(load.operations / 10) {
        run.last(key);
    }
    History::new(run.entries).expect("clients make one call at a time")
}

struct Run {
    load: Load,
    luck: Luck,
    now: u64,
    ops: u64,
    entries: Vec<Entry<Kv>>,
    /// By replica, then key.
    held: Vec<Vec<Siblings>>,
    counters: Vec<[u64; REPLICAS]>,
    changed: Vec<BTreeSet<usize>>,
    /// By client: its name, and the last answer that it may pass, with key and state.
    names: Vec<u64>,
    answers: Vec<Option<(usize, OpId, [u64; REPLICAS])>>,
}

impl Run {
    fn new(load: Load) -> Self {
        Run {
            load,
            luck: Luck(42),
            now: 0,
            ops: 0,
            entries: Vec::with_capacity(2 * load.operations + 2),
            held: vec![vec![Siblings::default(); load.keys]; REPLICAS],
            counters: vec![[0; REPLICAS]; load.keys],
            changed: vec![BTreeSet::new(); REPLICAS],
            names: (0..load.clients as u64).collect(),
            answers: vec![None; load.clients],
        }
    }

    fn tick(&mut self) -> Time {
        self.now += 1;
        Time(self.now)
    }

    fn note(&mut self, note: Note) {
        let at = self.tick();
        self.entries.push(Entry::Note { at, note });
    }

    /// Some clients call, then all of them are answered; now and then two replicas become equal.
    fn round(&mut self, left: usize) -> usize {
        let from = self.luck.below(self.load.clients);
        let count = (1 + self.luck.below(self.load.clients / 2)).min(left);
        let mut open = Vec::with_capacity(count);
        let clients = self.load.clients;
        for client in (from..from + count).map(|one| one % clients) {
            let at = self.tick();
            let (op, name) = (OpId(self.ops), self.names[client]);
            self.ops += 1;
            let (call, key) = self.call(client);
            self.entries.push(Entry::Invoke {
                op,
                at,
                process: Process(name),
                call: call.clone(),
            });
            open.push((client, op, key, call));
        }
        for (client, op, key, call) in open {
            self.answer(client, op, key, &call);
        }
        if self.luck.below(3) == 0 {
            let (one, two) = (self.luck.below(REPLICAS), self.luck.below(REPLICAS));
            self.exchange(one, two);
        }
        count
    }

    fn call(&mut self, client: usize) -> (KvCall, usize) {
        let reads = self.luck.below(100) < self.load.reads;
        let blind = self.luck.below(100) < self.load.blind;
        match self.answers[client] {
            Some((key, from, _)) if !reads && !blind => (self.write(key, vec![from]), key),
            _ => {
                let key = self.luck.below(self.load.keys);
                if !reads && blind {
                    self.answers[client] = None;
                    (self.write(key, Vec::new()), key)
                } else {
                    let key_name = name(key);
                    (KvCall::Get { key: key_name }, key)
                }
            }
        }
    }

    fn write(&mut self, key: usize, context: Vec<OpId>) -> KvCall {
        let key = name(key);
        if self.luck.below(100) < self.load.deletes && !context.is_empty() {
            KvCall::Delete { key, context }
        } else {
            let value = format!("v{}", self.ops);
            KvCall::Put {
                key,
                value,
                context,
            }
        }
    }

    fn answer(&mut self, client: usize, op: OpId, key: usize, call: &KvCall) {
        let replica = client % REPLICAS;
        let at = self.tick();
        let held = &mut self.held[replica][key];
        if !call.writes() {
            let values = held.all.iter().filter_map(|one| one.value.clone());
            let outcome = Outcome::Ok(KvRet::Values(values.collect()));
            self.answers[client] = Some((key, op, held.seen));
            self.entries.push(Entry::Return { op, at, outcome });
            return;
        }
        let passed =
            self.answers[client].filter(|(of, ..)| *of == key && !call.context().is_empty());
        let past = passed.map_or([0; REPLICAS], |(.., seen)| seen);
        let counter = &mut self.counters[key][replica];
        *counter += 1;
        held.put(Stored {
            value: match call {
                KvCall::Put { value, .. } => Some(value.clone()),
                _ => None,
            },
            dot: (replica, *counter),
            past,
        });
        self.changed[replica].insert(key);
        self.answers[client] = None;
        if self.luck.below(1_000) < self.load.unknown {
            let outcome = Outcome::Unknown;
            self.entries.push(Entry::Return { op, at, outcome });
            self.names[client] = self.names.iter().max().map_or(0, |last| last + 1);
        } else {
            let outcome = Outcome::Ok(KvRet::Stored);
            self.entries.push(Entry::Return { op, at, outcome });
        }
    }

    /// Both replicas come to hold what either held.
    fn exchange(&mut self, one: usize, two: usize) {
        if one == two {
            return;
        }
        let mut keys = self.changed[one].clone();
        keys.extend(&self.changed[two]);
        for key in keys {
            let theirs = self.held[two][key].clone();
            self.held[one][key].merge(&theirs);
            let mine = self.held[one][key].clone();
            self.held[two][key].merge(&mine);
            self.changed[one].insert(key);
            self.changed[two].insert(key);
        }
        // What all hold alike needs no further exchange.
        let held = &self.held;
        for (replica, changed) in self.changed.iter_mut().enumerate() {
            changed.retain(|&key| {
                held.iter()
                    .any(|other| other[key].seen != held[replica][key].seen)
            });
        }
    }

    /// Every replica comes to hold everything, and disks show it.
    fn mend(&mut self) {
        for other in 1..REPLICAS {
            self.exchange(0, other);
        }
        for other in 1..REPLICAS {
            self.exchange(0, other);
        }
        self.note(Note::Healed);
        if self.load.disks {
            for key in 0..self.load.keys {
                let nodes = (0..REPLICAS as u32).map(Node).collect();
                self.note(Note::Owners {
                    key: name(key),
                    nodes,
                });
                for replica in 0..REPLICAS {
                    let versions = self.held[replica][key].all.iter().map(version);
                    self.note(Note::Durable {
                        node: Node(replica as u32),
                        key: name(key),
                        versions: versions.collect(),
                    });
                }
            }
        }
        self.note(Note::Quiet);
    }

    fn last(&mut self, key: usize) {
        let (op, at) = (OpId(self.ops), self.tick());
        self.ops += 1;
        let last = self.names.iter().max().map_or(0, |last| last + 1);
        self.entries.push(Entry::Invoke {
            op,
            at,
            process: Process(last),
            call: KvCall::Get { key: name(key) },
        });
        let at = self.tick();
        let values = self.held[0][key]
            .all
            .iter()
            .filter_map(|one| one.value.clone());
        let outcome = Outcome::Ok(KvRet::Values(values.collect()));
        self.entries.push(Entry::Return { op, at, outcome });
    }
}

fn name(key: usize) -> String {
    format!("k{key}")
}

fn version(stored: &Stored) -> Version {
    let name = |replica: usize| format!("n{replica}");
    let past = stored.past.iter().enumerate();
    let past = past.filter(|(_, counter)| **counter > 0);
    Version {
        value: stored.value.clone(),
        clock: Some(Clock {
            dot: (name(stored.dot.0), stored.dot.1),
            past: past
                .map(|(replica, counter)| (name(replica), *counter))
                .collect(),
        }),
    }
}
