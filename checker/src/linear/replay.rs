//! An order of operations, held against the history it is to explain.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::history::{History, OpId, Outcome, Time};
use crate::model::Model;

/// Why an order does not explain a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreplayable {
    /// The order names an operation that is not in the history, or that failed.
    Absent(OpId),
    /// The order names an operation twice.
    Twice(OpId),
    /// An operation that took effect is missing from the order.
    Missing(OpId),
    /// The operation had returned before one that stands in front of it was called.
    Late(OpId),
    /// The operation could not have answered what it did.
    Impossible(OpId),
}

impl fmt::Display for Unreplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreplayable::Absent(op) => write!(f, "{op} took no effect"),
            Unreplayable::Twice(op) => write!(f, "{op} takes effect twice"),
            Unreplayable::Missing(op) => write!(f, "{op} took effect but is missing"),
            Unreplayable::Late(op) => {
                write!(f, "{op} stands behind an operation called after its return")
            }
            Unreplayable::Impossible(op) => {
                write!(f, "{op} could not have answered what it did")
            }
        }
    }
}

impl std::error::Error for Unreplayable {}

/// Replays an order, given part after part, through the model, O(n log n).
///
/// # Errors
/// The first operation that shows that the order does not explain the history.
pub fn replay<M: Model>(
    model: &M,
    history: &History<M::Domain>,
    order: &[OpId],
) -> Result<(), Unreplayable> {
    let mut seen: BTreeSet<OpId> = BTreeSet::new();
    let mut parts: BTreeMap<String, (M::State, Time)> = BTreeMap::new();
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
        let (state, latest) = parts
            .entry(model.part(&op.call))
            .or_insert_with(|| (model.initial(), Time(0)));
        if op.returned.is_some_and(|returned| returned < *latest) {
            return Err(Unreplayable::Late(id));
        }
        *latest = op.invoked.max(*latest);
        *state = model
            .step(state, &op.call, ret)
            .ok_or(Unreplayable::Impossible(id))?;
    }
    match history
        .ops()
        .iter()
        .find(|op| op.outcome.ok().is_some() && !seen.contains(&op.id))
    {
        Some(op) => Err(Unreplayable::Missing(op.id)),
        None => Ok(()),
    }
}
