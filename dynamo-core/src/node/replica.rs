//! What a replica does when a coordinator asks.

use alloc::vec::Vec;

use super::machine::{Node, send};
use super::port::{Output, Time};
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::hint::Hint;
use crate::message::{Message, Tag};
use crate::siblings::Siblings;

impl Node {
    /// Merges what a put left, as data or as a hint, and acknowledges once it is durable (§4.5).
    pub(super) fn replicate_for(
        &mut self,
        now: Time,
        (from, tag): (NodeId, Tag),
        (key, siblings): (&[u8], &Siblings),
        hint: Option<Hint>,
        synced: bool,
        out: &mut Vec<Output>,
    ) {
        let range = self.store.range_of(key);
        let meant_for_here = match hint {
            None => self.store.owns(range),
            Some(hint) => {
                hint.owner != self.id && self.store.view().owners(range).contains(&hint.owner)
            }
        };
        if !meant_for_here {
            return;
        }
        let mut batch = Batch {
            hasty: hint.is_none() && !synced,
            ..Batch::default()
        };
        let siblings = &siblings.pruned_if(self.flaw(Flaw::PruneAtReplica));
        let came = (key, siblings);
        if !self
            .store
            .overwrite(Flaw::ReplicateOverwrites, hint, came, &mut batch)
        {
            self.store.merge(hint, key, siblings, &mut batch);
        }
        let view = self.store.view().mark();
        let position = self.store.position_of(key);
        let message = Message::Replicated { tag, view };
        if self.flaw(Flaw::ReplicaAckEarly) {
            self.vouch(from, position, message, out);
            return self.commit(now, batch, None, out);
        }
        let vouch = After::Vouch {
            to: from,
            position,
            message,
        };
        self.commit(now, batch, Some(vouch), out);
    }

    /// Answers with all that the disk holds of a key. A stand-in answers from its hints; an owner
    /// that still waits for the range says so, and so does one that is asked for the rest of a range
    /// after it has handed that over.
    pub(super) fn fetch_for(
        &self,
        from: NodeId,
        tag: Tag,
        (key, rest): (&[u8], bool),
        out: &mut Vec<Output>,
    ) {
        let siblings = self.store.shown(key, Flaw::ReadUnsynced);
        let view = self.store.view().mark();
        let gone = (rest && !self.lends(key)).then_some(self.id);
        let message = match gone.or_else(|| self.holder_of_rest(key)) {
            None => Message::Fetched {
                tag,
                view,
                siblings,
            },
            Some(from) => Message::NotYet {
                tag,
                view,
                siblings,
                from,
            },
        };
        send(from, message, out);
    }

    /// Whether this node still has what another waits for.
    pub(super) fn lends(&self, key: &[u8]) -> bool {
        let position = self.store.position_of(key);
        self.store.view().owners_at(position).contains(&self.id) || self.transfers.gives(position)
    }

    /// Who has what this node still lacks of a key that it owns.
    pub(super) fn holder_of_rest(&self, key: &[u8]) -> Option<NodeId> {
        self.transfers
            .awaited(self.store.position_of(key))
            .map(|(holder, _)| holder)
    }
}
