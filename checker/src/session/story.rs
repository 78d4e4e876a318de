//! How a session guarantee was broken, in words that can be checked in the history.

use super::readers::learned;
use super::watch::{Breach, Guarantee, Guarantees};
use crate::evidence::{acknowledged, answered, reason, supersedes};
use crate::history::OpId;
use crate::order::{Order, Slot};
use crate::verdict::{Counterexample, Reason};

/// The counterexample that a breach is.
pub(crate) fn told(order: &Order<'_>, of: Guarantee, breach: Breach) -> Counterexample {
    let (Slot::Read(number, read), Slot::Write(_, write)) =
        (order.slot(breach.read), order.slot(breach.write))
    else {
        unreachable!("a breach is a read and a write of one key");
    };
    let key = &order.keys[number as usize];
    let (read, write) = (&key.reads[read as usize], write as usize);
    let session = order.process(breach.read);
    let deleted = key.writes[write].value.is_none();
    let mut reasons = Vec::new();
    let mut ops = vec![order.op(breach.write).id, order.op(breach.read).id];
    let (sentence, kind) = match of {
        Guarantee::ReadYourWrites => {
            reasons.push(acknowledged(order, key, write));
            if deleted {
                let sentence = format!("{session} read a value that it had already deleted.");
                (sentence, "own delete")
            } else {
                let sentence =
                    format!("{session} read an older value than it had already written.");
                (sentence, "own put")
            }
        }
        Guarantee::MonotonicReads => {
            let sentence = format!("{session} read an older value than it had already read.");
            (sentence, "own read")
        }
        Guarantee::MonotonicWrites => {
            reasons.push(acknowledged(order, key, write));
            let writer = order.process(breach.write);
            let sentence = format!(
                "{session} saw a write of {writer}, but not the one that {writer} had made before."
            );
            (sentence, if deleted { "delete" } else { "put" })
        }
        Guarantee::WritesFollowReads => {
            let by = breach.seen_by.map_or(session, |place| order.process(place));
            let sentence =
                format!("{session} saw a write of {by}, but not what {by} had read before it.");
            (sentence, "read")
        }
    };
    if let Some(seen_by) = breach.seen_by {
        reasons.push(returned(order, seen_by, breach.write, key.label(write)));
        ops.push(order.op(seen_by).id);
    }
    if let Some(through) = breach.through {
        let before = breach.seen_by.unwrap_or(breach.write);
        reasons.extend(knows(order, breach.read, (before, through), &mut ops));
    }
    reasons.push(answered(order, read));
    reasons.push(uncovered(order, breach));
    ops.sort_unstable();
    ops.dedup();
    Counterexample {
        promise: of.promise(),
        part: String::new(),
        sentence,
        key: Some(key.name.into()),
        ops,
        reasons,
        cause: format!("{}/{kind}", of.promise()),
    }
}

/// That a read had returned what was written.
fn returned(order: &Order<'_>, read: usize, write: usize, label: &str) -> Reason {
    let by = order.op(read);
    let text = format!(
        "{} ({}) of {} had returned it: {label}",
        by.id,
        by.label(),
        by.process
    );
    reason(text, &[by.id, order.op(write).id])
}

/// That a session made one call after another, and that the reader knew the second.
fn knows(
    order: &Order<'_>,
    reader: usize,
    (before, through): (usize, usize),
    ops: &mut Vec<OpId>,
) -> Vec<Reason> {
    let (first, later) = (order.op(before), order.op(through));
    let mut reasons = vec![reason(
        format!(
            "{} went on with {} ({}) after {}",
            later.process,
            later.id,
            later.label(),
            first.id
        ),
        &[first.id, later.id],
    )];
    ops.push(later.id);
    let Some(place) = learned(order, reader, through) else {
        return reasons;
    };
    let (Slot::Read(number, read), Slot::Write(_, write)) =
        (order.slot(place), order.slot(through))
    else {
        return reasons;
    };
    let key = &order.keys[number as usize];
    let (read, write) = (&key.reads[read as usize], write as usize);
    reasons.push(answered(order, read));
    ops.push(order.op(place).id);
    let top = key
        .written(read)
        .iter()
        .find(|&&top| key.covers(top, write));
    if let Some(&top) = top {
        let (why, more) = supersedes(order, key, write, top);
        reasons.extend(why);
        ops.extend(more);
    }
    reasons
}

/// That nothing in the answer, and nothing hidden behind it, had seen the write.
pub(crate) fn uncovered(order: &Order<'_>, breach: Breach) -> Reason {
    let (get, put) = (order.op(breach.read), order.op(breach.write));
    let what = match order.slot(breach.write) {
        Slot::Write(key, write) => order.keys[key as usize].label(write as usize),
        _ => "",
    };
    reason(
        format!(
            "nothing that {} returned had seen {what}, and no delete that it may not have shown",
            get.id
        ),
        &[put.id, get.id],
    )
}

/// The guarantee that one of these writes, missed by this read, would break, and how.
pub(crate) fn shape(
    order: &Order<'_>,
    read: usize,
    missed: &[usize],
) -> Option<(Guarantee, Breach)> {
    let watch = Guarantees::of_one(order, read, missed);
    let mut found = Guarantee::ALL.into_iter();
    found.find_map(|one| Some((one, watch.breach(one)?)))
}
