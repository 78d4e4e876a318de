//! Smaller plans that still break the same promise for the same cause.
//!
//! Each candidate is the plan without some part of it, and is run again; it is kept when it still
//! fails as the original did. Parts are tried in groups first (clients, keys, kinds of fault), then in
//! chunks of halving size, then one by one until nothing more can go.

use std::collections::BTreeSet;

use checker::Time;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};

use crate::drive::{Message, Run};
use crate::fault::{Fate, Fault, Window};
use crate::plan::{Partitioning, Plan};

/// How many runs a search for a smaller plan may cost: counted, so the result is the same everywhere.
pub const REPLAYS: u32 = 3_000;

/// How many other seeds are tried for each part of a small plan.
const RESEEDS: u64 = 8;

/// Larger plans become smaller in cheaper ways.
const RESEED_STEPS_MAX: usize = 12;

/// The smallest plan found.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// It still fails for the same cause.
    pub plan: Plan,
    /// Its run.
    pub run: Run,
    /// How many runs it took to find it.
    pub replays: u32,
}

/// Shrinks a failing plan.
///
/// `fails` runs a candidate and returns its run if it breaks the same promise for the same cause. The
/// result is 1-minimal over calls and faults unless the replays ran out.
///
/// Returns `None` if the plan itself does not fail.
pub fn shrink(plan: Plan, replays: u32, fails: impl FnMut(&Plan) -> Option<Run>) -> Option<Shrunk> {
    let mut search = Search {
        fails,
        left: replays,
    };
    let run = search.run(&plan)?;
    let mut best = (plan, run);
    search.pin(&mut best);
    loop {
        let before = best.0.clone();
        search.groups(&mut best);
        search.chunks(&mut best, steps);
        search.chunks(&mut best, faults);
        search.deliveries(&mut best);
        search.retarget(&mut best);
        search.reseed(&mut best);
        search.shapes(&mut best);
        search.contexts(&mut best);
        search.pin(&mut best);
        if best.0 == before || search.left == 0 {
            let (plan, run) = best;
            return Some(Shrunk {
                plan,
                run,
                replays: replays - search.left,
            });
        }
    }
}

/// A list inside a plan from which parts can be left out.
type Part = fn(&Plan, &dyn Fn(usize) -> bool) -> (Plan, usize);

fn steps(plan: &Plan, keep: &dyn Fn(usize) -> bool) -> (Plan, usize) {
    let mut smaller = plan.clone();
    smaller.steps = kept(&plan.steps, keep);
    (smaller, plan.steps.len())
}

fn faults(plan: &Plan, keep: &dyn Fn(usize) -> bool) -> (Plan, usize) {
    let mut smaller = plan.clone();
    smaller.faults.0 = kept(&plan.faults.0, keep);
    (smaller, plan.faults.0.len())
}

fn kept<T: Clone>(list: &[T], keep: &dyn Fn(usize) -> bool) -> Vec<T> {
    let kept = list.iter().enumerate().filter(|(index, _)| keep(*index));
    kept.map(|(_, item)| item.clone()).collect()
}

struct Search<F> {
    fails: F,
    left: u32,
}

impl<F: FnMut(&Plan) -> Option<Run>> Search<F> {
    fn run(&mut self, plan: &Plan) -> Option<Run> {
        self.left = self.left.checked_sub(1)?;
        (self.fails)(plan)
    }

    /// Takes the candidate if it differs and still fails.
    fn take(&mut self, best: &mut (Plan, Run), candidate: Plan) -> bool {
        if candidate == best.0 {
            return false;
        }
        match self.run(&candidate) {
            Some(run) => {
                *best = (candidate, run);
                true
            }
            None => false,
        }
    }

    /// Writes down when each call was really made, so that leaving one out moves no other.
    fn pin(&mut self, best: &mut (Plan, Run)) {
        let mut pinned = best.0.clone();
        for step in &mut pinned.steps {
            if let Some(&made) = best.1.made.get(&step.id) {
                step.at = made;
            }
        }
        pinned.steps.sort_by_key(|step| (step.at, step.id));
        self.take(best, pinned);
    }

    /// Leaves out whole keys, clients and kinds of fault, and all faults at once.
    fn groups(&mut self, best: &mut (Plan, Run)) {
        let mut calm = best.0.clone();
        calm.faults.0.clear();
        self.take(best, calm);
        let keys: BTreeSet<String> = best
            .0
            .steps
            .iter()
            .map(|step| step.call.key().to_owned())
            .collect();
        for key in keys {
            let mut smaller = best.0.clone();
            smaller.steps.retain(|step| step.call.key() != key);
            self.take(best, smaller);
        }
        let clients: BTreeSet<u32> = best.0.steps.iter().map(|step| step.client).collect();
        for client in clients {
            let mut smaller = best.0.clone();
            smaller.steps.retain(|step| step.client != client);
            self.take(best, smaller);
        }
        let kinds: BTreeSet<&str> = best
            .0
            .faults
            .0
            .iter()
            .map(|window| window.fault.kind())
            .collect();
        for kind in kinds {
            let mut smaller = best.0.clone();
            smaller
                .faults
                .0
                .retain(|window| window.fault.kind() != kind);
            self.take(best, smaller);
        }
    }

    /// Leaves out chunks from the back, of halving size, in place, until single parts stay.
    fn chunks(&mut self, best: &mut (Plan, Run), part: Part) {
        let (_, length) = part(&best.0, &|_| true);
        let mut chunk = length.div_ceil(2);
        while chunk > 0 {
            let mut removed = false;
            let (_, mut end) = part(&best.0, &|_| true);
            while end > 0 {
                let start = end.saturating_sub(chunk);
                let (smaller, _) = part(&best.0, &|index| index < start || index >= end);
                removed |= self.take(best, smaller);
                end = start;
            }
            // Leaving one part out may have freed another; single parts are retried until none goes.
            if chunk > 1 || !removed {
                chunk /= 2;
            }
            if self.left == 0 {
                return;
            }
        }
    }

    /// Replaces windows of chance by the single deliveries they caused, where these are as few.
    fn deliveries(&mut self, best: &mut (Plan, Run)) {
        let chance = |fault: &Fault| {
            matches!(
                fault,
                Fault::Lose { .. }
                    | Fault::Delay { .. }
                    | Fault::Reorder { .. }
                    | Fault::Repeat { .. }
            )
        };
        if !best.0.faults.0.iter().any(|window| chance(&window.fault)) {
            return;
        }
        let mut single = best.clone();
        single.0.faults.0.retain(|window| !chance(&window.fault));
        let next = best
            .0
            .faults
            .0
            .iter()
            .map(|window| window.id)
            .max()
            .unwrap_or(0)
            + 1;
        let fates = best.1.fates.iter().zip(next..);
        let deliveries = fates.map(|((at, message, fate), id)| delivery(id, *at, message, *fate));
        single.0.faults.0.extend(deliveries);
        let Some(run) = self.run(&single.0) else {
            return;
        };
        single.1 = run;
        self.chunks(&mut single, faults);
        self.losses(&mut single);
        self.chunks(&mut single, faults);
        if single.0.faults.0.len() <= best.0.faults.0.len().max(2) {
            *best = single;
        }
    }

    /// A lost message is a plainer thing than a late one, and others then need not be late either.
    fn losses(&mut self, best: &mut (Plan, Run)) {
        for index in 0..best.0.faults.0.len() {
            let mut plainer = best.0.clone();
            if let Fault::Deliver { fate, .. } = &mut plainer.faults.0[index].fault
                && matches!(fate, Fate::Late(_))
            {
                *fate = Fate::Lost;
                self.take(best, plainer);
            }
        }
    }

    /// Leaves out one fault and lets another strike a different node instead: what the first one led
    /// to another node may now stay where the second one strikes.
    fn retarget(&mut self, best: &mut (Plan, Run)) {
        let nodes = best.0.shape.legal().nodes;
        let mut without = 0;
        while without < best.0.faults.0.len() && best.0.faults.0.len() > 1 {
            let mut fewer = best.0.clone();
            fewer.faults.0.remove(without);
            let struck =
                (0..fewer.faults.0.len()).flat_map(|index| (0..nodes).map(move |to| (index, to)));
            let taken = struck.into_iter().any(|(index, to)| {
                let mut other = fewer.clone();
                match &mut other.faults.0[index].fault {
                    Fault::Crash { node } | Fault::Pause { node } | Fault::Depart { node }
                        if *node != to =>
                    {
                        *node = to;
                    }
                    _ => return false,
                }
                self.take(best, other)
            });
            if !taken {
                without += 1;
            }
        }
    }

    /// Leaves out one fault or call and tries other luck for the rest: what a fault made likely may
    /// happen without it.
    fn reseed(&mut self, best: &mut (Plan, Run)) {
        if best.0.steps.len() > RESEED_STEPS_MAX {
            return;
        }
        for part in [faults as Part, steps] {
            let mut without = 0;
            while without < part(&best.0, &|_| true).1 {
                let (fewer, _) = part(&best.0, &|index| index != without);
                let other = |luck: u64| Plan {
                    seed: fewer.seed.wrapping_add(luck),
                    ..fewer.clone()
                };
                if !(1..=RESEEDS).any(|luck| self.take(best, other(luck))) {
                    without += 1;
                }
            }
        }
    }

    /// Tries a smaller cluster with fewer mechanisms.
    fn shapes(&mut self, best: &mut (Plan, Run)) {
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
    fn contexts(&mut self, best: &mut (Plan, Run)) {
        for index in 0..best.0.steps.len() {
            let mut smaller = best.0.clone();
            if let Some(context) = smaller.steps[index].call.context_mut() {
                *context = None;
            }
            self.take(best, smaller);
        }
    }
}

/// One message and its fate, as a window that is open around the moment it is sent.
///
/// The identity of the message says which one is meant; the window is wide, because leaving out
/// something else may move the moment.
fn delivery(id: u32, at: Time, message: &Message, fate: Fate) -> Window {
    Window {
        id,
        from: Time(at.0.saturating_sub(100_000)),
        until: Time(at.0 + 100_000),
        fault: Fault::Deliver {
            message: message.identity,
            fate,
            what: message.what.clone(),
        },
    }
}
