//! What the benches of a real cluster share.

pub(crate) mod http;
pub(crate) mod nodes;
