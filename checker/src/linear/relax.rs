//! What of an impossible part has to be true for it to be impossible.

use super::part::Step;
use super::search::Search;
use crate::domain::Domain;
use crate::history::{OpId, Time};
use crate::model::Model;

/// How many steps are looked at in the time in which one configuration is visited.
const GLANCE: u64 = 16;

/// How many configurations are visited to show that two operations contradict each other.
const PAIR: u64 = 300;

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
        part: &[Step<'h, M::Domain>],
        barrier: Option<Step<'h, M::Domain>>,
    ) -> Vec<Step<'h, M::Domain>> {
        let cuts = cuts(part, barrier);
        let pair = cuts.iter().find_map(|cut| self.pair(cut));
        let mut steps = pair.unwrap_or_else(|| {
            let prefix = cuts.iter().find_map(|cut| self.proof(cut));
            let prefix = prefix.unwrap_or_else(|| part.to_vec());
            self.suffix(&prefix).unwrap_or(prefix)
        });
        let mut chunk = steps.len().div_ceil(2);
        while chunk > 0 && self.left > 0 {
            let mut from = 0;
            while let Some(chosen) = strict(&steps, from, chunk) {
                if self.left == 0 {
                    return steps;
                }
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
        let glance = steps.len() as u64 / GLANCE + 1;
        self.left = self.left.saturating_sub(glance);
        let mut search = Search::new(self.model, steps);
        let verdict = search.advance(self.left.min(self.each));
        self.left = self.left.saturating_sub(search.visited());
        (verdict == Some(false)).then(|| search.steps().to_vec())
    }

    /// Whether this step has no order even behind all others, each of which may have happened or not.
    pub(crate) fn impossible_at_any_time(
        &mut self,
        part: &[Step<'h, M::Domain>],
        last: &Step<'h, M::Domain>,
    ) -> bool {
        let mut late = last.op.clone();
        late.invoked = Time(u64::MAX);
        late.returned = Some(Time(u64::MAX));
        let mut steps: Vec<Step<'_, M::Domain>> = part
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

    /// The same steps, of which only the last to return must take effect and perhaps one other, if those
    /// are impossible by themselves. Tried with the last ones, for a part of what is left.
    fn pair(&mut self, steps: &[Step<'h, M::Domain>]) -> Option<Vec<Step<'h, M::Domain>>> {
        let (end, each) = (self.left - self.left / 8, self.each);
        let mut strict: Vec<usize> = (0..steps.len())
            .filter(|&step| steps[step].strict)
            .collect();
        strict.sort_by_key(|&step| steps[step].until);
        let last = *strict.last()?;
        self.each = each.min(PAIR);
        let mut found = None;
        for &other in strict.iter().rev() {
            if found.is_some() || self.left <= end {
                break;
            }
            let relaxed = steps.iter().enumerate().map(|(number, step)| {
                if number == other || number == last {
                    *step
                } else {
                    step.relaxed()
                }
            });
            found = self.proof(&relaxed.collect::<Vec<_>>());
        }
        self.each = each;
        found
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
}

/// The steps cut off at the barrier, the last return that an order reached, and at some behind it.
fn cuts<'h, D: Domain>(
    steps: &[Step<'h, D>],
    barrier: Option<Step<'h, D>>,
) -> Vec<Vec<Step<'h, D>>> {
    let Some(from) = barrier.and_then(|barrier| barrier.until) else {
        return Vec::new();
    };
    let mut returns: Vec<Time> = steps.iter().filter_map(|step| step.until).collect();
    returns.retain(|&until| from <= until);
    returns.sort_unstable();
    // Mostly the barrier cannot be passed. But a read that was seen to be lost returns later.
    let places = [0, 1, 3, 7, 15, 31, 63];
    let places = places.into_iter().filter_map(|place| returns.get(place));
    places.map(|&now| until(steps, now)).collect()
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
