//! What a node keeps for another reaches it.

mod check;
mod copies;
mod counted;
mod deliveries;
mod held;
mod hints;
mod owed;
mod ranges;
mod served;
#[cfg(test)]
mod tests;

pub use check::HandoffDelivery;
pub(crate) use check::{too_few_copies, verdict};
pub(crate) use held::{Held, Sight};
