//! The promises of the matrix by their definitions: slow, and written apart from the judge.
//!
//! Histories without deletes. Siblings: an answer covers what it returns and all that the contexts behind
//! it had seen. The last writer: values name their writes, and only causality tells which is older.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::{Kv, KvCall, KvRet};
use checker::{History, Op, Outcome, Promise};

/// Writes, by their places in the history.
type Writes = BTreeSet<usize>;

/// A history and what follows from it.
pub(super) struct Naive<'a> {
    ops: &'a [Op<Kv>],
    /// For each operation: what its answer or its value covers, itself included.
    down: Vec<Writes>,
    /// For each operation: all that causally precede it.
    before: Vec<BTreeSet<usize>>,
}

impl<'a> Naive<'a> {
    pub(super) fn new(history: &'a History<Kv>) -> Self {
        let ops = history.ops();
        let mut naive = Naive {
            ops,
            down: vec![Writes::new(); ops.len()],
            before: vec![BTreeSet::new(); ops.len()],
        };
        // As often as there may be steps on the way.
        for _ in 0..=ops.len() {
            for place in 0..ops.len() {
                naive.grow(history, place);
            }
        }
        naive
    }

    fn grow(&mut self, history: &History<Kv>, place: usize) {
        let op = &self.ops[place];
        let mut causes: BTreeSet<usize> = (0..self.ops.len())
            .filter(|earlier| {
                let earlier = &self.ops[*earlier];
                let same = earlier.process == op.process && earlier.precedes(op);
                same && !(earlier.call.writes() && earlier.outcome == Outcome::Unknown)
            })
            .collect();
        let mut down = Writes::new();
        if op.call.writes() {
            down.insert(place);
            for context in op.call.context() {
                let context = history.ops().iter().position(|op| op.id == *context);
                let context = context.expect("a context names an operation");
                causes.insert(context);
                down.extend(&self.down[context]);
            }
        } else {
            for write in self.returned(place) {
                causes.insert(write);
                down.extend(&self.down[write]);
            }
        }
        self.down[place].extend(down);
        let past: BTreeSet<usize> = causes
            .iter()
            .flat_map(|cause| self.before[*cause].iter().copied())
            .collect();
        self.before[place].extend(past);
        self.before[place].extend(causes);
    }

    /// The writes whose values a get returned.
    fn returned(&self, get: usize) -> Vec<usize> {
        let Outcome::Ok(KvRet::Values(values)) = &self.ops[get].outcome else {
            return Vec::new();
        };
        let key = self.ops[get].call.key();
        let by_value: BTreeMap<&str, usize> = (0..self.ops.len())
            .filter_map(|place| match &self.ops[place].call {
                KvCall::Put { key: of, value, .. } if of == key => Some((value.as_str(), place)),
                _ => None,
            })
            .collect();
        let writes = values.iter().map(|value| by_value[value.as_str()]);
        writes.collect()
    }

    fn gets(&self) -> impl Iterator<Item = usize> + '_ {
        let answered = |op: &Op<Kv>| matches!(op.outcome, Outcome::Ok(KvRet::Values(_)));
        (0..self.ops.len()).filter(move |place| answered(&self.ops[*place]))
    }

    fn stored(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.ops.len()).filter(|place| self.ops[*place].outcome == Outcome::Ok(KvRet::Stored))
    }

    fn writes(&self) -> impl Iterator<Item = usize> + '_ {
        let wrote = |op: &Op<Kv>| op.call.writes() && op.outcome != Outcome::Fail;
        (0..self.ops.len()).filter(move |place| wrote(&self.ops[*place]))
    }

    fn same_key(&self, one: usize, two: usize) -> bool {
        self.ops[one].call.key() == self.ops[two].call.key()
    }

    fn real_time(&self, one: usize, two: usize) -> bool {
        self.ops[one].precedes(&self.ops[two])
    }

    fn session(&self, one: usize, two: usize) -> bool {
        self.ops[one].process == self.ops[two].process && self.real_time(one, two)
    }

    /// Whether siblings break this promise; `None` if it is not defined here.
    pub(super) fn siblings_break(&self, promise: Promise) -> Option<bool> {
        let misses = |get: usize, write: usize| {
            self.same_key(get, write) && !self.down[get].contains(&write)
        };
        let any = |missed: &dyn Fn(usize, usize) -> bool| {
            self.gets().any(|get| {
                self.writes()
                    .any(|write| misses(get, write) && missed(get, write))
            })
        };
        // Whether the session of a get knows a write by then.
        let knows = |get: usize, write: usize| {
            let earlier = |read: &usize| *read == get || self.session(*read, get);
            self.gets()
                .filter(earlier)
                .any(|read| self.down[read].contains(&write))
        };
        let other = |get: usize, write: usize| self.ops[get].process != self.ops[write].process;
        Some(match promise {
            Promise::Regular => any(&|get, write| {
                self.ops[write].outcome == Outcome::Ok(KvRet::Stored) && self.real_time(write, get)
            }),
            Promise::ReadYourWrites => any(&|get, write| {
                self.ops[write].outcome == Outcome::Ok(KvRet::Stored) && self.session(write, get)
            }),
            Promise::MonotonicReads => any(&|get, write| {
                self.gets()
                    .any(|first| self.session(first, get) && self.down[first].contains(&write))
            }),
            Promise::MonotonicWrites => any(&|get, first| {
                let stored = self.ops[first].outcome == Outcome::Ok(KvRet::Stored);
                let second = |second: usize| {
                    self.session(first, second) && other(get, second) && knows(get, second)
                };
                stored && self.writes().any(second)
            }),
            Promise::WritesFollowReads => any(&|get, seen| {
                self.writes().any(|write| {
                    let read = |read: usize| {
                        self.session(read, write) && self.returned(read).contains(&seen)
                    };
                    other(get, write) && knows(get, write) && self.gets().any(read)
                })
            }),
            Promise::Causal => {
                any(&|get, write| self.before[get].contains(&write)) || self.conflicts()
            }
            _ => return None,
        })
    }

    /// Whether an answer lists what another part of it has replaced.
    fn conflicts(&self) -> bool {
        self.gets().any(|get| {
            let returned = self.returned(get);
            let replaced = |old: &usize| {
                let mut new = returned.iter().filter(|new| *new != old);
                new.any(|new| self.down[*new].contains(old))
            };
            returned.iter().any(replaced)
        })
    }

    /// Whether registers break this promise for certain; `None` if it is not defined here.
    pub(super) fn registers_break(&self, promise: Promise) -> Option<bool> {
        let value = |get: usize| self.returned(get).first().copied();
        let older = |one: Option<usize>, two: usize| {
            one.is_none_or(|one| one != two && self.before[two].contains(&one))
        };
        Some(match promise {
            Promise::Regular => self.gets().any(|get| {
                let missed = |write: usize| {
                    let newer = value(get).is_none_or(|read| self.real_time(read, write));
                    self.same_key(get, write) && self.real_time(write, get) && newer
                };
                self.stored().any(missed)
            }),
            Promise::ReadYourWrites => self.gets().any(|get| {
                let own = |write: usize| self.same_key(get, write) && self.session(write, get);
                self.stored()
                    .any(|write| own(write) && older(value(get), write))
            }),
            Promise::MonotonicReads => self.gets().any(|get| {
                let first = |first: usize| self.same_key(get, first) && self.session(first, get);
                self.gets().any(|read| {
                    first(read) && value(read).is_some_and(|seen| older(value(get), seen))
                })
            }),
            Promise::Causal => self.gets().any(|get| {
                let hides = |write: usize| {
                    self.same_key(get, write)
                        && self.before[get].contains(&write)
                        && older(value(get), write)
                };
                self.writes().any(hides)
            }),
            _ => return None,
        })
    }
}
