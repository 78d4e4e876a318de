//! How versions are told apart, replaced and merged: the choices behind §4.4.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::clock::{Actor, Dot, VersionVector};
use crate::siblings::{Siblings, Version, sort};

/// How a store knows which version replaces which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Causality {
    /// Each version is one event and carries the context of its put: it replaces exactly that
    /// ("dotted version vectors", Preguiça et al. 2012).
    #[default]
    Dots,
    /// Each version carries a vector clock, as the paper prints it (§4.4, figure 3). Counters count
    /// per key. Of two puts with the same context through one node, the second replaces the first;
    /// and a node that has forgotten a key counts anew, so that its next put may look old.
    Clocks,
    /// Clocks of which the entry that was raised longest ago is dropped when there are too many
    /// (§4.4). What was dropped is concurrent with its own descendants.
    Truncated {
        /// The most entries that a clock keeps, the writer's own included. The paper's "when the
        /// number of pairs reaches a threshold (say 10)" may be read as 9 or as 10.
        pairs: u32,
    },
    /// All versions of a key share one merged vector, as in Riak 1.x: a put replaces all of them or
    /// none. Nothing is lost while owners coordinate, though a stand-in that has handed over counts
    /// anew; but versions come back that had been replaced, and siblings pile up.
    Vectors,
}

/// Who resolves versions that do not descend from one another (§2.3, §6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// The client: a get returns all of them.
    #[default]
    Client,
    /// The store: the version with the latest time stays and takes over what the others had seen.
    /// What was acknowledged before it, under a faster clock even after it, may be gone.
    LastWriterWins,
}

/// The rules by which versions of a key are written and merged.
///
/// All four causalities hold the same [`Siblings`] and answer the same five questions: what a reader
/// has seen, which event a put is, what it replaces, what two replicas hold together, and when a
/// put may say it was made. Merging never makes an event and never truncates. It is commutative and
/// idempotent, and associative too, save under [`Causality::Vectors`]: there a version that was
/// replaced comes back if it meets a third replica first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Versioning {
    /// How a version is known to replace another.
    pub causality: Causality,
    /// What happens to those that do not.
    pub resolution: Resolution,
}

impl Versioning {
    /// The event of a put through this actor, whose own sequence stands at `sequence`.
    ///
    /// Dots take the next of that sequence, which is no key's own; clocks take what follows the last
    /// event of the actor that the replica or the writer knows of on this key.
    pub fn event(
        self,
        actor: Actor,
        sequence: u64,
        held: &Siblings,
        context: &VersionVector,
    ) -> Dot {
        let counter = match self.causality {
            Causality::Dots => sequence,
            _ => held.context().last(actor).max(context.last(actor)),
        };
        Dot {
            actor,
            counter: counter.saturating_add(1),
        }
    }

    /// When a put may say it was made: now, but later than all that it knows of, or it would lose
    /// against what it replaces. 0 where nobody asks.
    pub fn time(self, now_us: u64, held: &Siblings, read_us: u64) -> u64 {
        match (self.resolution, self.causality) {
            (Resolution::LastWriterWins, _) => {
                now_us.max(held.time().max(read_us).saturating_add(1))
            }
            (Resolution::Client, Causality::Truncated { .. }) => now_us,
            (Resolution::Client, _) => 0,
        }
    }

    /// What a reader of these versions has seen.
    pub fn context(self, held: &Siblings) -> VersionVector {
        let mut seen = held.context();
        if let Causality::Truncated { .. } = self.causality {
            for version in held.iter() {
                seen.set_time(version.dot, version.time);
            }
        }
        seen
    }

    /// Adds the version of a new event; what it replaces goes.
    pub fn put(self, held: &mut Siblings, mut version: Version) {
        match self.causality {
            Causality::Dots | Causality::Clocks => self.put_replacing(held, version),
            Causality::Truncated { pairs } => {
                // What the whole clock replaces here goes; what another replica holds of that will
                // seem concurrent. The writer's own entry stays, however slow its clock.
                let others = (pairs as usize).saturating_sub(1);
                let dot = version.dot;
                version.past.remove(dot.actor);
                self.put_replacing(held, version);
                for kept in &mut held.held_mut().versions {
                    let own = kept.dot == dot || self.resolution == Resolution::LastWriterWins;
                    if own && kept.past.len() > others {
                        Arc::make_mut(kept).past.truncate(others);
                    }
                }
            }
            Causality::Vectors => self.put_under_one_clock(held, version),
        }
    }

    fn put_replacing(self, held: &mut Siblings, version: Version) {
        if self.resolution == Resolution::LastWriterWins {
            self.merge(held, &Siblings::from_iter([version]));
            return;
        }
        let versions = &mut held.held_mut().versions;
        versions.retain(|old| !self.replaces(&version, old) && !self.same(&version, old));
        let place = versions.partition_point(|old| old.place(&version).is_lt());
        versions.insert(place, Arc::new(version));
    }

    fn put_under_one_clock(self, held: &mut Siblings, mut version: Version) {
        let seen = core::mem::take(&mut version.past);
        let key = held.held_mut();
        if key.clock <= seen {
            key.versions.clear();
        }
        key.clock.join(&seen);
        key.clock.add(version.dot);
        key.versions.push(Arc::new(version));
        sort(&mut key.versions);
        self.resolve(held);
    }

    /// Adds what the other holds and drops each version that another has replaced. Says whether
    /// this changed anything.
    pub fn merge(self, held: &mut Siblings, other: &Siblings) -> bool {
        if held.same(other) || other.is_empty() {
            return false;
        }
        let merged = match (self.causality, self.resolution) {
            (Causality::Vectors, _) => {
                let mut merged = merged_under_one_clock(held, other);
                self.resolve(&mut merged);
                merged
            }
            (_, Resolution::LastWriterWins) => self.latest_of(held, other),
            (_, Resolution::Client) => {
                let kept = self.unreplaced(held, other);
                let mut stays = kept.iter().zip(&held.held().versions);
                if kept.len() == held.len() && stays.all(|(kept, old)| Arc::ptr_eq(kept, old)) {
                    return false;
                }
                Siblings::of(kept.into_iter().cloned().collect())
            }
        };
        if merged.same(held) {
            return false;
        }
        // Replicas that hold the same share the memory for it.
        *held = if merged.same(other) {
            other.clone()
        } else {
            merged
        };
        true
    }

    fn latest_of(self, held: &Siblings, other: &Siblings) -> Siblings {
        let union = self.union(held, other).into_iter();
        let mut merged = Siblings::of(union.cloned().collect());
        let mut seen = self.context(held);
        seen.join(&self.context(other));
        self.resolve(&mut merged);
        take_over(&mut merged, seen);
        merged
    }

    /// Each version of both, once.
    fn union<'s>(self, held: &'s Siblings, other: &'s Siblings) -> Vec<&'s Arc<Version>> {
        if (self.causality, self.resolution) == (Causality::Dots, Resolution::Client) {
            return union_by_dot(held, other);
        }
        let mut union: Vec<&Arc<Version>> = Vec::with_capacity(held.len() + other.len());
        for version in held.held().versions.iter().chain(&other.held().versions) {
            match union.iter_mut().find(|kept| self.same(kept, version)) {
                None => union.push(version),
                Some(kept) if kept.tie(version).is_lt() => *kept = version,
                Some(_) => {}
            }
        }
        union
    }

    /// The versions of both that no other one of them replaces.
    fn unreplaced<'s>(self, held: &'s Siblings, other: &'s Siblings) -> Vec<&'s Arc<Version>> {
        let union = self.union(held, other);
        // Most versions are in nobody's past. Only dots say that nothing else replaces them then; and
        // to sum up the pasts of a few takes longer than to look through them.
        let summed = self.causality == Causality::Dots && union.len() > 4;
        let mut seen = VersionVector::new();
        for version in union.iter().filter(|_| summed) {
            seen.join(&version.past);
        }
        let replaced = |old: &Version| {
            (!summed || seen.covers(old.dot)) && union.iter().any(|new| self.replaces(new, old))
        };
        union.iter().copied().filter(|old| !replaced(old)).collect()
    }

    /// Whether two versions are one and the same.
    fn same(self, one: &Version, other: &Version) -> bool {
        match (self.causality, self.resolution) {
            (_, Resolution::LastWriterWins) => one.dot == other.dot && one.value == other.value,
            (Causality::Dots, _) => one.dot == other.dot,
            _ => one.dot == other.dot && one.clock() == other.clock(),
        }
    }

    fn replaces(self, new: &Version, old: &Version) -> bool {
        match self.causality {
            Causality::Dots => new.dot != old.dot && new.past.covers(old.dot),
            _ => new.clock().partial_cmp(&old.clock()) == Some(Ordering::Greater),
        }
    }

    /// Leaves the last writer's version, if that is the rule.
    fn resolve(self, held: &mut Siblings) {
        if self.resolution == Resolution::LastWriterWins && held.len() > 1 {
            let versions = &mut held.held_mut().versions;
            versions.sort_by(|one, two| latest(one, two));
            versions.drain(..versions.len() - 1);
        }
    }
}

/// Each version of both, once, where a version is its dot. Both are in the order of their dots.
fn union_by_dot<'s>(held: &'s Siblings, other: &'s Siblings) -> Vec<&'s Arc<Version>> {
    let mut union: Vec<&Arc<Version>> = Vec::with_capacity(held.len() + other.len());
    let mut mine = held.held().versions.iter().peekable();
    let mut theirs = other.held().versions.iter().peekable();
    while let Some(version) = match (mine.peek(), theirs.peek()) {
        (Some(one), Some(two)) if two.dot < one.dot => theirs.next(),
        (Some(_), _) => mine.next(),
        (None, _) => theirs.next(),
    } {
        match union.last_mut() {
            Some(kept) if kept.dot == version.dot => {
                if !Arc::ptr_eq(kept, version) && kept.tie(version).is_lt() {
                    *kept = version;
                }
            }
            _ => union.push(version),
        }
    }
    union
}

/// The last writer's version has seen what all others had seen.
fn take_over(held: &mut Siblings, mut seen: VersionVector) {
    if let [winner] = held.held_mut().versions.as_mut_slice() {
        let winner = Arc::make_mut(winner);
        // Its own entry is its dot.
        if winner.dot.counter >= seen.last(winner.dot.actor) {
            seen.remove(winner.dot.actor);
        }
        winner.past = seen;
    }
}

/// Later versions are greater; ties fall alike everywhere.
fn latest(one: &Version, other: &Version) -> Ordering {
    one.time.cmp(&other.time).then_with(|| one.place(other))
}

fn merged_under_one_clock(held: &Siblings, other: &Siblings) -> Siblings {
    match held.held().clock.partial_cmp(&other.held().clock) {
        Some(Ordering::Greater) => held.clone(),
        Some(Ordering::Less) => other.clone(),
        Some(Ordering::Equal) | None => {
            let versions = held.held().versions.iter().chain(&other.held().versions);
            let mut merged = Siblings::of(versions.cloned().collect());
            merged.held_mut().clock = held.held().clock.clone();
            merged.held_mut().clock.join(&other.held().clock);
            merged
        }
    }
}

#[cfg(test)]
mod tests {
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
            assert_eq!(done[9].held.iter().next().expect("v9").clock().len(), left);
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
}
