//! What a session knows of the writes of others by what it read.

use crate::order::vectors::{Vector, Vectors};
use crate::order::{Columns, Key, Order, Reading, Slot, Written};

/// For each session the last write of every other session that it knows.
///
/// A session knows the writes that it read, and those that they supersede, and no more: this is what
/// the guarantees of writes are about. Places count from one here; zero is none.
#[derive(Debug)]
pub(crate) struct Known {
    vectors: Vectors,
    columns: Columns,
    /// By place of a write: the last write of each session among this one and those that it supersedes.
    reach: Vec<Vector>,
    sessions: Vec<Vector>,
}

impl Known {
    /// Nobody knows anything yet, and writes are told as they come.
    pub(super) fn new(order: &Order<'_>, columns: Columns) -> Self {
        Known {
            vectors: Vectors::default(),
            columns,
            reach: vec![Vector::default(); order.places()],
            sessions: vec![Vector::default(); order.session_count],
        }
    }

    /// Nobody knows anything yet, but what writes supersede is known of all, O(contexts · log sessions).
    pub(super) fn of_all(order: &Order<'_>) -> Self {
        let mut known = Known::new(order, Columns::whole(order.session_count));
        for key in &order.keys {
            for write in key.bottom_up() {
                known.reach(order, key, write);
            }
        }
        known
    }

    /// A write came, after all that it supersedes.
    pub(super) fn write(&mut self, order: &Order<'_>, written: Written) {
        self.reach(order, &order.keys[written.key], written.write);
    }

    fn reach(&mut self, order: &Order<'_>, key: &Key<'_>, write: usize) {
        let mut all = Vector::default();
        for &seen in key.seen(write) {
            let seen = self.reach[key.writes[seen].place];
            all = self.vectors.join(all, seen);
        }
        let place = key.writes[write].place;
        let (session, count) = (order.session(place), place as u32 + 1);
        self.reach[place] = self.columns.set(&mut self.vectors, all, session, count);
    }

    /// The session of a read knows what it returned.
    pub(super) fn learn(&mut self, order: &Order<'_>, (key, read): (usize, usize)) {
        let key = &order.keys[key];
        let read = &key.reads[read];
        let known = &mut self.sessions[order.session(read.place)];
        for &write in key.written(read) {
            let reach = self.reach[key.writes[write].place];
            *known = self.vectors.join(*known, reach);
        }
    }

    /// The session of a read knows all that it returned and had returned before.
    pub(super) fn learn_all(&mut self, order: &Order<'_>, until: usize) {
        let session = order.session(until);
        for place in (0..=until).filter(|&place| order.session(place) == session) {
            if let Slot::Read(key, read) = order.slot(place) {
                self.learn(order, (key as usize, read as usize));
            }
        }
    }

    /// The last write of another session that the session knows, if it came after this place.
    pub(super) fn later(&self, session: usize, (other, place): (usize, usize)) -> Option<usize> {
        let last = self
            .columns
            .get(&self.vectors, self.sessions[session], other);
        (last as usize > place + 1).then(|| last as usize - 1)
    }
}

/// Whether anything was demanded of any read: what another session had written of its key, or had read, before a
/// write that the session of the read knows.
#[derive(Debug)]
pub(super) struct Demands {
    /// By key: sessions with the place of their first acknowledged write, and of their first read that
    /// returned something.
    wrote: Vec<Vec<(u32, u32)>>,
    saw: Vec<Vec<(u32, u32)>>,
    /// Whether it was, by a write and by a read.
    met: [bool; 2],
}

impl Demands {
    /// Nothing looked at so far, but what is known to be met.
    pub(super) fn new(order: &Order<'_>, met: [bool; 2]) -> Self {
        let keys = if met == [true; 2] { 0 } else { order.keys.len() };
        Demands {
            wrote: vec![Vec::new(); keys],
            saw: vec![Vec::new(); keys],
            met,
        }
    }

    /// What was met so far.
    pub(super) fn met(&self) -> [bool; 2] {
        self.met
    }

    /// An acknowledged write came.
    pub(super) fn write(&mut self, order: &Order<'_>, written: Written) {
        if !self.met[0] {
            let session = order.session(written.place) as u32;
            first(&mut self.wrote[written.key], (session, written.place as u32));
        }
    }

    /// A read was answered, and its session knows what it returned.
    pub(super) fn read(&mut self, order: &Order<'_>, known: &Known, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        if key.repeats || self.met == [true; 2] {
            return;
        }
        let session = order.session(reading.place);
        let demands = |all: &[(u32, u32)]| {
            let mut others = all.iter().filter(|(other, _)| *other as usize != session);
            others.any(|&(other, place)| {
                let other = (other as usize, place as usize);
                known.later(session, other).is_some()
            })
        };
        self.met[0] |= demands(&self.wrote[reading.key]);
        self.met[1] |= demands(&self.saw[reading.key]);
        if !self.met[1] && !key.written(&key.reads[reading.read]).is_empty() {
            let one = (session as u32, reading.place as u32);
            first(&mut self.saw[reading.key], one);
        }
    }
}

fn first(all: &mut Vec<(u32, u32)>, one: (u32, u32)) {
    if !all.iter().any(|(session, _)| *session == one.0) {
        all.push(one);
    }
}
