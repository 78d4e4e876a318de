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

/// Reads are checked before the search begins if their number times that of the steps is not larger.
const READS_CHECKED: usize = 50_000;

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

    /// A read that no calls before its return explain, told without a search; not tried in large parts.
    pub(super) fn hopeless_read(&self) -> Option<u32> {
        let strict = |step: &u32| {
            self.steps[*step as usize].strict && self.table.reads_only(self.kinds[*step as usize])
        };
        let reads: Vec<u32> = (0..self.steps.len() as u32).filter(strict).collect();
        let hopeless = |read: &u32| {
            let ahead = self.timeline.ahead(self.timeline.end(*read));
            let mut means = ahead.iter().filter_map(|event| self.called(*event));
            let kind = self.kinds[*read as usize];
            !self.table.within_reach(0, kind, &mut means)
        };
        let cheap = reads.len() * self.steps.len() <= READS_CHECKED;
        reads.into_iter().filter(|_| cheap).find(hopeless)
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
        let pending = |step: &u32| !self.slots.has(live, self.timeline.slot(*step));
        let mut open = self
            .timeline
            .open()
            .iter()
            .flatten()
            .copied()
            .filter(pending);
        open.find(|&read| {
            let kind = self.kinds[read as usize];
            let ahead = self.timeline.ahead(self.timeline.end(read));
            if !self.table.reads_only(kind) || ahead.len() > REACH {
                return false;
            }
            let now = self
                .timeline
                .open()
                .iter()
                .flatten()
                .copied()
                .filter(pending);
            let unused = |class: &usize| {
                self.timeline.waiting()[*class] > self.used.count(used, *class as u32)
            };
            let unused = (0..self.classes.len()).filter(unused);
            let unused = unused.map(|class| self.classes[class].kind);
            let later = ahead.iter().filter_map(|event| self.called(*event));
            let now = now.map(|step| self.kinds[step as usize]);
            let mut means = now.chain(unused).chain(later);
            !self.table.within_reach(state, kind, &mut means)
        })
    }
}
