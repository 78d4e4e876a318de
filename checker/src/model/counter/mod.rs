//! Counters, one for each key: add, read.

mod counters;
mod equal;
mod refute;

pub use counters::Counters;
