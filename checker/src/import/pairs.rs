//! Calls and returns of Jepsen's processes, brought together into the entries of a history.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ImportError, What};
use super::operation::{Actor, Operation, Type};
use super::place::Page;
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::note::Note;

/// How one kind of object reads operations.
pub(super) trait Alphabet {
    type Domain: Domain;

    /// What an invocation asks.
    fn call(&mut self, invocation: &Operation) -> Result<CallOf<Self>, What>;

    /// What a completion, which is not `:info`, answers to that call.
    fn outcome(
        &mut self,
        completion: &Operation,
        call: &CallOf<Self>,
    ) -> Result<Outcome<RetOf<Self>>, Unfit>;
}

pub(super) type CallOf<A> = <<A as Alphabet>::Domain as Domain>::Call;
pub(super) type RetOf<A> = <<A as Alphabet>::Domain as Domain>::Ret;

/// Why a completion does not fit its call.
#[derive(Debug)]
pub(super) enum Unfit {
    /// It is wrong in itself.
    Wrong(What),
    /// It speaks of this instead.
    Returned(String),
}

/// A history, and the line of the file that each entry stands on.
pub(super) type Paired<D> = (History<D>, Vec<usize>);

/// Brings operations, in the order of their history, together.
pub(super) fn pair<A: Alphabet>(
    page: &Page<'_>,
    operations: &[Operation],
    alphabet: &mut A,
) -> Result<Paired<A::Domain>, ImportError> {
    let mut pairs = Pairs::<A::Domain>::default();
    for operation in operations {
        let line = page.line(operation.at);
        pairs
            .read(operation, line, alphabet)
            .map_err(|what| page.error(operation.at, what))?;
    }
    finish(pairs.entries, pairs.lines)
}

/// Entries as a history; what is malformed is named by its line of the file.
pub(super) fn finish<D: Domain>(
    entries: Vec<Entry<D>>,
    lines: Vec<usize>,
) -> Result<Paired<D>, ImportError> {
    match History::new(entries) {
        Ok(history) => Ok((history, lines)),
        Err(malformed) => Err(ImportError {
            line: lines[malformed.line - 1],
            column: None,
            what: What::Malformed {
                op: malformed.op,
                why: malformed.why,
            },
        }),
    }
}

struct Pairs<D: Domain> {
    entries: Vec<Entry<D>>,
    lines: Vec<usize>,
    open: BTreeMap<u64, Open<D>>,
    faults: BTreeSet<String>,
    next: u64,
    now: u64,
}

struct Open<D: Domain> {
    op: OpId,
    line: usize,
    f: Option<String>,
    call: D::Call,
}

impl<D: Domain> Default for Pairs<D> {
    fn default() -> Self {
        Pairs {
            entries: Vec::new(),
            lines: Vec::new(),
            open: BTreeMap::new(),
            faults: BTreeSet::new(),
            next: 0,
            now: 0,
        }
    }
}

impl<D: Domain> Pairs<D> {
    fn read<A: Alphabet<Domain = D>>(
        &mut self,
        operation: &Operation,
        line: usize,
        alphabet: &mut A,
    ) -> Result<(), What> {
        let Actor::Client(process) = operation.actor else {
            self.fault(operation, line);
            return Ok(());
        };
        if operation.f.is_none() {
            return Err(What::Missing("f"));
        }
        if operation.kind == Type::Invoke {
            let call = alphabet.call(operation)?;
            return self.invoke(process, operation, line, call);
        }
        let open = self.open.remove(&process).ok_or(What::Orphan(process))?;
        let differs = |returned| What::Differs {
            called: D::call_label(&open.call),
            line: open.line,
            returned,
        };
        if open.f.as_deref() != operation.f_name() {
            return Err(differs(operation.f_text()));
        }
        let outcome = match operation.kind {
            Type::Info | Type::Invoke => Outcome::Unknown,
            Type::Ok | Type::Fail => match alphabet.outcome(operation, &open.call) {
                Ok(outcome) => outcome,
                Err(Unfit::Wrong(what)) => return Err(what),
                Err(Unfit::Returned(returned)) => return Err(differs(returned)),
            },
        };
        let at = self.stamp(line);
        self.entries.push(Entry::Return {
            op: open.op,
            at,
            outcome,
        });
        Ok(())
    }

    fn invoke(
        &mut self,
        process: u64,
        operation: &Operation,
        line: usize,
        call: D::Call,
    ) -> Result<(), What> {
        if let Some(open) = self.open.get(&process) {
            let line = open.line;
            return Err(What::Overlap { process, line });
        }
        let (op, at) = (OpId(self.next), self.stamp(line));
        self.next += 1;
        self.entries.push(Entry::Invoke {
            op,
            at,
            process: Process(process),
            call: call.clone(),
        });
        let f = operation.f_name().map(str::to_owned);
        self.open.insert(process, Open { op, line, f, call });
        Ok(())
    }

    /// A nemesis writes down each step twice; it is noted where it first says so.
    fn fault(&mut self, operation: &Operation, line: usize) {
        let f = operation.f_name().unwrap_or_default();
        let fault = |rest: &str| match rest.trim_start_matches('-') {
            "" => "fault".to_owned(),
            what => what.to_owned(),
        };
        let (what, begins) = if let Some(rest) = f.strip_prefix("start") {
            (fault(rest), true)
        } else if let Some(rest) = f.strip_prefix("stop") {
            (fault(rest), false)
        } else {
            return;
        };
        let changes = if begins {
            self.faults.insert(what.clone())
        } else {
            self.faults.remove(&what)
        };
        if changes {
            let at = self.stamp(line);
            let note = Note::Fault { what, begins };
            self.entries.push(Entry::Note { at, note });
        }
    }

    /// The time of the entry of this line: the line, but always later than the entry before.
    ///
    /// Equal times would be concurrent, although the file gives an order.
    fn stamp(&mut self, line: usize) -> Time {
        self.now = (self.now + 1).max(line as u64);
        self.lines.push(line);
        Time(self.now)
    }
}
