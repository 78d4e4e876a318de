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
    /// What hunt prints, for an issue or the summary of a CI job
    #[value(alias = "md")]
    Markdown,
    /// A failed test case, for a CI server
    Junit,
    /// The history in Jepsen's words
    Edn,
    #[value(help = "A log with vector clocks, for ShiViz")]
    Shiviz,
    /// Tracks and flows in the Trace Event format, for ui.perfetto.dev
    Perfetto,
}

/// Which file a schema is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Schema {
    /// A bundle
    Bundle,
    /// The hunt.json of a hunt
    Hunt,
    /// The flaws.json of dyno flaws
    Flaws,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("report"))]
pub(in crate::cli) struct Report {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE", required_unless_present = "schema")]
    pub(in crate::cli) file: Option<PathBuf>,
    /// What it is written as
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(in crate::cli) format: ReportFormat,
    /// Print the JSON Schema of a file that dyno writes, and nothing else [default: bundle]
    #[arg(long, value_enum, value_name = "FILE", num_args = 0..=1, default_missing_value = "bundle",
        conflicts_with_all = ["file", "format"])]
    pub(in crate::cli) schema: Option<Schema>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}
