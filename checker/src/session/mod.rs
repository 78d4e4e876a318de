//! What a store promises each session, whatever the others do.

mod check;
mod known;
mod own;
mod readers;
mod story;
#[cfg(test)]
mod tests;
mod through;
mod watch;

pub(crate) use check::verdict;
pub use check::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
pub(crate) use own::Own;
pub(crate) use readers::{Readers, first_of_each};
pub(crate) use story::{shape, uncovered};
pub(crate) use through::Through;
pub(crate) use watch::{Breach, Guarantee, Guarantees};
