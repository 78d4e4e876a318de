//! Histories that others recorded, and our own, read from bytes.

mod edn;
mod error;
mod format;
mod json_lines;
mod keys;
mod lines;
mod log;
mod object;
mod operation;
mod pairs;
mod place;
mod read;
mod registers;
mod strings;
mod texts;

pub use edn::Flaw;
pub use error::{ImportError, What};
pub use format::{Format, NilMeaning, Options, UnknownFormat};
pub(crate) use json_lines::Header;
pub use lines::Lines;
pub use object::{Object, UnknownObject};
pub use read::{Import, Imported, Progress, read, read_from};
