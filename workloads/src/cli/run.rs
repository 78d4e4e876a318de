//! From the arguments to the exit code.

use std::env;
use std::ffi::OsString;
use std::panic;
use std::process::ExitCode;

use clap::{ArgMatches, FromArgMatches};

use super::args::{Cli, Command, Config, command};
use super::exit::{Exit, INTERNAL, USAGE};
use super::output::{early, fail, print, say, settle};
use super::settings::Settings;
use super::{
    broken, check, config, demo, explain, explore, export, flaws, hunt, manual, merge, node, pin,
    replay, report, shrink, topics, trace,
};
use crate::harness::env as variables;

/// Runs the command and returns its exit code.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = env::args_os().collect();
    settle(early(&args));
    broken::tell();
    let done = panic::catch_unwind(|| understood(&args));
    match done {
        Err(_) => ExitCode::from(INTERNAL),
        Ok(Ok(code)) => code,
        Ok(Err(message)) => {
            fail(&message);
            ExitCode::from(USAGE)
        }
    }
}

fn understood(args: &[OsString]) -> Result<ExitCode, String> {
    let matches = match command().try_get_matches_from(args) {
        Ok(matches) => matches,
        Err(other) => return Ok(told(&other)),
    };
    let mut cli = Cli::from_arg_matches(&matches).map_err(|wrong| wrong.to_string())?;
    let settings = settings(&cli.command, &matches)?;
    if matches!(cli.command, Command::Hunt(_)) {
        cli.command = Command::Hunt(settings.hunt()?);
    }
    settle(settings.manner(cli.command.kind()));
    run(&cli.command, &settings).map(ExitCode::from)
}

/// Help, or what is wrong with the arguments.
fn told(said: &clap::Error) -> ExitCode {
    print(&said.render(), said.use_stderr());
    if said.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        Exit::Fine.into()
    }
}

fn settings(command: &Command, matches: &ArgMatches) -> Result<Settings, String> {
    let Some((_, flags)) = matches.subcommand() else {
        return Ok(Settings::default());
    };
    match command {
        Command::Hunt(_) => Settings::of_process(flags, Some(flags), true),
        Command::Config(args) => {
            let hunt = hunted(args).map_err(|wrong| wrong.to_string())?;
            Settings::of_process(flags, hunt.subcommand_matches("hunt"), true)
        }
        Command::Env
        | Command::Node(_)
        | Command::Trace(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Help(_) => Settings::of_process(flags, None, false),
        _ => Settings::of_process(flags, None, true),
    }
}

/// The flags of the hunt that `dyno config` is asked about.
fn hunted(args: &Config) -> Result<ArgMatches, clap::Error> {
    let hunt = ["dyno", "hunt"].map(OsString::from);
    command().try_get_matches_from(hunt.iter().chain(&args.flags))
}

fn run(command: &Command, settings: &Settings) -> Result<Exit, String> {
    match command {
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
        Command::Node(args) => node::node(args),
        Command::Trace(args) => trace::trace(args),
        Command::Config(args) => config::config(args, settings),
        Command::Completions(args) => manual::completions(super::args::command(), args.shell),
        Command::Man(args) => manual::pages(super::args::command(), &args.out),
        Command::Env => {
            say(&variables::table());
            Ok(Exit::Fine)
        }
        Command::Help(args) => topics::help(args),
    }
}
