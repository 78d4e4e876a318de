//! What a session knows of the writes of others by what it read, and who read what.

use crate::order::vectors::{Vector, Vectors};
use crate::order::{Order, Reading, Slot};

/// For each session the last write of every other session that it knows.
///
/// A session knows the writes that it read, and those that they supersede, and no more: this is what
/// the guarantees of writes are about. Places count from one here; zero is none.
#[derive(Debug)]
pub(crate) struct Known {
    vectors: Vectors,
    /// By key and write: the last write of each session among this one and those that it supersedes.
    reach: Vec<Vec<Vector>>,
    sessions: Vec<Vector>,
    /// By key: sessions with the place of their first acknowledged write, and of their first read that
    /// returned something.
    wrote: Vec<Vec<(u32, u32)>>,
    saw: Vec<Vec<(u32, u32)>>,
    /// Whether any read was demanded something by a write, and by a read.
    met: (bool, bool),
}

impl Known {
    /// Nobody knows anything yet, O(contexts · log sessions).
    pub(crate) fn new(order: &Order<'_>) -> Self {
        let mut vectors = Vectors::default();
        let mut reach = Vec::with_capacity(order.keys.len());
        for key in &order.keys {
            let mut of_key = vec![Vector::default(); key.writes.len()];
            for write in key.bottom_up() {
                let mut all = Vector::default();
                for &seen in key.seen(write) {
                    all = vectors.join(all, of_key[seen]);
                }
                let place = key.writes[write].place;
                let session = order.session(place);
                let last = vectors.get(all, session).max(place as u32 + 1);
                of_key[write] = vectors.set(all, session, last);
            }
            reach.push(of_key);
        }
        Known {
            vectors,
            reach,
            sessions: vec![Vector::default(); order.session_count],
            wrote: vec![Vec::new(); order.keys.len()],
            saw: vec![Vec::new(); order.keys.len()],
            met: (false, false),
        }
    }

    /// The session of a read knows what it returned.
    pub(crate) fn learn(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        let known = &mut self.sessions[order.session(reading.place)];
        for &write in key.written(&key.reads[reading.read]) {
            let reach = self.reach[reading.key][write];
            *known = self.vectors.join(*known, reach);
        }
    }

    /// The session of a read knows all that it returned and had returned before.
    pub(crate) fn learn_all(&mut self, order: &Order<'_>, until: usize) {
        let session = order.session(until);
        for place in (0..=until).filter(|&place| order.session(place) == session) {
            if let Slot::Read(key, read) = order.slot(place) {
                let reading = Reading {
                    place,
                    key: key as usize,
                    read: read as usize,
                    uncovered: &[],
                };
                self.learn(order, reading);
            }
        }
    }

    /// The last write of another session that the session knows, if it came after this place.
    pub(crate) fn later(&self, session: usize, (other, place): (usize, usize)) -> Option<usize> {
        let last = self.vectors.get(self.sessions[session], other) as usize;
        (last > place + 1).then(|| last - 1)
    }

    /// A session wrote a key.
    pub(crate) fn wrote(&mut self, session: usize, place: usize, key: usize) {
        if !self.met.0 {
            first(&mut self.wrote[key], (session as u32, place as u32));
        }
    }

    /// A session read something of a key.
    pub(crate) fn saw(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        if !self.met.1 && !key.written(&key.reads[reading.read]).is_empty() {
            let session = order.session(reading.place);
            first(
                &mut self.saw[reading.key],
                (session as u32, reading.place as u32),
            );
        }
    }

    /// Whether this read, or one before it, had to cover what another session had written, or had read,
    /// before a write that this session knows.
    pub(crate) fn demands(&mut self, order: &Order<'_>, reading: Reading<'_>) -> (bool, bool) {
        let session = order.session(reading.place);
        let demands = |all: &[(u32, u32)]| {
            let mut others = all.iter().filter(|(other, _)| *other as usize != session);
            others.any(|&(other, place)| {
                self.later(session, (other as usize, place as usize))
                    .is_some()
            })
        };
        let wrote = self.met.0 || demands(&self.wrote[reading.key]);
        let saw = self.met.1 || demands(&self.saw[reading.key]);
        self.met = (wrote, saw);
        self.met
    }
}

fn first(all: &mut Vec<(u32, u32)>, one: (u32, u32)) {
    if !all.iter().any(|(session, _)| *session == one.0) {
        all.push(one);
    }
}

/// Which reads returned which writes, gathered for the keys that are asked about.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    keys: Vec<Option<OfKey>>,
}

/// Sessions and places of reads, in order, and for each write where its own end.
#[derive(Debug)]
struct OfKey {
    readers: Vec<(u32, u32)>,
    ends: Vec<u32>,
}

impl Readers {
    /// Sessions and places of all reads that returned this write, in order, O(1) amortised.
    pub(crate) fn of(&mut self, order: &Order<'_>, (key, write): (usize, usize)) -> &[(u32, u32)] {
        if self.keys.len() < order.keys.len() {
            self.keys.resize_with(order.keys.len(), || None);
        }
        let of_key = self.keys[key].get_or_insert_with(|| OfKey::new(order, key));
        let from = write.checked_sub(1).map_or(0, |before| of_key.ends[before]);
        &of_key.readers[from as usize..of_key.ends[write] as usize]
    }
}

impl OfKey {
    fn new(order: &Order<'_>, key: usize) -> Self {
        let key = &order.keys[key];
        let mut all: Vec<(u32, u32, u32)> = Vec::new();
        for read in &key.reads {
            for &write in key.written(read) {
                let session = order.session(read.place) as u32;
                all.push((write as u32, session, read.place as u32));
            }
        }
        all.sort_unstable();
        let mut ends = vec![0; key.writes.len()];
        for (index, &(write, ..)) in all.iter().enumerate() {
            ends[write as usize] = index as u32 + 1;
        }
        let mut end = 0;
        for of in &mut ends {
            end = end.max(*of);
            *of = end;
        }
        let readers = all.into_iter().map(|(_, session, place)| (session, place));
        OfKey {
            readers: readers.collect(),
            ends,
        }
    }
}

/// The place of the first reader of this session.
pub(crate) fn first_in(readers: &[(u32, u32)], session: usize) -> Option<usize> {
    let before = readers.partition_point(|&(reader, _)| (reader as usize) < session);
    let &(reader, place) = readers.get(before)?;
    (reader as usize == session).then_some(place as usize)
}

/// Whether a session knows a write: what it returned up to a read, as the place of the first such read.
pub(crate) fn learned(order: &Order<'_>, reader: usize, write: usize) -> Option<usize> {
    let Slot::Write(key, number) = order.slot(write) else {
        return None;
    };
    let of_key = &order.keys[key as usize];
    let session = order.session(reader);
    let mut reads = of_key.reads.iter().filter(|read| {
        order.session(read.place) == session
            && read.place <= reader
            && of_key.covered(number as usize, of_key.written(read))
    });
    reads.next().map(|read| read.place)
}
