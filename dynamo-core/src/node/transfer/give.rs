//! The side of a node that ceases to own a range.

use alloc::vec::Vec;

use super::state::{Batched, Duty, overlap};
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::message::{Confirmation, Message};
use crate::node::machine::{Node, send};
use crate::node::port::{Output, Time};
use crate::node::timers::Timer;
use crate::view::Handover;

/// How many keys go in one message.
const KEYS_MAX: usize = 64;

/// From how many ranges on the way no more claims are heard, whoever makes them.
pub(super) const DUTIES_MAX: usize = 1 << 14;

impl Node {
    /// Sees to it that ranges, if any are under way, are seen to.
    pub(in crate::node) fn schedule_transfers(&mut self, now: Time) {
        if !self.transfers.is_idle() && !self.timers.is_set(Timer::Transfers) {
            let interval = self.config.shape().timing.transfer_us;
            self.timers.set(Timer::Transfers, now.after(interval));
        }
    }

    /// Offers what is to be handed over, goes on with what is being sent, claims what is waited for.
    pub(in crate::node) fn see_to_transfers(&mut self, now: Time, out: &mut Vec<Output>) {
        let interval = self.config.shape().timing.transfer_us;
        let due = |said: Option<Time>| said.is_none_or(|said| said.after(interval) <= now);
        // Whoever was first last time comes last, or the first would leave no slice to the others.
        if self.admission.is_on() && !self.transfers.duties.is_empty() {
            self.transfers.duties.rotate_left(1);
        }
        for index in 0..self.transfers.duties.len() {
            let duty = &self.transfers.duties[index];
            if due(duty.said) && !self.detector.suspects(duty.handover.to, now) {
                self.give(now, index, out);
            }
        }
        let view = self.store.view().mark();
        for awaited in &mut self.transfers.awaits {
            // An offer may be on its way already.
            if awaited.said.is_some() && due(awaited.said) {
                awaited.claim(view, out);
            }
            if due(awaited.said) {
                awaited.said = Some(now);
            }
        }
        self.schedule_transfers(now);
    }

    /// Offers a range, or goes on with it.
    fn give(&mut self, now: Time, index: usize, out: &mut Vec<Output>) {
        let duty = &self.transfers.duties[index];
        if duty.sending.is_some() {
            self.send_keys(now, index, out);
        } else if self.store.is_durable(duty.ticket) && !self.is_blocked(&duty.handover) {
            let handover = duty.handover.clone();
            let view = self.store.view().mark();
            send(handover.to, Message::Offer { handover, view }, out);
            self.transfers.duties[index].said = Some(now);
        }
    }

    /// Whether this node itself still waits for some of what it is to hand over. Either may be a part
    /// of the other.
    fn is_blocked(&self, handover: &Handover) -> bool {
        let awaits = self.transfers.awaits.iter();
        awaits
            .filter(|awaited| awaited.handover.from != handover.to)
            .any(|awaited| overlap(awaited.handover.range, handover.range))
    }

    /// The receiver of an offer answers.
    pub(in crate::node) fn confirmed(
        &mut self,
        now: Time,
        from: NodeId,
        (handover, view): (&Handover, u64),
        answer: Confirmation,
        out: &mut Vec<Output>,
    ) {
        let Some(index) = self.duty(from, handover, view) else {
            return;
        };
        match answer {
            Confirmation::Wanted if self.transfers.duties[index].sending.is_none() => {
                self.transfers.duties[index].sending = Some(Batched::default());
                self.send_keys(now, index, out);
            }
            Confirmation::Wanted => {}
            Confirmation::Had => self.finish(now, index, out),
            Confirmation::NotMine => self.retarget(now, index, out),
        }
    }

    /// Somebody waits for a range that this node has.
    pub(in crate::node) fn claimed(
        &mut self,
        now: Time,
        from: NodeId,
        handover: Handover,
        view: u64,
        out: &mut Vec<Output>,
    ) {
        if handover.to != from || handover.from != self.id {
            return;
        }
        if view != self.store.view().mark() {
            return self.send_history(now, from, out);
        }
        // Even one that has ceased to own the range may have to pass it on.
        let heard_of = self.transfers.len() < DUTIES_MAX;
        if heard_of && self.duty(from, &handover, view).is_none() {
            let mut batch = Batch::default();
            batch.handover(&handover, false);
            self.add_duty(handover);
            self.commit(now, batch, Some(After::HandOver), out);
        }
    }

    pub(super) fn add_duty(&mut self, handover: Handover) {
        let duty = Duty::new(handover, self.store.next_ticket());
        self.transfers.duties.push(duty);
    }

    /// What a peer speaks of, if both see the cluster alike.
    fn duty(&self, to: NodeId, handover: &Handover, view: u64) -> Option<usize> {
        if view != self.store.view().mark() {
            return None;
        }
        self.transfers
            .duties
            .iter()
            .position(|duty| duty.handover.to == to && duty.handover.range == handover.range)
    }

    /// Sends the next keys, or the same again if they were not acknowledged; or leaves it to the next
    /// look at what is under way, if there is too much else to do.
    fn send_keys(&mut self, now: Time, index: usize, out: &mut Vec<Output>) {
        if !self.admits_keys(now) {
            return;
        }
        let duty = &mut self.transfers.duties[index];
        duty.said = Some(now);
        let Some(batched) = &mut duty.sending else {
            return;
        };
        let after = batched.after.clone();
        let range = duty.handover.range;
        let mut states = self.store.some_of(range, after.as_deref(), KEYS_MAX + 1);
        let last = states.len() <= KEYS_MAX;
        states.truncate(KEYS_MAX);
        if self.config.shape().flaw == Some(Flaw::SkipHandedKey) {
            states.pop();
        }
        batched.upto = states.last().map(|(key, _)| key.clone());
        batched.last = last;
        let handover = duty.handover.clone();
        let to = handover.to;
        let message = Message::Keys {
            handover,
            after,
            states,
            last,
            view: self.store.view().mark(),
        };
        send(to, message, out);
    }

    /// The receiver has the keys on disk.
    pub(in crate::node) fn keys_taken(
        &mut self,
        now: Time,
        from: NodeId,
        (handover, view): (&Handover, u64),
        (upto, last): (Option<Vec<u8>>, bool),
        out: &mut Vec<Output>,
    ) {
        let Some(index) = self.duty(from, handover, view) else {
            return;
        };
        match &mut self.transfers.duties[index].sending {
            Some(batched) if batched.upto == upto && batched.last == last => {
                batched.after = upto;
            }
            _ => return,
        }
        if last {
            self.finish(now, index, out);
        } else {
            self.send_keys(now, index, out);
        }
    }

    /// A range has been handed over. What of it this node does not own itself goes, unless another
    /// still waits for it.
    fn finish(&mut self, now: Time, index: usize, out: &mut Vec<Output>) {
        let Duty { handover, .. } = self.transfers.duties.remove(index);
        let mut batch = Batch::default();
        batch.handover(&handover, true);
        let waited_for = |position| self.transfers.gives(position);
        self.store
            .drop_range(handover.range, waited_for, &mut batch);
        self.commit(now, batch, None, out);
    }

    /// The receiver does not own the range: those get it that began to, or if none did, all that own
    /// it.
    fn retarget(&mut self, now: Time, index: usize, out: &mut Vec<Output>) {
        let range = self.transfers.duties[index].handover.range;
        let owners = self.store.view().owners_at(range.to);
        if owners.contains(&self.id) || !self.store.has_strays(range) {
            return self.finish(now, index, out);
        }
        let known = &self.transfers.duties[index].handover.others;
        let mut heirs: Vec<NodeId> = owners.to_vec();
        if !owners.iter().all(|owner| known.contains(owner)) {
            heirs.retain(|owner| !known.contains(owner));
        }
        if heirs.is_empty() {
            return;
        }
        let Duty { handover, .. } = self.transfers.duties.remove(index);
        let mut batch = Batch::default();
        batch.handover(&handover, true);
        for to in heirs {
            let handover = Handover {
                to,
                gained: false,
                ..handover.clone()
            };
            batch.handover(&handover, false);
            self.add_duty(handover);
        }
        self.commit(now, batch, Some(After::HandOver), out);
    }
}
