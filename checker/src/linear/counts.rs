//! What gave linearizability a chance to be broken, counted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::part::Part;
use crate::domain::Domain;
use crate::history::Time;
use crate::model::Model;
use crate::verdict::Counters;

/// What all parts hold together, O(n log n).
pub(crate) fn counters<M: Model>(model: &M, parts: &[Part<'_, M::Domain>]) -> Counters {
    let (mut operations, mut unknown, mut answers, mut pairs) = (0, 0, 0, 0);
    let mut ends = Vec::new();
    for part in parts {
        for op in &part.ops {
            match op.outcome.ok() {
                Some(ret) => {
                    operations += 1;
                    answers += u64::from(model.refutable(&op.call, ret));
                }
                None => unknown += 1,
            }
        }
        pairs += overlapping(part, &mut ends);
    }
    [
        ("operations", operations),
        ("answers that could be wrong", answers),
        ("overlapping pairs", pairs),
        ("unknown outcomes", unknown),
        ("parts", parts.len() as u64),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}

/// How many pairs of completed operations of one part overlap. `open` is emptied and used.
///
/// Keeps the ends of the operations that are open, so the cost is that of few operations at a time:
/// O(n log k) with k open at once.
fn overlapping<D: Domain>(part: &Part<'_, D>, open: &mut Vec<Reverse<Time>>) -> u64 {
    open.clear();
    let mut heap = BinaryHeap::from(std::mem::take(open));
    let mut pairs = 0;
    for op in &part.ops {
        let (Some(end), Some(_)) = (op.returned, op.outcome.ok()) else {
            continue;
        };
        while heap
            .peek()
            .is_some_and(|Reverse(first)| *first < op.invoked)
        {
            heap.pop();
        }
        pairs += heap.len() as u64;
        heap.push(Reverse(end));
    }
    *open = heap.into_vec();
    pairs
}
