//! The checker of sibling preservation: which parts there are, and what a "yes" rests on.

use super::{disks, reads};
use crate::evidence::{Findings, Marks};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::verdict::{Budget, Checker, Counterexample, Promise, Verdict};

/// Judges what reads return, and what is left once the store is mended.
///
/// A write may disappear only when one that passed its context, or a delete that did, has taken
/// effect. Every read is held against that order, but only the final state against completeness: a
/// read during a fault may be stale, and staleness is not loss.
///
/// Final reads count where the setup promises to converge, or where there is no setup. Disks, if
/// notes show them, count always: what is on none of them cannot come back.
///
/// A setup may say that writes get lost by design, or that replaced ones come back; then the one or
/// the other is no finding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SiblingPreservation;

pub(super) const INVENTION: usize = 0;
pub(super) const DUPLICATE: usize = 1;
pub(super) const FALSE_CONFLICT: usize = 2;
pub(super) const LOST_PUT: usize = 3;
pub(super) const RESURRECTION: usize = 4;
pub(super) const LOST_DELETE: usize = 5;

/// A lost delete ranks below what it brought back: "a deleted value came back" says more.
const PARTS: [&str; 6] = [
    "invention",
    "duplicate",
    "false conflict",
    "lost write",
    "resurrection",
    "lost write",
];

impl SiblingPreservation {
    /// The first violation of every part that is broken, the gravest first; what [`Checker::check`]
    /// reports is the first of them. As costly as a check.
    pub fn findings(&self, history: &History<Kv>) -> Vec<Counterexample> {
        judge(history).0.all()
    }
}

impl Checker<Kv> for SiblingPreservation {
    fn promise(&self) -> Promise {
        Promise::SiblingPreservation
    }

    /// O(reads · siblings² + final reads · (chains + deletes)) comparisons; needs no budget.
    fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
        let order = Order::new(history);
        verdict(&order, &Marks::new(&order))
    }
}

/// The verdict on a history that is indexed already.
pub(crate) fn verdict(order: &Order<'_>, marks: &Marks<'_>) -> Verdict {
    let (findings, met) = judged(order, marks);
    findings
        .verdict((!met).then(|| "no acknowledged write met a read or a final state".to_string()))
}

/// All findings, and whether any acknowledged write met a read or a final state.
pub(super) fn judge(history: &History<Kv>) -> (Findings, bool) {
    let order = Order::new(history);
    judged(&order, &Marks::new(&order))
}

fn judged(order: &Order<'_>, marks: &Marks<'_>) -> (Findings, bool) {
    let mut findings = Findings::new(Promise::SiblingPreservation, &PARTS);
    for name in [
        "acknowledged writes",
        "concurrent acknowledged writes",
        "final disks",
        "final reads",
        "reads",
        "reads of several siblings",
        "replacing writes",
    ] {
        findings.count(name, 0);
    }
    let left_out = order.keys.iter().filter(|key| key.repeats).count();
    if left_out > 0 {
        findings.count("keys left out because values repeat", left_out as u64);
    }
    let mut met = false;
    for key in order.keys.iter().filter(|key| !key.repeats) {
        let last = key.reads.iter().map(|read| read.returned).max();
        let mut acknowledged = key.acknowledged(usize::MAX);
        met |= acknowledged.any(|write| {
            let write = &key.writes[write];
            marks.end().is_some_and(|end| write.ended < end) || Some(write.invoked) <= last
        });
        let certain: Vec<usize> = key.acknowledged(usize::MAX).collect();
        let (_, concurrent) = key.pairs(|write| certain.binary_search(&write).is_ok());
        let replacing = certain.iter().filter(|&&write| !key.seen(write).is_empty());
        findings.count("replacing writes", replacing.count() as u64);
        findings.count("acknowledged writes", certain.len() as u64);
        findings.count("concurrent acknowledged writes", concurrent);
        reads::judge(order, key, marks, &mut findings);
    }
    disks::judge(order, marks, &mut findings);
    (findings, met)
}
