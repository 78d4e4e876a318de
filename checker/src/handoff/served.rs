//! A node answers reads with nothing that it keeps for others.

use super::check::SERVED_AS_OWN;
use crate::evidence::{Finding, Findings, Marks, contents, reason};
use crate::note::Note;
use crate::order::Order;

/// Looks at every answer to a read that asks owners only. O(answers).
pub(super) fn judge(order: &Order<'_>, marks: &Marks<'_>, findings: &mut Findings) {
    for noted in &order.notes {
        let (Note::Served { node, versions, .. }, Some(number)) = (noted.note, noted.key) else {
            continue;
        };
        let tenures = &marks.tenures[number];
        let owns = tenures.at(noted.line).contains(node);
        // Who has not heard of a change, or once was an owner, may take itself for one.
        let excused = !marks.knows_owners(*node, number, noted.line)
            || tenures.ceased(*node, noted.line).is_some();
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
        findings.report(SERVED_AS_OWN, || {
            let names = tenures.at(noted.line).iter().map(ToString::to_string);
            let names: Vec<String> = names.collect();
            Finding {
                sentence: format!(
                    "A stand-in answered as an owner: {node} does not own {} and served {}.",
                    key.name,
                    contents(versions)
                ),
                key: Some(key.name.into()),
                reasons: vec![
                    reason(
                        format!("{} is owned by {}", key.name, names.join(", ")),
                        &[],
                    ),
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
            }
        });
    }
}
