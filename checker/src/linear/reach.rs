//! Which open reads no calls can explain any more.

use super::live::Set;
use super::search::Search;
use super::table::{Kind, State};
use super::timeline::Event;
use super::used::Used;
use crate::history::Time;
use crate::model::Model;

/// How far a search got.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reached {
    /// From the first call that was open at the furthest return any order reached, to that return.
    pub(crate) window: (Time, Time),
    /// How many operations that ended were open there.
    pub(crate) pending: u64,
}

/// How many events are looked at before the search begins, and how many more for each step. Mostly what
/// leads to an answer was called shortly before.
const GLANCES: usize = 50_000;
const GLANCES_EACH: usize = 64;

/// How many events ahead a read may return for its answer to be checked in advance.
const REACH: usize = 512;

impl<M: Model> Search<'_, M> {
    /// The window in which the search got no further, O(n).
    pub(crate) fn reached(&self) -> Reached {
        let Some(returning) = self
            .furthest_place()
            .and_then(|place| self.returning(place))
        else {
            return Reached::default();
        };
        let now = self.steps[returning as usize].until.unwrap_or_default();
        let open = self.steps.iter().filter(|step| {
            let ends_later = step.until.is_some_and(|until| now <= until);
            ends_later && step.op.invoked <= now
        });
        let from = open.clone().map(|step| step.op.invoked).min();
        Reached {
            window: (from.unwrap_or(now), now),
            pending: open.count() as u64,
        }
    }

    /// A step that no calls before its return explain, told without a search, as far as a limited number
    /// of glances shows it.
    ///
    /// Of steps of one kind the one that returns first has the fewest calls before it.
    pub(super) fn hopeless_step(&self) -> Option<u32> {
        let mut left = GLANCES + GLANCES_EACH * self.steps.len();
        let mut known = vec![false; self.table.kinds().len()];
        let events = self.timeline.all();
        for (place, event) in events.iter().enumerate() {
            let Event::Return(step) = *event else {
                continue;
            };
            let kind = self.kinds[step as usize];
            if !self.steps[step as usize].strict
                || std::mem::replace(&mut known[kind as usize], true)
            {
                continue;
            }
            let ahead = &events[..place];
            let mut glances = 0;
            let glanced = ahead.iter().rev().inspect(|_| glances += 1);
            let mut means = glanced.filter_map(|event| self.called(*event));
            if !self.table.within_reach(0, kind, &mut means) {
                return Some(step);
            }
            left = left.checked_sub(glances)?;
        }
        None
    }

    /// The kind of the call that begins at an event.
    fn called(&self, event: Event) -> Option<Kind> {
        match event {
            Event::Call(step) => Some(self.kinds[step as usize]),
            Event::Unknown { class } => Some(self.classes[class as usize].kind),
            Event::Return(_) => None,
        }
    }

    /// An open read that can no longer find its answer, as far as the model can tell.
    pub(super) fn out_of_reach(&self, state: State, live: Set, used: Used) -> Option<u32> {
        let mut from = 0;
        while let Some((slot, read)) = self.timeline.reading_from(from) {
            from = slot + 1;
            if !self.slots.has(live, slot) && !self.within_reach(read, state, live, used) {
                return Some(read);
            }
        }
        None
    }

    /// Whether operations may lead to the answer of this open read before it returns.
    fn within_reach(&self, read: u32, state: State, live: Set, used: Used) -> bool {
        let ahead = self.timeline.ahead(self.timeline.end(read));
        if ahead.len() > REACH {
            return true;
        }
        let now = self.timeline.open().iter().zip(0..);
        let now = now.filter(|&(_, slot)| !self.slots.has(live, slot));
        let now = now.filter_map(|(step, _)| Some(self.kinds[(*step)? as usize]));
        let unused =
            |class: &usize| self.timeline.waiting()[*class] > self.used.count(used, *class as u32);
        let unused = (0..self.classes.len()).filter(unused);
        let unused = unused.map(|class| self.classes[class].kind);
        let later = ahead.iter().filter_map(|event| self.called(*event));
        let mut means = now.chain(unused).chain(later);
        let kind = self.kinds[read as usize];
        self.table.within_reach(state, kind, &mut means)
    }
}
