//! The checker of convergence: which parts there are, and what a "yes" rests on.

use super::{churn, events, reads, replicas, roots};
use crate::evidence::{Findings, Marks};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::verdict::{Budget, Checker, Counterexample, Promise, Verdict};

/// Judges what the owners of each key hold once the store had its time to mend itself.
///
/// All owners must hold the same versions under the same clocks and contexts, and these must be what
/// the writes add up to: every acknowledged write or one that superseded it, nothing that was
/// superseded, nothing that nobody put. Roots of hash trees must be equal exactly where the
/// disks below them are; replicas that are equal must stop mending each other; and final reads must
/// agree, except about writes of unknown outcome that appear late. At any time, disks that have taken
/// in the same events must hold the same.
///
/// Only judged where the setup promises it. A "yes" needs a key whose owners differed when the
/// faults ended.
///
/// What eventual convergence demands, and which part decides it:
///
/// | demand | part |
/// |---|---|
/// | owners hold the same | diverged: "in their versions", "one holds nothing" |
/// | under the same clocks and contexts | diverged: "in their clocks", "in their contexts" |
/// | each owner has every acknowledged write | missing copy |
/// | owners hold no more than the maximal writes | superseded copy, foreign copy |
/// | equal sets of applied writes make equal states, at any time | states differ on equal events |
/// | equal roots mean equal states | roots equal on different states |
/// | equal states mean equal roots, hinted data left out | roots differ on equal states |
/// | nothing is sent between equals: repair dies down | churn |
/// | it is done within a bounded time | all of these: they are held against the note that the store had its time |
/// | clients see one state | final reads differ |
///
/// How many hashes an exchange compares is not to be seen: notes tell of messages that carry versions
/// only. How many of those went to somebody who held the same is counted in a "yes", and no verdict,
/// for it depends on how many keys share a leaf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Convergence;

pub(super) const DIVERGED: usize = 0;
pub(super) const MISSING_COPY: usize = 1;
pub(super) const SUPERSEDED_COPY: usize = 2;
pub(super) const FOREIGN_COPY: usize = 3;
pub(super) const OTHER_STATE: usize = 4;
pub(super) const ROOTS_EQUAL: usize = 5;
pub(super) const ROOTS_DIFFER: usize = 6;
pub(super) const CHURN: usize = 7;
pub(super) const READS_DIFFER: usize = 8;

const PARTS: [&str; 9] = [
    "diverged",
    "missing copy",
    "superseded copy",
    "foreign copy",
    "states differ on equal events",
    "roots equal on different states",
    "roots differ on equal states",
    "churn",
    "final reads differ",
];

pub(super) const APART: &str = "keys apart when healed";

impl Convergence {
    /// The first violation of every part that is broken, the gravest first; what [`Checker::check`]
    /// reports is the first of them. As costly as a check.
    pub fn findings(&self, history: &History<Kv>) -> Vec<Counterexample> {
        judge(history).0.all()
    }
}

impl Checker<Kv> for Convergence {
    fn promise(&self) -> Promise {
        Promise::Convergence
    }

    /// O(notes · log notes + keys · owners · writes + roots² · keys); needs no budget.
    fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
        let order = Order::new(history);
        verdict(&order, &Marks::new(&order))
    }
}

/// The verdict on a history that is indexed already.
pub(crate) fn verdict(order: &Order<'_>, marks: &Marks<'_>) -> Verdict {
    let (findings, missing) = judged(order, marks);
    findings.verdict(missing.map(Into::into))
}

/// Two disks that took in the same events and hold different things, whatever the setup promises.
pub(crate) fn states_differ(history: &History<Kv>) -> Option<Counterexample> {
    let order = Order::new(history);
    let mut findings = Findings::new(Promise::Convergence, &PARTS);
    events::judge(&order, &Marks::new(&order), &mut findings);
    findings.all().into_iter().next()
}

/// All findings, and what is missing for a "yes".
pub(super) fn judge(history: &History<Kv>) -> (Findings, Option<&'static str>) {
    let order = Order::new(history);
    judged(&order, &Marks::new(&order))
}

fn judged(order: &Order<'_>, marks: &Marks<'_>) -> (Findings, Option<&'static str>) {
    let mut findings = Findings::new(Promise::Convergence, &PARTS);
    if !marks.setup.is_some_and(|setup| setup.converges) {
        return (findings, Some("the setup does not promise convergence"));
    }
    if marks.last_disk.is_some() {
        events::judge(order, marks, &mut findings);
    }
    let Some(quiet) = marks.quiet else {
        return (findings, Some("the store was never given time to mend"));
    };
    for name in [
        APART,
        "keys compared",
        "roots compared",
        "final reads compared",
    ] {
        findings.count(name, 0);
    }
    if marks.last_disk.is_some() {
        replicas::judge(order, marks, quiet, &mut findings);
        roots::judge(order, marks, &mut findings);
        churn::judge(order, marks, quiet, &mut findings);
    }
    reads::judge(order, marks, quiet, &mut findings);
    let missing = if marks.last_disk.is_none() {
        Some("no disk was seen, so replicas may never have been apart")
    } else if marks.healed.is_none() {
        Some("no note says when the faults ended")
    } else if findings.exercised[APART] == 0 && marks.is_sampled() {
        Some("no look at the disks showed replicas apart when the faults ended")
    } else if findings.exercised[APART] == 0 {
        Some("replicas were never apart when the faults ended")
    } else {
        None
    };
    (findings, missing)
}
