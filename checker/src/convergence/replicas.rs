//! The disks of a key's owners: equal to each other, and complete.

use std::collections::BTreeSet;

use super::check::{APART, DIVERGED, MISSING_COPY};
use super::rest;
use crate::evidence::{
    Disks, Finding, Findings, Marks, acknowledged, contents, owned, reason, same,
};
use crate::history::OpId;
use crate::note::{Node, Note, Version};
use crate::order::{Key, Order};

/// Compares the owners of every key when the faults ended and when the store was mended.
pub(super) fn judge(order: &Order<'_>, marks: &Marks<'_>, quiet: usize, findings: &mut Findings) {
    if let Some(healed) = marks.healed {
        let then = Disks::at(&order.notes, healed);
        let apart =
            (0..order.keys.len()).filter(|&key| !equal(&then, key, marks.tenures[key].at(healed)));
        findings.count(APART, apart.count() as u64);
    }
    let now = Disks::at(&order.notes, quiet);
    let down = down(order, quiet);
    for (number, key) in order.keys.iter().enumerate() {
        let named = marks.owners[number].iter().copied();
        let owners: Vec<Node> = named.filter(|node| !down.contains(node)).collect();
        let owners = owners.as_slice();
        if owners.is_empty() || busy(order, marks, key, quiet) {
            continue;
        }
        findings.count("keys compared", 1);
        if !equal(&now, number, owners) {
            findings.report(DIVERGED, || diverged(order, &now, number, owners));
        }
        if !key.repeats {
            rest::judge(order, marks, (&now, number, owners), quiet, findings);
        }
        // Equal replicas may have lost the same, where losing is allowed.
        if key.repeats || marks.may_lose() {
            continue;
        }
        for &node in owners {
            let versions = now.data(number, node);
            if let Some(write) = missing(order, key, versions, quiet) {
                findings.report(MISSING_COPY, || Finding {
                    sentence: format!(
                        "A replica is incomplete: {node} owns {} and holds nothing that had seen {}.",
                        key.name,
                        key.label(write)
                    ),
                    key: Some(key.name.into()),
                    ops: vec![order.op(key.writes[write].place).id],
                    reasons: vec![
                        acknowledged(order, key, write),
                        owned(key.name, owners),
                        reason(format!("when quiet, {node} holds {}", contents(versions)), &[]),
                    ],
                    kind: "",
                });
            }
        }
    }
}

/// Whether all owners hold the same.
pub(super) fn equal(disks: &Disks<'_>, key: usize, owners: &[Node]) -> bool {
    // Not even all neighbours suffice: a context that nobody noted is like any other.
    owners.iter().enumerate().all(|(index, &one)| {
        let state = disks.state(key, one);
        let mut others = owners[index + 1..].iter();
        others.all(|&two| state.is_like(&disks.state(key, two)))
    })
}

/// The nodes that were down: nothing can be mended there.
fn down(order: &Order<'_>, quiet: usize) -> BTreeSet<Node> {
    let mut down = BTreeSet::new();
    for noted in order.notes.iter().take_while(|noted| noted.line < quiet) {
        match noted.note {
            Note::Crash(node) => down.insert(*node),
            Note::Restart(node) => down.remove(node),
            _ => false,
        };
    }
    down
}

/// Whether a write was under way: then owners may differ for a moment. One that was never answered
/// is under way only if it was called after the faults had ended.
fn busy(order: &Order<'_>, marks: &Marks<'_>, key: &Key<'_>, quiet: usize) -> bool {
    key.writes.iter().any(|write| {
        let called = order.op(write.place).line;
        let answered = write.ended != usize::MAX;
        let late = marks.healed.is_some_and(|healed| healed < called);
        called < quiet && quiet < write.ended && (answered || late)
    })
}

/// The first acknowledged write that nothing on this disk covers.
fn missing(order: &Order<'_>, key: &Key<'_>, versions: &[Version], quiet: usize) -> Option<usize> {
    let there: Vec<usize> = versions
        .iter()
        .filter_map(|version| key.write_of(version.value.as_deref()?))
        .collect();
    // A tombstone that is here may be any delete. Without one, a delete may still have been here and
    // been reaped, unless a value that it buried is left.
    let buried = versions.iter().any(|version| version.value.is_none());
    let deletes: Vec<usize> = key
        .deletes()
        .filter(|&delete| order.op(key.writes[delete].place).line < quiet)
        .filter(|&delete| {
            buried || key.revives || !there.iter().any(|&value| key.before(value, delete))
        })
        .collect();
    key.acknowledged(quiet)
        .find(|&write| !key.covered(write, &there) && !key.covered(write, &deletes))
}

fn diverged(order: &Order<'_>, disks: &Disks<'_>, number: usize, owners: &[Node]) -> Finding {
    let key = &order.keys[number];
    let pairs = owners.iter().enumerate();
    let mut pairs =
        pairs.flat_map(|(index, &one)| owners[index + 1..].iter().map(move |&two| (one, two)));
    let state = |node| disks.state(number, node);
    let apart = pairs.find(|&(one, two)| !state(one).is_like(&state(two)));
    let (first, other) = apart.unwrap_or((owners[0], owners[0]));
    let (one, two) = (disks.data(number, first), disks.data(number, other));
    let (said_one, said_two) = (contents(one), contents(two));
    let clocks_only = said_one == said_two;
    let contexts_only = same(one, two);
    let mut ops: Vec<OpId> = one
        .iter()
        .chain(two)
        .filter(|version| !(one.contains(version) && two.contains(version)))
        .filter_map(|version| key.write_of(version.value.as_deref()?))
        .map(|write| order.op(key.writes[write].place).id)
        .collect();
    ops.sort_unstable();
    ops.dedup();
    let differ = if contexts_only {
        format!("{first} and {other} both hold {said_one}, under different contexts")
    } else if clocks_only {
        format!("{first} and {other} both hold {said_one}, under different clocks")
    } else {
        format!("{first} holds {said_one}, {other} holds {said_two}")
    };
    Finding {
        sentence: format!("Replicas still differ with nothing in flight: {differ}."),
        key: Some(key.name.into()),
        reasons: vec![
            owned(key.name, owners),
            reason("all faults had ended and the store had had its time", &[]),
            reason(differ, &ops),
        ],
        ops,
        kind: if contexts_only {
            "in their contexts"
        } else if clocks_only {
            "in their clocks"
        } else if one.is_empty() || two.is_empty() {
            "one holds nothing"
        } else {
            "in their versions"
        },
    }
}
