//! A plan with fewer parts: calls, faults, deliveries, in groups, in chunks and one by one.

use std::collections::BTreeSet;

use checker::Time;

use super::search::{Best, Search};
use crate::drive::Message;
use crate::fault::{Fate, Fault, Window};
use crate::plan::Plan;

/// How many other seeds are tried for each part of a small plan.
const RESEEDS: u64 = 8;

/// Larger plans become smaller in cheaper ways.
const RESEED_STEPS_MAX: usize = 12;

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

/// Whether the fault is one of this node alone.
fn strikes(fault: &Fault, of: u32) -> bool {
    fault.clone().node_mut().is_some_and(|node| *node == of)
}

impl Search<'_> {
    /// Writes down when each call was really made, so that leaving one out moves no other.
    pub(super) fn pin(&mut self, best: &mut Best) {
        let mut pinned = best.0.clone();
        for step in &mut pinned.steps {
            if let Some(&made) = best.1.made.get(&step.id) {
                step.at = made;
            }
        }
        pinned.steps.sort_by_key(|step| (step.at, step.id));
        self.take(best, pinned);
    }

    /// Leaves out what comes last, by halving: the shortest beginning that still fails.
    pub(super) fn suffix(&mut self, best: &mut Best) {
        let steps = best.0.steps.iter().map(|step| step.at);
        let windows = best.0.faults.0.iter().map(|window| window.from);
        let mut times: Vec<Time> = steps.chain(windows).collect();
        times.sort_unstable();
        times.dedup();
        // The whole plan fails; how short a beginning still does?
        let (mut low, mut high) = (0, times.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            let until = times[middle];
            let mut shorter = best.0.clone();
            shorter.steps.retain(|step| step.at < until);
            shorter.faults.0.retain(|window| window.from < until);
            if self.take(best, shorter) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
    }

    /// Leaves out calls, in chunks and one by one.
    pub(super) fn steps(&mut self, best: &mut Best) {
        self.chunks(best, steps);
    }

    /// Leaves out faults, in chunks and one by one.
    pub(super) fn faults(&mut self, best: &mut Best) {
        self.chunks(best, faults);
    }

    /// Leaves out whole keys, clients and kinds of fault, and all faults at once.
    pub(super) fn groups(&mut self, best: &mut Best) {
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
        let nodes = best.0.shape.legal().nodes;
        for node in 0..nodes {
            let mut smaller = best.0.clone();
            smaller.steps.retain(|step| step.via % nodes != node);
            smaller
                .faults
                .0
                .retain(|window| !strikes(&window.fault, node));
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
    fn chunks(&mut self, best: &mut Best, part: Part) {
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
            if self.left() == 0 {
                return;
            }
        }
    }

    /// Replaces windows of chance by the single deliveries they caused, where these are as few.
    pub(super) fn deliveries(&mut self, best: &mut Best) {
        let chance = Fault::strikes_messages;
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
    fn losses(&mut self, best: &mut Best) {
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

    /// Puts plainer faults in the place of others: a crash for a lost disk, a pause for a slow node, fewer
    /// links that are cut.
    pub(super) fn plainer(&mut self, best: &mut Best) {
        for index in 0..best.0.faults.0.len() {
            let plain = match *best.0.faults.0[index].fault.unaimed() {
                Fault::Wipe { node }
                | Fault::Rot { node, .. }
                | Fault::Misdirect { node, .. }
                | Fault::Restore { node } => Some(Fault::Crash { node }),
                Fault::Slow { node, .. } | Fault::Stall { node } => Some(Fault::Pause { node }),
                _ => None,
            };
            if let Some(fault) = plain {
                let mut plainer = best.0.clone();
                plainer.faults.0[index].fault = fault;
                self.take(best, plainer);
            }
            let Fault::CutLinks { links } = best.0.faults.0[index].fault.clone() else {
                continue;
            };
            for link in links {
                let mut fewer = best.0.clone();
                if let Fault::CutLinks { links } = &mut fewer.faults.0[index].fault {
                    links.remove(&link);
                }
                self.take(best, fewer);
            }
        }
    }

    /// Leaves out one fault and lets another strike a different node instead: what the first one led
    /// to another node may now stay where the second one strikes.
    pub(super) fn retarget(&mut self, best: &mut Best) {
        let nodes = best.0.shape.legal().nodes;
        let mut without = 0;
        while without < best.0.faults.0.len() && best.0.faults.0.len() > 1 {
            let mut fewer = best.0.clone();
            fewer.faults.0.remove(without);
            let struck =
                (0..fewer.faults.0.len()).flat_map(|index| (0..nodes).map(move |to| (index, to)));
            let taken = struck.into_iter().any(|(index, to)| {
                let mut other = fewer.clone();
                match other.faults.0[index].fault.node_mut() {
                    Some(node) if *node != to => *node = to,
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
    pub(super) fn reseed(&mut self, best: &mut Best) {
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
