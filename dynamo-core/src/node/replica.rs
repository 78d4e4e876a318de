//! What a replica does when a coordinator asks.

use alloc::vec::Vec;

use super::machine::{Node, send};
use super::port::{Output, Time};
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::message::{Message, Tag};
use crate::siblings::Siblings;

impl Node {
    /// Merges what a put left, as data or as a hint, and acknowledges once it is durable (§4.5).
    pub(super) fn replicate_for(
        &mut self,
        now: Time,
        (from, tag): (NodeId, Tag),
        key: &[u8],
        siblings: &Siblings,
        hint: Option<NodeId>,
        out: &mut Vec<Output>,
    ) {
        let range = self.store.range_of(key);
        let mut batch = Batch::default();
        match hint {
            None if self.store.owns(range) => self.store.merge_data(key, siblings, &mut batch),
            Some(owner) if owner != self.id && self.store.view().owners(range).contains(&owner) => {
                self.store.merge_hint(owner, key, siblings, &mut batch);
            }
            _ => return,
        }
        let message = Message::Replicated { tag };
        self.commit(now, batch, Some(After::Send { to: from, message }), out);
    }

    /// Answers with all that the disk holds of a key. A stand-in answers from its hints.
    pub(super) fn fetch_for(&self, from: NodeId, tag: Tag, key: &[u8], out: &mut Vec<Output>) {
        let siblings = self.store.durable(key);
        send(from, Message::Fetched { tag, siblings }, out);
    }
}
