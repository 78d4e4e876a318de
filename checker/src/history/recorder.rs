//! A history under construction, shared by the threads whose calls it records.

use crate::domain::Domain;
use crate::history::{Entry, OpId, Outcome, Process, Time};
use crate::note::Note;
use crate::sync::Mutex;

/// Collects entries from many threads in one order.
///
/// The clock is read under the lock, so the order of entries is the order of their times. Call
/// [`Recorder::invoke`] before the request leaves and [`Recorder::finish`] after the answer has
/// arrived: the record may then widen an operation's interval, never narrow it.
#[derive(Debug)]
pub struct Recorder<D: Domain> {
    state: Mutex<State<D>>,
}

#[derive(Debug)]
struct State<D: Domain> {
    entries: Vec<Entry<D>>,
    next: u64,
    last: Time,
}

impl<D: Domain> State<D> {
    /// A clock that steps back is held: the order of entries is what is certain.
    fn stamp(&mut self, clock: impl FnOnce() -> Time) -> Time {
        self.last = self.last.max(clock());
        self.last
    }
}

impl<D: Domain> Default for Recorder<D> {
    fn default() -> Self {
        Recorder {
            state: Mutex::new(State {
                entries: Vec::new(),
                next: 0,
                last: Time(0),
            }),
        }
    }
}

impl<D: Domain> Recorder<D> {
    /// Records a call that is about to leave; returns the name of the new operation.
    pub fn invoke(&self, process: Process, call: D::Call, clock: impl FnOnce() -> Time) -> OpId {
        self.with(|state| {
            let (op, at) = (OpId(state.next), state.stamp(clock));
            state.next += 1;
            state.entries.push(Entry::Invoke {
                op,
                at,
                process,
                call,
            });
            op
        })
    }

    /// Records how a call ended.
    pub fn finish(&self, op: OpId, outcome: Outcome<D::Ret>, clock: impl FnOnce() -> Time) {
        self.with(|state| {
            let at = state.stamp(clock);
            state.entries.push(Entry::Return { op, at, outcome });
        });
    }

    /// Records evidence.
    pub fn note(&self, note: Note, clock: impl FnOnce() -> Time) {
        self.with(|state| {
            let at = state.stamp(clock);
            state.entries.push(Entry::Note { at, note });
        });
    }

    /// Takes everything recorded so far, in order.
    pub fn take(&self) -> Vec<Entry<D>> {
        self.with(|state| std::mem::take(&mut state.entries))
    }

    fn with<T>(&self, act: impl FnOnce(&mut State<D>) -> T) -> T {
        // A thread that panicked while recording left whole entries behind; they stay evidence.
        let mut state = self
            .state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        act(&mut state)
    }
}
