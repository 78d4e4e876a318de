//! Regular registers: a read that began after a write was acknowledged sees nothing that it overwrote.

use super::chains::Chains;
use super::explain::{Story, invented};
use super::study::{trace, verdict};
use super::trace::{INITIAL, Kind, Trace};
use crate::evidence::{Finding, Findings};
use crate::history::{History, Time};
use crate::register::{Register, Value};
use crate::verdict::{Budget, Checker, Promise, Verdict};

/// Holds registers against regularity: a read that began after a write was acknowledged returns nothing
/// that was certainly overwritten before.
///
/// A value was certainly overwritten if another write of the key was called after its own write had been
/// acknowledged, and was acknowledged itself before the read was called. The initial value was
/// overwritten by any write, and so was a value that nobody wrote. Of writes that overlap either may win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regular {
    /// What a register holds before its first write.
    pub initial: Value,
}

const INVENTION: usize = 0;
const INITIAL_VALUE: usize = 1;
const OVERWRITTEN: usize = 2;

const PARTS: [&str; 3] = ["invention", "initial value", "overwritten value"];

impl Checker<Register> for Regular {
    fn promise(&self) -> Promise {
        Promise::Regular
    }

    /// O(n log n); needs no budget.
    fn check(&self, history: &History<Register>, _budget: Budget) -> Verdict {
        let mut findings = Findings::new(Promise::Regular, &PARTS);
        let trace = trace(history, &self.initial, &mut findings);
        let writes = Writes::new(&trace);
        let mut exercised = 0;
        for invention in &trace.inventions {
            let read = &trace.ops[invention.place as usize];
            if writes.after(invention.key, None, read.invoked).is_some() {
                exercised += 1;
                findings.report(INVENTION, || invented(&trace, *invention));
            }
        }
        for (number, node) in trace.nodes.iter().enumerate() {
            let read = number as u32;
            if !node.reads()
                || writes
                    .after(node.key, None, trace.op(read).invoked)
                    .is_none()
            {
                continue;
            }
            exercised += 1;
            let old = trace.source(read);
            // A write of unknown outcome may take effect at any time.
            let since = match old.map(|old| trace.op(old).returned) {
                None => None,
                Some(None) => continue,
                Some(returned) => returned,
            };
            if let Some(new) = writes.after(node.key, since, trace.op(read).invoked) {
                let rank = if node.source == INITIAL {
                    INITIAL_VALUE
                } else {
                    OVERWRITTEN
                };
                findings.report(rank, || stale(&trace, old, new, read));
            }
        }
        findings.count("reads after an acknowledged write", exercised);
        let missing =
            (exercised == 0).then(|| "no read began after a write was acknowledged".into());
        verdict(&trace, findings, missing, None)
    }
}

/// The acknowledged writes of each key, by their calls, and which of those from each on was acknowledged
/// first.
pub(super) struct Writes {
    by_key: Chains,
    called: Vec<Time>,
    /// For each write the time and number of the one, from it on, that was acknowledged first.
    earliest: Vec<(Time, u32)>,
}

impl Writes {
    pub(super) fn new(trace: &Trace<'_>) -> Self {
        let numbered = (0..).zip(&trace.nodes);
        let entries: Vec<(u32, u32, u32)> = numbered
            .filter(|(_, node)| node.kind == Kind::Acknowledged)
            .map(|(number, node)| (node.key, 0, number))
            .collect();
        let by_key = Chains::new(trace.keys, 1, &entries);
        let called = by_key.all().iter().map(|&write| trace.op(write).invoked);
        let called = called.collect();
        let mut earliest = vec![(Time(0), 0); by_key.all().len()];
        for chain in 0..by_key.len() {
            let mut best = (Time(u64::MAX), u32::MAX);
            for place in by_key.range(chain).rev() {
                let write = by_key.all()[place];
                let returned = trace.op(write).returned;
                best = best.min((returned.unwrap_or(Time(u64::MAX)), write));
                earliest[place] = best;
            }
        }
        Writes {
            by_key,
            called,
            earliest,
        }
    }

    /// A write of this key that was called after one time and acknowledged before another.
    pub(super) fn after(&self, key: u32, since: Option<Time>, before: Time) -> Option<u32> {
        let range = self.by_key.range(self.by_key.find(key, 0)?);
        let called = &self.called[range.clone()];
        let from = since.map_or(0, |since| called.partition_point(|&at| at <= since));
        let &(returned, write) = self.earliest[range].get(from)?;
        (returned < before).then_some(write)
    }
}

fn stale(trace: &Trace<'_>, old: Option<u32>, new: u32, read: u32) -> Finding {
    let mut story = Story::new(trace);
    let (name, by) = (story.name(read), story.name(new));
    let times = |node: u32| {
        let op = trace.op(node);
        (op.invoked.0, op.returned.map_or(0, |at| at.0))
    };
    let saw = match old {
        None => "the initial value".to_string(),
        Some(old) => {
            let (_, returned) = times(old);
            let wrote = story.name(old);
            story.fact(format!("{wrote} was acknowledged at {returned}"), &[old]);
            format!("what {wrote} wrote")
        }
    };
    let (called, returned) = times(new);
    story.fact(
        format!("{by} was called at {called} and acknowledged at {returned}"),
        &[new],
    );
    story.fact(
        format!("{name} was called at {} and saw {saw}", times(read).0),
        &[read],
    );
    let sentence =
        format!("A stale read: {name} began after {by} was acknowledged, and saw {saw}.");
    story.finding(sentence, read, "")
}
