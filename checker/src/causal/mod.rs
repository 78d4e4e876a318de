//! Every read covers what causally precedes it.

#[cfg(test)]
mod agreement;
mod check;
mod conflicts;
mod edges;
#[cfg(test)]
mod naive;
mod path;
#[cfg(test)]
mod tests;
mod watch;

pub use check::Causal;
pub(crate) use check::{Seen, verdict};
pub(crate) use conflicts::Conflicts;
pub(crate) use watch::Pasts;
