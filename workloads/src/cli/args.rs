//! The command line as a table; help, errors and completions all come from it.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use checker::Promise;
use checker::cycles::ConsistencyModel;
use checker::import::{NilMeaning, Object};
use clap::builder::PossibleValue;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use dynamo_core::{Flaw, ReadRepair};

use super::exit::{Exit, HELP, INTERNAL, USAGE};
use super::output::say;
pub(super) use super::values::{Chosen, Github, HuntFormat, Shard, Switch};
use super::values::{
    consistency_models, flaws, flaws_or_none, formats, objects, presets, promises, repairs, shard,
};
use super::{
    check, demo, explain, explore, export, flaws, hunt, manual, merge, pin, replay, report, shrink,
};
use crate::explore::Program;
use crate::harness::env;
use crate::preset::Preset;
use crate::units::{duration, number};

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
    /// Write a bundle as a page, a picture, text, JSON, or in a format of others
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

/// What stdout gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    Human,
    Json,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Hunt {
    /// Stop after this many runs [default: none; 1,000 if there is no --budget either]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) runs: Option<u64>,
    /// Stop after this much time: 500ms, 30s, 5m, 1h; with --preset all, for each preset
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) budget: Option<Duration>,
    /// Do this one run: decimal or 0x…
    #[arg(long, value_name = "SEED", value_parser = number, conflicts_with_all = ["seed_base", "runs"])]
    pub(super) seed: Option<u64>,
    /// The seed that all runs' seeds are made from [default: random, and printed]
    #[arg(long, value_name = "SEED", value_parser = number)]
    pub(super) seed_base: Option<u64>,
    /// Which clusters and calls, and so which promises; all runs each in turn
    #[arg(long, value_name = "NAME", value_parser = presets(), default_value = "dynamo")]
    pub(super) preset: Chosen,
    /// Switch on a known flaw of the reference store; dyno flaws hunts all, a wrong name lists them
    #[arg(long, value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(super) flaw: Option<Flaw>,
    /// Judge only these promises [default: all that the preset makes]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&HUNTED))]
    pub(super) promises: Vec<Promise>,
    /// Runs at the same time; the result does not depend on it [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,
    /// Do every N-th run only, beginning with the I-th: 3/8; dyno merge joins the shards, which go on after
    /// failures
    #[arg(long, value_name = "I/N", value_parser = shard, requires = "seed_base", conflicts_with = "seed")]
    pub(super) shard: Option<Shard>,
    /// Go on after a failure, and report each cause once, with the smallest of its counterexamples
    #[arg(long, conflicts_with = "seed")]
    pub(super) keep_going: bool,
    /// Where bundles go, and hunt.json, summary.md and junit.xml
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(super) out: PathBuf,
    /// What stdout gets; json is one object a line for each preset
    #[arg(long, value_enum, default_value_t = HuntFormat::Human)]
    pub(super) format: HuntFormat,
    /// Whether GitHub gets annotations and a summary of the job [auto: in its jobs]
    #[arg(long, value_enum, default_value_t = Github::Auto)]
    pub(super) github: Github,
}

impl Hunt {
    /// Whether it goes on after a failure.
    pub(super) fn goes_on(&self) -> bool {
        self.keep_going || self.shard.is_some()
    }

    /// The hunt of `dyno demo`.
    pub(super) fn of_demo(demo: &Demo) -> Hunt {
        Hunt {
            runs: None,
            budget: Some(Duration::from_secs(10)),
            seed: None,
            seed_base: Some(1),
            preset: Chosen::One(Preset::Dynamo),
            flaw: Some(Flaw::ReplicateOverwrites),
            promises: Vec::new(),
            jobs: None,
            shard: None,
            keep_going: false,
            out: demo.out.clone(),
            format: HuntFormat::Human,
            github: Github::Off,
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Merge {
    /// The folders that the shards wrote
    #[arg(value_name = "DIR", required = true)]
    pub(super) folders: Vec<PathBuf>,
    /// Where the smallest counterexamples go, and hunt.json, summary.md and junit.xml
    #[arg(long, value_name = "DIR", default_value = "target/dyno/merged")]
    pub(super) out: PathBuf,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = HuntFormat::Human)]
    pub(super) format: HuntFormat,
    /// Whether GitHub gets annotations and a summary of the job [auto: in its jobs]
    #[arg(long, value_enum, default_value_t = Github::Auto)]
    pub(super) github: Github,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Demo {
    /// Where the report goes
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Explore {
    /// What the clients do, as in 'put@0 get@1 / get@2 put+@2' [default: all programs up to --calls]
    #[arg(long, value_name = "CALLS", conflicts_with_all = ["calls", "clients", "deletes"])]
    pub(super) program: Option<Program>,
    /// At most this many calls, of all clients together
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=6))]
    pub(super) calls: u8,
    /// At most this many clients
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=4))]
    pub(super) clients: u8,
    /// Delete what was read, too
    #[arg(long)]
    pub(super) deletes: bool,
    /// How many nodes the cluster has
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) nodes: u32,
    /// Replicas of a key
    #[arg(short, value_name = "N", long = "n", default_value_t = 3)]
    pub(super) n: u32,
    /// Answers that a get waits for
    #[arg(short, value_name = "R", long = "r", default_value_t = 2)]
    pub(super) r: u32,
    /// Durable copies that a put waits for
    #[arg(short, value_name = "W", long = "w", default_value_t = 2)]
    pub(super) w: u32,
    /// Who waits for read repair: off, after, responders or quorum
    #[arg(long, value_name = "WHO", value_parser = repairs(), default_value = "after")]
    pub(super) repair: ReadRepair,
    /// Whether the last writer wins
    #[arg(long)]
    pub(super) last_writer: bool,
    /// Whether nodes stand in for owners that seem down
    #[arg(long)]
    pub(super) sloppy: bool,
    /// How many crashes there may be in one schedule
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) crashes: u8,
    /// How many timers may strike while anything is under way
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) timeouts: u8,
    /// How many messages may get lost
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) losses: u8,
    /// How many messages may come twice
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) repeats: u8,
    /// Switch on a known flaw of the reference store; dyno flaws hunts all, a wrong name lists them
    #[arg(long, value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(super) flaw: Option<Flaw>,
    /// Judge only these promises [default: all that are made]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&HUNTED))]
    pub(super) promises: Vec<Promise>,
    /// How many states of one program are kept before the search is cut short
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) states: u64,
    /// Programs at the same time; the result does not depend on it [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// What stdout gets of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    Human,
    Json,
    Markdown,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Flaws {
    /// Hunt only these; a wrong name lists them [default: all]
    #[arg(long = "flaw", value_name = "NAME", value_parser = flaws(), hide_possible_values = true)]
    pub(super) only: Vec<Flaw>,
    /// How long each campaign lasts at most: 500ms, 30s, 5m, 1h [default: 60s; 2m with --short]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) budget: Option<Duration>,
    /// How many runs each campaign has at most [default: 20,000; 5,000 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) runs: Option<u64>,
    /// How many campaigns each flaw has, with seeds of their own [default: 20; 1 with --short]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(super) bases: Option<u32>,
    /// The seed that the campaigns' seeds are made from
    #[arg(long, value_name = "SEED", value_parser = number, default_value = "7")]
    pub(super) seed_base: u64,
    /// Campaigns at the same time; the result does not depend on it, times do [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,
    /// Each flaw once, with little explanation
    #[arg(long)]
    pub(super) short: bool,
    /// What stdout gets; all three are saved
    #[arg(long, value_enum, default_value_t = TableFormat::Human)]
    pub(super) format: TableFormat,
    /// Where flaws.txt, flaws.json, flaws.md and the bundles in flaws/ go
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(super) out: PathBuf,
}

/// The promises that can be held against the reference store.
static HUNTED: std::sync::LazyLock<Vec<Promise>> = std::sync::LazyLock::new(|| {
    let dynamo = crate::preset::PROMISES.into_iter();
    dynamo.chain(crate::preset::MATRIX).collect()
});

/// What a read of nil is taken for, by what each format says of itself.
fn nil_help() -> String {
    let all = checker::import::Format::ALL.iter();
    let unknown = all.filter(|format| format.nil() == NilMeaning::Unknown);
    let unknown: Vec<&str> = unknown.map(|format| format.name()).collect();
    format!(
        "What a read of nil means; JSON Lines say so themselves [default: unknown in {}; a value elsewhere, \
         and in transactions]",
        unknown.join(", ")
    )
}

/// A recorded history, and what the file does not say of itself.
#[derive(Debug, Args)]
pub(super) struct Recording {
    /// The recording: JSON Lines, Jepsen EDN, elle JSON, or a Porcupine log; - reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[arg(long, value_enum, help = nil_help())]
    pub(super) nil: Option<Nil>,
    /// Whether values are pairs of key and value, as in Jepsen's independent tests [default: by look]
    #[arg(long, value_name = "BOOL")]
    pub(super) keyed: Option<bool>,
    /// The format of the recording [default: recognised]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub(super) from: Option<checker::import::Format>,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Check {
    #[command(flatten)]
    pub(super) recording: Recording,
    /// What the recorded object is [default: what the recording is about]
    #[arg(long, value_enum)]
    pub(super) model: Option<Model>,
    /// Judge only these promises [default: all that the model has]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&Promise::ALL))]
    pub(super) promises: Vec<Promise>,
    /// What a register holds before the first write (nil or a value), and a counter (a number) [default: nil]
    #[arg(long, value_name = "VALUE")]
    pub(super) initial: Option<String>,
    /// What transactions promise: cycles that this model forbids are violations [default: strict-serializable]
    #[arg(long, value_name = "MODEL", value_parser = consistency_models())]
    pub(super) consistency: Option<ConsistencyModel>,
    /// How many states a search may visit before it gives up
    #[arg(long = "check-budget", value_name = "STATES", default_value_t = checker::Budget::default().states)]
    pub(super) states: u64,
    /// Where the operations go that break a promise by themselves, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Export {
    #[command(flatten)]
    pub(super) recording: Recording,
    /// The format to write
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub(super) to: checker::import::Format,
    /// What the recording is about, where its operations do not tell [default: by look]
    #[arg(long, value_name = "OBJECT", value_parser = objects())]
    pub(super) object: Option<Object>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

/// What a recorded object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Model {
    /// Reads and writes of single values; of a key-value recording: the last writer wins
    Register,
    /// A register with compare-and-set
    CasRegister,
    /// Strings by key, with get, put and append
    KvAppend,
    /// Elements added, removed and read
    Set,
    /// A number added to and read
    Counter,
    /// First in, first out
    Queue,
    /// A lock, acquired and released
    Mutex,
    /// Transactions of reads and appends to lists
    ListAppend,
    /// Transactions of reads and writes of registers
    RwRegister,
    /// Siblings by key under the four promises of a Dynamo
    Siblings,
    /// Siblings by key, and every read sees all that was written before
    MultiValueRegister,
}

impl Model {
    /// What a recording of such objects is about, unless it says so itself.
    pub(super) fn object(self) -> Object {
        match self {
            Model::Register | Model::CasRegister => Object::Register,
            Model::KvAppend => Object::Append,
            Model::Set => Object::Set,
            Model::Counter => Object::Counter,
            Model::Queue => Object::Queue,
            Model::Mutex => Object::Mutex,
            Model::ListAppend | Model::RwRegister => Object::Txn,
            Model::Siblings | Model::MultiValueRegister => Object::Kv,
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", PossibleValue::get_name))
    }
}

/// What a recorded read of nil means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Nil {
    /// The register held nil
    Value,
    /// The read took place, but what it saw is not known
    Unknown,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Replay {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(super) file: PathBuf,
    /// Run it with this flaw instead of the recorded one; none for the healthy store
    #[arg(long, value_name = "NAME", value_parser = flaws_or_none(), hide_possible_values = true)]
    pub(super) flaw: Option<Switch>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Explain {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(super) file: PathBuf,
    /// How many runs it may take
    #[arg(long, value_name = "N", default_value_t = crate::explain::REPLAYS)]
    pub(super) replays: u32,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// What a bundle is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
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
pub(super) enum Schema {
    /// A bundle
    Bundle,
    /// The hunt.json of a hunt
    Hunt,
    /// The flaws.json of dyno flaws
    Flaws,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Report {
    /// The bundle that hunt wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE", required_unless_present = "schema")]
    pub(super) file: Option<PathBuf>,
    /// What it is written as
    #[arg(long, value_enum, default_value_t = ReportFormat::Html)]
    pub(super) format: ReportFormat,
    /// Print the JSON Schema of a file that dyno writes, and nothing else [default: bundle]
    #[arg(long, value_enum, value_name = "FILE", num_args = 0..=1, default_missing_value = "bundle",
        conflicts_with_all = ["file", "format"])]
    pub(super) schema: Option<Schema>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Shrink {
    /// The bundle that hunt wrote
    #[arg(value_name = "BUNDLE")]
    pub(super) file: PathBuf,
    /// How many runs it may take
    #[arg(long, value_name = "N", default_value_t = crate::shrink::REPLAYS)]
    pub(super) replays: u32,
    /// Where the smaller bundle goes [default: beside the bundle, with the ending .small.json]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Pin {
    /// The bundle that a failing test wrote, as JSON or as a page
    #[arg(value_name = "BUNDLE")]
    pub(super) file: PathBuf,
    /// The folder of pins of the test's package
    #[arg(long, value_name = "DIR", default_value = "tests/dyno-pins")]
    pub(super) dir: PathBuf,
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
