//! A history that exists is well formed: parsed once, trusted by every checker.

use std::fmt;

use rustc_hash::FxHashMap;

use super::entry::{Entry, OpId, Outcome, Process, Time};
use crate::domain::Domain;
use crate::note::Note;

/// Everything that was recorded of one run.
///
/// Entries are in the order of the clock; each operation is invoked once and returns at most once;
/// each process has at most one open call. An operation without a return has outcome
/// [`Outcome::Unknown`].
///
/// Kept as operations, notes, and eight bytes an operation that say in which order they were recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History<D: Domain> {
    ops: Vec<Op<D>>,
    notes: Vec<(Time, Note)>,
    marks: Vec<Mark>,
    /// When an operation was given up, by its place, for those that were.
    given_up: FxHashMap<u32, Time>,
    names: Names,
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

/// What stands on one line, by its place among the operations or the notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(u32);

impl Mark {
    const INVOKE: u32 = 0;
    const RETURN: u32 = 1;
    const NOTE: u32 = 2;

    fn new(kind: u32, place: usize) -> Self {
        let place = u32::try_from(place).ok().filter(|place| *place < 1 << 30);
        Mark(place.expect("a history has less than 2^30 operations") << 2 | kind)
    }
}

/// Which place the operation of a name has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Names {
    /// Names grow with places, so a place is found by halving.
    Sorted,
    /// Any order.
    Table(FxHashMap<OpId, u32>),
}

/// One line of a history, borrowed from it.
#[derive(Debug)]
pub enum Line<'h, D: Domain> {
    /// This operation begins.
    Invoke(&'h Op<D>),
    /// This operation ends, at this time, also when its outcome is unknown.
    Return(&'h Op<D>, Time),
    /// Something was recorded beside the calls.
    Note(Time, &'h Note),
}

impl<D: Domain> History<D> {
    /// Reads entries in order, O(n).
    ///
    /// # Errors
    /// The first entry that breaks the rules of [`History`].
    pub fn new(entries: impl IntoIterator<Item = Entry<D>>) -> Result<Self, Malformed> {
        let entries = entries.into_iter();
        let mut builder = Builder::new(entries.size_hint().0);
        for entry in entries {
            builder.read(entry)?;
        }
        Ok(builder.history)
    }

    /// All lines, in the order of the clock.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_, D>> {
        self.marks.iter().map(|Mark(mark)| {
            let place = (mark >> 2) as usize;
            match mark & 3 {
                Mark::INVOKE => Line::Invoke(&self.ops[place]),
                Mark::NOTE => Line::Note(self.notes[place].0, &self.notes[place].1),
                _ => {
                    let op = &self.ops[place];
                    let at = op.returned.or_else(|| self.given_up(place));
                    Line::Return(op, at.expect("a returned operation has a time of return"))
                }
            }
        })
    }

    /// All lines as they were recorded, in the order of the clock.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = Entry<D>> {
        self.lines().map(|line| match line {
            Line::Invoke(op) => Entry::Invoke {
                op: op.id,
                at: op.invoked,
                process: op.process,
                call: op.call.clone(),
            },
            Line::Return(op, at) => Entry::Return {
                op: op.id,
                at,
                outcome: op.outcome.clone(),
            },
            Line::Note(at, note) => Entry::Note {
                at,
                note: note.clone(),
            },
        })
    }

    /// All operations, in the order of their invocations.
    pub fn ops(&self) -> &[Op<D>] {
        &self.ops
    }

    /// The operation of this name, O(log n) at most.
    pub fn op(&self, id: OpId) -> Option<&Op<D>> {
        self.place(id).map(|place| &self.ops[place])
    }

    /// Where the operation of this name stands among [`History::ops`], O(log n) at most.
    #[inline]
    pub fn place(&self, id: OpId) -> Option<usize> {
        match &self.names {
            Names::Table(places) => places.get(&id).map(|&place| place as usize),
            Names::Sorted => {
                // Most recorders count from some number on, so a guess is mostly right.
                let guess = id.0.checked_sub(self.ops.first()?.id.0)?;
                let guess = usize::try_from(guess).ok()?;
                match self.ops.get(guess) {
                    Some(op) if op.id == id => Some(guess),
                    _ => self.ops.binary_search_by_key(&id, |op| op.id).ok(),
                }
            }
        }
    }

    /// All notes with their times, in order.
    pub fn notes(&self) -> impl Iterator<Item = (Time, &Note)> {
        self.notes.iter().map(|(at, note)| (*at, note))
    }

    /// When the client gave up on the operation at this place, if it did.
    fn given_up(&self, place: usize) -> Option<Time> {
        self.given_up.get(&(place as u32)).copied()
    }
}

struct Builder<D: Domain> {
    history: History<D>,
    /// For each process with an open call the place of that operation.
    open: FxHashMap<Process, u32>,
    /// The places of open operations by name.
    opened: FxHashMap<OpId, u32>,
    now: Time,
}

impl<D: Domain> Builder<D> {
    fn new(lines: usize) -> Self {
        Builder {
            history: History {
                ops: Vec::with_capacity(lines / 2),
                notes: Vec::new(),
                marks: Vec::with_capacity(lines),
                given_up: FxHashMap::default(),
                names: Names::Sorted,
            },
            open: FxHashMap::default(),
            opened: FxHashMap::default(),
            now: Time(0),
        }
    }

    fn read(&mut self, entry: Entry<D>) -> Result<(), Malformed> {
        let line = self.history.marks.len() + 1;
        let wrong = |op, why| Err(Malformed { line, op, why });
        let named = match &entry {
            Entry::Invoke { op, .. } | Entry::Return { op, .. } => Some(*op),
            Entry::Note { .. } => None,
        };
        if entry.at() < self.now {
            return wrong(named, Why::Backwards);
        }
        self.now = entry.at();
        let History {
            ops, marks, notes, ..
        } = &mut self.history;
        match entry {
            Entry::Note { at, note } => {
                marks.push(Mark::new(Mark::NOTE, notes.len()));
                notes.push((at, note));
            }
            Entry::Invoke {
                op,
                at,
                process,
                call,
            } => {
                let place = ops.len();
                marks.push(Mark::new(Mark::INVOKE, place));
                if !self.name(op) {
                    return wrong(Some(op), Why::Duplicate);
                }
                if let Some(open) = self.open.insert(process, place as u32) {
                    let open = self.history.ops[open as usize].id;
                    return wrong(Some(op), Why::Overlap(process, open));
                }
                self.opened.insert(op, place as u32);
                self.history.ops.push(Op {
                    id: op,
                    process,
                    call,
                    outcome: Outcome::Unknown,
                    invoked: at,
                    returned: None,
                    line,
                });
            }
            Entry::Return { op, at, outcome } => {
                let Some(place) = self.opened.remove(&op) else {
                    let known = self.history.place(op).is_some();
                    return wrong(Some(op), if known { Why::Returned } else { Why::Orphan });
                };
                marks.push(Mark::new(Mark::RETURN, place as usize));
                let this = &mut ops[place as usize];
                self.open.remove(&this.process);
                if outcome == Outcome::Unknown {
                    self.history.given_up.insert(place, at);
                } else {
                    this.returned = Some(at);
                    this.outcome = outcome;
                }
            }
        }
        Ok(())
    }

    /// Whether the name is new; the next operation has it then.
    fn name(&mut self, op: OpId) -> bool {
        let History { ops, names, .. } = &mut self.history;
        if let Names::Sorted = names {
            if ops.last().is_none_or(|last| last.id < op) {
                return true;
            }
            let places = ops.iter().zip(0..);
            *names = Names::Table(places.map(|(op, place)| (op.id, place)).collect());
        }
        match names {
            Names::Sorted => true,
            Names::Table(places) => places.insert(op, ops.len() as u32).is_none(),
        }
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
