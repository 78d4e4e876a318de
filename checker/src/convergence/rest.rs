//! The rest of the final rule: an owner holds nothing that was superseded, and nothing of nobody.

use super::check::{FOREIGN_COPY, SUPERSEDED_COPY};
use crate::evidence::{Disks, Finding, Findings, Marks, contents, owned, reason, supersedes};
use crate::note::{Node, Version};
use crate::order::{Key, Order, Status};

/// Looks for versions that no set of effective writes leaves on the owners of one key when quiet.
///
/// Together with the rule that each has every acknowledged write this is exact: a set of effective
/// writes explains what an owner holds when nothing on it is below another version on it or below an
/// acknowledged write, and everything on it was put and did not certainly fail.
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    (disks, number, owners): (&Disks<'h>, usize, &[Node]),
    quiet: usize,
    findings: &mut Findings,
) {
    let key = &order.keys[number];
    for &node in owners {
        let versions = disks.data(number, node);
        let values = versions.iter().filter_map(|one| one.value.as_deref());
        let known = |value| key.write_of(value);
        let there: Vec<usize> = values.clone().filter_map(known).collect();
        for value in values {
            let write = key.write_of(value);
            if write.is_none_or(|write| key.writes[write].status == Status::Failed) {
                findings.report(FOREIGN_COPY, || {
                    foreign(order, key, (node, owners, versions), (value, write))
                });
            }
        }
        // What replaced a value may have been forgotten, where that is allowed.
        if marks.may_revive() {
            continue;
        }
        for &old in &there {
            let mut beside = there.iter().copied();
            let beside = beside.find(|&new| key.before(old, new));
            // Where writes get lost, the one that replaced it may be lost; one that is there is not.
            let mut acknowledged = key.acknowledged(quiet).filter(|_| !marks.may_lose());
            let above = beside.or_else(|| acknowledged.find(|&new| key.before(old, new)));
            let Some(new) = above else {
                continue;
            };
            findings.report(SUPERSEDED_COPY, || {
                superseded(order, key, (node, owners, versions), (old, new))
            });
        }
    }
}

type Place<'a> = (Node, &'a [Node], &'a [Version]);

fn superseded(
    order: &Order<'_>,
    key: &Key<'_>,
    (node, owners, versions): Place<'_>,
    (old, new): (usize, usize),
) -> Finding {
    let (why, mut ops) = supersedes(order, key, old, new);
    let (low, by) = (key.label(old), order.op(key.writes[new].place));
    ops.extend([order.op(key.writes[old].place).id, by.id]);
    let mut reasons = vec![
        owned(key.name, owners),
        reason(
            format!("when quiet, {node} holds {}", contents(versions)),
            &[],
        ),
    ];
    reasons.extend(why);
    Finding {
        sentence: format!(
            "A replica holds what was replaced: {node} owns {} and still has {low}, which {} replaced.",
            key.name, by.id
        ),
        key: Some(key.name.into()),
        ops,
        reasons,
        kind: if key.writes[new].value.is_none() {
            "below a delete"
        } else {
            "below a put"
        },
    }
}

fn foreign(
    order: &Order<'_>,
    key: &Key<'_>,
    (node, owners, versions): Place<'_>,
    (value, write): (&str, Option<usize>),
) -> Finding {
    let put = write.map(|write| order.op(key.writes[write].place));
    let ops: Vec<_> = put.iter().map(|put| put.id).collect();
    let why = put.map_or_else(
        || format!("no put of {} has the value {value}", key.name),
        |put| format!("{} ({}) certainly failed", put.id, put.label()),
    );
    Finding {
        sentence: format!(
            "A replica holds what nobody wrote: {node} owns {} and has {value}.",
            key.name
        ),
        key: Some(key.name.into()),
        reasons: vec![
            owned(key.name, owners),
            reason(
                format!("when quiet, {node} holds {}", contents(versions)),
                &[],
            ),
            reason(why, &ops),
        ],
        ops,
        kind: if write.is_some() {
            "failed put"
        } else {
            "never put"
        },
    }
}
