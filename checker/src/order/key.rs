//! The writes and reads of one key, and which write supersedes which.

use std::cell::OnceCell;

use super::possible::Possible;
use super::texts::{Short, Texts};
use super::vectors::{Vector, Vectors};
use crate::history::{Op, Outcome, Time};
use crate::kv::Kv;

/// How sure it is that a write took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It did.
    Acknowledged,
    /// It did not.
    Failed,
    /// Nobody knows.
    Unknown,
}

/// A put or a delete.
#[derive(Debug)]
pub(crate) struct Write<'h> {
    /// Which operation, by its place.
    pub(crate) place: usize,
    /// What was put; `None` for a delete.
    pub(crate) value: Option<&'h str>,
    pub(crate) status: Status,
    pub(crate) invoked: Time,
    pub(crate) returned: Option<Time>,
    /// The line of its invocation.
    pub(crate) line: usize,
    /// The line of its return, `usize::MAX` without one.
    pub(crate) ended: usize,
    /// Where the writes that its contexts returned stand among the links, and the reads behind them.
    pub(super) seen: (u32, u32),
    pub(super) glimpses: u32,
    pub(super) chain: u32,
    pub(super) height: u32,
    /// For each chain how high it reaches below this write, itself included.
    pub(super) past: Vector,
}

impl<'h> Write<'h> {
    /// A write that has seen nothing yet.
    pub(super) fn new(place: usize, op: &Op<Kv>, value: Option<&'h str>) -> Self {
        Write {
            place,
            value,
            status: match op.outcome {
                Outcome::Ok(_) => Status::Acknowledged,
                Outcome::Fail => Status::Failed,
                Outcome::Unknown => Status::Unknown,
            },
            invoked: op.invoked,
            returned: op.returned,
            line: op.line,
            ended: usize::MAX,
            seen: (0, 0),
            glimpses: 0,
            chain: 0,
            height: 0,
            past: Vector::default(),
        }
    }
}

/// A get that was answered.
#[derive(Debug)]
pub(crate) struct Read<'h> {
    /// Which operation, by its place.
    pub(crate) place: usize,
    pub(crate) invoked: Time,
    pub(crate) returned: Time,
    /// The line of its invocation.
    pub(crate) line: usize,
    /// The line of its return.
    pub(crate) ended: usize,
    pub(crate) values: &'h [String],
    /// Where the writes of these values stand among the links.
    pub(super) writes: (u32, u32),
}

/// What is gathered in the order of the recording, where its texts lie side by side, and is put in order key
/// by key.
#[derive(Debug, Default)]
struct Raw {
    /// The values of all writes, and of all reads one after the other.
    puts: Vec<Short>,
    answers: Vec<Short>,
    /// What the writes passed, in their order.
    passed: Vec<(u32, Passed)>,
}

/// The operation of a key whose context a write passed, by its number among the writes or the reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Passed {
    Write(u32),
    Read(u32),
}

/// The writes and reads of one key.
#[derive(Debug)]
pub(crate) struct Key<'h> {
    pub(crate) name: &'h str,
    /// In the order of their invocations.
    pub(crate) writes: Vec<Write<'h>>,
    /// In the order of their invocations.
    pub(crate) reads: Vec<Read<'h>>,
    /// Two puts that may have taken effect wrote the same value: what a sighting means is not known, so nothing is judged.
    pub(crate) repeats: bool,
    /// A write supersedes itself by what the contexts say: what a read covers is not known.
    pub(crate) circular: bool,
    /// What was replaced may come back, so that a value proves nothing about what had replaced it.
    pub(crate) revives: bool,
    by_value: Texts<'h>,
    /// What is known before the writes of all values are.
    raw: Raw,
    /// Writes and reads that others point to, in one piece.
    pub(super) links: Vec<usize>,
    /// The deletes that may have taken effect.
    pub(super) deletes: Vec<u32>,
    /// For each write the number of the first delete that supersedes it, where there are any.
    buried: Vec<u32>,
    possible: OnceCell<Possible>,
    /// The writes of each chain, from below.
    pub(super) chains: Vec<Vec<u32>>,
    pub(super) vectors: Vectors,
}

impl<'h> Key<'h> {
    pub(super) fn new(name: &'h str) -> Self {
        Key {
            name,
            writes: Vec::new(),
            reads: Vec::new(),
            repeats: false,
            circular: false,
            revives: false,
            by_value: Texts::default(),
            raw: Raw::default(),
            links: Vec::new(),
            deletes: Vec::new(),
            buried: Vec::new(),
            possible: OnceCell::new(),
            chains: Vec::new(),
            vectors: Vectors::default(),
        }
    }

    /// Adds a write and says its number.
    pub(super) fn enter(&mut self, write: Write<'h>) -> u32 {
        let number = self.writes.len() as u32;
        if write.value.is_none() && write.status != Status::Failed {
            self.deletes.push(number);
        }
        self.raw
            .puts
            .push(Short::of(write.value.unwrap_or_default()));
        self.writes.push(write);
        number
    }

    /// Adds a read and says its number.
    pub(super) fn enter_read(&mut self, read: Read<'h>) -> u32 {
        let values = read.values.iter().map(|value| Short::of(value));
        self.raw.answers.extend(values);
        self.reads.push(read);
        self.reads.len() as u32 - 1
    }

    /// A write passed this context; writes come in their order.
    pub(super) fn pass(&mut self, write: u32, passed: Passed) {
        self.raw.passed.push((write, passed));
    }

    /// Finds out who supersedes whom, O(values + contexts · log chains). Nothing is added later.
    pub(super) fn relate(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        self.by_value.reserve(self.writes.len());
        for (number, &short) in raw.puts.iter().enumerate() {
            self.name(number, short);
        }
        self.find(&raw.answers);
        let (mut seen, mut glimpses) = (Vec::new(), Vec::new());
        for passed in raw.passed.chunk_by(|one, two| one.0 == two.0) {
            seen.clear();
            glimpses.clear();
            let write = passed[0].0 as usize;
            for &(_, passed) in passed {
                match passed {
                    Passed::Write(earlier) => seen.push(earlier as usize),
                    Passed::Read(read) => {
                        seen.extend_from_slice(self.written(&self.reads[read as usize]));
                        glimpses.push(read as usize);
                    }
                }
            }
            seen.sort_unstable();
            seen.dedup();
            seen.retain(|&earlier| earlier != write);
            self.link(write, &seen, &glimpses);
        }
        self.chain();
        self.bury();
    }

    /// Notes which value a write put. What certainly failed put nothing, so that it takes the value from nobody.
    fn name(&mut self, write: usize, short: Short) {
        let failed = |write: usize| self.writes[write].status == Status::Failed;
        let Some(value) = self.writes[write].value else {
            return;
        };
        let Some(other) = self.by_value.insert(short, value, write) else {
            return;
        };
        let other = other as usize;
        self.repeats |= !failed(write) && !failed(other);
        if failed(write) {
            self.by_value.insert(short, value, other);
        }
    }

    /// Finds the writes of all values that were read. Where values repeat, nobody can.
    fn find(&mut self, answers: &[Short]) {
        if self.repeats {
            return;
        }
        self.links.reserve(answers.len());
        let mut answers = answers.iter();
        for read in &mut self.reads {
            let from = self.links.len() as u32;
            for (value, &short) in read.values.iter().zip(&mut answers) {
                self.links.extend(self.by_value.find(short, || value));
            }
            read.writes = (from, self.links.len() as u32);
        }
    }

    /// Says what a write had seen.
    fn link(&mut self, write: usize, seen: &[usize], glimpses: &[usize]) {
        let from = self.links.len();
        self.links.extend_from_slice(seen);
        let middle = self.links.len();
        self.links.extend_from_slice(glimpses);
        let write = &mut self.writes[write];
        write.seen = (from as u32, middle as u32);
        write.glimpses = self.links.len() as u32;
    }

    /// The writes that the contexts of this write returned, in order.
    pub(crate) fn seen(&self, write: usize) -> &[usize] {
        let (from, to) = self.writes[write].seen;
        &self.links[from as usize..to as usize]
    }

    /// The reads whose contexts it passed: a tombstone may have hidden in their answers.
    pub(super) fn glimpses(&self, write: usize) -> &[usize] {
        let of = &self.writes[write];
        &self.links[of.seen.1 as usize..of.glimpses as usize]
    }

    /// The writes of the values that a read returned, as far as there are such writes.
    pub(crate) fn written(&self, read: &Read<'_>) -> &[usize] {
        &self.links[read.writes.0 as usize..read.writes.1 as usize]
    }

    /// The write that put this value.
    pub(crate) fn write_of(&self, value: &str) -> Option<usize> {
        self.by_value.get(value)
    }

    /// Whether the contexts prove that `above` is `below` or supersedes it, O(log chains).
    pub(crate) fn covers(&self, above: usize, below: usize) -> bool {
        let Write { chain, height, .. } = self.writes[below];
        self.vectors.get(self.writes[above].past, chain as usize) >= height
    }

    /// Whether the contexts prove that `below` is superseded by `above`.
    pub(crate) fn before(&self, below: usize, above: usize) -> bool {
        below != above && self.covers(above, below)
    }

    /// Whether `above` may supersede `below`, O(log chains) after the first time.
    ///
    /// Answers hide tombstones, their contexts do not: who passed a context may have passed any
    /// delete that was called before, and with it whatever that delete had seen.
    pub(crate) fn possibly_before(&self, below: usize, above: usize) -> bool {
        if self.deletes.is_empty() {
            return self.before(below, above);
        }
        let possible = self.possible.get_or_init(|| Possible::new(self));
        below != above && possible.covers(self, above, below)
    }

    /// The deletes that may have taken effect, whether or not they did.
    pub(crate) fn deletes(&self) -> impl Iterator<Item = usize> {
        self.deletes.iter().map(|&delete| delete as usize)
    }

    /// The deletes that may hide behind an answer of these writes: those that supersede none.
    pub(crate) fn hidden<'a>(
        &'a self,
        answer: &'a [usize],
        until: Time,
    ) -> impl Iterator<Item = usize> + 'a {
        self.deletes().filter(move |&delete| {
            self.writes[delete].invoked <= until && !self.shows(answer, delete)
        })
    }

    /// Whether an answer of these writes shows that a delete was not there: it supersedes one of them.
    fn shows(&self, answer: &[usize], delete: usize) -> bool {
        !self.revives && answer.iter().any(|&write| self.before(write, delete))
    }

    /// Whether this answer shows that a delete was not there.
    pub(super) fn shows_before(&self, read: usize, delete: usize) -> bool {
        self.shows(self.written(&self.reads[read]), delete)
    }

    /// How many of the first deletes may hide behind an answer for sure, and how many were called before it: those
    /// in between may supersede something returned.
    pub(super) fn hidden_by_time(&self, read: usize) -> (usize, usize) {
        let read = &self.reads[read];
        let called = |&delete: &u32| self.writes[delete as usize].invoked <= read.returned;
        let called = self.deletes.partition_point(called);
        if self.revives {
            return (called, called);
        }
        let first = self.written(read).iter();
        let first = first.map(|&write| self.buried[write] as usize);
        (first.min().unwrap_or(called).min(called), called)
    }

    /// Finds by which deletes writes are superseded first, O(deletes · chains) at most.
    fn bury(&mut self) {
        if self.deletes.is_empty() {
            return;
        }
        self.buried = vec![u32::MAX; self.writes.len()];
        let mut reached = vec![0; self.chains.len()];
        for (number, &delete) in self.deletes.iter().enumerate() {
            let past = self.writes[delete as usize].past;
            let (chains, buried) = (&self.chains, &mut self.buried);
            self.vectors.above(past, &[], &mut |chain, high, _| {
                let low: u32 = reached[chain];
                if low >= high {
                    return;
                }
                for &write in &chains[chain][low as usize..high as usize] {
                    let first = &mut buried[write as usize];
                    if write != delete && *first == u32::MAX {
                        *first = number as u32;
                    }
                }
                reached[chain] = high;
            });
        }
    }

    /// Whether one of these writes is this one or supersedes it.
    pub(crate) fn covered(&self, write: usize, by: &[usize]) -> bool {
        by.iter().any(|&above| self.covers(above, write))
    }

    /// The writes acknowledged before this line.
    pub(crate) fn acknowledged(&self, line: usize) -> impl Iterator<Item = usize> {
        (0..self.writes.len()).filter(move |&write| {
            self.writes[write].status == Status::Acknowledged && self.writes[write].ended < line
        })
    }

    /// How many pairs of these writes are ordered and how many concurrent, O(writes · chains).
    pub(crate) fn pairs(&self, counts: impl Fn(usize) -> bool) -> (u64, u64) {
        let below = self.chains.iter().map(|chain| {
            let mut below = 0;
            let count = |&write: &u32| {
                below += u64::from(counts(write as usize));
                below
            };
            chain.iter().map(count).collect()
        });
        let below: Vec<Vec<u64>> = below.collect();
        let (mut chosen, mut ordered) = (0, 0);
        for of in (0..self.writes.len()).filter(|&write| counts(write)) {
            let mut all = 0;
            let past = self.writes[of].past;
            self.vectors.above(past, &[], &mut |chain, height, _| {
                all += below[chain][height as usize - 1];
            });
            ordered += all - 1;
            chosen += 1;
        }
        (
            ordered,
            chosen * u64::saturating_sub(chosen, 1) / 2 - ordered,
        )
    }

    /// How a reader names this write: its value, or that it is a delete.
    pub(crate) fn label(&self, write: usize) -> &'h str {
        self.writes[write].value.unwrap_or("the delete")
    }
}
