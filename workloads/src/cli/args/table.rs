//! The command line as a table; help, errors and completions all come from it.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    Check, Demo, Explain, Explore, Export, Flaws, Hunt, Merge, Pin, Replay, Report, Shrink,
};
use crate::cli::exit::{Exit, HELP, INTERNAL, USAGE};
use crate::cli::output::say;
use crate::cli::{
    check, demo, explain, explore, export, flaws, hunt, manual, merge, pin, replay, report, shrink,
};
use crate::harness::env;

#[derive(Debug, Parser)]
#[command(
    name = "dyno",
    version,
    about = "Find, minimize and explain consistency bugs in Dynamo-style key-value stores.",
    after_help = HELP
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the reference store under many seeds and faults, and judge every promise
    Hunt(Hunt),
    /// Judge every schedule of a few calls, messages, crashes and timeouts
    Explore(Explore),
    /// Hunt the known flaws of the catalogue, and say which promise catches each and how small it becomes
    Flaws(Flaws),
    /// Check a recorded history
    Check(Check),
    /// Write a recorded history in another format
    Export(Export),
    /// Run a bundle again, exactly
    Replay(Replay),
    /// Find what a failure needs, when it became unavoidable, and where the store went wrong
    Explain(Explain),
    /// Make the plan of a bundle smaller still
    Shrink(Shrink),
    /// Write a bundle as a page for a browser, as a picture, as text, or as JSON
    Report(Report),
    /// Make a test's bundle a pin, which the test runs first from now on
    Pin(Pin),
    /// Join the results of the shards of a hunt, and end with the one exit code
    Merge(Merge),
    /// Find, minimize and explain a planted bug, in seconds
    Demo(Demo),
    /// Print completions for a shell
    Completions {
        /// Which shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write a manual page for each command
    Man {
        /// Where they go
        #[arg(long, value_name = "DIR", default_value = "target/dyno/man")]
        out: PathBuf,
    },
    /// The variables that tests of one's own store read
    #[command(long_about = environment())]
    Env,
}

/// What `dyno help env` says.
fn environment() -> String {
    format!(
        "The variables that tests of one's own store read. What they say goes before what the test says; a \
         wrong value is refused.\n\n{}",
        env::table()
    )
}

/// Runs the command and returns its exit code.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    let done = std::panic::catch_unwind(|| match &command {
        Command::Hunt(args) => hunt::hunt(args),
        Command::Explore(args) => explore::explore(args),
        Command::Flaws(args) => flaws::flaws(args),
        Command::Check(args) => check::check(args),
        Command::Export(args) => export::export(args),
        Command::Replay(args) => replay::replay(args),
        Command::Explain(args) => explain::explain(args),
        Command::Shrink(args) => shrink::shrink(args),
        Command::Report(args) => report::report(args),
        Command::Pin(args) => pin::pin(args),
        Command::Merge(args) => merge::merge(args),
        Command::Demo(args) => demo::demo(args),
        Command::Completions { shell } => manual::completions(Cli::command(), *shell),
        Command::Man { out } => manual::pages(Cli::command(), out),
        Command::Env => {
            say(&env::table());
            Ok(Exit::Fine)
        }
    });
    match done {
        Err(_) => {
            eprintln!("error: dyno itself is broken; please report the message above");
            ExitCode::from(INTERNAL)
        }
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(USAGE)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
