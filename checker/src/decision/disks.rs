//! A disk that lets go of a version although nothing that had seen it is there instead.

use std::collections::BTreeMap;

use super::Decision;
use crate::evidence::{Marks, contents};
use crate::handoff::{Held, Sight};
use crate::history::History;
use crate::kv::Kv;
use crate::note::{Node, Note, Version};
use crate::order::Order;

/// The first such change before this line, with its own line, counted from 1.
///
/// Left out where losing is allowed, and where owners change: then a disk may hand over what it held.
pub(super) fn replaced(history: &History<Kv>, end: usize) -> Option<(usize, Decision)> {
    let order = Order::new(history);
    let marks = Marks::new(&order);
    if marks.may_lose() || marks.may_revive() {
        return None;
    }
    let sight = Sight::new(&order, &marks);
    let mut held: BTreeMap<(usize, Node), &[Version]> = BTreeMap::new();
    for noted in order.notes.iter().take_while(|noted| noted.line <= end) {
        let (Some(number), Note::Durable { node, versions, .. }) = (noted.key, noted.note) else {
            continue;
        };
        let before = held.insert((number, *node), versions).unwrap_or_default();
        let key = &order.keys[number];
        let moves = !marks.tenures[number].changes(noted.line).is_empty();
        if key.repeats || key.circular || (versions.is_empty() && moves) {
            continue;
        }
        let mut now = Held::default();
        now.add(key, versions);
        let gone = before.iter().find(|version| {
            let write = version.value.as_deref().and_then(|one| key.write_of(one));
            write.is_some_and(|write| !now.covers_write(&sight, key, write))
        });
        let Some(value) = gone.and_then(|version| version.value.as_deref()) else {
            continue;
        };
        let decision = Decision {
            at: noted.at,
            node: Some(*node),
            sentence: format!(
                "{node} replaced {value} by {}, and nothing of that had seen {value}.",
                contents(versions)
            ),
            facts: vec![
                format!(
                    "until then {node} held {} of {}",
                    contents(before),
                    key.name
                ),
                format!("no context leads from {value} to what {node} holds instead"),
            ],
        };
        return Some((noted.line, decision));
    }
    None
}
