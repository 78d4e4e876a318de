//! A node answers reads with nothing that it keeps for others.

use super::check::SERVED_AS_OWN;
use crate::evidence::{Finding, Findings, Marks, contents, owned, reason};
use crate::note::Note;
use crate::order::{Noted, Order};

/// Looks at every answer to a read that asks owners only. Within one instant nobody knows whether it
/// came before or after a change of owners. O(answers · log notes).
pub(super) fn judge(order: &Order<'_>, marks: &Marks<'_>, findings: &mut Findings) {
    for noted in &order.notes {
        let (Note::Served { node, versions, .. }, Some(number)) = (noted.note, noted.key) else {
            continue;
        };
        let tenures = &marks.tenures[number];
        let (before, last) = bounds(order, noted);
        let anew = tenures.changes(last).into_iter();
        let mut lines = [before, last].into_iter().chain(anew);
        let owns = lines.any(|line| before <= line && tenures.at(line).contains(node));
        // Who has not heard of a change, or once was an owner, may take itself for one.
        let heard = tenures.number(before) == tenures.number(noted.line)
            && marks.knows_owners(*node, number, before);
        let excused = !heard || tenures.ceased(*node, last).is_some();
        if versions.is_empty() || tenures.is_unknown() || owns || excused {
            continue;
        }
        let key = &order.keys[number];
        let writes = versions
            .iter()
            .filter_map(|version| key.write_of(version.value.as_deref()?));
        let ops: Vec<_> = writes
            .map(|write| order.op(key.writes[write].place).id)
            .collect();
        findings.report(SERVED_AS_OWN, || Finding {
            sentence: format!(
                "A stand-in answered as an owner: {node} does not own {} and served {}.",
                key.name,
                contents(versions)
            ),
            key: Some(key.name.into()),
            reasons: vec![
                owned(key.name, tenures.at(noted.line)),
                reason(
                    format!(
                        "at {} {node} answered a read that asks owners only with {}",
                        noted.at.0,
                        contents(versions)
                    ),
                    &ops,
                ),
            ],
            ops,
            kind: "",
        });
    }
}

/// The line just above the instant of a note, and the line of the last note in it.
fn bounds(order: &Order<'_>, noted: &Noted<'_>) -> (usize, usize) {
    let notes = &order.notes;
    let first = notes.partition_point(|other| other.at < noted.at);
    let after = notes.partition_point(|other| other.at <= noted.at);
    let above = notes.get(first).map_or(noted.line, |one| one.line);
    let last = notes[..after].last().map_or(noted.line, |one| one.line);
    (above.saturating_sub(1), last)
}
