//! Parts of a history: what concerns one key, and what came before a line.

use crate::history::{Entry, History, Line, OpId, Process};
use crate::kv::{Kv, KvCall};
use crate::order::named;

/// What a history says of one key, and of no key in particular.
pub(super) fn of_key(history: &History<Kv>, key: Option<&str>) -> Option<History<Kv>> {
    let key = key?;
    let concerns = |line: &Line<'_, Kv>| match line {
        Line::Invoke(op) | Line::Return(op, _) => op.call.key() == key,
        Line::Note(_, note) => named(note).is_none_or(|name| name == key),
    };
    let entries = history.lines().zip(history.entries());
    let entries = entries.filter(|(line, _)| concerns(line));
    History::new(entries.map(|(_, entry)| entry)).ok()
}

/// The first so many lines, calls that are open at the end included.
pub(super) fn until(history: &History<Kv>, lines: usize) -> Option<History<Kv>> {
    History::new(history.entries().take(lines)).ok()
}

/// All calls, and the notes among the first so many lines.
pub(super) fn noted_until(history: &History<Kv>, lines: usize) -> Option<History<Kv>> {
    let entries = history.entries().enumerate();
    let kept =
        entries.filter(|(index, entry)| *index < lines || !matches!(entry, Entry::Note { .. }));
    History::new(kept.map(|(_, entry)| entry)).ok()
}

/// The history as if no other writes than these had been acknowledged, each call a session of its own.
pub(super) fn acknowledging(history: &History<Kv>, ops: &[OpId]) -> Option<History<Kv>> {
    let other = |op: OpId| {
        let call = history.op(op).map(|op| &op.call);
        call.is_some_and(KvCall::writes) && !ops.contains(&op)
    };
    let entries = history.entries().filter_map(|entry| match entry {
        Entry::Return { op, .. } if other(op) => None,
        Entry::Invoke { op, at, call, .. } => Some(Entry::Invoke {
            op,
            at,
            process: Process(op.0),
            call,
        }),
        entry => Some(entry),
    });
    History::new(entries).ok()
}
