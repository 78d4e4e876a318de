//! The one door through which histories of every format come in.

use std::io::Read;

use super::error::{ImportError, What};
use super::format::{Format, NilMeaning, Options};
use super::lines::Lines;
use super::object::Object;
use super::place::Page;
use super::{json_lines, log, registers, strings};
use crate::append::Append;
use crate::counter::Counter;
use crate::domain::Domain;
use crate::history::History;
use crate::kv::Kv;
use crate::mutex::Mutex;
use crate::queue::Queue;
use crate::register::Register;
use crate::set::Set;
use crate::txn::Txn;

/// A history over whichever domain the file is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Imported {
    /// Reads, writes and compare-and-sets of registers.
    Register(History<Register>),
    /// Adds, removes and reads of sets.
    Set(History<Set>),
    /// Adds and reads of counters.
    Counter(History<Counter>),
    /// Enqueues and dequeues.
    Queue(History<Queue>),
    /// Locks acquired and released.
    Mutex(History<Mutex>),
    /// Transactions over lists and registers.
    Txn(History<Txn>),
    /// Gets, puts and appends of strings.
    Append(History<Append>),
    /// Gets and puts of a store that keeps siblings.
    Kv(History<Kv>),
}

impl Imported {
    /// What the history is about.
    pub fn object(&self) -> Object {
        match self {
            Imported::Register(_) => Object::Register,
            Imported::Set(_) => Object::Set,
            Imported::Counter(_) => Object::Counter,
            Imported::Queue(_) => Object::Queue,
            Imported::Mutex(_) => Object::Mutex,
            Imported::Txn(_) => Object::Txn,
            Imported::Append(_) => Object::Append,
            Imported::Kv(_) => Object::Kv,
        }
    }

    /// Whether operations name the object that they are about.
    ///
    /// Strings and siblings always have a key; the parts of a transaction each have their own.
    fn keyed(&self) -> bool {
        fn any<D: Domain>(history: &History<D>) -> bool {
            history.ops().iter().any(|op| D::key(&op.call).is_some())
        }
        match self {
            Imported::Register(history) => any(history),
            Imported::Set(history) => any(history),
            Imported::Counter(history) => any(history),
            Imported::Queue(history) => any(history),
            Imported::Mutex(history) => any(history),
            Imported::Txn(_) => false,
            Imported::Append(_) | Imported::Kv(_) => true,
        }
    }
}

/// A history, and how its file was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// What the file says.
    pub history: Imported,
    /// How it was read.
    pub format: Format,
    /// What a nil answer was taken for.
    pub nil: NilMeaning,
    /// Whether operations name what they are about: a key.
    ///
    /// In Jepsen's EDN a keyed value `[key value]` looks like any vector of two, so this may be a
    /// guess that a user wants to see.
    pub keyed: bool,
    /// What the history is about: as the user says, or as its operations look.
    pub object: Object,
    /// The line of the file that each entry of the history stands on.
    pub lines: Lines,
}

/// Reads a history of a known format, in time O(n log n).
///
/// Formats that give an order but no trustworthy times are stamped by their lines: an entry of line
/// 12 has time 12, or one more than the entry before where that is later.
///
/// # Errors
/// The first thing in the file that cannot be understood: nothing is passed over but comments, fields
/// that do not matter, and what a log says beside operations.
///
/// ```
/// use checker::import::{Format, Imported, Options, read};
///
/// let file = b"{:process 0, :type :invoke, :f :write, :value 3}";
/// let import = read(file, Format::JepsenEdn, Options::default())?;
/// assert!(matches!(import.history, Imported::Register(history) if history.ops().len() == 1));
///
/// let wrong = read(b"{:process 0", Format::JepsenEdn, Options::default()).unwrap_err();
/// assert_eq!(wrong.to_string(), "line 1, column 1: this map is never closed");
/// # Ok::<(), checker::import::ImportError>(())
/// ```
pub fn read(bytes: &[u8], format: Format, options: Options) -> Result<Import, ImportError> {
    let page = Page::new(bytes)?;
    if page.text.trim().is_empty() {
        return Err(page.error(0, What::Empty));
    }
    let nil = options.nil.unwrap_or(format.nil());
    let (history, lines, keyed) = match format {
        Format::JsonLines => {
            let (history, lines) = json_lines::read(&page)?;
            let keyed = history.keyed();
            (history, lines, keyed)
        }
        Format::JepsenEdn => {
            let ((history, lines), keyed) = registers::read(&page, nil, options)?;
            (Imported::Register(history), lines, keyed)
        }
        Format::PorcupineEtcd => {
            let (history, lines) = log::read(&page, nil)?;
            (Imported::Register(history), lines, false)
        }
        Format::PorcupineKv => {
            let (history, lines) = strings::read(&page, nil)?;
            (Imported::Append(history), lines, true)
        }
    };
    Ok(Import {
        object: history.object(),
        history,
        format,
        nil,
        keyed,
        lines: lines.into_iter().collect(),
    })
}

/// How far a file has been read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// How many bytes were read.
    pub bytes: u64,
    /// How many operations were read.
    pub operations: u64,
}

/// Reads a history from anything that gives bytes; where no format is said, it is recognised.
///
/// # Errors
/// As [`read`], and what cannot be read or recognised at all.
pub fn read_from(
    mut input: impl Read,
    format: Option<Format>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Import, ImportError> {
    let at_start = |what| ImportError {
        line: 1,
        column: None,
        what,
    };
    let mut bytes = Vec::new();
    let read_all = input.read_to_end(&mut bytes);
    read_all.map_err(|why| at_start(What::Unreadable(why.to_string())))?;
    progress(Progress {
        bytes: bytes.len() as u64,
        operations: 0,
    });
    match format.or_else(|| Format::recognise(&bytes)) {
        Some(format) => read(&bytes, format, options),
        // What is wrong may be simpler: nothing in it, or not text at all.
        None => match read(&bytes, Format::JsonLines, options) {
            Err(wrong) if matches!(wrong.what, What::Empty | What::NotUtf8) => Err(wrong),
            _ => Err(at_start(What::Unrecognised)),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLES: [(Format, &str); 4] = [
        (
            Format::JsonLines,
            "{\"format\":\"dyno-history/1\",\"domain\":\"kv\"}\n\
             {\"invoke\":{\"op\":0,\"at\":5,\"process\":1,\"call\":{\"get\":{\"key\":\"ü\"}}}}\n\
             {\"return\":{\"op\":0,\"at\":9,\"outcome\":{\"ok\":{\"values\":[\"a\"]}}}}\n",
        ),
        (
            Format::JepsenEdn,
            "; ü\n[#a.Op{:process 0, :type :invoke, :f :cas, :value [\"ü\" [1N 2.5M]], :index 0}\n\
             {:process 0, :type :ok, :f :cas, :value [\"ü\" [1 ##NaN]], :error #_ 1 #{\\a}, :index 1}]\n",
        ),
        (
            Format::PorcupineEtcd,
            "INFO  jepsen.core - ü\nINFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\n\
             INFO  jepsen.util - 0\t:fail\t:cas\t[1 2]\n",
        ),
        (
            Format::PorcupineKv,
            "{:process 0, :type :invoke, :f :append, :key \"0\", :value \"x \\u00fc y\"}\n\
             {:process 0, :type :ok, :f :append, :key \"0\", :value \"x 0 0 y\"}\n",
        ),
    ];

    #[test]
    fn a_format_that_is_recognised_is_read() {
        for (format, text) in SAMPLES {
            assert_eq!(Format::recognise(text.as_bytes()), Some(format));
            let import = read(text.as_bytes(), format, Options::default()).expect(text);
            assert_eq!((import.format, import.nil), (format, format.nil()));
            let first = if format == Format::PorcupineKv { 1 } else { 2 };
            assert!(import.lines.iter().eq([first, first + 1]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Cuts and foreign bytes anywhere: an error has a place in the file, and nothing panics.
        #[test]
        fn no_bytes_are_too_strange(
            sample in 0..4_usize,
            cut in 0..300_usize,
            strange in proptest::collection::vec((0..300_usize, any::<u8>()), 0..4),
            keyed in any::<Option<bool>>(),
        ) {
            let mut bytes = SAMPLES[sample].1.as_bytes().to_vec();
            for (at, byte) in strange {
                let at = at % bytes.len();
                let odd = b"\"\\#{}[]()\n\t;:-0 \xff";
                bytes[at] = odd[usize::from(byte) % odd.len()];
            }
            bytes.truncate(bytes.len().saturating_sub(cut / 2));
            let count = bytes.split(|&byte| byte == b'\n').count();
            let _ = Format::recognise(&bytes);
            for format in Format::ALL {
                if let Err(wrong) = read(&bytes, format, Options { keyed, ..Options::default() }) {
                    prop_assert!((1..=count).contains(&wrong.line), "{}", wrong);
                    prop_assert!(wrong.column != Some(0), "{}", wrong);
                }
            }
        }
    }
}
