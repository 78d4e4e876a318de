//! A delivery is merged into what the owner holds, and the second one changes nothing.

use std::collections::BTreeMap;

use super::check::NOT_MERGED;
use super::held::{Held, Sight};
use crate::evidence::{Disks, Finding, Findings, Marks, contents, reason};
use crate::note::{Node, Note, Version};
use crate::order::{Key, Noted, Order, Status};

/// Looks at every change of a disk that only deliveries of hints can have made.
///
/// Such a change may add what was kept for the owner, and nothing that the owner held goes away, whether
/// something is added or not, unless something there or a delete has seen it. O(notes · versions²).
pub(super) fn judge<'h>(
    order: &Order<'h>,
    marks: &Marks<'h>,
    sight: &Sight<'h>,
    findings: &mut Findings,
) {
    // What is lost or comes back by design is the fault of no delivery.
    if marks.may_lose() || marks.may_revive() {
        return;
    }
    let mut disks = Disks::default();
    let mut hinted: BTreeMap<(usize, Node), Vec<&'h str>> = BTreeMap::new();
    // Since a disk last changed: whether hints came to its node, and nothing else did.
    let mut arrived: BTreeMap<(usize, Node), bool> = BTreeMap::new();
    for noted in &order.notes {
        let Some(number) = noted.key else { continue };
        match noted.note {
            Note::Hint {
                owner, versions, ..
            } => {
                let values = versions.iter().filter_map(|one| one.value.as_deref());
                hinted.entry((number, *owner)).or_default().extend(values);
            }
            Note::Transfer { to, kind, .. } => {
                let only = arrived.entry((number, *to)).or_insert(true);
                *only &= kind == "hint";
            }
            Note::Durable { node, versions, .. } => {
                let by_hints = arrived.remove(&(number, *node)) == Some(true);
                let key = &order.keys[number];
                let values = hinted.get(&(number, *node));
                if let (true, Some(values), false) = (by_hints, values, key.repeats) {
                    let old = disks.data(number, *node);
                    let change = Change {
                        order,
                        key,
                        sight,
                        noted,
                        node: *node,
                        old,
                        new: versions,
                    };
                    change.judge(values, findings);
                }
            }
            _ => {}
        }
        disks.apply(noted);
    }
}

/// A disk that changed because of a delivery.
struct Change<'a, 'h> {
    order: &'a Order<'h>,
    key: &'a Key<'h>,
    sight: &'a Sight<'h>,
    noted: &'a Noted<'h>,
    node: Node,
    old: &'h [Version],
    new: &'h [Version],
}

impl<'h> Change<'_, 'h> {
    fn judge(&self, hinted: &[&str], findings: &mut Findings) {
        let added: Vec<&Version> = self.new.iter().filter(|one| self.adds(one)).collect();
        let by_hint = |one: &&Version| one.value.as_deref().is_some_and(|it| hinted.contains(&it));
        if let Some(version) = added.iter().find(|one| by_hint(one) && self.is_again(one)) {
            findings.report(NOT_MERGED, || self.finding(version, true));
            return;
        }
        // Where only others were added, or all went, something else was at work: a put, or a handover.
        let others = !added.is_empty() && !added.iter().any(by_hint);
        if others || self.new.is_empty() {
            return;
        }
        let gone =
            |one: &&Version| one.value.is_some() && !(added.is_empty() && self.is_deleted(one));
        let mut held = Held::default();
        held.add(self.key, self.new);
        let gone = self
            .old
            .iter()
            .find(|one| gone(one) && !held.covers(self.sight, self.key, one));
        if let Some(version) = gone {
            findings.report(NOT_MERGED, || self.finding(version, false));
        }
    }

    fn adds(&self, version: &Version) -> bool {
        count(self.new, version) > count(self.old, version)
    }

    /// Whether what was delivered was there before, or something that had seen it.
    fn is_again(&self, version: &Version) -> bool {
        let value = version.value.as_deref();
        let Some(write) = value.and_then(|value| self.key.write_of(value)) else {
            return false;
        };
        let had: Vec<usize> = self.writes(self.old).collect();
        // A client that saw no answer may have sent it twice, and this is the other event.
        let same = self.key.writes[write].status == Status::Acknowledged
            || version.clock.as_ref().is_some_and(|clock| {
                let mut old = self.old.iter().filter_map(|one| one.clock.as_ref());
                old.any(|old| old.dot == clock.dot || old.saw(&clock.dot))
            });
        same && self.key.covered(write, &had)
    }

    /// Whether a delete may have taken a value, even one that left no tombstone.
    fn is_deleted(&self, version: &Version) -> bool {
        let value = version.value.as_deref();
        let called = |&delete: &usize| self.key.writes[delete].invoked <= self.noted.at;
        value
            .and_then(|value| self.key.write_of(value))
            .is_some_and(|write| {
                let mut deletes = self.key.deletes().filter(called);
                deletes.any(|delete| self.key.possibly_before(write, delete))
            })
    }

    fn writes(&self, versions: &'h [Version]) -> impl Iterator<Item = usize> {
        let values = versions.iter().filter_map(|one| one.value.as_deref());
        values.filter_map(|value| self.key.write_of(value))
    }

    fn finding(&self, version: &Version, again: bool) -> Finding {
        let (key, node) = (self.key, self.node);
        let what = version.value.as_deref().unwrap_or("a tombstone");
        let writes = self.writes(self.old).chain(self.writes(self.new));
        let ops: Vec<_> = writes
            .map(|write| self.order.op(key.writes[write].place).id)
            .collect();
        let why = if again {
            format!("{what} or something that had seen it was already there")
        } else {
            format!("nothing of what was there then had seen {what}")
        };
        Finding {
            sentence: if again {
                format!(
                    "A hint that came again changed its owner: {node} took in {what} once more."
                )
            } else {
                format!("A hint overwrote its owner's data: {node} held {what} and lost it.")
            },
            key: Some(key.name.into()),
            reasons: vec![
                reason(
                    format!(
                        "at {} the disk of {node} went from {} to {}",
                        self.noted.at.0,
                        contents(self.old),
                        contents(self.new)
                    ),
                    &ops,
                ),
                reason(
                    format!(
                        "since it last changed, only hints of {} had come to {node}",
                        key.name
                    ),
                    &[],
                ),
                reason(why, &ops),
            ],
            ops,
            kind: if again {
                "it came again"
            } else {
                "it overwrote"
            },
        }
    }
}

/// How often a version is held; where clocks show, under this event.
fn count(versions: &[Version], version: &Version) -> usize {
    let dot = |one: &Version| one.clock.as_ref().map(|clock| clock.dot.clone());
    let like = |one: &&Version| one.value == version.value && dot(one) == dot(version);
    versions.iter().filter(like).count()
}
