//! When operations take effect in an order that a special case builds, and what it says of them.

use crate::domain::Domain;
use crate::history::{Op, OpId, Time};
use crate::model::sequential::{Contradiction, Shortcut};
use crate::verdict::Reason;

/// Behind every time at which an operation has to have taken effect.
pub(super) const FOREVER: Time = Time(u64::MAX);

/// Whether an operation was called or returned at the time that stands for none. Special cases leave such
/// a part to the search.
pub(super) fn at_forever<D: Domain>(ops: &[&Op<D>]) -> bool {
    ops.iter()
        .any(|op| op.invoked == FOREVER || op.returned == Some(FOREVER))
}

/// Until when an operation may take effect.
pub(super) fn end<D: Domain>(op: &Op<D>) -> Time {
    op.returned.unwrap_or(FOREVER)
}

/// The moment at which an operation takes effect; of those at one time, the lower rank comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    pub(super) at: Time,
    pub(super) rank: u64,
    pub(super) op: OpId,
}

/// The order that moments give, O(n log n). It keeps every interval that contains its moment.
pub(super) fn explained(by: &'static str, mut moments: Vec<Moment>) -> Shortcut {
    moments.sort_unstable();
    Shortcut::Explained {
        order: moments.into_iter().map(|moment| moment.op).collect(),
        by,
    }
}

/// Operations that leave no order, by these facts.
pub(super) fn contradicted(
    by: &'static str,
    kind: &'static str,
    mut ops: Vec<OpId>,
    facts: Vec<Reason>,
) -> Shortcut {
    ops.sort_unstable();
    ops.dedup();
    Shortcut::Contradicted(Contradiction {
        by,
        ops,
        facts,
        kind,
    })
}

/// A fact about these operations.
pub(super) fn fact(text: String, ops: impl Into<Vec<OpId>>) -> Reason {
    let ops = ops.into();
    Reason { text, ops }
}

/// The operation as a sentence begins with it: `c1: read → 4`.
pub(super) fn name<D: Domain>(op: &Op<D>) -> String {
    format!("{}: {}", op.process, op.label())
}

/// That an operation was called no earlier than it was.
pub(super) fn called<D: Domain>(op: &Op<D>) -> Reason {
    let text = format!("{} was called at {}", name(op), op.invoked.0);
    fact(text, [op.id])
}

/// That an operation had returned.
pub(super) fn returned<D: Domain>(op: &Op<D>) -> Reason {
    let text = format!("{} had returned by {}", name(op), end(op).0);
    fact(text, [op.id])
}
