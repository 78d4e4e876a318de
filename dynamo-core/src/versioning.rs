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
                    if kept.dot == dot || self.resolution == Resolution::LastWriterWins {
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
        let mut seen = self.context(held);
        seen.join(&self.context(other));
        let both = held.held().versions.iter().chain(&other.held().versions);
        let winner = last_written(both).map(|winner| taking_over(winner, seen));
        Siblings::of(winner.map(Arc::new).into_iter().collect())
    }

    /// Each version of both, once.
    fn union<'s>(self, held: &'s Siblings, other: &'s Siblings) -> Vec<&'s Arc<Version>> {
        if self.causality == Causality::Dots {
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
        let dots = self.causality == Causality::Dots;
        one.dot == other.dot && (dots || one.clock() == other.clock())
    }

    fn replaces(self, new: &Version, old: &Version) -> bool {
        match self.causality {
            Causality::Dots => new.dot != old.dot && new.past.covers(old.dot),
            _ => new.clock().partial_cmp(&old.clock()) == Some(Ordering::Greater),
        }
    }

    /// Leaves the last writer's version, if that is the rule.
    fn resolve(self, held: &mut Siblings) {
        if self.resolution == Resolution::LastWriterWins {
            let winner = last_written(held.held().versions.iter()).cloned();
            held.held_mut().versions = winner.into_iter().collect();
        }
    }
}

/// Each version of both, once, where a version is its dot.
fn union_by_dot<'s>(held: &'s Siblings, other: &'s Siblings) -> Vec<&'s Arc<Version>> {
    let both = held.held().versions.iter().chain(&other.held().versions);
    let mut union: Vec<&Arc<Version>> = both.collect();
    // Both are in the order of their dots already: that is one pass.
    union.sort_by_key(|version| version.dot);
    union.dedup_by(|version, kept| {
        let same = version.dot == kept.dot;
        if same && !Arc::ptr_eq(kept, version) && kept.tie(version).is_lt() {
            *kept = *version;
        }
        same
    });
    union
}

/// The last writer's version; ties fall alike everywhere.
fn last_written<'s>(versions: impl Iterator<Item = &'s Arc<Version>>) -> Option<&'s Arc<Version>> {
    versions.max_by(|one, two| one.time.cmp(&two.time).then_with(|| one.place(two)))
}

/// The last writer's version, which has seen what all others had seen.
fn taking_over(winner: &Version, mut seen: VersionVector) -> Version {
    // Its own entry is its dot.
    if winner.dot.counter >= seen.last(winner.dot.actor) {
        seen.remove(winner.dot.actor);
    }
    Version {
        past: seen,
        ..winner.clone()
    }
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
mod tests;
