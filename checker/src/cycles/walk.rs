//! Shortest cycles through a link of a given kind.

use std::collections::VecDeque;

use super::book::NONE;
use super::edges::{Graph, Link};
use super::knots::Knot;

/// A cycle: each transaction with its link to the next, the last one's to the first.
pub(super) type Cycle = Vec<(u32, Link)>;

/// A shortest cycle among those through one of these links, which walks none of the others again.
///
/// It looks at one cycle at least where each link of a knot lies on one, and goes on for a shorter one
/// as long as there is budget, which counts edges. Ties go to the earliest.
pub(super) fn shortest(knots: &[Knot], through: u8, never: u8, budget: u64) -> Option<Cycle> {
    let mut best: Option<Cycle> = None;
    let mut left = budget;
    for knot in knots {
        let mut walk = Walk::new(&knot.graph, never);
        for (from, end) in knot.graph.edges() {
            if through & end.link().bit() == 0 {
                continue;
            }
            let length = best.as_ref().map_or(u32::MAX, |best| best.len() as u32);
            if length == 2 || left == 0 && (best.is_some() || never != 0) {
                return best;
            }
            if walk.reaches(end.node(), from, length - 1, &mut left) {
                let mut cycle = vec![(from, end.link())];
                cycle.extend(walk.path(end.node(), from));
                let named = cycle
                    .iter()
                    .map(|&(node, link)| (knot.nodes[node as usize], link));
                best = Some(named.filter(|&(_, link)| link != Link::Pass).collect());
            }
        }
    }
    best
}

/// The first walk through a graph that comes to a node, by as few links as possible.
struct Walk<'g> {
    graph: &'g Graph,
    never: u8,
    round: u32,
    /// For each node: in which round it was met, how far from the start, and from where by which link.
    met: Vec<(u32, u32, u32, Link)>,
}

impl<'g> Walk<'g> {
    fn new(graph: &'g Graph, never: u8) -> Self {
        Walk {
            graph,
            never,
            round: 0,
            met: vec![(0, 0, NONE, Link::Pass); graph.nodes() as usize],
        }
    }

    /// Whether a walk of fewer links than `limit` leads from one node to the other.
    fn reaches(&mut self, from: u32, to: u32, limit: u32, left: &mut u64) -> bool {
        self.round += 1;
        self.met[from as usize] = (self.round, 0, NONE, Link::Pass);
        let mut queue = VecDeque::from([(0, from)]);
        while let Some((far, node)) = queue.pop_front() {
            if node == to {
                return true;
            }
            if self.met[node as usize].1 < far {
                continue;
            }
            let ends = self.graph.ends(node);
            *left = left.saturating_sub(ends.len() as u64);
            for end in ends {
                let (next, link) = (end.node(), end.link());
                let passes = link == Link::Pass;
                let far = far + u32::from(!passes);
                let (round, known, ..) = self.met[next as usize];
                let farther = round == self.round && known <= far;
                if farther || far >= limit || self.never & link.bit() != 0 {
                    continue;
                }
                self.met[next as usize] = (self.round, far, node, link);
                if passes {
                    queue.push_front((far, next));
                } else {
                    queue.push_back((far, next));
                }
            }
        }
        false
    }

    fn path(&self, from: u32, to: u32) -> Vec<(u32, Link)> {
        let mut path = Vec::new();
        let mut here = to;
        while here != from {
            let (.., before, link) = self.met[here as usize];
            path.push((before, link));
            here = before;
        }
        path.reverse();
        path
    }
}
