//! What a session has to see because it knows a later write of another session.

use super::known::{Demands, Known};
use super::readers::{Readers, first_of_each};
use super::watch::Breach;
use crate::order::{Columns, Course, Misses, Order, Reading, Status, Watch, Written};

/// Follows a history and keeps the first breach of monotonic writes and of writes follow reads, if they are asked
/// for.
#[derive(Debug)]
pub(crate) struct Through {
    asked: [bool; 2],
    found: [Option<Breach>; 2],
    known: Known,
    /// Whether it has to be told of writes, and whether it can say by which writes a session knows.
    follows: bool,
    exact: bool,
    demands: Demands,
    readers: Readers,
    /// From where on in the course reads count, and where the last one is that misses anything.
    since: usize,
    last: usize,
}

impl Through {
    /// Nothing followed so far, and so much known to be met. Reads before `since` break nothing.
    pub(crate) fn new(
        order: &Order<'_>,
        course: &Course,
        (asked, met): ([bool; 2], [bool; 2]),
        (misses, since): (&Misses, usize),
    ) -> Self {
        let few = met == [true; 2] && misses.are_told(course);
        let mut readers = Readers::default();
        let known = match course {
            Course::Circular(_) => Known::of_all(order),
            _ if few => Known::new(order, readers.columns(order, (misses, since), true)),
            _ => Known::new(order, Columns::whole(order.session_count)),
        };
        Through {
            asked,
            found: [None; 2],
            known,
            follows: !matches!(course, Course::Circular(_)),
            exact: !few,
            demands: Demands::new(met),
            readers,
            since,
            last: misses.last(),
        }
    }

    /// What the session of this read knew when it was answered.
    pub(super) fn until(order: &Order<'_>, place: usize) -> Self {
        let mut known = Known::of_all(order);
        known.learn_all(order, place);
        Through {
            asked: [true; 2],
            found: [None; 2],
            known,
            follows: false,
            exact: true,
            demands: Demands::new([true; 2]),
            readers: Readers::default(),
            since: 0,
            last: usize::MAX,
        }
    }

    /// The first breach, of monotonic writes and of writes follow reads.
    pub(crate) fn breach(&self, of: usize) -> Option<Breach> {
        self.found[of]
    }

    /// Whether anything was demanded.
    pub(super) fn met(&self) -> [bool; 2] {
        self.demands.met()
    }

    fn open(&self, of: usize) -> bool {
        self.asked[of] && self.found[of].is_none()
    }

    /// Holds one read against one write that it misses.
    pub(super) fn judge(&mut self, order: &Order<'_>, reading: Reading<'_>, missing: usize) {
        let write = &order.keys[reading.key].writes[missing];
        let (session, writer) = (order.session(reading.place), order.session(write.place));
        let breach = Breach {
            read: reading.place,
            write: write.place,
            seen_by: None,
            through: None,
        };
        if self.open(0) && write.status == Status::Acknowledged && session != writer {
            self.hold(order, 0, (writer, write.place), breach);
        }
        if !self.open(1) {
            return;
        }
        let readers = self.readers.of(order, (reading.key, missing));
        let known = &self.known;
        let knows = first_of_each(readers).find(|&other| {
            let (reader, _) = other;
            reader != session && known.later(session, other).is_some()
        });
        if let Some(other) = knows {
            let seen_by = Some(other.1);
            self.hold(order, 1, other, Breach { seen_by, ..breach });
        }
    }

    /// Keeps a breach, if the session of its read knows a write that another made after a place.
    fn hold(&mut self, order: &Order<'_>, of: usize, other: (usize, usize), breach: Breach) {
        let session = order.session(breach.read);
        let mut through = self.known.later(session, other);
        if through.is_some() && !self.exact {
            through = Through::until(order, breach.read)
                .known
                .later(session, other);
        }
        if through.is_some() {
            self.found[of] = Some(Breach { through, ..breach });
        }
    }
}

impl Watch for Through {
    fn write(&mut self, order: &Order<'_>, written: Written) {
        if self.follows {
            self.known.write(order, written);
        }
        let write = &order.keys[written.key].writes[written.write];
        if write.status == Status::Acknowledged {
            self.demands.write(order, written);
        }
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        self.known.learn(order, (reading.key, reading.read));
        self.demands.read(order, &self.known, reading);
        if reading.at >= self.since {
            for &missing in reading.uncovered {
                self.judge(order, reading, missing);
            }
        }
    }

    fn done(&self, at: usize) -> bool {
        let met = self.demands.met();
        (0..2).all(|of| !self.open(of) || met[of] && at > self.last)
    }
}
