//! Where the windows of a plan begin and end.

use std::collections::VecDeque;

use checker::Time;

use crate::plan::Plan;

#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub(super) at: Time,
    pub(super) window: usize,
    pub(super) begins: bool,
}

/// Where windows begin and end, in order; at one instant ends come first.
pub(super) fn edges(plan: &Plan) -> VecDeque<Edge> {
    let mut edges: Vec<Edge> = Vec::new();
    for (window, entry) in plan.faults.0.iter().enumerate() {
        if entry.from < entry.until {
            edges.push(Edge {
                at: entry.from,
                window,
                begins: true,
            });
            edges.push(Edge {
                at: entry.until,
                window,
                begins: false,
            });
        }
    }
    edges.sort_by_key(|edge| (edge.at, edge.begins, edge.window));
    edges.into()
}
