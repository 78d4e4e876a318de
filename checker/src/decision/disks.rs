//! A disk that lets go of a version although nothing that had seen it is there instead.

use std::collections::BTreeMap;

use super::Decision;
use super::search::Shown;
use crate::evidence::{Marks, contents};
use crate::handoff::{Held, Sight};
use crate::history::{History, OpId, Time};
use crate::kv::Kv;
use crate::note::{Node, Note, Version};
use crate::order::Order;

/// The first such change before this line: of a write among these, else of any.
///
/// Left out where losing is allowed, and where owners change: then a disk may hand over what it held. What
/// happens to the disk of a node that is down is nobody's decision.
pub(super) fn replaced(history: &History<Kv>, end: usize, ops: &[OpId]) -> Option<Shown> {
    let order = Order::new(history);
    let marks = Marks::new(&order);
    if marks.may_lose() || marks.may_revive() {
        return None;
    }
    let sight = Sight::new(&order, &marks);
    let down = down(history);
    let mut held: BTreeMap<(usize, Node), &[Version]> = BTreeMap::new();
    let mut first = None;
    for noted in order.notes.iter().take_while(|noted| noted.line <= end) {
        let (Some(number), Note::Durable { node, versions, .. }) = (noted.key, noted.note) else {
            continue;
        };
        let before = held.insert((number, *node), versions).unwrap_or_default();
        let key = &order.keys[number];
        let moves = !marks.tenures[number].changes(noted.line).is_empty();
        let lost = down
            .iter()
            .any(|(of, from, until)| of == node && (*from..=*until).contains(&noted.at));
        if lost || key.repeats || key.circular || (versions.is_empty() && moves) {
            continue;
        }
        let write_of = |version: &Version| key.write_of(version.value.as_deref()?);
        let mut now = Held::default();
        now.add(key, versions);
        for write in before.iter().filter_map(write_of) {
            if now.covers_write(&sight, key, write) {
                continue;
            }
            let of_it = ops.contains(&order.op(key.writes[write].place).id);
            if of_it || first.is_none() {
                first = Some(Shown {
                    line: noted.line,
                    of_it,
                    decision: told(
                        noted.at,
                        *node,
                        (key.name, key.label(write)),
                        (before, versions),
                    ),
                });
            }
            if of_it {
                return first;
            }
        }
    }
    first
}

/// When which node was down: from the crash to the moment of the restart.
fn down(history: &History<Kv>) -> Vec<(Node, Time, Time)> {
    let mut spans: Vec<(Node, Time, Time)> = Vec::new();
    for (at, note) in history.notes() {
        match note {
            Note::Crash(node) => spans.push((*node, at, Time(u64::MAX))),
            Note::Restart(node) => {
                let mut open = spans.iter_mut().rev();
                if let Some((.., until)) = open.find(|(of, ..)| of == node) {
                    *until = at;
                }
            }
            _ => {}
        }
    }
    spans
}

fn told(
    at: Time,
    node: Node,
    (key, value): (&str, &str),
    (before, now): (&[Version], &[Version]),
) -> Decision {
    Decision {
        at,
        node: Some(node),
        op: None,
        sentence: format!(
            "{node} replaced {value} by {}, and nothing of that had seen {value}.",
            contents(now)
        ),
        facts: vec![
            format!("until then {node} held {} of {key}", contents(before)),
            format!("no context leads from {value} to what {node} holds instead"),
        ],
    }
}
