//! What importers do together.

mod hostile;
mod mutated;
mod objects;
mod refused;
mod samples;

pub(super) use samples::samples;
