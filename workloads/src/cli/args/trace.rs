//! What `dyno trace` takes.

use clap::Args;
use dynamo_core::Flaw;

use super::Chosen;
use crate::cli::exit;
use crate::cli::hunt::cores;
use crate::cli::values::{flaws, presets};
use crate::units::number;

#[derive(Debug, Args)]
#[command(after_help = exit::of("trace"))]
pub(in crate::cli) struct Trace {
    /// The seeds of plans: decimal or 0x… [default: those that dyno hunt makes from --seed-base]
    #[arg(value_name = "SEED", value_parser = number, conflicts_with_all = ["seed_base", "runs"])]
    pub(in crate::cli) seeds: Vec<u64>,
    /// What seeds are made from
    #[arg(long, value_name = "SEED", value_parser = number, default_value = "1")]
    pub(in crate::cli) seed_base: u64,
    /// How many are made
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(in crate::cli) runs: u64,
    /// Which clusters and calls; all runs each in turn
    #[arg(long, value_name = "NAME", value_parser = presets(), default_value = "dynamo")]
    pub(in crate::cli) preset: Chosen,
    /// Switch on a known flaw of the reference store
    #[arg(long, value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(in crate::cli) flaw: Option<Flaw>,
    /// Runs at the same time; the result does not depend on it [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(in crate::cli) jobs: Option<u16>,
    /// Print every event instead, with the number so far
    #[arg(long)]
    pub(in crate::cli) events: bool,
}

impl Trace {
    /// How many runs at the same time.
    pub(in crate::cli) fn at_once(&self) -> usize {
        self.jobs.map_or_else(cores, usize::from)
    }
}
