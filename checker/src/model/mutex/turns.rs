//! Locks by turns: acquires and releases alternate, so each takes effect as late as it may.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::history::{Op, OpId, Time};
use crate::model::moments::{
    FOREVER, Moment, at_forever, contradicted, end, explained, fact, name,
};
use crate::model::sequential::Shortcut;
use crate::mutex::{Mutex, MutexAction};

const BY: &str = "turns";

/// Decides a part, O(n log n).
///
/// Nothing happens until some call returns. Then it takes effect, after one of the other kind if it is
/// not its turn. Calls of one kind are alike, so of those that wait the one that returns first is taken.
pub(super) fn decide(ops: &[&Op<Mutex>]) -> Option<Shortcut> {
    if at_forever(ops) {
        return None;
    }
    let mut due: Vec<usize> = (0..ops.len())
        .filter(|&op| ops[op].returned.is_some())
        .collect();
    due.sort_by_key(|&op| end(ops[op]));
    let mut calls: Vec<usize> = (0..ops.len()).collect();
    calls.sort_by_key(|&op| ops[op].invoked);
    let kind = |op: usize| usize::from(ops[op].call.action == MutexAction::Release);
    let mut waiting: [BinaryHeap<Reverse<(Time, usize)>>; 2] = Default::default();
    let mut done = vec![false; ops.len()];
    let mut moments: Vec<Moment> = Vec::with_capacity(ops.len());
    let mut called = 0;
    for returning in due {
        if done[returning] {
            continue;
        }
        let now = end(ops[returning]);
        while let Some(&op) = calls.get(called).filter(|&&op| ops[op].invoked <= now) {
            waiting[kind(op)].push(Reverse((end(ops[op]), op)));
            called += 1;
        }
        while !done[returning] {
            let turn = moments.len() % 2;
            let Some(Reverse((_, next))) = waiting[turn].pop() else {
                let few = contradiction(ops, now, turn == 1);
                return few.or_else(|| Some(no_turn(ops, returning, turn == 1)));
            };
            done[next] = true;
            moments.push(Moment {
                at: now,
                rank: moments.len() as u64,
                op: ops[next].id,
            });
        }
    }
    Some(explained(BY, moments))
}

/// Proves that up to this time there were too many calls of one kind: more of them lie within a stretch
/// than calls of the other kind touch it, by two; or by one if the stretch begins with the history, and
/// its first turn would be that of the other kind.
fn contradiction(ops: &[&Op<Mutex>], now: Time, acquires: bool) -> Option<Shortcut> {
    let many = |op: &&&Op<Mutex>| (op.call.action == MutexAction::Acquire) == acquires;
    let mut within: Vec<&Op<Mutex>> = ops.iter().filter(many).copied().collect();
    within.retain(|op| end(op) <= now && end(op) < FOREVER);
    within.sort_by_key(|op| Reverse(op.invoked));
    let mut between: Vec<&Op<Mutex>> = ops.iter().filter(|op| !many(op)).copied().collect();
    between.retain(|op| op.invoked <= now);
    between.sort_by_key(|op| Reverse(end(op)));
    let mut few = 0;
    for (count, first) in within.iter().enumerate() {
        while between.get(few).is_some_and(|op| end(op) >= first.invoked) {
            few += 1;
        }
        if count > few {
            let since = Some(first.invoked);
            return Some(too_many(&within[..=count], &between[..few], since, now));
        }
    }
    let begun = !acquires && within.len() > between.len();
    begun.then(|| too_many(&within, &between, None, now))
}

/// All that had returned when one was due that could not have its turn, where no few of them prove it.
fn no_turn(ops: &[&Op<Mutex>], due: usize, acquires: bool) -> Shortcut {
    let now = end(ops[due]);
    let had = ops.iter().filter(|op| end(op) <= now && end(op) < FOREVER);
    let had: Vec<OpId> = had.map(|op| op.id).collect();
    let (kind, missing) = if acquires {
        ("acquired while held", "release")
    } else {
        ("released while free", "acquire")
    };
    let facts = vec![
        fact(
            format!("{} calls had returned by {}", had.len(), now.0),
            had.clone(),
        ),
        fact(
            format!(
                "{} was due, and every {missing} that can have come before it was due earlier",
                name(ops[due])
            ),
            [ops[due].id],
        ),
    ];
    contradicted(BY, kind, had, facts)
}

fn too_many(
    within: &[&Op<Mutex>],
    between: &[&Op<Mutex>],
    since: Option<Time>,
    now: Time,
) -> Shortcut {
    let acquires = within[0].call.action == MutexAction::Acquire;
    let (many, few) = if acquires {
        ("acquires", "releases")
    } else {
        ("releases", "acquires")
    };
    let mut facts = Vec::new();
    if let [one, two] = within {
        for op in [two, one] {
            let text = format!("{}, from {} to {}", name(op), op.invoked.0, end(op).0);
            facts.push(fact(text, [op.id]));
        }
    } else {
        let all: Vec<OpId> = within.iter().map(|op| op.id).collect();
        let text = match since {
            Some(since) => format!(
                "{} {many} began and returned between {} and {}",
                all.len(),
                since.0,
                now.0
            ),
            None => format!("{} {many} had returned by {}", all.len(), now.0),
        };
        facts.push(fact(text, all));
    }
    let when = match since {
        Some(since) => format!("between {} and {}", since.0, now.0),
        None => format!("by {}, and the lock was free at first", now.0),
    };
    let rest: Vec<OpId> = between.iter().map(|op| op.id).collect();
    let text = match rest.len() {
        0 => format!("none of the {few} can have taken effect {when}"),
        count => format!("no more than {count} {few} can have taken effect {when}"),
    };
    facts.push(fact(text, rest));
    let kind = match (acquires, since) {
        (true, _) => "acquired while held",
        (false, _) => "released while free",
    };
    contradicted(BY, kind, within.iter().map(|op| op.id).collect(), facts)
}
