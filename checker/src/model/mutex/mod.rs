//! Locks, one for each key: acquire, release.

mod mutexes;
mod turns;

pub use mutexes::{Lock, Mutexes};
