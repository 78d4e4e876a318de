//! Commands that look for nothing, and what several commands print.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};

use super::table::GROUPS;
use crate::cli::{exit, topics};

#[derive(Debug, Args)]
#[command(after_help = exit::of("demo"))]
pub(in crate::cli) struct Demo {
    /// Where the report goes
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(in crate::cli) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("config"))]
pub(in crate::cli) struct Config {
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
    /// Flags of hunt, as if it were called with them: dyno config -- --budget 5m
    #[arg(last = true, value_name = "FLAGS")]
    pub(in crate::cli) flags: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub(in crate::cli) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Man {
    /// Where they go
    #[arg(long, value_name = "DIR", default_value = "target/dyno/man")]
    pub(in crate::cli) out: PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Help {
    /// A command or a topic
    #[arg(value_name = "COMMAND|TOPIC", value_parser = helped())]
    pub(in crate::cli) of: Option<String>,
}

fn helped() -> PossibleValuesParser {
    let topics = topics::ALL
        .iter()
        .map(|topic| PossibleValue::new(topic.name).help(topic.about));
    let commands = GROUPS.iter().flat_map(|(_, names)| names.iter().copied());
    PossibleValuesParser::new(topics.chain(commands.map(PossibleValue::new)))
}

/// What stdout gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    Human,
    Json,
}
