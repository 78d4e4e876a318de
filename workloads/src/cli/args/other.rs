//! Commands that look for nothing, and what several commands print.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::exit::HELP;

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(in crate::cli) struct Demo {
    /// Where the report goes
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(in crate::cli) out: PathBuf,
}

/// What stdout gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    Human,
    Json,
}
