//! What must be left on the disks: every acknowledged write, or one that superseded it.

use super::check::{LOST_DELETE, LOST_PUT, RESURRECTION};
use super::reads::came_back;
use crate::evidence::{
    Disks, Finding, Findings, Marks, acknowledged, contents, reason, supersedes,
};
use crate::note::{Note, Version};
use crate::order::{Cover, Key, Noted, Order, Status};
use crate::verdict::Reason;

/// Holds the join of all disks, hints included, against the acknowledged writes of every key.
pub(super) fn judge(order: &Order<'_>, marks: &Marks<'_>, findings: &mut Findings) {
    let Some(end) = marks.end() else { return };
    let disks = Disks::at(&order.notes, end);
    for (number, key) in order.keys.iter().enumerate() {
        if key.repeats || key.writes.is_empty() {
            continue;
        }
        findings.count("final disks", 1);
        lost(order, marks, &disks, number, findings);
        let converges = marks.setup.is_some_and(|setup| setup.converges);
        if let Some(quiet) = marks.quiet
            && converges
            && !marks.may_revive()
        {
            returned(order, marks, &disks, (number, quiet), findings);
        }
    }
}

fn lost(
    order: &Order<'_>,
    marks: &Marks<'_>,
    disks: &Disks<'_>,
    number: usize,
    findings: &mut Findings,
) {
    let key = &order.keys[number];
    let Some(end) = marks.end() else { return };
    let held = |node| disks.data(number, node).iter();
    let all: Vec<&Version> = marks
        .nodes
        .iter()
        .flat_map(|&node| held(node))
        .chain(disks.hints(number).flat_map(|(_, _, versions)| versions))
        .collect();
    let mut there: Vec<usize> = all
        .iter()
        .filter_map(|version| key.write_of(version.value.as_deref()?))
        .collect();
    there.sort_unstable();
    there.dedup();
    // A value below a delete may linger on a disk that has not heard of it; it disproves nothing.
    let called = |delete: &usize| order.op(key.writes[*delete].place).line < end;
    let deletes: Vec<usize> = key.deletes().filter(called).collect();
    let covers = deletes.iter().rev().chain(&there);
    let covers = Cover::of(key, covers.copied());
    let buried = all.iter().any(|version| version.value.is_none());
    for write in key.acknowledged(end) {
        let put = key.writes[write].value.is_some();
        // A delete that is lost is one whose value came back.
        let may = if put {
            marks.may_lose()
        } else {
            marks.may_revive()
        };
        if may {
            continue;
        }
        let gone = if put {
            !covers.has(key, write)
        } else {
            // Where the last writer wins, a value that the delete had not seen may have won over it, while
            // what it deleted lingers elsewhere.
            let beaten = marks.may_lose() && there.iter().any(|&new| !key.before(new, write));
            // Tombstones may be reaped, but not before what they buried.
            !beaten
                && !buried
                && there.iter().any(|&old| key.before(old, write))
                && !there.iter().any(|&new| key.possibly_before(write, new))
        };
        if gone {
            let rank = if put { LOST_PUT } else { LOST_DELETE };
            findings.report(rank, || story(order, marks, disks, number, write));
        }
    }
}

/// Nodes that converge keep nothing below an acknowledged write, or below one that they keep too.
fn returned(
    order: &Order<'_>,
    marks: &Marks<'_>,
    disks: &Disks<'_>,
    (number, quiet): (usize, usize),
    findings: &mut Findings,
) {
    let key = &order.keys[number];
    for &node in marks.owners[number] {
        let versions = disks.data(number, node);
        let values = versions.iter().filter_map(|one| one.value.as_deref());
        let there: Vec<usize> = values.filter_map(|value| key.write_of(value)).collect();
        for &old in &there {
            let mut certain = key.acknowledged(quiet);
            let new = certain.find(|&new| key.before(old, new));
            let beside = || there.iter().copied().find(|&new| key.before(old, new));
            let Some(new) = new.or_else(beside) else {
                continue;
            };
            findings.report(RESURRECTION, || {
                let (why, ops) = supersedes(order, key, old, new);
                let held = contents(versions);
                let still = format!("{node} still holds {held} when quiet");
                let mut reasons = vec![reason(still, &[])];
                if key.writes[new].status == Status::Acknowledged {
                    reasons.insert(0, acknowledged(order, key, new));
                }
                reasons.extend(why);
                came_back(order, key, (old, new), reasons, ops, "on a final disk")
            });
        }
    }
}

fn story(
    order: &Order<'_>,
    marks: &Marks<'_>,
    disks: &Disks<'_>,
    number: usize,
    write: usize,
) -> Finding {
    let key = &order.keys[number];
    let mut reasons = vec![acknowledged(order, key, write)];
    let (kind, last) = last_trace(order, marks, number, write);
    reasons.extend(last);
    let held: Vec<String> = marks
        .nodes
        .iter()
        .map(|&node| (node, disks.data(number, node)))
        .filter(|(_, versions)| !versions.is_empty())
        .map(|(node, versions)| format!("{node} holds {}", contents(versions)))
        .chain(disks.hints(number).map(|(holder, owner, versions)| {
            format!("{holder} keeps {} for {owner}", contents(versions))
        }))
        .collect();
    let held = if held.is_empty() {
        "nobody holds anything".into()
    } else {
        held.join(", ")
    };
    reasons.push(reason(format!("in the end of {}: {held}", key.name), &[]));
    reasons.push(reason(
        format!(
            "no write that is there, and no delete, had seen {}",
            key.label(write)
        ),
        &[],
    ));
    Finding {
        sentence: format!(
            "An acknowledged write was lost: {} is on no replica{}.",
            key.label(write),
            if marks.healed.is_some() {
                " after the cluster healed"
            } else {
                ""
            }
        ),
        key: Some(key.name.into()),
        ops: vec![order.op(key.writes[write].place).id],
        reasons,
        kind,
    }
}

/// The last note at which a disk let go of this write.
fn last_trace(
    order: &Order<'_>,
    marks: &Marks<'_>,
    number: usize,
    write: usize,
) -> (&'static str, Option<Reason>) {
    let key = &order.keys[number];
    let has = |versions: &[Version]| holds(key, versions, write);
    let end = marks.end().unwrap_or(0);
    let mut disks = Disks::default();
    let never = if marks.is_sampled() {
        "on no disk that was looked at"
    } else {
        "on no disk ever"
    };
    let (mut kind, mut last) = (never, None);
    let here = |noted: &&Noted<'_>| noted.line <= end && noted.key == Some(number);
    for noted in order.notes.iter().filter(here) {
        match noted.note {
            Note::Durable { node, versions, .. } => {
                let before = disks.data(number, *node);
                if has(before) && !has(versions) {
                    kind = "replaced on the last disk that held it";
                    let (old, new) = (contents(before), contents(versions));
                    last = Some(format!(
                        "at {} the disk of {node} went from {old} to {new}",
                        noted.at.0
                    ));
                }
            }
            Note::Hint { holder, owner, .. } | Note::HintDropped { holder, owner, .. } => {
                let kept = |disks: &Disks<'_>| {
                    disks
                        .hints(number)
                        .any(|(by, of, versions)| (by, of) == (*holder, *owner) && has(versions))
                };
                let before = kept(&disks);
                let mut after = disks.clone();
                after.apply(noted);
                if before && !kept(&after) {
                    kind = "dropped with the last hint that kept it";
                    last = Some(format!(
                        "at {} {holder} dropped it from its hint for {owner}",
                        noted.at.0
                    ));
                }
            }
            _ => {}
        }
        disks.apply(noted);
    }
    (kind, last.map(|text| reason(text, &[])))
}

fn holds(key: &Key<'_>, versions: &[Version], write: usize) -> bool {
    let values = versions.iter().filter_map(|one| one.value.as_deref());
    values
        .filter_map(|value| key.write_of(value))
        .any(|held| held == write)
}
