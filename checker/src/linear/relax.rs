//! What of an impossible part has to be true for it to be impossible.

use super::part::{Part, Step};
use super::search::Search;
use crate::domain::Domain;
use crate::history::Time;
use crate::model::Model;

/// Trials of weaker versions of a part, under one limit: steps looked at and configurations visited.
#[derive(Debug)]
pub(crate) struct Trials<'h, M: Model> {
    model: &'h M,
    left: u64,
}

impl<'h, M: Model> Trials<'h, M> {
    pub(crate) fn new(model: &'h M, left: u64) -> Self {
        Trials { model, left }
    }

    /// Weakens the part as far as the limit allows: cut off behind the first return that no order
    /// reaches, and with as few operations as possible that must take effect; the others may be left
    /// out. The result is as impossible as the part was.
    pub(crate) fn core(
        &mut self,
        part: &Part<'h, M::Domain>,
        barrier: Option<Step<'h, M::Domain>>,
    ) -> Vec<Step<'h, M::Domain>> {
        let mut steps = self.prefix(&part.steps, barrier);
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
        let verdict = search.advance(self.left);
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
        Trials::new(self.model, self.left).impossible(&steps)
    }

    /// The part cut off behind its barrier, the return that no order reached. Since no order got there,
    /// the calls and returns behind it do not matter.
    fn prefix(
        &mut self,
        steps: &[Step<'h, M::Domain>],
        barrier: Option<Step<'h, M::Domain>>,
    ) -> Vec<Step<'h, M::Domain>> {
        let cut = barrier.and_then(|barrier| Some(until(steps, barrier.until?)));
        cut.and_then(|cut| self.proof(&cut))
            .unwrap_or_else(|| steps.to_vec())
    }
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
