//! What causally precedes each read, as one count for every session, and which of it the read misses.

use rustc_hash::FxHashMap;

use super::edges::Edges;
use crate::history::Outcome;
use crate::order::vectors::{Vector, Vectors};
use crate::order::{Columns, Course, Misses, Order, Reading, Status, Watch, Written};
use crate::session::{Readers, first_of_each};

/// From so many nodes on, those that nothing needs any more are dropped.
const NODES_MIN: usize = 1 << 16;

/// Where nothing is kept yet.
const NOWHERE: u32 = u32::MAX;

/// The first read that misses what it had to return, by its place, with where it stands in the course, and those
/// writes of its causal past, by theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missed {
    pub(crate) at: usize,
    pub(super) read: usize,
    pub(super) writes: Vec<usize>,
}

/// Follows a history and knows for each session what causally precedes its next operation.
///
/// The past of a session is the last operation that it knows of every session, with all before it:
/// places count from one, zero is none. A write that was not acknowledged is known only by its readers. The
/// contexts of one that failed are known to its session, for they were passed; those of one whose outcome is
/// unknown are not, for it comes before nothing in its session.
#[derive(Debug)]
pub(crate) struct Pasts {
    vectors: Vectors,
    columns: Columns,
    edges: Edges,
    sessions: Vec<Vector>,
    /// What is known to whoever reads a write or passes a context, as long as someone will.
    issued: Vec<Vector>,
    /// Where among these there is room.
    room: Vec<u32>,
    /// By place: how many will still ask, and where what they will learn is kept.
    learners: Vec<u32>,
    kept: Vec<u32>,
    nodes_max: usize,
    readers: Readers,
    missed: Option<Missed>,
    begun: Begun,
    /// Where in the course the last read stands that misses anything.
    last: usize,
}

impl Pasts {
    /// Nothing followed so far, O(operations). Where it is not known whether any read had to cover anything, that
    /// is found out too.
    pub(crate) fn new(order: &Order<'_>, course: &Course, misses: &Misses, met: bool) -> Self {
        let edges = Edges::new(order);
        let mut readers = Readers::default();
        let columns = if met && misses.are_told(course) {
            readers.columns(order, (misses, 0), false)
        } else {
            Columns::whole(order.session_count)
        };
        Pasts {
            vectors: Vectors::default(),
            columns,
            sessions: vec![Vector::default(); order.session_count],
            issued: Vec::new(),
            room: Vec::new(),
            learners: edges.learners(),
            kept: vec![NOWHERE; order.places()],
            edges,
            nodes_max: NODES_MIN,
            readers,
            missed: None,
            begun: Begun {
                of: FxHashMap::default(),
                met,
            },
            last: misses.last(),
        }
    }

    /// The first read that misses something.
    pub(crate) fn missed(&self) -> Option<&Missed> {
        self.missed.as_ref()
    }

    /// Whether any read had to cover anything.
    pub(crate) fn met(&self) -> bool {
        self.begun.met
    }

    /// What is known to whoever knows this much and learns all that an operation learns.
    fn learn(&mut self, mut known: Vector, place: usize) -> Vector {
        for &from in self.edges.of(place) {
            let from = from as usize;
            self.learners[from] -= 1;
            let kept = self.kept[from];
            let Some(issued) = self.issued.get_mut(kept as usize) else {
                continue;
            };
            known = self.vectors.join(known, *issued);
            if self.learners[from] == 0 {
                *issued = Vector::default();
                self.room.push(kept);
            }
        }
        known
    }

    /// Whoever asks later learns what was known here, and this operation if it counts.
    fn issue(&mut self, past: Vector, (session, place): (usize, usize), counts: bool) {
        if self.learners[place] == 0 {
            return;
        }
        // What the session did before counts in any case.
        let count = place as u32 + u32::from(counts);
        let past = self.columns.set(&mut self.vectors, past, session, count);
        if let Some(kept) = self.room.pop() {
            self.kept[place] = kept;
            self.issued[kept as usize] = past;
        } else {
            self.kept[place] = self.issued.len() as u32;
            self.issued.push(past);
        }
        if self.vectors.len() > self.nodes_max {
            let used = self.sessions.iter_mut().chain(&mut self.issued);
            self.vectors.keep(used);
            self.nodes_max = NODES_MIN.max(2 * self.vectors.len());
        }
    }

    /// Whether an operation that counts is in the past of another.
    fn precedes(&self, (session, place): (usize, usize), (by, before): (usize, usize)) -> bool {
        if session == by {
            return place < before;
        }
        let known = self.sessions[by];
        self.columns.get(&self.vectors, known, session) as usize > place
    }

    /// Whether a write took effect in the past of a read.
    fn demanded(&mut self, order: &Order<'_>, reading: Reading<'_>, write: usize) -> bool {
        let of = &order.keys[reading.key].writes[write];
        let reader = (order.session(reading.place), reading.place);
        if of.status == Status::Acknowledged {
            return self.precedes((order.session(of.place), of.place), reader);
        }
        let mut readers = std::mem::take(&mut self.readers);
        let demanded = first_of_each(readers.of(order, (reading.key, write)))
            .any(|first| self.precedes(first, reader));
        self.readers = readers;
        demanded
    }
}

impl Watch for Pasts {
    fn write(&mut self, order: &Order<'_>, written: Written) {
        let place = written.place;
        let session = order.session(place);
        let known = self.learn(self.sessions[session], place);
        let outcome = &order.op(place).outcome;
        let acknowledged = matches!(outcome, Outcome::Ok(_));
        if *outcome != Outcome::Unknown {
            self.sessions[session] = known;
        }
        if acknowledged && !self.begun.met && !order.keys[written.key].repeats {
            self.begun.note(written.key, session, place);
        }
        self.issue(known, (session, place), acknowledged);
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let session = order.session(reading.place);
        if !self.begun.met {
            // Every session has its own column then.
            let Begun { of, met } = &mut self.begun;
            *met = of.contains_key(&(reading.key, session));
            let known = self.sessions[session];
            self.vectors.above(known, &[], &mut |other, last, _| {
                let begun = of.get(&(reading.key, other));
                *met |= begun.is_some_and(|&place| place < last as usize);
            });
        }
        let known = self.learn(self.sessions[session], reading.place);
        self.sessions[session] = known;
        if self.missed.is_none() && !reading.uncovered.is_empty() {
            let uncovered = reading.uncovered.iter().copied();
            let missed = uncovered.filter(|&write| self.demanded(order, reading, write));
            let key = &order.keys[reading.key];
            let mut writes: Vec<usize> = missed.map(|write| key.writes[write].place).collect();
            writes.sort_unstable();
            if !writes.is_empty() {
                let (at, read) = (reading.at, reading.place);
                self.missed = Some(Missed { at, read, writes });
            }
        }
        if !self.edges.of(reading.place).is_empty() {
            self.begun.note(reading.key, session, reading.place);
        }
        self.issue(known, (session, reading.place), true);
    }

    fn done(&self, at: usize) -> bool {
        self.missed.is_some() || self.begun.met && at > self.last
    }
}

/// By key and session: the place of the first operation after which the key has a value.
#[derive(Debug)]
struct Begun {
    of: FxHashMap<(usize, usize), usize>,
    met: bool,
}

impl Begun {
    fn note(&mut self, key: usize, session: usize, place: usize) {
        if !self.met {
            self.of.entry((key, session)).or_insert(place);
        }
    }
}
