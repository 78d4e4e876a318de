//! The plan again, each time with one thing changed.

use std::collections::BTreeSet;

use checker::report::{Need, Share, Sort};

use super::settings::settings;
use super::trial::Trial;
use crate::fault::Fault;
use crate::plan::{Call, Plan, Step};
use crate::target::Target;

/// A changed plan and what it runs on.
pub(super) struct Changed {
    pub(super) target: Target,
    pub(super) plan: Plan,
}

/// Tries each change once; says what came of each, and how many were not tried.
pub(super) fn needs(trial: &mut Trial<'_>, plan: &Plan) -> (Vec<(Need, Changed)>, u32) {
    let changes = changes(trial.target(), plan);
    let (mut needs, mut untried) = (Vec::new(), 0);
    for (of, change, changed) in changes {
        match trial.effect(changed.target, &changed.plan) {
            None => untried += 1,
            Some(effect) => {
                let luck = Share::default();
                let need = Need {
                    change,
                    of,
                    effect,
                    luck,
                };
                needs.push((need, changed));
            }
        }
    }
    (needs, untried)
}

/// Every change that is tried, in words, in the order of a report.
fn changes(target: Target, plan: &Plan) -> Vec<(Sort, String, Changed)> {
    let mut all = Vec::new();
    if let Some(flaw) = target.flaw {
        let healthy = Changed {
            target: Target { flaw: None },
            plan: plan.clone(),
        };
        all.push((Sort::Store, format!("without {flaw}"), healthy));
    }
    let plans = faults(plan)
        .into_iter()
        .chain(calls(plan))
        .chain(orders(plan))
        .chain(settings(plan))
        .chain(values(plan));
    all.extend(plans.map(|(of, change, plan)| (of, change, Changed { target, plan })));
    all
}

pub(super) type Change = (Sort, String, Plan);

fn faults(plan: &Plan) -> Vec<Change> {
    let windows = plan.faults.0.iter().enumerate().map(|(index, window)| {
        let mut fewer = plan.clone();
        fewer.faults.0.remove(index);
        let change = match &window.fault {
            Fault::Deliver { .. } => format!("without: {}", window.fault),
            fault => format!("without {fault} from {} ms", window.from.0 / 1000),
        };
        (Sort::Fault, change, fewer)
    });
    windows.collect()
}

fn calls(plan: &Plan) -> Vec<Change> {
    let mut all = Vec::new();
    let nodes = plan.shape.legal().nodes;
    for (index, step) in plan.steps.iter().enumerate() {
        let mut fewer = plan.clone();
        fewer.steps.remove(index);
        all.push((Sort::Call, format!("without {}", said(step)), fewer));
        let mut blind = plan.clone();
        if let Some(context) = blind.steps[index].call.context_mut()
            && context.take().is_some()
        {
            let change = format!("{} without a context", said(step));
            all.push((Sort::Call, change, blind));
        }
        if nodes > 1 {
            let mut other = plan.clone();
            other.steps[index].via = (step.via + 1) % nodes;
            let change = format!("{} via n{}", said(step), other.steps[index].via);
            all.push((Sort::Call, change, other));
        }
    }
    all
}

/// Two calls that follow each other, the other way around.
fn orders(plan: &Plan) -> Vec<Change> {
    let mut order: Vec<usize> = (0..plan.steps.len()).collect();
    order.sort_by_key(|&index| (plan.steps[index].at, plan.steps[index].id));
    let pairs = order.windows(2).map(|pair| {
        let (first, second) = (&plan.steps[pair[0]], &plan.steps[pair[1]]);
        let mut swapped = plan.clone();
        swapped.steps[pair[0]].at = second.at;
        swapped.steps[pair[1]].at = first.at;
        let change = format!("{} before {}", said(second), said(first));
        (Sort::Order, change, swapped)
    });
    let moved = pairs.filter(|(.., swapped)| swapped.steps != plan.steps);
    moved.collect()
}

/// Another key, which lies elsewhere on the ring; and other values, where no fate names a message.
fn values(plan: &Plan) -> Vec<Change> {
    let mut all = Vec::new();
    let keys: BTreeSet<String> = plan
        .steps
        .iter()
        .map(|step| step.call.key().into())
        .collect();
    for key in &keys {
        let free = (0..).map(|number| format!("k{number}"));
        let Some(other) = free.into_iter().find(|name| !keys.contains(name)) else {
            continue;
        };
        let mut renamed = plan.clone();
        for step in &mut renamed.steps {
            if step.call.key() == key {
                other.clone_into(step.call.key_mut());
            }
        }
        all.push((Sort::Value, format!("with key {other} for {key}"), renamed));
    }
    let mut windows = plan.faults.0.iter();
    let names = windows.any(|window| matches!(window.fault, Fault::Deliver { .. }));
    if let Some(last) = plan.steps.iter().map(|step| step.id).max()
        && last < u32::MAX / 2
        && !names
    {
        let mut renamed = plan.clone();
        for step in &mut renamed.steps {
            step.id += last;
            if let Some(other) = step.call.step_mut() {
                *other = other.saturating_add(last);
            }
        }
        all.push((Sort::Value, "with other values".into(), renamed));
    }
    all
}

/// A call as a reader finds it in the report.
pub(super) fn said(step: &Step) -> String {
    let Step { id, client, .. } = step;
    match &step.call {
        Call::Get { key } => format!("c{client} get {key}"),
        Call::Put { key, .. } => format!("c{client} put {key} v{id}"),
        Call::PutForged { key, .. } => format!("c{client} put {key} v{id} with a forged context"),
        Call::Retry { key, .. } => format!("c{client} put {key} v{id} again"),
        Call::Change { of, key, .. } => format!("c{client} put {key} v{id}:{of}"),
        Call::Delete { key, .. } => format!("c{client} delete {key}"),
    }
}
