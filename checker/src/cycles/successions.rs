//! Which transactions touched a key directly one after the other, as sessions and time tell.

use rustc_hash::FxHashMap;

use super::book::{Book, Did, Fate, Part};
use crate::history::{Process, Time};
use crate::register::Value;
use crate::txn::Told;

/// A transaction that touched a key, and the versions it met there first and last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touch {
    pub(super) txn: u32,
    pub(super) first: u32,
    pub(super) last: u32,
}

/// Pairs of one session. Touches are committed and in the order of their calls.
pub(super) fn in_sessions(book: &Book<'_>, touches: &[Touch]) -> Vec<(Touch, Touch)> {
    let mut last: FxHashMap<Process, Touch> = FxHashMap::default();
    let mut pairs = Vec::new();
    for &touch in touches {
        let before = last.insert(book.op(touch.txn).process, touch);
        pairs.extend(before.map(|before| (before, touch)));
    }
    pairs
}

/// Pairs of which one had returned before the other was called, with none in between, O(n · open calls).
pub(super) fn in_real_time(book: &Book<'_>, touches: &[Touch]) -> Vec<(Touch, Touch)> {
    let mut pairs = Vec::new();
    let mut latest = Time(0);
    let mut open: Vec<(Time, Touch)> = Vec::new();
    for &touch in touches {
        let called = book.op(touch.txn).invoked;
        for (_, over) in open.iter().filter(|&&(returned, _)| returned < called) {
            latest = latest.max(book.op(over.txn).invoked);
        }
        // Another was called after these had returned, and has returned too.
        open.retain(|&(returned, _)| returned >= called || returned >= latest);
        let before = open.iter().filter(|&&(returned, _)| returned < called);
        pairs.extend(before.map(|&(_, before)| (before, touch)));
        if let Some(returned) = book.op(touch.txn).returned {
            open.push((returned, touch));
        }
    }
    pairs
}

/// Two parts that tell that what one transaction wrote to a register, or else read from it, came before what
/// the other wrote to it: the first, the last of its transaction, met the one value; the second, the first of
/// a later transaction, met the other. O(parts of the key).
pub(super) fn met_in_turn(
    book: &Book<'_>,
    key: u32,
    (from, wrote): (u32, bool),
    to: u32,
) -> Option<(Part, Part)> {
    let met = |part: Part| match book.did(part) {
        Did::Wrote(value) | Did::Read(Told::Value(value)) => Some(value),
        Did::Read(_) => None,
    };
    let of = |txn: u32, wrote: bool| -> Vec<&Value> {
        let parts = book.parts(key).iter().copied();
        let parts = parts
            .filter(|&part| part.txn == txn && matches!(book.did(part), Did::Wrote(_)) == wrote);
        parts.filter_map(met).collect()
    };
    let (old, new) = (of(from, wrote), of(to, true));
    let parts = book.parts(key).iter().copied();
    let told = parts.filter(|&part| book.fate(part.txn) == Fate::Committed && met(part).is_some());
    let told: Vec<Part> = told.collect();
    let among = |values: &[&Value], part: Part| met(part).is_some_and(|met| values.contains(&met));
    let groups = || told.chunk_by(|one, two| one.txn == two.txn);
    let lasts = groups().filter_map(|group| group.last().copied());
    let firsts = groups().filter_map(|group| group.first().copied());
    let lasts: Vec<Part> = lasts.filter(|&part| among(&old, part)).collect();
    let firsts: Vec<Part> = firsts.filter(|&part| among(&new, part)).collect();
    // The transactions themselves are the plainest witnesses, then who returned first and who called last.
    let plain = |parts: &[Part], txn| parts.iter().copied().find(|part| part.txn == txn);
    let returned = |part: &Part| book.op(part.txn).returned;
    let called = |part: &Part| book.op(part.txn).invoked;
    let one = [
        plain(&lasts, from),
        lasts.iter().copied().min_by_key(returned),
    ];
    let two = [
        plain(&firsts, to),
        firsts.iter().copied().max_by_key(called),
    ];
    for (one, two) in [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| (one[a], two[b])) {
        if let (Some(one), Some(two)) = (one, two)
            && returned(&one).is_some_and(|at| at < called(&two))
        {
            return Some((one, two));
        }
    }
    let mut earliest: FxHashMap<Process, Part> = FxHashMap::default();
    for part in lasts {
        earliest.entry(book.op(part.txn).process).or_insert(part);
    }
    firsts.into_iter().find_map(|two| {
        let one = *earliest.get(&book.op(two.txn).process)?;
        (one.txn < two.txn).then_some((one, two))
    })
}
