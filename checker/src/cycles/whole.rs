//! Registers: the order of two values that follows if every transaction is seen whole or not at all.

use rustc_hash::FxHashMap;

use super::book::{Book, Did, Part};
use super::edges::Link;
use super::inferred::{Inferred, Versions};
use crate::register::Value;
use crate::txn::{Ask, Told};

/// Transactions of so many parts are looked at whatever the budget.
const PARTS_FREE: u64 = 64;

/// Who read a key from one transaction, and anything from another that wrote the key too, saw that the
/// other came first: else it had missed a part of it. True of all models that imply read atomic or
/// repeatable read.
///
/// O(parts of the writer) for each read of a write; the budget counts those of long transactions. Says
/// whether it was enough.
pub(super) fn link(book: &Book<'_>, inferred: &mut Inferred, mut budget: u64) -> bool {
    if !inferred.versions.contains(&Versions::Register) {
        return true;
    }
    let reads = inferred.edges.of(Link::Wr).into_iter();
    let turned = reads.map(|(writer, reader)| (reader, writer));
    let mut reads: Vec<(u32, u32)> = turned.collect();
    reads.sort_unstable();
    reads.dedup();
    let mut orders = Vec::new();
    for saw in reads.chunk_by(|one, two| one.0 == two.0) {
        let [(reader, _), _, ..] = saw else {
            continue;
        };
        let told = told(book, &inferred.versions, *reader);
        let mut writers: FxHashMap<u32, Vec<(u32, bool)>> = FxHashMap::default();
        for &(_, writer) in saw {
            let asks = &book.op(writer).call.0;
            let parts = asks.len() as u64;
            if parts > PARTS_FREE {
                if parts > budget {
                    return false;
                }
                budget -= parts;
            }
            for ask in asks {
                let Ask::Write(key, value) = ask else {
                    continue;
                };
                let key = book.number(key).filter(|key| told.contains_key(key));
                if let Some(key) = key {
                    let seen = told[&key].contains(&value);
                    writers.entry(key).or_default().push((writer, seen));
                }
            }
        }
        for writers in writers.values() {
            for &(last, _) in writers.iter().filter(|(_, seen)| *seen) {
                let others = writers.iter().filter(|&&(other, _)| other != last);
                orders.extend(others.map(|&(other, _)| (other, last)));
            }
        }
    }
    orders.sort_unstable();
    orders.dedup();
    for (before, after) in orders {
        inferred.edges.add(before, after, Link::Whole);
    }
    true
}

/// The values that a transaction read, by the numbers of the registers.
fn told<'h>(book: &Book<'h>, versions: &[Versions], txn: u32) -> FxHashMap<u32, Vec<&'h Value>> {
    let mut told: FxHashMap<u32, Vec<&Value>> = FxHashMap::default();
    for (index, ask) in book.op(txn).call.0.iter().enumerate() {
        let index = index as u32;
        let number = book.number(ask.key());
        let number = number.filter(|&key| versions[key as usize] == Versions::Register);
        if let (Some(key), Did::Read(Told::Value(value))) = (number, book.did(Part { txn, index }))
        {
            told.entry(key).or_default().push(value);
        }
    }
    told
}

/// The read of what one transaction wrote to a key that another wrote too, and a read of something else
/// of that other in the same transaction.
pub(super) fn witness(
    book: &Book<'_>,
    versions: &[Versions],
    before: u32,
    after: u32,
) -> Option<(u32, Part, Part)> {
    let wrote = |txn: u32, key: &Value, seen: &Value| {
        let mut deeds = book.of(txn, key);
        deeds.any(|(_, did)| matches!(did, Did::Wrote(value) if value == seen))
    };
    let saw = |part: Part| {
        let key = book.op(part.txn).call.0[part.index as usize].key();
        match book.did(part) {
            Did::Read(Told::Value(value)) => wrote(before, key, value),
            Did::Read(Told::List(list)) => list.iter().any(|value| wrote(before, key, value)),
            Did::Read(_) | Did::Wrote(_) => false,
        }
    };
    let keys = book.op(after).call.0.iter().map(Ask::key);
    let shared = keys.filter(|key| {
        let mut deeds = book.of(before, key);
        deeds.any(|(_, did)| matches!(did, Did::Wrote(_)))
    });
    let numbers = shared.filter_map(|key| book.number(key));
    let registers = numbers.filter(|&key| versions[key as usize] == Versions::Register);
    for key in registers {
        for &read in book.parts(key) {
            let Did::Read(Told::Value(value)) = book.did(read) else {
                continue;
            };
            if read.txn == after || read.txn == before || !wrote(after, book.key(key), value) {
                continue;
            }
            let parts = 0..book.op(read.txn).call.0.len() as u32;
            let txn = read.txn;
            let mut parts = parts.map(|index| Part { txn, index });
            if let Some(part) = parts.find(|&part| saw(part)) {
                return Some((key, read, part));
            }
        }
    }
    None
}
