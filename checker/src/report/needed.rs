//! A history cut to what an explanation speaks of.

use std::collections::BTreeSet;

use crate::domain::Domain;
use crate::history::{Entry, History, OpId};
use crate::order::named;
use crate::verdict::Counterexample;

/// The operations that a counterexample names, as they were recorded, with the notes about its key and
/// about no key.
///
/// Whether these break the promise by themselves is for a checker to say: what was left out may have
/// been what made an answer impossible.
pub fn needed<D: Domain>(history: &History<D>, found: &Counterexample) -> History<D> {
    let ops: BTreeSet<OpId> = found.ops.iter().copied().collect();
    let entries = history.entries().filter(|entry| match entry {
        Entry::Invoke { op, .. } | Entry::Return { op, .. } => ops.contains(op),
        Entry::Note { note, .. } => {
            let key = found.key.as_deref();
            named(note).is_none_or(|name| key.is_none_or(|key| key == name))
        }
    });
    History::new(entries).expect("whole operations can be left out of a history")
}
