//! In which order nodes stand in for a range: clockwise, each once, and zone by turn.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec;
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
    let nodes: Vec<NodeId> = members.keys().copied().collect();
    let mut tokens: Vec<(u128, usize)> = tokens
        .iter()
        .filter_map(|token| Some((token.position, nodes.binary_search(&token.node).ok()?)))
        .collect();
    let mut clockwise = from_the_top(&tokens, nodes.len());
    let zones = Zones::new(members);
    let mut walks = Vec::with_capacity(ends.len() * nodes.len());
    for end in ends.iter().rev() {
        while let Some((_, member)) = tokens.pop_if(|(position, _)| *position >= *end) {
            let place = clockwise.iter().position(|other| *other == member);
            if let Some(place) = place {
                clockwise[..=place].rotate_right(1);
            }
        }
        let rounds = zones.rounds(&clockwise);
        walks.extend(rounds.iter().rev().map(|member| nodes[*member]));
    }
    walks.reverse();
    walks
}

/// All members in the order met clockwise from the top of the circle; those without a token last.
fn from_the_top(tokens: &[(u128, usize)], members: usize) -> Vec<usize> {
    let mut first = vec![usize::MAX; members];
    for (index, (_, member)) in tokens.iter().enumerate().rev() {
        first[*member] = index;
    }
    let mut order: Vec<usize> = (0..members).collect();
    order.sort_by_key(|member| first[*member]);
    order
}

/// The zone of each member, numbered from 0.
struct Zones {
    count: usize,
    of: Vec<usize>,
}

impl Zones {
    fn new(members: &BTreeMap<NodeId, Member>) -> Zones {
        let mut numbers: BTreeMap<u32, usize> = BTreeMap::new();
        let of = members
            .values()
            .map(|member| {
                let next = numbers.len();
                *numbers.entry(member.zone).or_insert(next)
            })
            .collect();
        Zones {
            count: numbers.len(),
            of,
        }
    }

    /// Takes in each round the next member of every zone, in the order given.
    fn rounds<'c>(&self, clockwise: &'c [usize]) -> Cow<'c, [usize]> {
        if self.count <= 1 {
            return Cow::Borrowed(clockwise);
        }
        let mut taken = vec![0; self.count];
        let mut order: Vec<(usize, usize)> = clockwise
            .iter()
            .map(|member| {
                let round = &mut taken[self.of[*member]];
                *round += 1;
                (*round, *member)
            })
            .collect();
        order.sort_by_key(|(round, _)| *round);
        Cow::Owned(order.into_iter().map(|(_, member)| member).collect())
    }
}
