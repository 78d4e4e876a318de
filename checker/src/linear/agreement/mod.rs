//! All ways to judge agree on thousands of small histories.

mod by_hand;
mod cores;
mod crowds;
pub(crate) mod generated;
mod verdicts;
