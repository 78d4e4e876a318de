//! Who owned a key, and from when on: members join and leave.

use crate::note::Node;

/// The owners of one key, one ring after the other.
///
/// A ring is in force from the line of its note until the next. Before the first, the first counts: a
/// history may name its owners late.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tenures<'h> {
    rings: Vec<(usize, &'h [Node])>,
}

impl<'h> Tenures<'h> {
    /// From this line on these are the owners.
    pub(crate) fn name(&mut self, line: usize, owners: &'h [Node]) {
        self.rings.push((line, owners));
    }

    /// From which line on the ring is in force that is in force at this line; none for the first.
    pub(crate) fn changed(&self, line: usize) -> Option<usize> {
        let number = self.number(line);
        self.rings
            .get(number)
            .filter(|_| number > 0)
            .map(|ring| ring.0)
    }

    /// The lines up to this one at which the owners were named anew.
    pub(crate) fn changes(&self, line: usize) -> Vec<usize> {
        let later = self.until(line).iter().skip(1);
        later.map(|(named, _)| *named).collect()
    }

    /// Whether no owner is known.
    pub(crate) fn is_unknown(&self) -> bool {
        self.rings.iter().all(|(_, owners)| owners.is_empty())
    }

    /// Whether the node is an owner in any ring, before or after.
    pub(crate) fn names(&self, node: Node) -> bool {
        self.rings.iter().any(|(_, owners)| owners.contains(&node))
    }

    /// The owners at a line; none if they are not known.
    pub(crate) fn at(&self, line: usize) -> &'h [Node] {
        let ring = self.rings.get(self.number(line));
        ring.map_or(&[], |(_, owners)| owners)
    }

    /// The number of the ring in force at a line.
    pub(crate) fn number(&self, line: usize) -> usize {
        let later = self.rings.partition_point(|(named, _)| *named <= line);
        later.saturating_sub(1)
    }

    /// Whether the node owned the key in every ring from one line to another.
    pub(crate) fn owned_throughout(&self, node: Node, from: usize, until: usize) -> bool {
        let rings = self.until(until);
        let rings = rings.get(self.number(from)..).unwrap_or_default();
        rings.iter().all(|(_, owners)| owners.contains(&node))
    }

    /// When the node last ceased to own the key, up to a line: the line from which it was none.
    pub(crate) fn ceased(&self, node: Node, line: usize) -> Option<usize> {
        let pairs = self.until(line).windows(2).rev();
        let mut ends = pairs.filter(|pair| pair[0].1.contains(&node) && !pair[1].1.contains(&node));
        ends.next().map(|pair| pair[1].0)
    }

    /// When the node last began to own the key, before it ceased to at this line: the line from which
    /// it was an owner.
    pub(crate) fn began(&self, node: Node, ceased: usize) -> usize {
        let before = self.until(ceased.saturating_sub(1)).iter().rev();
        let tenure = before.take_while(|(_, owners)| owners.contains(&node));
        tenure.last().map_or(ceased, |(line, _)| *line)
    }

    fn until(&self, line: usize) -> &[(usize, &'h [Node])] {
        let count = (self.number(line) + 1).min(self.rings.len());
        &self.rings[..count]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Node = Node(0);
    const B: Node = Node(1);
    const C: Node = Node(2);
    const D: Node = Node(3);

    /// C leaves at line 10, D stands in for it until C is back at line 20.
    fn tenures() -> Tenures<'static> {
        let mut tenures = Tenures::default();
        tenures.name(3, &[A, B, C]);
        tenures.name(10, &[A, B, D]);
        tenures.name(20, &[A, B, C]);
        tenures
    }

    #[test]
    fn a_ring_is_in_force_until_the_next() {
        let tenures = tenures();
        for (line, owners) in [
            (0, [A, B, C]),
            (9, [A, B, C]),
            (10, [A, B, D]),
            (19, [A, B, D]),
            (99, [A, B, C]),
        ] {
            assert_eq!(tenures.at(line), owners, "line {line}");
        }
        let changed = [0, 9, 10, 25].map(|line| tenures.changed(line));
        assert_eq!(changed, [None, None, Some(10), Some(20)]);
        assert_eq!(tenures.changes(19), [10]);
        assert_eq!(tenures.changes(99), [10, 20]);
        assert!(Tenures::default().at(7).is_empty() && Tenures::default().is_unknown());
        assert!(!tenures.is_unknown());
    }

    #[test]
    fn whoever_ceased_may_have_come_back() {
        let tenures = tenures();
        assert_eq!(tenures.ceased(C, 9), None);
        assert_eq!(tenures.ceased(C, 10), Some(10));
        assert_eq!(tenures.ceased(C, 99), Some(10));
        assert_eq!(tenures.ceased(D, 99), Some(20));
        assert_eq!(tenures.ceased(A, 99), None);
        assert!(tenures.owned_throughout(C, 0, 9) && tenures.owned_throughout(C, 20, 99));
        assert!(!tenures.owned_throughout(C, 9, 20) && tenures.owned_throughout(A, 0, 99));
    }

    #[test]
    fn a_tenure_begins_after_the_one_before_has_ended() {
        let mut tenures = tenures();
        tenures.name(30, &[B, C, D]);
        tenures.name(40, &[A, B, D]);
        assert_eq!(tenures.began(C, 10), 3);
        assert_eq!(tenures.began(C, 40), 20);
        assert_eq!(tenures.began(A, 30), 3);
        assert_eq!(tenures.began(D, 20), 10);
        assert_eq!(Tenures::default().began(A, 5), 5);
    }
}
