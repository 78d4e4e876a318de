//! A history of registers as numbers: who read from which write, and what each session did in order.

use rustc_hash::FxHashMap;

use crate::history::{History, Op, Outcome, Process};
use crate::register::{Action, Register, RegisterRet, Value};

/// Stands where a number of a node, key or operation would, when there is none.
pub(super) const NONE: u32 = u32::MAX;
/// The source of a read that returned the initial value.
pub(super) const INITIAL: u32 = u32::MAX - 1;

/// An operation that took effect and that a promise can be held against: it returned a value, or wrote
/// one. Nodes are numbered in the order of their calls, so that within a session they ascend.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Which operation, by its place in the history.
    pub(super) place: u32,
    /// A row of nodes each of which happens before the next: a session, or one write of unknown outcome.
    pub(super) lane: u32,
    /// How many nodes of the lane stand before it.
    pub(super) seat: u32,
    pub(super) key: u32,
    /// The write whose value it saw, [`INITIAL`], or [`NONE`] when it saw none or nobody's.
    pub(super) source: u32,
    pub(super) kind: Kind,
}

/// What a node does to its register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing.
    Read,
    /// It wrote, and the client was told.
    Acknowledged,
    /// It wrote, as its value was read; nobody knows when, so nothing in its session comes after it.
    Unknown,
}

impl Node {
    pub(super) fn writes(&self) -> bool {
        self.kind != Kind::Read
    }

    /// Whether it returned a value of the register, known to be a write's or the initial one.
    pub(super) fn reads(&self) -> bool {
        self.source != NONE
    }
}

/// A read of a value that no write can have written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Invention {
    /// The reading operation, by its place.
    pub(super) place: u32,
    pub(super) key: u32,
    /// The write of that value which certainly failed, by its place.
    pub(super) failed: Option<u32>,
}

/// A history, indexed. Keys to which the initial value was written are left out, and reads of a value that
/// was written twice: there a value does not tell its write.
#[derive(Debug)]
pub(super) struct Trace<'h> {
    pub(super) ops: &'h [Op<Register>],
    pub(super) nodes: Vec<Node>,
    /// How many keys there are.
    pub(super) keys: u32,
    /// How many of them, or of whose reads some, are left out.
    pub(super) keys_left_out: u64,
    /// The first of those, as a reader names it.
    pub(super) left_out: Option<String>,
    pub(super) sessions: u32,
    /// In the order of their calls.
    pub(super) inventions: Vec<Invention>,
    /// For each lane that is no session, its session.
    owners: Vec<u32>,
    /// For each lane that is no session, the node that its only node comes after.
    leads: Vec<u32>,
    lane_starts: Vec<u32>,
    lane_nodes: Vec<u32>,
}

impl<'h> Trace<'h> {
    /// Indexes a history, O(n) on average.
    pub(super) fn new(history: &'h History<Register>, initial: &Value) -> Self {
        let draft = Draft::new(history.ops(), initial);
        let (keys, sessions) = (draft.judged.len() as u32, draft.session_count);
        let told = draft.judged.iter().zip(&draft.repeats);
        let keys_left_out = told
            .filter(|&(&judged, &repeats)| !judged || repeats)
            .count() as u64;
        let left_out = draft.left_out();
        let (nodes, inventions) = draft.nodes();
        let mut trace = Trace {
            ops: history.ops(),
            nodes,
            keys,
            keys_left_out,
            left_out,
            sessions,
            inventions,
            owners: Vec::new(),
            leads: Vec::new(),
            lane_starts: Vec::new(),
            lane_nodes: Vec::new(),
        };
        trace.detach();
        trace.seat();
        trace
    }

    pub(super) fn op(&self, node: u32) -> &'h Op<Register> {
        &self.ops[self.nodes[node as usize].place as usize]
    }

    pub(super) fn node(&self, node: u32) -> &Node {
        &self.nodes[node as usize]
    }

    /// How many lanes there are: the sessions, then the writes that nothing in their session comes after.
    pub(super) fn lanes(&self) -> u32 {
        self.sessions + self.owners.len() as u32
    }

    /// The nodes of a lane, in order.
    pub(super) fn lane(&self, lane: u32) -> &[u32] {
        let range = self.lane_starts[lane as usize]..self.lane_starts[lane as usize + 1];
        &self.lane_nodes[range.start as usize..range.end as usize]
    }

    pub(super) fn session(&self, node: u32) -> u32 {
        let lane = self.nodes[node as usize].lane;
        match lane.checked_sub(self.sessions) {
            None => lane,
            Some(apart) => self.owners[apart as usize],
        }
    }

    /// The node of the same session that happens just before this one, if there is one.
    pub(super) fn before(&self, node: u32) -> Option<u32> {
        let Node { lane, seat, .. } = self.nodes[node as usize];
        let before = match lane.checked_sub(self.sessions) {
            Some(apart) => self.leads[apart as usize],
            None if seat == 0 => NONE,
            None => self.lane(lane)[seat as usize - 1],
        };
        (before != NONE).then_some(before)
    }

    /// The node in whose lane another lane begins: what [`Trace::before`] says of the only node of a lane
    /// that is no session.
    pub(super) fn lead(&self, node: u32) -> Option<u32> {
        let apart = self.nodes[node as usize].lane.checked_sub(self.sessions)?;
        let lead = self.leads[apart as usize];
        (lead != NONE).then_some(lead)
    }

    /// The write that this node read, if it read one.
    pub(super) fn source(&self, node: u32) -> Option<u32> {
        let source = self.nodes[node as usize].source;
        (source < INITIAL).then_some(source)
    }

    /// How many operations of unknown outcome take part.
    pub(super) fn unknown(&self) -> u64 {
        let unknown = |node: &&Node| node.kind == Kind::Unknown;
        self.nodes.iter().filter(unknown).count() as u64
    }

    /// Gives each write of unknown outcome that is not the end of its session a lane of its own.
    fn detach(&mut self) {
        let mut goes_on = vec![false; self.sessions as usize];
        let mut apart = Vec::new();
        for (node, of) in self.nodes.iter().enumerate().rev() {
            let goes_on = &mut goes_on[of.lane as usize];
            if of.kind == Kind::Unknown && *goes_on {
                apart.push(node);
            } else {
                *goes_on = true;
            }
        }
        let Some(&first) = apart.last() else { return };
        let mut last = vec![NONE; self.sessions as usize];
        let lanes = self.sessions;
        for (node, of) in self.nodes.iter_mut().enumerate() {
            let session = of.lane as usize;
            if node >= first && apart.last() == Some(&node) {
                apart.pop();
                of.lane = lanes + self.owners.len() as u32;
                self.owners.push(session as u32);
                self.leads.push(last[session]);
            } else {
                last[session] = node as u32;
            }
        }
    }

    fn seat(&mut self) {
        let lanes = self.lanes() as usize;
        let mut starts = vec![0_u32; lanes + 1];
        for node in &mut self.nodes {
            let count = &mut starts[node.lane as usize + 1];
            node.seat = *count;
            *count += 1;
        }
        for lane in 0..lanes {
            starts[lane + 1] += starts[lane];
        }
        self.lane_nodes = vec![0; self.nodes.len()];
        for (number, node) in self.nodes.iter().enumerate() {
            self.lane_nodes[(starts[node.lane as usize] + node.seat) as usize] = number as u32;
        }
        self.lane_starts = starts;
    }
}

/// What an operation asks and was told, as far as it counts.
#[derive(Clone, Copy)]
enum Part<'h> {
    Silent,
    Read(&'h Value),
    Write(&'h Value, Kind),
    /// What it saw, and what it wrote.
    Swap(&'h Value, &'h Value, Kind),
}

fn part(op: &Op<Register>) -> Part<'_> {
    match (&op.call.action, &op.outcome) {
        (_, Outcome::Fail) => Part::Silent,
        (Action::Read, Outcome::Ok(RegisterRet::Value(seen))) => Part::Read(seen),
        (Action::Read, _) => Part::Silent,
        (Action::Write(value), Outcome::Ok(_)) => Part::Write(value, Kind::Acknowledged),
        (Action::Write(value), Outcome::Unknown) => Part::Write(value, Kind::Unknown),
        (Action::Cas(from, to), Outcome::Ok(RegisterRet::Done)) => {
            Part::Swap(from, to, Kind::Acknowledged)
        }
        (Action::Cas(..), Outcome::Ok(RegisterRet::Mismatch)) => Part::Silent,
        (Action::Cas(from, to), _) => Part::Swap(from, to, Kind::Unknown),
    }
}

struct Draft<'h> {
    ops: &'h [Op<Register>],
    initial: &'h Value,
    session_count: u32,
    sessions: Vec<u32>,
    keys: Vec<u32>,
    /// Whether the initial value of the key was never written to it.
    judged: Vec<bool>,
    /// Whether some value was written to the key twice.
    repeats: Vec<bool>,
    writers: Writers<'h>,
}

/// The writes by key and value; [`NONE`] if there are several.
#[derive(Debug, Default)]
struct Writers<'h> {
    ints: FxHashMap<(u32, i64), u32>,
    texts: FxHashMap<(u32, &'h str), u32>,
    nils: FxHashMap<u32, u32>,
}

impl<'h> Writers<'h> {
    /// Enters the write of this value; whether it is the first of its key.
    fn enter(&mut self, key: u32, value: &'h Value, place: u32) -> bool {
        let known = match value {
            Value::Int(number) => self.ints.entry((key, *number)).or_insert(place),
            Value::Text(text) => self.texts.entry((key, text)).or_insert(place),
            Value::Nil => self.nils.entry(key).or_insert(place),
        };
        let first = *known == place;
        if !first {
            *known = NONE;
        }
        first
    }

    fn get(&self, key: u32, value: &Value) -> Option<u32> {
        let found = match value {
            Value::Int(number) => self.ints.get(&(key, *number)),
            Value::Text(text) => self.texts.get(&(key, text.as_str())),
            Value::Nil => self.nils.get(&key),
        };
        found.copied()
    }
}

impl<'h> Draft<'h> {
    fn new(ops: &'h [Op<Register>], initial: &'h Value) -> Self {
        let mut draft = Draft {
            ops,
            initial,
            session_count: 0,
            sessions: Vec::with_capacity(ops.len()),
            keys: Vec::with_capacity(ops.len()),
            judged: Vec::new(),
            repeats: Vec::new(),
            writers: Writers::default(),
        };
        let mut processes: FxHashMap<Process, u32> = FxHashMap::default();
        let mut keys: FxHashMap<Option<&str>, u32> = FxHashMap::default();
        for (place, op) in ops.iter().enumerate() {
            let next = processes.len() as u32;
            let session = *processes.entry(op.process).or_insert(next);
            let next = keys.len() as u32;
            let key = *keys.entry(op.call.key.as_deref()).or_insert(next);
            if key == next {
                draft.judged.push(true);
                draft.repeats.push(false);
            }
            draft.sessions.push(session);
            draft.keys.push(key);
            if let Part::Write(value, _) | Part::Swap(_, value, _) = part(op) {
                draft.judged[key as usize] &= value != initial;
                draft.repeats[key as usize] |= !draft.writers.enter(key, value, place as u32);
            }
        }
        draft.session_count = processes.len() as u32;
        draft
    }

    fn is_judged(&self, place: usize) -> bool {
        self.judged[self.keys[place] as usize]
    }

    fn left_out(&self) -> Option<String> {
        let left_out =
            |&place: &usize| !self.is_judged(place) || self.repeats[self.keys[place] as usize];
        let place = (0..self.ops.len()).find(left_out)?;
        let key = self.ops[place].call.key.as_ref();
        Some(key.map_or("the register".into(), |key| format!("key {key}")))
    }

    /// For each operation the one whose write it saw, as far as it certainly saw one: an operation of
    /// unknown outcome did if its own write was seen.
    fn sources(&self) -> (Vec<u32>, Vec<bool>) {
        let mut sources = vec![NONE; self.ops.len()];
        let mut seen = vec![false; self.ops.len()];
        let mut news = Vec::new();
        let look = |place: usize, value: &'h Value| {
            if value == self.initial {
                return INITIAL;
            }
            self.writers.get(self.keys[place], value).unwrap_or(NONE)
        };
        for (place, op) in self.ops.iter().enumerate() {
            let value = match part(op) {
                Part::Read(value) | Part::Swap(value, _, Kind::Acknowledged) => value,
                Part::Silent | Part::Write(..) | Part::Swap(..) => continue,
            };
            if !self.is_judged(place) {
                continue;
            }
            news.push((place, value));
            while let Some((reader, value)) = news.pop() {
                let source = look(reader, value);
                sources[reader] = source;
                if source < INITIAL && !std::mem::replace(&mut seen[source as usize], true) {
                    let writer = source as usize;
                    if let Part::Swap(from, _, Kind::Unknown) = part(&self.ops[writer]) {
                        news.push((writer, from));
                    }
                }
            }
        }
        (sources, seen)
    }

    fn nodes(self) -> (Vec<Node>, Vec<Invention>) {
        let (sources, seen) = self.sources();
        let mut numbers = vec![NONE; self.ops.len()];
        let mut nodes: Vec<Node> = Vec::with_capacity(self.ops.len());
        let mut invented: Vec<(u32, u32, &Value)> = Vec::new();
        for (place, op) in self.ops.iter().enumerate() {
            let (saw, kind) = match part(op) {
                Part::Read(value) => (Some(value), Kind::Read),
                Part::Write(_, kind) => (None, kind),
                Part::Swap(value, _, kind) => (Some(value), kind),
                Part::Silent => continue,
            };
            if !self.is_judged(place) || (kind == Kind::Unknown && !seen[place]) {
                continue;
            }
            let (source, key) = (sources[place], self.keys[place]);
            if let (NONE, Some(value)) = (source, saw)
                && self.writers.get(key, value).is_none()
            {
                invented.push((place as u32, key, value));
            }
            numbers[place] = nodes.len() as u32;
            nodes.push(Node {
                place: place as u32,
                lane: self.sessions[place],
                seat: 0,
                key,
                source,
                kind,
            });
        }
        for node in &mut nodes {
            if node.source < INITIAL {
                node.source = numbers[node.source as usize];
            }
        }
        (nodes, self.inventions(&invented))
    }

    fn inventions(&self, invented: &[(u32, u32, &Value)]) -> Vec<Invention> {
        if invented.is_empty() {
            return Vec::new();
        }
        let mut failed: FxHashMap<(u32, &Value), u32> = FxHashMap::default();
        for (place, op) in self.ops.iter().enumerate() {
            if let (Action::Write(value) | Action::Cas(_, value), Outcome::Fail) =
                (&op.call.action, &op.outcome)
            {
                failed
                    .entry((self.keys[place], value))
                    .or_insert(place as u32);
            }
        }
        let invented = invented.iter().map(|&(place, key, value)| Invention {
            place,
            key,
            failed: failed.get(&(key, value)).copied(),
        });
        invented.collect()
    }
}
