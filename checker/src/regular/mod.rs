//! Every read covers what had been acknowledged, or read, before it began.

mod check;
mod monotonic;
#[cfg(test)]
mod tests;
mod watch;

pub use check::Regular;
pub(crate) use check::verdict;
pub use monotonic::{Inversion, monotonic};
pub(crate) use watch::Acknowledgements;
