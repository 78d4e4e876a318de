//! The checker of convergence: which parts there are, and what a "yes" rests on.

use super::{churn, reads, replicas, roots};
use crate::evidence::{Findings, Marks};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::verdict::{Budget, Checker, Promise, Verdict};

/// Judges what the owners of each key hold once the store had its time to mend itself.
///
/// All owners must hold the same versions under the same clocks, and each must have every
/// acknowledged write or one that superseded it. Roots of hash trees must be equal exactly where the
/// disks below them are; replicas that are equal must stop mending each other; and final reads must
/// agree, except about writes of unknown outcome that appear late.
///
/// Only judged where the setup promises it. A "yes" needs a key whose owners differed when the
/// faults ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Convergence;

pub(super) const DIVERGED: usize = 0;
pub(super) const MISSING_COPY: usize = 1;
pub(super) const ROOTS_EQUAL: usize = 2;
pub(super) const ROOTS_DIFFER: usize = 3;
pub(super) const CHURN: usize = 4;
pub(super) const READS_DIFFER: usize = 5;

const PARTS: [&str; 6] = [
    "diverged",
    "missing copy",
    "roots equal on different states",
    "roots differ on equal states",
    "churn",
    "final reads differ",
];

pub(super) const APART: &str = "keys apart when healed";

impl Checker<Kv> for Convergence {
    fn promise(&self) -> Promise {
        Promise::Convergence
    }

    /// O(notes + keys · owners · writes + roots² · keys); needs no budget.
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

/// All findings, and what is missing for a "yes".
#[cfg(test)]
pub(super) fn judge(history: &History<Kv>) -> (Findings, Option<&'static str>) {
    let order = Order::new(history);
    judged(&order, &Marks::new(&order))
}

fn judged(order: &Order<'_>, marks: &Marks<'_>) -> (Findings, Option<&'static str>) {
    let mut findings = Findings::new(Promise::Convergence, &PARTS);
    if !marks.setup.is_some_and(|setup| setup.converges) {
        return (findings, Some("the setup does not promise convergence"));
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
    } else if findings.exercised[APART] == 0 {
        Some("replicas were never apart when the faults ended")
    } else {
        None
    };
    (findings, missing)
}
