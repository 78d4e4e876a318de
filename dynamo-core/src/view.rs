//! What a node believes of the cluster: who is in it, who keeps what, and what moves when that
//! changes (§4.9).

use alloc::boxed::Box;
use alloc::sync::{Arc, Weak};
use alloc::vec::Vec;
use core::fmt;

use once_cell::race::OnceBox;
use serde::{Deserialize, Serialize};

use crate::clock::NodeId;
use crate::membership::Membership;
use crate::ring::{Partitioning, Range, Ring};

/// A membership history with the ring that follows from it.
///
/// Nodes with equal marks know the same changes, and so agree on every owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    partitioning: Partitioning,
    n: usize,
    membership: Membership,
    /// Everyone who was ever told to join or leave, by number.
    known: Vec<NodeId>,
    ring: Ring,
    mark: u64,
    /// See [`Flaw::TailViolation`](crate::Flaw::TailViolation).
    late_tail: bool,
    first: First,
}

/// The first view that followed another, and what moved then. Nodes of one process mostly go the same way
/// from the same view: then only one of them lays out the ring. Nothing depends on it but time.
#[derive(Default)]
struct First {
    view: OnceBox<Weak<View>>,
    handovers: OnceBox<Vec<Handover>>,
}

impl Clone for First {
    fn clone(&self) -> Self {
        First::default()
    }
}

impl PartialEq for First {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for First {}

impl fmt::Debug for First {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("First").finish_non_exhaustive()
    }
}

/// A part of the circle of which a copy moves from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Handover {
    /// The keys.
    pub range: Range,
    /// Who has kept them, and knows of every write that it acknowledged.
    pub from: NodeId,
    /// Who is to keep them.
    pub to: NodeId,
    /// Whether `to` was no owner before.
    pub gained: bool,
    /// The other nodes that kept them before, for when `from` is gone for good.
    pub others: Vec<NodeId>,
}

impl View {
    /// Lays out the ring of a history, with so many owners for each key.
    pub fn new(partitioning: Partitioning, n: u32, membership: Membership) -> View {
        let mut known: Vec<NodeId> = membership.changes().map(|change| change.node).collect();
        known.sort_unstable();
        known.dedup();
        View {
            partitioning,
            known,
            n: n as usize,
            ring: Ring::new(partitioning, &membership),
            mark: membership.view(),
            membership,
            late_tail: false,
            first: First::default(),
        }
    }

    /// The same with another history. Whoever asks for the same history again, as long as somebody keeps
    /// the answer, gets that one, if it was the first to be asked for.
    pub fn with(self: &Arc<View>, membership: Membership) -> Arc<View> {
        if self.membership == membership {
            return Arc::clone(self);
        }
        let mut made = None;
        let first = self.first.view.get_or_init(|| {
            let view = Arc::new(self.laid_out(membership.clone()));
            let weak = Arc::downgrade(&view);
            made = Some(view);
            Box::new(weak)
        });
        let first = made.or_else(|| first.upgrade());
        match first.filter(|view| view.membership == membership) {
            Some(view) => view,
            None => Arc::new(self.laid_out(membership)),
        }
    }

    fn laid_out(&self, membership: Membership) -> View {
        View {
            late_tail: self.late_tail,
            ..View::new(self.partitioning, self.n as u32, membership)
        }
    }

    /// The same with the list of the last range begun one node late.
    pub(crate) fn with_late_tail(&self) -> View {
        View {
            late_tail: true,
            ..self.clone()
        }
    }

    /// The history.
    pub fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Everyone who was ever told to join or leave, by number.
    pub(crate) fn known(&self) -> &[NodeId] {
        &self.known
    }

    /// The ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// A fingerprint of the history.
    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// The nodes that should hold the keys of a range.
    pub fn owners(&self, range: u32) -> &[NodeId] {
        let mut walk = self.ring.walk(range);
        if self.late_tail && range.wrapping_add(1) == self.ring.ranges() {
            walk = walk.get(1..).unwrap_or_default();
        }
        &walk[..walk.len().min(self.n)]
    }

    /// The nodes that should hold a key at this position.
    pub fn owners_at(&self, position: u128) -> &[NodeId] {
        self.owners(self.ring.range_at(position))
    }

    /// What moves if this view is followed by another: each node that ceases to own a part of the
    /// circle hands its copy to one that begins to, so that no write loses a copy on the way.
    ///
    /// The parts are those between the ends of both rings; neighbours of one kind are joined. Nodes
    /// that begin without one that ceases get theirs from the first owner; nodes that cease without
    /// one that begins give theirs to the first.
    pub fn handovers(&self, next: &View) -> Vec<Handover> {
        let first = self.first.view.get();
        if first.is_none_or(|first| !core::ptr::eq(first.as_ptr(), next)) {
            return self.moves(next);
        }
        let moves = || Box::new(self.moves(next));
        self.first.handovers.get_or_init(moves).clone()
    }

    fn moves(&self, next: &View) -> Vec<Handover> {
        let mut found: Vec<Handover> = Vec::new();
        // What moves in the part before: only that can go on.
        let mut before: Vec<usize> = Vec::new();
        for range in segments(&self.ring, &next.ring) {
            let (old, new) = (self.owners_at(range.to), next.owners_at(range.to));
            if old == new {
                before.clear();
                continue;
            }
            let mut here = Vec::new();
            for handover in exchanged(range, old, new) {
                // Who kept it, and so whether `to` gains it, follows from these.
                let joined = before.iter().copied().find(|index| {
                    let before = &found[*index];
                    (before.from, before.to) == (handover.from, handover.to)
                        && before.others == handover.others
                });
                here.push(joined.unwrap_or(found.len()));
                match joined {
                    Some(index) => found[index].range.to = range.to,
                    None => found.push(handover),
                }
            }
            before = here;
        }
        found
    }
}

/// The parts of the circle that lie between the ends of both rings, clockwise.
fn segments(one: &Ring, two: &Ring) -> Vec<Range> {
    let mut ends = [one.ends(), two.ends()].concat();
    ends.sort_unstable();
    ends.dedup();
    let Some(mut after) = ends.last().copied() else {
        return Vec::new();
    };
    let cut = ends.into_iter().map(|to| Range {
        after: core::mem::replace(&mut after, to),
        to,
    });
    cut.collect()
}

fn exchanged(range: Range, old: &[NodeId], new: &[NodeId]) -> Vec<Handover> {
    let only = |these: &[NodeId], those: &[NodeId]| -> Vec<NodeId> {
        let apart = these.iter().filter(|node| !those.contains(node));
        apart.copied().collect()
    };
    let (losers, gainers) = (only(old, new), only(new, old));
    let handover = |from: NodeId, to: NodeId| Handover {
        range,
        from,
        to,
        gained: gainers.contains(&to),
        others: only(old, &[from]),
    };
    let given = losers.iter().enumerate().filter_map(|(index, from)| {
        let to = gainers.get(index).or(new.first());
        Some(handover(*from, *to?))
    });
    let lent = gainers.iter().skip(losers.len());
    let lent = lent.filter_map(|to| Some(handover(*old.first()?, *to)));
    given.chain(lent).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::{Member, Move};

    const STRATEGIES: [Partitioning; 3] = [
        Partitioning::Tokens { per_node: 4 },
        Partitioning::TokensOverPartitions {
            per_node: 4,
            partitions: 50,
        },
        Partitioning::Partitions { partitions: 50 },
    ];

    fn view(partitioning: Partitioning, nodes: u32) -> Arc<View> {
        let founders = (0..nodes).map(|node| (NodeId(node), Member::default()));
        Arc::new(View::new(partitioning, 3, Membership::founded(founders)))
    }

    fn after(view: &Arc<View>, node: u32, what: Move) -> Arc<View> {
        let mut membership = view.membership().clone();
        membership.record(1, NodeId(0), NodeId(node), what);
        view.with(membership)
    }

    /// Positions in every part of both rings.
    fn positions(one: &View, two: &View) -> Vec<u128> {
        segments(one.ring(), two.ring())
            .into_iter()
            .flat_map(|range| [range.to, range.after.wrapping_add(1)])
            .collect()
    }

    #[test]
    fn whoever_begins_to_own_a_key_gets_it_and_whoever_ceases_gives_it() {
        for partitioning in STRATEGIES {
            let before = view(partitioning, 5);
            let joined = after(&before, 5, Move::Join(Member::default()));
            let left = after(&joined, 2, Move::Leave);
            for (old, new) in [(&before, &joined), (&joined, &left), (&left, &before)] {
                let handovers = old.handovers(new);
                assert!(!handovers.is_empty());
                for position in positions(old, new) {
                    let (was, is) = (old.owners_at(position), new.owners_at(position));
                    let here: Vec<&Handover> = handovers
                        .iter()
                        .filter(|handover| handover.range.contains(position))
                        .collect();
                    for node in was.iter().filter(|node| !is.contains(node)) {
                        assert!(here.iter().any(|handover| handover.from == *node));
                    }
                    for node in is.iter().filter(|node| !was.contains(node)) {
                        let gets: Vec<_> = here.iter().filter(|h| h.to == *node).collect();
                        assert!(gets.len() == 1 && gets[0].gained && was.contains(&gets[0].from));
                    }
                    for handover in here {
                        let others = was.iter().filter(|node| **node != handover.from);
                        assert!(handover.others.iter().eq(others));
                        assert!(!was.contains(&handover.to) || !is.contains(&handover.from));
                    }
                }
            }
        }
    }

    #[test]
    fn whoever_asks_for_the_same_history_shares_the_view_while_somebody_keeps_it() {
        let partitioning = Partitioning::Tokens { per_node: 4 };
        let before = view(partitioning, 5);
        let left = after(&before, 2, Move::Leave);
        let again = after(&before, 2, Move::Leave);
        let other = after(&before, 3, Move::Leave);
        assert!(Arc::ptr_eq(&left, &again) && left != other);
        let fresh = view(partitioning, 5);
        for (next, moved) in [(&left, &again), (&other, &other)] {
            let moves = fresh.handovers(next);
            assert!(!moves.is_empty());
            assert_eq!(before.handovers(next), moves);
            assert_eq!(before.handovers(moved), moves);
        }
        drop((left, again));
        let later = after(&before, 2, Move::Leave);
        assert_eq!(before.handovers(&later), fresh.handovers(&later));
        assert_eq!(later, after(&fresh, 2, Move::Leave));
    }

    /// All that a node lends to one that joins is of one kind, however much moves beside it: here a
    /// node with many tokens joins others with few.
    #[test]
    fn neighbours_of_one_kind_are_joined_and_others_are_not() {
        let mut views = Vec::new();
        for partitioning in STRATEGIES {
            let few = view(partitioning, 1);
            let mut membership = few.membership().clone();
            for node in 1..12 {
                let capacity = if node == 1 { 64 } else { 1 };
                let joins = Move::Join(Member { capacity, zone: 0 });
                membership.record(1, NodeId(0), NodeId(node), joins);
            }
            let many = few.with(membership);
            let left = after(&many, 1, Move::Leave);
            views.extend([
                (few.clone(), many.clone()),
                (many.clone(), left),
                (many, few),
            ]);
        }
        for (old, new) in views {
            let handovers = old.handovers(&new);
            let kind = |handover: &Handover| {
                let Handover {
                    from,
                    to,
                    gained,
                    others,
                    ..
                } = handover.clone();
                (from, to, gained, others)
            };
            for handover in &handovers {
                // The first part that a walk round the circle meets is no neighbour of the last.
                let mut next = handovers
                    .iter()
                    .skip_while(|next| *next != handover)
                    .skip(1);
                assert!(!next.any(|next| {
                    next.range.after == handover.range.to && kind(next) == kind(handover)
                }));
            }
            for position in positions(&old, &new) {
                let (was, is) = (old.owners_at(position), new.owners_at(position));
                for handover in &handovers {
                    if handover.range.contains(position) {
                        let begins = is.contains(&handover.to) && !was.contains(&handover.to);
                        assert_eq!(handover.gained, begins);
                    }
                }
            }
        }
    }

    #[test]
    fn a_late_tail_stays_late_and_is_the_only_range_that_is() {
        let whole = view(Partitioning::Partitions { partitions: 50 }, 5);
        let late = Arc::new(whole.with_late_tail());
        let later = after(&late, 2, Move::Leave);
        for (late, whole) in [(&late, &whole), (&later, &after(&whole, 2, Move::Leave))] {
            let last = whole.ring().ranges() - 1;
            assert_eq!(late.owners(last), &whole.ring().walk(last)[1..4]);
            assert!((0..last).all(|range| late.owners(range) == whole.owners(range)));
        }
    }

    #[test]
    fn nothing_moves_where_nothing_changes() {
        for partitioning in STRATEGIES {
            let one = view(partitioning, 5);
            assert!(one.handovers(&one).is_empty());
            let zone = Member {
                capacity: 1,
                zone: 0,
            };
            let again = after(&one, 2, Move::Join(zone));
            assert_ne!(one.mark(), again.mark());
            assert!(one.handovers(&again).is_empty());
        }
    }

    #[test]
    fn a_small_cluster_that_grows_lends_copies_and_one_that_shrinks_gives_them() {
        let partitioning = Partitioning::Tokens { per_node: 4 };
        let two = view(partitioning, 2);
        let three = after(&two, 2, Move::Join(Member::default()));
        for handover in two.handovers(&three) {
            assert!(handover.gained && handover.to == NodeId(2));
        }
        for handover in three.handovers(&two) {
            assert!(!handover.gained && handover.from == NodeId(2));
        }
        let nobody = View::new(partitioning, 3, Membership::default());
        assert!(nobody.handovers(&two).is_empty() && two.handovers(&nobody).is_empty());
    }
}
