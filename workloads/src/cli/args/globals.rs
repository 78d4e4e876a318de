//! Flags that every command has.

use std::path::PathBuf;

use clap::{ArgAction, Args};

use crate::cli::output::When;

const COLOR: &str = "Colours; auto goes by NO_COLOR, CLICOLOR_FORCE, CARGO_TERM_COLOR and the terminal [default: auto]";

/// They are resolved together with variables of the environment and `dyno.toml`: see `settings`.
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(in crate::cli) struct Globals {
    /// The profile of dyno.toml to use [default: default; ci where CI is set]
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// The file to read profiles from [default: dyno.toml here or in a folder above]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[arg(long, global = true, value_name = "WHEN", help = COLOR, value_enum,
        hide_possible_values = true
    )]
    color: Option<When>,
    /// Print only ASCII [default: where the terminal is dumb or the locale is not UTF-8]
    #[arg(long, global = true, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true", hide_possible_values = true)]
    ascii: Option<bool>,
    /// Only failures and results that matter; twice: nothing but the exit code
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "verbose")]
    quiet: u8,
    /// More, on stderr; twice: every run with its seed and verdict
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
}
