//! Queues whose values are unique: an order of values, cut where the queue was seen to be empty.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::items::{BY, Item, Items, items};
use super::refute::{never_empty, overtaken};
use crate::history::{Op, Time};
use crate::model::moments::{FOREVER, Moment, at_forever, end, explained};
use crate::model::sequential::Shortcut;
use crate::queue::Queue;

/// Decides a part whose values are unique, O(n log n); of others only whether some value was taken out
/// more often than it can have been put in.
///
/// There is an order unless a value was taken out that nobody had put in, or twice, or after one that
/// was put in behind it, or nothing was found while some value was in at every moment: the four ways of
/// Henzinger, Sezgin and Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013. A moment at
/// which no value is certainly in cuts the history: each value is in and out on one side of it.
pub(super) fn decide(ops: &[&Op<Queue>]) -> Option<Shortcut> {
    if at_forever(ops) {
        return None;
    }
    let all = match items(ops)? {
        Ok(all) => all,
        Err(shortcut) => return Some(shortcut),
    };
    if let Some(shortcut) = overtaken(&all) {
        return Some(shortcut);
    }
    let held = held(&all.values);
    let mut cuts: Vec<(Time, &Op<Queue>)> = Vec::with_capacity(all.empties.len());
    for &empty in &all.empties {
        let behind = held.partition_point(|&(from, _)| from < empty.invoked);
        let covers = held[..behind].last().filter(|&&(_, to)| empty.invoked < to);
        let at = covers.map_or(empty.invoked, |&(_, to)| to);
        if end(empty) < at {
            return Some(never_empty(&all, empty));
        }
        cuts.push((at, empty));
    }
    cuts.sort_by_key(|&(at, empty)| (at, empty.id));
    moments(&all, &cuts).map(|moments| explained(BY, moments))
}

/// The stretches, apart from each other and without their ends, during which some value was in.
fn held(items: &[Item<'_>]) -> Vec<(Time, Time)> {
    let mut stays: Vec<(Time, Time)> = items.iter().map(|item| (item.from, item.to)).collect();
    stays.retain(|(from, to)| from < to);
    stays.sort_unstable();
    let mut held: Vec<(Time, Time)> = Vec::new();
    for (from, to) in stays {
        match held.last_mut() {
            // At the end of one stay another may begin later, so the queue may be empty between.
            Some((_, reached)) if from < *reached => *reached = to.max(*reached),
            _ => held.push((from, to)),
        }
    }
    held
}

fn moments(all: &Items<'_>, cuts: &[(Time, &Op<Queue>)]) -> Option<Vec<Moment>> {
    let times: Vec<Time> = cuts.iter().map(|&(at, _)| at).collect();
    let stretch = |item: &Item<'_>| {
        let last = item.enqueue.invoked.max(item.to);
        times.partition_point(|&cut| cut < last)
    };
    let mut placed: Vec<(usize, usize)> = all
        .values
        .iter()
        .enumerate()
        .map(|(place, item)| (stretch(item), place))
        .collect();
    placed.sort_unstable();
    let mut moments: Vec<Moment> = Vec::with_capacity(2 * all.values.len() + cuts.len());
    let mut rest = placed.as_slice();
    for number in 0..=cuts.len() {
        let here = rest.partition_point(|&(stretch, _)| stretch == number);
        let from = number.checked_sub(1).map_or(Time(0), |cut| times[cut]);
        let to = times.get(number).copied().unwrap_or(FOREVER);
        let stays = rest[..here]
            .iter()
            .map(|&(_, place)| Stay::new(&all.values[place], from, to));
        let stays: Vec<Stay<'_>> = stays.collect();
        rest = &rest[here..];
        put_and_take(&stays, from, &mut moments)?;
        if let Some(&(at, empty)) = cuts.get(number) {
            let rank = moments.len() as u64;
            moments.push(Moment {
                at,
                rank,
                op: empty.id,
            });
        }
    }
    Some(moments)
}

/// When a value of one stretch may go in and out.
#[derive(Clone, Copy, Debug)]
struct Stay<'h> {
    item: &'h Item<'h>,
    put: (Time, Time),
    take: (Time, Time),
}

impl<'h> Stay<'h> {
    fn new(item: &'h Item<'h>, from: Time, to: Time) -> Self {
        Stay {
            item,
            put: (item.enqueue.invoked.max(from), item.from.min(to)),
            take: (item.to.max(from), item.taken_until().min(to)),
        }
    }
}

/// Orders the values of one stretch: each behind those that had to go in or out before it could.
fn put_and_take(stays: &[Stay<'_>], from: Time, moments: &mut Vec<Moment>) -> Option<()> {
    let taken: Vec<usize> = (0..stays.len())
        .filter(|&stay| stays[stay].item.dequeue.is_some())
        .collect();
    let mut order = order(stays, &taken)?;
    let mut kept: Vec<usize> = (0..stays.len())
        .filter(|&stay| stays[stay].item.dequeue.is_none())
        .collect();
    kept.sort_by_key(|&stay| stays[stay].put.0);
    order.extend(kept);
    let (mut put, mut take) = (from, from);
    for stay in order {
        let Stay { item, .. } = stays[stay];
        put = put.max(stays[stay].put.0);
        let mut push = |at, op: &Op<Queue>| {
            let (rank, op) = (moments.len() as u64, op.id);
            moments.push(Moment { at, rank, op });
        };
        push(put, item.enqueue);
        if let Some(dequeue) = item.dequeue {
            take = take.max(put).max(stays[stay].take.0);
            push(take, dequeue);
        }
    }
    Some(())
}

/// A value can be next if none of the others has to be in or out before it can be; `None` if none can.
fn order(stays: &[Stay<'_>], taken: &[usize]) -> Option<Vec<usize>> {
    let by = |key: &dyn Fn(&Stay<'_>) -> Time| {
        let mut sorted = taken.to_vec();
        sorted.sort_by_key(|&stay| (key(&stays[stay]), stay));
        sorted
    };
    let calls = by(&|stay| stay.put.0);
    let puts = by(&|stay| stay.put.1);
    let takes = by(&|stay| stay.take.1);
    let (mut called, mut put, mut take) = (0, 0, 0);
    let mut placed = vec![false; stays.len()];
    let mut waiting: BinaryHeap<Reverse<(Time, usize)>> = BinaryHeap::new();
    let mut order = Vec::with_capacity(taken.len());
    while order.len() < taken.len() {
        while placed[puts[put]] {
            put += 1;
        }
        while placed[takes[take]] {
            take += 1;
        }
        let taken_first = stays[takes[take]].take.1;
        let first = stays[puts[put]].put.1.min(taken_first);
        while let Some(&stay) = calls
            .get(called)
            .filter(|&&stay| stays[stay].put.0 <= first)
        {
            waiting.push(Reverse((stays[stay].take.0, stay)));
            called += 1;
        }
        let Reverse((at, next)) = waiting.pop()?;
        if taken_first < at {
            return None;
        }
        placed[next] = true;
        order.push(next);
    }
    Some(order)
}
