//! What the command line takes, by groups of commands.

mod check;
mod find;
mod globals;
mod keep;
mod kind;
mod node;
mod other;
mod report;
mod table;
mod trace;
mod understand;

pub(super) use super::values::{Chosen, Github, HuntFormat, Shard, Switch, Undecided};
pub(super) use check::{Check, Export, Model, Nil, Recording};
pub(super) use find::{Explore, Flaws, Hunt, TableFormat};
use globals::Globals;
pub(super) use keep::{Merge, Pin};
pub(super) use node::Node;
pub(super) use other::{Completions, Config, Demo, Format, Help, Man};
pub(super) use report::{Report, ReportFormat, Schema};
pub(super) use table::{Cli, Command, command};
pub(super) use trace::Trace;
pub(super) use understand::{Explain, Replay, Shrink};
