//! What a store promises each session, whatever the others do.

mod check;
mod known;
mod story;
#[cfg(test)]
mod tests;
mod watch;

pub(crate) use check::verdict;
pub use check::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
pub(crate) use known::{Readers, first_in};
pub(crate) use story::{shape, uncovered};
pub(crate) use watch::{Breach, Guarantee, Guarantees};
