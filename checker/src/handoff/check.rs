//! The checker of handoff delivery: which parts there are, and what a "yes" rests on.

use super::held::Sight;
use super::{copies, counted, deliveries, hints, owed, ranges, served};
use crate::evidence::{Findings, Marks};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::verdict::{Budget, Checker, Counterexample, Promise, Verdict};

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
///
/// What hinted handoff demands, and which part decides it:
///
/// | demand | part |
/// |---|---|
/// | a hint is created: an acknowledgement counts different nodes, each an owner that has the write on its disk or a stand-in whose disk keeps it for one that was skipped | too few copies |
/// | a hint is dropped only after its owner's disk has what it carried | dropped early |
/// | hints outlive crashes of their holder | lost in a crash |
/// | when quiet, no hint waits | undelivered |
/// | when quiet, owners cover what was kept for them and did not expire | not at its owner |
/// | a delivery is merged, and coming twice it changes nothing | delivery not merged |
/// | a holder keeps nothing after delivery | kept after delivery, stray copy |
/// | a holder answers reads with nothing that it keeps for others | hint served as own |
/// | a holder hashes nothing that it keeps for others | convergence (roots differ on equal states) |
/// | where owners change, a hint goes on to an heir | dropped early, not at its owner, let go before handed over |
/// | as many disks as promised have a write when it is acknowledged | too few copies |
/// | when quiet, all owners have every acknowledged write | kept for nobody; where replicas compare what they hold: convergence (missing copy) |
///
/// Who was counted for an acknowledgement shows only where [`Note::Counted`] tells it; elsewhere all
/// copies on disks at that moment count. A hint in the memory of its holder alone shows nowhere.
/// Whether a delivery changed a disk is judged where [`Note::Transfer`] tells of deliveries.
///
/// Where disks are only looked at now and then, no copies are counted when a write is acknowledged,
/// and what disks let go of between two looks is not judged. Hints may have come and gone unseen, so
/// there is no "yes"; but a hint that is left when quiet, an owner that lacks what was kept for it or
/// acknowledged, and data with a stranger are what they are.
///
/// [`Note::Counted`]: crate::Note::Counted
/// [`Note::Transfer`]: crate::Note::Transfer
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandoffDelivery;

pub(super) const DROPPED_EARLY: usize = 0;
pub(super) const LOST_IN_CRASH: usize = 1;
pub(super) const UNDELIVERED: usize = 2;
pub(super) const NOT_AT_OWNER: usize = 3;
pub(super) const TOO_FEW_COPIES: usize = 4;
pub(super) const NOT_MERGED: usize = 5;
pub(super) const KEPT_ON: usize = 6;
pub(super) const STRAY_COPY: usize = 7;
pub(super) const SERVED_AS_OWN: usize = 8;
pub(super) const HANDED_OVER_EARLY: usize = 9;
pub(super) const KEPT_FOR_NOBODY: usize = 10;

const PARTS: [&str; 11] = [
    "dropped early",
    "lost in a crash",
    "undelivered",
    "not at its owner",
    "too few copies",
    "delivery not merged",
    "kept after delivery",
    "stray copy",
    "hint served as own",
    "let go before handed over",
    "kept for nobody",
];

pub(super) const KEPT: &str = "hints kept";
pub(super) const DELIVERED: &str = "hints delivered";
pub(super) const MOVED: &str = "hints moved";
pub(super) const HANDED_OVER: &str = "keys let go";
pub(super) const HOLDER_CRASHED: &str = "holder crashed with hints";
pub(super) const OWNER_DOWN: &str = "owner down while hinted";
pub(super) const COUNTED: &str = "acknowledged writes counted";

impl HandoffDelivery {
    /// The first violation of every part that is broken, the gravest first; what [`Checker::check`]
    /// reports is the first of them. As costly as a check.
    pub fn findings(&self, history: &History<Kv>) -> Vec<Counterexample> {
        judge(history).0.all()
    }
}

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

/// An acknowledged write on fewer disks than the setup says, whether or not it promises handoff.
pub(crate) fn too_few_copies(history: &History<Kv>) -> Option<Counterexample> {
    let order = Order::new(history);
    let marks = Marks::new(&order);
    let needed = marks.setup?.w;
    let mut findings = Findings::new(Promise::HandoffDelivery, &PARTS);
    copies::count(
        &order,
        &marks,
        &Sight::new(&order, &marks),
        needed,
        &mut findings,
    );
    findings.all().into_iter().next()
}

/// All findings, and what is missing for a "yes".
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
    served::judge(order, marks, &mut findings);
    owed::judge(order, marks, &sight, &mut findings);
    if marks.is_sampled() {
        let missing =
            "disks were only looked at now and then, so hints may have come and gone unseen";
        return (findings, Some(missing));
    }
    counted::judge(order, marks, &sight, &mut findings);
    deliveries::judge(order, marks, &sight, &mut findings);
    ranges::judge(order, marks, &sight, &mut findings);
    let missing = (findings.exercised[KEPT] == 0).then_some("no hint was ever kept");
    (findings, missing)
}
