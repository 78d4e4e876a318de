//! Gets that were answered on too little: before enough replicas had answered, or without what one of them held.

use std::collections::BTreeSet;

use super::Decision;
use super::answer::{Rest, held_at};
use crate::evidence::Marks;
use crate::handoff::{Held, Sight};
use crate::history::{History, Op, Outcome, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::network::Beside;
use crate::note::{Node, Note, Version};
use crate::order::Order;
use crate::verdict::Counterexample;

/// A get of the counterexample that was answered on the word of fewer replicas than the setup says.
pub(super) fn too_early(
    history: &History<Kv>,
    found: &Counterexample,
    beside: Beside<'_>,
) -> Option<Decision> {
    let setup = history.notes().find_map(|(_, note)| match note {
        Note::Setup(setup) => Some(setup),
        _ => None,
    })?;
    let mut gets: Vec<&Op<Kv>> = found.ops.iter().filter_map(|op| history.op(*op)).collect();
    gets.retain(|op| matches!(op.call, KvCall::Get { .. }));
    gets.sort_by_key(|op| op.invoked);
    gets.iter().find_map(|op| {
        let rest = Rest::of(history, op, beside)?;
        if rest.replicas.len() == 1 {
            return None;
        }
        let mut counted: BTreeSet<Node> = rest.heard().collect();
        // It asks itself without a message, as an owner or in the place of one.
        counted.insert(rest.coordinator);
        let heard = counted.len() as u32;
        if heard >= setup.r {
            return left_out(history, op, &rest, setup.r);
        }
        Some(Decision {
            at: rest.answered,
            node: Some(rest.coordinator),
            op: Some(op.id),
            sentence: format!(
                "{} answered {} on the word of {}, where it takes {}.",
                rest.coordinator,
                op.label(),
                many(heard),
                setup.r
            ),
            facts: rest.facts(false),
        })
    })
}

/// A value that neither the answer to the client has nor anything in it had seen, though the disk of a replica
/// held it since before the call, one of the first whose answers had been heard.
fn left_out(history: &History<Kv>, op: &Op<Kv>, rest: &Rest, needed: u32) -> Option<Decision> {
    let order = Order::new(history);
    let marks = Marks::new(&order);
    if marks.may_lose() || marks.may_revive() {
        return None;
    }
    let key = order.keys.iter().find(|key| key.name == op.call.key())?;
    // What was deleted is not returned either.
    if key.repeats || key.circular || key.deletes().next().is_some() {
        return None;
    }
    let Outcome::Ok(KvRet::Values(values)) = &op.outcome else {
        return None;
    };
    let sight = Sight::new(&order, &marks);
    let plain = |value: &String| Version {
        value: Some(value.clone()),
        clock: None,
    };
    let returned: Vec<Version> = values.iter().map(plain).collect();
    let mut answer = Held::default();
    answer.add(key, &returned);
    let answers = rest.replicas.iter().filter_map(|replica| {
        let request = replica.request?;
        Some((request.heard?, replica.node, request.reached?))
    });
    let mut answers: Vec<(Time, Node, Time)> = answers.collect();
    answers.sort_unstable();
    // Of those that it takes the coordinator may be one; what comes later need not count.
    let counted = answers.into_iter().take(needed.saturating_sub(1) as usize);
    counted.into_iter().find_map(|(_, node, at)| {
        let held = held_at(history, op.call.key(), node, at);
        // A slow node may hear late that its own disk has something.
        let before = held_at(history, op.call.key(), node, op.invoked);
        let known = held.iter().filter(|version| before.contains(version));
        let left = known.into_iter().find(|version| {
            let write = version
                .value
                .as_deref()
                .and_then(|value| key.write_of(value));
            write.is_some_and(|write| !answer.covers_write(&sight, key, write))
        })?;
        let value = left.value.as_deref()?;
        Some(Decision {
            at: rest.answered,
            node: Some(rest.coordinator),
            op: Some(op.id),
            sentence: format!(
                "{} answered {} without {value}, which {node} held, whose answer it had heard.",
                rest.coordinator,
                op.label()
            ),
            facts: rest.facts(false),
        })
    })
}

fn many(replicas: u32) -> String {
    match replicas {
        0 => "no replica".into(),
        1 => "1 replica".into(),
        many => format!("{many} replicas"),
    }
}
