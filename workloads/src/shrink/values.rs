//! The same parts with smaller values: the cluster, contexts, windows, times, names.

use std::collections::{BTreeMap, BTreeSet};

use checker::Time;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};

use super::search::{Best, Search};
use crate::fault::Fault;
use crate::plan::{Call, Partitioning, Plan};

/// The grids that times are rounded to, in microseconds, the coarsest first.
const GRIDS: [u64; 3] = [1_000_000, 100_000, 10_000];

/// What lies between any two moments of a plan, if that goes, in microseconds.
const SPACES: [u64; 2] = [100_000, 10_000];

/// Windows are not made shorter than this, in microseconds.
const SHORTEST: u64 = 1_000;

impl Search<'_> {
    /// Tries a smaller cluster with fewer mechanisms.
    pub(super) fn shapes(&mut self, best: &mut Best) {
        while best.0.shape.nodes > 1 {
            let mut smaller = best.0.clone();
            smaller.shape.nodes -= 1;
            if !self.take(best, smaller.wrapped()) {
                break;
            }
        }
        let plainer: [fn(&mut Plan); 16] = [
            |plan| plan.shape.vnodes = 1,
            |plan| plan.shape.partitioning = Partitioning::Tokens,
            |plan| plan.shape.read_repair = ReadRepair::Off,
            |plan| plan.shape.coordinator = Coordinator::Asked,
            |plan| plan.shape.read_from = ReadFrom::Healthy,
            |plan| plan.shape.reaping_us = None,
            |plan| plan.shape.durability = Durability::Synced,
            |plan| plan.shape.detection = Detection::Requests,
            |plan| plan.shape.yields = false,
            |plan| plan.shape.skew_us = 0,
            |plan| plan.shape.resolution = Resolution::Client,
            |plan| plan.shape.causality = Causality::Dots,
            |plan| plan.shape.sloppy = false,
            |plan| plan.shape.r = 1,
            |plan| plan.shape.w = 1,
            |plan| plan.shape.n = plan.shape.n.saturating_sub(1).max(1),
        ];
        for change in plainer {
            let mut smaller = best.0.clone();
            change(&mut smaller);
            smaller.shape = smaller.shape.legal();
            self.take(best, smaller);
        }
    }

    /// Makes puts and deletes blind that need no context.
    pub(super) fn contexts(&mut self, best: &mut Best) {
        for index in 0..best.0.steps.len() {
            let mut smaller = best.0.clone();
            let call = &mut smaller.steps[index].call;
            match call {
                Call::PutForged { key, .. } | Call::Retry { key, .. } => {
                    let (key, context) = (key.clone(), None);
                    *call = Call::Put { key, context };
                }
                _ => {
                    if let Some(context) = call.context_mut() {
                        *context = None;
                    }
                }
            }
            self.take(best, smaller);
        }
    }

    /// Halves the windows of faults, from either side, as often as that goes.
    pub(super) fn windows(&mut self, best: &mut Best) {
        for index in 0..best.0.faults.0.len() {
            if matches!(best.0.faults.0[index].fault, Fault::Deliver { .. }) {
                continue;
            }
            for late in [false, true] {
                loop {
                    let mut shorter = best.0.clone();
                    let window = &mut shorter.faults.0[index];
                    let half = window.until.0.saturating_sub(window.from.0) / 2;
                    if half < SHORTEST {
                        break;
                    }
                    if late {
                        window.from = Time(window.from.0 + half);
                    } else {
                        window.until = Time(window.from.0 + half);
                    }
                    if !self.take(best, shorter) {
                        break;
                    }
                }
            }
        }
    }

    /// Rounds times to the coarsest grid on which the plan still fails, all at once or one by one, and
    /// begins as early as on that grid.
    pub(super) fn times(&mut self, best: &mut Best) {
        for grid in SPACES {
            if let Some(spread) = best.0.spread(grid)
                && (spread == best.0 || self.take(best, spread))
            {
                return;
            }
        }
        for grid in GRIDS {
            let rounded = best.0.on(grid);
            if rounded == best.0 || in_order(&best.0, &rounded) && self.take(best, rounded) {
                break;
            }
        }
        for index in 0..best.0.steps.len() {
            for grid in GRIDS {
                let at = best.0.steps[index].at;
                let mut rounded = best.0.clone();
                rounded.steps[index].at = nearest(at, grid);
                if at.0.is_multiple_of(grid)
                    || in_order(&best.0, &rounded) && self.take(best, rounded)
                {
                    break;
                }
            }
        }
        self.early(best);
    }

    /// Begins as early as possible: everything moves by the same time.
    fn early(&mut self, best: &mut Best) {
        let steps = best.0.steps.iter().map(|step| step.at.0);
        let windows = best.0.faults.0.iter().map(|window| window.from.0);
        let Some(first) = steps.chain(windows).min() else {
            return;
        };
        for grid in GRIDS {
            let by = first / grid * grid;
            if by == 0 {
                continue;
            }
            let mut early = best.0.clone();
            for step in &mut early.steps {
                step.at = Time(step.at.0 - by);
            }
            for window in &mut early.faults.0 {
                window.from = Time(window.from.0 - by);
                window.until = Time(window.until.0.saturating_sub(by));
            }
            if self.take(best, early) {
                return;
            }
        }
    }

    /// Calls keys, clients, and where no message is named also calls, by the first numbers.
    pub(super) fn names(&mut self, best: &mut Best) {
        let mut clients = best.0.clone();
        let order = numbered(best.0.steps.iter().map(|step| step.client));
        for step in &mut clients.steps {
            step.client = order[&step.client];
        }
        self.take(best, clients);
        let mut keys = best.0.clone();
        let order = numbered(best.0.steps.iter().map(|step| step.call.key().to_owned()));
        for step in &mut keys.steps {
            let name = format!("k{}", order[step.call.key()]);
            *step.call.key_mut() = name;
        }
        self.take(best, keys);
        let mut windows = best.0.faults.0.iter();
        if windows.any(|window| matches!(window.fault, Fault::Deliver { .. })) {
            return;
        }
        let mut calls = best.0.clone();
        let order = numbered(best.0.steps.iter().map(|step| step.id));
        for step in &mut calls.steps {
            step.id = order[&step.id] + 1;
            if let Some(other) = step.call.step_mut() {
                // What a call refers to may be gone; nothing else may take its name.
                *other = order.get(other).map_or(u32::MAX, |number| number + 1);
            }
        }
        self.take(best, calls);
    }
}

/// What there is, numbered from 0 in the order of appearance.
fn numbered<T: Ord>(all: impl Iterator<Item = T>) -> BTreeMap<T, u32> {
    let mut order = BTreeMap::new();
    for one in all {
        let next = order.len() as u32;
        order.entry(one).or_insert(next);
    }
    order
}

/// When calls are made and when windows begin and end, but for those of single messages.
fn moments(plan: &Plan) -> Vec<Time> {
    let steps = plan.steps.iter().map(|step| step.at);
    let windows = plan.faults.0.iter();
    let windows = windows.filter(|window| !matches!(window.fault, Fault::Deliver { .. }));
    steps
        .chain(windows.flat_map(|window| [window.from, window.until]))
        .collect()
}

/// Whether what came first in one plan comes first in the other, of the same calls and windows.
fn in_order(one: &Plan, other: &Plan) -> bool {
    let mut pairs: Vec<(Time, Time)> = moments(one).into_iter().zip(moments(other)).collect();
    pairs.sort_unstable();
    pairs
        .windows(2)
        .all(|pair| pair[0].0 == pair[1].0 || pair[0].1 < pair[1].1)
}

fn nearest(at: Time, grid: u64) -> Time {
    Time((at.0.saturating_add(grid / 2)) / grid * grid)
}

impl Plan {
    /// The same plan with all times on a grid. A window stays open at least for one step of it, and a
    /// fate around the moment of its message.
    fn on(&self, grid: u64) -> Plan {
        let mut plan = self.clone();
        for step in &mut plan.steps {
            step.at = nearest(step.at, grid);
        }
        for window in &mut plan.faults.0 {
            if matches!(window.fault, Fault::Deliver { .. }) {
                window.from = Time(window.from.0 / grid * grid);
                window.until = Time(window.until.0.div_ceil(grid) * grid);
            } else {
                window.from = nearest(window.from, grid);
                window.until = nearest(window.until, grid).max(Time(window.from.0 + grid));
            }
        }
        plan
    }

    /// The same plan with as much time between any two moments of it as between all; `None` where single
    /// messages are named, whose moments are not known.
    fn spread(&self, by: u64) -> Option<Plan> {
        let mut windows = self.faults.0.iter();
        if windows.any(|window| matches!(window.fault, Fault::Deliver { .. })) {
            return None;
        }
        let order: BTreeSet<Time> = moments(self).into_iter().collect();
        let place: BTreeMap<Time, Time> = order
            .into_iter()
            .zip((0..).map(|at| Time(at * by)))
            .collect();
        let mut plan = self.clone();
        for step in &mut plan.steps {
            step.at = place[&step.at];
        }
        for window in &mut plan.faults.0 {
            window.from = place[&window.from];
            window.until = place[&window.until];
        }
        Some(plan)
    }
}
