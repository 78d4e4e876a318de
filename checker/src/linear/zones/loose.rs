//! Operations that change nothing and fit into an order wherever the state allows it.

use super::clusters::{Cluster, Clusters, INITIAL};
use crate::domain::Domain;
use crate::history::Op;

/// Operations to be put into an order, and the states they refuse.
#[derive(Debug, Default)]
pub(super) struct Loose {
    /// Places in the order of calls, each with the state in which the operation is impossible.
    pub(super) ops: Vec<(u32, Option<u32>)>,
}

/// An order of all operations that respects calls and returns, but for which the states of some are wrong.
#[derive(Debug)]
pub(super) struct Tentative {
    /// Places in the part.
    pub(super) order: Vec<u32>,
    /// Where those stand that fit nowhere, ascending.
    pub(super) misfits: Vec<u32>,
}

/// The operations of a block with the states that they leave behind, as [`insert`] takes them: the
/// writer of a state, its readers in the order of their calls, the writer of the next state.
pub(super) fn order_of(clusters: &Clusters, root: u32) -> impl Iterator<Item = (u32, u32)> {
    clusters.chain(root).flat_map(|state| {
        let Cluster { writer, same, .. } = clusters.all[state as usize];
        let writer = (writer != INITIAL).then_some(writer).into_iter();
        let all = writer.chain(clusters.readers(state));
        all.map(move |place| (place, same))
    })
}

/// The same order with all loose operations in it.
///
/// `order` names the places of operations with the states that they leave behind, and respects calls
/// and returns. Each loose operation goes to the first gap behind all that returned before it was
/// called, among them other loose ones, in which it is possible. No other choice leaves more room for
/// the rest. One that is possible in no gap in time goes to the first one. O(n log n).
pub(super) fn insert<D: Domain>(ops: &[&Op<D>], order: &[(u32, u32)], loose: &Loose) -> Tentative {
    let gaps = Gaps::new(ops, order);
    let mut placed: Vec<Placed> = Vec::with_capacity(loose.ops.len());
    let mut ended: Vec<(u64, usize)> = Vec::with_capacity(loose.ops.len());
    for (number, &(place, _)) in loose.ops.iter().enumerate() {
        ended.push((returned(ops[place as usize]), number));
    }
    ended.sort_unstable();
    let (mut first, mut floor) = (0, 0);
    let mut ended_before = ended.iter().peekable();
    for &(place, refused) in &loose.ops {
        let op = ops[place as usize];
        while first < order.len() && gaps.earliest_return[first] < op.invoked.0 {
            first += 1;
        }
        while let Some(&&(end, number)) = ended_before.peek()
            && end < op.invoked.0
        {
            // What ended before this call was called, and so placed, before it.
            floor = floor.max(placed[number].gap);
            ended_before.next();
        }
        let begin = floor.max(first as u32);
        let mut gap = Some(begin);
        while let Some(here) = gap
            && refused == Some(gaps.state(here))
        {
            gap = gaps.after_next_writer(here);
        }
        let fits = |gap: &u32| {
            let before = gap.checked_sub(1);
            before.is_none_or(|at| gaps.latest_call[at as usize] <= returned(op))
        };
        let fitting = gap.filter(fits);
        placed.push(Placed {
            gap: fitting.unwrap_or(begin),
            place,
            fits: fitting.is_some(),
        });
    }
    // Of those in one gap, those that returned first come first.
    placed.sort_unstable_by_key(|at| (at.gap, returned(ops[at.place as usize]), at.place));
    merged(order, &placed)
}

/// A loose operation in a gap of an order.
#[derive(Clone, Copy, Debug)]
struct Placed {
    gap: u32,
    place: u32,
    /// Whether it is possible there.
    fits: bool,
}

/// An order with operations in its gaps, which come in the order of these.
fn merged(order: &[(u32, u32)], placed: &[Placed]) -> Tentative {
    let mut whole = Vec::with_capacity(order.len() + placed.len());
    let mut misfits = Vec::new();
    let mut placed = placed.iter().peekable();
    for gap in 0..=order.len() {
        while let Some(loose) = placed.next_if(|at| at.gap as usize == gap) {
            if !loose.fits {
                misfits.push(whole.len() as u32);
            }
            whole.push(loose.place);
        }
        whole.extend(order.get(gap).map(|&(place, _)| place));
    }
    Tentative {
        order: whole,
        misfits,
    }
}

fn returned<D: Domain>(op: &Op<D>) -> u64 {
    op.returned.map_or(u64::MAX, |at| at.0)
}

/// The gaps of an order: gap 0 is in front of it, gap `i` behind its `i`-th operation.
struct Gaps<'o> {
    order: &'o [(u32, u32)],
    /// The latest call of all operations up to this one.
    latest_call: Vec<u64>,
    /// The earliest return of this operation and all behind it.
    earliest_return: Vec<u64>,
    /// The next gap in which the state is another one.
    changes: Vec<u32>,
}

impl<'o> Gaps<'o> {
    fn new<D: Domain>(ops: &[&Op<D>], order: &'o [(u32, u32)]) -> Self {
        let mut latest = 0;
        let called = order.iter().map(|&(place, _)| {
            latest = ops[place as usize].invoked.0.max(latest);
            latest
        });
        let latest_call = called.collect();
        let mut gaps = Gaps {
            order,
            latest_call,
            earliest_return: vec![0; order.len()],
            changes: vec![u32::MAX; order.len() + 1],
        };
        let mut earliest = u64::MAX;
        for at in (0..order.len()).rev() {
            earliest = returned(ops[order[at].0 as usize]).min(earliest);
            gaps.earliest_return[at] = earliest;
            let behind = at as u32 + 1;
            gaps.changes[at] = if gaps.state(at as u32) == gaps.state(behind) {
                gaps.changes[at + 1]
            } else {
                behind
            };
        }
        gaps
    }

    /// The state in a gap.
    fn state(&self, gap: u32) -> u32 {
        let before = gap.checked_sub(1);
        before.map_or(0, |at| self.order[at as usize].1)
    }

    fn after_next_writer(&self, gap: u32) -> Option<u32> {
        let next = self.changes[gap as usize];
        (next != u32::MAX).then_some(next)
    }
}
