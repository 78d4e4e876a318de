//! The shortest way from one node to another, over sessions, reads and conflicts.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::trace::Trace;
use super::walk::Conflicts;

/// One node comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) why: Why,
}

/// Why one node comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// One session called the one after the other.
    Session,
    /// The later one returned what the earlier one wrote.
    Read,
    /// This node returned what the later one wrote, although the earlier one was in its past.
    Conflict(u32),
}

/// The way with the fewest reads and conflicts, if there is one; a conflict weighs as much as two reads.
/// From a node to itself it is a circle. O(nodes + conflicts) before the last node.
pub(super) fn path(
    trace: &Trace<'_>,
    conflicts: &Conflicts,
    from: u32,
    to: u32,
) -> Option<Vec<Step>> {
    // For each weight still to come the nodes found at it, searched from the end.
    let mut fronts: VecDeque<VecDeque<u32>> = VecDeque::from([VecDeque::from([to])]);
    let mut onward: FxHashMap<u32, (u32, Step)> = FxHashMap::default();
    let mut weight = 0;
    while let Some(mut front) = fronts.pop_front() {
        while let Some(node) = front.pop_front() {
            if node == from && onward.contains_key(&from) {
                return Some(unroll(&onward, from, to));
            }
            if onward.get(&node).is_some_and(|&(best, _)| best < weight) {
                continue;
            }
            let session = trace.before(node).map(|before| (before, 0, Why::Session));
            let source = trace.source(node).map(|source| (source, 1, Why::Read));
            let conflicts = conflicts.of(node).iter();
            let conflicts = conflicts.map(|one| (one.before, 2, Why::Conflict(one.reader)));
            for (before, cost, why) in session.into_iter().chain(source).chain(conflicts) {
                let known = onward.get(&before);
                if known.is_some_and(|&(best, _)| best <= weight + cost) {
                    continue;
                }
                let step = Step {
                    from: before,
                    to: node,
                    why,
                };
                onward.insert(before, (weight + cost, step));
                if cost == 0 {
                    front.push_back(before);
                } else {
                    while fronts.len() < cost as usize {
                        fronts.push_back(VecDeque::new());
                    }
                    fronts[cost as usize - 1].push_back(before);
                }
            }
        }
        weight += 1;
    }
    None
}

fn unroll(onward: &FxHashMap<u32, (u32, Step)>, from: u32, to: u32) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut node = from;
    loop {
        let (_, step) = onward[&node];
        match steps.last_mut() {
            // Session order is transitive, so a stretch of it is one step.
            Some(last) if last.why == Why::Session && step.why == Why::Session => {
                last.to = step.to;
            }
            _ => steps.push(step),
        }
        node = step.to;
        if node == to {
            return steps;
        }
    }
}
