//! Judges without a model: what registers and siblings answer, told by a table.

use std::collections::BTreeSet;

use crate::history::{History, Op, OpId, Outcome};
use crate::kv::{Kv, KvCall, KvRet};
use crate::register::{Action, Register, RegisterRet, Value};

/// Whether a history of registers that begin as nil has an order, key by key.
pub(super) fn registers(history: &History<Register>) -> bool {
    let keys: BTreeSet<&Option<String>> = history.ops().iter().map(|op| &op.call.key).collect();
    keys.into_iter().all(|key| {
        let ops = history.ops().iter();
        let ops = ops.filter(|op| op.outcome != Outcome::Fail && op.call.key == *key);
        register(&ops.collect::<Vec<_>>(), &Value::Nil)
    })
}

/// Whether some order of some of these operations explains a register's answers: each read must find
/// the value that was stored last.
fn register(ops: &[&Op<Register>], held: &Value) -> bool {
    if !ops.iter().any(|op| op.outcome.ok().is_some()) {
        return true;
    }
    (0..ops.len()).any(|next| {
        let op = ops[next];
        if overtakes(ops, op) {
            return false;
        }
        let replaces = matches!(&op.call.action, Action::Cas(from, _) if from == held);
        let told = match (op.outcome.ok(), &op.call.action) {
            (None | Some(RegisterRet::Unseen), Action::Read) => true,
            (Some(RegisterRet::Value(seen)), Action::Read) => seen == held,
            (None | Some(RegisterRet::Done), Action::Write(_)) => true,
            (None, Action::Cas(..)) => true,
            (Some(RegisterRet::Done), Action::Cas(..)) => replaces,
            (Some(RegisterRet::Mismatch), Action::Cas(..)) => !replaces,
            _ => false,
        };
        let stored = match &op.call.action {
            Action::Write(value) => value,
            Action::Cas(_, to) if replaces => to,
            Action::Cas(..) | Action::Read => held,
        };
        let mut rest = ops.to_vec();
        rest.remove(next);
        told && register(&rest, stored)
    })
}

/// Whether another operation that took effect had returned before this one was called.
fn overtakes<D: crate::domain::Domain>(ops: &[&Op<D>], op: &Op<D>) -> bool {
    let complete = |op: &Op<D>| op.outcome.ok().is_some();
    ops.iter()
        .any(|other| complete(other) && other.precedes(op))
}

/// Whether a history of one key with siblings has an order.
pub(super) fn siblings(history: &History<Kv>) -> bool {
    let ops = history.ops().iter();
    let ops: Vec<&Op<Kv>> = ops.filter(|op| op.outcome != Outcome::Fail).collect();
    let past: Vec<(OpId, BTreeSet<OpId>)> = ops.iter().map(|op| (op.id, past(&ops, op))).collect();
    one_key(&ops, &past, &mut Vec::new())
}

/// The writes that a call has seen through its contexts, and through those of what these saw.
fn past(ops: &[&Op<Kv>], op: &Op<Kv>) -> BTreeSet<OpId> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<OpId> = op.call.context().to_vec();
    while let Some(id) = open.pop() {
        let Some(context) = ops.iter().find(|op| op.id == id) else {
            continue;
        };
        match (&context.call, context.outcome.ok()) {
            (KvCall::Get { .. }, Some(KvRet::Values(values))) => {
                // The answer of a get rests on its own contexts, of which it has none.
                open.extend(ops.iter().filter_map(|put| match &put.call {
                    KvCall::Put { value, .. } => {
                        (values.contains(value) && !seen.contains(&put.id)).then_some(put.id)
                    }
                    KvCall::Get { .. } | KvCall::Delete { .. } => None,
                }));
            }
            (KvCall::Get { .. }, _) => {}
            (KvCall::Put { .. } | KvCall::Delete { .. }, _) => {
                if seen.insert(id) {
                    open.extend(context.call.context());
                }
            }
        }
    }
    seen
}

/// Whether some order of some of these operations, behind these writes, explains what the gets saw: the
/// values of all puts before them that no write before them had seen.
fn one_key(
    ops: &[&Op<Kv>],
    past: &[(OpId, BTreeSet<OpId>)],
    written: &mut Vec<(OpId, Option<String>)>,
) -> bool {
    if !ops.iter().any(|op| op.outcome.ok().is_some()) {
        return true;
    }
    (0..ops.len()).any(|next| {
        let op = ops[next];
        if overtakes(ops, op) {
            return false;
        }
        let mut rest = ops.to_vec();
        rest.remove(next);
        let value = match (&op.call, op.outcome.ok()) {
            (KvCall::Get { .. }, None) => return one_key(&rest, past, written),
            (KvCall::Get { .. }, Some(KvRet::Values(seen))) => {
                let mut seen = seen.clone();
                seen.sort_unstable();
                seen.dedup();
                return visible(past, written) == seen && one_key(&rest, past, written);
            }
            (KvCall::Put { value, .. }, None | Some(KvRet::Stored)) => Some(value.clone()),
            (KvCall::Delete { .. }, None | Some(KvRet::Stored)) => None,
            _ => return false,
        };
        written.push((op.id, value));
        let explained = one_key(&rest, past, written);
        written.pop();
        explained
    })
}

fn visible(past: &[(OpId, BTreeSet<OpId>)], written: &[(OpId, Option<String>)]) -> Vec<String> {
    let covered = |version: OpId| {
        let over = |(op, seen): &(OpId, BTreeSet<OpId>)| {
            seen.contains(&version) && written.iter().any(|(write, _)| write == op)
        };
        past.iter().any(over)
    };
    let live = written.iter().filter(|(op, _)| !covered(*op));
    let mut values: Vec<String> = live.filter_map(|(_, value)| value.clone()).collect();
    values.sort_unstable();
    values
}
