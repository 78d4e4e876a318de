//! What is looked at only where something may be found, against looking at everything, on histories of many sessions.

use super::{Asked, Sessions};
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::luck::{Luck, cases};
use crate::order::{Course, Misses, Order, survey, sweep};
use crate::session::Through;
use crate::verdict::Promise;

const PROMISES: [Promise; 6] = [
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::Causal,
    Promise::Regular,
];

/// A store of three replicas, each with the writes that it knows of each key, and what these superseded.
struct Store {
    luck: Luck,
    entries: Vec<Entry<Kv>>,
    now: u64,
    ops: u64,
    /// By replica and key: writes, by their operations.
    held: [[Vec<u64>; 2]; 3],
    /// By write: what it had seen, of its key.
    seen: Vec<(u64, Vec<u64>)>,
    clients: Vec<Client>,
    /// How often in a hundred times a replica forgets, and clients change theirs.
    forgets: u64,
    roams: u64,
}

/// A client of one process and one replica at a time.
#[derive(Clone)]
struct Client {
    process: u64,
    replica: usize,
    /// The key of its last answer, the operation, and the writes that were behind it.
    last: Option<(usize, OpId, Vec<u64>)>,
}

impl Store {
    fn new(luck: Luck, forgets: u64, roams: u64) -> Self {
        Store {
            luck,
            entries: Vec::new(),
            now: 0,
            ops: 0,
            held: Default::default(),
            seen: Vec::new(),
            clients: (0..6)
                .map(|process| Client {
                    process,
                    replica: process as usize % 3,
                    last: None,
                })
                .collect(),
            forgets,
            roams,
        }
    }

    fn recorded(mut self, operations: usize) -> History<Kv> {
        for _ in 0..operations {
            self.operation();
            let (from, to) = (self.luck.place(3), self.luck.place(3));
            if self.luck.one_in(6) {
                for key in 0..2 {
                    let theirs = self.held[from][key].clone();
                    let mine = &mut self.held[to][key];
                    mine.extend(theirs);
                    mine.sort_unstable();
                    mine.dedup();
                }
            }
        }
        History::new(self.entries).expect("clients make one call at a time")
    }

    fn operation(&mut self) {
        let client = self.luck.place(self.clients.len());
        if self.luck.below(100) < self.roams {
            self.clients[client].replica = self.luck.place(3);
        }
        let Client {
            process,
            replica,
            last,
        } = self.clients[client].clone();
        let key = self.luck.place(2);
        if self.luck.below(100) < self.forgets {
            self.held[replica][key].pop();
        }
        let op = self.ops;
        self.ops += 1;
        let (call, outcome) = match last {
            Some((key, from, past)) if self.luck.one_in(2) => {
                self.write(replica, key, (from, past))
            }
            _ if self.luck.one_in(8) => self.write(replica, key, (OpId(u64::MAX), Vec::new())),
            _ => {
                let newest = self.newest(replica, key);
                self.clients[client].last = Some((key, OpId(op), self.held[replica][key].clone()));
                let values = newest.iter().map(|write| format!("v{write}")).collect();
                let call = KvCall::Get { key: name(key) };
                (call, Outcome::Ok(KvRet::Values(values)))
            }
        };
        if call.writes() {
            self.clients[client].last = None;
        }
        if outcome == Outcome::Unknown {
            self.clients[client].process = self.ops + 100;
        }
        let (op, process) = (OpId(op), Process(process));
        let at = Time(self.now);
        self.entries.push(Entry::Invoke {
            op,
            at,
            process,
            call,
        });
        let at = Time(self.now + 1);
        self.entries.push(Entry::Return { op, at, outcome });
        self.now += 2;
    }

    fn write(
        &mut self,
        replica: usize,
        key: usize,
        (from, past): (OpId, Vec<u64>),
    ) -> (KvCall, Outcome<KvRet>) {
        let op = self.ops - 1;
        self.seen.push((op, past));
        self.held[replica][key].push(op);
        let context = if from.0 == u64::MAX {
            Vec::new()
        } else {
            vec![from]
        };
        let call = KvCall::Put {
            key: name(key),
            value: format!("v{op}"),
            context,
        };
        let outcome = match self.luck.place(12) {
            0 => Outcome::Unknown,
            _ => Outcome::Ok(KvRet::Stored),
        };
        (call, outcome)
    }

    /// The writes of a replica that no other one there had seen.
    fn newest(&self, replica: usize, key: usize) -> Vec<u64> {
        let held = &self.held[replica][key];
        let saw = |old: &u64| {
            let mut all = self.seen.iter().filter(|(write, _)| held.contains(write));
            all.any(|(_, past)| past.contains(old))
        };
        held.iter().copied().filter(|write| !saw(write)).collect()
    }
}

fn name(key: usize) -> String {
    format!("k{key}")
}

#[test]
fn what_is_left_out_could_not_have_been_found() {
    let mut broken = [0_u64; 6];
    let cases = cases(300);
    for seed in 0..cases {
        let mut luck = Luck(seed);
        let (forgets, roams) = (luck.below(3), luck.below(4));
        let length = 40 + luck.place(160);
        let history = Store::new(luck, forgets, roams).recorded(length);
        let mut order = Order::new(&history);
        let few = Sessions::follow(&mut order, &PROMISES);
        let all = Sessions::keeping(0, &mut order, Asked::of(&PROMISES));
        for (index, &promise) in PROMISES.iter().enumerate() {
            let verdict = few.verdict(&order, promise);
            assert_eq!(verdict, all.verdict(&order, promise), "{seed}: {promise}");
            broken[index] += u64::from(verdict.counterexample().is_some());
        }
        assert_eq!(
            through(&mut order),
            few.guarantees
                .through
                .as_ref()
                .map_or([None; 2], |of| { [of.breach(0), of.breach(1)] }),
            "{seed}"
        );
    }
    // Reads of a store that shows its replicas one by one are hardly ever regular.
    for (promise, broken) in PROMISES.iter().zip(broken).take(5) {
        assert!(
            (cases / 20..cases).contains(&broken),
            "{promise}: {broken} of {cases}"
        );
    }
}

/// The first breaches of monotonic writes and writes follow reads, looked for from the beginning.
fn through(order: &mut Order<'_>) -> [Option<crate::session::Breach>; 2] {
    let course = Course::Recorded;
    let mut misses = Misses::new(usize::MAX);
    survey(order, &course, &mut [&mut misses]);
    misses.sort();
    let asked = ([true; 2], [false; 2]);
    let mut through = Through::new(order, &course, asked, (&misses, 0));
    sweep(order, &course, &misses, &mut [&mut through]);
    [through.breach(0), through.breach(1)]
}
