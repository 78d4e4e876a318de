//! Once healed, replicas become equal, and equal to what the writes add up to.

mod check;
mod churn;
mod reads;
mod replicas;
mod roots;
#[cfg(test)]
mod tests;

pub use check::Convergence;
pub(crate) use check::verdict;
