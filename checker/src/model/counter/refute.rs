//! Why a counter cannot have said what it did: too little for the adds before it, or too much.

use super::equal::{BY, Tale, Told};
use crate::counter::Counter;
use crate::history::{Op, OpId, Time};
use crate::model::moments::{contradicted, end, fact, name};
use crate::model::sequential::Shortcut;

/// Proves that more adds had taken effect when this was called than it tells: those that an earlier
/// answer told, and enough that were called after that one returned. O(n log n).
pub(super) fn at_least(tale: &Tale<'_>, low: Told<'_>) -> Option<Shortcut> {
    let called = low.op.invoked;
    let mut before: Vec<&Op<Counter>> = tale.adds.clone();
    before.retain(|add| end(add) < called);
    before.sort_by_key(|add| std::cmp::Reverse(add.invoked));
    let since = |time: Time| before.partition_point(|add| add.invoked > time);
    let missing = |told: usize| (low.before + 1).saturating_sub(told);
    let bases = tale.told.iter().filter(|base| end(base.op) < called);
    let bases = bases.filter(|base| missing(base.after) <= since(end(base.op)));
    let base = bases.min_by_key(|base| missing(base.after));
    let needed = missing(base.map_or(0, |base| base.after));
    if base.is_none() && needed > before.len() {
        return None;
    }
    let more: Vec<OpId> = before[..needed].iter().map(|add| add.id).collect();
    let mut facts = Vec::new();
    if let Some(base) = base {
        let text = format!("{} had returned by {}", name(base.op), end(base.op).0);
        facts.push(fact(text, [base.op.id]));
    }
    if needed > 0 {
        let since = base.map_or(String::new(), |base| {
            format!(" called after {}", end(base.op).0)
        });
        let text = format!(
            "{needed} adds of {}{since} had returned before {}",
            tale.unit, called.0
        );
        facts.push(fact(text, more.clone()));
    }
    let text = format!(
        "{} was called at {} and tells fewer",
        name(low.op),
        called.0
    );
    facts.push(fact(text, [low.op.id]));
    let mut ops = more;
    ops.extend(base.map(|base| base.op.id));
    ops.push(low.op.id);
    let kind = if needed > 0 {
        "missed add"
    } else {
        "value of the past"
    };
    Some(contradicted(BY, kind, ops, facts))
}

/// Proves that this tells of more adds than can have taken effect: those that another answer told, and
/// all that could have come after it was called. O(n log n).
pub(super) fn at_most(tale: &Tale<'_>, high: Told<'_>) -> Option<Shortcut> {
    let returned = end(high.op);
    let mut open: Vec<&Op<Counter>> = tale.adds.clone();
    open.retain(|add| add.invoked <= returned);
    open.sort_by_key(|add| std::cmp::Reverse(end(add)));
    let since = |time: Time| open.partition_point(|add| end(add) >= time);
    let too_few =
        |base: &&Told<'_>| base.before.saturating_add(since(base.op.invoked)) < high.after;
    let bases = tale.told.iter().filter(|base| base.op.invoked <= returned);
    let base = bases
        .filter(too_few)
        .min_by_key(|base| since(base.op.invoked));
    let unit = tale.unit;
    let (count, from) = match base {
        Some(base) => (
            since(base.op.invoked),
            format!("between {} and", base.op.invoked.0),
        ),
        None if open.len() < high.after => (open.len(), "by".into()),
        None => return None,
    };
    let mut facts = Vec::new();
    if let Some(base) = base {
        let text = format!("{} was called at {}", name(base.op), base.op.invoked.0);
        facts.push(fact(text, [base.op.id]));
    }
    let text = format!(
        "no more than {count} adds of {unit} can have taken effect {from} {}",
        returned.0
    );
    facts.push(fact(text, []));
    let text = format!(
        "{} had returned by {} and tells more",
        name(high.op),
        returned.0
    );
    facts.push(fact(text, [high.op.id]));
    let mut ops = vec![high.op.id];
    ops.extend(base.map(|base| base.op.id));
    Some(contradicted(BY, "value ahead of the adds", ops, facts))
}
