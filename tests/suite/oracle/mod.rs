//! Small histories with expected verdicts, as the definitions of the promises come with them.

mod clocks;
mod code;
mod events;
mod judge;
mod line;
mod parse;
mod replicas;
mod run;

pub(super) use code::Code;
pub(super) use judge::broken;
pub(super) use parse::{Oracle, read};
