//! Why a queue cannot have given what it gave: values in another order, or nothing while it held some.

use super::items::{BY, Item, Items};
use crate::history::{Op, OpId, Time};
use crate::model::moments::{called, contradicted, end, fact, name, returned};
use crate::model::sequential::Shortcut;
use crate::queue::Queue;
use crate::verdict::Reason;

/// Two values of which the first was in before the second was, and was still in when the second was
/// out. O(n log n).
pub(super) fn overtaken(all: &Items<'_>) -> Option<Shortcut> {
    let items = &all.values;
    let mut second: Vec<usize> = (0..items.len()).collect();
    let mut first = second.clone();
    second.sort_by_key(|&item| items[item].enqueue.invoked);
    first.sort_by_key(|&item| items[item].from);
    let mut before = first.into_iter().peekable();
    let mut last: Option<usize> = None;
    for item in second {
        let second = &items[item];
        while let Some(first) = before.next_if(|&first| items[first].from < second.enqueue.invoked)
        {
            if last.is_none_or(|last| items[last].to < items[first].to) {
                last = Some(first);
            }
        }
        if let Some(first) = last.filter(|&first| second.taken_until() < items[first].to) {
            return Some(overtaking(all, &items[first], second));
        }
    }
    None
}

fn overtaking(all: &Items<'_>, first: &Item<'_>, second: &Item<'_>) -> Shortcut {
    let (put, taken) = (second.enqueue, second.dequeue);
    let mut ops = vec![put.id];
    let mut facts = Vec::new();
    if first.untold.is_some() {
        // As many as there are dequeues that could have taken them in time, and one more.
        let until = second.taken_until();
        let takers = all.takers.partition_point(|taker| taker.invoked <= until);
        facts.extend(still_in(all, takers, &format!("by {}", until.0), &mut ops));
        facts.push(called(put));
    } else {
        facts.extend([returned(first.enqueue), called(put)]);
        ops.push(first.enqueue.id);
    }
    if let Some(taken) = taken {
        facts.push(returned(taken));
        ops.push(taken.id);
    }
    if let (None, Some(late)) = (first.untold, first.dequeue) {
        facts.push(called(late));
        ops.push(late.id);
    }
    contradicted(BY, "value overtaken", ops, facts)
}

/// That of the values which no answer gives away, up to this place, one was not yet taken by then.
fn still_in(all: &Items<'_>, place: usize, until: &str, ops: &mut Vec<OpId>) -> Vec<Reason> {
    // Where no dequeue is left for a value, one value more than there are dequeues is enough.
    let place = place.min(all.takers.len());
    let untold = all.untold(place);
    let puts: Vec<OpId> = untold.iter().map(|item| item.enqueue.id).collect();
    ops.extend(puts.iter().copied());
    let from = untold.last().map_or(Time(0), |item| item.from);
    let mut facts = Vec::new();
    if let [item] = untold.as_slice() {
        let text = format!(
            "{} had returned by {}, and no answer gives its value away",
            name(item.enqueue),
            from.0
        );
        facts.push(fact(text, puts));
    } else {
        let text = format!(
            "{} values that no answer gives away were enqueued by {}",
            untold.len(),
            from.0
        );
        facts.push(fact(text, puts));
    }
    let takers: Vec<OpId> = all.takers[..place].iter().map(|taker| taker.id).collect();
    if place > 0 {
        let text =
            format!("only {place} dequeues of unknown outcome can have taken any of them {until}");
        facts.push(fact(text, takers));
    }
    facts
}

/// Values, as few as possible, of which one was in at every moment of this call. O(n log n).
pub(super) fn never_empty(all: &Items<'_>, empty: &Op<Queue>) -> Shortcut {
    let mut items: Vec<&Item<'_>> = all
        .values
        .iter()
        .filter(|item| item.from < item.to)
        .collect();
    items.sort_by_key(|item| item.from);
    let mut facts = vec![fact(
        format!(
            "{}, from {} to {}",
            name(empty),
            empty.invoked.0,
            end(empty).0
        ),
        [empty.id],
    )];
    let mut ops = vec![empty.id];
    let mut reached = empty.invoked;
    let mut later = items.into_iter().peekable();
    let mut longest: Option<&Item<'_>> = None;
    while reached <= end(empty) {
        while let Some(item) = later.next_if(|item| item.from < reached) {
            if longest.is_none_or(|longest| longest.to < item.to) {
                longest = Some(item);
            }
        }
        let Some(item) = longest.filter(|item| item.to > reached) else {
            break;
        };
        reached = item.to;
        if let Some(place) = item.untold {
            let until = if item.to <= end(empty) {
                format!("before {}", item.to.0)
            } else {
                format!("by {}", end(empty).0)
            };
            facts.extend(still_in(all, place, &until, &mut ops));
            continue;
        }
        ops.push(item.enqueue.id);
        facts.push(returned(item.enqueue));
        if let Some(taken) = item.dequeue {
            ops.push(taken.id);
            facts.push(called(taken));
        }
    }
    contradicted(BY, "empty though it held values", ops, facts)
}
