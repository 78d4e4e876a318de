//! Clocks held against the truth that contexts tell, by induction along the order of writes.

use rustc_hash::FxHashMap;

use super::clocks::{Clocks, Dot};
use crate::note::Clock;
use crate::order::Key;

/// One pair of writes whose clocks say something else than the contexts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// The later one's clock has seen the earlier one, and no context can have.
    Order { below: usize, above: usize },
    /// The later one's context had seen the earlier one, and its clock has not.
    Conflict { below: usize, above: usize },
}

/// Which writes have one certain event each: only those can be held against anything.
pub(super) fn clocked<'h>(clocks: &Clocks<'h>) -> Vec<Option<&'h Dot>> {
    let one = |of: &Vec<&'h Clock>| {
        let dot = &of.first()?.dot;
        of.iter().all(|clock| clock.dot == *dot).then_some(dot)
    };
    clocks.of.iter().map(one).collect()
}

/// The first lies of this key, at most one of each kind, in the order of the writes.
///
/// `order` lists the writes so that none comes before one that it saw. If the clocks of all writes
/// that a write saw are right, its own are right exactly when they cover what those cover, and those
/// writes themselves, and beyond that only what may have hidden in an answer. So each write is held
/// against the writes it saw, not against all: O(contexts · events / 64).
pub(super) fn lies(key: &Key<'_>, clocks: &Clocks<'_>, order: &[usize]) -> Vec<Lie> {
    let dots = clocked(clocks);
    let events = Events::new(&dots);
    let mut pasts: Vec<Bits> = vec![Bits::default(); key.writes.len()];
    let mut lies = Vec::new();
    let (mut orders, mut conflicts) = (true, true);
    for &above in order {
        let mut want = Bits::new(dots.len());
        for &seen in key.seen(above) {
            want.join(&pasts[seen]);
            if dots[seen].is_some() {
                want.insert(seen);
            }
        }
        let mut past = Bits::default();
        for clock in dots[above].map_or(&[][..], |_| &clocks.of[above]) {
            let have = events.seen_by(clock, above, dots.len());
            for below in have.without(&want) {
                if orders && !key.possibly_before(below, above) {
                    lies.push(Lie::Order { below, above });
                    orders = false;
                }
            }
            for below in want.without(&have) {
                if conflicts && key.before(below, above) {
                    lies.push(Lie::Conflict { below, above });
                    conflicts = false;
                }
            }
            past.join(&have);
        }
        // A write whose own clock is not known passes on what it must have seen.
        pasts[above] = if dots[above].is_some() { past } else { want };
    }
    lies
}

/// The known events of one key: for each actor its counters with their writes, sorted.
struct Events<'a> {
    actors: FxHashMap<&'a str, Vec<(u64, usize)>>,
}

impl<'a> Events<'a> {
    fn new(dots: &[Option<&'a Dot>]) -> Self {
        let mut actors: FxHashMap<&str, Vec<(u64, usize)>> = FxHashMap::default();
        for (write, dot) in dots.iter().enumerate() {
            if let Some((actor, counter)) = dot {
                actors.entry(actor).or_default().push((*counter, write));
            }
        }
        for counters in actors.values_mut() {
            counters.sort_unstable();
        }
        Events { actors }
    }

    /// The writes whose events this clock has seen, apart from its own.
    fn seen_by(&self, clock: &Clock, own: usize, writes: usize) -> Bits {
        let mut seen = Bits::new(writes);
        for (actor, until) in &clock.past {
            let counters = self.actors.get(actor.as_str());
            for &(counter, write) in counters.into_iter().flatten() {
                if counter > *until {
                    break;
                }
                if write != own {
                    seen.insert(write);
                }
            }
        }
        seen
    }
}

/// A set of writes.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn new(size: usize) -> Self {
        Bits(vec![0; size.div_ceil(64)])
    }

    fn insert(&mut self, write: usize) {
        self.0[write / 64] |= 1 << (write % 64);
    }

    fn join(&mut self, other: &Bits) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }

    fn without<'a>(&'a self, other: &'a Bits) -> impl Iterator<Item = usize> + 'a {
        self.0.iter().enumerate().flat_map(move |(index, word)| {
            let left = word & !other.0.get(index).copied().unwrap_or(0);
            (0..64)
                .filter(move |bit| left & (1 << bit) != 0)
                .map(move |bit| index * 64 + bit)
        })
    }
}
