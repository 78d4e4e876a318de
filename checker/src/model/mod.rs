//! What objects do when their calls come one at a time.

pub mod append;
pub mod register;
mod sequential;
pub mod siblings;

pub use append::Appends;
pub use register::{CasFound, Registers};
pub use sequential::{CallOf, Contradiction, Model, RetOf, Shortcut};
pub use siblings::{MultiValue, Unresolved};
