//! Commands that run a bundle again, to learn more of a failure.

use std::path::PathBuf;

use clap::Args;

use super::{Format, Switch};
use crate::cli::exit;
use crate::cli::values::flaws_or_none;

#[derive(Debug, Args)]
#[command(after_help = exit::of("replay"))]
pub(in crate::cli) struct Replay {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(in crate::cli) file: PathBuf,
    /// Run it with this flaw instead of the recorded one; none for the healthy store
    #[arg(long, value_name = "NAME", value_parser = flaws_or_none(), hide_possible_values = true)]
    pub(in crate::cli) flaw: Option<Switch>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("explain"))]
pub(in crate::cli) struct Explain {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(in crate::cli) file: PathBuf,
    /// How many runs it may take
    #[arg(long, value_name = "N", default_value_t = crate::explain::REPLAYS)]
    pub(in crate::cli) replays: u32,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("shrink"))]
pub(in crate::cli) struct Shrink {
    /// The bundle that hunt wrote
    #[arg(value_name = "BUNDLE")]
    pub(in crate::cli) file: PathBuf,
    /// How many runs it may take
    #[arg(long, value_name = "N", default_value_t = crate::shrink::REPLAYS)]
    pub(in crate::cli) replays: u32,
    /// Where the smaller bundle goes [default: beside the bundle, with the ending .small.json]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}
