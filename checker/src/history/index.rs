//! A history that exists is well formed: parsed once, trusted by every checker.

use std::collections::BTreeMap;
use std::fmt;

use super::entry::{Entry, OpId, Outcome, Process, Time};
use crate::domain::Domain;
use crate::note::Note;

/// Everything that was recorded of one run.
///
/// Entries are in the order of the clock; each operation is invoked once and returns at most once;
/// each process has at most one open call. An operation without a return has outcome
/// [`Outcome::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<D: Domain> {
    entries: Vec<Entry<D>>,
    ops: Vec<Op<D>>,
    places: BTreeMap<OpId, usize>,
}

/// One operation: its call, and how and when it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op<D: Domain> {
    /// Its name.
    pub id: OpId,
    /// Who called.
    pub process: Process,
    /// What was called.
    pub call: D::Call,
    /// How it ended.
    pub outcome: Outcome<D::Ret>,
    /// When the call began.
    pub invoked: Time,
    /// When the answer had arrived; `None` for an unknown outcome, which may take effect for ever.
    pub returned: Option<Time>,
    /// Which entry, counted from 1, is its invocation.
    pub line: usize,
}

impl<D: Domain> Op<D> {
    /// Whether this operation had returned before the other began. Equal times are concurrent.
    pub fn precedes(&self, other: &Self) -> bool {
        self.returned
            .is_some_and(|returned| returned < other.invoked)
    }

    /// Call and outcome in one phrase.
    pub fn label(&self) -> String {
        D::label(&self.call, &self.outcome)
    }
}

/// Why a list of entries is not a history, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The entry, counted from 1.
    pub line: usize,
    /// The operation it names, if it names one.
    pub op: Option<OpId>,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// A return for an operation that was never called.
    Orphan,
    /// A second invocation under the same name.
    Duplicate,
    /// A second return of the same operation.
    Returned,
    /// A call by a process that still has this one open.
    Overlap(Process, OpId),
    /// A time before that of the entry above it.
    Backwards,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        if let Some(op) = self.op {
            write!(f, "{op}: ")?;
        }
        match self.why {
            Why::Orphan => write!(f, "returns but was never called"),
            Why::Duplicate => write!(f, "is called a second time under the same name"),
            Why::Returned => write!(f, "returns a second time"),
            Why::Overlap(process, open) => {
                write!(f, "{process} calls while its {open} is still open")
            }
            Why::Backwards => write!(f, "its time lies before that of the line above"),
        }
    }
}

impl std::error::Error for Malformed {}

impl<D: Domain> History<D> {
    /// Reads entries in order, O(n log n).
    ///
    /// # Errors
    /// The first entry that breaks the rules of [`History`].
    pub fn new(entries: Vec<Entry<D>>) -> Result<Self, Malformed> {
        let mut builder = Builder {
            ops: Vec::new(),
            places: BTreeMap::new(),
            open: BTreeMap::new(),
        };
        let mut now = Time(0);
        for (index, entry) in entries.iter().enumerate() {
            builder.read(index + 1, now, entry)?;
            now = entry.at();
        }
        let Builder { ops, places, .. } = builder;
        Ok(History {
            entries,
            ops,
            places,
        })
    }

    /// All lines, in the order of the clock.
    pub fn entries(&self) -> &[Entry<D>] {
        &self.entries
    }

    /// All operations, in the order of their invocations.
    pub fn ops(&self) -> &[Op<D>] {
        &self.ops
    }

    /// The operation of this name.
    pub fn op(&self, id: OpId) -> Option<&Op<D>> {
        self.places.get(&id).map(|&place| &self.ops[place])
    }

    /// All notes with their times, in order.
    pub fn notes(&self) -> impl Iterator<Item = (Time, &Note)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Note { at, note } => Some((*at, note)),
            Entry::Invoke { .. } | Entry::Return { .. } => None,
        })
    }
}

struct Builder<D: Domain> {
    ops: Vec<Op<D>>,
    places: BTreeMap<OpId, usize>,
    open: BTreeMap<Process, OpId>,
}

impl<D: Domain> Builder<D> {
    fn read(&mut self, line: usize, now: Time, entry: &Entry<D>) -> Result<(), Malformed> {
        let wrong = |op, why| Err(Malformed { line, op, why });
        let named = match entry {
            Entry::Invoke { op, .. } | Entry::Return { op, .. } => Some(*op),
            Entry::Note { .. } => None,
        };
        if entry.at() < now {
            return wrong(named, Why::Backwards);
        }
        match entry {
            Entry::Note { .. } => {}
            Entry::Invoke {
                op,
                at,
                process,
                call,
            } => {
                if self.places.contains_key(op) {
                    return wrong(Some(*op), Why::Duplicate);
                }
                if let Some(open) = self.open.insert(*process, *op) {
                    return wrong(Some(*op), Why::Overlap(*process, open));
                }
                self.places.insert(*op, self.ops.len());
                self.ops.push(Op {
                    id: *op,
                    process: *process,
                    call: call.clone(),
                    outcome: Outcome::Unknown,
                    invoked: *at,
                    returned: None,
                    line,
                });
            }
            Entry::Return { op, at, outcome } => {
                let Some(&place) = self.places.get(op) else {
                    return wrong(Some(*op), Why::Orphan);
                };
                let this = &mut self.ops[place];
                if self.open.get(&this.process) != Some(op) {
                    return wrong(Some(*op), Why::Returned);
                }
                self.open.remove(&this.process);
                this.outcome = outcome.clone();
                this.returned = (*outcome != Outcome::Unknown).then_some(*at);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::{Action, Register, RegisterCall, RegisterRet};

    fn invoke(op: u64, at: u64, process: u64) -> Entry<Register> {
        Entry::Invoke {
            op: OpId(op),
            at: Time(at),
            process: Process(process),
            call: RegisterCall {
                key: None,
                action: Action::Read,
            },
        }
    }

    fn ret(op: u64, at: u64) -> Entry<Register> {
        Entry::Return {
            op: OpId(op),
            at: Time(at),
            outcome: Outcome::Ok(RegisterRet::Done),
        }
    }

    fn why(entries: Vec<Entry<Register>>) -> (usize, Why) {
        let wrong = History::new(entries).expect_err("these entries are malformed");
        (wrong.line, wrong.why)
    }

    #[test]
    fn each_broken_rule_names_its_line() {
        assert_eq!(why(vec![ret(1, 0)]), (1, Why::Orphan));
        assert_eq!(
            why(vec![invoke(1, 0, 0), ret(1, 1), invoke(1, 2, 0)]),
            (3, Why::Duplicate)
        );
        assert_eq!(
            why(vec![invoke(1, 0, 0), ret(1, 1), ret(1, 2)]),
            (3, Why::Returned)
        );
        assert_eq!(
            why(vec![invoke(1, 0, 0), invoke(2, 1, 0)]),
            (2, Why::Overlap(Process(0), OpId(1)))
        );
        assert_eq!(why(vec![invoke(1, 5, 0), ret(1, 4)]), (2, Why::Backwards));
    }

    #[test]
    fn a_call_without_a_return_has_an_unknown_outcome() {
        let history = History::new(vec![invoke(1, 0, 0)]).expect("well formed");
        assert_eq!(history.ops()[0].outcome, Outcome::Unknown);
        assert_eq!(history.ops()[0].returned, None);
    }

    #[test]
    fn equal_times_are_concurrent() {
        let history = History::new(vec![invoke(1, 0, 0), ret(1, 5), invoke(2, 5, 1), ret(2, 6)])
            .expect("well formed");
        assert!(!history.ops()[0].precedes(&history.ops()[1]));
    }
}
