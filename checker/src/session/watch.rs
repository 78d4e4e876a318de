//! The four session guarantees, held against every read.

use super::own::Own;
use super::through::Through;
use crate::order::{Order, Reading, Slot};

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

/// What was seen of the four.
#[derive(Debug)]
pub(crate) struct Guarantees {
    pub(crate) own: Own,
    /// Not looked at where nothing could be found.
    pub(crate) through: Option<Through>,
}

impl Guarantees {
    /// The first breach of this guarantee.
    pub(super) fn breach(&self, of: Guarantee) -> Option<Breach> {
        let through = |of| self.through.as_ref().and_then(|through| through.breach(of));
        match of {
            Guarantee::ReadYourWrites => self.own.breach(0),
            Guarantee::MonotonicReads => self.own.breach(1),
            Guarantee::MonotonicWrites => through(0),
            Guarantee::WritesFollowReads => through(1),
        }
    }

    /// How many reads could have broken this guarantee; of the last two only whether any could.
    pub(super) fn met(&self, of: Guarantee) -> u64 {
        let through = |of: usize| {
            let met = self.through.as_ref().map(Through::met);
            u64::from(met.unwrap_or(self.own.met_others())[of])
        };
        match of {
            Guarantee::ReadYourWrites => self.own.met()[0],
            Guarantee::MonotonicReads => self.own.met()[1],
            Guarantee::MonotonicWrites => through(0),
            Guarantee::WritesFollowReads => through(1),
        }
    }

    /// What one read alone breaks by missing these writes, told by their places.
    pub(super) fn of_one(order: &Order<'_>, place: usize, missed: &[usize]) -> Self {
        let mut own = Own::new(order, [true; 2]);
        let mut through = Through::until(order, place);
        if let Slot::Read(key, read) = order.slot(place) {
            let reading = Reading {
                at: 0,
                place,
                key: key as usize,
                read: read as usize,
                uncovered: &[],
            };
            for &write in missed {
                if let Slot::Write(_, write) = order.slot(write) {
                    own.judge(order, reading, write as usize);
                    through.judge(order, reading, write as usize);
                }
            }
        }
        let through = Some(through);
        Guarantees { own, through }
    }
}
