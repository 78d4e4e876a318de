//! Histories that others recorded, and our own, read from bytes.

mod counters;
mod drains;
mod edn;
mod error;
mod format;
mod guess;
mod jepsen;
mod json_lines;
mod keys;
mod lines;
mod log;
mod members;
mod mutexes;
mod object;
mod operation;
mod pairs;
mod place;
mod queues;
mod quick;
mod read;
mod registers;
mod sets;
mod source;
mod strings;
#[cfg(test)]
mod tests;
mod texts;
mod txns;
mod window;

pub use edn::Flaw;
pub use error::{ImportError, What};
pub use format::{Format, NilMeaning, Options, UnknownFormat};
pub(crate) use json_lines::Header;
pub use lines::Lines;
pub use object::{Object, UnknownObject};
pub use read::{Import, Imported, read, read_file, read_from};
pub use window::Progress;
