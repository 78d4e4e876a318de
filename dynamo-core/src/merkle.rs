//! One hash tree per key range, and where two trees differ (§4.7).

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use xxhash_rust::xxh3::xxh3_128;

/// The hash of everything in one range. Equal roots, equal range; 0 is the empty range.
pub type Root = u128;

/// The hashes of the sixteen children of a node in a tree; 0 is an empty child.
pub type Children = [u128; 16];

/// The keys of a leaf with the digests of what is held of them, in order.
pub type Digests = Vec<(Vec<u8>, u128)>;

/// A hash tree over the keys of one range: a root, 16 branches, 256 leaves.
///
/// The leaf of a key is the last byte of its position on the ring. A leaf is hashed over its keys in
/// order, with the digest of what is held of each. Hashes follow every change at once, and only
/// leaves with keys take space.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    root: Root,
    branches: Children,
    leaves: BTreeMap<u8, Leaf>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Leaf {
    hash: u128,
    digests: BTreeMap<Vec<u8>, u128>,
}

impl Tree {
    /// A range without keys.
    pub fn new() -> Tree {
        Tree::default()
    }

    /// Notes the digest of what is now held of a key. Hashes one leaf, one branch and the root.
    pub fn set(&mut self, position: u128, key: &[u8], digest: u128) {
        let number = leaf_of(position);
        let leaf = self.leaves.entry(number).or_default();
        match leaf.digests.get_mut(key) {
            Some(old) if *old == digest => return,
            Some(old) => *old = digest,
            None => {
                leaf.digests.insert(key.to_vec(), digest);
            }
        }
        leaf.hash = leaf.hashed();
        let branch = number >> 4;
        self.branches[usize::from(branch)] = hashed(&self.leaves(branch));
        self.root = hashed(&self.branches);
    }

    /// The hash of the whole range.
    pub fn root(&self) -> Root {
        self.root
    }

    /// The hashes below the root.
    pub fn branches(&self) -> Children {
        self.branches
    }

    /// The hashes below a branch, 0 to 15; all 0 if there is no such branch.
    pub fn leaves(&self, branch: u8) -> Children {
        let mut hashes = Children::default();
        if branch < 16 {
            for (number, leaf) in self.leaves.range(branch << 4..=(branch << 4 | 15)) {
                hashes[usize::from(number & 15)] = leaf.hash;
            }
        }
        hashes
    }

    /// The keys of a leaf with their digests, in order.
    pub fn keys(&self, leaf: u8) -> Digests {
        self.leaves
            .get(&leaf)
            .map(|leaf| {
                leaf.digests
                    .iter()
                    .map(|(key, digest)| (key.clone(), *digest))
                    .collect()
            })
            .unwrap_or_default()
    }
}

/// Which children differ, in order.
pub fn differing(mine: &Children, theirs: &Children) -> Vec<u8> {
    (0..16u8)
        .filter(|child| mine[usize::from(*child)] != theirs[usize::from(*child)])
        .collect()
}

/// The keys that only one of two leaves has, or that they have with unequal digests, in order.
pub fn differing_keys(mine: &[(Vec<u8>, u128)], theirs: &[(Vec<u8>, u128)]) -> Vec<Vec<u8>> {
    let mut digests: BTreeMap<&[u8], [Option<u128>; 2]> = BTreeMap::new();
    for (side, leaf) in [mine, theirs].into_iter().enumerate() {
        for (key, digest) in leaf {
            digests.entry(key).or_default()[side] = Some(*digest);
        }
    }
    digests
        .into_iter()
        .filter(|(_, [mine, theirs])| mine != theirs)
        .map(|(key, _)| key.to_vec())
        .collect()
}

fn leaf_of(position: u128) -> u8 {
    (position & 0xff) as u8
}

fn hashed(children: &Children) -> u128 {
    let mut bytes = [0; 256];
    for (place, hash) in bytes.chunks_exact_mut(16).zip(children) {
        place.copy_from_slice(&hash.to_le_bytes());
    }
    xxh3_128(&bytes)
}

impl Leaf {
    fn hashed(&self) -> u128 {
        let mut bytes = Vec::new();
        for (key, digest) in &self.digests {
            bytes.extend_from_slice(&(key.len() as u64).to_le_bytes());
            bytes.extend_from_slice(key);
            bytes.extend_from_slice(&digest.to_le_bytes());
        }
        xxh3_128(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn a_change_shows_in_every_hash_above_it_and_nowhere_else() {
        let mut one = Tree::new();
        one.set(0x21, b"x", 1);
        one.set(0x93, b"y", 1);
        let mut two = one.clone();
        two.set(0x93, b"y", 2);
        assert_ne!(one.root(), two.root());
        assert_eq!(differing(&one.branches(), &two.branches()), [9]);
        assert_eq!(differing(&one.leaves(9), &two.leaves(9)), [3]);
        assert_eq!(differing_keys(&one.keys(0x93), &two.keys(0x93)), [b"y"]);
        two.set(0x93, b"y", 1);
        assert_eq!(one, two);
    }

    #[test]
    fn keys_of_one_leaf_hash_alike_in_any_order_of_arrival() {
        let (mut one, mut two) = (Tree::new(), Tree::new());
        for key in [b"x", b"y", b"z"] {
            one.set(7, key, 1);
        }
        for key in [b"z", b"x", b"y"] {
            two.set(7, key, 1);
        }
        assert_eq!(one, two);
    }

    #[test]
    fn a_key_that_one_side_lacks_differs() {
        let leaf = vec![(b"x".to_vec(), 1)];
        assert_eq!(differing_keys(&leaf, &[]), [b"x"]);
        assert_eq!(differing_keys(&[], &leaf), [b"x"]);
    }

    #[test]
    fn a_branch_that_does_not_exist_is_empty() {
        let mut tree = Tree::new();
        tree.set(0xff, b"x", 1);
        assert_eq!(tree.leaves(16), Children::default());
        assert_eq!(tree.leaves(255), Children::default());
    }
}
