//! Counters, one for each key: add, read.

mod counters;

pub use counters::Counters;
