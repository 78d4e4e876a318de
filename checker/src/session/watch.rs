//! The four session guarantees, held against every read.

use rustc_hash::FxHashSet;

use super::known::{Known, Readers};
use crate::order::{Order, Reading, Slot, Status, Watch};

/// One of the four, in the order in which reports name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
}

impl Guarantee {
    pub(crate) const ALL: [Guarantee; 4] = [
        Guarantee::ReadYourWrites,
        Guarantee::MonotonicReads,
        Guarantee::MonotonicWrites,
        Guarantee::WritesFollowReads,
    ];
}

/// A read that does not cover a write which a guarantee demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// The place of the read.
    pub(crate) read: usize,
    /// The place of the write.
    pub(crate) write: usize,
    /// The place of the read that had returned the write before, in this session or in another.
    pub(crate) seen_by: Option<usize>,
    /// The place of the later write of the other session, which this session had seen.
    pub(crate) through: Option<usize>,
}

/// Follows a history and keeps the first breach of each guarantee that is asked for.
#[derive(Debug)]
pub(crate) struct Guarantees {
    asked: [bool; 4],
    found: [Option<Breach>; 4],
    met: [u64; 4],
    /// Sessions that have written, or read something, of a key.
    wrote: FxHashSet<u64>,
    saw: FxHashSet<u64>,
    readers: Readers,
    known: Option<Known>,
}

impl Guarantees {
    /// Nothing followed so far.
    pub(crate) fn new(order: &Order<'_>, asked: &[Guarantee]) -> Self {
        let asked = Guarantee::ALL.map(|one| asked.contains(&one));
        let through = asked[2] || asked[3];
        Guarantees {
            asked,
            found: [None; 4],
            met: [0; 4],
            wrote: FxHashSet::default(),
            saw: FxHashSet::default(),
            readers: Readers::default(),
            known: through.then(|| Known::new(order)),
        }
    }

    /// The first breach of this guarantee.
    pub(crate) fn breach(&self, of: Guarantee) -> Option<Breach> {
        self.found[of as usize]
    }

    /// How many reads could have broken this guarantee; of the last two only whether any could.
    pub(crate) fn met(&self, of: Guarantee) -> u64 {
        self.met[of as usize]
    }

    /// Looks at one read only, and at these writes that it misses, by their places.
    pub(super) fn look(&mut self, order: &Order<'_>, place: usize, missed: &[usize]) {
        let Slot::Read(key, read) = order.slot(place) else {
            return;
        };
        if let Some(known) = &mut self.known {
            known.learn_all(order, place);
        }
        let reading = Reading {
            place,
            key: key as usize,
            read: read as usize,
            uncovered: &[],
        };
        for &write in missed {
            if let Slot::Write(_, write) = order.slot(write) {
                self.judge(order, reading, write as usize);
            }
        }
    }

    fn open(&self, of: Guarantee) -> bool {
        self.asked[of as usize] && self.found[of as usize].is_none()
    }

    fn keep(&mut self, of: Guarantee, breach: Breach) {
        if self.open(of) {
            self.found[of as usize] = Some(breach);
        }
    }

    /// Counts what this read could break.
    fn meet(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        if key.repeats {
            return;
        }
        let here = one(order.session(reading.place), reading.key);
        if self.asked[0] {
            self.met[0] += u64::from(self.wrote.contains(&here));
        }
        if self.asked[1] {
            self.met[1] += u64::from(self.saw.contains(&here));
            if !key.written(&key.reads[reading.read]).is_empty() {
                self.saw.insert(here);
            }
        }
        if let Some(known) = &mut self.known {
            let (wrote, read) = known.demands(order, reading);
            self.met[2] |= u64::from(wrote);
            self.met[3] |= u64::from(read);
        }
    }

    fn judge(&mut self, order: &Order<'_>, reading: Reading<'_>, missing: usize) {
        let key = &order.keys[reading.key];
        let write = &key.writes[missing];
        let (session, writer) = (order.session(reading.place), order.session(write.place));
        let acknowledged = write.status == Status::Acknowledged;
        let breach = Breach {
            read: reading.place,
            write: write.place,
            seen_by: None,
            through: None,
        };
        if acknowledged && session == writer && write.place < reading.place {
            self.keep(Guarantee::ReadYourWrites, breach);
        }
        if acknowledged && session != writer && self.open(Guarantee::MonotonicWrites) {
            let through = self.through(session, (writer, write.place));
            if through.is_some() {
                self.keep(Guarantee::MonotonicWrites, Breach { through, ..breach });
            }
        }
        let reads = self.open(Guarantee::MonotonicReads);
        let follows = self.open(Guarantee::WritesFollowReads);
        if !reads && !follows {
            return;
        }
        let readers = self.readers.of(order, (reading.key, missing)).to_vec();
        for (reader, place) in first_of_each(&readers) {
            let seen_by = Some(place);
            if reader == session && place < reading.place {
                self.keep(Guarantee::MonotonicReads, Breach { seen_by, ..breach });
            }
            if reader != session && follows {
                let through = self.through(session, (reader, place));
                if through.is_some() {
                    let breach = Breach {
                        seen_by,
                        through,
                        ..breach
                    };
                    self.keep(Guarantee::WritesFollowReads, breach);
                }
            }
        }
    }

    /// A write that another session made after this place and that the session knows.
    fn through(&self, session: usize, of: (usize, usize)) -> Option<usize> {
        self.known.as_ref()?.later(session, of)
    }
}

/// A session and a key.
fn one(session: usize, key: usize) -> u64 {
    (session as u64) << 32 | key as u64
}

/// The first reader of each session.
fn first_of_each(readers: &[(u32, u32)]) -> impl Iterator<Item = (usize, usize)> {
    let firsts = readers.chunk_by(|one, two| one.0 == two.0);
    firsts.map(|of| (of[0].0 as usize, of[0].1 as usize))
}

impl Watch for Guarantees {
    fn write(&mut self, order: &Order<'_>, place: usize) {
        let Slot::Write(key, write) = order.slot(place) else {
            return;
        };
        let of = &order.keys[key as usize].writes[write as usize];
        let acknowledged = of.status == Status::Acknowledged;
        if self.asked[0] && acknowledged {
            self.wrote.insert(one(order.session(place), key as usize));
        }
        if let Some(known) = &mut self.known
            && acknowledged
        {
            known.wrote(order.session(place), place, key as usize);
        }
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        if let Some(known) = &mut self.known {
            known.learn(order, reading);
        }
        self.meet(order, reading);
        for &missing in reading.uncovered {
            self.judge(order, reading, missing);
        }
        if let Some(known) = &mut self.known {
            known.saw(order, reading);
        }
    }

    fn done(&self) -> bool {
        Guarantee::ALL.into_iter().all(|one| !self.open(one))
    }
}
