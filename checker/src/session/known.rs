//! What a session knows of the writes of others by what it read.

use rustc_hash::FxHashMap;

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

    /// All sessions that a session knows a write of, each with the last of them; every session has its own column.
    fn each(&self, session: usize, found: &mut impl FnMut(usize, usize)) {
        let known = self.sessions[session];
        self.vectors.above(known, &[], &mut |other, last, _| {
            found(other, last as usize - 1);
        });
    }
}

/// Whether anything was demanded of any read: what another session had written of its key, or had read, before a
/// write that the session of the read knows.
#[derive(Debug)]
pub(super) struct Demands {
    /// By key and session: the place of its first acknowledged write, and of its first read that returned
    /// something.
    wrote: FxHashMap<(usize, usize), usize>,
    saw: FxHashMap<(usize, usize), usize>,
    /// Whether it was, by a write and by a read.
    met: [bool; 2],
}

impl Demands {
    /// Nothing looked at so far, but what is known to be met. For the rest every session has its own column.
    pub(super) fn new(met: [bool; 2]) -> Self {
        Demands {
            wrote: FxHashMap::default(),
            saw: FxHashMap::default(),
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
            let here = (written.key, order.session(written.place));
            self.wrote.entry(here).or_insert(written.place);
        }
    }

    /// A read was answered, and its session knows what it returned.
    pub(super) fn read(&mut self, order: &Order<'_>, known: &Known, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        if key.repeats || self.met == [true; 2] {
            return;
        }
        let session = order.session(reading.place);
        known.each(session, &mut |other, last| {
            let demands = |firsts: &FxHashMap<_, usize>| {
                let first = firsts.get(&(reading.key, other));
                other != session && first.is_some_and(|&first| first < last)
            };
            self.met[0] |= demands(&self.wrote);
            self.met[1] |= demands(&self.saw);
        });
        if !self.met[1] && !key.written(&key.reads[reading.read]).is_empty() {
            let here = (reading.key, session);
            self.saw.entry(here).or_insert(reading.place);
        }
    }
}
