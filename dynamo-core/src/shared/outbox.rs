//! What one peer is yet to be sent: bounded, first in, first out.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::sync::{Mutex, MutexGuard, PoisonError};

/// Messages that wait for one reader.
///
/// Nobody waits for room: what does not fit is dropped, as a network would. The reader sleeps
/// elsewhere, and is to be woken by whoever pushed [first](Pushed::First). It must look into the
/// outbox before it sleeps, and a wake-up that comes while it is awake must keep it from sleeping
/// once; then no message stays behind.
#[derive(Debug)]
pub struct Outbox<T> {
    queue: Mutex<VecDeque<T>>,
    capacity: usize,
}

/// What became of a message.
#[must_use = "who pushes first wakes the reader"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It waits alone: the reader is to be woken.
    First,
    /// It waits behind others, whose first has woken the reader or is about to.
    Queued,
    /// There was no room.
    Dropped,
}

impl<T> Outbox<T> {
    /// Room for this many messages.
    pub fn new(capacity: usize) -> Self {
        Outbox {
            queue: Mutex::new(VecDeque::new()),
            capacity,
        }
    }

    /// Puts a message behind the others, if there is room.
    pub fn push(&self, message: T) -> Pushed {
        let mut queue = self.queue();
        if queue.len() >= self.capacity {
            return Pushed::Dropped;
        }
        queue.push_back(message);
        if queue.len() == 1 {
            Pushed::First
        } else {
            Pushed::Queued
        }
    }

    /// Takes the message that has waited longest.
    pub fn pop(&self) -> Option<T> {
        self.queue().pop_front()
    }

    /// Takes all messages, in the order in which they came.
    pub fn drain(&self) -> Vec<T> {
        core::mem::take(&mut *self.queue()).into()
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.queue().len()
    }

    /// Whether no message waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<T>> {
        // Whoever panicked with the lock left a whole queue behind.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
