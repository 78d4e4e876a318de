//! Transactions that were seen in part: one of their writes was read, another was missed.

use super::anomaly::{AnomalyKind, Found};
use super::book::{Book, Did, Part};
use super::edges::Link;
use super::explain::Facts;
use super::inferred::Versions;
use super::knots::Knot;
use crate::register::Value;
use crate::txn::Told;

/// Looks at every read within knots: who saw a part of a transaction and missed another lies on a
/// cycle, so nobody else has to be looked at. The budget counts pairs of parts; says whether it was
/// enough.
pub(super) fn find(
    book: &Book<'_>,
    versions: &[Versions],
    knots: &[Knot],
    found: &mut Found,
    mut budget: u64,
) -> bool {
    for knot in knots {
        for (from, end) in knot.graph.edges() {
            if end.link() != Link::Wr {
                continue;
            }
            let (writer, reader) = (knot.nodes[from as usize], knot.nodes[end.node() as usize]);
            let parts = |txn| book.op(txn).call.0.len() as u64;
            budget = budget.saturating_sub(parts(reader) * (parts(writer) + parts(reader)));
            if budget == 0 {
                return false;
            }
            look(book, versions, writer, reader, found);
        }
    }
    true
}

fn look(book: &Book<'_>, versions: &[Versions], writer: u32, reader: u32, found: &mut Found) {
    // The first part that was seen, and the first of another key.
    let mut saw: [Option<(&Value, u32)>; 2] = [None; 2];
    let mut see = |key, index| match saw {
        [None, _] => saw[0] = Some((key, index)),
        [Some((first, _)), None] if first != key => saw[1] = Some((key, index)),
        _ => {}
    };
    let mut missed: Vec<(&Value, u32)> = Vec::new();
    for (index, ask) in book.op(reader).call.0.iter().enumerate() {
        let key = ask.key();
        let known = book.number(key).map(|key| versions[key as usize]);
        let Some(last) = last_write(book, writer, key) else {
            continue;
        };
        let (txn, index) = (reader, index as u32);
        let Did::Read(told) = book.did(Part { txn, index }) else {
            continue;
        };
        let wrote_before = book
            .of(reader, key)
            .any(|(at, did)| at < index && matches!(did, Did::Wrote(_)));
        match (known, told) {
            (Some(Versions::List(..) | Versions::Unread), Told::List(list)) => {
                let first = book.of(writer, key).find_map(|(_, did)| match did {
                    Did::Wrote(value) => Some(value),
                    Did::Read(_) => None,
                });
                if first.is_some_and(|first| list.contains(first)) {
                    see(key, index);
                } else {
                    missed.push((key, index));
                }
            }
            (Some(Versions::List(..) | Versions::Unread), Told::Value(Value::Nil)) => {
                missed.push((key, index));
            }
            (Some(Versions::Register), Told::Value(value)) if value == last => {
                see(key, index);
            }
            (Some(Versions::Register), Told::Value(value)) if !wrote_before => {
                let replaced = book.of(writer, key).next();
                let replaced =
                    matches!(replaced, Some((_, Did::Read(Told::Value(seen)))) if seen == value);
                if replaced || *value == Value::Nil {
                    missed.push((key, index));
                }
            }
            _ => {}
        }
    }
    let facts = Facts::new(book);
    for missed in missed {
        // What is seen and missed of one key is for the check of each transaction by itself.
        let Some(saw) = saw.into_iter().flatten().find(|saw| saw.0 != missed.0) else {
            continue;
        };
        let kind = if missed.1 > saw.1 {
            AnomalyKind::ObservedVanishes
        } else {
            AnomalyKind::FracturedRead
        };
        found.report(kind, || facts.fractured(kind, writer, reader, saw, missed));
    }
}

fn last_write<'h>(book: &Book<'h>, txn: u32, key: &Value) -> Option<&'h Value> {
    let writes = book.of(txn, key).filter_map(|(_, did)| match did {
        Did::Wrote(value) => Some(value),
        Did::Read(_) => None,
    });
    writes.last()
}
