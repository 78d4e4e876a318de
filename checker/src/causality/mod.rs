//! The store's clocks order two versions exactly when one had seen the other.

mod check;
mod clocks;
#[cfg(test)]
mod tests;
mod truth;

pub use check::ClockCausality;
pub(crate) use check::verdict;
