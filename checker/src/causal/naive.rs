//! The definitions of sessions, causality and regular reads, taken at their word: for small histories.

use crate::history::{History, Outcome};
use crate::kv::{Kv, KvCall, KvRet};

/// How many writes are tried as seen although nothing says so.
const EXTRA_MAX: usize = 4;

/// A history as relations between operations, each as one bit of a set.
pub(super) struct Naive<'h> {
    history: &'h History<Kv>,
    /// By operation: the writes that it supersedes.
    below: Vec<u32>,
    /// By operation: what a read returned.
    answer: Vec<u32>,
}

fn bit(place: usize) -> u32 {
    1 << place
}

fn members(set: u32) -> impl Iterator<Item = usize> {
    (0..32).filter(move |&place| set & bit(place) != 0)
}

impl<'h> Naive<'h> {
    pub(super) fn new(history: &'h History<Kv>) -> Self {
        let ops = history.ops();
        let mut naive = Naive {
            history,
            below: vec![0; ops.len()],
            answer: vec![0; ops.len()],
        };
        for (place, op) in ops.iter().enumerate() {
            let Outcome::Ok(KvRet::Values(values)) = &op.outcome else {
                continue;
            };
            for (put, other) in ops.iter().enumerate() {
                if let KvCall::Put { key, value, .. } = &other.call
                    && key == op.call.key()
                    && values.contains(value)
                {
                    naive.answer[place] |= bit(put);
                }
            }
        }
        for place in 0..ops.len() {
            for from in naive.contexts(place) {
                if ops[from].call.key() == ops[place].call.key() {
                    let seen = if ops[from].call.writes() {
                        bit(from)
                    } else {
                        naive.answer[from]
                    };
                    naive.below[place] |= seen & !bit(place);
                }
            }
        }
        close(&mut naive.below);
        naive
    }

    /// Whether a write supersedes itself: then which read covers what means nothing.
    pub(super) fn circular(&self) -> bool {
        self.places()
            .any(|place| self.below[place] & bit(place) != 0)
    }

    fn contexts(&self, place: usize) -> Vec<usize> {
        let ops = self.history.ops();
        let context = ops[place].call.context().iter();
        let places = context.filter_map(|name| self.history.place(*name));
        places
            .filter(|&from| ops[from].outcome.ok().is_some())
            .collect()
    }

    fn places(&self) -> std::ops::Range<usize> {
        0..self.history.ops().len()
    }

    fn reads(&self) -> impl Iterator<Item = usize> {
        self.places().filter(|&place| {
            let op = &self.history.ops()[place];
            !op.call.writes() && op.outcome.ok().is_some()
        })
    }

    fn acknowledged(&self) -> impl Iterator<Item = usize> {
        self.places().filter(|&place| {
            let op = &self.history.ops()[place];
            op.call.writes() && op.outcome.ok().is_some()
        })
    }

    fn same_key(&self, one: usize, two: usize) -> bool {
        let ops = self.history.ops();
        ops[one].call.key() == ops[two].call.key()
    }

    /// Whether both belong to one session, and the first came first.
    fn earlier(&self, one: usize, two: usize) -> bool {
        let ops = self.history.ops();
        ops[one].process == ops[two].process && one < two
    }

    fn down(&self, set: u32) -> u32 {
        members(set).fold(set, |all, one| all | self.below[one])
    }

    /// The deletes that may be behind an answer.
    fn deletes(&self, read: usize) -> u32 {
        let ops = self.history.ops();
        let may = self.places().filter(|&place| {
            matches!(ops[place].call, KvCall::Delete { .. })
                && self.same_key(place, read)
                && ops[place].outcome != Outcome::Fail
                && Some(ops[place].invoked) <= ops[read].returned
        });
        may.fold(0, |all, one| all | bit(one))
    }

    fn covers(&self, read: usize, write: usize) -> bool {
        let hidden = members(self.deletes(read));
        let hidden = hidden.filter(|&delete| self.below[delete] & self.answer[read] == 0);
        let all = hidden.fold(self.answer[read], |all, one| all | bit(one));
        self.down(all) & bit(write) != 0
    }

    /// Whether a write is among what the session of a read had returned until then, or below it.
    fn knows(&self, read: usize, write: usize) -> bool {
        self.reads().any(|one| {
            let until = one == read || self.earlier(one, read);
            until && self.down(self.answer[one]) & bit(write) != 0
        })
    }

    pub(super) fn read_your_writes(&self) -> bool {
        self.reads().all(|read| {
            self.acknowledged().all(|write| {
                !self.same_key(write, read)
                    || !self.earlier(write, read)
                    || self.covers(read, write)
            })
        })
    }

    pub(super) fn monotonic_reads(&self) -> bool {
        self.reads().all(|read| {
            self.reads().all(|first| {
                !self.earlier(first, read)
                    || !self.same_key(first, read)
                    || members(self.answer[first]).all(|write| self.covers(read, write))
            })
        })
    }

    pub(super) fn monotonic_writes(&self) -> bool {
        let ops = self.history.ops();
        self.reads().all(|read| {
            self.acknowledged().all(|first| {
                let demanded = self.same_key(first, read)
                    && ops[first].process != ops[read].process
                    && self.places().any(|second| {
                        ops[second].call.writes()
                            && self.earlier(first, second)
                            && self.knows(read, second)
                    });
                !demanded || self.covers(read, first)
            })
        })
    }

    pub(super) fn writes_follow_reads(&self) -> bool {
        let ops = self.history.ops();
        self.reads().all(|read| {
            self.reads().all(|first| {
                let demanded = self.same_key(first, read)
                    && ops[first].process != ops[read].process
                    && self.places().any(|second| {
                        ops[second].call.writes()
                            && self.earlier(first, second)
                            && self.knows(read, second)
                    });
                !demanded || members(self.answer[first]).all(|write| self.covers(read, write))
            })
        })
    }

    pub(super) fn regular(&self) -> bool {
        self.behind() == 0
    }

    /// How many pairs there are of a read and a write that was acknowledged before and is not covered.
    pub(super) fn behind(&self) -> usize {
        let ops = self.history.ops();
        let pairs = self
            .reads()
            .flat_map(|read| self.acknowledged().map(move |one| (read, one)));
        let missed = pairs.filter(|&(read, write)| {
            self.same_key(read, write)
                && ops[write].precedes(&ops[read])
                && !self.covers(read, write)
        });
        missed.count()
    }

    pub(super) fn monotonic(&self) -> bool {
        let ops = self.history.ops();
        self.reads().all(|read| {
            self.reads().all(|first| {
                !self.same_key(first, read)
                    || !ops[first].precedes(&ops[read])
                    || members(self.answer[first]).all(|write| self.covers(read, write))
            })
        })
    }

    /// Whether some set of writes that took effect and some relation of who saw what, closed under the
    /// orders of sessions and contexts, explains every answer as the newest of what was seen.
    pub(super) fn causal(&self) -> bool {
        let ops = self.history.ops();
        if closes_a_circle(&mut self.before()) {
            return false;
        }
        let unsure: Vec<usize> = self
            .places()
            .filter(|&place| ops[place].call.writes() && ops[place].outcome.ok().is_none())
            .filter(|&place| {
                // That a failed write was read is for others to complain of.
                let read = self.answer.iter().any(|all| all & bit(place) != 0);
                ops[place].outcome == Outcome::Unknown || read
            })
            .collect();
        let sure = self.acknowledged().fold(0, |all, one| all | bit(one));
        let mut extra: Vec<(usize, usize)> = Vec::new();
        for read in self.reads() {
            for write in self.places().filter(|&write| ops[write].call.writes()) {
                if self.same_key(write, read) && self.answer[read] & bit(write) == 0 {
                    extra.push((write, read));
                }
            }
        }
        extra.retain(|&(write, read)| {
            let called = Some(ops[write].invoked) <= ops[read].returned;
            called && ops[write].outcome != Outcome::Fail
        });
        extra.truncate(EXTRA_MAX);
        (0..1_u32 << unsure.len()).any(|chosen| {
            let took = members(chosen).fold(sure, |all, one| all | bit(unsure[one]));
            (0..1_u32 << extra.len()).any(|seen| {
                let seen = members(seen).map(|one| extra[one]);
                self.explains(took, &seen.collect::<Vec<_>>())
            })
        })
    }

    /// What comes before what: a write of unknown outcome comes before nothing in its session, and one that failed
    /// only hands on the contexts that it passed.
    fn before(&self) -> Vec<u32> {
        let ops = self.history.ops();
        let mut before = self.answer.clone();
        for place in self.places() {
            for first in self.places().filter(|&first| self.earlier(first, place)) {
                match &ops[first].outcome {
                    Outcome::Unknown if ops[first].call.writes() => {}
                    Outcome::Fail if ops[first].call.writes() => {
                        for from in self.contexts(first) {
                            before[place] |= bit(from);
                        }
                    }
                    _ => before[place] |= bit(first),
                }
            }
            for from in self.contexts(place) {
                before[place] |= bit(from);
            }
        }
        before
    }

    fn explains(&self, took: u32, seen: &[(usize, usize)]) -> bool {
        let ops = self.history.ops();
        let mut before = self.before();
        for &(write, read) in seen {
            before[read] |= bit(write);
        }
        if closes_a_circle(&mut before) {
            return false;
        }
        self.reads().all(|read| {
            let visible = before[read] & took;
            let visible =
                members(visible).filter(|&one| ops[one].call.writes() && self.same_key(one, read));
            let visible = visible.fold(0, |all, one| all | bit(one));
            // Deletes may have come to where the read went, without anyone being able to tell.
            let deletes: Vec<usize> = members(self.deletes(read)).collect();
            (0..1_u32 << deletes.len()).any(|hidden| {
                let all = members(hidden).fold(visible, |all, one| all | bit(deletes[one]));
                let newest = members(all)
                    .filter(|&one| !members(all).any(|other| self.below[other] & bit(one) != 0));
                let newest = newest.fold(0, |all, one| all | bit(one));
                // Whoever reads values from the future may know of deletes that cannot be there yet.
                newest & !self.deletes(read) == self.answer[read]
            })
        })
    }
}

/// Closes the relation; whether anything then comes before itself.
fn closes_a_circle(before: &mut [u32]) -> bool {
    close(before);
    let mut all = before.iter().enumerate();
    all.any(|(place, set)| set & bit(place) != 0)
}

/// The transitive closure.
fn close(before: &mut [u32]) {
    for middle in 0..before.len() {
        for place in 0..before.len() {
            if before[place] & bit(middle) != 0 {
                before[place] |= before[middle];
            }
        }
    }
}
