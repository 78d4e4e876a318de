//! Vectors of counts that share what they have in common: a change costs one path, equal parts nothing.

/// How many counts a leaf has, and how many children an inner node.
const WIDTH: usize = 8;

/// How many vectors one is held against at once.
const LOWS_MAX: usize = 4;

/// How many bits of a name say how high the tree is.
const LEVEL_SHIFT: u32 = 29;

/// A vector of [`Vectors`]: as many counts as one likes, nearly all of them zero or shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vector(u32);

impl Vector {
    fn new(root: usize, level: u32) -> Self {
        assert!(
            root < 1 << LEVEL_SHIFT && level < 1 << (32 - LEVEL_SHIFT),
            "there are less than 2^29 nodes, and at most 2^24 counts"
        );
        Vector((root as u32) | level << LEVEL_SHIFT)
    }

    #[inline]
    fn root(self) -> u32 {
        self.0 & ((1 << LEVEL_SHIFT) - 1)
    }

    #[inline]
    fn level(self) -> u32 {
        self.0 >> LEVEL_SHIFT
    }

    /// How many counts may differ from zero.
    fn capacity(self) -> usize {
        WIDTH << (3 * self.level())
    }
}

/// The nodes of many vectors: trees of eight, persistent, so that a changed vector is a new one that
/// shares all other parts with the old one (Driscoll, Sarnak, Sleator, Tarjan 1989: path copying).
#[derive(Clone, Debug)]
pub(crate) struct Vectors {
    /// Leaves hold counts, inner nodes the numbers of nodes. The first is zero as either.
    nodes: Vec<[u32; WIDTH]>,
    sums: Vec<u32>,
}

impl Default for Vectors {
    fn default() -> Self {
        Vectors {
            nodes: vec![[0; WIDTH]],
            sums: vec![0],
        }
    }
}

impl Vectors {
    /// One count.
    #[inline]
    pub(crate) fn get(&self, vector: Vector, index: usize) -> u32 {
        if index >= vector.capacity() {
            return 0;
        }
        let mut node = vector.root();
        for level in (1..=vector.level()).rev() {
            node = self.nodes[node as usize][(index >> (3 * level)) % WIDTH];
        }
        self.nodes[node as usize][index % WIDTH]
    }

    /// All counts added up.
    #[inline]
    pub(crate) fn sum(&self, vector: Vector) -> u32 {
        self.sums[vector.root() as usize]
    }

    /// The same vector with one other count.
    pub(crate) fn set(&mut self, mut vector: Vector, index: usize, count: u32) -> Vector {
        while index >= vector.capacity() {
            vector = self.raise(vector);
        }
        let level = vector.level();
        Vector::new(
            self.put(vector.root(), level, (index, count)) as usize,
            level,
        )
    }

    /// The higher count at each place.
    #[inline]
    pub(crate) fn join(&mut self, mut one: Vector, mut two: Vector) -> Vector {
        if one == two || two.root() == 0 {
            return one;
        }
        if one.root() == 0 {
            return two;
        }
        while one.level() < two.level() {
            one = self.raise(one);
        }
        while two.level() < one.level() {
            two = self.raise(two);
        }
        let level = one.level();
        Vector::new(self.merge(one.root(), two.root(), level) as usize, level)
    }

    /// Calls back with each place at which the first is higher than all the others, with its count and the
    /// highest of theirs, in order. Parts that it shares with one of them cost nothing.
    pub(crate) fn above(
        &self,
        high: Vector,
        lows: &[Vector],
        found: &mut impl FnMut(usize, u32, u32),
    ) {
        let mut few = [(0, 0); LOWS_MAX];
        if lows.len() > LOWS_MAX {
            // What is higher than some of them is held against the rest, one count at a time.
            let (some, rest) = lows.split_at(LOWS_MAX);
            let mut all = |place: usize, high: u32, low: u32| {
                let others = rest.iter().map(|&other| self.get(other, place));
                let low = others.fold(low, u32::max);
                if high > low {
                    found(place, high, low);
                }
            };
            for (few, low) in few.iter_mut().zip(some) {
                *few = (low.root(), low.level());
            }
            return self.compare((high.root(), high.level()), few, 0, &mut all);
        }
        for (few, low) in few.iter_mut().zip(lows) {
            *few = (low.root(), low.level());
        }
        self.compare((high.root(), high.level()), few, 0, found);
    }

    /// Drops all nodes that none of these vectors needs, which get new names.
    pub(crate) fn keep<'a>(&mut self, vectors: impl Iterator<Item = &'a mut Vector>) {
        let mut fresh = Vectors::default();
        let mut moved = vec![0; self.nodes.len()];
        for vector in vectors {
            let (root, level) = (vector.root(), vector.level());
            let root = self.copy(root, level, &mut fresh, &mut moved);
            *vector = Vector::new(root as usize, level);
        }
        *self = fresh;
    }

    /// Drops the newest nodes down to so many, which no vector may need any more.
    pub(super) fn truncate(&mut self, nodes: usize) {
        self.nodes.truncate(nodes);
        self.sums.truncate(nodes);
    }

    /// How many nodes there are.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    fn copy(&self, node: u32, level: u32, fresh: &mut Vectors, moved: &mut [u32]) -> u32 {
        if node == 0 || moved[node as usize] != 0 {
            return moved[node as usize];
        }
        let mut of = self.nodes[node as usize];
        if level > 0 {
            for child in &mut of {
                *child = self.copy(*child, level - 1, fresh, moved);
            }
        }
        let name = fresh.push(of, self.sums[node as usize]);
        moved[node as usize] = name;
        name
    }

    fn push(&mut self, node: [u32; WIDTH], sum: u32) -> u32 {
        self.nodes.push(node);
        self.sums.push(sum);
        (self.nodes.len() - 1) as u32
    }

    fn raise(&mut self, vector: Vector) -> Vector {
        let mut node = [0; WIDTH];
        node[0] = vector.root();
        let root = if vector.root() == 0 {
            0
        } else {
            self.push(node, self.sum(vector))
        };
        Vector::new(root as usize, vector.level() + 1)
    }

    fn put(&mut self, node: u32, level: u32, (index, count): (usize, u32)) -> u32 {
        let mut of = self.nodes[node as usize];
        let place = (index >> (3 * level)) % WIDTH;
        let sum = self.sums[node as usize];
        let sum = if level == 0 {
            let before = std::mem::replace(&mut of[place], count);
            sum - before + count
        } else {
            let before = of[place];
            of[place] = self.put(before, level - 1, (index, count));
            sum - self.sums[before as usize] + self.sums[of[place] as usize]
        };
        self.push(of, sum)
    }

    fn merge(&mut self, one: u32, two: u32, level: u32) -> u32 {
        if one == two || two == 0 {
            return one;
        }
        if one == 0 {
            return two;
        }
        let (left, right) = (self.nodes[one as usize], self.nodes[two as usize]);
        let mut both = left;
        let mut sum = 0;
        for (count, other) in both.iter_mut().zip(right) {
            if level == 0 {
                *count = (*count).max(other);
                sum += *count;
            } else {
                *count = self.merge(*count, other, level - 1);
                sum += self.sums[*count as usize];
            }
        }
        if both == left {
            one
        } else if both == right {
            two
        } else {
            self.push(both, sum)
        }
    }

    fn compare(
        &self,
        (high, level): (u32, u32),
        mut lows: [(u32, u32); LOWS_MAX],
        from: usize,
        found: &mut dyn FnMut(usize, u32, u32),
    ) {
        if high == 0 {
            return;
        }
        for (low, low_level) in &mut lows {
            while *low_level > level {
                *low = self.nodes[*low as usize][0];
                *low_level -= 1;
            }
            if *low == high && *low_level == level {
                return;
            }
        }
        let of = self.nodes[high as usize];
        if level == 0 {
            let mut highest = self.nodes[lows[0].0 as usize];
            for &(low, _) in lows[1..].iter().filter(|(low, _)| *low != 0) {
                for (count, other) in highest.iter_mut().zip(self.nodes[low as usize]) {
                    *count = other.max(*count);
                }
            }
            for (place, (high, low)) in of.into_iter().zip(highest).enumerate() {
                if high > low {
                    found(from + place, high, low);
                }
            }
            return;
        }
        for (place, child) in of.into_iter().enumerate() {
            let below = lows.map(|(low, low_level)| match (low_level == level, place) {
                (true, _) => (self.nodes[low as usize][place], level - 1),
                (false, 0) => (low, low_level),
                (false, _) => (0, 0),
            });
            self.compare(
                (child, level - 1),
                below,
                from + (place << (3 * level)),
                found,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::luck::Luck;

    #[test]
    fn they_are_what_plain_vectors_are() {
        let mut luck = Luck(5);
        for width in [3, 8, 9, 70, 600] {
            let mut all = Vectors::default();
            let mut known = vec![(Vector::default(), vec![0; width])];
            for _ in 0..2_000 {
                let one = known[luck.place(known.len())].clone();
                let two = known[luck.place(known.len())].clone();
                let next = if luck.place(3) == 0 {
                    let (index, count) = (luck.place(width), luck.place(9) as u32);
                    let mut plain = one.1;
                    plain[index] = count;
                    (all.set(one.0, index, count), plain)
                } else {
                    let highest = one.1.iter().zip(&two.1).map(|(a, b)| *a.max(b));
                    (all.join(one.0, two.0), highest.collect())
                };
                let mut above = Vec::new();
                all.above(next.0, &[two.0], &mut |index, high, low| {
                    above.push((index, high, low));
                });
                let plain = next.1.iter().zip(&two.1).enumerate();
                let plain = plain.filter(|(_, (high, low))| high > low);
                let plain: Vec<_> = plain.map(|(at, (high, low))| (at, *high, *low)).collect();
                assert_eq!(above, plain);
                let lows: Vec<_> = (0..luck.place(8))
                    .map(|at| &known[at % known.len()])
                    .collect();
                let mut above = Vec::new();
                let vectors: Vec<Vector> = lows.iter().map(|low| low.0).collect();
                all.above(next.0, &vectors, &mut |index, high, low| {
                    above.push((index, high, low));
                });
                let highest = |at: usize| lows.iter().map(|low| low.1[at]).max().unwrap_or(0);
                let plain = next
                    .1
                    .iter()
                    .enumerate()
                    .map(|(at, high)| (at, *high, highest(at)));
                assert_eq!(
                    above,
                    plain
                        .filter(|(_, high, low)| high > low)
                        .collect::<Vec<_>>()
                );
                assert_eq!(all.sum(next.0), next.1.iter().sum::<u32>());
                let counts = (0..width).map(|index| all.get(next.0, index));
                assert_eq!(counts.collect::<Vec<_>>(), next.1);
                assert_eq!(all.get(next.0, 100_000), 0);
                if known.len() < 40 {
                    known.push(next);
                } else {
                    let place = luck.place(known.len());
                    known[place] = next;
                }
                if luck.place(300) == 0 {
                    all.keep(known.iter_mut().map(|(vector, _)| vector));
                    for (vector, plain) in &known {
                        let counts = (0..width).map(|index| all.get(*vector, index));
                        assert_eq!(counts.collect::<Vec<_>>(), *plain);
                    }
                }
            }
        }
    }
}
