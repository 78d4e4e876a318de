//! Once healed, replicas become equal, and equal to what the writes add up to.

mod check;
mod churn;
mod events;
mod reads;
mod replicas;
mod rest;
mod roots;
#[cfg(test)]
mod tests;

pub use check::Convergence;
pub(crate) use check::{states_differ, verdict};
