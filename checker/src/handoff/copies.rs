//! On how many disks an acknowledged write is, and on whose it must not stay.

use super::check::{COUNTED, STRAY_COPY, TOO_FEW_COPIES};
use super::held::{Holdings, Sight};
use crate::evidence::{Disks, Finding, Findings, Marks, acknowledged, contents, reason};
use crate::history::Time;
use crate::note::Note;
use crate::order::{Key, Order, Status};

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
    findings.count(COUNTED, returns.len() as u64);
    let mut held = Holdings::default();
    let mut notes = order.notes.iter().peekable();
    for (returned, number, write) in returns {
        while let Some(noted) = notes.next_if(|noted| noted.at <= returned) {
            let (Note::Durable { node, versions, .. }
            | Note::Hint {
                holder: node,
                versions,
                ..
            }) = noted.note
            else {
                continue;
            };
            if let Some(key) = noted.key {
                held.add((key, &order.keys[key]), *node, versions);
            }
        }
        let key = &order.keys[number];
        let with: Vec<String> = marks
            .nodes
            .iter()
            .filter(|&&node| {
                let held = held.of(number, node);
                held.is_some_and(|held| held.covers_write(sight, key, write))
            })
            .map(ToString::to_string)
            .collect();
        if (with.len() as u64) < u64::from(needed) {
            findings.report(TOO_FEW_COPIES, || {
                too_few(order, key, write, (&with, needed))
            });
        }
    }
}

fn too_few(
    order: &Order<'_>,
    key: &Key<'_>,
    write: usize,
    (with, needed): (&[String], u32),
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
                    "until then no disk had held it, as data or as a hint".into()
                } else {
                    let names = with.join(", ");
                    format!("until then only {names} had held it, as data or as a hint")
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
