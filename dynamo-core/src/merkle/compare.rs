//! One step of a comparison: what a tree answers to what another shows.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::prefix::Prefix;
use super::tree::{LEAF_MAX, Root, Summary, Tree};

/// How many keys are held against a list at once; a larger subtree shows its children instead.
const AT_ONCE_MAX: usize = 4 * LEAF_MAX;

/// What one step of a comparison finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Subtrees that differ and are to be looked into, with what this side shows of them.
    pub subtrees: Vec<(Prefix, Summary)>,
    /// Keys that differ, each with who has something of it.
    pub keys: Vec<(Vec<u8>, Holder)>,
}

/// Which side has something of a key that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// Only the one who compares.
    Mine,
    /// Only the one who is compared.
    Theirs,
    /// Both, but not the same.
    Both,
}

/// The keys of a list that lie below some prefix, with their positions.
type Listed<'a> = Vec<(u128, &'a [u8], u128)>;

impl Tree {
    /// The first step: what to answer to the root of another tree. Nothing if it is equal.
    pub fn compare_root(&self, theirs: Root) -> Difference {
        let mut found = Difference::default();
        if self.root() == theirs {
            return found;
        }
        if theirs == 0 {
            self.hold_against(&Prefix::ROOT, &Listed::new(), &mut found);
        } else {
            let root = Prefix::ROOT;
            found.subtrees.push((root, self.summary(&root)));
        }
        found
    }

    /// Each further step: what to answer to a subtree that another tree shows.
    ///
    /// It finds at most sixteen subtrees, or as many keys as were listed and 256 more, unless they
    /// share a whole position. Two trees that answer each other with what they find come to each key
    /// that differs exactly once and never look into a subtree that is equal; the depth grows at
    /// every other step, so they come to an end whatever is shown. `position` tells where a key
    /// lies; keys that are listed in the wrong place are passed over.
    pub fn compare(
        &self,
        prefix: &Prefix,
        theirs: &Summary,
        position: fn(&[u8]) -> u128,
    ) -> Difference {
        let mut found = Difference::default();
        match (theirs, self.summary(prefix)) {
            (Summary::Keys(digests), _) => {
                let all = digests
                    .iter()
                    .map(|(key, digest)| (position(key), key.as_slice(), *digest));
                let listed = all.filter(|(position, ..)| prefix.covers(*position));
                self.hold_against(prefix, &listed.collect(), &mut found);
            }
            (Summary::Children(_), mine @ Summary::Keys(_)) => {
                found.subtrees.push((*prefix, mine));
            }
            (Summary::Children(theirs), Summary::Children(mine)) => {
                for ((child, mine), theirs) in prefix.children().zip(*mine).zip(**theirs) {
                    if mine == theirs {
                        continue;
                    }
                    if theirs == 0 {
                        self.settle(&child, &Listed::new(), &mut found);
                    } else {
                        found.subtrees.push((child, self.summary(&child)));
                    }
                }
            }
        }
        found
    }

    /// Compares a subtree with all that the other side has of it.
    fn hold_against(&self, prefix: &Prefix, theirs: &Listed<'_>, found: &mut Difference) {
        if self.len_below(prefix) <= AT_ONCE_MAX || prefix.is_whole() {
            self.differ(prefix, theirs, found);
            return;
        }
        for child in prefix.children() {
            let below = theirs.iter().copied();
            let below = below.filter(|(position, ..)| child.covers(*position));
            self.settle(&child, &below.collect(), found);
        }
    }

    /// The same for a child, which may be large as well and is then only shown.
    fn settle(&self, child: &Prefix, theirs: &Listed<'_>, found: &mut Difference) {
        if self.len_below(child) <= LEAF_MAX || child.is_whole() {
            self.differ(child, theirs, found);
        } else {
            found.subtrees.push((*child, self.summary(child)));
        }
    }

    /// The keys that only one side has, or that they have with unequal digests, in order.
    fn differ(&self, prefix: &Prefix, theirs: &Listed<'_>, found: &mut Difference) {
        let mut digests: BTreeMap<&[u8], [Option<u128>; 2]> = BTreeMap::new();
        for held in self.below(prefix) {
            digests.entry(&held.key).or_default()[0] = Some(held.digest);
        }
        for (_, key, digest) in theirs {
            digests.entry(key).or_default()[1] = Some(*digest);
        }
        for (key, digests) in digests {
            let holder = match digests {
                [Some(mine), Some(theirs)] if mine == theirs => continue,
                [Some(_), Some(_)] => Holder::Both,
                [Some(_), None] => Holder::Mine,
                [None, _] => Holder::Theirs,
            };
            found.keys.push((key.to_vec(), holder));
        }
    }
}
