//! What a node does unasked asks here first how much of it may be done now (§6.5).

use alloc::vec::Vec;

use super::machine::Node;
use super::port::Time;
use crate::admission::Work;
use crate::batch::After;
use crate::clock::NodeId;
use crate::message::Message;
use crate::siblings::Siblings;

/// How many hints a slice is.
const HINTS_PER_SLICE: usize = 16;

/// A hint: for whom, of what, what.
type Hint = (NodeId, Vec<u8>, Siblings);

impl Node {
    /// The hints to be delivered now, for owners that seem up. If not all may be, it goes on next
    /// time where it stopped, so that one which nobody takes does not keep back the others.
    pub(super) fn admitted_hints(&mut self, now: Time) -> Vec<Hint> {
        let mut hints = self.store.hints();
        hints.retain(|(owner, ..)| !self.detector.suspects(*owner, now));
        if !self.admission.is_on() {
            return hints;
        }
        let wanted = hints.len().div_ceil(HINTS_PER_SLICE) as u32;
        let granted = self.admission.reserve(now, Work::Hints, wanted) as usize;
        let last = self.delivered.as_ref();
        let done =
            |(owner, key, _): &Hint| last.is_some_and(|last| (key, owner) <= (&last.0, &last.1));
        let start = hints.partition_point(done);
        hints.rotate_left(start);
        hints.truncate(granted.saturating_mul(HINTS_PER_SLICE));
        if let Some((owner, key, _)) = hints.last() {
            self.delivered = Some((key.clone(), *owner));
        }
        hints
    }

    /// Whether trees may be compared now.
    pub(super) fn admits_comparison(&mut self, now: Time) -> bool {
        self.admission.reserve(now, Work::Comparisons, 1) > 0
    }

    /// Whether keys of a range may be sent now.
    pub(super) fn admits_keys(&mut self, now: Time) -> bool {
        self.admission.reserve(now, Work::Transfers, 1) > 0
    }
}

impl After {
    /// Whether a client waits for it.
    pub(super) fn is_foreground(&self) -> bool {
        match self {
            After::Replicate(_) | After::WriteBack(_) => true,
            After::Send { message, .. } | After::Vouch { message, .. } => {
                matches!(message, Message::Replicated { .. })
            }
            After::Reply(_) | After::HandOver | After::Landed { .. } => false,
        }
    }
}
