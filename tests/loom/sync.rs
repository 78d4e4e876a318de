//! Loom's locks, behind the door through which shared leaves take theirs.
//!
//! `Arc` is the plain one: what these leaves count by it is immutable, or has a lock of its own, so the
//! order in which they let go of it changes nothing.

use std::sync::LockResult;

use loom::sync::{RwLockReadGuard, RwLockWriteGuard};

use crate::log::touched;

pub(crate) use loom::sync::{Condvar, MutexGuard};
pub(crate) use std::sync::{Arc, PoisonError};

/// A lock whose first holder of a call is noted: the call began no earlier than it must have.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(data: T) -> Self {
        Mutex(loom::sync::Mutex::new(data))
    }

    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let guard = self.0.lock();
        touched();
        guard
    }
}

/// The same for many readers or one writer.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

impl<T> RwLock<T> {
    pub(crate) fn new(data: T) -> Self {
        RwLock(loom::sync::RwLock::new(data))
    }

    pub(crate) fn read(&self) -> LockResult<RwLockReadGuard<'_, T>> {
        let guard = self.0.read();
        touched();
        guard
    }

    pub(crate) fn write(&self) -> LockResult<RwLockWriteGuard<'_, T>> {
        let guard = self.0.write();
        touched();
        guard
    }
}
