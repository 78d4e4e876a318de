//! Sets of slots that fit into one word each.

use rustc_hash::FxHashMap;

/// The name of a set of slots. Equal sets of one [`Slots`] have equal names; 0 is the empty set.
pub(crate) type Set = u64;

/// What the names of sets stand for: up to 64 slots the set itself, beyond that a place in a table.
#[derive(Debug)]
pub(crate) struct Slots {
    wide: Option<Wide>,
}

#[derive(Debug)]
struct Wide {
    sets: Vec<Box<[u64]>>,
    names: FxHashMap<Box<[u64]>, Set>,
}

impl Slots {
    /// Sets over this many slots.
    pub(crate) fn new(count: usize) -> Self {
        let wide = (count > 64).then(|| {
            let empty: Box<[u64]> = vec![0; count.div_ceil(64)].into();
            Wide {
                sets: vec![empty.clone()],
                names: FxHashMap::from_iter([(empty, 0)]),
            }
        });
        Slots { wide }
    }

    #[inline]
    pub(crate) fn has(&self, set: Set, slot: u32) -> bool {
        match &self.wide {
            None => set >> slot & 1 == 1,
            Some(wide) => wide.sets[set as usize][slot as usize / 64] >> (slot % 64) & 1 == 1,
        }
    }

    /// The set with this slot in it, or without it if it was.
    #[inline]
    pub(crate) fn flip(&mut self, set: Set, slot: u32) -> Set {
        match &mut self.wide {
            None => set ^ 1 << slot,
            Some(wide) => wide.flip(set, slot),
        }
    }
}

impl Wide {
    #[inline(never)]
    fn flip(&mut self, set: Set, slot: u32) -> Set {
        let mut words = self.sets[set as usize].clone();
        words[slot as usize / 64] ^= 1 << (slot % 64);
        if let Some(&name) = self.names.get(&words) {
            return name;
        }
        let name = self.sets.len() as Set;
        self.sets.push(words.clone());
        self.names.insert(words, name);
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_sets_have_equal_names_however_they_were_made() {
        for count in [64, 65, 200] {
            let last = count as u32 - 1;
            let mut slots = Slots::new(count);
            let one = slots.flip(0, last);
            let two = slots.flip(one, 3);
            let other = slots.flip(0, 3);
            assert!(slots.has(two, 3) && slots.has(two, last) && !slots.has(one, 3));
            assert_eq!(slots.flip(other, last), two);
            assert_eq!(slots.flip(one, last), 0);
            assert_ne!(one, other);
        }
    }
}
