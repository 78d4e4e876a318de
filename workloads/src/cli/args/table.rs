//! The command line as a table; help, errors and completions all come from it.

use std::fmt::Write;

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    Check, Completions, Config, Demo, Explain, Explore, Export, Flaws, Globals, Help, Hunt, Man,
    Merge, Node, Pin, Replay, Report, Shrink, Trace,
};
use crate::cli::exit;
use crate::harness::env;

#[derive(Debug, Parser)]
#[command(
    name = "dyno",
    version,
    about = "Find, minimize and explain consistency bugs in Dynamo-style key-value stores.",
    disable_help_subcommand = true
)]
pub(in crate::cli) struct Cli {
    #[command(subcommand)]
    pub(in crate::cli) command: Command,
    #[command(flatten)]
    globals: Globals,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Command {
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
    /// Write a bundle as a page, a picture, text, JSON, or in a format of others
    Report(Report),
    /// Make a test's bundle a pin, which the test runs first from now on
    Pin(Pin),
    /// Join the results of the shards of a hunt, and end with the one exit code
    Merge(Merge),
    /// Find, minimize and explain a planted bug, in seconds
    Demo(Demo),
    /// Serve one node of the reference Dynamo: HTTP to clients, TCP to other nodes
    Node(Node),
    /// Run plans and print how each went, as numbers that builds and machines can compare
    Trace(Trace),
    /// Show the settings in force and where each comes from
    Config(Config),
    /// The variables that tests of one's own store read
    #[command(long_about = environment())]
    Env,
    /// Print completions for a shell
    Completions(Completions),
    /// Write a manual page for each command
    Man(Man),
    /// Help on a command or a topic; alone, it lists the topics
    Help(Help),
}

/// Commands by what they are for.
pub(in crate::cli) const GROUPS: [(&str, &[&str]); 4] = [
    ("Find", &["hunt", "explore", "flaws", "check"]),
    (
        "Understand",
        &["replay", "explain", "shrink", "report", "export"],
    ),
    ("Keep", &["pin", "merge"]),
    (
        "Other",
        &[
            "demo",
            "node",
            "trace",
            "config",
            "env",
            "completions",
            "man",
            "help",
        ],
    ),
];

const EXAMPLES: &str = "\
Examples:
  dyno demo
  dyno hunt --budget 5m
  dyno hunt --preset last-writer-linearizable --seed 0x9E3779B97F4A7C15
  dyno hunt --shard 3/8 --budget 30m --seed-base 20261123 --out out-3
  dyno replay target/dyno/SP-7c1e93.html
  dyno check history.edn --property linearizable";

/// The whole table.
pub(in crate::cli) fn command() -> clap::Command {
    let command = Cli::command();
    let (template, after) = (template(&command), exit::short());
    command
        .help_template(template)
        .after_help(format!("{EXAMPLES}\n\n{after}"))
}

/// The help with commands by groups, which clap has for flags alone.
fn template(command: &clap::Command) -> String {
    let mut out = String::from("{about}\n\nUsage: dyno <COMMAND> [OPTIONS]\n");
    for (group, names) in GROUPS {
        let _ = writeln!(out, "\n{group}");
        for name in names {
            let about = command
                .find_subcommand(name)
                .and_then(|found| found.get_about());
            let about = about.map_or(String::new(), ToString::to_string);
            let _ = writeln!(out, "  {name:<12} {about}");
        }
    }
    out + "\nOptions:\n{options}{after-help}"
}

/// What `dyno help env` says.
fn environment() -> String {
    format!(
        "The variables that tests of one's own store read. What they say goes before what the test says; a \
         wrong value is refused.\n\n{}",
        env::table()
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn each_command_is_in_one_group() {
        let all = command();
        let all: Vec<&str> = all.get_subcommands().map(clap::Command::get_name).collect();
        let grouped: Vec<&str> = GROUPS
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        assert_eq!(all.len(), grouped.len());
        let sets = [all, grouped].map(|names| {
            names
                .into_iter()
                .map(str::to_owned)
                .collect::<BTreeSet<_>>()
        });
        assert_eq!(sets[0], sets[1]);
    }
}
