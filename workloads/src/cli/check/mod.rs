//! `dyno check`: a recorded history in, a verdict and the operations that explain it out.

mod judged;
mod load;
mod objects;
mod run;
mod summary;
mod told;

pub(super) use load::{load, name};
pub(super) use run::check;
