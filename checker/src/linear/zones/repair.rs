//! Moves blocks where the order between them is free and an operation that changes nothing needs it.

use super::clusters::{Clusters, INITIAL};
use super::loose::{Misfit, order_of};
use crate::domain::Domain;
use crate::history::Op;

/// How many blocks further on one is looked for that could come earlier.
const BLOCKS_AHEAD: usize = 32;

/// Moves, for each operation that fits nowhere, one later block in front of those that keep it from
/// changing the state in time. Whether any was moved.
///
/// `roots` stay in an order that respects all calls and returns: a block is moved only in front of
/// blocks of which no operation had returned before one of its own was called.
pub(super) fn repair<D: Domain>(
    ops: &[&Op<D>],
    clusters: &Clusters,
    roots: &mut [u32],
    misfits: &[Misfit],
) -> bool {
    let mut starts: Vec<u32> = Vec::with_capacity(roots.len());
    let mut count = 0;
    for &root in roots.iter() {
        starts.push(count);
        count += order_of(clusters, root).count() as u32;
    }
    let (mut touched, mut moved) = (0, false);
    for misfit in misfits {
        // The blocks behind the one that the operation stands in, or behind the initial one.
        let next = starts.partition_point(|&start| start < misfit.gap).max(1);
        if next < touched {
            continue;
        }
        let end = roots.len().min(next + BLOCKS_AHEAD);
        let chosen = (next + 1..end).find(|&at| {
            let writer = clusters.all[roots[at] as usize].writer;
            writer != INITIAL
                && ops[writer as usize].invoked.0 <= misfit.until
                && clusters.all[roots[at] as usize].same != misfit.refused
                && roots[next..at]
                    .iter()
                    .all(|&other| may_precede(ops, clusters, roots[at], other))
        });
        if let Some(chosen) = chosen {
            roots[next..=chosen].rotate_right(1);
            (touched, moved) = (chosen + 1, true);
        }
    }
    moved
}

/// Whether no operation of the second block had returned before one of the first was called.
fn may_precede<D: Domain>(ops: &[&Op<D>], clusters: &Clusters, one: u32, two: u32) -> bool {
    let places = |root| order_of(clusters, root).map(|(place, _)| ops[place as usize]);
    let latest = places(one).map(|op| op.invoked).max();
    let earliest = places(two).filter_map(|op| op.returned).min();
    latest.is_none_or(|latest| earliest.is_none_or(|earliest| latest <= earliest))
}
