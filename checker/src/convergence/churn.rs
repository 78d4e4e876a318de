//! Replicas that are equal stop mending each other.

use std::collections::BTreeMap;

use super::check::CHURN;
use super::replicas::equal;
use crate::evidence::{Disks, Finding, Findings, Marks, reason, same};
use crate::history::Time;
use crate::note::{Node, Note};
use crate::order::Order;

/// How often the same key may go the same way, long after its owners were equal.
const STRAGGLERS_MAX: usize = 2;

/// A message may have been on its way when the owners became equal, but not for longer than this
/// share of the time that the store had to mend itself.
const STRAGGLING_SHARE: u64 = 8;

/// Counts, since the faults ended, the transfers of each key whose owners hold the same.
pub(super) fn judge(order: &Order<'_>, marks: &Marks<'_>, quiet: usize, findings: &mut Findings) {
    let Some(healed) = marks.healed else { return };
    let at = |line| order.notes.iter().find(|noted| noted.line == line);
    let (Some(from), Some(until)) = (at(healed), at(quiet)) else {
        return;
    };
    let grace = until.at.0.saturating_sub(from.at.0) / STRAGGLING_SHARE;
    let mut disks = Disks::at(&order.notes, healed);
    let mut settled: Vec<Option<Time>> = (0..order.keys.len())
        .map(|key| owned_equally(&disks, marks, (key, healed)).then_some(from.at))
        .collect();
    let mut sent: BTreeMap<(usize, Node, Node), Vec<Time>> = BTreeMap::new();
    let since = order.notes.iter().filter(|noted| noted.line > healed);
    for noted in since.take_while(|noted| noted.line < marks.unrest) {
        let Some(key) = noted.key else { continue };
        let changed = changes(&disks, key, noted.note);
        disks.apply(noted);
        if changed {
            settled[key] = owned_equally(&disks, marks, (key, noted.line)).then_some(noted.at);
            let of_key = (key, Node(0), Node(0))..=(key, Node(u32::MAX), Node(u32::MAX));
            sent.range_mut(of_key).for_each(|(_, times)| times.clear());
        }
        let (Note::Transfer { from, to, kind, .. }, Some(since)) = (noted.note, settled[key])
        else {
            continue;
        };
        if !mends(kind) || noted.at.0 <= since.0.saturating_add(grace) {
            continue;
        }
        let times = sent.entry((key, *from, *to)).or_default();
        if times.last() != Some(&noted.at) {
            times.push(noted.at);
        }
        if times.len() > STRAGGLERS_MAX {
            findings.report(CHURN, || churned(order, key, (*from, *to), times));
        }
    }
}

fn changes(disks: &Disks<'_>, key: usize, note: &Note) -> bool {
    match note {
        // Where clocks do not show, they may be what was written.
        Note::Durable { node, versions, .. } => {
            !same(disks.data(key, *node), versions)
                || versions.iter().any(|version| version.clock.is_none())
        }
        Note::Owners { .. } => true,
        _ => false,
    }
}

fn owned_equally(disks: &Disks<'_>, marks: &Marks<'_>, (key, line): (usize, usize)) -> bool {
    let owners = marks.tenures[key].at(line);
    !owners.is_empty() && equal(disks, key, owners)
}

/// Other messages carry versions too, such as the answers to a read; those mend nothing.
fn mends(kind: &str) -> bool {
    matches!(kind, "repair" | "hint" | "keys") || kind.starts_with("sync")
}

fn churned(order: &Order<'_>, key: usize, (from, to): (Node, Node), times: &[Time]) -> Finding {
    let name = order.keys[key].name;
    let times: Vec<String> = times.iter().map(|at| at.0.to_string()).collect();
    Finding {
        sentence: format!(
            "Equal replicas keep mending each other: {from} sends {name} to {to} again and again."
        ),
        key: Some(name.into()),
        ops: Vec::new(),
        reasons: vec![
            reason(
                format!("long before the first of these, all owners of {name} held the same"),
                &[],
            ),
            reason(
                format!("{from} sent {name} to {to} at {}", times.join(", ")),
                &[],
            ),
            reason(
                format!("meanwhile no disk changed what it holds of {name}"),
                &[],
            ),
        ],
        kind: "",
    }
}
