//! Tombstones that have grown old are forgotten, where that was chosen.

use alloc::vec::Vec;

use super::machine::Node;
use super::port::{Output, Time};
use super::timers::Timer;
use crate::batch::Batch;
use crate::flaw::Flaw;

impl Node {
    /// For how long tombstones are kept, if not for good.
    pub(super) fn tombstones_kept_us(&self) -> Option<u64> {
        if self.flaw(Flaw::ReapTooSoon) {
            return Some(200_000);
        }
        self.config.shape().reaping_us
    }

    /// Sees to it that tombstones are looked at, twice in the time that they are kept.
    pub(super) fn schedule_reaping(&mut self, now: Time) {
        if let Some(kept) = self.tombstones_kept_us() {
            self.timers
                .set(Timer::Reaping, now.after((kept / 2).max(1)));
        }
    }

    /// Deletes keys of which nothing is left but old tombstones.
    pub(super) fn reap(&mut self, now: Time, out: &mut Vec<Output>) {
        self.schedule_reaping(now);
        let kept = self.tombstones_kept_us().unwrap_or(u64::MAX);
        let Some(before) = now.0.checked_sub(kept) else {
            return;
        };
        let mut batch = Batch::default();
        self.store.reap(before, &mut batch);
        self.commit(now, batch, None, out);
    }
}
