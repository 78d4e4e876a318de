//! Registers of which no value that was seen is written twice.

use super::clusters::Clusters;
use super::decide::{Found, decide};
use super::loose::Loose;
use super::values::Values;
use super::windows::{SIZES, settle};
use crate::history::Op;
use crate::model::Shortcut;
use crate::register::{Action, Register, RegisterRet, Value};

/// Decides a register that begins with this value, O(n log n); `None` if a value that was seen is
/// written more than once and none was seen that nobody writes, if an answer does not belong to its
/// call, or if a mismatch leaves it open.
///
/// A successful compare-and-set is a write that had to find one value. One of unknown outcome counts as
/// successful if its new value was seen, else it may be left out. A mismatch is left out at first: what
/// is impossible without it is impossible; but an order of the others decides only if every mismatch
/// fits into it.
pub(crate) fn registers(initial: &Value, ops: &[&Op<Register>]) -> Option<Shortcut> {
    registers_by(initial, ops, &SIZES)
}

/// The same, with windows of these sizes to make a mismatch fit in.
pub(crate) fn registers_by(
    initial: &Value,
    ops: &[&Op<Register>],
    sizes: &[usize],
) -> Option<Shortcut> {
    let mut clusters = Clusters::new(ops.len());
    let mut values = Values::new(ops.len());
    let mut loose = Loose::default();
    values.number(initial, || 0);
    for (op, place) in ops.iter().zip(0..) {
        let mut state = |value| values.number(value, || clusters.add());
        match (&op.call.action, op.outcome.ok()) {
            (Action::Read, None) => {}
            (Action::Read, Some(RegisterRet::Unseen)) => loose.ops.push((place, None)),
            (Action::Read, Some(RegisterRet::Value(seen))) => {
                let seen = state(seen);
                clusters.read(seen, place, op);
            }
            (Action::Write(value), None | Some(RegisterRet::Done)) => {
                let value = state(value);
                clusters.write(value, place, op, None);
            }
            (Action::Cas(from, to), None) if from == to => {}
            (Action::Cas(from, to), Some(RegisterRet::Done)) if from == to => {
                let from = state(from);
                clusters.read(from, place, op);
            }
            (Action::Cas(from, to), None | Some(RegisterRet::Done)) => {
                let (from, to) = (state(from), state(to));
                clusters.write(to, place, op, Some(from));
            }
            (Action::Cas(from, _), Some(RegisterRet::Mismatch)) => {
                loose.ops.push((place, Some(state(from))));
            }
            _ => return None,
        }
    }
    let found = Found {
        clusters,
        loose,
        clash: None,
    };
    let label = |op: &Op<Register>| match (&op.call.action, op.outcome.ok()) {
        (Action::Read, Some(RegisterRet::Value(value))) => value.to_string(),
        (Action::Write(value) | Action::Cas(_, value), _) => value.to_string(),
        (Action::Read, _) => String::new(),
    };
    decide(ops, found, label, |tentative| {
        settle(initial, ops, tentative, sizes)
    })
}
