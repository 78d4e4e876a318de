//! All ways to judge agree on thousands of small histories.
//!
//! A long run judges more than a million of them, of seven kinds:
//! `DYNO_AGREEMENT=150000 cargo test -p dynamometer-checker --lib linear::agreement::verdicts`.

mod by_hand;
mod cores;
mod crowds;
mod explained;
pub(crate) mod generated;
mod idle;
mod long;
mod mismatches;
mod verdicts;
