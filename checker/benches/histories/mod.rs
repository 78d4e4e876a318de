//! Histories to measure with: made by rule, so equal on every machine, or read from files.

mod files;
mod made;

pub(crate) use files::recordings;
pub(crate) use made::{Shape, registers, strings};
