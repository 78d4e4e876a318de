//! What a node keeps for another reaches it.

mod check;
mod copies;
mod held;
mod hints;
mod ranges;
#[cfg(test)]
mod tests;

pub use check::HandoffDelivery;
pub(crate) use check::verdict;
