//! The side of a node that begins to own a range.

use alloc::vec::Vec;

use super::state::pay;
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::message::{Confirmation, Message};
use crate::node::machine::{Node, send};
use crate::node::port::{Output, Time};
use crate::siblings::Siblings;
use crate::view::Handover;

/// How many messages of another view are kept until this node has heard of it.
pub(super) const PARKED_MAX: usize = 256;

/// How many ranges are remembered as arrived.
pub(super) const ARRIVED_MAX: usize = 4096;

impl Node {
    /// Somebody offers a range.
    pub(in crate::node) fn offered(
        &mut self,
        from: NodeId,
        handover: Handover,
        view: u64,
        out: &mut Vec<Output>,
    ) {
        if handover.from != from || handover.to != self.id {
            return;
        }
        let found = self
            .transfers
            .awaits
            .iter_mut()
            .find(|awaited| awaited.handover.range == handover.range && awaited.expects(from));
        let answer = if let Some(awaited) = found {
            if awaited.handover.from == from {
                awaited.offered = true;
                pay(&mut awaited.owed, out);
                self.count_own(handover.range, out);
            }
            Confirmation::Wanted
        } else if self.transfers.arrived.contains(&(handover.range, from)) {
            Confirmation::Had
        } else if self
            .store
            .view()
            .owners_at(handover.range.to)
            .contains(&self.id)
        {
            Confirmation::Wanted
        } else {
            Confirmation::NotMine
        };
        let confirm = Message::Confirm {
            handover,
            answer,
            view,
        };
        send(from, confirm, out);
    }

    /// Keys of a range arrive.
    pub(in crate::node) fn take_keys(
        &mut self,
        now: Time,
        from: NodeId,
        (handover, view): (Handover, u64),
        states: &[(Vec<u8>, Siblings)],
        last: bool,
        out: &mut Vec<Output>,
    ) {
        let alike = view == self.store.view().mark();
        if !alike || handover.from != from || handover.to != self.id {
            return;
        }
        let mut batch = Batch::default();
        for (key, siblings) in states {
            if handover.range.contains(self.store.position_of(key)) {
                self.store.merge_data(key, siblings, &mut batch);
            }
        }
        let upto = states.last().map(|(key, _)| key.clone());
        let landed = After::Landed {
            handover,
            view,
            upto,
            last,
        };
        self.commit(now, batch, Some(landed), out);
    }

    /// Keys of a range are on disk: with the last of them, the range is this node's own.
    pub(in crate::node) fn landed(
        &mut self,
        now: Time,
        (handover, view): (Handover, u64),
        upto: Option<Vec<u8>>,
        last: bool,
        out: &mut Vec<Output>,
    ) {
        if view != self.store.view().mark() {
            return;
        }
        let from = handover.from;
        if last {
            self.arrive(now, &handover, out);
        }
        let ack = Message::KeysAck {
            handover,
            upto,
            last,
            view,
        };
        send(from, ack, out);
    }

    fn arrive(&mut self, now: Time, handover: &Handover, out: &mut Vec<Output>) {
        let from = handover.from;
        let arrived = &mut self.transfers.arrived;
        arrived.insert((handover.range, from));
        if arrived.len() > ARRIVED_MAX {
            arrived.pop_first();
        }
        let mut batch = Batch::default();
        let mut kept = Vec::new();
        for mut awaited in core::mem::take(&mut self.transfers.awaits) {
            if awaited.handover.range == handover.range && awaited.expects(from) {
                awaited.had.insert(from);
            }
            if awaited.complete() {
                batch.handover(&awaited.handover, true);
                pay(&mut awaited.owed, out);
            } else {
                kept.push(awaited);
            }
        }
        self.transfers.awaits = kept;
        self.count_own(handover.range, out);
        // What comes to one that has ceased to own it meanwhile goes on.
        self.plan_strays(&mut batch);
        self.commit(now, batch, Some(After::HandOver), out);
    }

    /// A write is on disk: it is acknowledged, unless the range is still waited for and nobody has
    /// said yet that the old owner acts by the new ring.
    pub(in crate::node) fn vouch(
        &mut self,
        to: NodeId,
        position: u128,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        let unknown = self
            .transfers
            .awaits
            .iter_mut()
            .find(|awaited| awaited.handover.range.contains(position) && !awaited.offered);
        match unknown {
            Some(awaited) => awaited.owed.push((to, message)),
            None => send(to, message, out),
        }
    }

    /// Whether this node may count its own copy of a key that it owns.
    pub(in crate::node) fn vouches_for(&self, key: &[u8]) -> bool {
        let awaited = self.transfers.awaited(self.store.position_of(key));
        awaited.is_none_or(|(_, known)| known)
    }

    /// A message of another view waits for the next view of this node. If that is another again, or too
    /// much waits, it is lost.
    pub(in crate::node) fn park(
        &mut self,
        now: Time,
        from: NodeId,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        let parked = &mut self.transfers.parked;
        parked.push_back((from, message));
        if parked.len() > PARKED_MAX {
            // Of offers there may be many at once, and each is repeated.
            let offers =
                |(_, message): &(NodeId, Message)| matches!(message, Message::Offer { .. });
            let goes = parked.iter().position(offers).unwrap_or(0);
            parked.remove(goes);
        }
        self.send_history(now, from, out);
    }

    /// Hears again what waited for a view.
    pub(in crate::node) fn hear_parked(&mut self, now: Time, out: &mut Vec<Output>) {
        let mark = self.store.view().mark();
        for (from, message) in core::mem::take(&mut self.transfers.parked) {
            if message.view() == Some(mark) {
                self.receive(now, from, message, out);
            }
        }
    }
}
