//! Clocks held against the truth that contexts tell, by induction along the order of writes.

use rustc_hash::FxHashMap;

use super::clocks::{Clocks, Dot};
use crate::note::Clock;
use crate::order::Key;

/// One pair of writes whose clocks say something else than the contexts do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// The later one's clock has seen the earlier one, and no context can have; both may be one write
    /// that claims to have seen itself.
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
/// against the writes it saw, not against all: O(contexts · actors), and what differs.
pub(super) fn lies(key: &Key<'_>, clocks: &Clocks<'_>, order: &[usize]) -> Vec<Lie> {
    let dots = clocked(clocks);
    let events = Events::new(&dots);
    let mut pasts: Vec<Seen> = vec![Seen::default(); key.writes.len()];
    let mut lies = Vec::new();
    let (mut orders, mut conflicts) = (true, true);
    for &above in order {
        let mut want = Seen::default();
        for &seen in key.seen(above) {
            want.join(&pasts[seen]);
            if dots[seen].is_some() {
                want.single.push(seen);
            }
        }
        events.settle(&mut want);
        let mut past = Seen::default();
        for clock in dots[above].map_or(&[][..], |_| &clocks.of[above]) {
            let have = events.seen_by(clock);
            // An event that two writes share may be the other one's.
            let alike = || dots.iter().flatten().filter(|dot| ***dot == clock.dot);
            if orders && clock.saw(&clock.dot) && alike().count() == 1 {
                let below = above;
                lies.push(Lie::Order { below, above });
                orders = false;
            }
            let unproven = |&below: &usize| below != above && !key.possibly_before(below, above);
            let more = events.without(&have, &want);
            if orders && let Some(below) = more.filter(unproven).min() {
                lies.push(Lie::Order { below, above });
                orders = false;
            }
            let less = events.without(&want, &have);
            let proven = |&below: &usize| key.before(below, above);
            if conflicts && let Some(below) = less.filter(proven).min() {
                lies.push(Lie::Conflict { below, above });
                conflicts = false;
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
    actors: FxHashMap<&'a str, usize>,
    counters: Vec<Vec<(u64, usize)>>,
    /// For each write with an event its actor and its place among the events of the actor.
    places: Vec<Option<(usize, usize)>>,
}

/// A set of events: of each actor the first so many, and some by themselves.
#[derive(Clone, Debug, Default)]
struct Seen {
    first: Vec<usize>,
    /// Writes whose events come after others that are not seen.
    single: Vec<usize>,
}

impl Seen {
    fn first_of(&self, actor: usize) -> usize {
        self.first.get(actor).copied().unwrap_or(0)
    }

    fn join(&mut self, other: &Seen) {
        if self.first.len() < other.first.len() {
            self.first.resize(other.first.len(), 0);
        }
        for (count, more) in self.first.iter_mut().zip(&other.first) {
            *count = (*count).max(*more);
        }
        self.single.extend_from_slice(&other.single);
    }
}

impl<'a> Events<'a> {
    fn new(dots: &[Option<&'a Dot>]) -> Self {
        let mut actors: FxHashMap<&str, usize> = FxHashMap::default();
        let mut counters: Vec<Vec<(u64, usize)>> = Vec::new();
        for (write, dot) in dots.iter().enumerate() {
            if let Some((actor, counter)) = dot {
                let next = actors.len();
                let number = *actors.entry(actor).or_insert(next);
                if number == next {
                    counters.push(Vec::new());
                }
                counters[number].push((*counter, write));
            }
        }
        let mut places = vec![None; dots.len()];
        for (actor, counters) in counters.iter_mut().enumerate() {
            counters.sort_unstable();
            for (place, &(_, write)) in counters.iter().enumerate() {
                places[write] = Some((actor, place));
            }
        }
        Events {
            actors,
            counters,
            places,
        }
    }

    /// The events that this clock has seen, its own perhaps among them.
    fn seen_by(&self, clock: &Clock) -> Seen {
        let mut seen = Seen {
            first: vec![0; self.counters.len()],
            single: Vec::new(),
        };
        for (actor, until) in &clock.past {
            if let Some(&actor) = self.actors.get(actor.as_str()) {
                let counters = &self.counters[actor];
                let count = counters.partition_point(|(counter, _)| counter <= until);
                seen.first[actor] = seen.first[actor].max(count);
            }
        }
        seen
    }

    /// Counts single events to the first of their actors where nothing is left out between them.
    fn settle(&self, seen: &mut Seen) {
        if seen.single.is_empty() {
            return;
        }
        seen.first.resize(self.counters.len(), 0);
        seen.single
            .sort_unstable_by_key(|&write| (self.places[write], write));
        seen.single.dedup();
        let Seen { first, single } = seen;
        single.retain(|&write| {
            let Some((actor, place)) = self.places[write] else {
                return false;
            };
            if place == first[actor] {
                first[actor] += 1;
            }
            place >= first[actor]
        });
    }

    /// The writes whose events are in one set and not in the other.
    fn without<'s>(&'s self, one: &'s Seen, other: &'s Seen) -> impl Iterator<Item = usize> + 's {
        let first = self.counters.iter().enumerate();
        let first = first.flat_map(move |(actor, counters)| {
            let (from, to) = (other.first_of(actor), one.first_of(actor));
            counters[from.min(to)..to].iter().map(|&(_, write)| write)
        });
        let single = one.single.iter().copied().filter(|&write| {
            let place = self.places[write];
            place.is_some_and(|(actor, place)| place >= other.first_of(actor))
        });
        first
            .chain(single)
            .filter(|write| !other.single.contains(write))
    }
}
