//! The checker of handoff delivery: which parts there are, and what a "yes" rests on.

use super::held::Sight;
use super::{copies, hints, ranges};
use crate::evidence::{Findings, Marks};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::verdict::{Budget, Checker, Promise, Verdict};

/// Judges hints by the disks that keep them and the disks they are for.
///
/// A hint may be dropped only when its owner's disk has what it carried; once the store is mended
/// none is left, every owner has what was kept for it, and no stranger holds a key as its own. An
/// acknowledged write is on as many disks as the setup promises, hints included.
///
/// Where owners change, a hint may move to an heir of its owner, and a disk lets go of a key only when
/// the disk of an heir has it.
///
/// Only judged where the setup promises handoff and notes show disks. A "yes" needs a hint. Where
/// the setup says that writes get lost by design, any version of the key stands for any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandoffDelivery;

pub(super) const DROPPED_EARLY: usize = 0;
pub(super) const UNDELIVERED: usize = 1;
pub(super) const NOT_AT_OWNER: usize = 2;
pub(super) const TOO_FEW_COPIES: usize = 3;
pub(super) const STRAY_COPY: usize = 4;
pub(super) const HANDED_OVER_EARLY: usize = 5;

const PARTS: [&str; 6] = [
    "dropped early",
    "undelivered",
    "not at its owner",
    "too few copies",
    "stray copy",
    "let go before handed over",
];

pub(super) const KEPT: &str = "hints kept";
pub(super) const DELIVERED: &str = "hints delivered";
pub(super) const MOVED: &str = "hints moved";
pub(super) const HANDED_OVER: &str = "keys let go";
pub(super) const HOLDER_CRASHED: &str = "holder crashed with hints";
pub(super) const OWNER_DOWN: &str = "owner down while hinted";
pub(super) const COUNTED: &str = "acknowledged writes counted";

impl Checker<Kv> for HandoffDelivery {
    fn promise(&self) -> Promise {
        Promise::HandoffDelivery
    }

    /// O(notes + writes · nodes · versions); needs no budget.
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
    let mut findings = Findings::new(Promise::HandoffDelivery, &PARTS);
    let Some(setup) = marks.setup.filter(|setup| setup.hands_off) else {
        return (findings, Some("the setup does not promise handoff"));
    };
    if marks.last_disk.is_none() {
        return (findings, Some("no disk was seen"));
    }
    for name in [KEPT, DELIVERED, HOLDER_CRASHED, OWNER_DOWN, COUNTED] {
        findings.count(name, 0);
    }
    let sight = Sight::new(order, marks);
    hints::judge(order, marks, &sight, &mut findings);
    copies::judge(order, marks, &sight, setup.w, &mut findings);
    ranges::judge(order, marks, &sight, &mut findings);
    let missing = (findings.exercised[KEPT] == 0).then_some("no hint was ever kept");
    (findings, missing)
}
