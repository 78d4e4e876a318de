//! What had been acknowledged, or read by anyone, before each read began.

use crate::history::Time;
use crate::order::{Order, Reading, Status, Watch, Written};

/// Looks at a history key by key, as it was recorded, and keeps the first stale read.
#[derive(Debug)]
pub(crate) struct Acknowledgements {
    /// By key: when the first acknowledged write returned.
    first: Vec<Option<Time>>,
    met: u64,
    /// Where the first stale read stands, its place, and that of a write that it misses.
    stale: Option<(usize, usize, usize)>,
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
        self.stale.map(|(_, read, write)| (read, write))
    }

    /// How many reads began after a write of their key had been acknowledged.
    pub(crate) fn met(&self) -> u64 {
        self.met
    }
}

impl Watch for Acknowledgements {
    fn write(&mut self, order: &Order<'_>, written: Written) {
        let write = &order.keys[written.key].writes[written.write];
        if let (Status::Acknowledged, Some(at)) = (write.status, write.returned) {
            let first = self.first[written.key].get_or_insert(at);
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
        if self.done(reading.at) {
            return;
        }
        let writes = reading.uncovered.iter().map(|&write| &key.writes[write]);
        let missed = writes.filter(|write| {
            let acknowledged = write.status == Status::Acknowledged;
            acknowledged && write.returned.is_some_and(|at| at < read.invoked)
        });
        // The one that came first is the plainest.
        let missed = missed.min_by_key(|write| (write.returned, write.place));
        if let Some(write) = missed {
            self.stale = Some((reading.at, reading.place, write.place));
        }
    }

    fn done(&self, at: usize) -> bool {
        self.stale.is_some_and(|(found, ..)| found <= at)
    }
}
