//! Locks, one for each key: acquire, release.

mod mutexes;

pub use mutexes::{Lock, Mutexes};
