//! How the circle is cut into ranges and who stands where on it (§6.2).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::circle::Ring;
use crate::clock::NodeId;
use crate::membership::Member;

/// The three strategies of §6.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Partitioning {
    /// Strategy 1: random tokens, and a range ends at each. Ranges vary in size, and a node that
    /// joins or leaves cuts or joins those of others.
    Tokens {
        /// T: tokens of a node of capacity 1.
        per_node: u32,
    },
    /// Strategy 2: random tokens, and equal ranges that never change. A range is kept by the first
    /// nodes met clockwise from its end.
    TokensOverPartitions {
        /// T: tokens of a node of capacity 1.
        per_node: u32,
        /// Q: ranges, many more than there are tokens.
        partitions: u32,
    },
    /// Strategy 3: equal ranges that never change, shared out among the nodes by capacity.
    Partitions {
        /// Q: ranges, many more than there are nodes.
        partitions: u32,
    },
}

impl Partitioning {
    /// How many ranges there will be with members of that total capacity. With the number of members
    /// it is the size of the preference table, which a host should bound.
    pub fn ranges(self, capacity: u64) -> u64 {
        match self {
            Partitioning::Tokens { per_node } => capacity.saturating_mul(u64::from(per_node)),
            Partitioning::TokensOverPartitions { partitions, .. }
            | Partitioning::Partitions { partitions } => u64::from(partitions),
        }
    }
}

/// A point of the circle that belongs to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Token {
    pub(super) position: u128,
    pub(super) node: NodeId,
    pub(super) number: u32,
}

/// The tokens of all members, clockwise: token i of node j is at `MD5("node-j-i")`, and a node of
/// capacity c has c times as many.
pub(super) fn random_tokens(members: &BTreeMap<NodeId, Member>, per_node: u32) -> Vec<Token> {
    let numbers = |member: Member| 0..per_node.saturating_mul(member.weight());
    let mut tokens: Vec<Token> = members
        .iter()
        .flat_map(|(node, member)| numbers(*member).map(|number| random_token(*node, number)))
        .collect();
    tokens.sort_unstable();
    tokens
}

fn random_token(node: NodeId, number: u32) -> Token {
    Token {
        position: Ring::position(format!("node-{}-{number}", node.0).as_bytes()),
        node,
        number,
    }
}

/// The last positions of equal parts of the circle; the last part ends at its top.
pub(super) fn equal_ends(partitions: u32) -> Vec<u128> {
    let count = u128::from(partitions);
    // Of no parts none is divided.
    let (size, rest) = (
        u128::MAX.checked_div(count).unwrap_or_default(),
        u128::MAX.checked_rem(count).unwrap_or_default() + 1,
    );
    (1..=count)
        .map(|number| {
            // 2¹²⁸ · number / count, which only for the last part does not fit: it wraps to 0.
            let end = size.wrapping_mul(number);
            end.wrapping_add(rest * number / count).wrapping_sub(1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_differ_by_one_position_at_most_and_fill_the_circle() {
        for partitions in [1, 2, 3, 7, 64, 1_000, 1_023] {
            let ends = equal_ends(partitions);
            assert_eq!(ends.len(), partitions as usize);
            assert_eq!(ends[ends.len() - 1], u128::MAX);
            let size = u128::MAX / u128::from(partitions);
            let mut before = u128::MAX;
            for end in ends {
                let width = end.wrapping_sub(before);
                // One part is the whole circle: its width wraps to 0.
                assert!(partitions == 1 || width == size || width == size + 1);
                before = end;
            }
        }
    }
}
