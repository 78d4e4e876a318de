//! Which operations an order may need at all.

use super::part::Step;
use super::table::{Kind, Table};
use crate::model::Model;

/// How often it is asked again which kinds matter for those that do, before all are taken to matter.
const ROUNDS: usize = 16;

/// The steps that an order may need.
#[derive(Debug)]
pub(crate) struct Needed<'h, M: Model> {
    pub(crate) steps: Vec<Step<'h, M::Domain>>,
    /// The kind of each of them.
    pub(crate) kinds: Vec<Kind>,
    /// Of each of them, whether no answer depends on it.
    pub(crate) unobserved: Vec<bool>,
}

/// What is known of the steps of one kind.
#[derive(Clone, Copy, Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "six facts of which any may be true"
)]
struct Demands {
    /// Some of them must take effect.
    strict: bool,
    /// Some of them may be left out.
    lax: bool,
    /// Some state refuses their answer.
    refutable: bool,
    /// They change nothing, and none of them must take effect.
    idle: bool,
    /// Answers that must be given depend on them, or other answers that matter.
    matters: bool,
    /// No answer depends on them.
    unobserved: bool,
}

/// Leaves out what no order needs, O(n + k) where k is what the model takes to answer for all kinds.
///
/// A step that may be left out matters if an answer depends on it that must be given, or that is given by
/// another step that matters: those that do not are left out of any order together.
pub(crate) fn needed<'h, M: Model>(
    model: &M,
    table: &Table<'h, M>,
    steps: &[Step<'h, M::Domain>],
    kinds: Vec<Kind>,
) -> Needed<'h, M> {
    let demands = demands(model, table, steps, &kinds);
    let left_out = |of: &Demands| of.lax && (of.idle || of.unobserved);
    if !demands.iter().any(left_out) {
        let unobserved = steps.iter().zip(&kinds).map(|(step, &kind)| {
            let of = demands[kind as usize];
            of.unobserved && !(step.strict && of.refutable)
        });
        return Needed {
            unobserved: unobserved.collect(),
            steps: steps.to_vec(),
            kinds,
        };
    }
    let mut needed = Needed {
        steps: Vec::with_capacity(steps.len()),
        kinds: Vec::with_capacity(steps.len()),
        unobserved: Vec::with_capacity(steps.len()),
    };
    for (&step, kind) in steps.iter().zip(kinds) {
        let of = demands[kind as usize];
        if step.strict || !(of.idle || of.unobserved) {
            let answers = step.strict && of.refutable;
            needed.steps.push(step);
            needed.kinds.push(kind);
            needed.unobserved.push(of.unobserved && !answers);
        }
    }
    needed
}

/// What is demanded of each kind.
fn demands<M: Model>(
    model: &M,
    table: &Table<'_, M>,
    steps: &[Step<'_, M::Domain>],
    kinds: &[Kind],
) -> Vec<Demands> {
    let pairs = table.kinds();
    let mut demands = vec![Demands::default(); pairs.len()];
    for (step, &kind) in steps.iter().zip(kinds) {
        let demands = &mut demands[kind as usize];
        demands.strict |= step.strict;
        demands.lax |= !step.strict;
    }
    for (kind, (demands, (call, ret))) in demands.iter_mut().zip(pairs).enumerate() {
        demands.refutable = ret.is_some_and(|ret| model.refutable(call, ret));
        demands.idle = !demands.strict && table.reads_only(kind as Kind);
        demands.matters = demands.strict;
    }
    let mut answers = Vec::with_capacity(pairs.len());
    let mut asked: Vec<usize> = Vec::with_capacity(pairs.len());
    let mut calls = Vec::with_capacity(pairs.len());
    for round in 0.. {
        let settled = round == ROUNDS;
        answers.clear();
        asked.clear();
        calls.clear();
        for (kind, (demands, &(call, ret))) in demands.iter_mut().zip(pairs).enumerate() {
            demands.matters |= settled;
            if demands.idle {
                continue;
            }
            if let (true, Some(ret)) = (demands.matters, ret) {
                answers.push((call, ret));
            }
            if !demands.matters || !demands.refutable || demands.lax {
                asked.push(kind);
                calls.push(call);
            }
        }
        let mut grew = false;
        for (&kind, unobserved) in asked.iter().zip(model.unobserved(&calls, &answers)) {
            let demands = &mut demands[kind];
            demands.unobserved = unobserved;
            if !unobserved && pairs[kind].1.is_some() {
                grew |= !std::mem::replace(&mut demands.matters, true);
            }
        }
        if !grew {
            break;
        }
    }
    demands
}
