//! Tombstones that have grown old are forgotten, where that was chosen.

use alloc::vec::Vec;

use super::machine::Node;
use super::port::{Output, Time};
use super::timers::Timer;
use crate::batch::Batch;

impl Node {
    /// Sees to it that tombstones are looked at, twice in the time that they are kept.
    pub(super) fn schedule_reaping(&mut self, now: Time) {
        if let Some(kept) = self.config.shape().reaping_us {
            self.timers
                .set(Timer::Reaping, now.after((kept / 2).max(1)));
        }
    }

    /// Deletes keys of which nothing is left but old tombstones.
    pub(super) fn reap(&mut self, now: Time, out: &mut Vec<Output>) {
        self.schedule_reaping(now);
        let kept = self.config.shape().reaping_us.unwrap_or(u64::MAX);
        let Some(before) = now.0.checked_sub(kept) else {
            return;
        };
        let mut batch = Batch::default();
        self.store.reap(before, &mut batch);
        self.commit(now, batch, None, out);
    }
}
