//! Anomalies in words: which operations read and wrote what, and why that cannot be.

use super::anomaly::{Anomaly, AnomalyKind};
use super::book::{Book, Did, Fate, Holds, Part};
use super::edges::Link;
use super::inferred::Versions;
use super::models::weakest_denied;
use super::proof::Proof;
use super::walk::Cycle;
use super::whole::witness;
use crate::evidence::reason;
use crate::history::OpId;
use crate::register::Value;
use crate::txn::Told;
use crate::verdict::Reason;

/// Says what parts of transactions did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'b, 'h> {
    book: &'b Book<'h>,
}

/// A list in brackets; of a long one only the two ends.
pub(super) fn shown<V: std::borrow::Borrow<Value>>(list: &[V]) -> String {
    const FIRST: usize = 3;
    const LAST: usize = 6;
    let say = |values: &[V]| {
        let values: Vec<String> = values
            .iter()
            .map(|value| value.borrow().to_string())
            .collect();
        values.join(" ")
    };
    if list.len() <= FIRST + LAST {
        format!("[{}]", say(list))
    } else {
        let (first, last) = (&list[..FIRST], &list[list.len() - LAST..]);
        format!("[{} … {}]", say(first), say(last))
    }
}

fn anomaly(kind: AnomalyKind, key: Option<&Value>, reasons: Vec<Reason>) -> Anomaly {
    let mut ops: Vec<OpId> = reasons
        .iter()
        .flat_map(|reason| reason.ops.clone())
        .collect();
    ops.sort_unstable();
    ops.dedup();
    let denied = weakest_denied(kind).iter();
    let denied: Vec<String> = denied.map(|model| format!("not {model}")).collect();
    Anomaly {
        kind,
        sentence: format!("{}: {}.", kind.words(), denied.join(" and ")),
        key: key.map(Value::to_string),
        ops,
        reasons,
    }
}

impl<'b, 'h> Facts<'b, 'h> {
    pub(super) fn new(book: &'b Book<'h>) -> Self {
        Facts { book }
    }

    fn id(self, txn: u32) -> OpId {
        self.book.op(txn).id
    }

    /// What a part did, without who did it: `read x as [1 2]`.
    fn deed(self, key: &Value, part: Part) -> String {
        match self.book.did(part) {
            Did::Wrote(value) if self.is_list(key) => format!("appended {value} to {key}"),
            Did::Wrote(value) => format!("wrote {value} to {key}"),
            Did::Read(Told::List(list)) => format!("read {key} as {}", shown(list)),
            Did::Read(Told::Value(value)) => format!("read {key} as {value}"),
            Did::Read(_) => format!("read {key}"),
        }
    }

    fn is_list(self, key: &Value) -> bool {
        let number = self.book.number(key);
        number.is_some_and(|key| self.book.holds(key) == Holds::List)
    }

    /// What a part did, and how that ended if not well.
    fn fact(self, key: &Value, part: Part) -> Reason {
        let id = self.id(part.txn);
        let end = match self.book.fate(part.txn) {
            Fate::Committed => "",
            Fate::Failed => " and failed",
            Fate::Unknown => ", with an unknown outcome",
        };
        reason(format!("{id} {}{end}", self.deed(key, part)), &[id])
    }

    /// Several facts about one key, and what contradicts what.
    fn about(self, kind: AnomalyKind, key: u32, parts: &[Part], contradiction: String) -> Anomaly {
        let key = self.book.key(key);
        let mut reasons: Vec<Reason> = parts.iter().map(|&part| self.fact(key, part)).collect();
        let ops: Vec<OpId> = parts.iter().map(|part| self.id(part.txn)).collect();
        reasons.push(reason(contradiction, &ops));
        anomaly(kind, Some(key), reasons)
    }

    pub(super) fn internal(
        self,
        key: u32,
        earlier: Option<Part>,
        part: Part,
        own: &[&Value],
    ) -> Anomaly {
        let id = self.id(part.txn);
        let parts: Vec<Part> = earlier.into_iter().chain([part]).collect();
        let known = match (earlier, own) {
            (Some(_), []) => format!("{id} did not append to it in between"),
            (Some(_), own) => format!("all that {id} appended itself is {}", shown(own)),
            (None, own) => format!("{id} had appended {} itself before it read", shown(own)),
        };
        self.about(AnomalyKind::Internal, key, &parts, known)
    }

    pub(super) fn internal_register(self, key: u32, before: Part, part: Part) -> Anomaly {
        let id = self.id(part.txn);
        let known = format!("{id} did nothing to it in between");
        self.about(AnomalyKind::Internal, key, &[before, part], known)
    }

    pub(super) fn incompatible(self, key: u32, odd: Part, longest: Part) -> Anomaly {
        let known = "neither list begins with all of the other".to_owned();
        self.about(AnomalyKind::IncompatibleOrder, key, &[odd, longest], known)
    }

    /// The list that was read shows the second of two appends of a transaction, and the first of them
    /// after it or not at all.
    pub(super) fn disordered(self, key: u32, [first, second]: [Part; 2], reader: Part) -> Anomaly {
        let id = self.id(first.txn);
        let known = match self.book.did(first) {
            Did::Wrote(value) if self.book.list(reader).contains(value) => {
                format!("{id} had appended {value} first")
            }
            _ => format!("what {id} had appended first does not stand before that"),
        };
        let parts = [first, second, reader];
        self.about(AnomalyKind::DisorderedAppends, key, &parts, known)
    }

    pub(super) fn repeated(self, key: u32, part: Part, value: &Value) -> Anomaly {
        let known = format!("{value} was appended once, and stands in the list twice");
        self.about(AnomalyKind::DuplicateElements, key, &[part], known)
    }

    pub(super) fn aborted(self, key: u32, reader: Part, writer: Part) -> Anomaly {
        let (reading, failed) = (self.id(reader.txn), self.id(writer.txn));
        let known = format!("{reading} saw what {failed} never did");
        self.about(AnomalyKind::AbortedRead, key, &[writer, reader], known)
    }

    pub(super) fn dirty(self, key: u32, failed: Part, upon: Part, reader: Part) -> Anomaly {
        let (upon_id, failed_id) = (self.id(upon.txn), self.id(failed.txn));
        let known = format!("{upon_id} built on what {failed_id} never did");
        self.about(
            AnomalyKind::DirtyUpdate,
            key,
            &[failed, upon, reader],
            known,
        )
    }

    pub(super) fn garbage(self, key: u32, reader: Part, value: &Value) -> Anomaly {
        let known = format!("no transaction wrote {value} to {}", self.book.key(key));
        self.about(AnomalyKind::GarbageRead, key, &[reader], known)
    }

    pub(super) fn intermediate(self, key: u32, reader: Part, writer: Part) -> Anomaly {
        let (reading, writing) = (self.id(reader.txn), self.id(writer.txn));
        let known = format!("{writing} wrote more to it after that, which {reading} did not see");
        self.about(AnomalyKind::IntermediateRead, key, &[writer, reader], known)
    }

    pub(super) fn lost_update(self, key: u32, one: Part, other: Part) -> Anomaly {
        let (first, second) = (self.id(one.txn), self.id(other.txn));
        let known = format!("{first} and {second} then both wrote to it, as if the other had not");
        self.about(AnomalyKind::LostUpdate, key, &[one, other], known)
    }

    /// Somebody appended between what a transaction had read and what it then appended itself.
    pub(super) fn overtaken(self, key: u32, read: Part, [other, own]: [Part; 2]) -> Anomaly {
        let (reader, between) = (self.id(read.txn), self.id(other.txn));
        let known = format!(
            "what {between} appended stands between what {reader} had read and what it appended upon that"
        );
        let parts = [read, other, own];
        self.about(AnomalyKind::LostUpdate, key, &parts, known)
    }

    pub(super) fn future(self, key: u32, read: Part, write: Part) -> Anomaly {
        let known = format!("{} read before it wrote", self.id(read.txn));
        self.about(AnomalyKind::FutureRead, key, &[read, write], known)
    }

    pub(super) fn fractured(
        self,
        kind: AnomalyKind,
        writer: u32,
        reader: u32,
        saw: (&Value, u32),
        missed: (&Value, u32),
    ) -> Anomaly {
        let mut reasons = Vec::new();
        for (key, index) in [saw, missed] {
            let (id, txn) = (self.id(writer), reader);
            let wrote = self.book.of(writer, key).filter_map(|(_, did)| match did {
                Did::Wrote(value) => Some(value),
                Did::Read(_) => None,
            });
            if let Some(value) = wrote.last() {
                reasons.push(reason(format!("{id} wrote {value} to {key}"), &[id]));
            }
            reasons.push(self.fact(key, Part { txn, index }));
        }
        let (writing, reading) = (self.id(writer), self.id(reader));
        let known = format!(
            "{reading} saw what {writing} did to {}, and not what it did to {}",
            saw.0, missed.0
        );
        reasons.push(reason(known, &[writing, reading]));
        anomaly(kind, None, reasons)
    }

    /// A cycle, link by link, each with what proves it.
    pub(super) fn cycle(self, kind: AnomalyKind, cycle: &Cycle, versions: &[Versions]) -> Anomaly {
        let next = cycle.iter().cycle().skip(1);
        let links = cycle.iter().zip(next);
        let mut reasons = Vec::new();
        let mut keys: Vec<Option<&Value>> = Vec::new();
        for (&(from, link), &(to, _)) in links {
            let (key, fact) = self.link(from, to, link, versions);
            reasons.push(fact);
            keys.push(key);
        }
        let ids: Vec<OpId> = cycle.iter().map(|&(txn, _)| self.id(txn)).collect();
        let mut round: Vec<String> = ids.iter().map(OpId::to_string).collect();
        round.push(ids[0].to_string());
        let known = format!("each comes before the next: {}", round.join(", "));
        reasons.push(reason(known, &ids));
        let one = keys.iter().all(|key| *key == keys[0]);
        anomaly(kind, keys[0].filter(|_| one), reasons)
    }

    /// That one transaction comes before another for whoever sees both whole.
    fn whole(self, from: u32, to: u32, versions: &[Versions]) -> (Option<&'h Value>, Reason) {
        let (before, after) = (self.id(from), self.id(to));
        let Some((key, read, saw)) = witness(self.book, versions, from, to) else {
            let text = format!("{before} comes before {after}");
            return (None, reason(text, &[before, after]));
        };
        let (key, reader) = (self.book.key(key), self.id(read.txn));
        let seen = self.book.op(saw.txn).call.0[saw.index as usize].key();
        let text = format!(
            "{before} and {after} both wrote to {key}; {reader} {}, from {after}, and {}, from {before}",
            self.deed(key, read),
            self.deed(seen, saw)
        );
        (Some(key), reason(text, &[before, after, reader]))
    }

    fn link(
        self,
        from: u32,
        to: u32,
        link: Link,
        versions: &[Versions],
    ) -> (Option<&'h Value>, Reason) {
        let (before, after) = (self.id(from), self.id(to));
        let both = [before, after];
        let (one, two) = (self.book.op(from), self.book.op(to));
        match link {
            Link::Session => {
                let text = format!(
                    "{} called {before} and, once that returned, {after}",
                    one.process
                );
                (None, reason(text, &both))
            }
            Link::RealTime | Link::Pass => {
                let returned = one.returned.map_or(0, |at| at.0);
                let called = two.invoked.0;
                let text =
                    format!("{before} returned at {returned}, {after} was called at {called}");
                (None, reason(text, &both))
            }
            Link::Whole => self.whole(from, to, versions),
            Link::Ww | Link::Wr | Link::Update | Link::Rw => {
                let proof = Proof::find(self.book, from, to, link, versions);
                let Some(proof) = proof else {
                    let text = format!("{before} comes before {after}");
                    return (None, reason(text, &both));
                };
                let key = self.book.key(proof.key);
                let earlier = self.deed(key, proof.earlier);
                let later = self.deed(key, proof.later);
                let mut ops = both.to_vec();
                let text = match (link, proof.order) {
                    (Link::Wr, _) => format!("{before} {earlier}, and {after} {later}"),
                    (Link::Rw | Link::Update, _) => {
                        format!("{before} {earlier}, without what {after} did: it {later}")
                    }
                    _ => format!("{before} {earlier}, and {after} {later} after that"),
                };
                let shown = proof
                    .order
                    .filter(|order| order.txn != from && order.txn != to);
                let text = match shown {
                    Some(order) if link != Link::Wr => {
                        let id = self.id(order.txn);
                        ops.push(id);
                        format!("{text} ({id} {})", self.deed(key, order))
                    }
                    _ => text,
                };
                let text = match proof.calls {
                    Some(calls) if link != Link::Wr => {
                        let (turns, others) = self.turns(key, calls, both);
                        ops.extend(others);
                        format!("{text} ({turns})")
                    }
                    _ => text,
                };
                (Some(key), reason(text, &ops))
            }
        }
    }

    /// Who met two versions of a key one after the other, and which of these are not told of yet.
    fn turns(self, key: &Value, (one, two): (Part, Part), told: [OpId; 2]) -> (String, Vec<OpId>) {
        let (before, after) = (self.book.op(one.txn), self.book.op(two.txn));
        let who = |part: Part| {
            let id = self.id(part.txn);
            if told.contains(&id) {
                return id.to_string();
            }
            format!("{id}, which {},", self.deed(key, part))
        };
        let returned = before.returned.map_or(0, |at| at.0);
        let called = after.invoked.0;
        let text = if returned < called {
            format!(
                "{} returned at {returned}, {} was called at {called}",
                who(one),
                who(two)
            )
        } else {
            format!(
                "{} called {} and then {}",
                before.process,
                who(one),
                who(two)
            )
        };
        let others = [before.id, after.id].into_iter();
        (text, others.filter(|id| !told.contains(id)).collect())
    }
}
