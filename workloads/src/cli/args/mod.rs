//! What the command line takes, by groups of commands.

mod check;
mod find;
mod keep;
mod other;
mod report;
mod table;
mod understand;

pub(super) use super::values::{Chosen, Github, HuntFormat, Shard, Switch};
pub(super) use check::{Check, Export, Model, Nil, Recording};
pub(super) use find::{Explore, Flaws, Hunt, TableFormat};
pub(super) use keep::{Merge, Pin};
pub(super) use other::{Demo, Format};
pub(super) use report::{Report, ReportFormat};
pub use table::main;
pub(super) use understand::{Explain, Replay, Shrink};
