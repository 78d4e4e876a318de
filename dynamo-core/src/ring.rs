//! Which nodes keep a key: tokens on a circle, virtual nodes, preference lists (§4.2, §4.3).

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use md5::{Digest, Md5};

use crate::clock::NodeId;

/// A key range as every node calls it: by the token that ends it, `n2/5`.
pub type RangeName = String;

/// The circle of tokens, cut into ranges.
///
/// A key belongs to the first token at or after `MD5(key)`, clockwise: ranges are
/// `(predecessor, self]`. The preference list of a range is every node in the order in which its
/// tokens come after, each node once (strategy 1 of §6.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ring {
    tokens: Vec<Token>,
    /// For each token the preference list of the range that it ends, one after the other.
    walks: Vec<NodeId>,
    nodes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Token {
    position: u128,
    node: NodeId,
    number: u32,
}

impl Ring {
    /// The ring of nodes `0..nodes`, each with that many tokens: token i of node j is at
    /// `MD5("node-j-i")`. Takes `nodes² · vnodes` steps.
    pub fn new(nodes: u32, vnodes: u32) -> Ring {
        let mut tokens: Vec<Token> = (0..nodes)
            .flat_map(|node| (0..vnodes).map(move |number| Token::new(NodeId(node), number)))
            .collect();
        tokens.sort_unstable();
        let count = if tokens.is_empty() { 0 } else { nodes as usize };
        let mut walks = Vec::with_capacity(tokens.len() * count);
        for start in 0..tokens.len() {
            let mut met = BTreeSet::new();
            let clockwise = tokens[start..].iter().chain(&tokens[..start]);
            let distinct = clockwise
                .map(|token| token.node)
                .filter(|node| met.insert(*node));
            walks.extend(distinct.take(count));
        }
        Ring {
            tokens,
            walks,
            nodes: count,
        }
    }

    /// Where a key lies on the circle.
    pub fn position(key: &[u8]) -> u128 {
        u128::from_be_bytes(Md5::digest(key).into())
    }

    /// How many ranges there are: one per token.
    pub fn ranges(&self) -> u32 {
        self.tokens.len() as u32
    }

    /// The range of a key, below [`Ring::ranges`]. One MD5 and a binary search.
    pub fn range_of(&self, key: &[u8]) -> u32 {
        self.range_at(Ring::position(key))
    }

    /// The range that a position lies in.
    pub fn range_at(&self, position: u128) -> u32 {
        let next = self
            .tokens
            .partition_point(|token| token.position < position);
        if next == self.tokens.len() {
            0
        } else {
            next as u32
        }
    }

    /// The name of a range; empty if there is no such range.
    pub fn range_name(&self, range: u32) -> RangeName {
        self.tokens
            .get(range as usize)
            .map(|token| format!("{}/{}", token.node, token.number))
            .unwrap_or_default()
    }

    /// All nodes in the order in which they stand in for a range; none if there is no such range.
    pub fn walk(&self, range: u32) -> &[NodeId] {
        let start = (range as usize).saturating_mul(self.nodes);
        self.walks
            .get(start..start.saturating_add(self.nodes))
            .unwrap_or_default()
    }

    /// All nodes in the order in which they stand in for a key.
    pub fn preference_list(&self, key: &[u8]) -> Vec<NodeId> {
        self.walk(self.range_of(key)).to_vec()
    }

    /// The first `n` of the preference list: the nodes that should hold the key.
    pub fn owners(&self, key: &[u8], n: u32) -> Vec<NodeId> {
        let walk = self.walk(self.range_of(key));
        walk[..walk.len().min(n as usize)].to_vec()
    }
}

impl Token {
    fn new(node: NodeId, number: u32) -> Token {
        Token {
            position: Ring::position(format!("node-{}-{number}", node.0).as_bytes()),
            node,
            number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_exactly_at_a_token_belongs_to_it_and_the_next_one_does_not() {
        let ring = Ring::new(3, 2);
        for (index, token) in ring.tokens.iter().enumerate() {
            let next = (index + 1) % ring.tokens.len();
            assert_eq!(ring.range_at(token.position), index as u32);
            assert_eq!(ring.range_at(token.position + 1), next as u32);
        }
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
        let ring = Ring::new(4, 16);
        for range in 0..ring.ranges() {
            let distinct: BTreeSet<_> = ring.walk(range).iter().collect();
            assert_eq!((ring.walk(range).len(), distinct.len()), (4, 4));
        }
    }

    #[test]
    fn a_range_that_does_not_exist_has_nobody() {
        assert!(Ring::new(3, 2).walk(6).is_empty());
        assert!(Ring::new(3, 2).walk(u32::MAX).is_empty());
        assert!(Ring::new(0, 2).preference_list(b"x").is_empty());
    }
}
