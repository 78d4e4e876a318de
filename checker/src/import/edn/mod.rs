//! EDN, the notation of Clojure and so of Jepsen: read in linear time, however hostile the text.

mod atom;
mod form;
mod reader;

pub use atom::Flaw;
pub(super) use form::{Form, Kind};
pub(super) use reader::Reader;
