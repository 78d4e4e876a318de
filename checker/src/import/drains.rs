//! Calls that stand for many, put among the entries of a history when all is known about them.

use rustc_hash::FxHashMap;

use super::pairs::{Alphabet, Placed};
use crate::domain::Domain;
use crate::history::{Entry, OpId, Outcome, Process, Time};

/// Drains in the order in which they were understood.
pub(super) struct Drains<D: Domain>(Vec<Drain<D>>);

struct Drain<D: Domain> {
    called: (Time, usize),
    call: D::Call,
    /// When it returned, on which line, and with what; `None` if nobody knows.
    answers: Option<(Time, usize, Vec<D::Ret>)>,
}

impl<D: Domain> Default for Drains<D> {
    fn default() -> Self {
        Drains(Vec::new())
    }
}

impl<D: Domain> Drains<D> {
    pub(super) fn push(
        &mut self,
        called: (Time, usize),
        call: D::Call,
        answers: Option<(Time, usize, Vec<D::Ret>)>,
    ) {
        self.0.push(Drain {
            called,
            call,
            answers,
        });
    }

    /// Puts the calls of all drains among these entries: each open for as long as its drain, and by a
    /// process of its own, as calls of one process cannot overlap. O(n log n).
    pub(super) fn merge<A: Alphabet<Domain = D>>(
        self,
        mut entries: Vec<Placed<D>>,
        mut process: u64,
        alphabet: &A,
    ) -> Vec<Placed<D>> {
        if self.0.is_empty() {
            return entries;
        }
        let mut op = entries.len() as u64;
        // All of unknown outcome stay open for ever, so the earliest of a key covers the others.
        let mut earliest: FxHashMap<Option<String>, Time> = FxHashMap::default();
        for drain in self.0.iter().filter(|drain| drain.answers.is_none()) {
            let at = earliest.entry(key_of::<D>(&drain.call));
            let at = at.or_insert(drain.called.0);
            *at = (*at).min(drain.called.0);
        }
        for Drain {
            called: (at, line),
            call,
            answers,
        } in self.0
        {
            let unknown = answers.is_none();
            let (returned, end, answers) = answers.unwrap_or((at, line, Vec::new()));
            let count = if unknown {
                let first = earliest.get(&key_of::<D>(&call)) == Some(&at);
                if first { alphabet.undrained(&call) } else { 0 }
            } else {
                answers.len()
            };
            let mut answers = answers.into_iter();
            for _ in 0..count {
                let (id, of, call) = (OpId(op), Process(process), call.clone());
                (op, process) = (op + 1, process + 1);
                let invoke = Entry::Invoke {
                    op: id,
                    at,
                    process: of,
                    call,
                };
                entries.push((invoke, line));
                if let Some(answer) = answers.next() {
                    let ended = Entry::Return {
                        op: id,
                        at: returned,
                        outcome: Outcome::Ok(answer),
                    };
                    entries.push((ended, end));
                }
            }
        }
        entries.sort_by_key(|(entry, _)| entry.at());
        renumbered(entries)
    }
}

fn key_of<D: Domain>(call: &D::Call) -> Option<String> {
    D::key(call).map(str::to_owned)
}

/// Names operations anew, in the order of their calls.
fn renumbered<D: Domain>(mut entries: Vec<Placed<D>>) -> Vec<Placed<D>> {
    let mut names = FxHashMap::default();
    for (entry, _) in &mut entries {
        match entry {
            Entry::Invoke { op, .. } => {
                let name = OpId(names.len() as u64);
                names.insert(*op, name);
                *op = name;
            }
            Entry::Return { op, .. } => *op = names[op],
            Entry::Note { .. } => {}
        }
    }
    entries
}
