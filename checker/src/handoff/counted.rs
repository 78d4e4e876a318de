//! Whom a coordinator counted when it acknowledged a write.

use std::collections::BTreeSet;

use super::check::TOO_FEW_COPIES;
use super::held::{Held, Sight};
use crate::evidence::{Finding, Findings, Marks, Moment, names, reason};
use crate::note::{Node, Note};
use crate::order::{Key, Noted, Order};

/// Holds every count against the disks of its moment.
///
/// It takes different nodes, and each must be an owner whose disk has the write or a stand-in whose
/// disk keeps it for an owner that is not counted itself. Within one instant nobody knows what came
/// first: whatever a disk held in it, before or after, is a copy. O(notes + counts · nodes · versions).
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    findings: &mut Findings,
) {
    let mut moment = Moment::default();
    for instant in order.notes.chunk_by(|one, two| one.at == two.at) {
        for noted in instant {
            moment.apply(noted);
        }
        for noted in instant {
            count(order, marks, sight, (&moment, noted), findings);
        }
    }
}

fn count<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    (moment, noted): (&Moment<'h>, &Noted<'h>),
    findings: &mut Findings,
) {
    let (
        Note::Counted {
            value,
            needed,
            nodes,
            ..
        },
        Some(number),
    ) = (noted.note, noted.key)
    else {
        return;
    };
    let key = &order.keys[number];
    let Some(write) = written(key, value.as_deref()).filter(|_| !key.repeats) else {
        return;
    };
    let count = Count {
        marks,
        sight,
        moment,
        number,
        key,
        write,
        noted,
        nodes,
    };
    if let Some((why, kind)) = count.fault(*needed) {
        let put = order.op(key.writes[write].place);
        findings.report(TOO_FEW_COPIES, || Finding {
                sentence: format!(
                    "An acknowledgement counted what was no copy: {} was answered on the word of {}.",
                    put.label(),
                    names(nodes)
                ),
                key: Some(key.name.into()),
                ops: vec![put.id],
                reasons: vec![
                    reason(
                        format!(
                            "at {} {} ({}) was acknowledged on the word of {}, of {needed} nodes needed",
                            noted.at.0,
                            put.id,
                            put.label(),
                            names(nodes)
                        ),
                        &[put.id],
                    ),
                    reason(why, &[]),
                ],
                kind,
            });
    }
}

/// The write that was acknowledged; of several deletes nobody knows which.
fn written(key: &Key<'_>, value: Option<&str>) -> Option<usize> {
    let Some(value) = value else {
        let mut deletes = key.deletes();
        let first = deletes.next();
        return first.filter(|_| deletes.next().is_none());
    };
    key.write_of(value)
}

struct Count<'a, 'h> {
    marks: &'a Marks<'h>,
    sight: &'a Sight<'h>,
    /// The instant of the count.
    moment: &'a Moment<'h>,
    number: usize,
    key: &'a Key<'h>,
    write: usize,
    noted: &'a Noted<'h>,
    nodes: &'a [Node],
}

impl Count<'_, '_> {
    /// What is wrong with the count, if anything.
    fn fault(&self, needed: u32) -> Option<(String, &'static str)> {
        let different: BTreeSet<Node> = self.nodes.iter().copied().collect();
        if (different.len() as u64) < u64::from(needed) {
            let why = format!("these are {} different nodes", different.len());
            return Some((why, "one node counted twice"));
        }
        for &node in &different {
            let hints = self.moment.hints(self.number);
            let for_others: Vec<(Node, Held<'_>)> = hints
                .filter(|(holder, ..)| *holder == node)
                .map(|(_, owner, versions)| (owner, self.held(versions)))
                .filter(|(_, held)| self.is_copy(held))
                .collect();
            let mut own = self.moment.states(self.number, node, self.noted.line);
            if own.any(|own| self.is_copy(&self.held(own.versions))) && self.may_own(node) {
                continue;
            }
            if for_others.is_empty() {
                let why =
                    format!("no disk note shows a copy on {node} by then that owners look for");
                return Some((why, "a counted node had no copy"));
            }
            let skipped = |owner: Node| !different.contains(&owner) && self.may_own(owner);
            if !for_others.iter().any(|(owner, _)| skipped(*owner)) {
                let kept: BTreeSet<Node> = for_others.iter().map(|(owner, _)| *owner).collect();
                let why = format!(
                    "{node} kept it for {} only, and no owner of these was skipped",
                    names(&kept)
                );
                return Some((why, "a hint names no skipped owner"));
            }
        }
        None
    }

    fn held<'v>(&self, versions: &'v [crate::note::Version]) -> Held<'v>
    where
        Self: 'v,
    {
        let mut held = Held::default();
        held.add(self.key, versions);
        held
    }

    fn is_copy(&self, held: &Held<'_>) -> bool {
        held.covers_write(self.sight, self.key, self.write)
    }

    fn may_own(&self, node: Node) -> bool {
        let tenures = &self.marks.tenures[self.number];
        let line = self.noted.line;
        tenures.is_unknown()
            || !tenures.changes(line).is_empty()
            || tenures.at(line).contains(&node)
    }
}
