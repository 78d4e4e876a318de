//! Reads of a value that the reader knew to be overwritten, found one lane at a time.

use super::trace::{Node, Trace};
use super::walk::{Conflict, Conflicts, walk};

/// All nodes, each after those in its past, so that what follows from the past can be computed in one go.
#[derive(Debug)]
pub(super) struct Order(Vec<u32>);

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
        Order(order)
    }

    /// For each node how many nodes of this lane are in its past, itself not included; O(nodes).
    pub(super) fn reach(&self, trace: &Trace<'_>, lane: u32) -> Vec<u32> {
        let mut reach = vec![0; trace.nodes.len()];
        for &node in &self.0 {
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
/// O(nodes) for each lane that a conflict names.
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
        let reach = order.reach(trace, lane(&same[0]));
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
