//! Reads of a value that the reader knew to be overwritten, found one lane at a time.

use super::trace::{NONE, Node, Trace};
use super::walk::{Conflict, Conflicts, walk};

/// All nodes, each after those in its past, so that what follows from the past can be computed in one go.
#[derive(Debug)]
pub(super) struct Order {
    nodes: Vec<u32>,
    /// Where each node stands, if it does.
    places: Vec<u32>,
}

impl Order {
    /// Orders the nodes by sessions and reads alone, without those that have a circle in their past;
    /// O(nodes).
    pub(super) fn new(trace: &Trace<'_>) -> Self {
        let mut order = Vec::with_capacity(trace.nodes.len());
        let walked = walk(trace, &Conflicts::default(), None, |node| order.push(node));
        // Who asks for the order knows of a circle from `Found`, and that it does not have all nodes.
        assert_eq!(
            walked.is_ok(),
            order.len() == trace.nodes.len(),
            "only circles leave nodes out"
        );
        let mut places = vec![NONE; trace.nodes.len()];
        for (place, &node) in (0..).zip(&order) {
            places[node as usize] = place;
        }
        Order {
            nodes: order,
            places,
        }
    }

    /// For each node from the first of these to the last reader of them how many nodes of their lane are
    /// in its past, itself not included. It is right where it tells of one of these; what comes before
    /// all of them may be missing. O(nodes between), beside memory for all.
    fn reach(&self, trace: &Trace<'_>, conflicts: &[Conflict]) -> Vec<u32> {
        let mut reach = vec![0; trace.nodes.len()];
        let places = |of: fn(&Conflict) -> u32| {
            let nodes = conflicts.iter().map(of);
            nodes.map(|node| self.places[node as usize] as usize)
        };
        let (Some(first), Some(last)) = (
            places(|one| one.after).min(),
            places(|one| one.reader).max(),
        ) else {
            return reach;
        };
        let lane = trace.node(conflicts[0].after).lane;
        for &node in &self.nodes[first..=last] {
            let before = [trace.before(node), trace.source(node)];
            let from = before.into_iter().flatten().map(|before| {
                let Node { lane: of, seat, .. } = *trace.node(before);
                let itself = if of == lane { seat + 1 } else { 0 };
                itself.max(reach[before as usize])
            });
            reach[node as usize] = from.max().unwrap_or(0);
        }
        reach
    }
}

/// For each lane with a write that was seen after its overwriting was known, calls `each` with the lane,
/// the reach of the lane, and the conflicts that show it, in the order of their readers.
/// O(nodes from the first write to the last reader) for each lane that a conflict names.
pub(super) fn overwritten(
    trace: &Trace<'_>,
    order: &Order,
    conflicts: &[Conflict],
    mut each: impl FnMut(u32, &[u32], &[Conflict]),
) {
    let lane = |conflict: &Conflict| trace.node(conflict.after).lane;
    let mut conflicts = conflicts.to_vec();
    conflicts.sort_unstable_by_key(|one| (lane(one), one.reader, one.before));
    for same in conflicts.chunk_by(|one, two| lane(one) == lane(two)) {
        let reach = order.reach(trace, same);
        let known: Vec<Conflict> = same
            .iter()
            .filter(|one| reach[one.before as usize] > trace.node(one.after).seat)
            .copied()
            .collect();
        if !known.is_empty() {
            each(lane(&same[0]), &reach, &known);
        }
    }
}
