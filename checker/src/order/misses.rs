//! What all reads miss, as far as it can be kept.

use super::course::Course;
use super::index::Order;
use super::watch::{Reading, Watch, Written};

/// Every read that does not cover all that came before it, with what it misses.
#[derive(Debug)]
pub(crate) struct Misses {
    reads: Vec<Miss>,
    /// The numbers of the writes that are missed, one read after the other.
    writes: Vec<usize>,
    /// How many of these are kept.
    most: usize,
    too_many: bool,
}

/// A read that misses something: where it stands, by course and by place, and where what it misses does.
#[derive(Clone, Copy, Debug)]
struct Miss {
    at: usize,
    place: usize,
    writes: (usize, usize),
}

impl Misses {
    /// Nothing looked at so far; at most so many writes are kept.
    pub(crate) fn new(most: usize) -> Self {
        Misses {
            reads: Vec::new(),
            writes: Vec::new(),
            most,
            too_many: false,
        }
    }

    /// Puts the reads in the order of the course, after they were looked at key by key.
    pub(crate) fn sort(&mut self) {
        self.reads.sort_unstable_by_key(|miss| miss.at);
    }

    /// Whether there were too many to keep them.
    pub(crate) fn too_many(&self) -> bool {
        self.too_many
    }

    /// Whether it is known beforehand what will be asked in a course, and places are in its order.
    pub(crate) fn are_told(&self, course: &Course) -> bool {
        matches!(course, Course::Recorded) && !self.too_many
    }

    /// Whether no read misses anything.
    pub(crate) fn none(&self) -> bool {
        self.reads.is_empty() && !self.too_many
    }

    /// Where in the course the last read stands that misses something; the end where that is not known.
    pub(crate) fn last(&self) -> usize {
        if self.too_many {
            return usize::MAX;
        }
        self.reads.last().map_or(0, |miss| miss.at)
    }

    /// One of the reads: where it stands in the course, and what it misses.
    pub(super) fn nth(&self, index: usize) -> Option<(usize, &[usize])> {
        let miss = self.reads.get(index)?;
        Some((miss.at, &self.writes[miss.writes.0..miss.writes.1]))
    }

    /// All reads that miss something, each with where it stands in the course and its place, from here on.
    pub(crate) fn since(&self, at: usize) -> impl Iterator<Item = (usize, usize, &[usize])> {
        let from = self.reads.partition_point(|miss| miss.at < at);
        self.reads[from..].iter().map(|miss| {
            let missed = &self.writes[miss.writes.0..miss.writes.1];
            (miss.at, miss.place, missed)
        })
    }
}

impl Watch for Misses {
    fn write(&mut self, _: &Order<'_>, _: Written) {}

    fn read(&mut self, _: &Order<'_>, reading: Reading<'_>) {
        let from = self.writes.len();
        let to = from + reading.uncovered.len();
        if from == to {
            return;
        }
        self.too_many |= to > self.most;
        if self.too_many {
            self.reads = Vec::new();
            self.writes = Vec::new();
            return;
        }
        self.writes.extend_from_slice(reading.uncovered);
        self.reads.push(Miss {
            at: reading.at,
            place: reading.place,
            writes: (from, to),
        });
    }

    fn done(&self, _: usize) -> bool {
        self.too_many
    }
}
