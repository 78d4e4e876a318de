//! Which versions stay under each choice, told step by step.

use alloc::vec;

use super::*;
use crate::clock::NodeId;

const X: Actor = Actor::owner(NodeId(0));
const Y: Actor = Actor::owner(NodeId(1));
const Z: Actor = Actor::owner(NodeId(2));

const ALL: [Causality; 4] = [
    Causality::Dots,
    Causality::Clocks,
    Causality::Truncated { pairs: 10 },
    Causality::Vectors,
];

fn rules(causality: Causality) -> Versioning {
    Versioning {
        causality,
        resolution: Resolution::Client,
    }
}

fn last_writer(causality: Causality) -> Versioning {
    Versioning {
        causality,
        resolution: Resolution::LastWriterWins,
    }
}

/// A key at one node: the node's sequence counts its puts.
struct Replica {
    rules: Versioning,
    actor: Actor,
    sequence: u64,
    held: Siblings,
}

impl Replica {
    fn new(rules: Versioning, actor: Actor) -> Replica {
        Replica {
            rules,
            actor,
            sequence: 0,
            held: Siblings::new(),
        }
    }

    fn put_at(&mut self, now_us: u64, past: &VersionVector, value: &str) -> Dot {
        let dot = self
            .rules
            .event(self.actor, self.sequence, &self.held, past);
        self.sequence = self.sequence.max(dot.counter);
        let version = Version {
            dot,
            past: past.clone(),
            time: self.rules.time(now_us, &self.held, 0),
            value: Some(value.into()),
        };
        self.rules.put(&mut self.held, version);
        dot
    }

    fn put(&mut self, past: &VersionVector, value: &str) {
        self.put_at(1, past, value);
    }

    fn read(&self) -> VersionVector {
        self.rules.context(&self.held)
    }

    fn merge(&mut self, other: &Siblings) -> bool {
        self.rules.merge(&mut self.held, other)
    }

    fn values(&self) -> Vec<&str> {
        let values = self.held.iter().flat_map(|version| &version.value);
        let mut values: Vec<&str> = values
            .map(|value| core::str::from_utf8(value).expect("tests write text"))
            .collect();
        values.sort_unstable();
        values
    }
}

fn seen(dots: &[(Actor, u64)]) -> VersionVector {
    let dots = dots.iter();
    dots.map(|(actor, counter)| Dot {
        actor: *actor,
        counter: *counter,
    })
    .collect()
}

#[test]
fn figure_3_of_the_paper_under_each_choice() {
    for causality in ALL {
        let rules = rules(causality);
        let mut x = Replica::new(rules, X);
        x.put(&VersionVector::new(), "D1");
        x.put(&x.read(), "D2");
        assert_eq!(x.values(), ["D2"]);

        let (mut y, mut z) = (Replica::new(rules, Y), Replica::new(rules, Z));
        y.merge(&x.held);
        z.merge(&x.held);
        y.put(&x.read(), "D3");
        z.put(&x.read(), "D4");
        let same = |one: &VersionVector, dots: &[(Actor, u64)]| {
            one.partial_cmp(&seen(dots)) == Some(Ordering::Equal)
        };
        assert!(same(&y.read(), &[(X, 2), (Y, 1)]), "{causality:?}");
        assert!(same(&z.read(), &[(X, 2), (Z, 1)]), "{causality:?}");

        assert!(x.merge(&y.held) && x.merge(&z.held));
        assert_eq!(x.values(), ["D3", "D4"], "{causality:?}");
        assert!(same(&x.read(), &[(X, 2), (Y, 1), (Z, 1)]));

        x.put(&x.read(), "D5");
        assert!(same(&x.read(), &[(X, 3), (Y, 1), (Z, 1)]));
        for late in [&y.held, &z.held] {
            assert!(!x.merge(late), "D5 replaces all that its writer saw");
        }
        assert_eq!(x.values(), ["D5"], "{causality:?}");
    }
}

#[test]
fn of_two_puts_with_one_context_through_one_node_clocks_keep_only_the_second() {
    let kept = [
        (Causality::Dots, vec!["v1", "v2"]),
        (Causality::Clocks, vec!["v2"]),
        (Causality::Truncated { pairs: 10 }, vec!["v2"]),
        (Causality::Vectors, vec!["v0", "v1", "v2"]),
    ];
    for (causality, expected) in kept {
        let mut x = Replica::new(rules(causality), X);
        x.put(&VersionVector::new(), "v0");
        let context = x.read();
        x.put(&context, "v1");
        x.put(&context, "v2");
        let expected: Vec<&str> = match causality {
            // The first put had seen all there was; only the second could not tell.
            Causality::Vectors => expected[1..].to_vec(),
            _ => expected,
        };
        assert_eq!(x.values(), expected, "{causality:?}");
    }
}

#[test]
fn two_clients_that_take_turns_pile_up_siblings_under_one_clock_only() {
    for (causality, left) in [(Causality::Dots, 2), (Causality::Vectors, 100)] {
        let mut x = Replica::new(rules(causality), X);
        let mut before = VersionVector::new();
        for round in 0..100 {
            // Each has read before the other wrote.
            let context = core::mem::replace(&mut before, x.read());
            x.put(&context, &alloc::format!("{round}"));
        }
        assert_eq!(x.values().len(), left, "{causality:?}");
    }
}

#[test]
fn a_context_replaces_versions_that_arrive_later() {
    for causality in [Causality::Dots, Causality::Clocks] {
        let (mut x, mut y) = (
            Replica::new(rules(causality), X),
            Replica::new(rules(causality), Y),
        );
        y.put(&VersionVector::new(), "early");
        x.put(&y.read(), "late");
        assert!(!x.merge(&y.held));
        assert_eq!(x.values(), ["late"]);
    }
}

#[test]
fn a_dot_issued_twice_leaves_the_same_version_everywhere() {
    for causality in [Causality::Dots, Causality::Clocks] {
        let rules = rules(causality);
        let (mut one, mut two) = (Replica::new(rules, X), Replica::new(rules, X));
        one.put(&VersionVector::new(), "one");
        two.put(&VersionVector::new(), "two");
        let first = one.held.clone();
        one.merge(&two.held);
        two.merge(&first);
        assert_eq!(one.held, two.held);
        assert_eq!(one.held.len(), 1, "{causality:?}");
    }
}

/// Ten nodes write one after the other; then the first writes again.
fn chain(rules: Versioning, writers: u32) -> Vec<Replica> {
    let mut done: Vec<Replica> = Vec::new();
    for node in 0..writers {
        let mut next = Replica::new(rules, Actor::owner(NodeId(node)));
        if let Some(last) = done.last() {
            next.merge(&last.held);
        }
        let context = next.read();
        next.put_at(u64::from(node) + 1, &context, &alloc::format!("v{node}"));
        done.push(next);
    }
    done
}

#[test]
fn a_clock_is_truncated_when_it_has_more_entries_than_it_may_keep() {
    for (pairs, left) in [(9, 9), (10, 10), (11, 10)] {
        let rules = rules(Causality::Truncated { pairs });
        let done = chain(rules, 10);
        assert_eq!(
            done[9]
                .held
                .iter()
                .next()
                .expect("the last of ten puts")
                .clock()
                .len(),
            left
        );
    }
}

#[test]
fn what_was_truncated_is_in_conflict_with_its_own_descendant() {
    let rules = rules(Causality::Truncated { pairs: 3 });
    let mut done = chain(rules, 5);
    let (first, last) = (done[0].held.clone(), &mut done[4]);
    assert!(last.merge(&first), "the ancestor is not known any more");
    assert_eq!(last.values(), ["v0", "v4"]);
    let whole = self::rules(Causality::Clocks);
    let mut done = chain(whole, 5);
    let (first, last) = (done[0].held.clone(), &mut done[4]);
    assert!(!last.merge(&first));
}

#[test]
fn merging_never_truncates() {
    let rules = rules(Causality::Truncated { pairs: 2 });
    let (mut one, mut two) = (Replica::new(rules, X), Replica::new(rules, Y));
    one.put(&seen(&[(Z, 1)]), "one");
    two.put(&seen(&[(Z, 1)]), "two");
    one.merge(&two.held);
    assert_eq!(one.read().len(), 3);
}

#[test]
fn the_last_writer_wins_and_takes_over_what_the_others_had_seen() {
    for causality in ALL {
        let rules = last_writer(causality);
        let (mut x, mut y) = (Replica::new(rules, X), Replica::new(rules, Y));
        x.put_at(10, &VersionVector::new(), "late");
        y.put_at(5, &VersionVector::new(), "early");
        let late = x.held.clone();
        x.merge(&y.held);
        y.merge(&late);
        assert_eq!(x.held, y.held, "{causality:?}");
        assert_eq!(x.values(), ["late"]);
        assert!(x.read() >= seen(&[(X, 1), (Y, 1)]), "{causality:?}");
    }
}

#[test]
fn a_slow_clock_does_not_lose_against_what_its_replica_holds() {
    for causality in ALL {
        let mut x = Replica::new(last_writer(causality), X);
        x.put_at(100, &VersionVector::new(), "first");
        x.put_at(50, &VersionVector::new(), "second");
        assert_eq!(x.values(), ["second"], "{causality:?}");
    }
}

#[test]
fn a_slow_clock_does_not_lose_against_what_its_writer_read() {
    for causality in ALL {
        let time = last_writer(causality).time(10, &Siblings::new(), 100);
        assert_eq!(time, 101, "{causality:?}");
    }
}

#[test]
fn the_entry_that_was_raised_longest_ago_is_truncated_whoever_made_it() {
    let rules = rules(Causality::Truncated { pairs: 2 });
    let (mut held, mut context) = (Siblings::new(), VersionVector::new());
    for (time, actor) in [(1, Z), (2, X), (3, Y)] {
        let mut next = Replica::new(rules, actor);
        next.merge(&held);
        next.put_at(time, &context, "v");
        (held, context) = (next.held.clone(), next.read());
    }
    let left = [X, Y, Z].map(|actor| context.last(actor));
    assert_eq!(left, [1, 1, 0]);
}

fn version(dot: (Actor, u64), past: &[(Actor, u64)], time: u64, value: &str) -> Version {
    let (actor, counter) = dot;
    Version {
        dot: Dot { actor, counter },
        past: seen(past),
        time,
        value: Some(value.into()),
    }
}

#[test]
fn under_clocks_an_event_named_twice_is_two_versions_if_each_saw_what_the_other_did_not() {
    let mut one = Siblings::from_iter([version((X, 1), &[(Y, 1)], 0, "one")]);
    let two = Siblings::from_iter([version((X, 1), &[(Z, 1)], 0, "two")]);
    for causality in [Causality::Clocks, Causality::Truncated { pairs: 10 }] {
        let mut replica = Replica::new(rules(causality), X);
        assert!(replica.merge(&one) && replica.merge(&two));
        assert_eq!(replica.values(), ["one", "two"], "{causality:?}");
    }
    assert!(rules(Causality::Dots).merge(&mut one, &two));
    assert_eq!(one.len(), 1, "a dot is one event");
}

#[test]
fn of_two_puts_that_are_one_dot_a_node_keeps_the_second() {
    let mut x = Replica::new(rules(Causality::Dots), X);
    x.put(&seen(&[(Y, 1)]), "first");
    x.sequence = 0;
    x.put(&seen(&[(Z, 1)]), "second");
    assert_eq!(x.values(), ["second"]);
}

/// Clocks of other versions are what other replicas hold of them too.
#[test]
fn a_put_truncates_no_clock_but_its_own() {
    let mut x = Replica::new(rules(Causality::Truncated { pairs: 2 }), X);
    let long = version((Y, 1), &[(Z, 1), (Actor::owner(NodeId(3)), 1)], 1, "long");
    x.merge(&Siblings::from_iter([long]));
    x.put_at(2, &seen(&[(Z, 2), (Actor::owner(NodeId(4)), 1)]), "short");
    let lengths = x.held.iter().map(|version| version.clock().len());
    assert_eq!(lengths.collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn nothing_changes_what_it_is_merged_into_nor_does_the_same() {
    for causality in ALL {
        for rules in [rules(causality), last_writer(causality)] {
            // Taken as they are, though the second replaces the first.
            let old = version((X, 1), &[], 1, "old");
            let new = version((Y, 1), &[(X, 1)], 2, "new");
            let taken = Siblings::from_iter([old, new]);
            for other in [Siblings::new(), taken.clone()] {
                let mut held = taken.clone();
                assert!(
                    !rules.merge(&mut held, &other) && held == taken,
                    "{rules:?}"
                );
            }
        }
    }
}

/// A node that reaped its tombstone may delete again under the same name, later.
#[test]
fn of_one_value_named_twice_the_later_write_wins() {
    for causality in [Causality::Dots, Causality::Clocks] {
        let rules = last_writer(causality);
        let early = Siblings::from_iter([version((X, 1), &[(Z, 1)], 10, "again")]);
        let late = Siblings::from_iter([version((X, 1), &[], 30, "again")]);
        let between = Siblings::from_iter([version((Y, 1), &[], 20, "between")]);
        for order in [[&early, &late, &between], [&between, &late, &early]] {
            let mut x = Replica::new(rules, X);
            for held in order {
                x.merge(held);
            }
            assert_eq!((x.values(), x.held.time()), (vec!["again"], 30));
        }
    }
}
