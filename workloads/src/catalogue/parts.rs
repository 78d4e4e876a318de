//! What a plan is made of: kinds of fault, kinds of call, the load it comes from; and what a failure needs of it.

use std::collections::BTreeSet;

use checker::Budget;
use checker::reconciliation::Kind;

use crate::drive::Run;
use crate::fault::{Fate, Fault};
use crate::load::{Pattern, object_kind, row_contexts};
use crate::matrix::{self, Contexts};
use crate::plan::{Call, Plan};
use crate::preset::Preset;
use crate::target::Target;

/// The kinds of fault that plans of presets have.
pub(super) const FAULTS: [&str; 20] = [
    "cut",
    "cut-one-way",
    "cut-links",
    "crash",
    "pause",
    "slow",
    "clock",
    "stall",
    "scramble",
    "wipe",
    "rot",
    "misdirect",
    "depart",
    "lose",
    "delay",
    "reorder",
    "repeat",
    "clog",
    "narrow",
    "rank",
];

/// What becomes of single messages in minimized plans.
pub(super) const FATES: [&str; 3] = ["a message lost", "a message twice", "a message late"];

/// The kinds of call.
pub(super) const CALLS: [&str; 8] = [
    "get",
    "put with a context",
    "blind put",
    "put with a forged context",
    "put again",
    "change with a context",
    "blind change",
    "delete",
];

/// The loads of all presets.
pub(super) const LOADS: [&str; 12] = [
    "mixed",
    "register",
    "cart",
    "chain",
    "recreate",
    "many keys",
    "sets",
    "counters",
    "lists",
    "blind sessions",
    "covering sessions",
    "sessions that read first",
];

/// The load that the plan of this seed comes from.
pub(super) fn load(preset: Preset, seed: u64) -> &'static str {
    let row = match preset {
        Preset::Dynamo => return Pattern::of(seed).name(),
        Preset::Objects => {
            return match object_kind(seed) {
                Kind::Set => "sets",
                Kind::Counter => "counters",
                Kind::List => "lists",
            };
        }
        Preset::Row(row) => row,
    };
    match row_contexts(row, seed) {
        Contexts::Blind => "blind sessions",
        Contexts::Covering => "covering sessions",
        Contexts::ReadFirst => "sessions that read first",
    }
}

fn fault(fault: &Fault) -> &'static str {
    match fault.unaimed() {
        Fault::Deliver { fate, .. } => match fate {
            Fate::Lost => "a message lost",
            Fate::Twice(_) => "a message twice",
            Fate::Late(_) => "a message late",
        },
        other => other.kind(),
    }
}

fn call(call: &Call) -> &'static str {
    match call {
        Call::Get { .. } => "get",
        Call::Put {
            context: Some(_), ..
        } => "put with a context",
        Call::Put { context: None, .. } => "blind put",
        Call::PutForged { .. } => "put with a forged context",
        Call::Retry { .. } => "put again",
        Call::Change {
            context: Some(_), ..
        } => "change with a context",
        Call::Change { context: None, .. } => "blind change",
        Call::Delete { .. } => "delete",
    }
}

/// The kinds of fault in a plan, those without length apart.
pub(super) fn faults(plan: &Plan) -> BTreeSet<&'static str> {
    let windows = plan.faults.0.iter();
    let open = windows.filter(|window| window.from < window.until);
    open.map(|window| fault(&window.fault)).collect()
}

/// The kinds of call in a plan.
pub(super) fn calls(plan: &Plan) -> BTreeSet<&'static str> {
    plan.steps.iter().map(|step| call(&step.call)).collect()
}

/// The same plan without any fault or call of this kind; of a put with a context the put stays.
fn without(plan: &Plan, kind: &str) -> Plan {
    let mut fewer = plan.clone();
    fewer.faults.0.retain(|window| fault(&window.fault) != kind);
    let goes = |made: &Call| call(made) == kind && !keeps_put(made);
    fewer.steps.retain(|step| !goes(&step.call));
    for step in &mut fewer.steps {
        if call(&step.call) != kind {
            continue;
        }
        match &mut step.call {
            Call::Put { context, .. } | Call::Change { context, .. } => *context = None,
            Call::PutForged { key, context } => {
                let (key, context) = (std::mem::take(key), Some(*context));
                step.call = Call::Put { key, context };
            }
            _ => {}
        }
    }
    fewer
}

fn keeps_put(call: &Call) -> bool {
    let contexts = matches!(
        call,
        Call::Put {
            context: Some(_),
            ..
        } | Call::Change {
            context: Some(_),
            ..
        }
    );
    contexts || matches!(call, Call::PutForged { .. })
}

/// The kinds of fault and call in a failing plan without any of which its run breaks no promise, all luck
/// being equal.
pub(super) fn needed(target: Target, plan: &Plan, budget: Budget) -> BTreeSet<&'static str> {
    let mut kinds = faults(plan);
    kinds.extend(calls(plan));
    kinds.retain(|kind| {
        let fewer = without(plan, kind);
        target
            .run(&fewer)
            .is_ok_and(|run| holds(&fewer, &run, budget))
    });
    kinds
}

fn holds(plan: &Plan, run: &Run, budget: Budget) -> bool {
    let made = matrix::made(plan, &run.history);
    let verdicts = matrix::judge(plan.shape, &run.history, &made, budget);
    let mut verdicts = verdicts.iter();
    verdicts.all(|(_, verdict)| verdict.counterexample().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_have_what_plans_of_presets_have_and_nothing_else() {
        let (mut seen_faults, mut seen_calls) = (BTreeSet::new(), BTreeSet::new());
        let mut seen_loads = BTreeSet::new();
        for preset in Preset::all() {
            for seed in 0..400 {
                let plan = preset.plan(seed);
                seen_faults.extend(faults(&plan));
                seen_calls.extend(calls(&plan));
                seen_loads.insert(load(preset, seed));
            }
        }
        assert_eq!(seen_faults, FAULTS.into_iter().collect());
        assert_eq!(seen_calls, CALLS.into_iter().collect());
        assert_eq!(seen_loads, LOADS.into_iter().collect());
    }

    #[test]
    fn a_plan_without_a_kind_has_all_others() {
        for seed in 0..60 {
            let plan = Preset::Dynamo.plan(seed);
            for kind in faults(&plan) {
                let fewer = without(&plan, kind);
                let mut left = faults(&plan);
                left.remove(kind);
                assert_eq!(faults(&fewer), left, "{kind}");
                assert_eq!(fewer.steps, plan.steps);
            }
            for kind in calls(&plan) {
                let fewer = without(&plan, kind);
                assert!(!calls(&fewer).contains(kind), "{kind}");
                assert_eq!(fewer.faults, plan.faults);
                let context = kind.ends_with("context");
                assert_eq!(fewer.steps.len() == plan.steps.len(), context, "{kind}");
            }
        }
    }
}
