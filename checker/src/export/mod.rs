//! Histories written down for others and for later.

mod error;
#[cfg(test)]
pub(crate) mod generated;
mod json_lines;
mod notation;
mod operations;
mod order;
mod porcupine;
#[cfg(test)]
pub(crate) mod round_trips;
mod words;

pub use error::ExportError;
pub use json_lines::{json_lines, json_lines_to};
pub(crate) use notation::Notation;
pub use operations::{elle_json, elle_json_to, jepsen_edn, jepsen_edn_to};
pub(crate) use order::{Turn, turns};
pub use porcupine::{porcupine_etcd, porcupine_etcd_to, porcupine_kv, porcupine_kv_to};
pub use words::{Answer, Datum, Jepsen};
