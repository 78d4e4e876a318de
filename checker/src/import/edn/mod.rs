//! EDN, the notation of Clojure and so of Jepsen, and JSON: read in linear time, however hostile.

mod atom;
mod form;
mod reader;

pub use atom::Flaw;
pub(super) use form::{Form, Kind, name};
pub(super) use reader::{Item, Notation, Reader, Wrong, blank, ends};
