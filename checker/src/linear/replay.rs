//! An order of operations, held against the history it is to explain.

use std::borrow::Cow;
use std::fmt;

use rustc_hash::FxHashMap;

use super::part::is_same;
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

/// How far one part was replayed: the state, and the latest call so far.
type Progress<M> = (<M as Model>::State, Time);

/// Replays an order, given part after part or mixed, through the model, O(n).
///
/// Knows nothing of how the order was found.
///
/// # Errors
/// The first operation that shows that the order does not explain the history.
pub fn replay<M: Model>(
    model: &M,
    history: &History<M::Domain>,
    order: &[OpId],
) -> Result<(), Unreplayable> {
    let mut seen = vec![false; history.ops().len()];
    let mut parts: FxHashMap<Cow<'_, str>, Progress<M>> = FxHashMap::default();
    let mut here = (Cow::Borrowed(""), (model.initial(), Time(0)));
    for &id in order {
        let place = history.place(id).ok_or(Unreplayable::Absent(id))?;
        let op = &history.ops()[place];
        if std::mem::replace(&mut seen[place], true) {
            return Err(Unreplayable::Twice(id));
        }
        let ret = match &op.outcome {
            Outcome::Fail => return Err(Unreplayable::Absent(id)),
            Outcome::Unknown => None,
            Outcome::Ok(ret) => Some(ret),
        };
        let part = model.part(&op.call);
        if !is_same(&part, &here.0) {
            let new = || (model.initial(), Time(0));
            let next = parts.remove(&part).unwrap_or_else(new);
            let (left, progress) = std::mem::replace(&mut here, (part, next));
            parts.insert(left, progress);
        }
        let (_, (state, latest)) = &mut here;
        if op.returned.is_some_and(|returned| returned < *latest) {
            return Err(Unreplayable::Late(id));
        }
        *latest = op.invoked.max(*latest);
        if !model.advance(state, &op.call, ret) {
            return Err(Unreplayable::Impossible(id));
        }
    }
    let ops = history.ops().iter().zip(seen);
    let mut missing = ops.filter(|(op, seen)| !seen && op.outcome.ok().is_some());
    match missing.next() {
        Some((op, _)) => Err(Unreplayable::Missing(op.id)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Entry, Process};
    use crate::model::Registers;
    use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

    /// Two writes one after the other, a read of the second, and a write that failed.
    fn history() -> History<Register> {
        let done = Outcome::Ok(RegisterRet::Done);
        let seen = Outcome::Ok(RegisterRet::Value(Value::Int(2)));
        let lines = [
            (Action::Write(Value::Int(1)), done.clone()),
            (Action::Write(Value::Int(2)), done),
            (Action::Read, seen),
            (Action::Write(Value::Int(3)), Outcome::Fail),
        ];
        let mut entries = Vec::new();
        for (number, (action, outcome)) in lines.into_iter().enumerate() {
            let (op, at) = (OpId(number as u64), number as u64 * 10);
            entries.push(Entry::Invoke {
                op,
                at: Time(at),
                process: Process(0),
                call: RegisterCall { key: None, action },
            });
            let at = Time(at + 5);
            entries.push(Entry::Return { op, at, outcome });
        }
        History::new(entries).expect("one call after the other")
    }

    #[test]
    fn each_way_not_to_explain_a_history_is_told_apart() {
        let model = Registers {
            initial: Value::Nil,
        };
        for (order, wrong) in [
            (vec![0, 1, 2], None),
            (vec![0, 1, 2, 3], Some(Unreplayable::Absent(OpId(3)))),
            (vec![0, 1, 2, 7], Some(Unreplayable::Absent(OpId(7)))),
            (vec![0, 0, 1, 2], Some(Unreplayable::Twice(OpId(0)))),
            (vec![0, 1], Some(Unreplayable::Missing(OpId(2)))),
            (vec![1, 0, 2], Some(Unreplayable::Late(OpId(0)))),
            (vec![0, 2, 1], Some(Unreplayable::Impossible(OpId(2)))),
        ] {
            let order: Vec<OpId> = order.into_iter().map(OpId).collect();
            assert_eq!(replay(&model, &history(), &order).err(), wrong, "{order:?}");
        }
    }
}
