//! On how many disks an acknowledged write is, and on whose it must not stay.

use std::collections::BTreeSet;

use super::check::{COUNTED, STRAY_COPY, TOO_FEW_COPIES};
use super::held::{Holdings, Sight};
use crate::evidence::{Disks, Finding, Findings, Marks, Tenures, acknowledged, contents, reason};
use crate::history::Time;
use crate::note::{Node, Note};
use crate::order::{Key, Noted, Order, Status};

/// Counts copies at every acknowledgement, and looks for strangers once the store is mended.
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    needed: u32,
    findings: &mut Findings,
) {
    count(order, marks, sight, needed, findings);
    if let Some(quiet) = marks.quiet {
        strangers(order, marks, quiet, findings);
    }
}

fn count<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    needed: u32,
    findings: &mut Findings,
) {
    let returns = answers(order);
    findings.count(COUNTED, returns.len() as u64);
    let mut held = Holdings::default();
    let with = |held: &Holdings<'h>, number: usize, write| -> Vec<Node> {
        let key = &order.keys[number];
        let has = |node: &&Node| {
            let held = held.of(number, **node);
            held.is_some_and(|held| held.covers_write(sight, key, write))
        };
        marks.nodes.iter().filter(has).copied().collect()
    };
    let enough = |with: &[Node]| with.len() as u64 >= u64::from(needed);
    // Writes that had their copies before one of the disks handed its own to another.
    let mut had: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut disks = Disks::default();
    let mut notes = order.notes.iter().peekable();
    for (returned, number, write) in returns {
        while let Some(noted) = notes.next_if(|noted| noted.at <= returned) {
            disks.apply(noted);
            let (Note::Durable { node, versions, .. }
            | Note::Hint {
                holder: node,
                versions,
                ..
            }) = noted.note
            else {
                continue;
            };
            let Some(key) = noted.key else { continue };
            if versions.is_empty() && matches!(noted.note, Note::Durable { .. }) {
                for write in waiting(&order.keys[key], noted.at) {
                    if enough(&with(&held, key, write)) {
                        had.insert((key, write));
                    }
                }
                held.drop_values(key, *node);
                let hints = disks.hints(key).filter(|(holder, ..)| holder == node);
                for (_, _, versions) in hints {
                    held.add((key, &order.keys[key]), *node, versions);
                }
            }
            if is_proper(&marks.tenures[key], noted) {
                held.add((key, &order.keys[key]), *node, versions);
            }
        }
        let with = with(&held, number, write);
        if !enough(&with) && !had.contains(&(number, write)) {
            findings.report(TOO_FEW_COPIES, || {
                too_few(order, &order.keys[number], write, (&with, needed))
            });
        }
    }
}

/// When which write of which key was acknowledged, in the order of time.
fn answers(order: &Order<'_>) -> Vec<(Time, usize, usize)> {
    let mut returns: Vec<(Time, usize, usize)> = Vec::new();
    for (number, key) in order
        .keys
        .iter()
        .enumerate()
        .filter(|(_, key)| !key.repeats)
    {
        let writes = key.writes.iter().enumerate();
        let acknowledged = writes.filter(|(_, write)| write.status == Status::Acknowledged);
        returns.extend(acknowledged.filter_map(|(write, of)| Some((of.returned?, number, write))));
    }
    returns.sort_unstable();
    returns
}

/// Whether this is an owner's own copy, or one that is kept for an owner. As long as owners never
/// changed, any other copy is one that nobody will look for.
fn is_proper(tenures: &Tenures<'_>, noted: &Noted<'_>) -> bool {
    let owner = match noted.note {
        Note::Durable { node, .. } => node,
        Note::Hint { owner, .. } => owner,
        _ => return false,
    };
    tenures.is_unknown() || !tenures.changes(noted.line).is_empty() || tenures.names(*owner)
}

/// The writes of a key that are under way and will be acknowledged.
fn waiting(key: &Key<'_>, now: Time) -> impl Iterator<Item = usize> {
    let writes = key.writes.iter().enumerate();
    let under_way = writes.filter(move |(_, write)| {
        let acknowledged = write.status == Status::Acknowledged;
        acknowledged && write.invoked <= now && write.returned.is_some_and(|at| now <= at)
    });
    under_way.map(|(write, _)| write)
}

fn too_few(
    order: &Order<'_>,
    key: &Key<'_>,
    write: usize,
    (with, needed): (&[Node], u32),
) -> Finding {
    Finding {
        sentence: format!(
            "An acknowledged write had too few copies: {} was on {} disks, not on {needed}.",
            key.label(write),
            with.len()
        ),
        key: Some(key.name.into()),
        ops: vec![order.op(key.writes[write].place).id],
        reasons: vec![
            acknowledged(order, key, write),
            reason(
                if with.is_empty() {
                    "until then no disk had held it, as data of an owner or as a hint for one"
                        .into()
                } else {
                    let names: Vec<String> = with.iter().map(ToString::to_string).collect();
                    let names = names.join(", ");
                    format!(
                        "until then only {names} had held it, as data of an owner or as a hint for one"
                    )
                },
                &[],
            ),
        ],
        kind: "",
    }
}

fn strangers(order: &Order<'_>, marks: &Marks<'_>, quiet: usize, findings: &mut Findings) {
    let disks = Disks::at(&order.notes, quiet);
    for (number, key) in order.keys.iter().enumerate() {
        for &node in &marks.nodes {
            let versions = disks.data(number, node);
            if versions.is_empty() || marks.owners[number].is_empty() {
                continue;
            }
            // One that owned the key before may still hold it, and harms nobody.
            let owned = order.notes.iter().any(|noted| match noted.note {
                Note::Owners { nodes, .. } => noted.key == Some(number) && nodes.contains(&node),
                _ => false,
            });
            if owned {
                continue;
            }
            findings.report(STRAY_COPY, || Finding {
                sentence: format!(
                    "A stand-in kept the data: {node} does not own {} and still holds {}.",
                    key.name,
                    contents(versions)
                ),
                key: Some(key.name.into()),
                ops: versions
                    .iter()
                    .filter_map(|version| key.write_of(version.value.as_deref()?))
                    .map(|write| order.op(key.writes[write].place).id)
                    .collect(),
                reasons: vec![
                    reason(
                        format!(
                            "{} is owned by {}",
                            key.name,
                            marks.owners[number]
                                .iter()
                                .map(ToString::to_string)
                                .collect::<Vec<_>>()
                                .join(", ")
                        ),
                        &[],
                    ),
                    reason(
                        format!(
                            "when quiet, {node} holds {} as its own, not as a hint",
                            contents(versions)
                        ),
                        &[],
                    ),
                ],
                kind: "",
            });
        }
    }
}
