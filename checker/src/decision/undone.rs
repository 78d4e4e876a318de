//! What a store left undone: hints that a restart left lying, copies that were never brought, and equal
//! disks that were filled in different orders.

use std::collections::BTreeMap;

use super::{Decision, roots, waiting};
use crate::evidence::{Disks, Marks, same};
use crate::handoff::{Held, Sight};
use crate::history::{History, Time};
use crate::kv::Kv;
use crate::network::Beside;
use crate::note::{Node, Note, Version};
use crate::order::Order;
use crate::verdict::{Counterexample, Promise};

/// What was left undone that the promise of this counterexample asks for.
pub(super) fn undone(
    history: &History<Kv>,
    found: &Counterexample,
    beside: Beside<'_>,
) -> Option<Decision> {
    let order = Order::new(history);
    let marks = Marks::new(&order);
    let quiet = marks.quiet?;
    let missing = || never_brought(&order, &marks, quiet);
    match (found.promise, found.part.as_str()) {
        (Promise::HandoffDelivery, "kept for nobody" | "not at its owner") => missing(),
        (Promise::HandoffDelivery, _) => waiting::left_lying(&order, &marks, quiet, beside.network),
        (Promise::SiblingPreservation, "lost write") | (Promise::Reconciliation, "lost change") => {
            missing()
        }
        (Promise::Convergence, _) => missing()
            .or_else(|| arrivals(&order, quiet))
            .or_else(|| roots::odd_one_out(&order, &marks, quiet)),
        _ => None,
    }
}

/// A value that one owner has had since a moment, and that nothing brought to another.
fn never_brought(order: &Order<'_>, marks: &Marks<'_>, quiet: usize) -> Option<Decision> {
    let disks = Disks::at(&order.notes, quiet);
    let sight = Sight::new(order, marks);
    for (number, key) in order
        .keys
        .iter()
        .enumerate()
        .filter(|(_, key)| !key.repeats)
    {
        let owners = marks.owners[number];
        let mut pairs = owners
            .iter()
            .flat_map(|one| owners.iter().map(move |two| (*one, *two)));
        let lacks = |one: Node, two: Node| {
            let mut held = Held::default();
            held.add(key, disks.data(number, two));
            let mut versions = disks.data(number, one).iter();
            versions.find(|version| !held.covers(&sight, key, version))
        };
        let Some((has, without, version)) =
            pairs.find_map(|(one, two)| Some((one, two, lacks(one, two)?)))
        else {
            continue;
        };
        let since = first_held(order, number, has, version)?;
        let value = version.value.as_deref().unwrap_or("a tombstone");
        let brought = order.notes.iter().filter(|noted| {
            noted.key == Some(number)
                && noted.at >= since
                && noted.line < quiet
                && matches!(noted.note, Note::Transfer { to, .. } if *to == without)
        });
        let brought = brought.count();
        let messages = match brought {
            0 => "no message".into(),
            1 => "1 message, and not with that,".into(),
            many => format!("{many} messages, and none with that,"),
        };
        let became = became(order, number, without).filter(|became| *became >= since);
        let moment = match became {
            Some(_) => format!("it became an owner of {}", key.name),
            None => format!("{has} stored it"),
        };
        return Some(Decision {
            at: became.unwrap_or(since),
            node: Some(without),
            op: None,
            sentence: format!(
                "{without} has been without {value} since {moment}, and nothing brought it until the end."
            ),
            facts: vec![
                format!("{has} and {without} both own {}", key.name),
                format!(
                    "{messages} brought versions of {} to {without} since then",
                    key.name
                ),
            ],
        });
    }
    None
}

/// When a node became an owner of a key last, if it was none at first.
fn became(order: &Order<'_>, number: usize, node: Node) -> Option<Time> {
    let mut owns = true;
    let mut last = None;
    let notes = order.notes.iter().filter(|noted| noted.key == Some(number));
    let owners = notes.filter_map(|noted| match noted.note {
        Note::Owners { nodes, .. } => Some((noted.at, nodes.contains(&node))),
        _ => None,
    });
    for (nth, (at, is)) in owners.enumerate() {
        if nth > 0 && is && !owns {
            last = Some(at);
        }
        owns = is;
    }
    last.filter(|_| owns)
}

fn first_held(order: &Order<'_>, number: usize, on: Node, version: &Version) -> Option<Time> {
    let holds = |versions: &[Version]| {
        let mut versions = versions.iter();
        versions.any(|one| one.value == version.value && one.clock == version.clock)
    };
    let mut notes = order.notes.iter().filter(|noted| noted.key == Some(number));
    let first = notes.find(|noted| {
        matches!(noted.note, Note::Durable { node, versions, .. } if *node == on && holds(versions))
    });
    first.map(|noted| noted.at)
}

/// What is held, in the order in which it came, and when the last of it did.
type Arrived<'h> = (Vec<&'h Version>, Time);

/// Two disks that hold the same and got it in different orders, where roots say that they differ.
fn arrivals(order: &Order<'_>, quiet: usize) -> Option<Decision> {
    let mut arrived: BTreeMap<(usize, Node), Arrived<'_>> = BTreeMap::new();
    for noted in order.notes.iter().take_while(|noted| noted.line < quiet) {
        let (Some(number), Note::Durable { node, versions, .. }) = (noted.key, noted.note) else {
            continue;
        };
        let (came, at) = arrived.entry((number, *node)).or_default();
        came.retain(|version| versions.contains(version));
        let fresh: Vec<&Version> = versions.iter().filter(|one| !came.contains(one)).collect();
        if !fresh.is_empty() {
            *at = noted.at;
        }
        came.extend(fresh);
    }
    let disks = Disks::at(&order.notes, quiet);
    for ((number, one), (first, then)) in &arrived {
        for ((_, two), (second, later)) in
            arrived.range((*number, Node(0))..=(*number, Node(u32::MAX)))
        {
            let equal = same(disks.data(*number, *one), disks.data(*number, *two));
            let apart = || roots::roots_differ(order, order.keys[*number].name, *one, *two);
            if one >= two || !equal || first == second || !apart() {
                continue;
            }
            let (node, at) = if then > later {
                (one, then)
            } else {
                (two, later)
            };
            let key = order.keys[*number].name;
            return Some(Decision {
                at: *at,
                node: Some(*node),
                op: None,
                sentence: format!(
                    "{one} and {two} came to hold the same of {key} in different orders, and what {node} makes of that \
                     is not the same."
                ),
                facts: vec![
                    format!("on {one} came {}", listed(first)),
                    format!("on {two} came {}", listed(second)),
                ],
            });
        }
    }
    None
}

fn listed(versions: &[&Version]) -> String {
    let values = versions
        .iter()
        .map(|version| version.value.as_deref().unwrap_or("a tombstone"));
    values.collect::<Vec<_>>().join(", then ")
}
