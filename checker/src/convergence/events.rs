//! Disks that have taken in the same events hold the same, at any time.

use std::collections::{BTreeMap, BTreeSet};

use super::check::OTHER_STATE;
use crate::evidence::{Finding, Findings, Marks, State, contents, reason, same};
use crate::history::Time;
use crate::note::{Node, Note, Version};
use crate::order::Order;

/// Compares all states of a key, whenever and wherever they were, that know of the same events.
///
/// What a state knows of is its context, where one was noted. Where all its versions show their
/// clocks, it is also the events of these versions and all that their pasts cover: each of them is
/// held, or was superseded by one that is, so two states of the same events that hold nothing
/// superseded are equal. Strong eventual consistency, as Shapiro and others name it ("Conflict-free
/// Replicated Data Types", 2011), held against disks. O(versions in notes · log).
pub(super) fn judge<'h>(order: &Order<'h>, marks: &Marks<'h>, findings: &mut Findings) {
    // Clocks that forget, and tombstones that are reaped, make states without their events.
    if marks.may_lose() || marks.may_revive() {
        return;
    }
    let dots = Dots::seen(order);
    let mut states = BTreeMap::new();
    let mut held: BTreeMap<(usize, Node), &'h [Version]> = BTreeMap::new();
    for noted in &order.notes {
        let Some(key) = noted.key else { continue };
        let (node, events) = match noted.note {
            Note::Durable { node, versions, .. } => {
                held.insert((key, *node), versions);
                (*node, dots.known(key, versions))
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
    Clocks(Taken<'h>),
}

/// The events that some clocks tell of. The past of a clock has no gaps, but a dot is one event: who
/// holds the second of an actor need not have had the first.
#[derive(Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Taken<'h> {
    /// For each actor the counter up to which all are taken in.
    prefix: BTreeMap<&'h str, u64>,
    /// The events above that.
    above: BTreeSet<(&'h str, u64)>,
}

/// The events of each key that were seen on any disk. Others left nothing in any state, and counters
/// of some stores go over all keys.
struct Dots<'h>(BTreeSet<(usize, &'h str, u64)>);

impl<'h> Dots<'h> {
    /// Reads all notes once.
    fn seen(order: &Order<'h>) -> Self {
        let mut dots = BTreeSet::new();
        for noted in &order.notes {
            let (Note::Durable { versions, .. } | Note::Hint { versions, .. }) = noted.note else {
                continue;
            };
            let Some(key) = noted.key else { continue };
            let clocks = versions.iter().filter_map(|version| version.clock.as_ref());
            dots.extend(clocks.map(|clock| (key, clock.dot.0.as_str(), clock.dot.1)));
        }
        Dots(dots)
    }

    /// The events that these versions of a key tell of, if each tells of its own.
    fn known(&self, key: usize, versions: &'h [Version]) -> Option<Events<'h>> {
        let state = State {
            versions,
            context: None,
        };
        if versions.is_empty() || !state.is_whole() {
            return None;
        }
        let mut taken = Taken::default();
        for clock in versions.iter().filter_map(|version| version.clock.as_ref()) {
            for (actor, counter) in &clock.past {
                let highest = taken.prefix.entry(actor.as_str()).or_insert(0);
                *highest = u64::max(*highest, *counter);
            }
            taken.above.insert((&clock.dot.0, clock.dot.1));
        }
        // In order, so that one that closes a gap comes before those above it.
        for (actor, counter) in std::mem::take(&mut taken.above) {
            let highest = taken.prefix.entry(actor).or_insert(0);
            if counter <= *highest {
                continue;
            }
            let mut between = self
                .0
                .range((key, actor, *highest + 1)..(key, actor, counter));
            if between.next().is_none() {
                *highest = counter;
            } else {
                taken.above.insert((actor, counter));
            }
        }
        taken.prefix.retain(|_, counter| *counter > 0);
        Some(Events::Clocks(taken))
    }
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
