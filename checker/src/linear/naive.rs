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
        whole.extend(order(model, &ops)?);
    }
    Some(whole)
}

struct Prefix<S> {
    state: S,
    chosen: Vec<usize>,
}

fn order<M: Model>(model: &M, ops: &[&Op<M::Domain>]) -> Option<Vec<OpId>> {
    let mut open = vec![Prefix {
        state: model.initial(),
        chosen: Vec::new(),
    }];
    while let Some(prefix) = open.pop() {
        let left = |at: &usize| !prefix.chosen.contains(at);
        let complete = |at: usize| ops[at].outcome.ok().is_some();
        if !(0..ops.len()).any(|at| left(&at) && complete(at)) {
            return Some(prefix.chosen.iter().map(|&at| ops[at].id).collect());
        }
        for next in (0..ops.len()).filter(left) {
            // Whatever is still left has to come later, and some of it may have had to come before.
            if (0..ops.len())
                .filter(left)
                .any(|at| complete(at) && ops[at].precedes(ops[next]))
            {
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
