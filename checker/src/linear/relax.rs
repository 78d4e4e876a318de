//! What of an impossible part has to be true for it to be impossible.

use super::part::{Part, Step};
use super::search::Search;
use crate::domain::Domain;
use crate::history::{OpId, Time};
use crate::model::Model;

/// Trials of weaker versions of a part, under one limit: steps looked at and configurations visited.
#[derive(Debug)]
pub(crate) struct Trials<'h, M: Model> {
    model: &'h M,
    left: u64,
    each: u64,
}

impl<'h, M: Model> Trials<'h, M> {
    /// Trials that may cost `left` in all, and visit `each` configurations at most.
    pub(crate) fn new(model: &'h M, left: u64, each: u64) -> Self {
        Trials { model, left, each }
    }

    /// Weakens the part as far as the limit allows: cut off behind the first return that no order
    /// reaches, and with as few operations as possible that must take effect; the others may be left
    /// out. The result is as impossible as the part was.
    pub(crate) fn core(
        &mut self,
        part: &Part<'h, M::Domain>,
        barrier: Option<Step<'h, M::Domain>>,
    ) -> Vec<Step<'h, M::Domain>> {
        let steps = self.prefix(&part.steps, barrier);
        let mut steps = self.suffix(&steps).unwrap_or(steps);
        let mut chunk = steps.len().div_ceil(2);
        while chunk > 0 && self.left > 0 {
            let mut from = 0;
            while let Some(chosen) = strict(&steps, from, chunk) {
                let mut weaker = steps.clone();
                for &step in &chosen {
                    weaker[step] = weaker[step].relaxed();
                }
                match self.proof(&weaker) {
                    Some(needed) => steps = needed,
                    None => from += chosen.len(),
                }
            }
            chunk /= 2;
        }
        steps
    }

    /// Whether these steps have no order. `false` as well if the limit does not suffice to tell.
    pub(crate) fn impossible(&mut self, steps: &[Step<'h, M::Domain>]) -> bool {
        self.proof(steps).is_some()
    }

    /// Those of these steps on which it rests that they have no order; `None` if they have one or the
    /// limit does not suffice to tell.
    fn proof(&mut self, steps: &[Step<'h, M::Domain>]) -> Option<Vec<Step<'h, M::Domain>>> {
        self.left = self.left.saturating_sub(steps.len() as u64);
        let mut search = Search::new(self.model, steps);
        let verdict = search.advance(self.left.min(self.each));
        self.left = self.left.saturating_sub(search.visited());
        (verdict == Some(false)).then(|| search.steps().to_vec())
    }

    /// Whether this step has no order even behind all others, each of which may have happened or not.
    pub(crate) fn impossible_at_any_time(
        &mut self,
        part: &Part<'h, M::Domain>,
        last: &Step<'h, M::Domain>,
    ) -> bool {
        let mut late = last.op.clone();
        late.invoked = Time(u64::MAX);
        late.returned = Some(Time(u64::MAX));
        let mut steps: Vec<Step<'_, M::Domain>> = part
            .steps
            .iter()
            .filter(|step| step.op.id != late.id)
            .map(|step| step.unbounded())
            .collect();
        steps.push(Step {
            op: &late,
            ret: last.ret,
            until: late.returned,
            strict: true,
        });
        Trials::new(self.model, self.left, self.each).impossible(&steps)
    }

    /// The same steps, of which only the last few must take effect, if those are impossible by
    /// themselves: most contradictions lie close together.
    fn suffix(&mut self, steps: &[Step<'h, M::Domain>]) -> Option<Vec<Step<'h, M::Domain>>> {
        let mut count = 1;
        while self.left > 0 {
            let proof = self.proof(&last(steps, count)?);
            if proof.is_some() {
                return proof;
            }
            count *= 2;
        }
        None
    }

    /// The part cut off behind the first of some returns at which it is impossible. Mostly that is the
    /// barrier, a return that no order passed.
    fn prefix(
        &mut self,
        steps: &[Step<'h, M::Domain>],
        barrier: Option<Step<'h, M::Domain>>,
    ) -> Vec<Step<'h, M::Domain>> {
        let from = barrier.and_then(|barrier| barrier.until);
        let mut returns: Vec<Time> = steps.iter().filter_map(|step| step.until).collect();
        returns.retain(|&until| from.is_some_and(|from| from <= until));
        returns.sort_unstable();
        let (mut at, mut stride) = (0, 1);
        while at < returns.len() && self.left > 0 {
            if let Some(proof) = self.proof(&until(steps, returns[at])) {
                return proof;
            }
            at += stride;
            stride *= 2;
        }
        steps.to_vec()
    }
}

/// These steps, of which only the last to return must take effect, as many as given.
fn last<'h, D: Domain>(steps: &[Step<'h, D>], count: usize) -> Option<Vec<Step<'h, D>>> {
    let strict = steps.iter().filter(|step| step.strict);
    let mut ends: Vec<(Option<Time>, OpId)> = strict.map(|step| (step.until, step.op.id)).collect();
    ends.sort_unstable();
    let first = *ends.get(ends.len().checked_sub(count)?)?;
    let weaker = steps.iter().map(|step| {
        if (step.until, step.op.id) < first {
            step.relaxed()
        } else {
            *step
        }
    });
    Some(weaker.collect())
}

/// The calls up to this time. Those that had not returned by then may be left out.
fn until<'h, D: Domain>(steps: &[Step<'h, D>], now: Time) -> Vec<Step<'h, D>> {
    let called = steps.iter().filter(|step| step.op.invoked <= now);
    let known = called.map(|step| match step.until {
        Some(until) if until <= now => *step,
        Some(_) | None => step.unbounded(),
    });
    known.collect()
}

/// Up to `count` steps that are held to their answers, the first `from` of them passed over.
fn strict<D: Domain>(steps: &[Step<'_, D>], from: usize, count: usize) -> Option<Vec<usize>> {
    let chosen: Vec<usize> = (0..steps.len())
        .filter(|&step| steps[step].strict)
        .skip(from)
        .take(count)
        .collect();
    (!chosen.is_empty()).then_some(chosen)
}
