//! Registers: a value says who wrote it; what it replaced is known only where its writer had read it.

use rustc_hash::FxHashMap;

use super::anomaly::AnomalyKind;
use super::book::{Book, Did, Fate, NONE, Part};
use super::check::Sources;
use super::edges::Link;
use super::explain::Facts;
use super::inferred::{Inferred, Versions};
use super::successions::{Touch, in_real_time, in_sessions};
use crate::register::Value;
use crate::txn::Told;

/// Who wrote a value, who read it and who replaced it.
#[derive(Debug, Default)]
struct Version {
    /// The place of the part that wrote it.
    writer: Option<u32>,
    readers: Vec<u32>,
    /// Transactions that had read it and then wrote.
    replaced_by: Vec<u32>,
    /// The read before the first of these writes.
    replacer: Option<Part>,
}

/// Judges one register after the other.
#[derive(Debug)]
pub(super) struct Registers<'b, 'h> {
    book: &'b Book<'h>,
    facts: Facts<'b, 'h>,
    sources: Sources,
    key: u32,
    parts: &'b [Part],
    numbers: FxHashMap<&'h Value, u32>,
    /// The first is nil.
    versions: Vec<Version>,
    /// For each part whether its transaction writes the key again later.
    inner: Vec<bool>,
    /// Who touched the key, where the order of that is a source.
    touches: Vec<Touch>,
}

const NIL: u32 = 0;

impl<'b, 'h> Registers<'b, 'h> {
    pub(super) fn new(book: &'b Book<'h>, sources: Sources) -> Self {
        Registers {
            book,
            facts: Facts::new(book),
            sources,
            key: 0,
            parts: &[],
            numbers: FxHashMap::default(),
            versions: Vec::new(),
            inner: Vec::new(),
            touches: Vec::new(),
        }
    }

    /// Infers all that a key tells; late, only what depends on which unknown transactions happened.
    pub(super) fn judge(&mut self, key: u32, late: bool, out: &mut Inferred) {
        (self.key, self.parts) = (key, self.book.parts(key));
        if let Err(why) = self.find_writers() {
            return out.skip(key, why);
        }
        out.versions[key as usize] = Versions::Register;
        self.find_reads(out);
        if !late {
            self.link(out);
            if self.sources.sessions || self.sources.real_time {
                self.find_touches();
                self.link_successions(out);
            }
        }
        self.link_first(late, out);
    }

    fn number(&mut self, value: &'h Value) -> usize {
        let next = self.versions.len() as u32;
        let number = *self.numbers.entry(value).or_insert(next);
        if number == next {
            self.versions.push(Version::default());
        }
        number as usize
    }

    /// Whether every value has one writer; of two, one that failed does not count. Nil has none.
    fn find_writers(&mut self) -> Result<(), &'static str> {
        self.numbers.clear();
        self.versions.clear();
        self.number(&Value::Nil);
        self.inner.clear();
        self.inner.resize(self.parts.len(), false);
        let mut later = NONE;
        for (place, &part) in self.parts.iter().enumerate().rev() {
            let Did::Wrote(value) = self.book.did(part) else {
                continue;
            };
            self.inner[place] = later == part.txn;
            later = part.txn;
            let number = self.number(value);
            let failed = |place: u32| {
                let txn = self.parts[place as usize].txn;
                self.book.fate(txn) == Fate::Failed
            };
            let place = place as u32;
            if failed(place) && (number == NIL as usize || self.versions[number].writer.is_some()) {
                continue;
            }
            if number == NIL as usize {
                return Err("was written nil, which it held from the first");
            }
            let other = self.versions[number].writer;
            if other.is_some_and(|other| !failed(other)) {
                return Err("was given one value twice");
            }
            self.versions[number].writer = Some(place);
        }
        Ok(())
    }

    /// Collects reads, and looks whether each transaction agrees with itself.
    fn find_reads(&mut self, out: &mut Inferred) {
        let mut txn = NONE;
        // What the transaction last read or wrote, by the part.
        let mut held: Option<(&Value, Part)> = None;
        // The last read before its first write.
        let mut read: Option<(usize, Part)> = None;
        let mut wrote = false;
        for &part in self.parts {
            if part.txn != txn {
                (txn, held, read, wrote) = (part.txn, None, None, false);
            }
            match self.book.did(part) {
                Did::Wrote(value) => {
                    if let (false, Some((version, read))) = (wrote, read) {
                        let version = &mut self.versions[version];
                        if let Some(other) = version.replacer {
                            let facts = &self.facts;
                            out.found.report(AnomalyKind::LostUpdate, || {
                                facts.lost_update(self.key, other, read)
                            });
                        }
                        version.replacer = Some(read);
                        version.replaced_by.push(txn);
                    }
                    (held, wrote) = (Some((value, part)), true);
                }
                Did::Read(Told::Value(value)) => {
                    if let Some((_, before)) = held.filter(|&(held, _)| held != value) {
                        let facts = &self.facts;
                        out.found.report(AnomalyKind::Internal, || {
                            facts.internal_register(self.key, before, part)
                        });
                    }
                    if held.is_none_or(|(held, _)| held != value) {
                        let number = self.number(value);
                        self.look(number, part, value, out);
                        read = Some((number, part));
                    }
                    held = Some((value, part));
                }
                Did::Read(_) => {}
            }
        }
    }

    /// Takes note of a read, and of what is wrong with the value it saw.
    fn look(&mut self, number: usize, part: Part, value: &Value, out: &mut Inferred) {
        let version = &mut self.versions[number];
        version.readers.push(part.txn);
        let facts = &self.facts;
        let Some(place) = version.writer else {
            if number != NIL as usize {
                out.found.report(AnomalyKind::GarbageRead, || {
                    facts.garbage(self.key, part, value)
                });
            }
            return;
        };
        let writer = self.parts[place as usize];
        if self.book.fate(writer.txn) == Fate::Failed {
            out.found.report(AnomalyKind::AbortedRead, || {
                facts.aborted(self.key, part, writer)
            });
            return;
        }
        out.happened[writer.txn as usize] = true;
        if writer.txn == part.txn {
            if writer.index > part.index {
                out.found.report(AnomalyKind::FutureRead, || {
                    facts.future(self.key, part, writer)
                });
            }
        } else if self.inner[place as usize] {
            out.found.report(AnomalyKind::IntermediateRead, || {
                facts.intermediate(self.key, part, writer)
            });
        }
    }

    fn link(&mut self, out: &mut Inferred) {
        for version in &mut self.versions {
            version.readers.dedup();
            let writer = version.writer.map(|place| self.parts[place as usize].txn);
            let writer = writer.filter(|&txn| self.book.fate(txn) != Fate::Failed);
            if let Some(writer) = writer {
                let readers = version.readers.iter().filter(|&&reader| reader != writer);
                readers.for_each(|&reader| out.edges.add(writer, reader, Link::Wr));
            }
        }
        // Nil is replaced by every write, so that is linked apart.
        if self.sources.writes_follow_reads {
            for version in &self.versions[1..] {
                if !version.replaced_by.is_empty() {
                    let (readers, writers) = (&version.readers, &version.replaced_by);
                    out.edges.fan(readers, writers);
                }
            }
        }
    }

    fn find_touches(&mut self) {
        self.touches.clear();
        for &part in self.parts {
            let value = match self.book.did(part) {
                Did::Wrote(value) | Did::Read(Told::Value(value)) => value,
                Did::Read(_) => continue,
            };
            if self.book.fate(part.txn) != Fate::Committed {
                continue;
            }
            let version = self.number(value) as u32;
            match self
                .touches
                .last_mut()
                .filter(|touch| touch.txn == part.txn)
            {
                Some(touch) => touch.last = version,
                None => self.touches.push(Touch {
                    txn: part.txn,
                    first: version,
                    last: version,
                }),
            }
        }
    }

    fn link_successions(&self, out: &mut Inferred) {
        let mut pairs = Vec::new();
        if self.sources.sessions {
            pairs.extend(in_sessions(self.book, &self.touches));
        }
        if self.sources.real_time {
            pairs.extend(in_real_time(self.book, &self.touches));
        }
        let writer = |version: &Version| {
            let txn = version.writer.map(|place| self.parts[place as usize].txn);
            txn.filter(|&txn| self.book.fate(txn) != Fate::Failed)
        };
        let mut next: Vec<(u32, u32)> = Vec::new();
        for (before, after) in pairs {
            let (one, two) = (before.last, after.first);
            if one != two && one != NIL {
                let writer = writer(&self.versions[two as usize]);
                next.extend(writer.map(|writer| (one, writer)));
            }
        }
        next.sort_unstable();
        next.dedup();
        for group in next.chunk_by(|one, two| one.0 == two.0) {
            let old = &self.versions[group[0].0 as usize];
            let writers: Vec<u32> = group.iter().map(|&(_, writer)| writer).collect();
            if let Some(last) = writer(old) {
                let others = writers.iter().filter(|&&writer| writer != last);
                others.for_each(|&writer| out.edges.add(last, writer, Link::Ww));
            }
            // One version may be followed by many, so that all pairs would be too many edges.
            out.edges.fan(&old.readers, &writers);
        }
    }

    /// Every write that happened replaced nil, directly or not.
    fn link_first(&mut self, late: bool, out: &mut Inferred) {
        let readers = &mut self.versions[NIL as usize].readers;
        readers.dedup();
        if readers.is_empty() {
            return;
        }
        let parts = self.parts.iter().copied();
        let writers = out.writers(self.book, (self.key, late), parts);
        if !writers.is_empty() {
            out.edges.fan(readers, &writers);
        }
    }
}
