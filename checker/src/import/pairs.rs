//! Calls and returns of Jepsen's processes, brought together into the entries of a history.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::drains::Drains;
use super::edn::Form;
use super::error::{What, excerpt};
use super::object::Object;
use super::operation::{Actor, Operation, Type};
use crate::domain::Domain;
use crate::history::{Entry, OpId, Outcome, Process, Time};
use crate::note::Note;

/// How one kind of object reads operations.
pub(super) trait Alphabet {
    type Domain: Domain;

    const OBJECT: Object;

    /// Whether there are calls that stand for any number of others.
    const DRAINS: bool = false;

    /// What an invocation asks; of a drain, what it asks again and again.
    fn call(&mut self, invocation: &Operation) -> Result<CallOf<Self>, What>;

    /// What a completion, which is not `:info`, answers to that call.
    fn outcome(
        &mut self,
        completion: &Operation,
        call: &CallOf<Self>,
    ) -> Result<Outcome<RetOf<Self>>, Unfit>;

    /// All answers of a drain; `None` if they were not recorded.
    fn drained(
        &mut self,
        _completion: &Operation,
        _call: &CallOf<Self>,
    ) -> Result<Option<Vec<RetOf<Self>>>, Unfit> {
        Ok(None)
    }

    /// At the end of the file: how many calls a drain may have made whose answers are not known.
    fn undrained(&self, _call: &CallOf<Self>) -> usize {
        0
    }
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

impl Unfit {
    /// That a completion repeats something else than was called.
    pub(super) fn returned(op: &Operation) -> Self {
        Unfit::Returned(format!("{} {}", op.f_text(), excerpt(&op.value.text())))
    }
}

/// An entry, and the line of the file that it stands on.
pub(super) type Placed<D> = (Entry<D>, usize);

/// Operations become entries, one after another.
///
/// Entries are stamped by their lines, but always later than the entry before: equal times would be
/// concurrent, although the file gives an order. In files that only have completions, all entries
/// have one time: when those calls began nobody knows, so nothing is said to be before anything else,
/// but for the order of each process.
pub(super) struct Pairs<D: Domain> {
    open: FxHashMap<Actor, Open<D>>,
    pub(super) drains: Drains<D>,
    faults: BTreeSet<String>,
    next: u64,
    now: u64,
    /// Whether no operation was read.
    empty: bool,
    /// The first line of a client, whether it numbers its process, and whether it is a call.
    first: Option<(usize, bool, bool)>,
    clients: u64,
    /// A second entry of the same line, which comes behind the first.
    pub(super) behind: Option<Placed<D>>,
}

struct Open<D: Domain> {
    op: OpId,
    line: usize,
    at: Time,
    f: Option<Form>,
    call: D::Call,
}

impl<D: Domain> Default for Pairs<D> {
    fn default() -> Self {
        Pairs {
            open: FxHashMap::default(),
            drains: Drains::default(),
            faults: BTreeSet::new(),
            next: 0,
            now: 0,
            empty: true,
            first: None,
            clients: 0,
            behind: None,
        }
    }
}

impl<D: Domain> Pairs<D> {
    /// The entry that the next operation makes, if it makes one.
    pub(super) fn read<A: Alphabet<Domain = D>>(
        &mut self,
        operation: Operation,
        alphabet: &mut A,
    ) -> Result<Option<Placed<D>>, What> {
        let line = operation.place.line;
        self.empty = false;
        if operation.actor == Actor::Nemesis {
            return Ok(self.fault(&operation, line));
        }
        let bare = self.client(&operation, A::OBJECT)?;
        if operation.f.is_none() && A::OBJECT != Object::Txn {
            return Err(What::Missing("f"));
        }
        if bare {
            return self.whole(&operation, alphabet).map(Some);
        }
        if operation.kind == Type::Invoke {
            return self.invoke(operation, alphabet);
        }
        let open = self.open.remove(&operation.actor);
        let open = open.ok_or(match operation.actor {
            Actor::Client(process) => What::Orphan(process),
            Actor::Somebody | Actor::Nemesis => What::Unasked,
        })?;
        let differs = |returned| What::Differs {
            called: excerpt(&D::call_label(&open.call)),
            line: open.line,
            returned,
        };
        if open.f.as_ref().and_then(Form::name) != operation.f_name() {
            return Err(differs(operation.f_text()));
        }
        let fits = |unfit| match unfit {
            Unfit::Wrong(what) => what,
            Unfit::Returned(returned) => differs(returned),
        };
        if A::DRAINS && operation.f_name() == Some("drain") {
            let at = self.stamp(line);
            let answers = match operation.kind {
                Type::Ok => alphabet.drained(&operation, &open.call).map_err(fits)?,
                Type::Fail => Some(Vec::new()),
                Type::Info | Type::Invoke => None,
            };
            let called = (open.at, open.line);
            self.drains
                .push(called, open.call, answers.map(|all| (at, line, all)));
            return Ok(None);
        }
        let outcome = match operation.kind {
            Type::Info | Type::Invoke => Outcome::Unknown,
            Type::Ok | Type::Fail => alphabet.outcome(&operation, &open.call).map_err(fits)?,
        };
        let (op, at) = (open.op, self.stamp(line));
        Ok(Some((Entry::Return { op, at, outcome }, line)))
    }

    /// Holds a client's operation against the first one; says whether the file has completions only.
    fn client(&mut self, operation: &Operation, object: Object) -> Result<bool, What> {
        let numbered = operation.actor != Actor::Somebody;
        let calls = operation.kind == Type::Invoke;
        let transactions = object == Object::Txn;
        if !numbered && !transactions {
            return Err(What::Missing("process"));
        }
        let line = operation.place.line;
        let (line, all_numbered, all_call) = *self.first.get_or_insert((line, numbered, calls));
        match (numbered, all_numbered) {
            (false, true) => Err(What::Missing("process")),
            (true, false) => Err(What::Numbered(line)),
            _ if calls && !all_call => Err(What::Uncalled(line)),
            _ => Ok(transactions && !all_call),
        }
    }

    fn process(&mut self, operation: &Operation) -> Process {
        match operation.actor {
            Actor::Client(process) => {
                self.clients = self.clients.max(process + 1);
                Process(process)
            }
            // What is not said to be of one client gives no evidence about clients.
            Actor::Somebody | Actor::Nemesis => {
                self.clients += 1;
                Process(self.clients - 1)
            }
        }
    }

    fn invoke<A: Alphabet<Domain = D>>(
        &mut self,
        operation: Operation,
        alphabet: &mut A,
    ) -> Result<Option<Placed<D>>, What> {
        let call = alphabet.call(&operation)?;
        if let Some(open) = self.open.get(&operation.actor) {
            let line = open.line;
            return Err(match operation.actor {
                Actor::Client(process) => What::Overlap { process, line },
                Actor::Somebody | Actor::Nemesis => What::Overtaken(line),
            });
        }
        let line = operation.place.line;
        let process = self.process(&operation);
        let drain = A::DRAINS && operation.f_name() == Some("drain");
        let (op, at) = (OpId(self.next), self.stamp(line));
        let entry = (!drain).then(|| Entry::Invoke {
            op,
            at,
            process,
            call: call.clone(),
        });
        self.next += u64::from(!drain);
        let f = operation.f;
        let open = Open {
            op,
            line,
            at,
            f,
            call,
        };
        self.open.insert(operation.actor, open);
        Ok(entry.map(|entry| (entry, line)))
    }

    /// A completion of a file that has no calls: both entries at the one time that all have.
    fn whole<A: Alphabet<Domain = D>>(
        &mut self,
        operation: &Operation,
        alphabet: &mut A,
    ) -> Result<Placed<D>, What> {
        let (line, at) = (operation.place.line, Time(self.now));
        let call = alphabet.call(operation)?;
        let outcome = match operation.kind {
            Type::Ok | Type::Fail => alphabet.outcome(operation, &call),
            Type::Info | Type::Invoke => Ok(Outcome::Unknown),
        };
        let outcome = outcome.map_err(|unfit| match unfit {
            Unfit::Wrong(what) => what,
            Unfit::Returned(found) => What::Value {
                f: operation.f_text(),
                takes: "what it calls",
                found,
            },
        })?;
        let (op, process) = (OpId(self.next), self.process(operation));
        self.next += 1;
        self.behind = Some((Entry::Return { op, at, outcome }, line));
        let call = Entry::Invoke {
            op,
            at,
            process,
            call,
        };
        Ok((call, line))
    }

    /// What is still open at the end: drains of unknown outcome.
    pub(super) fn end<A: Alphabet<Domain = D>>(&mut self) {
        if A::DRAINS {
            let drains = self.open.drain().map(|(_, open)| open);
            let drains =
                drains.filter(|open| open.f.as_ref().and_then(Form::name) == Some("drain"));
            let mut drains: Vec<_> = drains.collect();
            drains.sort_by_key(|open| open.at);
            for Open { at, line, call, .. } in drains {
                self.drains.push((at, line), call, None);
            }
        }
    }

    /// Whether the file had completions only.
    pub(super) fn are_bare(&self) -> bool {
        self.first.is_some_and(|(_, _, calls)| !calls)
    }

    /// Whether no operation was read.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// A process that no operation has.
    pub(super) fn fresh(&self) -> u64 {
        self.clients
    }

    /// A nemesis writes down each step twice; it is noted where it first says so.
    fn fault(&mut self, operation: &Operation, line: usize) -> Option<Placed<D>> {
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
            return None;
        };
        let changes = if begins {
            self.faults.insert(what.clone())
        } else {
            self.faults.remove(&what)
        };
        changes.then(|| {
            let at = self.stamp(line);
            let note = Note::Fault { what, begins };
            (Entry::Note { at, note }, line)
        })
    }

    fn stamp(&mut self, line: usize) -> Time {
        if !self.are_bare() {
            self.now = (self.now + 1).max(line as u64);
        }
        Time(self.now)
    }
}
