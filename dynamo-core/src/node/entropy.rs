//! Anti-entropy: replicas walk down their Merkle trees to the keys that differ (§4.7).
//!
//! The exchange has no memory: each message is answered from what the receiver holds just then, so
//! any of them may be lost or late. Each is answered in bounded memory: where a large subtree faces
//! few keys or none, as after the loss of a disk, its children are shown instead of all its keys
//! being sent, and the other asks again below each. So one walk mends everything without waiting for
//! the next round, at the pace at which the two answer each other. How many messages are under way
//! at once grows with what differs; a host that drops some only leaves them to the next round.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Bound;

use super::machine::{Node, send};
use super::port::{Output, Time};
use super::timers::Timer;
use crate::batch::Batch;
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::merkle::{Difference, Holder, Prefix, Root, Summary, Tree};
use crate::message::Message;
use crate::ring::{Range, Ring};
use crate::siblings::Siblings;
use crate::versioning::Versioning;

/// How many subtrees a message shows; more take several, and more in one that comes are passed over.
const NODES_MAX: usize = 64;

/// How many keys a message sends or asks for; more take several.
const KEYS_MAX: usize = 64;

impl Node {
    /// The first comparison. Nodes begin one after the other, not all at once.
    pub(super) fn schedule_entropy(&mut self, now: Time) {
        let shape = self.config.shape();
        if shape.anti_entropy {
            let interval = shape.timing.anti_entropy_us;
            let nodes = u64::from(shape.nodes);
            let share = interval / nodes * (u64::from(self.id.0) % nodes);
            self.timers
                .set(Timer::Entropy, now.after(interval).after(share));
        }
    }

    /// Sends the next peer the roots of the ranges that both own.
    pub(super) fn compare_trees(&mut self, now: Time, out: &mut Vec<Output>) {
        let interval = self.config.shape().timing.anti_entropy_us;
        self.timers.set(Timer::Entropy, now.after(interval));
        if !self.admits_comparison(now) {
            return;
        }
        let shared = self.store.shared();
        let next = (Bound::Excluded(self.compared), Bound::Unbounded);
        let next = shared.range(next).next().or_else(|| shared.iter().next());
        if let Some((peer, ranges)) = next {
            let roots = self.store.roots(ranges);
            self.compared = *peer;
            send(self.compared, Message::SyncRoots { roots }, out);
        }
    }

    /// Answers with what is below the roots that differ.
    pub(super) fn sync_roots(&self, from: NodeId, roots: &[(Range, Root)], out: &mut Vec<Output>) {
        let mut found = BTreeMap::new();
        for (range, theirs, tree) in self.store.differing(roots) {
            if self.shares(from, range.to) {
                found.insert(range, tree.compare_root(theirs));
            }
        }
        self.answer(from, found, out);
    }

    /// Answers with what is below the subtrees that differ.
    pub(super) fn sync_nodes(
        &self,
        from: NodeId,
        nodes: &[(Range, Prefix, Summary)],
        out: &mut Vec<Output>,
    ) {
        let mut found: BTreeMap<Range, Difference> = BTreeMap::new();
        for (range, prefix, theirs) in nodes.iter().take(NODES_MAX) {
            if let Some(tree) = self.shared_tree(from, *range) {
                let more = tree.compare(prefix, theirs, Ring::position);
                let of_range = found.entry(*range).or_default();
                of_range.subtrees.extend(more.subtrees);
                of_range.keys.extend(more.keys);
            }
        }
        self.answer(from, found, out);
    }

    /// Shows the subtrees that differ, sends what is held of the keys that differ, and asks for
    /// what the other holds of them.
    fn answer(&self, to: NodeId, found: BTreeMap<Range, Difference>, out: &mut Vec<Output>) {
        let (mut nodes, mut keys) = (Vec::new(), Vec::new());
        for (range, difference) in found {
            let small = difference.subtrees.is_empty() && difference.keys.len() == 1;
            if small && self.flaw(Flaw::SkipSmallDifferences) {
                continue;
            }
            let subtrees = difference.subtrees.into_iter();
            nodes.extend(subtrees.map(|(prefix, summary)| (range, prefix, summary)));
            keys.extend(difference.keys);
        }
        for nodes in nodes.chunks(NODES_MAX) {
            let nodes = nodes.to_vec();
            send(to, Message::SyncNodes { nodes }, out);
        }
        for keys in keys.chunks(KEYS_MAX) {
            let (mut states, mut wanted) = (Vec::new(), Vec::new());
            for (key, holder) in keys {
                if *holder != Holder::Theirs
                    && let Some(held) = self.store.data(key)
                {
                    let held = held.pruned_if(self.flaw(Flaw::PruneOnSync));
                    states.push((key.clone(), held));
                }
                if *holder != Holder::Mine {
                    wanted.push(key.clone());
                }
            }
            send(to, Message::SyncStates { states, wanted }, out);
        }
    }

    /// Merges what came and answers with what was asked for, unless what came already has it all.
    pub(super) fn sync_states(
        &mut self,
        now: Time,
        from: NodeId,
        states: &[(Vec<u8>, Siblings)],
        wanted: &[Vec<u8>],
        out: &mut Vec<Output>,
    ) {
        let came: BTreeMap<_, _> = states.iter().map(|(key, came)| (key, came)).collect();
        let mut held = Vec::new();
        for key in wanted.iter().take(KEYS_MAX) {
            if let Some(siblings) = self.store.data(key)
                && self.shares(from, self.store.position_of(key))
                && came
                    .get(key)
                    .is_none_or(|came| lacks(self.store.versioning(), came, siblings))
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
            if !self.store.owns(self.store.range_of(key)) {
                continue;
            }
            let came = (&key[..], siblings);
            if !self
                .store
                .overwrite(Flaw::SyncOverwrites, None, came, &mut batch)
            {
                self.store.mend_data(key, siblings, &mut batch);
            }
        }
        self.commit(now, batch, None, out);
    }

    /// The tree of a range that this node and another both own.
    fn shared_tree(&self, peer: NodeId, range: Range) -> Option<&Tree> {
        let tree = self.store.tree(range)?;
        self.shares(peer, range.to).then_some(tree)
    }

    /// Whether this node and another both own the keys at a position.
    fn shares(&self, peer: NodeId, position: u128) -> bool {
        let owners = self.store.view().owners_at(position);
        peer != self.id && owners.contains(&self.id) && owners.contains(&peer)
    }
}

/// Whether one who holds the first would learn from the second.
fn lacks(versioning: Versioning, held: &Siblings, more: &Siblings) -> bool {
    versioning.merge(&mut held.clone(), more)
}
