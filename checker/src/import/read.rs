//! The one door through which histories of every format come in.

use std::io::{self, Cursor, Read, Seek};

use super::error::{ImportError, What};
use super::format::{Format, NilMeaning, Options};
use super::lines::Lines;
use super::object::{Object, listed};
use super::place::Place;
use super::source::{Seekable, Source, Stream};
use super::window::{Progress, Window};
use super::{jepsen, json_lines};
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
    pub(super) fn keyed(&self) -> bool {
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
    /// Whether the file says when operations began.
    ///
    /// Elle's histories may have completions only. All their entries then have one time, so that no
    /// operation is before another, and only the order of each process is left.
    pub timed: bool,
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
    read_file(Cursor::new(bytes), Some(format), options, &mut |_| ())
}

/// Reads a history from a file of any length; where no format is said, it is recognised.
///
/// The file is read in pieces, so that beside the history only its longest operation is held. It is
/// read again from where it began as often as something in it tells that all before was misunderstood:
/// mostly after a few operations. Only a file whose indices are not in order is held whole.
///
/// `progress` is called after every piece.
///
/// # Errors
/// As [`read`], and what cannot be read or recognised at all.
pub fn read_file(
    file: impl Read + Seek,
    format: Option<Format>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Import, ImportError> {
    let file = Seekable::new(file).map_err(|why| unreadable(&why))?;
    read_source(file, format, options, progress)
}

/// Reads a history from a stream, as [`read_file`] does from a file.
///
/// The first 64 MB are kept, so that they can be read again.
///
/// # Errors
/// As [`read_file`], and [`What::Gone`] where a longer stream would have to be read again.
pub fn read_from(
    stream: impl Read,
    format: Option<Format>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Import, ImportError> {
    read_source(Stream::new(stream), format, options, progress)
}

fn read_source(
    mut source: impl Source,
    format: Option<Format>,
    options: Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Import, ImportError> {
    let format = match format {
        Some(format) => format,
        None => recognised(&mut source)?,
    };
    if let Some(object) = options.object
        && !format.objects().contains(&object)
    {
        let has = listed(format.objects().iter().copied());
        return Err(Place::START.error(What::Unspoken {
            format,
            has,
            object,
        }));
    }
    if format == Format::JsonLines {
        let (history, lines) = json_lines::read(Window::new(&mut source, progress))?;
        return Ok(Import {
            object: history.object(),
            keyed: history.keyed(),
            history,
            format,
            nil: options.nil.unwrap_or(format.nil()),
            timed: true,
            lines,
        });
    }
    let options = Options {
        object: match *format.objects() {
            [only] => Some(only),
            _ => options.object,
        },
        // These formats have a key for each operation, or none.
        keyed: match format {
            Format::PorcupineEtcd | Format::PorcupineKv => Some(false),
            _ => options.keyed,
        },
        ..options
    };
    let jepsen = jepsen::read(&mut source, progress, format, options)?;
    Ok(Import {
        object: jepsen.history.object(),
        history: jepsen.history,
        format,
        nil: jepsen.nil,
        keyed: jepsen.keyed,
        timed: jepsen.timed,
        lines: jepsen.lines,
    })
}

/// The format of a file by its beginning.
fn recognised(source: &mut dyn Source) -> Result<Format, ImportError> {
    let mut bytes = vec![0; Format::SIGHT];
    let mut length = 0;
    while length < bytes.len() {
        match source.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(more) => length += more,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(unreadable(&why)),
        }
    }
    source.rewind().map_err(|why| unreadable(&why))?;
    if let Some(format) = Format::recognise(&bytes[..length]) {
        return Ok(format);
    }
    // What is wrong may be simpler: nothing in it, or not text at all.
    let (mut start, mut quiet) = (Cursor::new(&bytes[..length]), |_: Progress| ());
    let mut start = Seekable::new(&mut start).map_err(|why| unreadable(&why))?;
    let mut window = Window::new(&mut start, &mut quiet);
    while let Some(line) = window.line()? {
        if !line.trim().is_empty() {
            return Err(Place::START.error(What::Unrecognised));
        }
        window.pass_line();
    }
    Err(Place::START.error(What::Empty))
}

fn unreadable(why: &io::Error) -> ImportError {
    Place::START.error(What::Unreadable(why.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SAMPLES: [(Format, &str); 5] = [
        (
            Format::JsonLines,
            "{\"format\":\"dyno-history/1\",\"domain\":\"kv\"}\n\
             {\"invoke\":{\"op\":0,\"at\":5,\"process\":1,\"call\":{\"get\":{\"key\":\"ü\"}}}}\n\
             {\"return\":{\"op\":0,\"at\":9,\"outcome\":{\"ok\":{\"values\":[\"a\"]}}}}\n",
        ),
        (
            Format::JepsenEdn,
            "; ü\n[#a.Op{:process 0, :type :invoke, :f :cas, :value [\"ü\" [1N 2.5M]], :index 0}\n\
             {:process 0, :type :ok, :f :cas, :value [\"ü\" (1 2.5M)], :error [##NaN #_ 1 #{\\a}], :index 1}]\n",
        ),
        (
            Format::ElleJson,
            "[{\"type\":\"invoke\",\"process\":0,\"f\":\"txn\",\"value\":[[\"r\",\"\\u00fc\",null]],\"index\":0},\n\
             {\"type\":\"ok\",\"process\":0,\"f\":\"txn\",\"value\":[[\"r\",\"ü\",[1,2.5]]],\"index\":1}]\n",
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
            assert_eq!(import.format, format);
            let first = match format {
                Format::PorcupineKv | Format::ElleJson => 1,
                _ => 2,
            };
            assert!(import.lines.iter().eq([first, first + 1]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        /// Cuts and foreign bytes anywhere: an error has a place in the file, and nothing panics.
        #[test]
        fn no_bytes_are_too_strange(
            sample in 0..5_usize,
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
