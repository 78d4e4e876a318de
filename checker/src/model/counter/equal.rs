//! Counters whose adds are all of one size: adds are alike, so each takes effect as late as it may.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::refute::{at_least, at_most};
use crate::counter::{Counter, CounterAction, CounterRet};
use crate::history::{Op, Time};
use crate::model::moments::{
    FOREVER, Moment, at_forever, contradicted, end, explained, fact, name,
};
use crate::model::sequential::Shortcut;

/// The special case, as reports name it.
pub(super) const BY: &str = "equal adds";

/// An operation that told how many adds had taken effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told<'h> {
    pub(super) op: &'h Op<Counter>,
    /// How many at its return, itself included.
    pub(super) after: usize,
    /// How many at its call.
    pub(super) before: usize,
}

/// All operations of a part, sorted by what they say.
#[derive(Debug, Default)]
pub(super) struct Tale<'h> {
    /// The size of an add, in words of the counter.
    pub(super) unit: i64,
    /// Adds, also those that told a value.
    pub(super) adds: Vec<&'h Op<Counter>>,
    /// Whether an add of the same place among the adds told a value.
    pub(super) bound: Vec<bool>,
    pub(super) told: Vec<Told<'h>>,
    /// Operations that may stand anywhere.
    free: Vec<&'h Op<Counter>>,
}

/// Decides a part whose adds are all of one size, O(n log n); `None` for others.
///
/// Let the k-th add take effect at `t(k)`. A read of k needs `t(k)` before its return and `t(k + 1)`
/// after its call, and no more than that. So each `t(k)` has a first and a last moment, both growing
/// with k; and adds are jobs of one unit, done at the last moment by the one that returns first.
pub(super) fn decide(initial: i64, ops: &[&Op<Counter>]) -> Option<Shortcut> {
    if at_forever(ops) {
        return None;
    }
    match tale(initial, ops)? {
        Ok(tale) => schedule(&tale),
        Err(shortcut) => Some(shortcut),
    }
}

fn tale<'h>(initial: i64, ops: &[&'h Op<Counter>]) -> Option<Result<Tale<'h>, Shortcut>> {
    let size = |op: &&Op<Counter>| match op.call.action {
        CounterAction::Add(by) if by != 0 => Some(by),
        CounterAction::Add(_) | CounterAction::Read => None,
    };
    let unit = ops.iter().find_map(size).unwrap_or(1);
    if ops.iter().filter_map(size).any(|by| by != unit) {
        return None;
    }
    let mut tale = Tale {
        unit,
        ..Tale::default()
    };
    for &op in ops {
        let adds = size(&op);
        let value = match (op.call.action, op.outcome.ok()) {
            (_, Some(CounterRet::Value(value))) => Some(*value),
            (CounterAction::Add(_), None | Some(CounterRet::Done))
            | (CounterAction::Read, None | Some(CounterRet::Unseen)) => None,
            _ => return None,
        };
        if adds.is_some() {
            tale.adds.push(op);
            tale.bound.push(value.is_some());
        } else if value.is_none() && op.outcome.ok().is_some() {
            tale.free.push(op);
        }
        let Some(value) = value else { continue };
        let beyond = i128::from(value) - i128::from(initial);
        let after = (beyond % i128::from(unit) == 0)
            .then(|| usize::try_from(beyond / i128::from(unit)).ok())
            .flatten();
        let Some(after) = after.filter(|&after| after > 0 || adds.is_none()) else {
            let text = format!(
                "the counter begins at {initial} and every add is by {unit}, so {} is impossible",
                name(op)
            );
            let facts = vec![fact(text, [op.id])];
            return Some(Err(contradicted(
                BY,
                "value no adds lead to",
                vec![op.id],
                facts,
            )));
        };
        let before = after - usize::from(adds.is_some());
        tale.told.push(Told { op, after, before });
    }
    Some(Ok(tale))
}

/// When the k-th add may take effect, and who says so, by place among those who told.
#[derive(Clone, Copy, Debug)]
struct Slot {
    from: Time,
    early: usize,
    until: Time,
    late: usize,
    /// The add that says it is the k-th.
    owner: Option<usize>,
}

fn slots(tale: &Tale<'_>) -> Result<Vec<Slot>, Shortcut> {
    let open = Slot {
        from: Time(0),
        early: usize::MAX,
        until: FOREVER,
        late: usize::MAX,
        owner: None,
    };
    // Place k is that of the k-th add; nothing is at place 0.
    let mut slots = vec![open; tale.adds.len() + 2];
    for (place, told) in tale.told.iter().enumerate() {
        if told.after > tale.adds.len() {
            return at_most(tale, *told).map_or(Ok(Vec::new()), Err);
        }
        let slot = &mut slots[told.after];
        if end(told.op) < slot.until {
            (slot.until, slot.late) = (end(told.op), place);
        }
        if told.before < told.after
            && let Some(other) = slot.owner.replace(place)
        {
            let (one, two) = (tale.told[other].op, told.op);
            let text = format!(
                "{} and {} left the counter at one value, but each add changes it in the same \
                     direction",
                name(one),
                name(two)
            );
            let ops = vec![one.id, two.id];
            let facts = vec![fact(text, ops.clone())];
            return Err(contradicted(BY, "two adds to one value", ops, facts));
        }
        let slot = &mut slots[told.before + 1];
        if slot.early == usize::MAX || told.op.invoked > slot.from {
            (slot.from, slot.early) = (told.op.invoked, place);
        }
    }
    for place in 1..slots.len() {
        let before = slots[place - 1];
        if before.early != usize::MAX && before.from >= slots[place].from {
            (slots[place].from, slots[place].early) = (before.from, before.early);
        }
    }
    for place in (1..slots.len()).rev() {
        let behind = slots[place];
        if behind.until < slots[place - 1].until {
            (slots[place - 1].until, slots[place - 1].late) = (behind.until, behind.late);
        }
    }
    Ok(slots)
}

/// The moments of what changes nothing: reads in the gaps of their values, the rest when it is called.
fn between(tale: &Tale<'_>, times: &[Time]) -> Option<Vec<Moment>> {
    let mut moments = Vec::new();
    for told in tale.told.iter().filter(|told| told.before == told.after) {
        moments.push(Moment {
            at: told.op.invoked.max(*times.get(told.after)?),
            rank: 2 * told.after as u64 + 1,
            op: told.op.id,
        });
    }
    moments.extend(tale.free.iter().map(|op| Moment {
        at: op.invoked,
        rank: 0,
        op: op.id,
    }));
    Some(moments)
}

fn schedule(tale: &Tale<'_>) -> Option<Shortcut> {
    let slots = match slots(tale) {
        Ok(slots) if slots.is_empty() => return None,
        Ok(slots) => slots,
        Err(shortcut) => return Some(shortcut),
    };
    let mut alike: Vec<usize> = (0..tale.adds.len())
        .filter(|&add| !tale.bound[add])
        .collect();
    let mut due = alike.clone();
    alike.sort_by_key(|&add| tale.adds[add].invoked);
    due.retain(|&add| tale.adds[add].returned.is_some());
    due.sort_by_key(|&add| end(tale.adds[add]));
    let mut waiting: BinaryHeap<Reverse<(Time, usize)>> = BinaryHeap::new();
    let mut done = vec![false; tale.adds.len()];
    let mut times = vec![Time(0)];
    let mut moments: Vec<Moment> = Vec::with_capacity(tale.adds.len() + tale.told.len());
    let (mut called, mut next_due) = (0, 0);
    loop {
        while due.get(next_due).is_some_and(|&add| done[add]) {
            next_due += 1;
        }
        let slot = slots[times.len()];
        let returns = due
            .get(next_due)
            .map_or(FOREVER, |&add| end(tale.adds[add]));
        let now = returns.min(slot.until);
        if now == FOREVER {
            break;
        }
        while let Some(&add) = alike
            .get(called)
            .filter(|&&add| tale.adds[add].invoked <= now)
        {
            waiting.push(Reverse((end(tale.adds[add]), add)));
            called += 1;
        }
        if slot.early != usize::MAX && slot.from > now {
            return at_least(tale, tale.told[slot.early]);
        }
        let op = match slot.owner {
            Some(owner) => tale.told[owner].op,
            None => match waiting.pop() {
                Some(Reverse((_, add))) => {
                    done[add] = true;
                    tale.adds[add]
                }
                None => return at_most(tale, *tale.told.get(slot.late)?),
            },
        };
        let rank = 2 * times.len() as u64;
        times.push(now);
        moments.push(Moment {
            at: now,
            rank,
            op: op.id,
        });
    }
    moments.extend(between(tale, &times)?);
    Some(explained(BY, moments))
}
