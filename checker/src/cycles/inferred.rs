//! What a history lets one infer: dependencies, anomalies without a cycle, the order of versions.

use super::anomaly::Found;
use super::book::{Book, Did, Fate, Holds, Part};
use super::check::Sources;
use super::edges::Edges;
use super::lists::Lists;
use super::registers::Registers;

/// What is known of the versions of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    /// Nothing: nobody wrote to it, or what was read contradicts itself.
    Unknown,
    /// All versions begin as this many elements of this read do.
    List(Part, u32),
    /// A list of which no element was read.
    Unread,
    /// Registers: a version follows nil, and the one that its writer had read.
    Register,
}

/// All that was inferred.
#[derive(Debug)]
pub(super) struct Inferred {
    pub(super) edges: Edges,
    pub(super) found: Found,
    /// By the number of the key.
    pub(super) versions: Vec<Versions>,
    /// Which transactions certainly took effect.
    pub(super) happened: Vec<bool>,
    /// Keys that have to be looked at again once it is known which unknown transactions happened.
    pub(super) late: Vec<u32>,
    /// The first key that could not be judged, and why.
    pub(super) unjudged: Option<(u32, &'static str)>,
}

impl Inferred {
    /// The transactions whose writes among these parts took effect: first those that committed, `late` those
    /// of unknown outcome that were seen. Until that is known, the key is to be looked at again.
    pub(super) fn writers(
        &mut self,
        book: &Book<'_>,
        (key, late): (u32, bool),
        parts: impl Iterator<Item = Part>,
    ) -> Vec<u32> {
        let mut writers: Vec<u32> = Vec::new();
        let mut undecided = false;
        for part in parts.filter(|&part| matches!(book.did(part), Did::Wrote(_))) {
            match book.fate(part.txn) {
                Fate::Committed if !late => writers.push(part.txn),
                Fate::Unknown if late && self.happened[part.txn as usize] => writers.push(part.txn),
                Fate::Unknown => undecided = true,
                Fate::Committed | Fate::Failed => {}
            }
        }
        if undecided && !late {
            self.late.push(key);
        }
        writers.dedup();
        writers
    }

    /// Reads all that the keys tell, O(parts + elements read).
    pub(super) fn new(book: &Book<'_>, sources: Sources) -> Self {
        let transactions = book.ops.len() as u32;
        let committed = |txn| book.fate(txn) == Fate::Committed;
        let mut inferred = Inferred {
            edges: Edges::new(transactions),
            found: Found::default(),
            versions: vec![Versions::Unknown; book.keys() as usize],
            happened: (0..transactions).map(committed).collect(),
            late: Vec::new(),
            unjudged: None,
        };
        let mut lists = Lists::new(book);
        let mut registers = Registers::new(book, sources);
        for key in 0..book.keys() {
            match book.holds(key) {
                Holds::Nothing => {}
                Holds::List => lists.judge(key, false, &mut inferred),
                Holds::Register => registers.judge(key, false, &mut inferred),
                Holds::Both => inferred.skip(key, "is both a list and a register"),
            }
        }
        for key in std::mem::take(&mut inferred.late) {
            match book.holds(key) {
                Holds::List => lists.judge(key, true, &mut inferred),
                _ => registers.judge(key, true, &mut inferred),
            }
        }
        inferred
    }

    /// Says that nothing can be said of a key.
    pub(super) fn skip(&mut self, key: u32, why: &'static str) {
        self.unjudged.get_or_insert((key, why));
    }
}
