//! What had been acknowledged, or read by anyone, before each read began.

use crate::history::Time;
use crate::order::{Order, Reading, Slot, Status, Watch};

/// Follows a history as it was recorded and keeps the first stale read.
#[derive(Debug)]
pub(crate) struct Acknowledgements {
    /// By key: when the first acknowledged write returned.
    first: Vec<Option<Time>>,
    met: u64,
    stale: Option<(usize, usize)>,
}

impl Acknowledgements {
    /// Nothing followed so far.
    pub(crate) fn new(order: &Order<'_>) -> Self {
        Acknowledgements {
            first: vec![None; order.keys.len()],
            met: 0,
            stale: None,
        }
    }

    /// The places of the first stale read and of a write that it misses.
    pub(crate) fn stale(&self) -> Option<(usize, usize)> {
        self.stale
    }

    /// How many reads began after a write of their key had been acknowledged.
    pub(crate) fn met(&self) -> u64 {
        self.met
    }
}

impl Watch for Acknowledgements {
    fn write(&mut self, order: &Order<'_>, place: usize) {
        let Slot::Write(key, write) = order.slot(place) else {
            return;
        };
        let write = &order.keys[key as usize].writes[write as usize];
        if let (Status::Acknowledged, Some(at)) = (write.status, write.returned) {
            let first = self.first[key as usize].get_or_insert(at);
            *first = at.min(*first);
        }
    }

    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>) {
        let key = &order.keys[reading.key];
        if key.repeats {
            return;
        }
        let read = &key.reads[reading.read];
        let first = self.first[reading.key];
        self.met += u64::from(first.is_some_and(|first| first < read.invoked));
        if self.stale.is_some() {
            return;
        }
        let writes = reading.uncovered.iter().map(|&write| &key.writes[write]);
        let missed = writes.filter(|write| {
            let acknowledged = write.status == Status::Acknowledged;
            acknowledged && write.returned.is_some_and(|at| at < read.invoked)
        });
        // The one that came first is the plainest.
        let missed = missed.min_by_key(|write| (write.returned, write.place));
        self.stale = missed.map(|write| (reading.place, write.place));
    }

    fn done(&self) -> bool {
        self.stale.is_some()
    }
}
