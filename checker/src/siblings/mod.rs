//! No acknowledged write is lost, none comes back, none is invented.

mod check;
#[cfg(test)]
mod deletes;
mod disks;
mod reads;
#[cfg(test)]
mod tests;

pub use check::SiblingPreservation;
pub(crate) use check::verdict;
