//! The laws of version vectors, and siblings, on generated values.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{
    Actor, Causality, Dot, NodeId, Resolution, Siblings, Version, VersionVector, Versioning,
};
use quickcheck::{Arbitrary, Gen, QuickCheck, Testable};

const REPLICAS: usize = 3;

fn law<P: Testable>(property: P) {
    QuickCheck::new().tests(500).quickcheck(property);
}

/// What happens to one key on a few replicas: only states that come about so obey the laws, because
/// pasts are the contexts of real reads.
#[derive(Clone, Debug)]
struct Story(Vec<Step>);

#[derive(Clone, Copy, Debug)]
enum Step {
    /// A put at a replica, with what another replica showed when so many steps had passed.
    Put {
        at: usize,
        read: usize,
        age: usize,
        blind: bool,
    },
    /// One replica merges all that another holds.
    Merge { at: usize, from: usize },
    /// A replica loses all that it holds, as after a tombstone was reaped.
    Forget { at: usize },
}

impl Arbitrary for Step {
    fn arbitrary(g: &mut Gen) -> Step {
        let replica = |g: &mut Gen| usize::arbitrary(g) % REPLICAS;
        if bool::arbitrary(g) {
            Step::Put {
                at: replica(g),
                read: replica(g),
                age: usize::arbitrary(g) % 4,
                blind: u8::arbitrary(g).is_multiple_of(4),
            }
        } else {
            Step::Merge {
                at: replica(g),
                from: replica(g),
            }
        }
    }
}

impl Arbitrary for Story {
    fn arbitrary(g: &mut Gen) -> Story {
        Story(Vec::arbitrary(g))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Story>> {
        Box::new(self.0.shrink().map(Story))
    }
}

impl Story {
    /// The states of the replicas after each step.
    fn told(&self) -> Vec<[Siblings; REPLICAS]> {
        self.told_by(Versioning::default())
    }

    /// The states of the replicas after each step, under these rules.
    fn told_by(&self, rules: Versioning) -> Vec<[Siblings; REPLICAS]> {
        let mut states = vec![<[Siblings; REPLICAS]>::default()];
        for (turn, step) in self.0.iter().enumerate() {
            let mut next = states[turn].clone();
            match *step {
                Step::Put {
                    at,
                    read,
                    age,
                    blind,
                } => {
                    let read = &states[turn - age.min(turn)][read];
                    let past = if blind {
                        VersionVector::new()
                    } else {
                        rules.context(read)
                    };
                    let held = &mut next[at];
                    let dot = rules.event(actor(at), turn as u64, held, &past);
                    let time = rules.time(clock_us(at, turn), held, read.time());
                    rules.put(held, version(dot, past, time, turn));
                }
                Step::Forget { at } => next[at] = Siblings::new(),
                Step::Merge { at, from } => {
                    let other = next[from].clone();
                    rules.merge(&mut next[at], &other);
                }
            }
            states.push(next);
        }
        states
    }

    fn last(&self) -> [Siblings; REPLICAS] {
        self.told().pop().expect("a story has a beginning")
    }
}

/// A story in which replicas forget: clocks then count anew, and name two events alike.
#[derive(Clone, Debug)]
struct Forgetful(Story);

impl Arbitrary for Forgetful {
    fn arbitrary(g: &mut Gen) -> Forgetful {
        let Story(mut steps) = Story::arbitrary(g);
        for step in &mut steps {
            if u8::arbitrary(g).is_multiple_of(6) {
                let at = usize::arbitrary(g) % REPLICAS;
                *step = Step::Forget { at };
            }
        }
        Forgetful(Story(steps))
    }

    fn shrink(&self) -> Box<dyn Iterator<Item = Forgetful>> {
        Box::new(self.0.shrink().map(Forgetful))
    }
}

impl Forgetful {
    /// The last states of the replicas. Where events are dots, who makes them forgets none.
    fn last_by(&self, rules: Versioning) -> [Siblings; REPLICAS] {
        let Forgetful(Story(mut steps)) = self.clone();
        if rules.causality == Causality::Dots {
            steps.retain(|step| !matches!(step, Step::Forget { .. }));
        }
        let mut told = Story(steps).told_by(rules);
        told.pop().expect("a story has a beginning")
    }
}

fn actor(node: usize) -> Actor {
    Actor::owner(NodeId(node as u32))
}

/// Clocks of the replicas differ.
fn clock_us(node: usize, turn: usize) -> u64 {
    (turn + 1) as u64 * 10 + node as u64 * 25
}

fn version(dot: Dot, past: VersionVector, time: u64, turn: usize) -> Version {
    Version {
        dot,
        past,
        time,
        value: Some(turn.to_le_bytes().to_vec()),
    }
}

fn merged_by(rules: Versioning, one: &Siblings, two: &Siblings) -> Siblings {
    let mut both = one.clone();
    rules.merge(&mut both, two);
    both
}

fn merged(one: &Siblings, two: &Siblings) -> Siblings {
    merged_by(Versioning::default(), one, two)
}

fn dots(siblings: &Siblings) -> BTreeSet<Dot> {
    siblings.iter().map(|version| version.dot).collect()
}

/// Every causality with every resolution.
fn choices() -> impl Iterator<Item = Versioning> {
    let causalities = [
        Causality::Dots,
        Causality::Clocks,
        Causality::Truncated { pairs: 2 },
        Causality::Vectors,
    ];
    causalities.into_iter().flat_map(|causality| {
        [Resolution::Client, Resolution::LastWriterWins].map(|resolution| Versioning {
            causality,
            resolution,
        })
    })
}

#[test]
fn merge_is_commutative_associative_and_idempotent() {
    law::<fn(Story) -> bool>(|story| {
        choices().all(|rules| {
            let merged = |one: &Siblings, two: &Siblings| merged_by(rules, one, two);
            let [a, b, c] = story.told_by(rules).pop().expect("a beginning");
            // Under one clock for all versions, what was replaced can come back.
            let associative = rules.causality == Causality::Vectors
                || merged(&merged(&a, &b), &c) == merged(&a, &merged(&b, &c));
            associative
                && merged(&a, &b) == merged(&b, &a)
                && merged(&a, &a) == a
                && merged(&merged(&a, &b), &b) == merged(&a, &b)
        })
    });
}

#[test]
fn a_put_is_seen_and_strictly_after_all_that_its_writer_had_seen() {
    law::<fn(Story) -> bool>(|story| {
        choices().all(|rules| {
            let truncates = matches!(rules.causality, Causality::Truncated { .. });
            let states = story.told_by(rules);
            let steps = story.0.iter().zip(states.windows(2));
            steps.enumerate().all(|(turn, (step, states))| match *step {
                Step::Merge { .. } | Step::Forget { .. } => true,
                Step::Put { at, .. } => {
                    let (before, after) = (&states[0][at], &states[1][at]);
                    let written = turn.to_le_bytes().to_vec();
                    let new = |held: &Version| held.value.as_ref() == Some(&written);
                    let grown = truncates || rules.context(before) < rules.context(after);
                    grown && after.iter().any(new)
                }
            })
        })
    });
}

#[test]
fn the_last_writer_leaves_one_version_at_most() {
    law::<fn(Story) -> bool>(|story| {
        choices()
            .filter(|rules| rules.resolution == Resolution::LastWriterWins)
            .all(|rules| {
                let states = story.told_by(rules);
                states.iter().flatten().all(|held| held.len() <= 1)
            })
    });
}

/// Replicas that have met hold the same bytes, or they would find each other different for ever.
#[test]
fn replicas_that_have_met_agree_whatever_they_had_forgotten() {
    let mut check = QuickCheck::new().tests(5_000);
    check.quickcheck::<fn(Forgetful) -> bool>(|story| {
        choices().all(|rules| {
            let merged = |one: &Siblings, two: &Siblings| merged_by(rules, one, two);
            let [a, b, _] = story.last_by(rules);
            let both = merged(&a, &b);
            both == merged(&b, &a) && merged(&both, &b) == both && merged(&a, &both) == both
        })
    });
}

/// A version's own event is no part of what it has seen before, unless it has seen a later one of
/// its actor, who had forgotten the key in between.
#[test]
fn a_merge_sees_what_both_saw_and_names_nothing_twice() {
    law::<fn(Forgetful) -> bool>(|story| {
        choices().all(|rules| {
            let [a, b, _] = story.last_by(rules);
            let both = merged_by(rules, &a, &b);
            let mut seen = rules.context(&a);
            seen.join(&rules.context(&b));
            let lean = |version: &Version| {
                let own = version.past.last(version.dot.actor);
                own == 0 || own > version.dot.counter
            };
            rules.context(&both).partial_cmp(&seen) == Some(Ordering::Equal)
                && (rules.resolution == Resolution::Client || both.iter().all(lean))
        })
    });
}

/// While each replica writes at most once between reads of it, and nobody writes with an old context,
/// clocks tell all that dots tell.
#[test]
fn clocks_and_dots_agree_where_every_writer_has_read_its_coordinator() {
    law::<fn(Vec<(usize, usize)>) -> bool>(|merges| {
        let story = Story(
            merges
                .into_iter()
                .flat_map(|(at, from)| {
                    let (at, from) = (at % REPLICAS, from % REPLICAS);
                    let put = Step::Put {
                        at,
                        read: at,
                        age: 0,
                        blind: false,
                    };
                    [put, Step::Merge { at, from }]
                })
                .collect(),
        );
        let told = |causality: Causality| {
            let rules = Versioning {
                causality,
                resolution: Resolution::Client,
            };
            let states = story.told_by(rules);
            let values = states.iter().flatten().map(|held| {
                let values = held.iter().map(|version| version.value.clone());
                values.collect::<BTreeSet<_>>()
            });
            values.collect::<Vec<_>>()
        };
        told(Causality::Dots) == told(Causality::Clocks)
    });
}

/// What is left in the end, when all replicas have met.
fn values(story: &Story, causality: Causality) -> BTreeSet<Option<Vec<u8>>> {
    let rules = Versioning {
        causality,
        resolution: Resolution::Client,
    };
    let [a, b, c] = story.told_by(rules).pop().expect("a beginning");
    let all = merged_by(rules, &merged_by(rules, &a, &b), &c);
    all.iter().map(|version| version.value.clone()).collect()
}

/// Under the same story, clocks never show more than dots do, and one vector for all never less.
#[test]
fn clocks_may_lose_what_dots_keep_and_one_vector_for_all_loses_nothing() {
    law::<fn(Story) -> bool>(|story| {
        let dots = values(&story, Causality::Dots);
        values(&story, Causality::Vectors).is_superset(&dots)
    });
    let lossy = Story(vec![
        Step::Put {
            at: 0,
            read: 0,
            age: 0,
            blind: true,
        },
        Step::Put {
            at: 0,
            read: 0,
            age: 0,
            blind: true,
        },
    ]);
    assert_eq!(values(&lossy, Causality::Dots).len(), 2);
    assert_eq!(values(&lossy, Causality::Clocks).len(), 1);
}

#[test]
fn merge_says_whether_it_changed_anything_and_sees_what_both_saw() {
    law::<fn(Story) -> bool>(|story| {
        let [a, b, _] = story.last();
        let mut both = a.clone();
        let changed = Versioning::default().merge(&mut both, &b);
        let mut seen = a.context();
        seen.join(&b.context());
        changed == (both != a) && both.context() == seen
    });
}

#[test]
fn merge_keeps_exactly_the_versions_that_nobody_has_replaced() {
    law::<fn(Story) -> bool>(|story| {
        let [a, b, _] = story.last();
        let versions = a.iter().chain(b.iter());
        let all: BTreeMap<Dot, &Version> = versions.map(|version| (version.dot, version)).collect();
        let replaced = |dot: &Dot| all.values().any(|version| version.past.covers(*dot));
        let expected: BTreeSet<Dot> = all.keys().copied().filter(|dot| !replaced(dot)).collect();
        dots(&merged(&a, &b)) == expected
    });
}

/// The oracle counts events as plain sets: no vectors, no dots.
#[test]
fn replicas_hold_exactly_the_events_that_no_event_they_know_has_seen() {
    law::<fn(Story) -> bool>(|story| {
        let mut known = vec![vec![BTreeSet::<usize>::new(); REPLICAS]];
        let mut seen = BTreeMap::<usize, BTreeSet<usize>>::new();
        for (turn, step) in story.0.iter().enumerate() {
            let mut next = known[turn].clone();
            match *step {
                Step::Put {
                    at,
                    read,
                    age,
                    blind,
                } => {
                    let read = &known[turn - age.min(turn)][read];
                    seen.insert(turn, if blind { BTreeSet::new() } else { read.clone() });
                    let history = seen[&turn].clone();
                    next[at].extend(history);
                    next[at].insert(turn);
                }
                Step::Forget { at } => next[at].clear(),
                Step::Merge { at, from } => {
                    let other = next[from].clone();
                    next[at].extend(other);
                }
            }
            known.push(next);
        }
        story.told().iter().zip(&known).all(|(states, known)| {
            states.iter().zip(known).all(|(state, known)| {
                let newest = known
                    .iter()
                    .filter(|event| !known.iter().any(|by| seen[by].contains(event)));
                let held = state.iter().map(|held| held.dot.counter as usize - 1);
                held.collect::<BTreeSet<_>>() == newest.copied().collect()
            })
        })
    });
}

#[test]
fn a_put_replaces_exactly_what_its_context_covers() {
    law::<fn((Story, usize)) -> bool>(|(story, age)| {
        let states = story.told();
        let old = &states[states.len() - 1 - age % states.len()];
        let [mut held, ..] = states[states.len() - 1].clone();
        let (before, past) = (held.clone(), old[1].context());
        let dot = Dot {
            actor: actor(0),
            counter: states.len() as u64 + 1,
        };
        Versioning::default().put(&mut held, version(dot, past.clone(), 0, 0));
        let kept = dots(&before).into_iter().filter(|dot| !past.covers(*dot));
        dots(&held) == kept.chain([dot]).collect()
    });
}

#[test]
fn siblings_contain_the_events_that_they_list() {
    law::<fn(Story) -> bool>(|story| {
        let [a, b, _] = story.last();
        let [one, two] = [&a, &b].map(dots);
        one.union(&two).all(|dot| {
            a.contains(*dot) == one.contains(dot) && b.contains(*dot) == two.contains(dot)
        })
    });
}

#[test]
fn siblings_that_a_peer_wrote_twice_and_in_another_order_are_read_in_order() {
    law::<fn(Story) -> bool>(|story| {
        choices().all(|rules| {
            let [held, ..] = story.told_by(rules).pop().expect("a beginning");
            let clock = match rules.causality {
                Causality::Vectors => held.context(),
                _ => VersionVector::new(),
            };
            let mut versions: Vec<Version> = held.iter().cloned().collect();
            versions.extend(versions.clone());
            versions.reverse();
            let bytes = postcard::to_allocvec(&(versions, clock)).expect("plain numbers encode");
            postcard::from_bytes(&bytes) == Ok(held)
        })
    });
}

#[test]
fn equal_states_and_only_they_have_equal_digests() {
    law::<fn(Story) -> bool>(|story| {
        let [a, b, _] = story.last();
        (a == b) == (a.digest() == b.digest()) && merged(&a, &b).digest() == merged(&b, &a).digest()
    });
}

#[derive(Clone, Debug)]
struct Vector(VersionVector);

impl Arbitrary for Vector {
    fn arbitrary(g: &mut Gen) -> Vector {
        let dots = (0..4).filter_map(|node| {
            let counter = u64::from(u8::arbitrary(g) % 4);
            (counter > 0).then_some(Dot {
                actor: Actor::owner(NodeId(node)),
                counter,
            })
        });
        Vector(dots.collect())
    }
}

/// A vector as it is written: the events that were seen, and the times.
type Entries = Vec<(Actor, u64)>;

fn entries(list: Vec<(u8, u8)>) -> Entries {
    let few = list.into_iter().take(4);
    few.map(|(node, number)| (actor((node % 4).into()), number.into()))
        .collect()
}

fn read(lists: &[Entries; 2]) -> VersionVector {
    let bytes = postcard::to_allocvec(lists).expect("plain numbers encode");
    postcard::from_bytes(&bytes).expect("any two lists do")
}

#[test]
fn a_vector_that_a_peer_wrote_twice_and_in_another_order_is_read_in_order() {
    law::<fn((Vec<(u8, u8)>, Vec<(u8, u8)>)) -> bool>(|(seen, times)| {
        let lists = [seen, times].map(entries);
        let ordered = lists.clone().map(|list| -> Entries {
            let last: BTreeMap<Actor, u64> = list.into_iter().collect();
            last.into_iter().collect()
        });
        let (vector, expected) = (read(&lists), read(&ordered));
        let held: Entries = vector.iter().map(|dot| (dot.actor, dot.counter)).collect();
        held == ordered[0] && vector == expected
    });
}

#[test]
fn version_vectors_are_partially_ordered() {
    law::<fn((Vector, Vector, Vector)) -> bool>(|(a, b, c)| {
        let (a, b, c) = (a.0, b.0, c.0);
        let reflexive = a <= a;
        let antisymmetric = !(a <= b && b <= a) || a == b;
        let transitive = !(a <= b && b <= c) || a <= c;
        let mirrored = (a < b) == (b > a);
        reflexive && antisymmetric && transitive && mirrored
    });
}

#[test]
fn the_join_is_the_least_that_has_seen_both() {
    law::<fn((Vector, Vector, Vector)) -> bool>(|(a, b, c)| {
        let mut join = a.0.clone();
        join.join(&b.0);
        let above = a.0 <= join && b.0 <= join;
        let least = !(a.0 <= c.0 && b.0 <= c.0) || join <= c.0;
        above && least
    });
}
