//! Who is who: the names of the paper for the nodes of a ring.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Actor, Dot, NodeId, VersionVector};

/// The names of the nodes, in the preference order of one key.
///
/// The ring decides by hash which node comes first for a key. A story wants to call that node A, the
/// next B, and so on; then it reads like the paper.
#[derive(Debug)]
pub(super) struct Cast {
    nodes: Vec<(String, NodeId)>,
    /// When a node began to keep its events, other than at the beginning.
    births: BTreeMap<NodeId, BTreeSet<u64>>,
}

impl Cast {
    /// Names for some nodes, in the order of both.
    pub(super) fn new(names: Vec<String>, order: Vec<NodeId>) -> Result<Cast, String> {
        if names.len() != order.len() {
            let (names, nodes) = (names.len(), order.len());
            return Err(format!("{names} names for {nodes} nodes"));
        }
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() || !name.chars().all(char::is_alphanumeric) {
                return Err(format!("{name:?} is not a name"));
            }
            if names[..index].contains(name) {
                return Err(format!("two nodes are called {name}"));
            }
        }
        Ok(Cast {
            nodes: names.into_iter().zip(order).collect(),
            births: BTreeMap::new(),
        })
    }

    pub(super) fn id(&self, name: &str) -> Result<NodeId, String> {
        let found = self.nodes.iter().find(|(it, _)| it == name);
        found
            .map(|(_, id)| *id)
            .ok_or_else(|| format!("no node is called {name}"))
    }

    /// The name of a node; of a stranger, its number.
    pub(super) fn name(&self, id: NodeId) -> String {
        let found = self.nodes.iter().find(|(_, it)| *it == id);
        found.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    /// Where a node comes in the order of names; strangers come last.
    pub(super) fn place(&self, id: NodeId) -> usize {
        let place = self.nodes.iter().position(|(_, it)| *it == id);
        place.unwrap_or(self.nodes.len())
    }

    /// All nodes, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.nodes.iter().map(|(name, id)| (name.as_str(), *id))
    }

    /// The names of some nodes, in order, with spaces between.
    pub(super) fn list(&self, some: impl Fn(NodeId) -> bool) -> String {
        let some = self.all().filter(|(_, id)| some(*id));
        some.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    /// Notes under which actors the nodes make their events, so that they can be told apart.
    pub(super) fn meet(&mut self, actor: Actor) {
        if actor.born > 0 {
            self.births
                .entry(actor.node)
                .or_default()
                .insert(actor.born);
        }
    }

    /// An event as the core prints it, but with names: `A:1`. A node that lost its disk and counts
    /// anew is `A'`, and after one more loss `A''`; the first event of a stand-in is `D.1:1`.
    pub(super) fn dot(&self, dot: Dot) -> String {
        let Actor {
            node,
            born,
            stand_in,
        } = dot.actor;
        let births = self.births.get(&node).into_iter().flatten();
        let again = births.filter(|birth| **birth <= born).count();
        let stand_in = match stand_in {
            0 => String::new(),
            event => format!(".{event}"),
        };
        let (name, primes) = (self.name(node), "'".repeat(again));
        format!("{name}{primes}{stand_in}:{}", dot.counter)
    }

    /// A clock as the core prints it, but with names, and in their order.
    pub(super) fn clock(&self, clock: &VersionVector) -> String {
        let mut entries: Vec<_> = clock.iter().collect();
        entries.sort_by_key(|dot| (self.place(dot.actor.node), *dot));
        let entries = entries.iter().map(|dot| self.dot(*dot));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cast(names: &[&str], order: &[u32]) -> Result<Cast, String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Cast::new(names, order.iter().map(|id| NodeId(*id)).collect())
    }

    fn event(actor: Actor, counter: u64) -> Dot {
        Dot { actor, counter }
    }

    #[test]
    fn events_are_told_in_names() {
        let cast = cast(&["Sx", "Sy"], &[12, 1]).expect("two names for two nodes");
        let (x, y) = (Actor::owner(NodeId(12)), Actor::stand_in(NodeId(1), 7));
        assert_eq!(cast.dot(event(x, 1)), "Sx:1");
        assert_eq!(cast.dot(event(y, 7)), "Sy.7:7");
        assert_eq!(cast.dot(event(Actor::owner(NodeId(3)), 2)), "n3:2");
    }

    #[test]
    fn a_node_that_counts_anew_is_another() {
        let mut cast = cast(&["A"], &[4]).expect("one name for one node");
        let actors = [0, 90, 3_000].map(|born| Actor::owner(NodeId(4)).born(born));
        for actor in actors.into_iter().rev() {
            cast.meet(actor);
        }
        let told = actors.map(|actor| cast.dot(event(actor, 1)));
        assert_eq!(told, ["A:1", "A':1", "A'':1"]);
    }

    #[test]
    fn clocks_are_in_the_order_of_the_names() {
        let cast = cast(&["Sx", "Sy"], &[12, 1]).expect("two names for two nodes");
        let event = |node, counter| event(Actor::owner(NodeId(node)), counter);
        let clock = [event(1, 5), event(12, 3)].into_iter().collect();
        assert_eq!(cast.clock(&clock), "{Sx:3 Sy:5}");
    }

    #[test]
    fn names_are_names_and_one_for_each_node() {
        assert!(cast(&["A", "B"], &[0, 1]).is_ok());
        assert!(cast(&["A"], &[0, 1]).is_err());
        assert!(cast(&["A", "A"], &[0, 1]).is_err());
        assert!(cast(&["A", ""], &[0, 1]).is_err());
        assert!(cast(&["A", "|"], &[0, 1]).is_err());
    }
}
