//! What the notes prove, and how a checker says what it found.

mod disks;
mod facts;
mod findings;
mod marks;
mod moment;
#[cfg(test)]
pub(crate) mod sketch;
mod tenures;

pub(crate) use disks::{Disks, State, contents, same};
pub(crate) use facts::{acknowledged, answered, names, owned, reason, supersedes};
pub(crate) use findings::{Finding, Findings};
pub(crate) use marks::Marks;
pub(crate) use moment::Moment;
pub(crate) use tenures::Tenures;
