//! The ranges of which a store keeps something, as the ring cuts them.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{Datum, Store};
use crate::batch::Batch;
use crate::clock::NodeId;
use crate::config::Config;
use crate::flaw::Flaw;
use crate::hint::{Hint, Reason};
use crate::membership::Membership;
use crate::merkle::{Root, Tree};
use crate::record::Record;
use crate::ring::{Range, Ring};
use crate::siblings::Siblings;
use crate::view::View;

/// The cluster as this disk remembers it, beyond what the node knows anyhow.
pub(super) fn membership(
    first: &Arc<View>,
    config: &Config,
    disk: &BTreeMap<Vec<u8>, Vec<u8>>,
) -> Arc<View> {
    let read = disk
        .iter()
        .filter_map(|(key, value)| match Record::decode(key, value) {
            Ok(Record::Change(change)) => Some(change),
            _ => None,
        });
    let mut known: Membership = read.collect();
    known.merge(first.membership());
    if config.bears(&known) {
        first.with(known)
    } else {
        Arc::clone(first)
    }
}

impl Store {
    /// The hash tree of a range, if this node owns it or holds something of it. It shows what is
    /// durable.
    pub(crate) fn tree(&self, range: Range) -> Option<&Tree> {
        self.trees.get(&range)
    }

    /// For each other owner, the ranges that it and this node both own, in order.
    pub(crate) fn shared(&self) -> &BTreeMap<NodeId, Vec<Range>> {
        &self.shared
    }

    /// The roots of these ranges, of those that have a tree. The ranges are in order.
    pub(crate) fn roots(&self, ranges: &[Range]) -> Vec<(Range, Root)> {
        let mut roots = Vec::with_capacity(ranges.len());
        let mut asked = ranges.iter().peekable();
        for (range, tree) in &self.trees {
            if asked.next_if_eq(&range).is_some() {
                roots.push((*range, tree.root()));
            }
        }
        roots
    }

    /// The trees whose roots are not these, each with the root that it was held against.
    pub(crate) fn differing<'s>(
        &'s self,
        roots: &'s [(Range, Root)],
    ) -> impl Iterator<Item = (Range, Root, &'s Tree)> {
        roots.iter().filter_map(|(range, theirs)| {
            let tree = self.trees.get(range)?;
            (tree.root() != *theirs).then_some((*range, *theirs, tree))
        })
    }

    /// The hash trees of the ranges that this node owns.
    pub(crate) fn trees(&self) -> impl Iterator<Item = (u32, Range, &Tree)> {
        let ring = self.view.ring();
        self.trees.iter().filter_map(move |(range, tree)| {
            let index = ring.range_at(range.to);
            self.owns(index).then_some((index, *range, tree))
        })
    }

    /// The owners of a range among whom trees are compared, if this node is one of them: all.
    fn compared<'o>(&self, owners: &'o [NodeId]) -> &'o [NodeId] {
        if self.flaw(Flaw::CompareFirstTwo) {
            let first = &owners[..owners.len().min(2)];
            return if first.contains(&self.id) { first } else { &[] };
        }
        owners
    }

    /// Takes a new view. Only trees whose ranges are cut anew are built anew.
    pub(crate) fn follow(&mut self, view: Arc<View>) {
        self.view = view;
        let ring = self.view.ring();
        let mut kept = BTreeMap::new();
        let mut shared: BTreeMap<NodeId, Vec<Range>> = BTreeMap::new();
        for index in 0..ring.ranges() {
            let owners = self.view.owners(index);
            if let Some(range) = ring.range(index)
                && owners.contains(&self.id)
            {
                kept.insert(range, self.trees.remove(&range).unwrap_or_default());
                let compared = self.compared(owners);
                for peer in compared.iter().filter(|peer| **peer != self.id) {
                    shared.entry(*peer).or_default().push(range);
                }
            }
        }
        // The range that closes the circle is the first of the ring, and the last in order.
        for ranges in shared.values_mut() {
            ranges.sort_unstable();
        }
        self.shared = Arc::new(shared);
        let old = core::mem::replace(&mut self.trees, kept);
        for (range, tree) in old {
            let whole = ring_has(&self.view, range);
            if whole && !tree.is_empty() {
                self.trees.insert(range, tree);
                continue;
            }
            for (position, key, digest) in tree.iter() {
                let key = key.to_vec();
                self.tree_at(position).set(position, &key, digest);
            }
        }
    }

    pub(super) fn tree_at(&mut self, position: u128) -> &mut Tree {
        let ring = self.view.ring();
        let whole = Range { after: 0, to: 0 };
        let range = ring.range(ring.range_at(position)).unwrap_or(whole);
        self.trees.entry(range).or_default()
    }

    /// Nothing of the key is on disk any more.
    pub(super) fn apply_nothing(&mut self, key: &[u8]) {
        let Some(datum) = self.data.get_mut(key) else {
            return;
        };
        datum.held.durable = Siblings::new();
        let (position, gone) = (datum.position, datum.held.current.is_empty());
        if gone {
            self.data.remove(key);
        }
        self.tree_at(position).remove(position, key);
    }

    /// What the disk holds of some keys of a range, in the order of the keys: those after a key, or
    /// from the first on.
    pub(crate) fn some_of(
        &self,
        range: Range,
        after: Option<&[u8]>,
        count: usize,
    ) -> Vec<(Vec<u8>, Siblings)> {
        let from = match after {
            Some(key) => core::ops::Bound::Excluded(key),
            None => core::ops::Bound::Unbounded,
        };
        let later = self
            .data
            .range::<[u8], _>((from, core::ops::Bound::Unbounded));
        let within = later
            .filter(|(_, datum)| range.contains(datum.position) && !datum.held.durable.is_empty());
        within
            .take(count)
            .map(|(key, datum)| (key.clone(), datum.held.durable.clone()))
            .collect()
    }

    /// How many keys are on disk as data.
    pub(crate) fn keys(&self) -> u64 {
        self.trees.values().map(|tree| tree.len() as u64).sum()
    }

    /// The ranges of which something is on disk that this node does not own.
    pub(crate) fn stray_ranges(&self) -> impl Iterator<Item = Range> {
        let held = self.trees.iter().filter(|(_, tree)| !tree.is_empty());
        let ring = self.view.ring();
        held.map(|(range, _)| *range)
            .filter(move |range| !self.owns(ring.range_at(range.to)))
    }

    /// Whether anything of a range is held, or about to be, that this node does not own.
    pub(crate) fn has_strays(&self, range: Range) -> bool {
        self.strays(range).next().is_some()
    }

    /// What is held of a range, or about to be, that this node does not own.
    fn strays(&self, range: Range) -> impl Iterator<Item = (&Vec<u8>, &Datum)> {
        self.data.iter().filter(move |(_, datum)| {
            let index = self.view.ring().range_at(datum.position);
            range.contains(datum.position) && !self.owns(index)
        })
    }

    /// Deletes what is held of a range, but for what this node owns and what is kept.
    pub(crate) fn drop_range(
        &mut self,
        range: Range,
        kept: impl Fn(u128) -> bool,
        batch: &mut Batch,
    ) {
        let gone: Vec<Vec<u8>> = self
            .strays(range)
            .filter(|(_, datum)| !kept(datum.position))
            .map(|(key, _)| key.clone())
            .collect();
        for key in gone {
            self.drop_data(&key, batch);
        }
    }

    /// Deletes what is held of a key as data.
    fn drop_data(&mut self, key: &[u8], batch: &mut Batch) {
        let ticket = self.next_ticket();
        if let Some(datum) = self.data.get_mut(key) {
            datum.held.current = Siblings::new();
            datum.held.ticket = ticket;
            batch.data(key, Siblings::new());
        }
    }

    /// Each hint for a node that does not own its key any more goes to the one that took its place.
    pub(crate) fn move_hints(&mut self, old: &View, batch: &mut Batch) {
        let mut moved = Vec::new();
        if self.flaw(Flaw::HintsNotMoved) {
            return;
        }
        for (key, hints) in &self.hints {
            let position = Ring::position(key);
            let (was, is) = (old.owners_at(position), self.view.owners_at(position));
            for hint in hints.values().filter(|hint| !is.contains(&hint.hint.owner)) {
                if let Some(to) = successor(was, is, hint.hint.owner) {
                    moved.push((hint.hint.owner, key.clone(), to, hint.held.current.clone()));
                }
            }
        }
        for (owner, key, to, siblings) in moved {
            let hint = (to != self.id).then_some(Hint {
                owner: to,
                reason: Reason::Moved,
            });
            self.merge(hint, &key, &siblings, batch);
            self.drop_hint(owner, &key, siblings.digest(), batch);
        }
    }

    /// Merges what a replica was found to lack, but for tombstones that are as old as those that were
    /// forgotten: of two replicas that forget at different times, one would for ever remind the other.
    pub(crate) fn mend_data(&mut self, key: &[u8], siblings: &Siblings, batch: &mut Batch) {
        let old = |before| siblings.is_deleted() && siblings.time() <= before;
        let expired = self.reaped_before_us.is_some_and(old);
        if !expired || self.data.contains_key(key) {
            self.merge_data(key, siblings, batch);
        }
    }

    /// Deletes keys of which nothing is left but tombstones, all made before then. A replica that
    /// has not seen them yet, or a client that still has an older context, may bring the key back.
    pub(crate) fn reap(&mut self, before_us: u64, batch: &mut Batch) {
        self.reaped_before_us = Some(before_us);
        let old =
            |held: &Siblings| !held.is_empty() && held.is_deleted() && held.time() <= before_us;
        let reaped: Vec<Vec<u8>> = self
            .data
            .iter()
            .filter(|(_, datum)| {
                datum.held.current == datum.held.durable && old(&datum.held.durable)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in reaped {
            self.drop_data(&key, batch);
        }
    }
}

/// Who owns in the place of one that ceased to.
fn successor(old: &[NodeId], new: &[NodeId], node: NodeId) -> Option<NodeId> {
    let ceased = old.iter().filter(|node| !new.contains(node));
    let begun = new.iter().filter(|node| !old.contains(node));
    let pair = ceased.zip(begun).find(|(ceased, _)| **ceased == node);
    pair.map(|(_, begun)| begun).or(new.first()).copied()
}

fn ring_has(view: &View, range: Range) -> bool {
    let ring = view.ring();
    ring.range(ring.range_at(range.to)) == Some(range)
}
