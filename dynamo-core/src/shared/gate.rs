//! Who is still at work, so that a server can stop when all are through.

use crate::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A gate that work passes; once closed, nothing enters, and one can wait until all has left.
///
/// Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    yard: Arc<Yard>,
}

#[derive(Debug, Default)]
struct Yard {
    state: Mutex<State>,
    /// Closed, and the last has left.
    empty: Condvar,
}

#[derive(Debug, Default)]
struct State {
    closed: bool,
    inside: usize,
}

/// Someone is inside, until this is dropped.
#[must_use = "who drops it has left"]
#[derive(Debug)]
pub struct Pass {
    yard: Arc<Yard>,
}

impl Gate {
    /// An open gate with nobody inside.
    pub fn new() -> Self {
        Gate::default()
    }

    /// Enters; `None` if the gate is closed.
    pub fn enter(&self) -> Option<Pass> {
        let mut state = self.yard.state();
        if state.closed {
            return None;
        }
        state.inside += 1;
        Some(Pass {
            yard: Arc::clone(&self.yard),
        })
    }

    /// Closes the gate for good. Who is inside may finish.
    pub fn close(&self) {
        self.yard.state().closed = true;
        self.yard.empty.notify_all();
    }

    /// Whether the gate is closed.
    pub fn is_closed(&self) -> bool {
        self.yard.state().closed
    }

    /// How many are inside at this moment.
    pub fn inside(&self) -> usize {
        self.yard.state().inside
    }

    /// Blocks until the gate is closed and nobody is inside, which then stays so.
    pub fn wait_empty(&self) {
        let mut state = self.yard.state();
        while !state.closed || state.inside > 0 {
            state = self
                .yard
                .empty
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let mut state = self.yard.state();
        state.inside -= 1;
        if state.closed && state.inside == 0 {
            self.yard.empty.notify_all();
        }
    }
}

impl Yard {
    fn state(&self) -> MutexGuard<'_, State> {
        // Two plain numbers are never half written; and who leaves because of a panic must get out.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
