//! What importers do together.

mod fuzz;
mod hostile;
mod objects;
mod refused;
mod samples;

pub(super) use samples::samples;
