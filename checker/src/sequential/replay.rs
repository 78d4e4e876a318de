//! An order that keeps the order of sessions, held against the history it is to explain.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::history::{History, OpId, Outcome, Process};
use crate::linear::Unreplayable;
use crate::model::Model;

/// Replays an order, given part after part, through the model, O(n log n). Time does not matter, only
/// which operations of one session on one part came first.
///
/// # Errors
/// The first operation that shows that the order does not explain the history.
pub fn replay<M: Model>(
    model: &M,
    history: &History<M::Domain>,
    order: &[OpId],
) -> Result<(), Unreplayable> {
    let mut seen: BTreeSet<OpId> = BTreeSet::new();
    let mut states: BTreeMap<Cow<'_, str>, M::State> = BTreeMap::new();
    let mut reached: BTreeMap<(Cow<'_, str>, Process), usize> = BTreeMap::new();
    for &id in order {
        let op = history.op(id).ok_or(Unreplayable::Absent(id))?;
        if !seen.insert(id) {
            return Err(Unreplayable::Twice(id));
        }
        let ret = match &op.outcome {
            Outcome::Fail => return Err(Unreplayable::Absent(id)),
            Outcome::Unknown => None,
            Outcome::Ok(ret) => Some(ret),
        };
        let part = model.part(&op.call);
        let line = reached.entry((part.clone(), op.process)).or_insert(0);
        // What has no answer may take effect late, but nothing early.
        if ret.is_some() && op.line < *line {
            return Err(Unreplayable::Late(id));
        }
        *line = op.line.max(*line);
        let state = states.entry(part).or_insert_with(|| model.initial());
        *state = model
            .step(state, &op.call, ret)
            .ok_or(Unreplayable::Impossible(id))?;
    }
    let missing = |id: OpId| !seen.contains(&id);
    let mut answered = history.ops().iter().filter(|op| op.outcome.ok().is_some());
    match answered.find(|op| missing(op.id)) {
        Some(op) => Err(Unreplayable::Missing(op.id)),
        None => Ok(()),
    }
}
