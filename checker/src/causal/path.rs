//! The shortest way on which a write became part of what a read had to know, step by step.

use super::conflicts::Conflict;
use super::watch::Missed;
use crate::evidence::{acknowledged, answered, reason, supersedes};
use crate::graph::Link;
use crate::history::OpId;
use crate::order::{Order, Slot};
use crate::session::{Breach, Guarantee, shape, uncovered};
use crate::verdict::{Counterexample, Promise, Reason};

/// How many steps of a path get a line of their own.
const STEPS_SHOWN: usize = 12;

/// How many of the writes that a read misses are tried for a shorter path.
const MISSED_TRIED: usize = 16;

/// Operations that need each other in a circle.
pub(super) fn circular(order: &Order<'_>, cycle: &[(usize, Link)]) -> Counterexample {
    let ops: Vec<OpId> = cycle.iter().map(|&(place, _)| order.op(place).id).collect();
    let future = cycle.iter().any(|&(_, link)| link == Link::Read);
    let mut reasons = steps(order, cycle, cycle[0].0);
    reasons.push(reason(
        "each step needs the one before, so none came first",
        &ops,
    ));
    let kind = if future {
        "a value was read from the future"
    } else {
        "a context came from the future"
    };
    Counterexample {
        promise: Promise::Causal,
        part: "circular".into(),
        sentence: format!(
            "Knowledge went in a circle: {} depends on itself over {} operations.",
            ops[0],
            ops.len()
        ),
        key: None,
        ops,
        reasons,
        cause: format!("causal/circular/{kind}"),
    }
}

/// A read that returned a value beside what replaced it.
pub(super) fn conflict(order: &Order<'_>, conflict: Conflict) -> Counterexample {
    let Conflict { read: place, .. } = conflict;
    let (Slot::Read(number, read), Slot::Write(_, old), Slot::Write(_, new)) = (
        order.slot(place),
        order.slot(conflict.old),
        order.slot(conflict.new),
    ) else {
        unreachable!("a conflict is a read and two writes of one key");
    };
    let key = &order.keys[number as usize];
    let get = order.op(place).id;
    let (why, mut ops) = supersedes(order, key, old as usize, new as usize);
    let mut reasons = vec![answered(order, &key.reads[read as usize])];
    reasons.extend(why);
    ops.push(get);
    ops.sort_unstable();
    ops.dedup();
    Counterexample {
        promise: Promise::Causal,
        part: "false conflict".into(),
        sentence: format!(
            "{get} returned {} and its own successor {} side by side.",
            key.label(old as usize),
            key.label(new as usize)
        ),
        key: Some(key.name.into()),
        ops,
        reasons,
        cause: "causal/false conflict".into(),
    }
}

/// A read that misses what it had to return.
pub(super) fn missing(order: &Order<'_>, missed: &Missed) -> Counterexample {
    let (read, missed) = (missed.read, &missed.writes);
    let graph = order.happens_before();
    let named = shape(order, read, missed);
    let tried = match named {
        Some((_, breach)) => vec![breach.write],
        None => missed.iter().rev().take(MISSED_TRIED).copied().collect(),
    };
    let paths = tried.iter().filter_map(|&write| {
        let path = graph.path(write, read)?;
        Some((write, path))
    });
    let (write, path) = paths
        .min_by_key(|(write, path)| (path.len(), *write))
        .expect("what a read misses precedes it");
    let part = match named {
        Some((guarantee, _)) => guarantee.promise().name().to_string(),
        None => format!("path of {}", path.len()),
    };
    let kind = match named {
        Some((guarantee, _)) => guarantee.promise().name(),
        None => "a longer path",
    };
    let (Slot::Read(number, got), Slot::Write(_, put)) = (order.slot(read), order.slot(write))
    else {
        unreachable!("what a read misses is a write");
    };
    let key = &order.keys[number as usize];
    let mut reasons = Vec::new();
    if path.first().is_some_and(|&(_, link)| link != Link::Read) {
        reasons.push(acknowledged(order, key, put as usize));
    }
    reasons.extend(steps(order, &path, read));
    reasons.push(answered(order, &key.reads[got as usize]));
    let breach = Breach {
        read,
        write,
        seen_by: None,
        through: None,
    };
    reasons.push(uncovered(order, breach));
    let places = path.iter().map(|&(place, _)| place).chain([read]);
    let mut ops: Vec<OpId> = places.map(|place| order.op(place).id).collect();
    ops.sort_unstable();
    ops.dedup();
    Counterexample {
        promise: Promise::Causal,
        part,
        sentence: sentence(order, (read, write), named.map(|(guarantee, _)| guarantee)),
        key: Some(key.name.into()),
        ops,
        reasons,
        cause: format!("causal/{kind}"),
    }
}

fn sentence(order: &Order<'_>, (read, write): (usize, usize), named: Option<Guarantee>) -> String {
    let session = order.process(read);
    match named {
        Some(Guarantee::ReadYourWrites) => {
            format!("{session} read an older value than it had already written.")
        }
        Some(Guarantee::MonotonicReads) => {
            format!("{session} read an older value than it had already read.")
        }
        Some(Guarantee::MonotonicWrites | Guarantee::WritesFollowReads) | None => {
            let what = match order.slot(write) {
                Slot::Write(key, number) => order.keys[key as usize].label(number as usize),
                _ => "",
            };
            format!(
                "{session} knew of what came after {what}, and read as if {what} had never been."
            )
        }
    }
}

/// One fact for each step of a path that ends at `last`.
fn steps(order: &Order<'_>, path: &[(usize, Link)], last: usize) -> Vec<Reason> {
    let next = path.iter().skip(1).map(|&(place, _)| place).chain([last]);
    let mut facts: Vec<Reason> = path
        .iter()
        .zip(next)
        .map(|(&(place, link), next)| {
            let (op, next) = (order.op(place), order.op(next));
            let both = [op.id, next.id];
            let next = format!("{} ({})", next.id, next.label());
            let how = match link {
                Link::Session => format!("{} went on with {next}", op.process),
                Link::Read => format!("{next} returned the value that {} wrote", op.id),
                Link::Context => format!("{next} passed the context that {} returned", op.id),
            };
            reason(format!("{} ({}): {how}", op.id, op.label()), &both)
        })
        .collect();
    if facts.len() > STEPS_SHOWN {
        let left = facts.split_off(STEPS_SHOWN - 1);
        let ops: Vec<OpId> = left.iter().flat_map(|fact| fact.ops.clone()).collect();
        facts.push(reason(format!("and so on for {} steps", left.len()), &ops));
    }
    facts
}
