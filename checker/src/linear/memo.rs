//! The configurations that a search has visited.

use std::collections::hash_map::Entry;
use std::hash::{Hash, Hasher};

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::live::Set;
use super::table::State;
use super::used::{Used, UsedSets};

/// A configuration but for the unknown operations it used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) place: u32,
    pub(crate) state: State,
    pub(crate) live: Set,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        // Sets differ in few bits, often high ones, which a multiplicative hash alone spreads badly.
        let mut mixed =
            self.live ^ (u64::from(self.place) << 32 | u64::from(self.state)).rotate_left(17);
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        hasher.write_u64(mixed ^ mixed >> 31);
    }
}

/// For each key the smallest multisets of unknown operations with which it was visited.
#[derive(Debug)]
pub(crate) struct Memo {
    heads: FxHashMap<Key, u32>,
    links: Vec<Link>,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    used: Used,
    next: Option<u32>,
}

impl Memo {
    /// Nothing visited, and room for so many configurations.
    pub(crate) fn with_capacity(configurations: usize) -> Self {
        Memo {
            heads: FxHashMap::with_capacity_and_hasher(configurations, FxBuildHasher),
            links: Vec::with_capacity(configurations),
        }
    }

    /// Notes a visit. `false` if the key was visited before with no more unknown operations used.
    pub(crate) fn visit(&mut self, key: Key, used: Used, sets: &UsedSets) -> bool {
        let mut place = match self.heads.entry(key) {
            Entry::Occupied(place) => place,
            Entry::Vacant(place) => {
                place.insert(self.links.len() as u32);
                self.links.push(Link { used, next: None });
                return true;
            }
        };
        let head = Some(*place.get());
        let mut at = head;
        let mut larger = None;
        while let Some(link) = at {
            let Link { used: known, next } = self.links[link as usize];
            if sets.within(known, used) {
                return false;
            }
            if sets.within(used, known) {
                larger = Some(link);
            }
            at = next;
        }
        if let Some(link) = larger {
            self.links[link as usize].used = used;
        } else {
            let link = self.links.len() as u32;
            self.links.push(Link { used, next: head });
            place.insert(link);
        }
        true
    }
}
