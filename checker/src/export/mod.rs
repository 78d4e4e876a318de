//! Histories written down for others and for later.

#[cfg(test)]
pub(crate) mod generated;
mod json_lines;

pub use json_lines::json_lines;
