//! What a read may return: only what was put, once, without what it superseded, and in the end all.

use super::check::{DUPLICATE, FALSE_CONFLICT, INVENTION, LOST_DELETE, LOST_PUT, RESURRECTION};
use crate::evidence::{Finding, Findings, Marks, acknowledged, answered, reason, supersedes};
use crate::history::OpId;
use crate::order::{Cover, Key, Order, Read, Status};
use crate::verdict::Reason;

/// Holds every read of one key against the writes of that key.
pub(super) fn judge(order: &Order<'_>, key: &Key<'_>, marks: &Marks<'_>, findings: &mut Findings) {
    let several = key.reads.iter().filter(|read| read.values.len() > 1);
    findings.count("reads of several siblings", several.count() as u64);
    findings.count("reads", key.reads.len() as u64);
    let promised = marks.setup.is_none_or(|setup| setup.converges);
    let mut settled = None;
    for read in &key.reads {
        invention(order, key, read, findings);
        pairs(order, key, read, marks, findings);
        if let Some(quiet) = marks.quiet
            && promised
            && marks.mended(read.line, read.ended)
        {
            findings.count("final reads", 1);
            let settled = settled.get_or_insert_with(|| Settled::new(key, quiet));
            complete(order, key, read, (marks, settled), findings);
        }
    }
}

/// What final reads are held against.
struct Settled {
    quiet: usize,
    /// All that is superseded by writes that were acknowledged before quiet.
    superseded: Cover,
}

impl Settled {
    fn new(key: &Key<'_>, quiet: usize) -> Self {
        let certain: Vec<usize> = key.acknowledged(quiet).collect();
        let seen = certain.iter().rev().flat_map(|&write| key.seen(write));
        Settled {
            quiet,
            superseded: Cover::of(key, seen.copied()),
        }
    }

    /// A write of the answer that is superseded, and what supersedes it.
    fn came_back(&self, key: &Key<'_>, answer: &[usize]) -> Option<(usize, usize)> {
        if !answer.iter().any(|&old| self.superseded.has(key, old)) {
            return None;
        }
        key.acknowledged(self.quiet).find_map(|new| {
            let mut old = answer.iter().filter(|&&old| key.before(old, new));
            old.next().map(|&old| (old, new))
        })
    }
}

fn invention(order: &Order<'_>, key: &Key<'_>, read: &Read<'_>, findings: &mut Findings) {
    let get = order.op(read.place).id;
    if key.written(read).len() < read.values.len() {
        let unknown = read
            .values
            .iter()
            .find(|value| key.write_of(value).is_none());
        if let Some(value) = unknown {
            findings.report(INVENTION, || Finding {
                sentence: format!(
                    "A value was invented: {get} returned {value}, which nobody put."
                ),
                key: Some(key.name.into()),
                ops: vec![get],
                reasons: vec![
                    answered(order, read),
                    reason(format!("no put of {} has the value {value}", key.name), &[]),
                ],
                kind: "never put",
            });
        }
    }
    for &write in key.written(read) {
        let of = &key.writes[write];
        let put = order.op(of.place).id;
        let value = key.label(write);
        let (kind, why) = if of.status == Status::Failed {
            (
                "failed put",
                format!("{put} put {value} and certainly failed"),
            )
        } else if of.invoked > read.returned {
            (
                "put later",
                format!("{put} put {value} at {}, after that answer", of.invoked.0),
            )
        } else {
            continue;
        };
        findings.report(INVENTION, || Finding {
            sentence: format!(
                "A value was invented: {get} returned {value}, which had not been written."
            ),
            key: Some(key.name.into()),
            ops: vec![get, put],
            reasons: vec![answered(order, read), reason(why, &[put])],
            kind,
        });
    }
}

fn pairs(
    order: &Order<'_>,
    key: &Key<'_>,
    read: &Read<'_>,
    marks: &Marks<'_>,
    findings: &mut Findings,
) {
    let get = order.op(read.place).id;
    for (index, &one) in key.written(read).iter().enumerate() {
        for &two in &key.written(read)[index + 1..] {
            if one == two {
                let put = order.op(key.writes[one].place).id;
                let value = key.label(one);
                findings.report(DUPLICATE, || Finding {
                    sentence: format!("One write became two: {get} returned {value} twice."),
                    key: Some(key.name.into()),
                    ops: vec![get, put],
                    reasons: vec![
                        answered(order, read),
                        reason(format!("only {put} put {value}"), &[put]),
                    ],
                    kind: "",
                });
                continue;
            }
            if marks.may_revive() {
                continue;
            }
            let (old, new) = if key.covers(two, one) {
                (one, two)
            } else if key.covers(one, two) {
                (two, one)
            } else {
                continue;
            };
            findings.report(FALSE_CONFLICT, || {
                let mut reasons = vec![answered(order, read)];
                let (why, mut ops) = supersedes(order, key, old, new);
                reasons.extend(why);
                ops.push(get);
                Finding {
                    sentence: format!(
                        "{get} returned {} and its own successor {} side by side.",
                        key.label(old),
                        key.label(new)
                    ),
                    key: Some(key.name.into()),
                    ops,
                    reasons,
                    kind: "returned beside its successor",
                }
            });
        }
    }
}

fn complete(
    order: &Order<'_>,
    key: &Key<'_>,
    read: &Read<'_>,
    (marks, settled): (&Marks<'_>, &Settled),
    findings: &mut Findings,
) {
    let get = order.op(read.place).id;
    let answer = key.written(read);
    if !marks.may_revive() {
        beside(order, key, read, findings);
        if let Some((old, new)) = settled.came_back(key, answer) {
            findings.report(RESURRECTION, || {
                let (why, mut ops) = supersedes(order, key, old, new);
                let mut reasons = vec![
                    answered(order, read),
                    mended(),
                    acknowledged(order, key, new),
                ];
                reasons.extend(why);
                ops.push(get);
                came_back(order, key, (old, new), reasons, ops, "in a final read")
            });
        }
    }
    let hidden: Vec<usize> = key.hidden(answer, read.returned).collect();
    let there = hidden.into_iter().rev().chain(answer.iter().copied());
    for write in Cover::of(key, there).rest(key) {
        let of = &key.writes[write];
        if of.status != Status::Acknowledged || of.ended >= settled.quiet {
            continue;
        }
        // A delete that is lost is one whose value came back.
        let (rank, may) = match of.value {
            Some(_) => (LOST_PUT, marks.may_lose()),
            None => (LOST_DELETE, marks.may_revive()),
        };
        if may {
            continue;
        }
        findings.report(rank, || Finding {
            sentence: format!(
                "An acknowledged write was lost: {} is missing from what the mended store returns.",
                key.label(write)
            ),
            key: Some(key.name.into()),
            ops: vec![order.op(of.place).id, get],
            reasons: vec![
                acknowledged(order, key, write),
                answered(order, read),
                mended(),
                reason(
                    format!(
                        "nothing returned had seen {}, and no delete that may have hidden it had",
                        key.label(write)
                    ),
                    &[get],
                ),
            ],
            kind: "missing from a final read",
        });
    }
}

/// A write that was returned took effect, acknowledged or not, so what it replaced came back.
fn beside(order: &Order<'_>, key: &Key<'_>, read: &Read<'_>, findings: &mut Findings) {
    let there = key.written(read);
    let pairs = there
        .iter()
        .flat_map(|&old| there.iter().map(move |&new| (old, new)));
    for (old, new) in pairs.filter(|&(old, new)| key.before(old, new)) {
        findings.report(RESURRECTION, || {
            let (why, mut ops) = supersedes(order, key, old, new);
            let mut reasons = vec![answered(order, read), mended()];
            reasons.extend(why);
            ops.push(order.op(read.place).id);
            came_back(order, key, (old, new), reasons, ops, "in a final read")
        });
    }
}

/// The finding that a superseded write is there although its superseder was acknowledged.
pub(super) fn came_back(
    order: &Order<'_>,
    key: &Key<'_>,
    (old, new): (usize, usize),
    reasons: Vec<Reason>,
    ops: Vec<OpId>,
    kind: &'static str,
) -> Finding {
    let by = order.op(key.writes[new].place).id;
    let deleted = key.writes[new].value.is_none();
    let did = if deleted { "deleted" } else { "replaced" };
    Finding {
        sentence: format!(
            "A {did} value came back: {by} {did} {}, and the mended store still has it.",
            key.label(old)
        ),
        key: Some(key.name.into()),
        ops,
        reasons,
        kind,
    }
}

fn mended() -> Reason {
    reason(
        "that read began after all faults had ended and the store had had its time",
        &[],
    )
}
