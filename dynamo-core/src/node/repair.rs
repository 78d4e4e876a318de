//! Read repair: what a get found stale is brought up to date (§5).

use alloc::vec::Vec;

use super::answers::Get;
use super::machine::{Node, send};
use super::port::{Output, Time};
use crate::batch::Batch;
use crate::flaw::Flaw;
use crate::message::Message;
use crate::shape::ReadRepair;
use crate::siblings::{Siblings, Version};

impl Node {
    /// Sends what all replicas hold together to each owner that answered with something else. The
    /// client has its answer, and late replicas had their time. A pure join: a repair never makes an
    /// event.
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
            let siblings = self.mended(&merged);
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
            let came = (key, siblings);
            if !self
                .store
                .overwrite(Flaw::RepairOverwrites, None, came, &mut batch)
            {
                self.store.mend_data(key, siblings, &mut batch);
            }
            self.commit(now, batch, None, out);
        }
    }

    /// What a repair brings: exactly what was read, unless a flaw makes it the same value as a new
    /// event of this node. Siblings stay as they are even then, or coordinators that repair at the
    /// same time would double them each time.
    pub(super) fn mended(&mut self, read: &Siblings) -> Siblings {
        let mut again = read.pruned_if(self.flaw(Flaw::PruneOnRepair));
        if self.flaw(Flaw::MintOnRepair)
            && let (1, Some(version)) = (read.len(), read.iter().next())
        {
            let past = read.context();
            let version = Version {
                dot: self.store.mint(true, read, &past),
                past,
                ..version.clone()
            };
            self.store.versioning().put(&mut again, version);
        }
        again
    }
}
