//! Sequential consistency: for each key one order that keeps each session's own and explains every answer.

mod checker;
mod core;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod objects;
mod replay;
mod search;
mod sessions;
#[cfg(test)]
mod tests;

pub use checker::Sequential;
pub use replay::replay;
