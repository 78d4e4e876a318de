//! A version that has lost a part of its past: no event of a write may see less later on.

use std::collections::BTreeMap;

use super::Decision;
use super::search::{Shown, versions};
use crate::history::{History, Line};
use crate::kv::Kv;
use crate::note::{Clock, Node, Note};
use crate::report::clocked;

/// A version of a key: its event and its value.
type Known<'h> = (&'h str, &'h (String, u64), Option<&'h str>);

/// The first note before this line in which a disk holds a version with less of its past than it was first seen
/// with.
pub(super) fn shortened(history: &History<Kv>, end: usize) -> Option<Shown> {
    let mut whole: BTreeMap<Known<'_>, &Clock> = BTreeMap::new();
    let mut senders: BTreeMap<(Node, &str), Node> = BTreeMap::new();
    for (index, line) in history.lines().take(end).enumerate() {
        let Line::Note(at, note) = line else {
            continue;
        };
        let (holder, key) = match note {
            Note::Durable { node, key, .. } => (*node, key),
            Note::Hint { holder, key, .. } => (*holder, key),
            Note::Transfer { from, to, key, .. } => {
                senders.insert((*to, key), *from);
                continue;
            }
            _ => continue,
        };
        for version in versions(note) {
            let Some(clock) = &version.clock else {
                continue;
            };
            let first = whole
                .entry((key, &clock.dot, version.value.as_deref()))
                .or_insert(clock);
            let Some(missing) = first.past.iter().find(|event| !clock.saw(event)) else {
                continue;
            };
            let value = version.value.as_deref().unwrap_or("a tombstone");
            let by = senders.get(&(holder, key.as_str()));
            let by = by.map_or_else(String::new, |by| format!(", after a message from {by}"));
            let (actor, counter) = missing;
            return Some(Shown {
                line: index + 1,
                of_it: true,
                decision: Decision {
                    at,
                    node: Some(holder),
                    op: None,
                    sentence: format!(
                        "{holder} stored {value} as {}{by}, although it was made as {}: that it had seen \
                         {actor}:{counter} is gone.",
                        clocked(clock),
                        clocked(first)
                    ),
                    facts: vec![format!("a disk held {value} as {} before", clocked(first))],
                },
            });
        }
    }
    None
}
