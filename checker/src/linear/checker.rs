//! The promise of linearizability, judged part by part.

use super::explain::explain;
use super::part::{Part, parts};
use super::replay::replay;
use super::search::Search;
use crate::history::{History, Op, OpId};
use crate::model::Model;
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict, Witness};

/// Holds histories against a sequential object: is there one order of all operations, each within its
/// interval, in which every answer is what the object would have answered?
///
/// An operation of unknown outcome may stand anywhere behind its call, or nowhere. An operation that
/// failed stands nowhere. The question is NP-hard; the search visits as many configurations as the
/// budget allows, over all parts, and says [`Verdict::Unknown`] when that was not enough.
#[derive(Clone, Debug)]
pub struct Linearizable<M> {
    model: M,
}

/// How many configurations each part may visit in the first round; every round allows four times more,
/// so that one hard part does not hide a violation in another.
const FIRST_ROUND: u64 = 1024;

impl<M: Model> Linearizable<M> {
    /// Judges by this object.
    pub fn new(model: M) -> Self {
        Linearizable { model }
    }

    /// The object.
    pub fn model(&self) -> &M {
        &self.model
    }

    fn judge(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        let parts = parts(&self.model, history);
        let mut orders: Vec<Option<Vec<OpId>>> = vec![None; parts.len()];
        let mut open: Vec<(usize, Option<Search<'_, M>>)> =
            (0..parts.len()).map(|part| (part, None)).collect();
        let (mut spent, mut limit) = (0, FIRST_ROUND);
        while !open.is_empty() {
            let mut still = Vec::new();
            for (part, search) in open {
                let mut search =
                    search.unwrap_or_else(|| Search::new(&self.model, &parts[part].steps));
                let before = search.visited();
                let decided = search.advance(limit.min(before + (budget.states - spent)));
                spent += search.visited() - before;
                match decided {
                    Some(true) => orders[part] = Some(search.order()),
                    Some(false) => {
                        let barrier = search.barrier();
                        drop(search);
                        return Verdict::Invalid(Box::new(explain(
                            &self.model,
                            &parts[part],
                            barrier,
                            budget,
                        )));
                    }
                    None => still.push((part, Some(search))),
                }
            }
            open = still;
            if spent >= budget.states {
                break;
            }
            limit = limit.saturating_mul(4);
        }
        if let Some((part, search)) = open.first() {
            return Verdict::Unknown(Shortfall::OutOfBudget {
                part: parts[*part].label(),
                states: search.as_ref().map_or(0, Search::visited),
                unknown: parts[*part].unknown(),
            });
        }
        let order = orders.into_iter().flatten().flatten().collect();
        self.confirm(history, &parts, order, spent)
    }

    fn confirm(
        &self,
        history: &History<M::Domain>,
        parts: &[Part<'_, M::Domain>],
        order: Vec<OpId>,
        spent: u64,
    ) -> Verdict {
        if let Err(wrong) = replay(&self.model, history, &order) {
            panic!("the order that a search finds explains the history, but {wrong}");
        }
        let exercised = counters(&self.model, parts, spent);
        if exercised["answers that could be wrong"] == 0 {
            return Verdict::Unknown(Shortfall::NothingExercised(
                "no operation has an answer that could be wrong".into(),
            ));
        }
        Verdict::Valid(Witness { order, exercised })
    }
}

impl<M: Model> Checker<M::Domain> for Linearizable<M> {
    fn promise(&self) -> Promise {
        Promise::Linearizable
    }

    fn check(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        self.judge(history, budget)
    }
}

fn counters<M: Model>(model: &M, parts: &[Part<'_, M::Domain>], spent: u64) -> Counters {
    let steps = || parts.iter().flat_map(|part| &part.steps);
    let answers = steps()
        .filter(|step| {
            step.ret
                .is_some_and(|ret| model.refutable(&step.op.call, ret))
        })
        .count() as u64;
    let completed = steps().filter(|step| step.strict).count() as u64;
    let overlapping = parts.iter().map(overlapping).sum();
    [
        ("operations", completed),
        ("answers that could be wrong", answers),
        ("overlapping pairs", overlapping),
        ("unknown outcomes", parts.iter().map(Part::unknown).sum()),
        ("parts", parts.len() as u64),
        ("states visited", spent),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}

/// How many pairs of completed operations of one part overlap, O(n log n).
fn overlapping<D: crate::domain::Domain>(part: &Part<'_, D>) -> u64 {
    let complete = || part.steps.iter().filter(|step| step.strict);
    let ops: Vec<&Op<D>> = complete().map(|step| step.op).collect();
    let mut ends: Vec<_> = ops.iter().filter_map(|op| op.returned).collect();
    ends.sort_unstable();
    ops.iter()
        .enumerate()
        .map(|(called, op)| (called - ends.partition_point(|end| *end < op.invoked)) as u64)
        .sum()
}
