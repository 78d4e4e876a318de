//! Disks that hold the same while roots say that they differ: who shows what it does not hold.

use super::Decision;
use crate::evidence::{Disks, Marks, contents, same};
use crate::history::Time;
use crate::note::{Node, Note};
use crate::order::{Noted, Order};

/// Of the owners of a key who hold the same, the one whose last root is like no other's: since it came back, or
/// since what it holds changed last.
pub(super) fn odd_one_out(order: &Order<'_>, marks: &Marks<'_>, quiet: usize) -> Option<Decision> {
    let disks = Disks::at(&order.notes, quiet);
    for (number, key) in order.keys.iter().enumerate() {
        let owners = marks.owners[number];
        let differ = |one: Node, two: Node| {
            same(disks.data(number, one), disks.data(number, two))
                && roots_differ(order, key.name, one, two)
        };
        let apart = |node: &&Node| {
            owners
                .iter()
                .filter(|other| differ(**node, **other))
                .count()
        };
        let Some(&odd) = owners.iter().max_by_key(apart) else {
            continue;
        };
        let Some(&other) = owners.iter().find(|other| differ(odd, **other)) else {
            continue;
        };
        let (odd, other) = if owners.len() > 2 {
            (odd, other)
        } else {
            later(order, (number, odd, other))
        };
        return Some(told(order, (number, odd, other), &disks));
    }
    None
}

/// Of two, the one that came back last, or whose disk changed last.
fn later(order: &Order<'_>, (number, one, two): (usize, Node, Node)) -> (Node, Node) {
    let since = |node| back(order, node).max(changed(order, number, node).map(|(line, _)| line));
    if since(one) > since(two) {
        (one, two)
    } else {
        (two, one)
    }
}

fn told(
    order: &Order<'_>,
    (number, odd, other): (usize, Node, Node),
    disks: &Disks<'_>,
) -> Decision {
    let key = order.keys[number].name;
    let held = contents(disks.data(number, odd));
    let changed = changed(order, number, odd);
    let back = back(order, odd).filter(|back| changed.is_none_or(|(line, _)| line < *back));
    let at_back = back.and_then(|back| order.notes.iter().find(|noted| noted.line == back));
    let (at, sentence) = match at_back {
        Some(noted) => (
            noted.at,
            format!(
                "{odd} came back with {held} of {key} on its disk, and its tree does not show that."
            ),
        ),
        None => (
            changed.map_or(Time(0), |(_, at)| at),
            format!("{odd} came to hold {held} of {key}, and its tree does not show that."),
        ),
    };
    Decision {
        at,
        node: Some(odd),
        op: None,
        sentence,
        facts: vec![
            format!("{odd} and {other} both own {key} and hold the same of it"),
            format!("the roots that {odd} and {other} show of its range are not the same"),
        ],
    }
}

/// The line on which a node came back last.
fn back(order: &Order<'_>, node: Node) -> Option<usize> {
    let restarted = |noted: &&Noted<'_>| matches!(noted.note, Note::Restart(one) if *one == node);
    order.notes.iter().rfind(restarted).map(|noted| noted.line)
}

/// Where the disk of a node changed last, of this key.
fn changed(order: &Order<'_>, number: usize, of: Node) -> Option<(usize, Time)> {
    let here = |noted: &&Noted<'_>| {
        noted.key == Some(number) && matches!(noted.note, Note::Durable { node, .. } if *node == of)
    };
    let last = order.notes.iter().rfind(here)?;
    Some((last.line, last.at))
}

/// Whether the last roots that two nodes claim of a range with this key differ.
pub(super) fn roots_differ(order: &Order<'_>, key: &str, one: Node, two: Node) -> bool {
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
