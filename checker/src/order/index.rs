//! A history of a sibling-keeping store, indexed by key, value and line.

use rustc_hash::FxHashMap;

use super::key::{Key, Passed, Read, Write};
use super::texts::Texts;
use crate::graph::{HappensBefore, Link};
use crate::history::{History, Line, Op, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::Note;

/// Who supersedes whom.
///
/// A write supersedes another when it passed a context that had seen it. That is neither the order
/// of time nor that of the session: two blind puts of one client are concurrent.
#[derive(Debug)]
pub(crate) struct Order<'h> {
    history: &'h History<Kv>,
    ops: &'h [Op<Kv>],
    slots: Vec<Slot>,
    /// For each operation the number of its session, in order of appearance.
    sessions: Vec<u32>,
    /// How many sessions there are.
    pub(crate) session_count: usize,
    /// No step needs one that was recorded after it: writes count where they are called, reads where
    /// they are answered.
    pub(super) forward: bool,
    key_numbers: Texts<'h>,
    /// All keys that calls or notes name, in order of appearance.
    pub(crate) keys: Vec<Key<'h>>,
    /// All notes, in order.
    pub(crate) notes: Vec<Noted<'h>>,
}

/// A note with its line, and the number of the key it speaks of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Noted<'h> {
    pub(crate) line: usize,
    pub(crate) at: Time,
    pub(crate) key: Option<usize>,
    pub(crate) note: &'h Note,
}

/// Where an operation stands within its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// A put or delete: the number of its key, and its own among the writes of the key.
    Write(u32, u32),
    /// A get that was answered: the number of its key, and its own among the reads of the key.
    Read(u32, u32),
    /// A get without an answer.
    Silent,
}

impl<'h> Order<'h> {
    /// Indexes a history, O(length + contexts · log chains).
    pub(crate) fn new(history: &'h History<Kv>) -> Self {
        let ops = history.ops();
        let mut order = Order {
            history,
            ops,
            slots: Vec::with_capacity(ops.len()),
            sessions: Vec::with_capacity(ops.len()),
            session_count: 0,
            forward: true,
            key_numbers: Texts::default(),
            keys: Vec::new(),
            notes: Vec::new(),
        };
        let mut sessions = FxHashMap::default();
        for (index, entry) in history.lines().enumerate() {
            let line = index + 1;
            match entry {
                Line::Invoke(op) => {
                    let slot = order.enter(order.slots.len());
                    order.slots.push(slot);
                    let next = sessions.len() as u32;
                    let session: &mut u32 = sessions.entry(op.process).or_insert(next);
                    order.sessions.push(*session);
                }
                Line::Return(op, _) => match history.place(op.id).map(|at| order.slots[at]) {
                    Some(Slot::Write(key, write)) => {
                        order.keys[key as usize].writes[write as usize].ended = line;
                    }
                    Some(Slot::Read(key, read)) => {
                        order.keys[key as usize].reads[read as usize].ended = line;
                    }
                    Some(Slot::Silent) | None => {}
                },
                Line::Note(at, note) => {
                    let key = named(note).map(|name| order.number(name));
                    order.notes.push(Noted {
                        line,
                        at,
                        key,
                        note,
                    });
                }
            }
        }
        order.session_count = sessions.len();
        order.relate();
        order
    }

    /// The operation at this place.
    pub(crate) fn op(&self, place: usize) -> &'h Op<Kv> {
        &self.ops[place]
    }

    /// Whether no step needs one that was recorded after it: then nothing can go in a circle.
    pub(crate) fn goes_forward(&self) -> bool {
        self.forward
    }

    /// How many operations there are.
    pub(crate) fn places(&self) -> usize {
        self.ops.len()
    }

    /// What the operation at this place is to its key.
    pub(crate) fn slot(&self, place: usize) -> Slot {
        self.slots[place]
    }

    /// The number of the session that made the operation at this place.
    pub(crate) fn session(&self, place: usize) -> usize {
        self.sessions[place] as usize
    }

    /// The process of the operation at this place, as a reader names it.
    pub(crate) fn process(&self, place: usize) -> Process {
        self.ops[place].process
    }

    /// The places of the operations whose contexts this one passed, as far as a client could have them:
    /// without an answer there is none.
    pub(crate) fn contexts(&self, place: usize) -> impl Iterator<Item = usize> {
        let names = self.ops[place].call.context().iter();
        names.filter_map(|name| self.context(*name))
    }

    /// The place of the operation that returned this context, if it was answered.
    fn context(&self, name: OpId) -> Option<usize> {
        let from = self.history.place(name)?;
        matches!(self.ops[from].outcome, Outcome::Ok(_)).then_some(from)
    }

    /// The number of this key, if the history names it.
    pub(crate) fn key_number(&self, name: &str) -> Option<usize> {
        self.key_numbers.get(name)
    }

    /// All lines of the history.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'h, Kv>> + use<'h> {
        self.history.lines()
    }

    /// The place of the write that is called on this line, or of the read that is answered.
    pub(super) fn step(&self, line: &Line<'_, Kv>, next: &mut usize) -> Option<usize> {
        match line {
            Line::Invoke(_) => {
                let place = *next;
                *next += 1;
                matches!(self.slots[place], Slot::Write(..)).then_some(place)
            }
            Line::Return(op, _) => {
                let place = self.history.place(op.id)?;
                matches!(self.slots[place], Slot::Read(..)).then_some(place)
            }
            Line::Note(..) => None,
        }
    }

    /// Session order, reads and contexts as one graph over the places of all operations.
    ///
    /// A write of unknown outcome precedes nothing in its session: it may take effect later.
    pub(crate) fn happens_before(&self) -> HappensBefore {
        let mut graph = HappensBefore::new(self.ops.len());
        let mut last = vec![None; self.session_count];
        for (place, op) in self.ops.iter().enumerate() {
            let last = &mut last[self.session(place)];
            if let Some(before) = *last {
                graph.link(before, place, Link::Session);
            }
            if !(op.call.writes() && op.outcome == Outcome::Unknown) {
                *last = Some(place);
            }
            for from in self.contexts(place) {
                graph.link(from, place, Link::Context);
            }
            if let Slot::Read(key, read) = self.slots[place] {
                let key = &self.keys[key as usize];
                for &write in key.written(&key.reads[read as usize]) {
                    graph.link(key.writes[write].place, place, Link::Read);
                }
            }
        }
        graph
    }

    fn number(&mut self, name: &'h str) -> usize {
        // Notes about one key come in rows.
        if let Some(last) = self.notes.last().and_then(|noted| noted.key)
            && self.keys[last].name == name
        {
            return last;
        }
        let next = self.keys.len();
        let number = self.key_numbers.number(name, next);
        if number == next {
            self.keys.push(Key::new(name));
        }
        number
    }

    fn enter(&mut self, place: usize) -> Slot {
        let op = &self.ops[place];
        let number = self.number(op.call.key());
        let key = &mut self.keys[number];
        let value = match &op.call {
            KvCall::Get { .. } => {
                let (Outcome::Ok(KvRet::Values(values)), Some(returned)) =
                    (&op.outcome, op.returned)
                else {
                    return Slot::Silent;
                };
                let read = key.enter_read(Read {
                    place,
                    invoked: op.invoked,
                    returned,
                    line: op.line,
                    ended: usize::MAX,
                    values,
                    writes: (0, 0),
                });
                return Slot::Read(number as u32, read);
            }
            KvCall::Put { value, .. } => Some(value.as_str()),
            KvCall::Delete { .. } => None,
        };
        let write = key.enter(Write::new(place, op, value));
        Slot::Write(number as u32, write)
    }

    fn relate(&mut self) {
        let revives =
            |noted: &Noted<'_>| matches!(noted.note, Note::Setup(setup) if setup.may_revive);
        let revives = self.notes.iter().any(revives);
        let mut forward = true;
        for place in 0..self.ops.len() {
            let Slot::Write(number, write) = self.slots[place] else {
                continue;
            };
            for name in self.ops[place].call.context() {
                let Some(from) = self.context(*name) else {
                    continue;
                };
                forward &= self.answered_before(from, place);
                let passed = match self.slots[from] {
                    Slot::Write(of, earlier) if of == number => Passed::Write(earlier),
                    Slot::Read(of, read) if of == number => Passed::Read(read),
                    _ => continue,
                };
                self.keys[number as usize].pass(write, passed);
            }
        }
        for key in &mut self.keys {
            key.revives = revives;
            key.relate();
            forward = forward && reads_go_forward(self.ops, key);
        }
        self.forward = forward;
    }

    /// Whether one operation returned on a line above that of the other's call.
    fn answered_before(&self, from: usize, to: usize) -> bool {
        self.ops[from].precedes(&self.ops[to])
            || match self.slots[from] {
                Slot::Write(key, write) => {
                    self.keys[key as usize].writes[write as usize].ended < self.ops[to].line
                }
                Slot::Read(key, read) => {
                    self.keys[key as usize].reads[read as usize].ended < self.ops[to].line
                }
                Slot::Silent => true,
            }
    }
}

/// Whether every write that was read was called on a line above that of the answer.
fn reads_go_forward(ops: &[Op<Kv>], key: &Key<'_>) -> bool {
    key.reads.iter().all(|read| {
        key.written(read).iter().all(|&write| {
            let write = &key.writes[write];
            write.invoked < read.returned || ops[write.place].line < read.ended
        })
    })
}

/// The key that a note speaks of.
pub(crate) fn named(note: &Note) -> Option<&str> {
    match note {
        Note::Owners { key, .. }
        | Note::Durable { key, .. }
        | Note::Hint { key, .. }
        | Note::HintDropped { key, .. }
        | Note::HintExpired { key, .. }
        | Note::Context { key, .. }
        | Note::Counted { key, .. }
        | Note::Served { key, .. }
        | Note::Transfer { key, .. } => Some(key),
        _ => None,
    }
}
