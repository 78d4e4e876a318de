//! Who has seen what: nodes, events, and the version vectors that sum them up.

use alloc::collections::BTreeMap;
use core::cmp::Ordering;
use core::fmt;

use serde::{Deserialize, Serialize};

/// A member of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// A node, for as long as it keeps all of its own events on a key: an entry of version vectors.
///
/// An owner keeps them for good. A stand-in forgets what it handed over, so each event that it makes
/// is an actor of its own: a vector that has seen a later one then claims nothing about it. Clocks
/// grow by an entry for each, as §4.4 of the paper expects when nodes outside the top N coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// Which node.
    pub node: NodeId,
    /// The counter of the one event made as a stand-in; 0 for all events made as an owner.
    pub stand_in: u64,
}

impl Actor {
    /// The node as an owner of the key.
    pub const fn owner(node: NodeId) -> Actor {
        Actor { node, stand_in: 0 }
    }

    /// The node as a stand-in, for the event of this counter only.
    pub const fn stand_in(node: NodeId, counter: u64) -> Actor {
        Actor {
            node,
            stand_in: counter,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stand_in {
            0 => write!(f, "{}", self.node),
            event => write!(f, "{}.{event}", self.node),
        }
    }
}

/// One event: a put, by the node that coordinated it.
///
/// The counter comes from one sequence per node, not per key, and is on disk together with the
/// version that uses it. So no dot ever names two versions, whatever a node forgets about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// Who coordinated the put.
    pub actor: Actor,
    /// Its place in the sequence of that node, from 1.
    pub counter: u64,
}

impl fmt::Display for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.actor, self.counter)
    }
}

/// For each actor, the last of its events on one key that was seen, and with it all before.
///
/// "And all before" is true because replicas always hand over everything they hold of a key: what a
/// replica knows of another's events never has a gap. [`PartialOrd`] is the causal order (§4.4 of
/// the paper): smaller is an ancestor, incomparable is concurrent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionVector(BTreeMap<Actor, u64>);

impl VersionVector {
    /// Has seen nothing.
    pub const fn new() -> Self {
        VersionVector(BTreeMap::new())
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the event was seen.
    pub fn covers(&self, dot: Dot) -> bool {
        self.0
            .get(&dot.actor)
            .is_some_and(|counter| *counter >= dot.counter)
    }

    /// Sees the event and all earlier ones of its actor.
    pub fn add(&mut self, dot: Dot) {
        let counter = self.0.entry(dot.actor).or_default();
        *counter = dot.counter.max(*counter);
    }

    /// Sees what the other has seen.
    pub fn join(&mut self, other: &VersionVector) {
        for dot in other.iter() {
            self.add(dot);
        }
    }

    /// The last event seen of each actor, by actor.
    pub fn iter(&self) -> impl Iterator<Item = Dot> + '_ {
        self.0.iter().map(|(actor, counter)| Dot {
            actor: *actor,
            counter: *counter,
        })
    }

    /// An order without meaning, for ties that must fall alike everywhere.
    pub(crate) fn tie(&self, other: &VersionVector) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for VersionVector {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let behind = self.iter().all(|dot| other.covers(dot));
        let ahead = other.iter().all(|dot| self.covers(dot));
        match (behind, ahead) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        }
    }
}

impl FromIterator<Dot> for VersionVector {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut seen = VersionVector::new();
        for dot in dots {
            seen.add(dot);
        }
        seen
    }
}

impl fmt::Display for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, dot) in self.iter().enumerate() {
            let comma = if index == 0 { "" } else { " " };
            write!(f, "{comma}{dot}")?;
        }
        f.write_str("}")
    }
}
