//! Who is who: the names of the paper for the nodes of a ring.

use dynamo_core::{NodeId, VersionVector};

/// The names of the nodes, in the preference order of one key.
///
/// The ring decides by hash which node comes first for a key. A story wants to call that node A, the
/// next B, and so on; then it reads like the paper.
#[derive(Debug)]
pub(super) struct Cast(Vec<(String, NodeId)>);

impl Cast {
    /// Names for the nodes of a preference list, in its order.
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
        Ok(Cast(names.into_iter().zip(order).collect()))
    }

    pub(super) fn id(&self, name: &str) -> Result<NodeId, String> {
        let found = self.0.iter().find(|(it, _)| it == name);
        found
            .map(|(_, id)| *id)
            .ok_or_else(|| format!("no node is called {name}"))
    }

    /// The name of a node; of a stranger, its number.
    pub(super) fn name(&self, id: NodeId) -> String {
        let found = self.0.iter().find(|(_, it)| *it == id);
        found.map_or_else(|| id.to_string(), |(name, _)| name.clone())
    }

    /// Where a node comes in the order of names; strangers come last.
    pub(super) fn place(&self, id: NodeId) -> usize {
        let place = self.0.iter().position(|(_, it)| *it == id);
        place.unwrap_or(self.0.len())
    }

    /// All nodes, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.0.iter().map(|(name, id)| (name.as_str(), *id))
    }

    /// The names of some nodes, in order, with spaces between.
    pub(super) fn list(&self, some: impl Fn(NodeId) -> bool) -> String {
        let some = self.all().filter(|(_, id)| some(*id));
        some.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    /// What the core printed, with names for numbers: `n3:1` becomes `A:1`.
    pub(super) fn named(&self, printed: &str) -> String {
        let mut named = String::new();
        for word in printed.split_inclusive(|next: char| !next.is_alphanumeric()) {
            let bare = word.trim_end_matches(|last: char| !last.is_alphanumeric());
            let number = bare
                .strip_prefix('n')
                .and_then(|digits| digits.parse().ok());
            match number {
                Some(number) => named.push_str(&self.name(NodeId(number))),
                None => named.push_str(bare),
            }
            named.push_str(&word[bare.len()..]);
        }
        named
    }

    /// A clock as the core prints it, but in the order of the names.
    pub(super) fn clock(&self, clock: &VersionVector) -> String {
        let mut entries: Vec<_> = clock.iter().collect();
        entries.sort_by_key(|dot| (self.place(dot.actor.node), *dot));
        let entries = entries.iter().map(|dot| self.named(&dot.to_string()));
        format!("{{{}}}", entries.collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use dynamo_core::{Actor, Dot};

    use super::*;

    fn cast(names: &[&str], order: &[u32]) -> Result<Cast, String> {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Cast::new(names, order.iter().map(|id| NodeId(*id)).collect())
    }

    #[test]
    fn what_the_core_prints_is_told_in_names() {
        let cast = cast(&["Sx", "Sy"], &[12, 1]).expect("two names for two nodes");
        assert_eq!(
            cast.named("{n12:1 n1.7:7}, n2 not none"),
            "{Sx:1 Sy.7:7}, n2 not none"
        );
    }

    #[test]
    fn clocks_are_in_the_order_of_the_names() {
        let cast = cast(&["Sx", "Sy"], &[12, 1]).expect("two names for two nodes");
        let event = |node, counter| Dot {
            actor: Actor::owner(NodeId(node)),
            counter,
        };
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
