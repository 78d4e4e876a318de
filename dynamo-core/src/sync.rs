//! The only door of shared state to locks, so that loom can stand behind it.

pub(crate) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
