//! The only door to locks and atomics, so that loom can stand behind it.

pub(crate) use std::sync::Mutex;
