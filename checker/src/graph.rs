//! Happens-before as a graph: the only file that names petgraph.

use std::collections::VecDeque;

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

/// Why one operation happens before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// The same session made both calls, one after the other.
    Session,
    /// The later one returned the value that the earlier one wrote.
    Read,
    /// The later one passed the context that the earlier one returned.
    Context,
}

/// Operations, by their places, and which directly happens before which.
#[derive(Debug)]
pub(crate) struct HappensBefore {
    graph: DiGraph<(), Link>,
}

impl HappensBefore {
    /// A graph of so many operations and no edges.
    pub(crate) fn new(places: usize) -> Self {
        let mut graph = DiGraph::with_capacity(places, 2 * places);
        for _ in 0..places {
            graph.add_node(());
        }
        HappensBefore { graph }
    }

    /// Says that one operation happens before the other.
    pub(crate) fn link(&mut self, from: usize, to: usize, link: Link) {
        self.graph
            .add_edge(NodeIndex::new(from), NodeIndex::new(to), link);
    }

    /// All places such that no edge points backwards, except within a cycle, O(places + edges).
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.graph.node_count());
        for mut part in kosaraju_scc(&self.graph).into_iter().rev() {
            part.sort_unstable();
            order.extend(part.into_iter().map(NodeIndex::index));
        }
        order
    }

    /// A shortest cycle: each place with its link to the next, the last one's to the first.
    ///
    /// O(places + edges) when there is none.
    pub(crate) fn cycle(&self) -> Option<Vec<(usize, Link)>> {
        const STARTS_MAX: usize = 64;
        let mut part = kosaraju_scc(&self.graph)
            .into_iter()
            .filter(|part| part.len() > 1 || self.graph.contains_edge(part[0], part[0]))
            .min_by_key(|part| part.iter().min().copied())?;
        part.sort_unstable();
        part.iter()
            .take(STARTS_MAX)
            .filter_map(|&start| self.walk(start, start))
            .min_by_key(Vec::len)
    }

    /// A shortest path: each place with its link to the next, the last one's to the end,
    /// O(places + edges).
    pub(crate) fn path(&self, from: usize, to: usize) -> Option<Vec<(usize, Link)>> {
        self.walk(NodeIndex::new(from), NodeIndex::new(to))
    }

    fn walk(&self, from: NodeIndex, to: NodeIndex) -> Option<Vec<(usize, Link)>> {
        let mut came: Vec<Option<(NodeIndex, Link)>> = vec![None; self.graph.node_count()];
        let mut queue = VecDeque::from([from]);
        while let Some(here) = queue.pop_front() {
            // Edges come latest first; the earliest first makes the shortest path the same always.
            let mut edges: Vec<_> = self
                .graph
                .edges_directed(here, Direction::Outgoing)
                .collect();
            edges.reverse();
            for edge in edges {
                let next = edge.target();
                if came[next.index()].is_none() {
                    came[next.index()] = Some((here, *edge.weight()));
                    queue.push_back(next);
                }
            }
            if came[to.index()].is_some() {
                break;
            }
        }
        let mut path = Vec::new();
        let mut here = to;
        while let Some((before, link)) = came[here.index()] {
            path.push((before.index(), link));
            here = before;
            if here == from {
                path.reverse();
                return Some(path);
            }
        }
        None
    }
}

/// The strongly connected components of more than one place, O(places + edges): each sorted, the one
/// with the earliest place first.
pub(crate) fn components(
    places: usize,
    edges: impl IntoIterator<Item = (u32, u32)>,
) -> Vec<Vec<u32>> {
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(places, 0);
    for _ in 0..places {
        graph.add_node(());
    }
    for (from, to) in edges {
        let node = |place: u32| NodeIndex::new(place as usize);
        graph.add_edge(node(from), node(to), ());
    }
    let mut parts: Vec<Vec<u32>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|part| part.len() > 1)
        .map(|part| part.into_iter().map(|node| node.index() as u32).collect())
        .collect();
    for part in &mut parts {
        part.sort_unstable();
    }
    parts.sort_unstable_by_key(|part| part[0]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(length: usize) -> HappensBefore {
        let mut graph = HappensBefore::new(length);
        for place in 1..length {
            graph.link(place - 1, place, Link::Session);
        }
        graph
    }

    #[test]
    fn a_long_session_overflows_no_stack() {
        let mut graph = chain(100_000);
        assert!(graph.cycle().is_none());
        assert_eq!(graph.order(), (0..100_000).collect::<Vec<_>>());
        graph.link(99_999, 0, Link::Read);
        assert_eq!(graph.cycle().map(|cycle| cycle.len()), Some(100_000));
    }

    #[test]
    fn the_order_turns_edges_that_point_to_earlier_places() {
        let mut graph = HappensBefore::new(3);
        graph.link(2, 1, Link::Context);
        graph.link(1, 0, Link::Context);
        assert_eq!(graph.order(), vec![2, 1, 0]);
    }

    #[test]
    fn a_cycle_is_found_with_its_links() {
        let mut graph = chain(5);
        graph.link(3, 1, Link::Read);
        graph.link(3, 2, Link::Context);
        assert_eq!(
            graph.cycle(),
            Some(vec![(2, Link::Session), (3, Link::Context)])
        );
    }

    #[test]
    fn an_operation_before_itself_is_a_cycle() {
        let mut graph = chain(2);
        graph.link(1, 1, Link::Context);
        assert_eq!(graph.cycle(), Some(vec![(1, Link::Context)]));
    }

    #[test]
    fn components_are_sorted_and_leave_out_single_places() {
        let edges = [(5, 1), (1, 5), (1, 0), (4, 2), (2, 3), (3, 4), (3, 1)];
        assert_eq!(components(6, edges), [vec![1, 5], vec![2, 3, 4]]);
    }
}
