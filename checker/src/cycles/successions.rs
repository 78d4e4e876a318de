//! Which transactions touched a key directly one after the other, as sessions and time tell.

use rustc_hash::FxHashMap;

use super::book::Book;
use crate::history::{Process, Time};

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
