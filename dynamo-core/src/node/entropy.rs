//! Anti-entropy: replicas walk down their Merkle trees to the keys that differ (§4.7).
//!
//! The exchange has no memory: each message is answered from what the receiver holds just then, so
//! any of them may be lost or late.

use alloc::vec::Vec;

use super::machine::{Node, send};
use super::port::{Output, Time};
use super::timers::Timer;
use crate::batch::Batch;
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::merkle::{Children, Digests, Root, differing, differing_keys};
use crate::message::Message;
use crate::siblings::Siblings;

impl Node {
    /// The first comparison. Nodes begin one after the other, not all at once.
    pub(super) fn schedule_entropy(&mut self, now: Time) {
        let shape = self.config.shape();
        if shape.anti_entropy && shape.nodes > 1 && self.id.0 < shape.nodes {
            let interval = shape.timing.anti_entropy_us;
            let share = interval / u64::from(shape.nodes) * u64::from(self.id.0);
            self.timers
                .set(Timer::Entropy, now.after(interval).after(share));
        }
    }

    /// Sends the next peer the roots of the ranges that both own.
    pub(super) fn compare_trees(&mut self, now: Time, out: &mut Vec<Output>) {
        let shape = self.config.shape();
        self.timers
            .set(Timer::Entropy, now.after(shape.timing.anti_entropy_us));
        for _ in 0..shape.nodes {
            self.compared = NodeId((self.compared.0 + 1) % shape.nodes);
            let peer = self.compared;
            let shared = self
                .store
                .trees()
                .iter()
                .filter(|(range, _)| self.shares(peer, **range));
            let roots: Vec<_> = shared.map(|(range, tree)| (*range, tree.root())).collect();
            if !roots.is_empty() {
                send(peer, Message::SyncRoots { roots }, out);
                return;
            }
        }
    }

    /// Answers with the branches of the ranges whose roots differ.
    pub(super) fn sync_roots(&self, from: NodeId, roots: &[(u32, Root)], out: &mut Vec<Output>) {
        let mut branches = Vec::new();
        for (range, root) in roots {
            if let Some(tree) = self.store.trees().get(range)
                && tree.root() != *root
                && self.shares(from, *range)
            {
                branches.push((*range, tree.branches()));
            }
        }
        if !branches.is_empty() {
            send(from, Message::SyncBranches { branches }, out);
        }
    }

    /// Answers with the leaves of the branches that differ.
    pub(super) fn sync_branches(
        &self,
        from: NodeId,
        branches: &[(u32, Children)],
        out: &mut Vec<Output>,
    ) {
        let mut leaves = Vec::new();
        for (range, theirs) in branches {
            if let Some(tree) = self.store.trees().get(range)
                && self.shares(from, *range)
            {
                for branch in differing(&tree.branches(), theirs) {
                    leaves.push((*range, branch, tree.leaves(branch)));
                }
            }
        }
        if !leaves.is_empty() {
            send(from, Message::SyncLeaves { leaves }, out);
        }
    }

    /// Answers with the keys of the leaves that differ.
    pub(super) fn sync_leaves(
        &self,
        from: NodeId,
        leaves: &[(u32, u8, Children)],
        out: &mut Vec<Output>,
    ) {
        let mut keys = Vec::new();
        for (range, branch, theirs) in leaves {
            if let Some(tree) = self.store.trees().get(range)
                && *branch < 16
                && self.shares(from, *range)
            {
                for child in differing(&tree.leaves(*branch), theirs) {
                    let leaf = branch << 4 | child;
                    keys.push((*range, leaf, tree.keys(leaf)));
                }
            }
        }
        if !keys.is_empty() {
            send(from, Message::SyncKeys { keys }, out);
        }
    }

    /// Sends what is held of the keys that differ and asks for the same.
    pub(super) fn sync_keys(
        &self,
        from: NodeId,
        keys: &[(u32, u8, Digests)],
        out: &mut Vec<Output>,
    ) {
        let (mut states, mut wanted) = (Vec::new(), Vec::new());
        for range_keys in keys.chunk_by(|one, two| one.0 == two.0) {
            let range = range_keys[0].0;
            let Some(tree) = self.store.trees().get(&range) else {
                continue;
            };
            let mut differ = Vec::new();
            for (_, leaf, theirs) in range_keys {
                differ.extend(differing_keys(&tree.keys(*leaf), theirs));
            }
            if !self.shares(from, range)
                || self.flaw(Flaw::SkipSmallDifferences) && differ.len() == 1
            {
                continue;
            }
            for key in differ {
                if let Some(held) = self.store.data(&key) {
                    states.push((key.clone(), held.clone()));
                }
                wanted.push(key);
            }
        }
        if !wanted.is_empty() {
            send(from, Message::SyncStates { states, wanted }, out);
        }
    }

    /// Merges what came and answers with what was asked for.
    pub(super) fn sync_states(
        &mut self,
        now: Time,
        from: NodeId,
        states: &[(Vec<u8>, Siblings)],
        wanted: &[Vec<u8>],
        out: &mut Vec<Output>,
    ) {
        let mut held = Vec::new();
        for key in wanted {
            if let Some(siblings) = self.store.data(key)
                && self.shares(from, self.store.range_of(key))
            {
                held.push((key.clone(), siblings.clone()));
            }
        }
        if !held.is_empty() {
            let answer = Message::SyncStates {
                states: held,
                wanted: Vec::new(),
            };
            send(from, answer, out);
        }
        let mut batch = Batch::default();
        for (key, siblings) in states {
            if self.store.owns(self.store.range_of(key)) {
                self.store.merge_data(key, siblings, &mut batch);
            }
        }
        self.commit(now, batch, None, out);
    }

    /// Whether this node and another both own a range.
    fn shares(&self, peer: NodeId, range: u32) -> bool {
        peer != self.id && self.store.owns(range) && self.config.owners(range).contains(&peer)
    }
}
