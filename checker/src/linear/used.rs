//! How many operations of each unknown kind an order has used, as small names.

use rustc_hash::FxHashMap;

/// The name of a multiset of kinds. Equal multisets have equal names; 0 is the empty one.
pub(crate) type Used = u32;

/// What the names of multisets stand for: pairs of kind and count, ordered by kind, no count zero.
#[derive(Debug)]
pub(crate) struct UsedSets {
    sets: Vec<Box<[(u32, u32)]>>,
    names: FxHashMap<Box<[(u32, u32)]>, Used>,
}

impl UsedSets {
    pub(crate) fn new() -> Self {
        UsedSets {
            sets: vec![Box::default()],
            // Nobody asks for the name of the empty one: none is made by adding to another.
            names: FxHashMap::default(),
        }
    }

    /// How many of this kind were used.
    #[inline]
    pub(crate) fn count(&self, used: Used, kind: u32) -> u32 {
        let set = &self.sets[used as usize];
        match set.binary_search_by_key(&kind, |&(kind, _)| kind) {
            Ok(place) => set[place].1,
            Err(_) => 0,
        }
    }

    /// The multiset with one more of this kind.
    pub(crate) fn with(&mut self, used: Used, kind: u32) -> Used {
        let mut set = self.sets[used as usize].to_vec();
        match set.binary_search_by_key(&kind, |&(kind, _)| kind) {
            Ok(place) => set[place].1 += 1,
            Err(place) => set.insert(place, (kind, 1)),
        }
        let set: Box<[(u32, u32)]> = set.into();
        if let Some(&name) = self.names.get(&set) {
            return name;
        }
        let name = self.sets.len() as Used;
        self.sets.push(set.clone());
        self.names.insert(set, name);
        name
    }

    /// Whether the first uses no more of any kind than the second.
    #[inline]
    pub(crate) fn within(&self, first: Used, second: Used) -> bool {
        if first == 0 || first == second {
            return true;
        }
        let mut larger = self.sets[second as usize].iter();
        self.sets[first as usize]
            .iter()
            .all(|&(kind, count)| larger.any(|&(other, most)| other == kind && most >= count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_multiset_is_within_another_if_no_count_is_larger() {
        let mut sets = UsedSets::new();
        let one = sets.with(0, 5);
        let two = sets.with(one, 5);
        let both = sets.with(one, 3);
        let all = sets.with(both, 5);
        assert_eq!(sets.count(all, 5), 2);
        assert_eq!(sets.count(all, 4), 0);
        for (first, second, within) in [
            (0, one, true),
            (one, 0, false),
            (one, two, true),
            (two, one, false),
            (both, two, false),
            (two, both, false),
            (both, all, true),
            (two, all, true),
            (all, all, true),
        ] {
            assert_eq!(sets.within(first, second), within, "{first} {second}");
        }
        assert_eq!(sets.with(two, 3), all);
    }
}
