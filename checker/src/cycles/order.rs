//! The order of calls: within a session, and in real time.

use super::book::{Book, Fate, NONE};
use super::edges::{Edges, Link};
use crate::history::{Process, Time};
use rustc_hash::FxHashMap;

/// Links each transaction of a session to the next, O(transactions).
///
/// One of unknown outcome may take effect after all later ones, so it comes after those before it and
/// before none.
pub(super) fn link_sessions(book: &Book<'_>, edges: &mut Edges) {
    let mut last: FxHashMap<Process, u32> = FxHashMap::default();
    for (op, txn) in book.ops.iter().zip(0..) {
        let fate = book.fate(txn);
        if fate == Fate::Failed {
            continue;
        }
        let before = last.get(&op.process).copied().unwrap_or(NONE);
        if before != NONE {
            edges.add(before, txn, Link::Session);
        }
        if fate == Fate::Committed {
            last.insert(op.process, txn);
        }
    }
}

/// Links transactions that had returned to those that were called after, O(n log n).
///
/// All that returned between two calls meet in one node, and these nodes form a chain: so that every
/// such pair is linked by a path, with at most three edges a transaction.
pub(super) fn link_real_time(book: &Book<'_>, edges: &mut Edges) {
    let mut returns: Vec<(Time, u32)> = Vec::new();
    for (op, txn) in book.ops.iter().zip(0..) {
        if let (Some(at), Fate::Committed) = (op.returned, book.fate(txn)) {
            returns.push((at, txn));
        }
    }
    returns.sort_unstable();
    let mut returns = returns.into_iter().peekable();
    let mut last = NONE;
    for (op, txn) in book.ops.iter().zip(0..) {
        if book.fate(txn) == Fate::Failed {
            continue;
        }
        // Equal times are concurrent.
        if returns.peek().is_some_and(|&(at, _)| at < op.invoked) {
            let node = edges.node();
            if last != NONE {
                edges.add(last, node, Link::Pass);
            }
            last = node;
            while let Some((_, before)) = returns.next_if(|&(at, _)| at < op.invoked) {
                edges.add(before, node, Link::RealTime);
            }
        }
        if last != NONE {
            edges.add(last, txn, Link::Pass);
        }
    }
}
