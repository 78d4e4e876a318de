//! Commands that read a recorded history.

use std::fmt;
use std::path::PathBuf;

use checker::Promise;
use checker::cycles::ConsistencyModel;
use checker::import::{NilMeaning, Object};
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use super::Format;
use crate::cli::exit;
use crate::cli::values::{consistency_models, formats, objects, promises};

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
pub(in crate::cli) struct Recording {
    /// The recording: JSON Lines, Jepsen EDN, elle JSON, or a Porcupine log; - reads standard input
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    #[arg(long, value_enum, help = nil_help())]
    pub(in crate::cli) nil: Option<Nil>,
    /// Whether values are pairs of key and value, as in Jepsen's independent tests [default: by look]
    #[arg(long, value_name = "BOOL")]
    pub(in crate::cli) keyed: Option<bool>,
    /// The format of the recording [default: recognised]
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub(in crate::cli) from: Option<checker::import::Format>,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("check"))]
pub(in crate::cli) struct Check {
    #[command(flatten)]
    pub(in crate::cli) recording: Recording,
    /// What the recorded object is [default: what the recording is about]
    #[arg(long, value_enum)]
    pub(in crate::cli) model: Option<Model>,
    /// Judge only these promises [default: all that the model has]
    #[arg(long = "property", value_name = "PROMISE", value_parser = promises(&Promise::ALL))]
    pub(in crate::cli) promises: Vec<Promise>,
    /// What a register holds before the first write (nil or a value), and a counter (a number) [default: nil]
    #[arg(long, value_name = "VALUE")]
    pub(in crate::cli) initial: Option<String>,
    /// What transactions promise: cycles that this model forbids are violations [default: strict-serializable]
    #[arg(long, value_name = "MODEL", value_parser = consistency_models())]
    pub(in crate::cli) consistency: Option<ConsistencyModel>,
    /// How many states a search may visit before it gives up
    #[arg(long = "check-budget", value_name = "STATES", default_value_t = checker::Budget::default().states)]
    pub(in crate::cli) states: u64,
    /// Where the operations go that break a promise by themselves, as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// What stdout gets
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
#[command(after_help = exit::of("export"))]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    pub(in crate::cli) recording: Recording,
    /// The format to write
    #[arg(long, value_name = "FORMAT", value_parser = formats())]
    pub(in crate::cli) to: checker::import::Format,
    /// What the recording is about, where its operations do not tell [default: by look]
    #[arg(long, value_name = "OBJECT", value_parser = objects())]
    pub(in crate::cli) object: Option<Object>,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
}

/// What a recorded object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Model {
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
    pub(in crate::cli) fn object(self) -> Object {
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
pub(in crate::cli) enum Nil {
    /// The register held nil
    Value,
    /// The read took place, but what it saw is not known
    Unknown,
}
