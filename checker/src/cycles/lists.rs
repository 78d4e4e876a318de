//! Lists: every read is a version that shows all versions before it.
//!
//! What a transaction reads after it has appended ends with its own elements. They are taken off
//! first: whether somebody else's append came in between is not for this read to say.

use rustc_hash::{FxHashMap, FxHashSet};

use super::anomaly::AnomalyKind;
use super::book::{Book, Did, Fate, NONE, Part};
use super::edges::Link;
use super::explain::Facts;
use super::inferred::{Inferred, Versions};
use crate::register::Value;

/// A read, and how many of its elements come from before the transaction's own appends.
#[derive(Clone, Copy, Debug)]
struct Seen {
    part: Part,
    /// The place of the part among those of the key.
    place: u32,
    len: u32,
    /// How many elements follow that the transaction had appended itself.
    own: u32,
    /// The transaction appends next what builds on this read.
    updates: bool,
}

/// Judges one list after the other; what it allocates serves them all.
#[derive(Debug)]
pub(super) struct Lists<'b, 'h> {
    book: &'b Book<'h>,
    facts: Facts<'b, 'h>,
    key: u32,
    parts: &'b [Part],
    /// Which part appended an element.
    writers: FxHashMap<&'h Value, u32>,
    seen: Vec<Seen>,
    longest: usize,
    own: Vec<&'h Value>,
    /// For each part where in the longest read its element stands.
    positions: Vec<u32>,
    /// For each part whether its transaction appends more to the key later.
    inner: Vec<bool>,
    /// For each length the place of the part that last appended below it, and of the next above.
    below: Vec<u32>,
    above: Vec<u32>,
}

impl<'b, 'h> Lists<'b, 'h> {
    pub(super) fn new(book: &'b Book<'h>) -> Self {
        Lists {
            book,
            facts: Facts::new(book),
            key: 0,
            parts: &[],
            writers: FxHashMap::default(),
            seen: Vec::new(),
            longest: 0,
            own: Vec::new(),
            positions: Vec::new(),
            inner: Vec::new(),
            below: Vec::new(),
            above: Vec::new(),
        }
    }

    /// Infers all that a key tells; late, only what depends on which unknown transactions happened.
    pub(super) fn judge(&mut self, key: u32, late: bool, out: &mut Inferred) {
        (self.key, self.parts) = (key, self.book.parts(key));
        if !self.find_writers() {
            return out.skip(key, "was given one value twice");
        }
        self.find_reads(out);
        let Some(order) = self.order(out) else {
            return;
        };
        self.place(order, out);
        out.versions[key as usize] = if order.is_empty() {
            Versions::Unread
        } else {
            let longest = self.seen[self.longest];
            Versions::List(longest.part, longest.len)
        };
        if !late {
            self.find_disordered(out);
            self.link_writes(out);
            self.link_reads(out);
            self.find_lost_updates(out);
            self.find_future_reads(out);
            self.find_own_repeated(out);
        }
        self.link_unread(order.len(), late, out);
    }

    /// Whether every element has one writer; of two, one that failed does not count.
    fn find_writers(&mut self) -> bool {
        self.writers.clear();
        self.inner.clear();
        self.inner.resize(self.parts.len(), false);
        let mut later = NONE;
        for (place, &part) in self.parts.iter().enumerate().rev() {
            let Did::Wrote(value) = self.book.did(part) else {
                continue;
            };
            self.inner[place] = later == part.txn;
            later = part.txn;
            let place = place as u32;
            let Some(other) = self.writers.insert(value, place) else {
                continue;
            };
            let failed = |place: u32| {
                let txn = self.parts[place as usize].txn;
                self.book.fate(txn) == Fate::Failed
            };
            if failed(place) {
                self.writers.insert(value, other);
            } else if !failed(other) {
                return false;
            }
        }
        true
    }

    /// Collects reads, and looks whether each transaction agrees with itself.
    fn find_reads(&mut self, out: &mut Inferred) {
        self.seen.clear();
        let mut txn = NONE;
        // The last read of this transaction, and how much it had appended before.
        let mut before: Option<(Part, usize)> = None;
        for (place, &part) in self.parts.iter().enumerate() {
            if part.txn != txn {
                (txn, before) = (part.txn, None);
                self.own.clear();
            }
            if let Did::Wrote(value) = self.book.did(part) {
                if let (Some(last), true) = (self.seen.last_mut(), self.own.is_empty()) {
                    last.updates |= last.part.txn == txn;
                }
                self.own.push(value);
                continue;
            }
            let list = self.book.list(part);
            let ends_with = |tail: &[&Value]| {
                let end = list.len().checked_sub(tail.len()).map(|from| &list[from..]);
                end.is_some_and(|end| end.iter().eq(tail.iter().copied()))
            };
            let agrees = ends_with(&self.own)
                && before.is_none_or(|(earlier, appended)| {
                    let (earlier, since) = (self.book.list(earlier), self.own.len() - appended);
                    list.len() == earlier.len() + since && list.starts_with(earlier)
                });
            if !agrees {
                let earlier = before.map(|(earlier, _)| earlier);
                let facts = &self.facts;
                out.found.report(AnomalyKind::Internal, || {
                    facts.internal(self.key, earlier, part, &self.own)
                });
            }
            let own = if ends_with(&self.own) {
                self.own.len()
            } else {
                0
            };
            self.seen.push(Seen {
                part,
                place: place as u32,
                len: (list.len() - own) as u32,
                own: own as u32,
                updates: false,
            });
            before = Some((part, self.own.len()));
        }
    }

    fn list(&self, seen: &Seen) -> &'h [Value] {
        &self.book.list(seen.part)[..seen.len as usize]
    }

    /// The longest read, if all others are beginnings of it.
    fn order(&mut self, out: &mut Inferred) -> Option<&'h [Value]> {
        let longest = |seen: &[Seen]| {
            let places = (0..seen.len()).rev();
            places.max_by_key(|&place| seen[place].len)
        };
        let mut first = longest(&self.seen);
        if first.is_some_and(|first| self.repeated(&self.seen[first]).is_some()) {
            let seen = std::mem::take(&mut self.seen);
            let (odd, plain): (Vec<Seen>, Vec<Seen>) = seen
                .into_iter()
                .partition(|seen| self.repeated(seen).is_some());
            self.report_repeated(&odd[0], out);
            self.seen = plain;
            first = longest(&self.seen);
        }
        let Some(first) = first else {
            return Some(&[]);
        };
        let order = self.list(&self.seen[first]);
        let mut odd = self
            .seen
            .iter()
            .filter(|seen| !order.starts_with(self.list(seen)));
        if let Some(odd) = odd.next() {
            if self.repeated(odd).is_some() {
                self.report_repeated(odd, out);
            } else {
                let (odd, longest) = (odd.part, self.seen[first].part);
                let facts = &self.facts;
                out.found.report(AnomalyKind::IncompatibleOrder, || {
                    facts.incompatible(self.key, odd, longest)
                });
            }
            self.find_strangers(out);
            out.skip(self.key, "was read in two orders");
            return None;
        }
        self.longest = first;
        Some(order)
    }

    /// Elements of any read that a failed transaction appended, or nobody: that needs no order.
    fn find_strangers(&self, out: &mut Inferred) {
        let facts = &self.facts;
        for seen in &self.seen {
            for value in self.list(seen) {
                let Some(&place) = self.writers.get(value) else {
                    out.found.report(AnomalyKind::GarbageRead, || {
                        facts.garbage(self.key, seen.part, value)
                    });
                    continue;
                };
                let writer = self.parts[place as usize];
                if self.book.fate(writer.txn) == Fate::Failed {
                    out.found.report(AnomalyKind::AbortedRead, || {
                        facts.aborted(self.key, seen.part, writer)
                    });
                } else {
                    out.happened[writer.txn as usize] = true;
                }
            }
        }
    }

    fn repeated(&self, seen: &Seen) -> Option<&'h Value> {
        let mut known: FxHashSet<&Value> = FxHashSet::default();
        let list = self.list(seen).iter();
        list.clone().find(|value| !known.insert(value))
    }

    fn report_repeated(&self, seen: &Seen, out: &mut Inferred) {
        let facts = &self.facts;
        if let Some(value) = self.repeated(seen) {
            out.found.report(AnomalyKind::DuplicateElements, || {
                facts.repeated(self.key, seen.part, value)
            });
        }
    }

    /// Who appended which element of the longest read; what failed transactions and nobody wrote.
    fn place(&mut self, order: &[Value], out: &mut Inferred) {
        self.positions.clear();
        self.positions.resize(self.parts.len(), NONE);
        self.below.clear();
        self.below.push(NONE);
        self.above.clear();
        self.above.resize(order.len() + 1, NONE);
        let mut failed: Option<Part> = None;
        for (position, value) in order.iter().enumerate() {
            let mut last = self.below[position];
            let reader = self.seen[self.longest].part;
            let facts = &self.facts;
            if let Some(&place) = self.writers.get(value) {
                let part = self.parts[place as usize];
                self.positions[place as usize] = position as u32;
                if self.book.fate(part.txn) == Fate::Failed {
                    failed.get_or_insert(part);
                    out.found.report(AnomalyKind::AbortedRead, || {
                        facts.aborted(self.key, reader, part)
                    });
                } else {
                    out.happened[part.txn as usize] = true;
                    last = place;
                    self.above[position] = place;
                    if let Some(failed) =
                        failed.filter(|_| self.book.fate(part.txn) == Fate::Committed)
                    {
                        out.found.report(AnomalyKind::DirtyUpdate, || {
                            facts.dirty(self.key, failed, part, reader)
                        });
                    }
                }
            } else {
                out.found.report(AnomalyKind::GarbageRead, || {
                    facts.garbage(self.key, reader, value)
                });
            }
            self.below.push(last);
        }
        for position in (0..order.len()).rev() {
            if self.above[position] == NONE {
                self.above[position] = self.above[position + 1];
            }
        }
    }

    /// What a transaction appends stands in its order, and where a later part stands all before it does.
    fn find_disordered(&self, out: &mut Inferred) {
        let mut before: Option<(Part, u32)> = None;
        for (&part, &position) in self.parts.iter().zip(&self.positions) {
            let wrote = matches!(self.book.did(part), Did::Wrote(_));
            if !wrote || self.book.fate(part.txn) == Fate::Failed {
                continue;
            }
            let earlier = before.filter(|&(earlier, _)| earlier.txn == part.txn);
            // What was never read would stand at the end.
            if let Some((earlier, _)) = earlier.filter(|&(_, first)| first > position) {
                let (facts, reader) = (&self.facts, self.seen[self.longest].part);
                out.found.report(AnomalyKind::DisorderedAppends, || {
                    facts.disordered(self.key, [earlier, part], reader)
                });
            }
            before = Some((part, position));
        }
    }

    fn txn(&self, place: u32) -> Option<u32> {
        (place != NONE).then(|| self.parts[place as usize].txn)
    }

    fn link_writes(&self, out: &mut Inferred) {
        let mut last = None;
        for (below, next) in self.below.iter().zip(&self.below[1..]) {
            if below == next {
                continue;
            }
            let this = self.txn(*next);
            if let (Some(last), Some(this)) = (last, this)
                && last != this
            {
                out.edges.add(last, this, Link::Ww);
            }
            last = this;
        }
    }

    fn link_reads(&self, out: &mut Inferred) {
        for seen in &self.seen {
            let (reader, len) = (seen.part.txn, seen.len as usize);
            if let Some(writer) = self.txn(self.below[len]).filter(|&writer| writer != reader) {
                out.edges.add(writer, reader, Link::Wr);
            }
            if let Some(writer) = self.txn(self.above[len]).filter(|&writer| writer != reader) {
                out.edges.add(reader, writer, Link::Rw);
            }
            let Some(last) = len.checked_sub(1) else {
                continue;
            };
            let place = self.below[len];
            if place == NONE || self.positions[place as usize] as usize != last {
                continue;
            }
            let writer = self.parts[place as usize];
            if self.inner[place as usize] && writer.txn != reader {
                let facts = &self.facts;
                out.found.report(AnomalyKind::IntermediateRead, || {
                    facts.intermediate(self.key, seen.part, writer)
                });
            }
        }
    }

    /// Who appends next to what it read replaces that version, and nobody else does.
    fn find_lost_updates(&self, out: &mut Inferred) {
        let mut updated: FxHashMap<u32, Part> = FxHashMap::default();
        for seen in self.seen.iter().filter(|seen| seen.updates) {
            if let Some(other) = updated.insert(seen.len, seen.part) {
                let facts = &self.facts;
                out.found.report(AnomalyKind::LostUpdate, || {
                    facts.lost_update(self.key, other, seen.part)
                });
            }
            // The part after the read is the first that its transaction appended.
            let (own, next) = (seen.place as usize + 1, self.above[seen.len as usize]);
            if next == NONE || self.parts[next as usize].txn == seen.part.txn {
                continue;
            }
            if self.positions[own] > self.positions[next as usize] {
                let (facts, parts) = (&self.facts, [next as usize, own].map(|at| self.parts[at]));
                out.found.report(AnomalyKind::LostUpdate, || {
                    facts.overtaken(self.key, seen.part, parts)
                });
            }
        }
    }

    fn find_future_reads(&self, out: &mut Inferred) {
        let mut seen = self.seen.iter().rev().peekable();
        // What the transaction appends later that stands first in the list.
        let mut later: Option<(u32, Part)> = None;
        for (place, &part) in self.parts.iter().enumerate().rev() {
            later = later.filter(|(_, write)| write.txn == part.txn);
            if let Did::Wrote(_) = self.book.did(part) {
                let position = self.positions[place];
                if later.is_none_or(|(first, _)| position < first) {
                    later = Some((position, part));
                }
            } else if let Some(seen) = seen.next_if(|seen| seen.place as usize == place)
                && let Some((_, write)) = later.filter(|&(first, _)| first < seen.len)
            {
                let facts = &self.facts;
                out.found.report(AnomalyKind::FutureRead, || {
                    facts.future(self.key, seen.part, write)
                });
            }
        }
    }

    /// What a transaction appended stands at the end of its next reads, and nowhere before.
    fn find_own_repeated(&self, out: &mut Inferred) {
        let mut seen = self.seen.iter().peekable();
        let mut first: Option<(u32, u32, &Value)> = None;
        for (place, &part) in self.parts.iter().enumerate() {
            if let Some(seen) = seen.next_if(|seen| seen.place as usize == place) {
                let mine = first.filter(|&(txn, ..)| seen.own > 0 && txn == part.txn);
                if let Some((_, _, value)) = mine.filter(|&(_, position, _)| position < seen.len) {
                    let facts = &self.facts;
                    out.found.report(AnomalyKind::DuplicateElements, || {
                        facts.repeated(self.key, part, value)
                    });
                }
            } else if let Did::Wrote(value) = self.book.did(part) {
                let position = self.positions[place];
                let known = first.filter(|&(txn, ..)| txn == part.txn);
                if known.is_none_or(|(_, earliest, _)| position < earliest) {
                    first = Some((part.txn, position, value));
                }
            }
        }
    }

    /// What happened and was never read came after all that was read.
    fn link_unread(&self, len: usize, late: bool, out: &mut Inferred) {
        let places = self.parts.iter().zip(&self.positions);
        let unread = places.filter(|&(_, &position)| position == NONE);
        let unread = unread.map(|(&part, _)| part);
        let unread = out.writers(self.book, (self.key, late), unread);
        if unread.is_empty() {
            return;
        }
        if let Some(last) = self.txn(self.below[len]) {
            let others = unread.iter().filter(|&&txn| txn != last);
            others.for_each(|&txn| out.edges.add(last, txn, Link::Ww));
        }
        let mut readers: Vec<u32> = self
            .seen
            .iter()
            .filter(|seen| self.above[seen.len as usize] == NONE)
            .map(|seen| seen.part.txn)
            .collect();
        readers.sort_unstable();
        readers.dedup();
        out.edges.fan(&readers, &unread);
    }
}
