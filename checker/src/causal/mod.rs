//! Every read covers what causally precedes it.

#[cfg(test)]
mod agreement;
mod check;
#[cfg(test)]
mod naive;
mod path;
#[cfg(test)]
mod tests;
mod watch;

pub use check::Causal;
pub(crate) use check::verdict;
pub(crate) use watch::Pasts;
