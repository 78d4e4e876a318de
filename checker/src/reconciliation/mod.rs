//! What clients make of siblings: sets, counters and lists that are merged by their readers.
//!
//! A Dynamo leaves it to the application to reconcile versions (§4.4 of the paper): a client reads all
//! siblings, merges them as the kind of object demands, makes its change, and puts the result with the
//! context that it read. Each value then tells what its writer knew, so that the order of versions is seen
//! twice: in contexts, and in what the values hold.

mod check;
mod merged;
#[cfg(test)]
mod tests;

pub use check::Reconciliation;
pub(crate) use check::verdict;
pub use merged::{Held, Kind, Merged};
