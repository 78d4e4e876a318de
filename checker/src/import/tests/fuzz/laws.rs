//! What holds for any bytes: no panic, errors with places, and what is read is written and read alike.

use std::io::Read;

use crate::append::Append;
use crate::domain::Domain;
use crate::export::round_trips as kept;
use crate::export::{self, ExportError, Jepsen, json_lines};
use crate::history::{History, Op};
use crate::import::{
    Format, Import, ImportError, Imported, NilMeaning, Object, Options, read, read_from,
};
use crate::luck::Luck;
use crate::register::Register;

/// The ways in which a user may want a file to be read.
pub(super) const WAYS: [Options; 4] = [
    way(None, None),
    way(Some(true), Some(NilMeaning::Value)),
    way(Some(false), Some(NilMeaning::Value)),
    way(Some(false), Some(NilMeaning::Unknown)),
];

const fn way(keyed: Option<bool>, nil: Option<NilMeaning>) -> Options {
    Options {
        nil,
        keyed,
        object: None,
    }
}

/// Holds bytes against all laws; says whether they were read.
pub(super) fn hold(bytes: &[u8], format: Format, options: Options) -> bool {
    let whole = read(bytes, format, options);
    let mut crumbs = Crumbs {
        left: bytes,
        luck: Luck(bytes.len() as u64),
    };
    let pieces = read_from(&mut crumbs, Some(format), options, &mut |_| ());
    assert_eq!(whole, pieces, "whole and in pieces");
    match whole {
        Ok(import) => {
            lines_are_in(bytes, &import);
            is_read_back(&import);
            true
        }
        Err(wrong) => {
            has_a_place(bytes, &wrong);
            false
        }
    }
}

/// Gives what it has in pieces of one to seven bytes.
struct Crumbs<'a> {
    left: &'a [u8],
    luck: Luck,
}

impl Read for Crumbs<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let most = self.left.len().min(buffer.len());
        let length = (1 + self.luck.place(7)).min(most);
        buffer[..length].copy_from_slice(&self.left[..length]);
        self.left = &self.left[length..];
        Ok(length)
    }
}

fn has_a_place(bytes: &[u8], wrong: &ImportError) {
    let line = bytes
        .split(|&byte| byte == b'\n')
        .nth(wrong.line.wrapping_sub(1));
    let line = line.unwrap_or_else(|| panic!("no such line: {wrong}"));
    let columns = 1..=line.len() + 1;
    let column = wrong.column;
    assert!(
        column.is_none_or(|column| columns.contains(&column)),
        "no such column: {wrong}"
    );
    let said = wrong.to_string();
    assert!(said.len() < 700, "{} bytes of message", said.len());
}

fn lines_are_in(bytes: &[u8], import: &Import) {
    let count = bytes.split(|&byte| byte == b'\n').count();
    let lines = import.lines.iter();
    assert!(lines.into_iter().all(|line| (1..=count).contains(&line)));
}

/// Written in our own format and in the one it came in, it says the same.
fn is_read_back(import: &Import) {
    match &import.history {
        Imported::Register(history) => {
            ours(history, Imported::Register);
            if import.format == Format::PorcupineEtcd {
                let text = export::porcupine_etcd(history);
                theirs(import, (history, text), kept::of_log, as_register);
            } else {
                jepsen(import, history, kept::of_register, as_register);
            }
        }
        Imported::Set(history) => {
            ours(history, Imported::Set);
            jepsen(import, history, kept::of_set, |back| match back {
                Imported::Set(history) => Some(history),
                _ => None,
            });
        }
        Imported::Counter(history) => {
            ours(history, Imported::Counter);
            jepsen(import, history, kept::of_counter, |back| match back {
                Imported::Counter(history) => Some(history),
                _ => None,
            });
        }
        Imported::Queue(history) => {
            ours(history, Imported::Queue);
            jepsen(import, history, Op::label, |back| match back {
                Imported::Queue(history) => Some(history),
                _ => None,
            });
        }
        Imported::Mutex(history) => {
            ours(history, Imported::Mutex);
            jepsen(import, history, Op::label, |back| match back {
                Imported::Mutex(history) => Some(history),
                _ => None,
            });
        }
        Imported::Txn(history) => {
            ours(history, Imported::Txn);
            let said = |op: &Op<_>| kept::of_txn(&op.label());
            jepsen(import, history, said, |back| match back {
                Imported::Txn(history) => Some(history),
                _ => None,
            });
        }
        Imported::Append(history) => {
            ours(history, Imported::Append);
            if import.format == Format::PorcupineKv {
                theirs(
                    import,
                    (history, export::porcupine_kv(history)),
                    Op::label,
                    as_append,
                );
            }
        }
        Imported::Kv(history) => ours(history, Imported::Kv),
    }
}

/// Takes a history out, if it is about what it should be about.
type Open<D> = fn(Imported) -> Option<History<D>>;

fn as_register(back: Imported) -> Option<History<Register>> {
    match back {
        Imported::Register(history) => Some(history),
        _ => None,
    }
}

fn as_append(back: Imported) -> Option<History<Append>> {
    match back {
        Imported::Append(history) => Some(history),
        _ => None,
    }
}

fn ours<D: Domain>(history: &History<D>, imported: fn(History<D>) -> Imported) {
    let text = json_lines(history);
    let back = read(text.as_bytes(), Format::JsonLines, Options::default());
    let back = back.unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert_eq!(back.history, imported(history.clone()), "{text}");
}

fn jepsen<D: Jepsen>(
    import: &Import,
    history: &History<D>,
    said: impl Fn(&Op<D>) -> String,
    open: Open<D>,
) {
    let text = match import.format {
        Format::JepsenEdn => export::jepsen_edn(history),
        Format::ElleJson => export::elle_json(history),
        _ => return,
    };
    theirs(import, (history, text), said, open);
}

/// Whether a format takes something that it is never written with.
fn has_no_words(import: &Import, what: &str) -> bool {
    match import.object {
        // The last number is left for a process that has to be renamed.
        _ if what == "a process of 64 bits" => true,
        // A log takes any form for a value, but is about numbers.
        Object::Register => import.format == Format::PorcupineEtcd,
        // A drain may hold nil, which a dequeue says where nothing was there; and of a transaction some
        // reads may be recorded while others are not.
        Object::Queue | Object::Txn => what == "such an answer to such a call",
        _ => false,
    }
}

fn theirs<D: Domain>(
    import: &Import,
    (history, text): (&History<D>, Result<String, ExportError>),
    said: impl Fn(&Op<D>) -> String,
    open: Open<D>,
) {
    if history.ops().is_empty() {
        // A file in which only a nemesis speaks is a history in which nobody does; no file says that.
        return;
    }
    let text = match text {
        Ok(text) => text,
        Err(ExportError::Unsayable { what, .. }) if has_no_words(import, what) => return,
        Err(why) => panic!("what was read cannot be written: {why}"),
    };
    let options = Options {
        nil: Some(import.nil),
        keyed: Some(import.keyed),
        object: Some(import.object),
    };
    let back = read(text.as_bytes(), import.format, options);
    let back = back.unwrap_or_else(|why| panic!("{why}\n{text}"));
    let timed = back.timed;
    let back = open(back.history).unwrap_or_else(|| panic!("about something else\n{text}"));
    if timed {
        kept::same(history, &back, &said, &said);
    } else {
        let words = |history: &History<D>| {
            let ops = history.ops().iter();
            ops.map(|op| (op.process, said(op))).collect::<Vec<_>>()
        };
        assert_eq!(words(&back), words(history), "{text}");
    }
}
