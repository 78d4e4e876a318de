//! A machine that many threads drive, one step at a time.

use crate::sync::{Mutex, MutexGuard};

/// A machine behind one lock.
///
/// A step reads, decides and writes under the lock: nobody sees it half done, and no other step comes
/// between. Whatever a step hands on inside its closure is handed on in the order of the steps.
#[derive(Debug, Default)]
pub struct Stepper<M> {
    machine: Mutex<M>,
}

impl<M> Stepper<M> {
    /// The machine as it begins.
    pub fn new(machine: M) -> Self {
        Stepper {
            machine: Mutex::new(machine),
        }
    }

    /// Takes a step. It must not take another inside.
    ///
    /// # Panics
    /// If an earlier step panicked: what that left half done must not answer anybody.
    pub fn step<R>(&self, act: impl FnOnce(&mut M) -> R) -> R {
        act(&mut self.machine())
    }

    /// Looks at the machine between two steps: all that is seen belongs to one moment.
    ///
    /// # Panics
    /// If an earlier step panicked.
    pub fn look<R>(&self, see: impl FnOnce(&M) -> R) -> R {
        see(&self.machine())
    }

    fn machine(&self) -> MutexGuard<'_, M> {
        self.machine
            .lock()
            .expect("a machine that broke off halfway takes no further step")
    }
}
