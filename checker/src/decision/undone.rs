//! What a store left undone: hints that a restart left lying, copies that were never brought, and equal
//! disks that were filled in different orders.

use std::collections::BTreeMap;

use super::Decision;
use crate::evidence::{Disks, Marks, contents, same};
use crate::handoff::{Held, Sight};
use crate::history::{History, Time};
use crate::kv::Kv;
use crate::note::{Node, Note, Version};
use crate::order::{Noted, Order};
use crate::verdict::Promise;

/// What was left undone that this promise asks for.
pub(super) fn undone(history: &History<Kv>, promise: Promise) -> Option<Decision> {
    let order = Order::new(history);
    let marks = Marks::new(&order);
    let quiet = marks.quiet?;
    match promise {
        Promise::HandoffDelivery => left_lying(&order, quiet),
        Promise::Convergence => {
            never_brought(&order, &marks, quiet).or_else(|| arrivals(&order, quiet))
        }
        _ => None,
    }
}

/// A hint that lay on a disk when its holder came back, and of which the holder then sent nothing.
fn left_lying(order: &Order<'_>, quiet: usize) -> Option<Decision> {
    let disks = Disks::at(&order.notes, quiet);
    let notes = || order.notes.iter().filter(|noted| noted.line < quiet);
    for (number, key) in order.keys.iter().enumerate() {
        for (holder, owner, versions) in disks.hints(number) {
            let of = |noted: &&Noted<'_>| {
                noted.key == Some(number)
                    && matches!(noted.note, Note::Hint { holder: by, owner: to, .. }
                        if (*by, *to) == (holder, owner))
            };
            let Some(kept) = notes().rfind(of) else {
                continue;
            };
            let back = |noted: &&Noted<'_>| {
                noted.line > kept.line
                    && matches!(noted.note, Note::Restart(node) if *node == holder)
            };
            let Some(back) = notes().find(back) else {
                continue;
            };
            let sent = |noted: &Noted<'_>| {
                noted.key == Some(number)
                    && noted.line > back.line
                    && matches!(noted.note, Note::Transfer { from, to, kind, .. }
                        if (*from, *to) == (holder, owner) && kind == "hint")
            };
            if notes().any(sent) {
                continue;
            }
            return Some(Decision {
                at: back.at,
                node: Some(holder),
                sentence: format!(
                    "{holder} came back with its hint of {} for {owner} on the disk, and from then on \
                     delivered nothing of it.",
                    key.name
                ),
                facts: vec![
                    format!(
                        "{holder} has kept {} for {owner} since {}, through its crash",
                        contents(versions),
                        kept.at.0
                    ),
                    format!(
                        "no hint of {} went from {holder} to {owner} after {}",
                        key.name, back.at.0
                    ),
                ],
            });
        }
    }
    None
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
            let mut values = disks
                .data(number, one)
                .iter()
                .filter_map(|version| version.value.as_deref());
            values.find(|value| {
                let write = key.write_of(value);
                write.is_some_and(|write| !held.covers_write(&sight, key, write))
            })
        };
        let Some((has, without, value)) =
            pairs.find_map(|(one, two)| Some((one, two, lacks(one, two)?)))
        else {
            continue;
        };
        let since = first_held(order, number, has, value)?;
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
        return Some(Decision {
            at: since,
            node: Some(without),
            sentence: format!(
                "{without} has been without {value} since {has} stored it, and nothing brought it until the end."
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

fn first_held(order: &Order<'_>, number: usize, on: Node, value: &str) -> Option<Time> {
    let holds = |versions: &[Version]| {
        let mut values = versions
            .iter()
            .filter_map(|version| version.value.as_deref());
        values.any(|one| one == value)
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
            let apart = || roots_differ(order, order.keys[*number].name, *one, *two);
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

/// Whether the last roots that two nodes claim of a range with this key differ.
fn roots_differ(order: &Order<'_>, key: &str, one: Node, two: Node) -> bool {
    let root = |of: Node| {
        let mut notes = order.notes.iter().rev();
        notes.find_map(|noted| match noted.note {
            Note::Root {
                node,
                range,
                keys,
                hash,
            } if *node == of && keys.iter().any(|name| name == key) => Some((range, hash)),
            _ => None,
        })
    };
    match (root(one), root(two)) {
        (Some((range, hash)), Some((other, different))) => range == other && hash != different,
        _ => false,
    }
}

fn listed(versions: &[&Version]) -> String {
    let values = versions
        .iter()
        .map(|version| version.value.as_deref().unwrap_or("a tombstone"));
    values.collect::<Vec<_>>().join(", then ")
}
