//! The ring itself: ranges of the circle, and who keeps them.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use md5::{Digest, Md5};

use super::assignment::assigned;
use super::partitioning::{Partitioning, Token, equal_ends, random_tokens};
use super::range::Range;
use super::walk::walks;
use crate::clock::NodeId;
use crate::membership::Membership;

/// A key range as every node calls it: by the token that ends it, `n2/5`, or by its number, `p17`.
pub type RangeName = String;

/// The circle of positions, cut into ranges.
///
/// A key belongs to the first end of a range at or after `MD5(key)`, clockwise: ranges are
/// `(predecessor, self]`. The preference list of a range is every member in the order in which its
/// tokens come after, each member once; so it is longer than N, and equal on all nodes that know the
/// same changes. With several zones it goes in rounds, each of which takes clockwise the next member
/// of every zone: the first N span as many zones as there are. Members without a token, of which
/// there are some when there are more members than partitions, come last, by number.
///
/// A member that joins or leaves disturbs little. For strategies 1 and 2, and any number of owners:
/// after a join the owners of a point are among the old ones and the joiner, and after a leave the
/// old ones but the leaver are among the owners. For strategy 3 with one zone and equal capacities:
/// only where the joiner is now, or the leaver was, among the owners do they change; and there a
/// third node may change too, if two of the partitions that moved stand within N steps. With many
/// more partitions than nodes a join hardly ever does that, but a transfer must not count on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    /// The last position of each range, in order.
    ends: Vec<u128>,
    /// What the ranges are named after; nothing if they are partitions.
    tokens: Vec<Token>,
    /// For each range its preference list, one after the other.
    walks: Vec<NodeId>,
    members: usize,
}

impl Ring {
    /// The ring of the members of a history.
    ///
    /// Strategies 1 and 2 look at the members alone; strategy 3 replays the whole history, as it
    /// moves no more partitions than a change makes it. Takes `members · (ranges + tokens)` steps,
    /// and for strategy 3 `changes · ranges` more.
    pub fn new(partitioning: Partitioning, membership: &Membership) -> Ring {
        let members = membership.members();
        let (ends, tokens) = match partitioning {
            Partitioning::Tokens { per_node } => {
                let tokens = random_tokens(&members, per_node);
                (tokens.iter().map(|token| token.position).collect(), tokens)
            }
            Partitioning::TokensOverPartitions {
                per_node,
                partitions,
            } => (equal_ends(partitions), random_tokens(&members, per_node)),
            Partitioning::Partitions { partitions } => {
                let ends = equal_ends(partitions);
                let tokens = assigned(&ends, membership);
                (ends, tokens)
            }
        };
        let walks = walks(&ends, &tokens, &members);
        let named = matches!(partitioning, Partitioning::Tokens { .. });
        Ring {
            ends,
            tokens: if named { tokens } else { Vec::new() },
            walks,
            members: members.len(),
        }
    }

    /// Where a key lies on the circle.
    pub fn position(key: &[u8]) -> u128 {
        u128::from_be_bytes(Md5::digest(key).into())
    }

    /// The last position of each range, in order.
    pub(crate) fn ends(&self) -> &[u128] {
        &self.ends
    }

    /// How many ranges there are.
    pub fn ranges(&self) -> u32 {
        self.ends.len() as u32
    }

    /// The range of a key, below [`Ring::ranges`]. One MD5 and a binary search.
    pub fn range_of(&self, key: &[u8]) -> u32 {
        self.range_at(Ring::position(key))
    }

    /// The range that a position lies in; 0 if there is none.
    pub fn range_at(&self, position: u128) -> u32 {
        let next = self.ends.partition_point(|end| *end < position);
        if next == self.ends.len() {
            0
        } else {
            next as u32
        }
    }

    /// The bounds of a range, if there is such a range.
    pub fn range(&self, range: u32) -> Option<Range> {
        let to = *self.ends.get(range as usize)?;
        let before = (range as usize).checked_sub(1);
        let after = *before.map_or(self.ends.last(), |before| self.ends.get(before))?;
        Some(Range { after, to })
    }

    /// The name of a range; empty if there is no such range.
    pub fn range_name(&self, range: u32) -> RangeName {
        match self.tokens.get(range as usize) {
            Some(token) => format!("{}/{}", token.node, token.number),
            None if range < self.ranges() => format!("p{range}"),
            None => RangeName::new(),
        }
    }

    /// All members in the order in which they stand in for a range; none if there is no such range.
    pub fn walk(&self, range: u32) -> &[NodeId] {
        let start = (range as usize).saturating_mul(self.members);
        self.walks
            .get(start..start.saturating_add(self.members))
            .unwrap_or_default()
    }

    /// All members in the order in which they stand in for a key.
    pub fn preference_list(&self, key: &[u8]) -> Vec<NodeId> {
        self.walk(self.range_of(key)).to_vec()
    }

    /// The first `n` of the preference list: the nodes that should hold the key.
    pub fn owners(&self, key: &[u8], n: u32) -> Vec<NodeId> {
        let walk = self.walk(self.range_of(key));
        walk[..walk.len().min(n as usize)].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;
    use crate::membership::Member;

    const STRATEGIES: [Partitioning; 3] = [
        Partitioning::Tokens { per_node: 4 },
        Partitioning::TokensOverPartitions {
            per_node: 4,
            partitions: 50,
        },
        Partitioning::Partitions { partitions: 50 },
    ];

    fn ring(partitioning: Partitioning, nodes: u32) -> Ring {
        let members = (0..nodes).map(|node| (NodeId(node), Member::default()));
        Ring::new(partitioning, &Membership::founded(members))
    }

    #[test]
    fn a_key_exactly_at_an_end_belongs_to_it_and_the_next_one_does_not() {
        for ring in STRATEGIES.map(|partitioning| ring(partitioning, 3)) {
            for (index, end) in ring.ends.iter().enumerate() {
                let next = (index + 1) % ring.ends.len();
                assert_eq!(ring.range_at(*end), index as u32);
                assert_eq!(ring.range_at(end.wrapping_add(1)), next as u32);
            }
        }
    }

    #[test]
    fn the_circle_closes_at_the_top() {
        for ring in STRATEGIES.map(|partitioning| ring(partitioning, 3)) {
            assert_eq!(ring.range_at(0), 0);
            let top = ring.range_at(u128::MAX);
            assert!(
                ring.range(top)
                    .is_some_and(|range| range.contains(u128::MAX))
            );
        }
        let equal = ring(STRATEGIES[1], 3);
        assert_eq!(equal.range_at(u128::MAX), 49);
    }

    #[test]
    fn positions_are_md5_read_from_the_left() {
        // RFC 1321, A.5.
        assert_eq!(
            Ring::position(b"abc"),
            0x9001_5098_3cd2_4fb0_d696_3f7d_28e1_7f72
        );
    }

    #[test]
    fn a_node_with_many_tokens_stands_once_in_a_preference_list() {
        for ring in STRATEGIES.map(|partitioning| ring(partitioning, 4)) {
            for range in 0..ring.ranges() {
                let distinct: BTreeSet<_> = ring.walk(range).iter().collect();
                assert_eq!((ring.walk(range).len(), distinct.len()), (4, 4));
            }
        }
    }

    #[test]
    fn a_range_that_does_not_exist_has_nobody() {
        for (ring, nobody) in STRATEGIES.map(|each| (ring(each, 3), ring(each, 0))) {
            assert!(ring.walk(ring.ranges()).is_empty() && ring.walk(u32::MAX).is_empty());
            assert_eq!(ring.range(ring.ranges()), None);
            assert_eq!(ring.range_name(ring.ranges()), "");
            assert!(nobody.walk(0).is_empty() && nobody.preference_list(b"x").is_empty());
        }
        for partitions in [0, 1] {
            let ring = ring(Partitioning::Partitions { partitions }, 3);
            assert_eq!(
                ring.owners(b"x", 2).len(),
                if partitions == 0 { 0 } else { 2 }
            );
        }
    }

    #[test]
    fn a_capacity_counts_within_bounds() {
        let tokens = |capacity| {
            let member = Member { capacity, zone: 0 };
            let founded = Membership::founded([(NodeId(1), member)]);
            Ring::new(Partitioning::Tokens { per_node: 2 }, &founded).ranges()
        };
        assert_eq!([0, 1, 3, u32::MAX].map(tokens), [2, 2, 6, 512]);
    }

    #[test]
    fn ranges_are_named_after_what_ends_them() {
        let [tokens, over, partitions] = STRATEGIES.map(|each| ring(each, 3));
        assert!(tokens.range_name(0).starts_with('n'));
        assert_eq!([over.range_name(7), partitions.range_name(7)], ["p7", "p7"]);
        let names: BTreeSet<_> = (0..12).map(|range| tokens.range_name(range)).collect();
        assert_eq!(names.len(), 12);
    }
}
