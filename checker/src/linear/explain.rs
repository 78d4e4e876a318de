//! Why a part has no order, in words that can be checked in the history.

use rustc_hash::{FxHashMap, FxHashSet};

use super::part::Step;
use super::relax::Trials;
use super::search::Search;
use super::stuck::Stuck;
use crate::domain::Domain;
use crate::history::{Op, OpId, Time};
use crate::model::Model;
use crate::verdict::{Budget, Counterexample, Promise, Reason};

/// How much work an explanation may cost, and how much more for each step: steps looked at plus
/// configurations visited. One that runs out names more operations than it had to.
const EFFORT: u64 = 100_000;
const EFFORT_EACH: u64 = 64;

/// How many configurations each trial may visit, and how many more for each step.
const TRIAL: u64 = 5_000;
const TRIAL_EACH: u64 = 4;

/// How many operations of a core get a line of their own.
const FACTS_NAMED: usize = 24;

/// How many operations of the longest order are named.
const ORDER_NAMED: usize = 24;

/// How many possible states are named before the rest is counted.
const STATES_NAMED: usize = 6;

/// Explains a part that has no order. `barrier` is the return that the search never passed.
pub(crate) fn explain<'h, M: Model>(
    model: &'h M,
    part: &[Step<'h, M::Domain>],
    barrier: Option<Step<'h, M::Domain>>,
    budget: Budget,
) -> Counterexample {
    let count = part.len() as u64;
    let effort = EFFORT + EFFORT_EACH * count;
    let trial = TRIAL + TRIAL_EACH * count;
    let mut trials = Trials::new(model, effort.min(budget.states), trial);
    let steps = trials.core(part, barrier);
    let mut search = Search::new(model, &steps).weighed().remembering();
    let _ = search.advance(budget.states);
    let core: Vec<&Op<M::Domain>> = steps
        .iter()
        .filter(|step| step.strict)
        .map(|step| step.op)
        .collect();
    let stuck = search.stuck();
    let ending = stuck.as_ref().map_or(&[][..], ending);
    let cause = match &stuck {
        Some(stuck) => cause(&mut trials, part, &core, stuck),
        None => "no order".into(),
    };
    let key = core.first().and_then(|op| M::Domain::key(&op.call));
    Counterexample {
        promise: Promise::Linearizable,
        part: String::new(),
        sentence: sentence(model, &core, key),
        key: key.map(Into::into),
        ops: shown(&steps, &core, ending, stuck.as_ref()),
        reasons: reasons(part, &core, key, stuck.as_ref()),
        cause: format!("linearizable: {cause}"),
    }
}

pub(crate) fn sentence<M: Model>(model: &M, core: &[&Op<M::Domain>], key: Option<&str>) -> String {
    if let [op] = core {
        return format!(
            "Nothing called before its return explains `{}`.",
            op.label()
        );
    }
    let reads = core.iter().all(|op| match op.outcome.ok() {
        Some(ret) => model.reads_only(&op.call, Some(ret)) || !model.refutable(&op.call, ret),
        None => true,
    });
    let what = if reads { "reads" } else { "answers" };
    let of = key.map(|key| format!(" of {key}")).unwrap_or_default();
    format!(
        "No order of these {} operations explains the {what}{of}.",
        core.len()
    )
}

/// What of the longest order is named: its end, which says how the state came about.
fn ending(stuck: &Stuck) -> &[OpId] {
    &stuck.order[stuck.order.len().saturating_sub(ORDER_NAMED)..]
}

/// The core, the end of the longest order, and where the answer that does not fit came from, in the
/// order of calls.
fn shown<D: Domain>(
    steps: &[Step<'_, D>],
    core: &[&Op<D>],
    ending: &[OpId],
    stuck: Option<&Stuck>,
) -> Vec<OpId> {
    let source = stuck.and_then(|stuck| stuck.source);
    let core = core.iter().map(|op| op.id);
    let named: FxHashSet<OpId> = core.chain(ending.iter().copied()).chain(source).collect();
    let ids = steps.iter().map(|step| step.op.id);
    ids.filter(|id| named.contains(id)).collect()
}

fn reasons<D: Domain>(
    part: &[Step<'_, D>],
    core: &[&Op<D>],
    key: Option<&str>,
    stuck: Option<&Stuck>,
) -> Vec<Reason> {
    let mut reasons = told(core);
    if let Some(stuck) = stuck {
        reasons.extend(end_of_the_longest_order(core, part, key, stuck));
    }
    if core.len() < part.len() {
        reasons.push(Reason {
            text: "leaving out any of the other operations makes no difference".into(),
            ops: Vec::new(),
        });
    }
    reasons
}

/// A fact for each of these operations, or for the last of them where they are many.
pub(crate) fn told<D: Domain>(ops: &[&Op<D>]) -> Vec<Reason> {
    let unnamed = ops.len().saturating_sub(FACTS_NAMED);
    let mut reasons: Vec<Reason> = ops[unnamed..].iter().map(|op| fact(op)).collect();
    if unnamed > 0 {
        reasons.push(Reason {
            text: format!("and {unnamed} operations called before these"),
            ops: ops[..unnamed].iter().map(|op| op.id).collect(),
        });
    }
    reasons
}

fn fact<D: Domain>(op: &Op<D>) -> Reason {
    let (Time(called), process) = (op.invoked, op.process);
    let until = match op.returned {
        Some(Time(returned)) => format!("from {called} to {returned}"),
        None => format!("from {called} on"),
    };
    Reason {
        text: format!("{process}: {}, {until}", op.label()),
        ops: vec![op.id],
    }
}

fn end_of_the_longest_order<D: Domain>(
    core: &[&Op<D>],
    part: &[Step<'_, D>],
    key: Option<&str>,
    stuck: &Stuck,
) -> Option<Reason> {
    let ending = ending(stuck);
    let named: FxHashSet<OpId> = ending.iter().copied().chain([stuck.step]).collect();
    let wanted = |op: &&Op<D>| named.contains(&op.id);
    let calls = part.iter().map(|step| step.op).filter(wanted);
    let calls = calls.map(|op| (op.id, D::call_label(&op.call)));
    // Only an operation of the core is held to its answer.
    let answers = core.iter().copied().filter(wanted);
    let answers = answers.map(|op| (op.id, op.label()));
    let labels: FxHashMap<OpId, String> = calls.chain(answers).collect();
    let due = labels.get(&stuck.step)?;
    let order = ending.iter().filter_map(|id| labels.get(id));
    let order: Vec<&str> = order.map(String::as_str).collect();
    let unnamed = stuck.order.len() - ending.len();
    let begins = if order.is_empty() {
        "no order can even begin".to_owned()
    } else if unnamed > 0 {
        format!(
            "the longest order begins with {unnamed} others, then {}",
            order.join(", ")
        )
    } else {
        format!("the longest order begins {}", order.join(", "))
    };
    let named = stuck.states.len().min(STATES_NAMED);
    let mut states = stuck.states[..named].join(" or ");
    if stuck.states.len() > named {
        states = format!("{states} or one of {} more", stuck.states.len() - named);
    }
    let what = key.unwrap_or("the state");
    let end = if states.is_empty() {
        format!("nothing that could come before leads to {due}")
    } else {
        format!("then {due} must follow, but {what} is {states}")
    };
    let mut ops = ending.to_vec();
    if !ops.contains(&stuck.step) {
        ops.push(stuck.step);
    }
    Some(Reason {
        text: format!("{begins}; {end}"),
        ops,
    })
}

/// The kind of contradiction, without a word of this very history.
fn cause<'h, M: Model>(
    trials: &mut Trials<'h, M>,
    part: &[Step<'h, M::Domain>],
    core: &[&Op<M::Domain>],
    stuck: &Stuck,
) -> String {
    let Some(last) = part.iter().find(|step| step.op.id == stuck.step) else {
        return "no order".into();
    };
    let label = M::Domain::call_label(&last.op.call);
    let action = label.split(' ').next().unwrap_or_default();
    if stuck.held_once {
        format!("stale {action}")
    } else if core.len() > 1 {
        format!("{action} without what came before")
    } else if trials.impossible_at_any_time(part, last) {
        format!("{action} of what nobody wrote")
    } else {
        format!("{action} of what came later")
    }
}
