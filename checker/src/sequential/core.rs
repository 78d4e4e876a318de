//! Why a part has no order that keeps the order of sessions: what of it has to be true for that.

use super::search::Search;
use super::sessions::{Part, Turn};
use crate::domain::Domain;
use crate::history::{Op, OpId};
use crate::model::Model;
use crate::verdict::{Counterexample, Promise, Reason};

/// How much work an explanation may cost: operations looked at and configurations visited.
const EFFORT: u64 = 200_000;

/// How many configurations each trial may visit.
const TRIAL: u64 = 5_000;

/// How many operations of the longest order are named.
const NAMED_MAX: usize = 24;

/// Explains a part that has no order.
pub(super) fn explain<'h, M: Model>(model: &'h M, part: &Part<'h, M::Domain>) -> Counterexample {
    let mut left = EFFORT;
    let core = core(model, part, &mut left);
    let mut search = Search::new(model, core.clone()).remembering();
    // The core has no order; how far one comes is a courtesy.
    let _ = search.advance(TRIAL);
    let order: Vec<&Op<M::Domain>> = search
        .deepest()
        .iter()
        .take(NAMED_MAX)
        .filter_map(|id| all(part).find(|op| op.id == *id))
        .collect();
    let needed: Vec<&Op<M::Domain>> = musts(&core).collect();
    let key = needed.first().and_then(|op| M::Domain::key(&op.call));
    let mut ops: Vec<OpId> = needed.iter().chain(&order).map(|op| op.id).collect();
    ops.sort_unstable();
    ops.dedup();
    Counterexample {
        promise: Promise::Sequential,
        part: String::new(),
        sentence: sentence(model, &needed, key),
        key: key.map(Into::into),
        ops,
        reasons: reasons(&core, &order, needed.len() < part.turns().count()),
        cause: cause(model, part, &needed),
    }
}

fn all<'p, 'h, D: Domain>(part: &'p Part<'h, D>) -> impl Iterator<Item = &'h Op<D>> + 'p {
    let strays = part.strays.iter().map(|stray| stray.op);
    part.turns().map(|turn| turn.op).chain(strays)
}

fn musts<'p, 'h, D: Domain>(part: &'p Part<'h, D>) -> impl Iterator<Item = &'h Op<D>> + 'p {
    part.turns().filter(|turn| turn.must).map(|turn| turn.op)
}

fn sentence<M: Model>(model: &M, needed: &[&Op<M::Domain>], key: Option<&str>) -> String {
    let reads = needed
        .iter()
        .all(|op| model.reads_only(&op.call, op.outcome.ok()));
    let what = if reads { "reads" } else { "answers" };
    let of = key.map(|key| format!(" of {key}")).unwrap_or_default();
    match needed {
        [op] => format!("No order explains `{}`.", op.label()),
        _ => format!(
            "No order that keeps each session's own order explains the {what}{of} of these {} operations.",
            needed.len()
        ),
    }
}

fn reasons<D: Domain>(core: &Part<'_, D>, order: &[&Op<D>], others: bool) -> Vec<Reason> {
    let mut reasons = Vec::new();
    for turns in &core.sessions {
        let own: Vec<&Op<D>> = turns
            .iter()
            .filter(|turn| turn.must)
            .map(|turn| turn.op)
            .collect();
        if let Some(first) = own.first() {
            let labels: Vec<String> = own.iter().take(NAMED_MAX).map(|op| op.label()).collect();
            let more = own.len().saturating_sub(NAMED_MAX);
            let more = if more > 0 {
                format!(", and {more} more")
            } else {
                String::new()
            };
            reasons.push(Reason {
                text: format!(
                    "{}, in this order: {}{more}",
                    first.process,
                    labels.join(", ")
                ),
                ops: own.iter().map(|op| op.id).collect(),
            });
        }
    }
    if !order.is_empty() {
        let labels: Vec<String> = order.iter().map(|op| D::call_label(&op.call)).collect();
        reasons.push(Reason {
            text: format!("the longest order begins {}", labels.join(", ")),
            ops: order.iter().map(|op| op.id).collect(),
        });
    }
    if others {
        reasons.push(Reason {
            text: "leaving out any of the other operations makes no difference".into(),
            ops: Vec::new(),
        });
    }
    reasons
}

/// The kind of contradiction, without a word of this very history.
fn cause<M: Model>(model: &M, part: &Part<'_, M::Domain>, needed: &[&Op<M::Domain>]) -> String {
    let Some(last) = needed.iter().max_by_key(|op| op.line) else {
        return "sequential: no order".into();
    };
    let label = M::Domain::call_label(&last.call);
    let action = label.split(' ').next().unwrap_or_default();
    let mut means = all(part).map(|op| &op.call);
    let reached = last
        .outcome
        .ok()
        .is_none_or(|ret| model.within_reach(&model.initial(), &last.call, ret, &mut means));
    match (needed, reached) {
        ([_], false) => format!("sequential: {action} of what nobody wrote"),
        _ => format!("sequential: {action} out of order"),
    }
}

/// The part with as few operations as possible that must take effect; each of the others may be left
/// out. It has no order either.
fn core<'h, M: Model>(
    model: &'h M,
    part: &Part<'h, M::Domain>,
    left: &mut u64,
) -> Part<'h, M::Domain> {
    let mut core = part.clone();
    let mut lines: Vec<usize> = core.turns().map(|turn| turn.op.line).collect();
    lines.sort_unstable();
    let mut chunk = lines.len().div_ceil(2);
    while chunk > 0 {
        let mut from = 0;
        while from < lines.len() {
            if *left == 0 {
                return core;
            }
            let chosen = &lines[from..lines.len().min(from + chunk)];
            let weaker = relaxed(&core, chosen);
            if impossible(model, &weaker, left) {
                core = weaker;
                lines.drain(from..lines.len().min(from + chunk));
            } else {
                from += chunk;
            }
        }
        chunk /= 2;
    }
    core
}

/// The part without a claim that the operations on these lines took effect.
fn relaxed<'h, D: Domain>(part: &Part<'h, D>, lines: &[usize]) -> Part<'h, D> {
    let mut weaker = part.clone();
    for turn in weaker.sessions.iter_mut().flatten() {
        let Turn { op, must } = turn;
        *must &= lines.binary_search(&op.line).is_err();
    }
    weaker
}

fn impossible<'h, M: Model>(model: &'h M, part: &Part<'h, M::Domain>, left: &mut u64) -> bool {
    *left = left.saturating_sub(part.turns().count() as u64 / 16 + 1);
    let mut search = Search::new(model, part.clone());
    let verdict = search.advance(TRIAL.min(*left));
    *left = left.saturating_sub(search.visited());
    verdict == Some(false)
}
