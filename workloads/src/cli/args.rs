//! The command line as a table; help, errors and completions all come from it.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use checker::Promise;
use checker::cycles::ConsistencyModel;
use checker::import::{NilMeaning, Object};
use clap::builder::PossibleValue;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use dynamo_core::Flaw;

use super::exit::{HELP, INTERNAL, USAGE};
use super::{check, explain, export, hunt, replay};
use crate::preset::Preset;

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
    /// Check a recorded history
    Check(Check),
    /// Write a recorded history in another format
    Export(Export),
    /// Run a bundle again, exactly
    Replay(Replay),
    /// Find what a failure needs, when it became unavoidable, and where the store went wrong
    Explain(Explain),
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
    /// Switch on a known flaw of the reference store
    #[arg(long, value_name = "NAME", value_parser = flaws())]
    pub(super) flaw: Option<Flaw>,
    /// Judge only these promises [default: all that the preset makes]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&HUNTED))]
    pub(super) promises: Vec<Promise>,
    /// Runs at the same time; the result does not depend on it [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) jobs: Option<u16>,
    /// Go on after a failure, and report each cause once, with the smallest of its counterexamples
    #[arg(long, conflicts_with = "seed")]
    pub(super) keep_going: bool,
    /// Where bundles go
    #[arg(long, value_name = "DIR", default_value = "target/dyno")]
    pub(super) out: PathBuf,
    /// What stdout gets; json is one object a line for each preset
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
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

/// One preset or each of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chosen {
    All,
    One(Preset),
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
    /// The bundle that hunt wrote
    #[arg(value_name = "BUNDLE")]
    pub(super) file: PathBuf,
    /// Run it with this flaw instead of the recorded one; none for the healthy store
    #[arg(long, value_name = "NAME", value_parser = flaws_or_none())]
    pub(super) flaw: Option<Switch>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Explain {
    /// The bundle that hunt wrote
    #[arg(value_name = "BUNDLE")]
    pub(super) file: PathBuf,
    /// How many runs it may take
    #[arg(long, value_name = "N", default_value_t = crate::explain::REPLAYS)]
    pub(super) replays: u32,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// Which flaw to switch on instead of the recorded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Switch(pub(super) Option<Flaw>);

fn presets() -> impl TypedValueParser<Value = Chosen> {
    let known = Preset::all().map(|preset| PossibleValue::new(preset.name()).help(preset.about()));
    let all = PossibleValue::new("all").help("each of them in turn");
    PossibleValuesParser::new(known.chain([all])).map(|name| {
        let found = Preset::all().find(|preset| preset.name() == name);
        found.map_or(Chosen::All, Chosen::One)
    })
}

fn flaws() -> impl TypedValueParser<Value = Flaw> {
    PossibleValuesParser::new(Flaw::ALL.iter().map(|flaw| flaw.name()))
        .try_map(|name| named(&name).ok_or("no such flaw"))
}

fn flaws_or_none() -> impl TypedValueParser<Value = Switch> {
    let names = Flaw::ALL.iter().map(|flaw| flaw.name()).chain(["none"]);
    PossibleValuesParser::new(names).map(|name| Switch(named(&name)))
}

fn named(name: &str) -> Option<Flaw> {
    Flaw::ALL.iter().copied().find(|flaw| flaw.name() == name)
}

fn promises(known: &'static [Promise]) -> impl TypedValueParser<Value = Promise> {
    PossibleValuesParser::new(known.iter().map(|promise| promise.name())).try_map(|name| {
        let found = known.iter().copied().find(|promise| promise.name() == name);
        found.ok_or("no such promise")
    })
}

fn formats() -> impl TypedValueParser<Value = checker::import::Format> {
    let known = checker::import::Format::ALL;
    PossibleValuesParser::new(known.iter().map(|format| format.name())).try_map(move |name| {
        let found = known.iter().copied().find(|format| format.name() == name);
        found.ok_or("no such format")
    })
}

fn objects() -> impl TypedValueParser<Value = Object> {
    PossibleValuesParser::new(Object::ALL.iter().map(|object| object.name())).try_map(|name| {
        let found = Object::ALL.into_iter().find(|object| object.name() == name);
        found.ok_or("no such object")
    })
}

fn consistency_models() -> impl TypedValueParser<Value = ConsistencyModel> {
    let known = ConsistencyModel::ALL;
    PossibleValuesParser::new(known.iter().map(|model| model.name())).try_map(move |name| {
        let found = known.iter().copied().find(|model| model.name() == name);
        found.ok_or("no such consistency model")
    })
}

/// A seed: decimal, or hexadecimal after 0x.
fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|wrong| format!("{wrong}; a seed is a 64-bit number, decimal or 0x…"))
}

/// A time with its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let count: u64 = digits
        .parse()
        .map_err(|_| "it starts with a whole number, as in 30s")?;
    let millis = match unit {
        "ms" => Some(count),
        "s" => count.checked_mul(1_000),
        "m" => count.checked_mul(60_000),
        "h" => count.checked_mul(3_600_000),
        _ => return Err("its unit is ms, s, m or h, as in 30s".into()),
    };
    match millis {
        Some(0) => Err("it must be longer than nothing".into()),
        Some(millis) if millis <= 366 * 24 * 3_600_000 => Ok(Duration::from_millis(millis)),
        _ => Err("it is longer than a year".into()),
    }
}

/// Runs the command and returns its exit code.
pub fn main() -> ExitCode {
    let command = Cli::parse().command;
    let done = std::panic::catch_unwind(|| match &command {
        Command::Hunt(args) => hunt::hunt(args),
        Command::Check(args) => check::check(args),
        Command::Export(args) => export::export(args),
        Command::Replay(args) => replay::replay(args),
        Command::Explain(args) => explain::explain(args),
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
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn times_need_a_unit_and_a_sane_length() {
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        for wrong in [
            "",
            "s",
            "30",
            "0s",
            "-1s",
            "1.5s",
            "99999999999999999999s",
            "9000000h",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_decimal_or_hexadecimal() {
        assert_eq!(number("0xff"), Ok(255));
        assert_eq!(number("18446744073709551615"), Ok(u64::MAX));
        for wrong in ["", "0x", "ff", "-1", "18446744073709551616"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
