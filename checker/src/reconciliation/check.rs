//! The checker of reconciliation: whether what all clients changed is there in the end, once, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::merged::{Held, Kind, Merged};
use crate::evidence::{Finding, Findings, Marks, acknowledged, answered, reason};
use crate::history::{History, Time};
use crate::kv::Kv;
use crate::order::{Key, Order, Read, Status};
use crate::verdict::{Budget, Checker, Counterexample, Promise, Verdict};

/// Judges objects by what their values hold, whatever contexts say.
///
/// A key is an object if all that was put there, and did not certainly fail, are values of one kind of
/// [`Merged`]. Of every answer, merged, each part must be one that somebody had put by then. What a put
/// holds must be what its context had returned and its one change. And what the mended store returns must
/// hold every acknowledged change, where the setup promises to converge and not to lose; a key with deletes
/// is not asked for that.
///
/// Objects only grow, so that it does no harm to them if what was replaced comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation;

const INVENTION: usize = 0;
const DUPLICATE: usize = 1;
const LOST: usize = 2;
const ORDER: usize = 3;
const MISMERGED: usize = 4;

const PARTS: [&str; 5] = [
    "invention",
    "duplicate",
    "lost change",
    "order",
    "merged wrongly",
];

impl Reconciliation {
    /// The first violation of every part that is broken, the gravest first; what [`Checker::check`]
    /// reports is the first of them. As costly as a check.
    pub fn findings(&self, history: &History<Kv>) -> Vec<Counterexample> {
        let order = Order::new(history);
        judged(&order, &Marks::new(&order)).0.all()
    }
}

impl Checker<Kv> for Reconciliation {
    fn promise(&self) -> Promise {
        Promise::Reconciliation
    }

    /// O(parts of all values · log puts); needs no budget.
    fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
        let order = Order::new(history);
        verdict(&order, &Marks::new(&order))
    }
}

/// The verdict on a history that is indexed already.
pub(crate) fn verdict(order: &Order<'_>, marks: &Marks<'_>) -> Verdict {
    let (findings, met) = judged(order, marks);
    let missing = "no acknowledged change of a set, counter or list met a read";
    findings.verdict((!met).then(|| missing.to_owned()))
}

/// All findings, and whether any acknowledged change met a read.
fn judged(order: &Order<'_>, marks: &Marks<'_>) -> (Findings, bool) {
    let mut findings = Findings::new(Promise::Reconciliation, &PARTS);
    for name in [
        "acknowledged changes",
        "changes of several siblings",
        "changes tried again",
        "final reads of objects",
        "reads of objects",
    ] {
        findings.count(name, 0);
    }
    let mut met = false;
    for key in order.keys.iter().filter(|key| !key.repeats) {
        let Some(object) = Object::of(key) else {
            continue;
        };
        let acknowledged = object.puts.iter().flatten().count();
        let acknowledged = acknowledged.min(key.acknowledged(usize::MAX).count());
        met |= acknowledged > 0 && !key.reads.is_empty();
        Judge {
            order,
            key,
            object,
            marks,
            findings: &mut findings,
        }
        .judge();
    }
    (findings, met)
}

/// One key, as what its values hold.
struct Object {
    kind: Kind,
    /// Of each write what it put, as far as it may have taken effect; of deletes nothing.
    puts: Vec<Option<Merged>>,
    /// Of each name what was put of it: when at the earliest, and which number, by these.
    changes: BTreeMap<String, Vec<(Time, u64)>>,
}

impl Object {
    /// `None` if it is no object, or nothing was put.
    fn of(key: &Key<'_>) -> Option<Object> {
        let mut kind = None;
        let mut puts = Vec::with_capacity(key.writes.len());
        for write in &key.writes {
            let value = write.value.filter(|_| write.status != Status::Failed);
            let Some(value) = value else {
                puts.push(None);
                continue;
            };
            let merged: Merged = value.parse().ok()?;
            if *kind.get_or_insert(merged.kind) != merged.kind {
                return None;
            }
            puts.push(Some(merged));
        }
        let mut changes: BTreeMap<String, Vec<(Time, u64)>> = BTreeMap::new();
        for (write, put) in key.writes.iter().zip(&puts) {
            if let Some((name, number)) = put.as_ref().and_then(Merged::change) {
                let known = changes.entry(name.to_owned()).or_default();
                known.push((write.invoked, number));
            }
        }
        Some(Object {
            kind: kind?,
            puts,
            changes,
        })
    }

    /// The highest number that may have been put of a name until then.
    fn reached(&self, name: &str, until: Time) -> Option<u64> {
        let changes = self.changes.get(name)?.iter();
        let before = changes.filter(|(at, _)| *at <= until);
        before.map(|(_, number)| *number).max()
    }

    /// A part as a reader says it.
    fn said(&self, name: &str, number: u64) -> String {
        match self.kind {
            Kind::Set => format!("element {name}"),
            Kind::Counter => format!("count {number} of {name}"),
            Kind::List => format!("entry {name}"),
        }
    }
}

struct Judge<'j, 'h> {
    order: &'j Order<'h>,
    key: &'j Key<'h>,
    object: Object,
    marks: &'j Marks<'h>,
    findings: &'j mut Findings,
}

impl Judge<'_, '_> {
    fn judge(mut self) {
        self.puts();
        let deleted = self.key.deletes().next().is_some();
        let setup = self.marks.setup;
        let keeps = setup.is_none_or(|setup| setup.converges && !setup.may_lose) && !deleted;
        for read in &self.key.reads {
            let Some(values) = self.values(read) else {
                continue;
            };
            self.findings.count("reads of objects", 1);
            let held = Merged::merge(&values);
            self.invented(read, &held);
            if keeps && self.marks.mended(read.line, read.ended) {
                self.findings.count("final reads of objects", 1);
                self.lost(read, &held);
            }
        }
    }

    /// What a read returned, if all of it is of this kind.
    fn values(&mut self, read: &Read<'_>) -> Option<Vec<Merged>> {
        let kind = self.object.kind;
        let mut values = Vec::with_capacity(read.values.len());
        for text in read.values {
            let Some(value) = text
                .parse()
                .ok()
                .filter(|value: &Merged| value.kind == kind)
            else {
                self.report(INVENTION, read, || {
                    let why = format!("all that was put of it are values of a {kind}");
                    (
                        format!("{text}, which is no {kind}"),
                        vec![why],
                        "no object",
                    )
                });
                return None;
            };
            self.well_formed(read, &value);
            values.push(value);
        }
        Some(values)
    }

    /// Nothing is in a value twice, and entries are in the order of their stamps.
    fn well_formed(&mut self, read: &Read<'_>, value: &Merged) {
        let mut names = BTreeSet::new();
        if let Some((name, _)) = value.parts.iter().find(|(name, _)| !names.insert(name)) {
            self.report(DUPLICATE, read, || {
                (format!("{value}, which has {name} twice"), Vec::new(), "")
            });
        }
        if value.kind != Kind::List {
            return;
        }
        let mut pairs = value.parts.windows(2);
        let place = |(name, stamp): &(String, u64)| (*stamp, name.len(), name.clone());
        if let Some(pair) = pairs.find(|pair| place(&pair[0]) > place(&pair[1])) {
            let (first, then) = (&pair[0].0, &pair[1].0);
            self.report(ORDER, read, || {
                let why = "entries are merged by stamp, then by name".to_owned();
                let what = format!("{value}, in which {first} comes before {then}");
                (what, vec![why], "out of order")
            });
        }
        let moved = value.parts.iter().find(|(name, stamp)| {
            let known = self.object.changes.get(name);
            known.is_some_and(|known| known.iter().all(|(_, put)| put != stamp))
        });
        if let Some((name, stamp)) = moved {
            self.report(ORDER, read, || {
                let why = format!("{name} was never put with the stamp {stamp}");
                (
                    format!("{value}, in which {name} has moved"),
                    vec![why],
                    "moved",
                )
            });
        }
    }

    /// Each part of an answer is one that somebody put.
    fn invented(&mut self, read: &Read<'_>, held: &Held) {
        for (name, &number) in held {
            let reached = self.object.reached(name, read.returned);
            if reached.is_some_and(|most| self.object.kind == Kind::List || number <= most) {
                continue;
            }
            let part = self.object.said(name, number);
            let key = self.key.name;
            self.report(INVENTION, read, || {
                let why = match reached {
                    Some(most) => format!("{name} had counted to {most} at most by then"),
                    None => format!("nobody had put {part} of {key} by then, but where it failed"),
                };
                (
                    format!("{part}, which nobody had added"),
                    vec![why],
                    "never added",
                )
            });
        }
    }

    /// What the mended store returns holds every change that was acknowledged before it counted as mended.
    fn lost(&mut self, read: &Read<'_>, held: &Held) {
        let (order, key) = (self.order, self.key);
        let quiet = self.marks.quiet.unwrap_or(usize::MAX);
        for write in key.acknowledged(quiet) {
            let put = self.object.puts[write].as_ref();
            let Some((name, number)) = put.and_then(Merged::change) else {
                continue;
            };
            if held.get(name).is_some_and(|has| *has >= number) {
                continue;
            }
            let part = self.object.said(name, number);
            let get = order.op(read.place).id;
            let put = order.op(key.writes[write].place).id;
            let kind = self.object.kind;
            self.findings.report(LOST, || Finding {
                sentence: format!(
                    "An acknowledged change was lost: {part} of {} is missing from what the mended store returns.",
                    key.name
                ),
                key: Some(key.name.into()),
                ops: vec![put, get],
                reasons: vec![
                    acknowledged(order, key, write),
                    answered(order, read),
                    reason(
                        format!("{} is a {kind}: it only grows, and whoever reads it merges all versions", key.name),
                        &[get],
                    ),
                ],
                kind: "missing from a final read",
            });
        }
    }

    /// What each put holds is what its context had returned and its change.
    fn puts(&mut self) {
        let (order, key) = (self.order, self.key);
        let mut changed = BTreeSet::new();
        for (write, put) in self.object.puts.iter().enumerate() {
            let Some(put) = put else { continue };
            let Some((own, number)) = put.change() else {
                continue;
            };
            self.findings.count(
                "changes tried again",
                u64::from(!changed.insert((own.to_owned(), number))),
            );
            let acknowledged = key.writes[write].status == Status::Acknowledged;
            self.findings
                .count("acknowledged changes", u64::from(acknowledged));
            let seen = key.seen(write);
            self.findings
                .count("changes of several siblings", u64::from(seen.len() > 1));
            let read = seen
                .iter()
                .filter_map(|&seen| self.object.puts[seen].as_ref());
            let read = Merged::merge(read);
            let wrong = wrong(put, &read);
            let Some(wrong) = wrong else { continue };
            let op = order.op(key.writes[write].place);
            let mut ops = vec![op.id];
            ops.extend_from_slice(op.call.context());
            self.findings.report(MISMERGED, || Finding {
                sentence: format!(
                    "A client merged wrongly: {} ({}) {wrong}.",
                    op.id,
                    op.label()
                ),
                key: Some(key.name.into()),
                reasons: vec![reason(
                    "a put holds what its context had returned, and one change",
                    &ops,
                )],
                ops,
                kind: "",
            });
        }
    }

    /// A finding about an answer: what was returned, why that is wrong, and the kind of it.
    fn report(
        &mut self,
        rank: usize,
        read: &Read<'_>,
        said: impl FnOnce() -> (String, Vec<String>, &'static str),
    ) {
        let (order, key) = (self.order, self.key);
        self.findings.report(rank, || {
            let (what, why, kind) = said();
            let get = order.op(read.place).id;
            let why = why.into_iter().map(|why| reason(why, &[]));
            Finding {
                sentence: format!(
                    "{} is not what its clients made of it: {get} returned {what}.",
                    key.name
                ),
                key: Some(key.name.into()),
                ops: vec![get],
                reasons: std::iter::once(answered(order, read)).chain(why).collect(),
                kind,
            }
        });
    }
}

/// What is wrong with a put of someone who had read this.
fn wrong(put: &Merged, read: &Held) -> Option<String> {
    let (own, number) = put.change()?;
    let holds = Merged::merge([put]);
    if let Some((name, _)) = read
        .iter()
        .find(|(name, known)| holds.get(*name).is_none_or(|number| number < known))
    {
        return Some(format!("lacks {name}, which its context had returned"));
    }
    let more = |(name, number): &(&String, &u64)| {
        name.as_str() != own && read.get(*name).is_none_or(|known| known < *number)
    };
    if let Some((name, _)) = holds.iter().find(more) {
        return Some(format!("has {name}, which its context had not returned"));
    }
    let last = read.values().max().copied().unwrap_or(0);
    let changes = match put.kind {
        Kind::Set => !read.contains_key(own),
        Kind::Counter => read.get(own).is_none_or(|known| *known < number),
        Kind::List => number > last,
    };
    (!changes).then(|| format!("changes nothing of {own}"))
}
