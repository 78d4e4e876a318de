//! In which order nodes stand in for a range: clockwise, each once, and zone by turn.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::partitioning::Token;
use crate::clock::NodeId;
use crate::membership::Member;

/// The walks from each of the ends, one after the other. Both tokens and ends are in order.
///
/// Going round against the clock, a token at or after the end puts its node first and changes
/// nothing else, so a walk costs a step per member.
pub(super) fn walks(
    ends: &[u128],
    tokens: &[Token],
    members: &BTreeMap<NodeId, Member>,
) -> Vec<NodeId> {
    let mut clockwise = from_the_top(tokens, members);
    let mut tokens = tokens.iter().rev().peekable();
    let zones = Zones::new(members);
    let mut walks = Vec::with_capacity(ends.len() * members.len());
    for end in ends.iter().rev() {
        while let Some(token) = tokens.next_if(|token| token.position >= *end) {
            let place = clockwise.iter().position(|node| *node == token.node);
            if let Some(place) = place {
                clockwise[..=place].rotate_right(1);
            }
        }
        walks.extend(zones.rounds(&clockwise).iter().rev());
    }
    walks.reverse();
    walks
}

/// All members in the order met clockwise from the top of the circle; those without a token last.
fn from_the_top(tokens: &[Token], members: &BTreeMap<NodeId, Member>) -> Vec<NodeId> {
    let mut first: BTreeMap<NodeId, usize> = BTreeMap::new();
    for (index, token) in tokens.iter().enumerate() {
        first.entry(token.node).or_insert(index);
    }
    let mut order: Vec<NodeId> = members.keys().copied().collect();
    order.sort_by_key(|node| first.get(node).copied().unwrap_or(usize::MAX));
    order
}

/// The zone of each member, numbered from 0.
struct Zones {
    count: usize,
    of: BTreeMap<NodeId, usize>,
}

impl Zones {
    fn new(members: &BTreeMap<NodeId, Member>) -> Zones {
        let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
        let of = members
            .iter()
            .map(|(node, member)| {
                let next = numbers.len();
                (*node, *numbers.entry(member.zone).or_insert(next))
            })
            .collect();
        Zones {
            count: numbers.len(),
            of,
        }
    }

    /// Takes in each round the next node of every zone, in the order given.
    fn rounds(&self, clockwise: &[NodeId]) -> Vec<NodeId> {
        if self.count < 2 {
            return clockwise.to_vec();
        }
        let mut taken = Vec::new();
        taken.resize(self.count, 0);
        let mut order: Vec<(usize, NodeId)> = clockwise
            .iter()
            .filter_map(|node| {
                let round = taken.get_mut(*self.of.get(node)?)?;
                *round += 1;
                Some((*round, *node))
            })
            .collect();
        order.sort_by_key(|(round, _)| *round);
        order.into_iter().map(|(_, node)| node).collect()
    }
}
