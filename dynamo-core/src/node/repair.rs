//! Read repair: what a get found stale is brought up to date (§5).

use alloc::vec::Vec;

use super::get::Get;
use super::machine::{Node, send};
use super::port::{Output, Time};
use crate::batch::Batch;
use crate::flaw::Flaw;
use crate::message::Message;
use crate::shape::ReadRepair;
use crate::siblings::{Siblings, Version};

impl Node {
    /// Sends what all replicas hold together to each owner that answered with something else. A pure
    /// join: a repair never makes an event.
    pub(super) fn repair(&mut self, now: Time, get: &Get, out: &mut Vec<Output>) {
        if self.config.shape().read_repair == ReadRepair::Off {
            return;
        }
        let merged = get.merged(self.store.versioning());
        let stale = |answer: &Option<Siblings>| answer.as_ref().is_some_and(|held| *held != merged);
        let owners = self.store.view().owners(get.range);
        let stale = get
            .asked
            .iter()
            .filter(|asked| owners.contains(&asked.place.asked) && stale(&asked.answer));
        let stale: Vec<_> = stale.map(|asked| asked.place.asked).collect();
        for node in stale {
            let siblings = if self.flaw(Flaw::MintOnRepair) {
                self.minted_again(&merged)
            } else {
                merged.clone()
            };
            if node == self.id {
                self.repaired(now, &get.key, &siblings, out);
            } else {
                let key = get.key.clone();
                send(node, Message::Repair { key, siblings }, out);
            }
        }
    }

    /// Merges a repair. Nobody waits for it.
    pub(super) fn repaired(
        &mut self,
        now: Time,
        key: &[u8],
        siblings: &Siblings,
        out: &mut Vec<Output>,
    ) {
        if self.store.owns(self.store.range_of(key)) {
            let mut batch = Batch {
                hasty: true,
                ..Batch::default()
            };
            self.store.merge_data(key, siblings, &mut batch);
            self.commit(now, batch, None, out);
        }
    }

    /// The same value as a new event of this node: only a flaw asks for this. Siblings stay as they
    /// are, or coordinators that repair at the same time would double them each time.
    fn minted_again(&mut self, siblings: &Siblings) -> Siblings {
        let mut again = siblings.clone();
        if let (1, Some(version)) = (siblings.len(), siblings.iter().next()) {
            let past = siblings.context();
            let version = Version {
                dot: self.store.mint(true, siblings, &past),
                past,
                ..version.clone()
            };
            self.store.versioning().put(&mut again, version);
        }
        again
    }
}
