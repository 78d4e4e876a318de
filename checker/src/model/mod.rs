//! What objects do when their calls come one at a time.

#[cfg(test)]
pub(crate) mod agreement;
pub mod append;
pub mod counter;
mod keyed;
mod moments;
pub mod mutex;
pub mod queue;
pub mod register;
mod sequential;
pub mod set;
pub mod siblings;

pub use append::Appends;
pub use counter::Counters;
pub use mutex::Mutexes;
pub use queue::Queues;
pub use register::{CasFound, Registers};
pub use sequential::{CallOf, Contradiction, Model, RetOf, Shortcut};
pub use set::Sets;
pub use siblings::{MultiValue, Unresolved};
