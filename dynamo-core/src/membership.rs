//! Who was told to join or leave and when: a history that nodes reconcile (§4.8.1).

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::clock::NodeId;

/// What the ring needs to know of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Member {
    /// How much it can carry, against the others: it gets so many times the virtual nodes of a node
    /// of capacity 1. Counts as at least 1 and at most [`Member::CAPACITY_MAX`].
    pub capacity: u32,
    /// What it fails together with: a rack, a data centre.
    pub zone: u32,
}

impl Member {
    /// The largest capacity that makes a difference, so that no message can ask for a ring that
    /// does not fit into memory.
    pub const CAPACITY_MAX: u32 = 256;

    /// The capacity that counts.
    pub(crate) fn weight(self) -> u32 {
        self.capacity.clamp(1, Member::CAPACITY_MAX)
    }
}

impl Default for Member {
    /// Capacity 1, in zone 0.
    fn default() -> Self {
        Member {
            capacity: 1,
            zone: 0,
        }
    }
}

/// What a node is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Move {
    /// To be a member; for one that is already, to be it as described here from now on.
    Join(Member),
    /// To be none.
    Leave,
}

/// One line of the history. Lines are ordered as their fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Change {
    /// Time of issue in microseconds, by the clock of the node that was told.
    pub at: u64,
    /// The node that was told.
    pub by: NodeId,
    /// Whom it is about.
    pub node: NodeId,
    /// What is to happen.
    pub what: Move,
}

/// Every change of membership that a node knows of.
///
/// Nothing is ever taken out, so histories reconcile by union: in any order, any number of times.
/// A node may join and leave as often as an administrator likes; the last change decides. The paper
/// does not say what happens to two changes of the same time: here the one by the higher node comes
/// last, then leaving comes after joining, so all who know both decide alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Membership {
    changes: BTreeSet<Change>,
}

impl Membership {
    /// A cluster as it starts: all joined at time 0, each by itself.
    pub fn founded(members: impl IntoIterator<Item = (NodeId, Member)>) -> Self {
        let changes = members.into_iter().map(|(node, member)| Change {
            at: 0,
            by: node,
            node,
            what: Move::Join(member),
        });
        Membership {
            changes: changes.collect(),
        }
    }

    /// Notes what an administrator told node `by`, and returns the line for the disk.
    ///
    /// The time of issue is raised above every change known of that node, so that a slow clock
    /// cannot lose it against what it follows; only after a change at the end of time (2⁶⁴ − 1 µs)
    /// is there no room for another.
    pub fn record(&mut self, now_us: u64, by: NodeId, node: NodeId, what: Move) -> Change {
        let known = self.changes.iter().filter(|change| change.node == node);
        let free = known.map(|change| change.at.saturating_add(1)).max();
        let change = Change {
            at: now_us.max(free.unwrap_or(0)),
            by,
            node,
            what,
        };
        self.add(change);
        change
    }

    /// Takes a line in; whether it was new.
    pub fn add(&mut self, change: Change) -> bool {
        self.changes.insert(change)
    }

    /// Takes in all that the other knows; whether anything was new.
    pub fn merge(&mut self, other: &Membership) -> bool {
        let before = self.len();
        self.changes.extend(&other.changes);
        self.len() > before
    }

    /// Who belongs to the ring: each node whose last change is a join, as that describes it.
    pub fn members(&self) -> BTreeMap<NodeId, Member> {
        let mut members = BTreeMap::new();
        for change in self.changes() {
            match change.what {
                Move::Join(member) => members.insert(change.node, member),
                Move::Leave => members.remove(&change.node),
            };
        }
        members
    }

    /// Whether a node belongs to the ring.
    pub fn is_member(&self, node: NodeId) -> bool {
        let last = self.changes.iter().rfind(|change| change.node == node);
        last.is_some_and(|change| change.what != Move::Leave)
    }

    /// A fingerprint of the whole history: equal histories, equal view, on every machine.
    pub fn view(&self) -> u64 {
        let bytes = postcard::to_allocvec(self).expect("plain numbers encode");
        xxh3_64(&bytes)
    }

    /// What the other knows and this one does not, in order.
    pub fn lacks(&self, other: &Membership) -> Vec<Change> {
        other.changes.difference(&self.changes).copied().collect()
    }

    /// All changes, oldest first.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// How many changes are known.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether nobody was ever told anything.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl FromIterator<Change> for Membership {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        Membership {
            changes: changes.into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMIN: NodeId = NodeId(9);

    #[test]
    fn a_slow_clock_does_not_lose_a_change_against_what_it_follows() {
        let mut history = Membership::default();
        history.record(1_000, ADMIN, NodeId(1), Move::Join(Member::default()));
        let leave = history.record(5, NodeId(0), NodeId(1), Move::Leave);
        assert_eq!(leave.at, 1_001);
        assert!(!history.is_member(NodeId(1)) && history.members().is_empty());
    }

    #[test]
    fn a_node_may_be_removed_and_added_again_with_another_capacity() {
        let mut history = Membership::founded([(NodeId(1), Member::default())]);
        let large = Member {
            capacity: 4,
            zone: 2,
        };
        history.record(7, ADMIN, NodeId(1), Move::Leave);
        history.record(8, ADMIN, NodeId(1), Move::Join(large));
        assert_eq!(history.members(), BTreeMap::from([(NodeId(1), large)]));
        assert_eq!(history.len(), 3);
    }

    #[test]
    fn of_two_changes_of_one_time_the_higher_node_decides_and_then_the_leave() {
        let change = |by, what| Change {
            at: 3,
            by: NodeId(by),
            node: NodeId(7),
            what,
        };
        let join = Move::Join(Member::default());
        let apart: Membership = [change(1, Move::Leave), change(2, join)]
            .into_iter()
            .collect();
        let alike: Membership = [change(1, Move::Leave), change(1, join)]
            .into_iter()
            .collect();
        assert!(apart.is_member(NodeId(7)) && !alike.is_member(NodeId(7)));
    }

    #[test]
    fn a_history_lacks_what_only_the_other_knows() {
        let mut one = Membership::founded([(NodeId(1), Member::default())]);
        let two = one.clone();
        let leave = one.record(4, ADMIN, NodeId(1), Move::Leave);
        assert_eq!(two.lacks(&one), [leave]);
        assert_eq!(one.lacks(&two), []);
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let mut history = Membership::default();
        for _ in 0..2 {
            history.record(u64::MAX, ADMIN, NodeId(1), Move::Leave);
        }
        assert_eq!(history.len(), 1);
    }
}
