//! Which subtree of a Merkle tree is meant.

use serde::{Deserialize, Serialize};

/// How many nibbles a position has, and so how deep a tree may be.
const NIBBLES: u8 = 32;

/// A subtree: all positions that have the same few low nibbles.
///
/// Positions of one key range share their high bits, so a tree reads them from the low end. Every
/// value is a valid prefix: what a peer makes up only names a subtree that may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "(u8, u128)", into = "(u8, u128)")]
pub struct Prefix {
    depth: u8,
    path: u128,
}

impl Prefix {
    /// The whole tree.
    pub const ROOT: Prefix = Prefix { depth: 0, path: 0 };

    /// The positions whose lowest `depth` nibbles are those of `path`. No depth is beyond 32.
    pub fn new(depth: u8, path: u128) -> Prefix {
        let depth = depth.min(NIBBLES);
        let mask = 1u128.checked_shl(4 * u32::from(depth)).unwrap_or(0);
        Prefix {
            depth,
            path: path & mask.wrapping_sub(1),
        }
    }

    /// How many nibbles are given.
    pub fn depth(&self) -> u8 {
        self.depth
    }

    /// Whether a position lies below.
    pub fn covers(&self, position: u128) -> bool {
        Prefix::new(self.depth, position) == *self
    }

    /// Whether a whole position is given, so that there is nothing left to divide by.
    pub fn is_whole(&self) -> bool {
        self.depth == NIBBLES
    }

    /// The sixteen subtrees one nibble further down; none below a whole position.
    pub fn children(self) -> impl Iterator<Item = Prefix> {
        let count = if self.is_whole() { 0 } else { 16 };
        (0..count).map(move |nibble: u128| Prefix {
            depth: self.depth + 1,
            path: self.path | nibble << (4 * self.depth),
        })
    }

    /// The nibbles on the way down from the root, as indices of children.
    pub(super) fn nibbles(self) -> impl Iterator<Item = usize> {
        (0..self.depth).map(move |depth| nibble(self.path, depth))
    }
}

/// Which child of a subtree at that depth, below 32, a position lies under.
pub(super) fn nibble(position: u128, depth: u8) -> usize {
    (position >> (4 * depth) & 15) as usize
}

impl From<(u8, u128)> for Prefix {
    fn from((depth, path): (u8, u128)) -> Prefix {
        Prefix::new(depth, path)
    }
}

impl From<Prefix> for (u8, u128) {
    fn from(prefix: Prefix) -> (u8, u128) {
        (prefix.depth, prefix.path)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_prefix_covers_the_positions_that_end_in_its_nibbles() {
        let prefix = Prefix::new(2, 0xab);
        assert!(prefix.covers(0xffab) && prefix.covers(0xab));
        assert!(!prefix.covers(0xabff) && !prefix.covers(0xfa));
        assert!(Prefix::ROOT.covers(u128::MAX));
        assert_eq!(prefix.nibbles().collect::<Vec<_>>(), [0xb, 0xa]);
    }

    #[test]
    fn each_position_below_a_prefix_lies_below_one_of_its_children() {
        let position = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210;
        for depth in 0..NIBBLES {
            let parent = Prefix::new(depth, position);
            let covering = parent.children().filter(|child| child.covers(position));
            assert_eq!(
                covering.collect::<Vec<_>>(),
                [Prefix::new(depth + 1, position)]
            );
            assert_eq!(parent.children().count(), 16);
        }
        assert_eq!(Prefix::new(NIBBLES, position).children().count(), 0);
    }

    #[test]
    fn whatever_a_peer_writes_is_a_prefix() {
        for (depth, path) in [(255, u128::MAX), (33, 7), (3, u128::MAX), (0, 9)] {
            let bytes = postcard::to_allocvec(&(depth, path)).expect("numbers encode");
            let prefix: Prefix = postcard::from_bytes(&bytes).expect("any two numbers do");
            assert_eq!(prefix, Prefix::new(depth, path));
            assert_eq!(prefix.depth(), depth.min(NIBBLES));
            assert!(prefix.covers(path));
        }
    }
}
