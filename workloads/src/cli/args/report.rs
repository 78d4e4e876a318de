//! What a bundle can be written as.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::exit;

/// What a bundle is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ReportFormat {
    /// One page that loads nothing and holds the bundle itself
    Html,
    /// The space-time picture of that page alone
    Svg,
    /// What hunt prints
    Human,
    /// The bundle
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("report"))]
pub(in crate::cli) struct Report {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(in crate::cli) file: PathBuf,
    /// What it is written as
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(in crate::cli) format: ReportFormat,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}
