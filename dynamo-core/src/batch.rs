//! Changes that become durable together, and what waits for that.

use alloc::vec::Vec;

use crate::clock::NodeId;
use crate::hint::Hint;
use crate::membership::Change;
use crate::message::Message;
use crate::node::{RequestId, Ticket};
use crate::record::{
    Write, digest_of_data, write_change, write_data, write_handover, write_hint, write_sequence,
};
use crate::siblings::Siblings;
use crate::view::Handover;

/// Changes that become durable together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) writes: Vec<Write>,
    pub(crate) effects: Vec<Effect>,
    /// The store that must be durable before what was asked for is, though it is not written again.
    pub(crate) awaits: Ticket,
    /// Whether memory is enough, where that was chosen.
    pub(crate) hasty: bool,
}

impl Batch {
    /// The data of a key becomes this; nothing deletes it.
    pub(crate) fn data(&mut self, key: &[u8], siblings: Siblings) {
        let write = write_data(key, &siblings);
        self.effects.push(Effect::Data {
            key: key.to_vec(),
            digest: digest_of_data(&write),
            siblings,
        });
        self.writes.push(write);
    }

    /// What is kept of a key for an owner becomes this; nothing deletes it.
    pub(crate) fn hint(&mut self, slot: NodeId, hint: Hint, key: &[u8], siblings: Siblings) {
        self.writes.push(write_hint(slot, hint, key, &siblings));
        let key = key.to_vec();
        self.effects.push(Effect::Hint {
            slot,
            key,
            siblings,
        });
    }

    /// The events issued so far are these.
    pub(crate) fn sequence(&mut self, born: u64, last: u64) {
        self.writes.push(write_sequence(born, last));
    }

    /// The history has this line.
    pub(crate) fn change(&mut self, change: &Change) {
        self.writes.push(write_change(change));
    }

    /// A part of the circle is to be handed over or waited for, or no longer.
    pub(crate) fn handover(&mut self, handover: &Handover, done: bool) {
        self.writes.push(write_handover(handover, done));
    }

    /// Some of what was asked for was asked of the disk before.
    pub(crate) fn wait_for(&mut self, ticket: Ticket) {
        self.awaits = self.awaits.max(ticket);
    }
}

/// What was asked of the disk and takes effect once the disk has answered.
#[derive(Clone, Debug, Hash)]
pub(crate) enum Effect {
    Data {
        key: Vec<u8>,
        siblings: Siblings,
        /// Of the siblings.
        digest: u128,
    },
    Hint {
        slot: NodeId,
        key: Vec<u8>,
        siblings: Siblings,
    },
}

/// What a node does once something is on disk.
#[derive(Clone, Debug, Hash)]
pub(crate) enum After {
    /// Hands the put of that number to the other replicas.
    Replicate(u64),
    /// Counts this node's own copy for the get of that number.
    WriteBack(u64),
    /// Says something to a node.
    Send { to: NodeId, message: Message },
    /// Acknowledges a write of a key at this position.
    Vouch {
        to: NodeId,
        position: u128,
        message: Message,
    },
    /// Answers a client that it is done.
    Reply(RequestId),
    /// Sees to the ranges that are to be handed over.
    HandOver,
    /// Acknowledges keys of a range.
    Landed {
        handover: Handover,
        view: u64,
        upto: Option<Vec<u8>>,
        last: bool,
    },
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub(crate) enum Commit {
    /// It must be written.
    Write(Ticket, Vec<Write>),
    /// The disk holds all of it already.
    Done(Option<After>),
    /// The disk is about to hold all of it.
    Waits,
}
