//! Who has seen what: nodes, events, and the version vectors that sum them up.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize};

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
/// An owner keeps them for good, unless its disk is lost or damaged: then it comes back as a new
/// actor, told apart by when that disk was first used. A stand-in forgets what it handed over, so
/// each event that it makes is an actor of its own: a vector that has seen a later one then claims
/// nothing about it. Clocks grow by an entry for each, as §4.4 of the paper expects when nodes
/// outside the top N coordinate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    /// Which node.
    pub node: NodeId,
    /// When the node began to keep its events, in microseconds.
    pub born: u64,
    /// The counter of the one event made as a stand-in; 0 for all events made as an owner.
    pub stand_in: u64,
}

impl Actor {
    /// The node as an owner of the key, born at time 0.
    pub const fn owner(node: NodeId) -> Actor {
        Actor {
            node,
            born: 0,
            stand_in: 0,
        }
    }

    /// The node as a stand-in, for the event of this counter only.
    pub const fn stand_in(node: NodeId, counter: u64) -> Actor {
        Actor {
            stand_in: counter,
            ..Actor::owner(node)
        }
    }

    /// The same, born at another time.
    pub const fn born(self, born: u64) -> Actor {
        Actor { born, ..self }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.node)?;
        match self.born {
            0 => {}
            born => write!(f, "@{born}")?,
        }
        match self.stand_in {
            0 => Ok(()),
            event => write!(f, ".{event}"),
        }
    }
}

/// One event: a put, by the node that coordinated it.
///
/// Where events are dots ([`Causality::Dots`](crate::Causality::Dots)), the counter comes from one
/// sequence per node, not per key, and is on disk together with the version that uses it. So no dot
/// ever names two versions, whatever a node forgets about a key. The paper's own clocks count per
/// key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Dot {
    /// Who coordinated the put.
    pub actor: Actor,
    /// Its place in the sequence of that actor, from 1.
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
/// the paper): smaller is an ancestor, incomparable is concurrent; times play no part in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct VersionVector {
    #[serde(deserialize_with = "in_order")]
    seen: Entries,
    /// When each entry was last raised, in microseconds of its actor's clock; only kept where
    /// vectors are truncated.
    #[serde(deserialize_with = "in_order")]
    times: Entries,
}

/// A number for each of some actors, in the order of the actors. Most clocks have a handful of
/// entries, and each version has a clock: a list is copied in one piece.
type Entries = Vec<(Actor, u64)>;

fn find(entries: &Entries, actor: Actor) -> Result<usize, usize> {
    entries.binary_search_by_key(&actor, |(actor, _)| *actor)
}

fn get(entries: &Entries, actor: Actor) -> Option<u64> {
    find(entries, actor).ok().map(|index| entries[index].1)
}

fn set(entries: &mut Entries, actor: Actor, number: u64) {
    match find(entries, actor) {
        Ok(index) => entries[index].1 = number,
        Err(index) => entries.insert(index, (actor, number)),
    }
}

fn remove(entries: &mut Entries, actor: Actor) {
    if let Ok(index) = find(entries, actor) {
        entries.remove(index);
    }
}

/// What a peer sent in another order is put in order; of two entries of an actor the last counts.
fn in_order<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
    let entries = Entries::deserialize(deserializer)?;
    if entries.is_sorted_by(|(one, _), (two, _)| one < two) {
        return Ok(entries);
    }
    let sorted: BTreeMap<Actor, u64> = entries.into_iter().collect();
    Ok(sorted.into_iter().collect())
}

impl VersionVector {
    /// Has seen nothing.
    pub const fn new() -> Self {
        VersionVector {
            seen: Vec::new(),
            times: Vec::new(),
        }
    }

    /// Whether nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// How many actors were seen.
    pub fn len(&self) -> usize {
        self.seen.len()
    }

    /// The last event seen of an actor; 0 if none was.
    pub fn last(&self, actor: Actor) -> u64 {
        get(&self.seen, actor).unwrap_or(0)
    }

    /// Whether the event was seen.
    pub fn covers(&self, dot: Dot) -> bool {
        self.last(dot.actor) >= dot.counter
    }

    /// Sees the event and all earlier ones of its actor.
    pub fn add(&mut self, dot: Dot) {
        match find(&self.seen, dot.actor) {
            Ok(index) => self.seen[index].1 = dot.counter.max(self.seen[index].1),
            Err(index) => self.seen.insert(index, (dot.actor, dot.counter)),
        }
    }

    /// Sees the event, and remembers when it was made: [`VersionVector::truncate`] asks for that.
    ///
    /// A node that forgot a key may count two events alike. Then the later time stays, or replicas that
    /// heard of them in another order would never agree.
    pub fn add_at(&mut self, dot: Dot, time_us: u64) {
        let known = get(&self.times, dot.actor).unwrap_or(0);
        match self.last(dot.actor).cmp(&dot.counter) {
            Ordering::Less => set(&mut self.times, dot.actor, time_us),
            Ordering::Equal => set(&mut self.times, dot.actor, time_us.max(known)),
            Ordering::Greater => {}
        }
        self.add(dot);
    }

    /// Sees what the other has seen.
    pub fn join(&mut self, other: &VersionVector) {
        if self.is_empty() && self.times.is_empty() && other.times.is_empty() {
            self.seen.clone_from(&other.seen);
            return;
        }
        for dot in other.iter() {
            match get(&other.times, dot.actor) {
                Some(time) => self.add_at(dot, time),
                None => self.add(dot),
            }
        }
    }

    /// Remembers when an event was made, if it is the last that was seen of its actor.
    pub(crate) fn set_time(&mut self, dot: Dot, time_us: u64) {
        if self.last(dot.actor) == dot.counter {
            set(&mut self.times, dot.actor, time_us);
        }
    }

    /// Forgets an actor.
    pub(crate) fn remove(&mut self, actor: Actor) {
        remove(&mut self.seen, actor);
        remove(&mut self.times, actor);
    }

    /// Forgets the entries that were raised longest ago until at most so many are left (§4.4). What
    /// descends from what can then no longer be told with certainty.
    pub fn truncate(&mut self, pairs: usize) {
        while self.seen.len() > pairs {
            let age = |actor: &Actor| (get(&self.times, *actor).unwrap_or(0), *actor);
            let actors = self.seen.iter().map(|(actor, _)| *actor);
            let Some(oldest) = actors.min_by_key(age) else {
                return;
            };
            self.remove(oldest);
        }
    }

    /// The last event seen of each actor, by actor.
    pub fn iter(&self) -> impl Iterator<Item = Dot> + '_ {
        self.seen.iter().map(|(actor, counter)| Dot {
            actor: *actor,
            counter: *counter,
        })
    }

    /// An order without meaning, for ties that must fall alike everywhere.
    pub(crate) fn tie(&self, other: &VersionVector) -> Ordering {
        (&self.seen, &self.times).cmp(&(&other.seen, &other.times))
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

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn clocks_read_as_in_the_paper_and_name_what_is_not_an_owner_since_ever() {
        let owner = Actor::owner(NodeId(2));
        let dots = [
            (owner, 3),
            (owner.born(7), 1),
            (Actor::stand_in(NodeId(3), 5), 5),
        ];
        let dots = dots.map(|(actor, counter)| Dot { actor, counter });
        assert_eq!(dots[0].to_string(), "n2:3");
        let vector = dots.into_iter().collect::<VersionVector>();
        assert_eq!(vector.to_string(), "{n2:3 n2@7:1 n3.5:5}");
    }
}
