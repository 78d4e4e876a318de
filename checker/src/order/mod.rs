//! Who supersedes whom: the order of the writes of each key, as the clients' contexts tell it.

mod chains;
mod columns;
mod course;
mod cover;
mod frontier;
mod index;
mod key;
mod misses;
mod possible;
mod sweep;
#[cfg(test)]
mod tests;
mod texts;
pub(crate) mod vectors;
mod watch;

pub(crate) use columns::{Columns, Question};
pub(crate) use course::Course;
pub(crate) use cover::Cover;
pub(crate) use index::{Noted, Order, Slot, named};
pub(crate) use key::{Key, Read, Status};
pub(crate) use misses::Misses;
pub(crate) use sweep::{survey, sweep};
pub(crate) use watch::{Reading, Watch, Written, watching};
