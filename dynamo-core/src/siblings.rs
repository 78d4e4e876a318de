//! The concurrent versions of one key, as a replica holds them.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_128;

use crate::clock::{Dot, VersionVector};

/// A value, the event that made it, and what its writer had seen. Versions are immutable (§4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The event that made it.
    pub dot: Dot,
    /// The context of the put: what this version replaces, wherever and whenever it is met.
    pub past: VersionVector,
    /// When it was made, in microseconds of its coordinator's clock; 0 where no choice asks for it.
    pub time: u64,
    /// What the client wrote. Opaque; `None` is a tombstone: the key was deleted.
    pub value: Option<Vec<u8>>,
}

impl Version {
    /// Its vector clock as the paper prints it: what it has seen, and itself.
    pub fn clock(&self) -> VersionVector {
        let mut clock = self.past.clone();
        clock.add(self.dot);
        clock
    }

    /// Whether it says that the key was deleted.
    pub fn is_tombstone(&self) -> bool {
        self.value.is_none()
    }

    /// An order without meaning beyond that of its dots, equal on every replica.
    pub(crate) fn place(&self, other: &Version) -> Ordering {
        self.dot.cmp(&other.dot).then_with(|| self.tie(other))
    }

    /// Decides between versions that are one and the same event.
    pub(crate) fn tie(&self, other: &Version) -> Ordering {
        self.value
            .cmp(&other.value)
            .then_with(|| self.past.tie(&other.past))
            .then_with(|| self.time.cmp(&other.time))
    }
}

/// The concurrent versions of one key.
///
/// How they are written and merged is for [`Versioning`](crate::Versioning) to say. Cloning is
/// cheap: copies share their versions until one changes.
#[derive(Clone, Debug, Default)]
pub struct Siblings(Option<Arc<Held>>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Held {
    /// In the order of their places. Siblings that have a version in common share it.
    #[serde(serialize_with = "write_all", deserialize_with = "read_all")]
    pub(crate) versions: Vec<Arc<Version>>,
    /// The one clock of all versions, where there is such a thing.
    pub(crate) clock: VersionVector,
}

/// What is held of most keys at most times takes no room.
static NOTHING: Held = Held {
    versions: Vec::new(),
    clock: VersionVector::new(),
};

impl Siblings {
    /// No version at all: what a node holds of a key it never heard of.
    pub fn new() -> Self {
        Siblings(None)
    }

    /// These versions. Nothing is dropped, but what is there twice.
    pub(crate) fn of(mut versions: Vec<Arc<Version>>) -> Self {
        if versions.is_empty() {
            return Siblings::new();
        }
        sort(&mut versions);
        Siblings(Some(Arc::new(Held {
            versions,
            clock: VersionVector::new(),
        })))
    }

    /// Whether there is no version.
    pub fn is_empty(&self) -> bool {
        self.held().versions.is_empty()
    }

    /// How many versions are concurrent, tombstones included.
    pub fn len(&self) -> usize {
        self.held().versions.len()
    }

    /// The versions, by dot.
    pub fn iter(&self) -> impl Iterator<Item = &Version> {
        self.held().versions.iter().map(|version| &**version)
    }

    /// Whether a version of this event is among them.
    pub fn contains(&self, dot: Dot) -> bool {
        self.iter().any(|version| version.dot == dot)
    }

    /// Whether every version is a tombstone: a reader sees nothing.
    pub fn is_deleted(&self) -> bool {
        self.iter().all(Version::is_tombstone)
    }

    /// What a reader of these versions has seen: their dots and all their pasts (§5, "subsumes").
    pub fn context(&self) -> VersionVector {
        let mut seen = self.held().clock.clone();
        for version in self.iter() {
            seen.join(&version.past);
            seen.add(version.dot);
        }
        seen
    }

    /// The latest time of a version; 0 if none has one.
    pub fn time(&self) -> u64 {
        self.iter().map(|version| version.time).max().unwrap_or(0)
    }

    /// A fingerprint: equal versions, equal fingerprint, on every machine. 0 for no version.
    pub fn digest(&self) -> u128 {
        if self.is_empty() {
            return 0;
        }
        let bytes = postcard::to_allocvec(self.held()).expect("plain numbers and bytes encode");
        xxh3_128(&bytes)
    }

    /// The fingerprint of the versions of these events, taken in the given order.
    pub(crate) fn digest_in<'a>(&self, order: impl Iterator<Item = &'a Dot>) -> u128 {
        let find = |dot: &Dot| self.iter().find(|version| version.dot == *dot);
        let listed: Vec<&Version> = order.filter_map(find).collect();
        let bytes =
            postcard::to_allocvec(&listed).expect("lists of plain numbers and bytes encode");
        xxh3_128(&bytes)
    }

    pub(crate) fn held(&self) -> &Held {
        self.0.as_deref().unwrap_or(&NOTHING)
    }

    pub(crate) fn held_mut(&mut self) -> &mut Held {
        Arc::make_mut(self.0.get_or_insert_default())
    }

    pub(crate) fn same(&self, other: &Siblings) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(two)) if Arc::ptr_eq(one, two) => true,
            _ => self == other,
        }
    }
}

/// Puts versions in the order of their places.
pub(crate) fn sort(versions: &mut Vec<Arc<Version>>) {
    versions.sort_by(|one, two| one.place(two));
    versions.dedup();
}

impl PartialEq for Siblings {
    fn eq(&self, other: &Siblings) -> bool {
        self.held() == other.held()
    }
}

impl Eq for Siblings {}

impl Hash for Siblings {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.held().hash(state);
    }
}

impl FromIterator<Version> for Siblings {
    /// Taken as they are: nothing is dropped.
    fn from_iter<I: IntoIterator<Item = Version>>(versions: I) -> Self {
        Siblings::of(versions.into_iter().map(Arc::new).collect())
    }
}

fn write_all<S: Serializer>(versions: &[Arc<Version>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(versions.iter().map(|version| &**version))
}

fn read_all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Arc<Version>>, D::Error> {
    let versions = Vec::<Version>::deserialize(deserializer)?;
    Ok(versions.into_iter().map(Arc::new).collect())
}

impl Serialize for Siblings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.held().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Siblings {
    /// What a peer sent in another order is put in order.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut held = Held::deserialize(deserializer)?;
        if !held
            .versions
            .is_sorted_by(|one, two| one.place(two).is_lt())
        {
            sort(&mut held.versions);
        }
        Ok(Siblings(Some(Arc::new(held))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{Actor, NodeId};

    fn dot(counter: u64) -> Dot {
        Dot {
            actor: Actor::owner(NodeId(0)),
            counter,
        }
    }

    fn siblings(counters: impl Iterator<Item = u64>) -> Siblings {
        let versions = counters.map(|counter| Version {
            dot: dot(counter),
            past: VersionVector::new(),
            time: 0,
            value: Some(counter.to_le_bytes().to_vec()),
        });
        versions.collect()
    }

    #[test]
    fn a_fingerprint_in_an_order_tells_orders_and_versions_apart() {
        let (two, three) = (siblings(1..=2), siblings(1..=3));
        let [one, other] = [[dot(1), dot(2)], [dot(2), dot(1)]];
        assert_eq!(two.digest_in(one.iter()), three.digest_in(one.iter()));
        assert_ne!(two.digest_in(one.iter()), two.digest_in(other.iter()));
        // What is not among them does not count.
        assert_ne!(
            two.digest_in([dot(1)].iter()),
            two.digest_in([dot(2)].iter())
        );
        assert_eq!(
            two.digest_in([dot(3), dot(1)].iter()),
            two.digest_in([dot(1)].iter())
        );
    }
}
