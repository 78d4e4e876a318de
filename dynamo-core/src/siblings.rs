//! The concurrent versions of one key: put with a context, and merge.

use alloc::collections::BTreeMap;
use alloc::collections::btree_map::Entry;
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use xxhash_rust::xxh3::xxh3_128;

use crate::clock::{Dot, VersionVector};

/// A value and what its writer had seen. Versions are immutable (§4.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Version {
    /// The context of the put, exactly: what this version replaces, wherever and whenever it is met.
    pub past: VersionVector,
    /// What the client wrote. Opaque.
    pub value: Vec<u8>,
}

/// The concurrent versions of one key, by dot.
///
/// A put replaces exactly what its context has seen; a put with an empty context replaces nothing,
/// so it always adds a sibling. Cloning is cheap: copies share their versions until one changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Siblings(Arc<BTreeMap<Dot, Version>>);

impl Siblings {
    /// No version at all: what a node holds of a key it never heard of.
    pub fn new() -> Self {
        Siblings::default()
    }

    /// Whether there is no version.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many versions are concurrent.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The versions, by dot.
    pub fn iter(&self) -> impl Iterator<Item = (Dot, &Version)> {
        self.0.iter().map(|(dot, version)| (*dot, version))
    }

    /// Whether this very version is among them.
    pub fn contains(&self, dot: Dot) -> bool {
        self.0.contains_key(&dot)
    }

    /// Adds the version of a new event; what its context has seen goes.
    pub fn put(&mut self, dot: Dot, past: VersionVector, value: Vec<u8>) {
        let versions = Arc::make_mut(&mut self.0);
        versions.retain(|held, _| !past.covers(*held));
        versions.insert(dot, Version { past, value });
    }

    /// Adds what the other holds and drops each version that another has replaced. Says whether
    /// this changed anything. Commutative, associative, idempotent; never makes an event.
    pub fn merge(&mut self, other: &Siblings) -> bool {
        if self.0 == other.0 {
            return false;
        }
        let mut union = (*self.0).clone();
        for (dot, version) in other.0.iter() {
            match union.entry(*dot) {
                Entry::Vacant(place) => {
                    place.insert(version.clone());
                }
                Entry::Occupied(mut place) => {
                    if version.outranks(place.get()) {
                        place.insert(version.clone());
                    }
                }
            }
        }
        let replaced: Vec<Dot> = union
            .keys()
            .filter(|dot| {
                union
                    .iter()
                    .any(|(by, version)| by != *dot && version.past.covers(**dot))
            })
            .copied()
            .collect();
        for dot in replaced {
            union.remove(&dot);
        }
        if union == *self.0 {
            return false;
        }
        self.0 = if union == *other.0 {
            Arc::clone(&other.0)
        } else {
            Arc::new(union)
        };
        true
    }

    /// What a reader of these versions has seen: their dots and all their pasts (§5, "subsumes").
    pub fn context(&self) -> VersionVector {
        let mut seen = VersionVector::new();
        for (dot, version) in self.0.iter() {
            seen.join(&version.past);
            seen.add(*dot);
        }
        seen
    }

    /// A fingerprint: equal versions, equal fingerprint, on every machine.
    pub fn digest(&self) -> u128 {
        self.digest_in(self.0.keys())
    }

    /// The fingerprint of the versions taken in the given order.
    pub(crate) fn digest_in<'a>(&self, order: impl Iterator<Item = &'a Dot>) -> u128 {
        let listed: Vec<(Dot, &Version)> = order
            .filter_map(|dot| Some((*dot, self.0.get(dot)?)))
            .collect();
        let bytes =
            postcard::to_allocvec(&listed).expect("lists of plain numbers and bytes encode");
        xxh3_128(&bytes)
    }
}

impl Version {
    /// Two versions under one dot never happen unless a node issued the dot twice. Then every
    /// replica must keep the same one of them, in whatever order they arrive.
    fn outranks(&self, other: &Version) -> bool {
        self.value
            .cmp(&other.value)
            .then_with(|| self.past.tie(&other.past))
            .is_gt()
    }
}

impl FromIterator<(Dot, Version)> for Siblings {
    /// Taken as they are: nothing is dropped.
    fn from_iter<I: IntoIterator<Item = (Dot, Version)>>(versions: I) -> Self {
        Siblings(Arc::new(versions.into_iter().collect()))
    }
}

impl Serialize for Siblings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Siblings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::deserialize(deserializer).map(|versions| Siblings(Arc::new(versions)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::clock::{Actor, NodeId};

    const X: NodeId = NodeId(0);
    const Y: NodeId = NodeId(1);
    const Z: NodeId = NodeId(2);

    fn dot(node: NodeId, counter: u64) -> Dot {
        Dot {
            actor: Actor::owner(node),
            counter,
        }
    }

    fn seen(dots: &[Dot]) -> VersionVector {
        dots.iter().copied().collect()
    }

    fn values(siblings: &Siblings) -> Vec<&[u8]> {
        siblings.iter().map(|(_, v)| v.value.as_slice()).collect()
    }

    #[test]
    fn figure_3_of_the_paper() {
        let mut at_x = Siblings::new();
        at_x.put(dot(X, 1), VersionVector::new(), b"D1".to_vec());
        at_x.put(dot(X, 2), at_x.context(), b"D2".to_vec());
        assert_eq!(values(&at_x), [b"D2"]);

        let (mut at_y, mut at_z) = (at_x.clone(), at_x.clone());
        at_y.put(dot(Y, 1), at_x.context(), b"D3".to_vec());
        at_z.put(dot(Z, 1), at_x.context(), b"D4".to_vec());
        assert_eq!(at_y.context(), seen(&[dot(X, 2), dot(Y, 1)]));
        assert_eq!(at_z.context(), seen(&[dot(X, 2), dot(Z, 1)]));

        let mut read = at_y.clone();
        assert!(read.merge(&at_z));
        assert_eq!(values(&read), [b"D3", b"D4"]);
        assert_eq!(read.context(), seen(&[dot(X, 2), dot(Y, 1), dot(Z, 1)]));

        at_x.put(dot(X, 3), read.context(), b"D5".to_vec());
        assert_eq!(at_x.context(), seen(&[dot(X, 3), dot(Y, 1), dot(Z, 1)]));
        for late in [&at_y, &at_z, &read] {
            assert!(!at_x.merge(late), "D5 replaces all that its writer saw");
        }
        assert_eq!(values(&at_x), [b"D5"]);
    }

    #[test]
    fn two_puts_with_the_same_context_through_one_node_are_siblings() {
        let mut held = Siblings::new();
        held.put(dot(X, 1), VersionVector::new(), vec![0]);
        let context = held.context();
        held.put(dot(X, 2), context.clone(), vec![1]);
        held.put(dot(X, 3), context, vec![2]);
        assert_eq!(values(&held), [[1], [2]]);
    }

    #[test]
    fn a_context_replaces_versions_that_arrive_later() {
        let mut held = Siblings::new();
        held.put(dot(X, 1), seen(&[dot(Y, 4)]), vec![1]);
        let late = Version {
            past: VersionVector::new(),
            value: vec![0],
        };
        assert!(!held.merge(&Siblings::from_iter([(dot(Y, 4), late)])));
        assert_eq!(values(&held), [[1]]);
    }

    #[test]
    fn a_dot_issued_twice_leaves_the_same_version_everywhere() {
        let version = |value: u8| Version {
            past: VersionVector::new(),
            value: vec![value],
        };
        let one = Siblings::from_iter([(dot(X, 1), version(1))]);
        let two = Siblings::from_iter([(dot(X, 1), version(2))]);
        let (mut left, mut right) = (one.clone(), two.clone());
        left.merge(&two);
        right.merge(&one);
        assert_eq!(left, right);
    }
}
