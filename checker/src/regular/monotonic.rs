//! Whether a later read covers what an earlier one returned, across sessions.

use crate::history::{History, OpId, Time};
use crate::kv::Kv;
use crate::order::{Course, Order, Reading, Watch, Written, survey};

/// A value that was read and, later, no more: the new came before the old.
///
/// Linearizable stores have none. It is no promise of its own: within one session it is
/// [`crate::session::MonotonicReads`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inversion {
    /// The write that the first read returned.
    pub write: OpId,
    /// The read that returned it.
    pub first: OpId,
    /// The read that began after the first had returned, and does not cover the write.
    pub second: OpId,
}

/// The first inversion, if there is one, O(operations + contexts · log chains). Keys with repeated values
/// are left out.
pub fn monotonic(history: &History<Kv>) -> Option<Inversion> {
    let mut order = Order::new(history);
    let mut watch = Sightings::new(&order);
    survey(&mut order, &Course::Recorded, &mut [&mut watch]);
    watch.found.map(|(_, found)| found)
}

/// When each write was first known to be read.
struct Sightings {
    /// By key and write: when the first answer that returned it arrived, and the place of that read.
    first: Vec<Vec<Option<(Time, usize)>>>,
    /// With where in the course the second read stands.
    found: Option<(usize, Inversion)>,
}

impl Sightings {
    fn new(order: &Order<'_>) -> Self {
        let of_key = order.keys.iter().map(|key| vec![None; key.writes.len()]);
        Sightings {
            first: of_key.collect(),
            found: None,
        }
    }
}

impl Watch for Sightings {
    fn write(&mut self, _: &Order<'_>, _: Written) {}

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        if self.done(reading.at) {
            return;
        }
        let key = &order.keys[reading.key];
        let read = &key.reads[reading.read];
        let sightings = &mut self.first[reading.key];
        let seen = reading.uncovered.iter();
        let seen = seen.filter_map(|&write| Some((sightings[write]?, write)));
        let seen = seen.filter(|((at, _), _)| *at < read.invoked).min();
        if let Some(((_, first), write)) = seen {
            let inversion = Inversion {
                write: order.op(key.writes[write].place).id,
                first: order.op(first).id,
                second: order.op(reading.place).id,
            };
            self.found = Some((reading.at, inversion));
        }
        for &write in key.written(read) {
            sightings[write].get_or_insert((read.returned, reading.place));
        }
    }

    fn done(&self, at: usize) -> bool {
        self.found.as_ref().is_some_and(|(found, _)| *found <= at)
    }
}
