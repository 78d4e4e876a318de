//! Knots: the largest parts of the graph in which everything comes before everything.

use super::edges::{End, Graph, Link};
use crate::graph::components;

/// Nodes that all reach one another, and the edges between them.
#[derive(Debug)]
pub(super) struct Knot {
    /// The nodes, sorted, as the whole graph numbers them.
    pub(super) nodes: Vec<u32>,
    /// The edges; nodes are numbered by their places.
    pub(super) graph: Graph,
}

/// All knots, the smaller first, O(nodes + edges).
pub(super) fn knots(graph: &Graph) -> Vec<Knot> {
    let core = graph.core();
    if core.is_empty() {
        return Vec::new();
    }
    let part = graph.part(&core, |_| true);
    let mut knots = tied(&part, |_| true);
    for knot in &mut knots {
        knot.nodes
            .iter_mut()
            .for_each(|node| *node = core[*node as usize]);
    }
    knots
}

fn tied(graph: &Graph, keep: impl Fn(End) -> bool) -> Vec<Knot> {
    let edges = graph.edges().filter(|&(_, end)| keep(end));
    let edges = edges.map(|(from, end)| (from, end.node()));
    let mut parts = components(graph.nodes() as usize, edges);
    parts.sort_by_key(Vec::len);
    let parts = parts.into_iter().map(|nodes| Knot {
        graph: graph.part(&nodes, &keep),
        nodes,
    });
    parts.collect()
}

impl Knot {
    /// What is left tied with these links alone.
    pub(super) fn loosened(&self, links: u8) -> Vec<Knot> {
        let mut knots = tied(&self.graph, |end| links & end.link().bit() != 0);
        self.name(&mut knots, 1);
        knots
    }

    /// What is left tied where no two reads in a row may miss a write.
    ///
    /// Of each node there are two: reached by such a read, and reached otherwise.
    pub(super) fn apart(&self) -> Vec<Knot> {
        let twice = self.graph.doubled(|state, link| match (state, link) {
            (0, Link::Rw) => Some(1),
            (_, Link::Rw) => None,
            (state, Link::Pass) => Some(state),
            _ => Some(0),
        });
        let mut knots = tied(&twice, |_| true);
        self.name(&mut knots, 2);
        knots
    }

    /// Gives back the numbers of the whole graph, of which each stands so many times in these knots.
    fn name(&self, knots: &mut [Knot], times: u32) {
        for knot in knots {
            for node in &mut knot.nodes {
                *node = self.nodes[(*node / times) as usize];
            }
        }
    }
}
