//! Linearizability by trying every order: slow, and plain enough to be believed.

use crate::history::{History, Op, OpId, Outcome};
use crate::model::Model;

/// An order of all operations that explains every answer, found by trying all of them, part by part;
/// `None` if there is none. Exponential in the operations of a part: the oracle for tests.
pub fn naive<M: Model>(model: &M, history: &History<M::Domain>) -> Option<Vec<OpId>> {
    let mut names = Vec::new();
    for op in history.ops() {
        let name = model.part(&op.call);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut whole = Vec::new();
    for name in names {
        let ops: Vec<&Op<M::Domain>> = history
            .ops()
            .iter()
            .filter(|op| model.part(&op.call) == name && op.outcome != Outcome::Fail)
            .collect();
        whole.extend(order(model, &ops, &|op| op.outcome.ok().is_some())?);
    }
    Some(whole)
}

/// Whether there is an order if only these operations must take effect. Any other operation of their
/// part may take effect, with the answer that it had, or may be left out.
#[cfg(test)]
pub(crate) fn possible<M: Model>(model: &M, history: &History<M::Domain>, must: &[OpId]) -> bool {
    let part = |id: &OpId| history.op(*id).map(|op| model.part(&op.call));
    let Some(name) = must.first().and_then(part) else {
        return true;
    };
    let ops: Vec<&Op<M::Domain>> = history
        .ops()
        .iter()
        .filter(|op| model.part(&op.call) == name && op.outcome != Outcome::Fail)
        .collect();
    let must = |op: &Op<M::Domain>| op.outcome.ok().is_some() && must.contains(&op.id);
    order(model, &ops, &must).is_some()
}

struct Prefix<S> {
    state: S,
    chosen: Vec<usize>,
}

fn order<M: Model>(
    model: &M,
    ops: &[&Op<M::Domain>],
    must: &dyn Fn(&Op<M::Domain>) -> bool,
) -> Option<Vec<OpId>> {
    let mut open = vec![Prefix {
        state: model.initial(),
        chosen: Vec::new(),
    }];
    while let Some(prefix) = open.pop() {
        let left = |at: &usize| !prefix.chosen.contains(at);
        if !(0..ops.len()).any(|at| left(&at) && must(ops[at])) {
            return Some(prefix.chosen.iter().map(|&at| ops[at].id).collect());
        }
        for next in (0..ops.len()).filter(left) {
            // Whatever is still left has to come later, and some of it may have had to come before.
            let skipped = |at: usize| must(ops[at]) && ops[at].precedes(ops[next]);
            let late = |&at: &usize| ops[next].precedes(ops[at]);
            if (0..ops.len()).filter(left).any(skipped) || prefix.chosen.iter().any(late) {
                continue;
            }
            let op = ops[next];
            if let Some(state) = model.step(&prefix.state, &op.call, op.outcome.ok()) {
                let mut chosen = prefix.chosen.clone();
                chosen.push(next);
                open.push(Prefix { state, chosen });
            }
        }
    }
    None
}
