//! Generated histories of membership, and rings made of them.

use std::collections::BTreeMap;

use dynamo_core::{Change, Member, Membership, Move, NodeId, Partitioning, Ring};
use quickcheck::{Arbitrary, Gen};

/// A node that no generated history speaks of.
pub(crate) const STRANGER: NodeId = NodeId(100);

/// A few nodes told to come and go by one another, often at one time.
#[derive(Clone, Debug)]
pub(crate) struct History(pub(crate) Vec<Change>);

impl History {
    pub(crate) fn told(&self) -> Membership {
        self.0.iter().copied().collect()
    }

    /// The same comings and goings, by nodes that differ in nothing.
    pub(crate) fn of_equals(&self) -> Membership {
        let equal = |what| match what {
            Move::Join(_) => Move::Join(Member::default()),
            Move::Leave => Move::Leave,
        };
        let changes = self.0.iter().map(|change| Change {
            what: equal(change.what),
            ..*change
        });
        changes.collect()
    }
}

impl Arbitrary for History {
    fn arbitrary(g: &mut Gen) -> History {
        let length = usize::arbitrary(g) % 24;
        History((0..length).map(|_| change(g)).collect())
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = History>> {
        let without = (0..self.0.len()).map(|index| {
            let mut fewer = self.0.clone();
            fewer.remove(index);
            History(fewer)
        });
        Box::new(without.collect::<Vec<_>>().into_iter())
    }
}

fn change(g: &mut Gen) -> Change {
    let Told(what) = Told::arbitrary(g);
    Change {
        at: u64::arbitrary(g) % 6,
        by: NodeId(u32::arbitrary(g) % 3),
        node: NodeId(u32::arbitrary(g) % 9),
        what,
    }
}

/// Something to tell a node: to join, three times in four.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told(pub(crate) Move);

impl Arbitrary for Told {
    fn arbitrary(g: &mut Gen) -> Told {
        Told(if u8::arbitrary(g).is_multiple_of(4) {
            Move::Leave
        } else {
            Move::Join(Described::arbitrary(g).0)
        })
    }
}

/// A member of some capacity in some zone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Described(pub(crate) Member);

impl Arbitrary for Described {
    fn arbitrary(g: &mut Gen) -> Described {
        Described(Member {
            capacity: 1 + u32::arbitrary(g) % 4,
            zone: u32::arbitrary(g) % 3,
        })
    }
}

/// Strategy 1 or 2: what depends on the members alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByTokens(pub(crate) Partitioning);

impl Arbitrary for ByTokens {
    fn arbitrary(g: &mut Gen) -> ByTokens {
        let per_node = 1 + u32::arbitrary(g) % 6;
        ByTokens(if bool::arbitrary(g) {
            Partitioning::Tokens { per_node }
        } else {
            Partitioning::TokensOverPartitions {
                per_node,
                partitions: 1 + u32::arbitrary(g) % 40,
            }
        })
    }
}

/// Strategy 3, sometimes with fewer partitions than nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByShares(pub(crate) u32);

impl ByShares {
    pub(crate) fn ring(self, membership: &Membership) -> Ring {
        let ByShares(partitions) = self;
        Ring::new(Partitioning::Partitions { partitions }, membership)
    }
}

impl Arbitrary for ByShares {
    fn arbitrary(g: &mut Gen) -> ByShares {
        ByShares(1 + u32::arbitrary(g) % 40)
    }
}

/// Any of the three.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Any(pub(crate) Partitioning);

impl Arbitrary for Any {
    fn arbitrary(g: &mut Gen) -> Any {
        Any(if u8::arbitrary(g).is_multiple_of(3) {
            let ByShares(partitions) = ByShares::arbitrary(g);
            Partitioning::Partitions { partitions }
        } else {
            ByTokens::arbitrary(g).0
        })
    }
}

/// Every end of a range, the position after it, and both sides of the top: between these, nothing
/// changes.
pub(crate) fn points(rings: &[&Ring]) -> Vec<u128> {
    let ranges = rings
        .iter()
        .flat_map(|ring| (0..ring.ranges()).filter_map(|range| ring.range(range)));
    let ends = ranges.flat_map(|range| [range.to, range.to.wrapping_add(1)]);
    ends.chain([0, u128::MAX]).collect()
}

/// The first `n` of those who stand for a point.
pub(crate) fn owners(ring: &Ring, point: u128, n: usize) -> &[NodeId] {
    let walk = ring.walk(ring.range_at(point));
    &walk[..walk.len().min(n)]
}

/// How many partitions each member comes first for.
pub(crate) fn counts(ring: &Ring, members: &BTreeMap<NodeId, Member>) -> BTreeMap<NodeId, usize> {
    let mut counts: BTreeMap<NodeId, usize> = members.keys().map(|node| (*node, 0)).collect();
    for range in 0..ring.ranges() {
        if let Some(first) = ring.walk(range).first() {
            *counts.entry(*first).or_default() += 1;
        }
    }
    counts
}
