//! The write buffer: what is acknowledged from memory and comes to the disk later (§6.1).

use alloc::vec::Vec;

use super::machine::Node;
use super::port::{Output, Ticket, Time};
use super::timers::Timer;
use crate::flaw::Flaw;
use crate::record::Write;
use crate::shape::Durability;

/// What the disk has not been asked for yet, in order. Reads see it: they never look at the disk.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Buffer {
    writes: Vec<Write>,
    ticket: Ticket,
}

impl Node {
    /// Sees to it that a store comes to the disk: at once, or where memory is enough a little later.
    ///
    /// A hasty store that comes after one which is still being synced waits for that.
    pub(super) fn write(
        &mut self,
        now: Time,
        ticket: Ticket,
        writes: Vec<Write>,
        hasty: bool,
        out: &mut Vec<Output>,
    ) {
        self.buffer.writes.extend(writes);
        self.buffer.ticket = ticket;
        let most = match self.config.shape().durability {
            Durability::Buffered { writes, .. } if hasty => writes as usize,
            _ => 0,
        };
        if self.buffer.writes.len() > most || self.store.is_behind(ticket) {
            self.flush(out);
        } else if !self.timers.is_set(Timer::Flush) {
            let patience = self.config.shape().timing.flush_us;
            self.timers.set(Timer::Flush, now.after(patience));
        }
        let in_memory = most > 0 && !self.store.is_behind(ticket);
        if in_memory || self.flaw(Flaw::AckBeforeSync) {
            self.stored(now, ticket, out);
        }
    }

    /// Asks the disk for all that is in memory only.
    pub(super) fn flush(&mut self, out: &mut Vec<Output>) {
        self.timers.clear(Timer::Flush);
        let writes = core::mem::take(&mut self.buffer.writes);
        if !writes.is_empty() {
            let ticket = self.buffer.ticket;
            out.push(Output::Store { ticket, writes });
        }
    }
}
