//! Facts that several checkers rest on, in a reader's words.

use crate::history::OpId;
use crate::note::Node;
use crate::order::{Key, Order, Read};
use crate::verdict::Reason;

/// A fact about these operations.
pub(crate) fn reason(text: impl Into<String>, ops: &[OpId]) -> Reason {
    Reason {
        text: text.into(),
        ops: ops.to_vec(),
    }
}

/// These nodes, as a reader lists them.
pub(crate) fn names<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> String {
    let names: Vec<String> = nodes.into_iter().map(ToString::to_string).collect();
    names.join(", ")
}

/// Who owns a key.
pub(crate) fn owned(key: &str, owners: &[Node]) -> Reason {
    reason(format!("{key} is owned by {}", names(owners)), &[])
}

/// That this write was acknowledged, and when.
pub(crate) fn acknowledged(order: &Order<'_>, key: &Key<'_>, write: usize) -> Reason {
    let write = &key.writes[write];
    let op = order.op(write.place);
    let when = write.returned.map_or(0, |at| at.0);
    reason(
        format!("{} ({}) was acknowledged at {when}", op.id, op.label()),
        &[op.id],
    )
}

/// What this read returned, and when.
pub(crate) fn answered(order: &Order<'_>, read: &Read<'_>) -> Reason {
    let op = order.op(read.place);
    reason(
        format!("{} ({}) returned at {}", op.id, op.label(), read.returned.0),
        &[op.id],
    )
}

/// Why one write supersedes another: at most three contexts on the way down, and all their
/// operations.
pub(crate) fn supersedes(
    order: &Order<'_>,
    key: &Key<'_>,
    old: usize,
    new: usize,
) -> (Vec<Reason>, Vec<OpId>) {
    const SHOWN_MAX: usize = 3;
    let (mut reasons, mut ops) = (Vec::new(), Vec::new());
    let mut here = new;
    // In a malformed history contexts may lead in a circle; no way down is longer than this.
    for _ in 0..key.writes.len() {
        if here == old {
            break;
        }
        let below = key.seen(here).iter().copied();
        let Some(next) = below.filter(|&seen| key.covers(seen, old)).min() else {
            break;
        };
        let op = order.op(key.writes[here].place);
        let mut both = vec![op.id, order.op(key.writes[next].place).id];
        both.extend_from_slice(op.call.context());
        let seen = key.label(next);
        reasons.push(reason(
            format!(
                "{} ({}) passed a context that had seen {seen}",
                op.id,
                op.label()
            ),
            &both,
        ));
        ops.extend(both);
        here = next;
    }
    reasons.truncate(SHOWN_MAX);
    (reasons, ops)
}
