//! Disks that have taken in the same events hold the same, at any time.

use std::collections::BTreeMap;

use super::check::OTHER_STATE;
use crate::evidence::{Finding, Findings, Marks, State, contents, reason, same};
use crate::history::Time;
use crate::note::{Node, Note, Version};
use crate::order::Order;

/// Compares all states of a key, whenever and wherever they were, that know of the same events.
///
/// What a state knows of is its context, where one was noted. Where all its versions show their
/// clocks, it is also the highest counter of each actor in them: an event below that is held, or
/// was superseded by one that is, so two states of the same events that hold nothing superseded are
/// equal. Strong eventual consistency, as Shapiro and others name it ("Conflict-free Replicated Data
/// Types", 2011), held against disks. O(versions in notes · log).
pub(super) fn judge<'h>(order: &Order<'h>, marks: &Marks<'h>, findings: &mut Findings) {
    // Clocks that forget, and tombstones that are reaped, make states without their events.
    if marks.may_lose() || marks.may_revive() {
        return;
    }
    let mut states = BTreeMap::new();
    let mut held: BTreeMap<(usize, Node), &'h [Version]> = BTreeMap::new();
    for noted in &order.notes {
        let Some(key) = noted.key else { continue };
        let (node, events) = match noted.note {
            Note::Durable { node, versions, .. } => {
                held.insert((key, *node), versions);
                (*node, known(versions))
            }
            Note::Context { node, context, .. } => (*node, Some(Events::Context(context))),
            _ => continue,
        };
        let Some(events) = events else { continue };
        let versions = held.get(&(key, node)).copied().unwrap_or_default();
        let now = (node, noted.at, versions);
        let first = *states.entry((key, events)).or_insert(now);
        if !same(first.2, versions) {
            findings.report(OTHER_STATE, || other(order, key, first, now));
        }
    }
}

/// What a state has taken in.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Events<'h> {
    Context(&'h str),
    /// The highest counter of each actor.
    Counters(BTreeMap<&'h str, u64>),
}

/// The events that these versions tell of, if each tells of its own.
fn known(versions: &[Version]) -> Option<Events<'_>> {
    let state = State {
        versions,
        context: None,
    };
    if versions.is_empty() || !state.is_whole() {
        return None;
    }
    let mut counters = BTreeMap::new();
    for clock in versions.iter().filter_map(|version| version.clock.as_ref()) {
        for (actor, counter) in clock.past.iter().chain([&clock.dot]) {
            let highest = counters.entry(actor.as_str()).or_insert(0);
            *highest = u64::max(*highest, *counter);
        }
    }
    counters.retain(|_, counter| *counter > 0);
    Some(Events::Counters(counters))
}

fn other(
    order: &Order<'_>,
    key: usize,
    first: (Node, Time, &[Version]),
    second: (Node, Time, &[Version]),
) -> Finding {
    let key = &order.keys[key];
    let all = first.2.iter().chain(second.2);
    let writes = all.filter_map(|version| key.write_of(version.value.as_deref()?));
    let ops: Vec<_> = writes
        .map(|write| order.op(key.writes[write].place).id)
        .collect();
    let held = |(node, at, versions): (Node, Time, &[Version])| {
        reason(
            format!(
                "at {} {node} held {} of {}",
                at.0,
                contents(versions),
                key.name
            ),
            &ops,
        )
    };
    Finding {
        sentence: format!(
            "The same events made different states: {} held {}, {} held {}.",
            first.0,
            contents(first.2),
            second.0,
            contents(second.2)
        ),
        key: Some(key.name.into()),
        reasons: vec![
            held(first),
            held(second),
            reason(
                "the clocks or contexts of both tell of the same events",
                &[],
            ),
        ],
        ops,
        kind: "",
    }
}
