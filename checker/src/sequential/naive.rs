//! Sequential consistency by trying every interleaving of sessions: slow, and plain enough to be believed.

use crate::history::{History, Op, Outcome};
use crate::model::Model;

/// Whether for each key some interleaving of the sessions explains every answer.
pub(super) fn naive<M: Model>(model: &M, history: &History<M::Domain>) -> bool {
    let mut names = Vec::new();
    for op in history.ops() {
        let name = model.part(&op.call);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.iter().all(|name| {
        let ops = history.ops().iter();
        let ops = ops.filter(|op| model.part(&op.call) == *name && op.outcome != Outcome::Fail);
        interleaved(model, &model.initial(), &ops.collect::<Vec<_>>())
    })
}

/// Whether these operations, given in the order of their calls, can follow in some order. What has no
/// answer need not follow at all.
fn interleaved<M: Model>(model: &M, state: &M::State, left: &[&Op<M::Domain>]) -> bool {
    if left.iter().all(|op| op.outcome.ok().is_none()) {
        return true;
    }
    (0..left.len()).any(|next| {
        let op = left[next];
        let before =
            |other: &&Op<M::Domain>| other.process == op.process && other.outcome.ok().is_some();
        if left[..next].iter().any(before) {
            return false;
        }
        let mut rest = left.to_vec();
        rest.remove(next);
        let after = model.step(state, &op.call, op.outcome.ok());
        after.is_some_and(|after| interleaved(model, &after, &rest))
    })
}
