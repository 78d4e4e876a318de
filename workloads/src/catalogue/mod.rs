//! The flaw catalogue: each known sin of real stores, hunted by the campaigns that healthy stores pass.
//!
//! [`Hunts`] runs the campaigns and gives [`Row`]s; [`Table`] says what they come to, as text, Markdown, JSON and
//! a page.

mod choices;
mod clients;
mod expected;
mod finders;
mod hunt;
mod idle;
mod json;
mod looks;
mod markdown;
mod page;
mod parallel;
mod parts;
mod row;
mod summary;
mod table;
#[cfg(test)]
mod tests;
pub mod worlds;

pub use choices::{Choice, choices};
pub use clients::{as_clients_see_it, broken_to_clients};
pub use expected::{Expected, expected};
pub use finders::{Finder, Finders};
pub use hunt::{CALLS_MIN, Effort, FAULTS_MIN, Hunts, Progress};
pub use looks::{as_processes_show_it, broken_to_processes};
pub use row::{Caught, Hunt, Least, Row, Sight};
pub use summary::Summary;
pub use table::Table;
