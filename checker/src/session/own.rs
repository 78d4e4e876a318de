//! What a session alone has to see again: its own writes, and what it had read.

use super::readers::{Readers, first_in};
use super::watch::Breach;
use crate::order::{Order, Reading, Status, Watch, Written};

/// Looks at a history key by key and keeps the first breach of read your writes and of monotonic reads, if they
/// are asked for. Notes beside what a session could have been denied at all.
#[derive(Debug)]
pub(crate) struct Own {
    asked: [bool; 2],
    found: [Option<(usize, Breach)>; 2],
    met: [u64; 2],
    several: bool,
    others: [bool; 2],
    /// Sessions that have written a key, or read something of it.
    wrote: Firsts,
    saw: Firsts,
    readers: Readers,
}

impl Own {
    /// Nothing looked at so far.
    pub(crate) fn new(order: &Order<'_>, asked: [bool; 2]) -> Self {
        Own {
            asked,
            found: [None; 2],
            met: [0; 2],
            several: false,
            others: [false; 2],
            wrote: Firsts::new(order.session_count),
            saw: Firsts::new(order.session_count),
            readers: Readers::default(),
        }
    }

    /// The first breach, of own writes and of own reads.
    pub(super) fn breach(&self, of: usize) -> Option<Breach> {
        self.found[of].map(|(_, breach)| breach)
    }

    /// How many reads came after an own acknowledged write, and after an own read of something.
    pub(super) fn met(&self) -> [u64; 2] {
        self.met
    }

    /// Whether any read came after something that its session had done, or returned several values.
    pub(crate) fn met_any(&self) -> bool {
        self.several || self.met != [0; 2]
    }

    /// Whether any read returned a write of another session that this session had made after another one of the
    /// same key, and after it had read something of that key.
    pub(crate) fn met_others(&self) -> [bool; 2] {
        self.others
    }

    fn open(&self, of: usize, at: usize) -> bool {
        self.asked[of] && self.found[of].is_none_or(|(before, _)| at < before)
    }

    /// Counts what this read could break.
    fn meet(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        let session = order.session(reading.place);
        let answer = key.written(&key.reads[reading.read]);
        self.met[0] += u64::from(self.wrote.of(reading.key, session).is_some());
        self.met[1] += u64::from(self.saw.of(reading.key, session).is_some());
        self.several |= answer.len() > 1;
        for &write in answer {
            let place = key.writes[write].place;
            let writer = order.session(place);
            if writer != session {
                let after = |firsts: &Firsts| {
                    let first = firsts.of(reading.key, writer);
                    first.is_some_and(|first| first < place)
                };
                self.others[0] |= after(&self.wrote);
                self.others[1] |= after(&self.saw);
            }
        }
        if !answer.is_empty() {
            self.saw.note(reading.key, session, reading.place);
        }
    }

    /// Holds one read against one write that it misses.
    pub(super) fn judge(&mut self, order: &Order<'_>, reading: Reading<'_>, missing: usize) {
        let write = &order.keys[reading.key].writes[missing];
        let session = order.session(reading.place);
        let breach = Breach {
            read: reading.place,
            write: write.place,
            seen_by: None,
            through: None,
        };
        let own = session == order.session(write.place) && write.place < reading.place;
        if own && write.status == Status::Acknowledged && self.open(0, reading.at) {
            self.found[0] = Some((reading.at, breach));
        }
        if self.open(1, reading.at) {
            let readers = self.readers.of(order, (reading.key, missing));
            let seen_by = first_in(readers, session).filter(|&place| place < reading.place);
            if seen_by.is_some() {
                self.found[1] = Some((reading.at, Breach { seen_by, ..breach }));
            }
        }
    }
}

impl Watch for Own {
    fn write(&mut self, order: &Order<'_>, written: Written) {
        let write = &order.keys[written.key].writes[written.write];
        if write.status == Status::Acknowledged {
            let session = order.session(written.place);
            self.wrote.note(written.key, session, written.place);
        }
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        if order.keys[reading.key].repeats {
            return;
        }
        self.meet(order, reading);
        for &missing in reading.uncovered {
            self.judge(order, reading, missing);
        }
    }

    fn done(&self, at: usize) -> bool {
        !self.open(0, at) && !self.open(1, at) && self.met_any() && self.others == [true; 2]
    }
}

/// For each session the place of the first thing that it did to the key which is looked at.
#[derive(Debug)]
struct Firsts {
    of: Vec<(u32, u32)>,
}

impl Firsts {
    fn new(sessions: usize) -> Self {
        Firsts {
            of: vec![(u32::MAX, 0); sessions],
        }
    }

    fn of(&self, key: usize, session: usize) -> Option<usize> {
        let (of, place) = self.of[session];
        (of as usize == key).then_some(place as usize)
    }

    fn note(&mut self, key: usize, session: usize, place: usize) {
        if self.of(key, session).is_none() {
            self.of[session] = (key as u32, place as u32);
        }
    }
}
