//! Commands that keep what was found.

use std::path::PathBuf;

use clap::Args;

use super::{Github, HuntFormat};
use crate::cli::exit;

#[derive(Debug, Args)]
#[command(after_help = exit::of("merge"))]
pub(in crate::cli) struct Merge {
    /// The folders that the shards wrote
    #[arg(value_name = "DIR", required = true)]
    pub(in crate::cli) folders: Vec<PathBuf>,
    /// Where the smallest counterexamples go, and hunt.json, summary.md and junit.xml
    #[arg(long, value_name = "DIR", default_value = "target/dyno/merged")]
    pub(in crate::cli) out: PathBuf,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = HuntFormat::Human)]
    pub(in crate::cli) format: HuntFormat,
    /// Whether GitHub gets annotations and a summary of the job [auto: in its jobs]
    #[arg(long, value_enum, default_value_t = Github::Auto)]
    pub(in crate::cli) github: Github,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("pin"))]
pub(in crate::cli) struct Pin {
    /// The bundle that a failing test wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(in crate::cli) file: PathBuf,
    /// The folder of pins of the test's package
    #[arg(long, value_name = "DIR", default_value = "tests/dyno-pins")]
    pub(in crate::cli) dir: PathBuf,
}
