//! What gave linearizability a chance to be broken, counted.

use super::part::Part;
use crate::domain::Domain;
use crate::history::Op;
use crate::model::Model;
use crate::verdict::Counters;

/// What all parts hold together, O(n log n).
pub(crate) fn counters<M: Model>(model: &M, parts: &[Part<'_, M::Domain>]) -> Counters {
    let ops = || parts.iter().flat_map(|part| &part.ops);
    let refutable = |op: &&&Op<M::Domain>| {
        let ret = op.outcome.ok();
        ret.is_some_and(|ret| model.refutable(&op.call, ret))
    };
    let unknown: u64 = parts.iter().map(Part::unknown).sum();
    [
        ("operations", ops().count() as u64 - unknown),
        (
            "answers that could be wrong",
            ops().filter(refutable).count() as u64,
        ),
        ("overlapping pairs", parts.iter().map(overlapping).sum()),
        ("unknown outcomes", unknown),
        ("parts", parts.len() as u64),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}

/// How many pairs of completed operations of one part overlap, O(n log n).
fn overlapping<D: Domain>(part: &Part<'_, D>) -> u64 {
    let complete = || part.ops.iter().filter(|op| op.outcome.ok().is_some());
    let mut ends: Vec<_> = complete().filter_map(|op| op.returned).collect();
    ends.sort_unstable();
    let mut ended = 0;
    complete()
        .enumerate()
        .map(|(called, op)| {
            while ends.get(ended).is_some_and(|end| *end < op.invoked) {
                ended += 1;
            }
            (called - ended) as u64
        })
        .sum()
}
