//! Who supersedes whom: the order of the writes of each key, as the clients' contexts tell it.

mod chains;
mod frontier;
mod index;
mod key;
mod sweep;
#[cfg(test)]
mod tests;
mod texts;
pub(crate) mod vectors;

pub(crate) use index::{Noted, Order, Slot};
pub(crate) use key::{Key, Read, Status};
pub(crate) use sweep::{Course, Reading, Watch, sweep};
