//! Hinted handoff: hints are delivered, and deleted once their owner has them on disk (§4.6).

use alloc::vec::Vec;

use super::machine::{Node, send};
use super::port::{Output, Time};
use super::timers::Timer;
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::message::Message;
use crate::siblings::Siblings;

impl Node {
    /// Sees to it that hints, if there are any, are looked at.
    pub(super) fn schedule_hints(&mut self, now: Time) {
        if self.store.has_hints() && !self.timers.is_set(Timer::Hints) {
            let interval = self.config.shape().timing.hint_scan_us;
            self.timers.set(Timer::Hints, now.after(interval));
        }
    }

    /// Sends each hint to its owner, unless the owner seems down: then a later scan tries again.
    pub(super) fn deliver_hints(&mut self, now: Time, out: &mut Vec<Output>) {
        let patience = self.config.shape().timing.replica_us;
        let once = self.flaw(Flaw::HintOnlyOnce);
        let late = |(_, since): &(&NodeId, &Time)| since.after(patience) <= now && !once;
        let silent: Vec<_> = self
            .delivering
            .iter()
            .filter(late)
            .map(|(owner, _)| *owner)
            .collect();
        for owner in silent {
            self.delivering.remove(&owner);
            self.suspect(now, owner);
        }
        if self.flaw(Flaw::DropHintsForDown) {
            self.drop_hints_for_down(now, out);
        }
        for (owner, key, siblings) in self.admitted_hints(now) {
            if once
                && self
                    .delivering
                    .get(&owner)
                    .is_some_and(|since| *since < now)
            {
                continue;
            }
            self.delivering.entry(owner).or_insert(now);
            if self.flaw(Flaw::DropHintOnSend) {
                self.hint_taken(now, owner, &key, siblings.digest(), out);
            }
            let to = if self.flaw(Flaw::HintToFirstOwner) {
                self.first_other(&key).unwrap_or(owner)
            } else {
                owner
            };
            send(to, Message::Hint { key, siblings }, out);
        }
        self.schedule_hints(now);
    }

    /// Where [`Flaw::HintToFirstOwner`] sends a hint.
    fn first_other(&self, key: &[u8]) -> Option<NodeId> {
        let owners = self.store.view().owners_at(self.store.position_of(key));
        owners.iter().copied().find(|owner| *owner != self.id)
    }

    /// What [`Flaw::DropHintsForDown`] does.
    fn drop_hints_for_down(&mut self, now: Time, out: &mut Vec<Output>) {
        for (owner, key, siblings) in self.store.hints() {
            if self.detector.suspects(owner, now) {
                self.hint_taken(now, owner, &key, siblings.digest(), out);
            }
        }
    }

    /// Merges a hint that another node kept for this one, and acknowledges once it is durable.
    pub(super) fn take_hint(
        &mut self,
        now: Time,
        from: NodeId,
        key: Vec<u8>,
        siblings: &Siblings,
        out: &mut Vec<Output>,
    ) {
        if !self.store.owns(self.store.range_of(&key)) {
            return;
        }
        let mut batch = Batch::default();
        let digest = siblings.digest();
        let siblings = &siblings.pruned_if(self.flaw(Flaw::PruneOnHandoff));
        let came = (&key[..], siblings);
        if !self
            .store
            .overwrite(Flaw::HintOverwrites, None, came, &mut batch)
        {
            self.store.merge_data(&key, siblings, &mut batch);
        }
        let message = Message::HintAck { key, digest };
        if self.flaw(Flaw::AckHintEarly) {
            send(from, message, out);
            return self.commit(now, batch, None, out);
        }
        self.commit(now, batch, Some(After::Send { to: from, message }), out);
    }

    /// The owner has a hint on disk: it may go, if it has not grown since it was sent.
    pub(super) fn hint_taken(
        &mut self,
        now: Time,
        owner: NodeId,
        key: &[u8],
        digest: u128,
        out: &mut Vec<Output>,
    ) {
        self.delivering.remove(&owner);
        if self.flaw(Flaw::KeepDeliveredHint) {
            return;
        }
        let mut batch = Batch::default();
        self.store.drop_hint(owner, key, digest, &mut batch);
        if self.flaw(Flaw::DropAllOnAck) {
            for (_, key, siblings) in self.store.hints().iter().filter(|hint| hint.0 == owner) {
                self.store
                    .drop_hint(owner, key, siblings.digest(), &mut batch);
            }
        }
        self.commit(now, batch, None, out);
    }
}
