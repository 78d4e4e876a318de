//! `dyno export`: a recording in another format, so that others' tools can judge it too.

use std::fs::{self, File};
use std::io::{BufWriter, ErrorKind, Write, sink, stdout};
use std::path::{Path, PathBuf};

use checker::export::{self, ExportError, Jepsen};
use checker::import::{Format, Imported, Object};
use checker::{Domain, History};

use super::args::Export;
use super::check::{load, name};
use super::exit::Exit;
use super::output::manner;

/// Writes a recording in the format asked for.
pub(super) fn export(args: &Export) -> Result<Exit, String> {
    let from = name(&args.recording.file);
    let import =
        load(&args.recording, args.object).map_err(|why| format!("cannot read {from}: {why}"))?;
    let about = import.history.object();
    if let Some(object) = args.object.filter(|object| *object != about) {
        return Err(format!("{from} is a recording of {about}, not of {object}"));
    }
    let Some(path) = &args.out else {
        let written = if manner().quiet > 1 {
            write(&import.history, args.to, sink())
        } else {
            write(&import.history, args.to, stdout().lock())
        };
        return ended(written, "standard output");
    };
    let to = path.display().to_string();
    let Some(beside) = beside(path) else {
        let file = File::create(path).map_err(|why| format!("cannot write {to}: {why}"))?;
        return ended(write(&import.history, args.to, file), &to);
    };
    // What the file held is kept until all of the new is there.
    let file = File::create(&beside).map_err(|why| format!("cannot write {to}: {why}"))?;
    let written = write(&import.history, args.to, file).and_then(|()| {
        let renamed = fs::rename(&beside, path);
        renamed.map_err(|why| Unwritten::Not(why.into()))
    });
    if written.is_err() {
        // It is one file too many, and what went wrong before is told.
        let _ = fs::remove_file(&beside);
    }
    ended(written, &to)
}

/// A file beside this one, which takes its place once it is written; `None` for what is no file on a disk, as
/// a pipe with a name.
fn beside(path: &Path) -> Option<PathBuf> {
    if path.symlink_metadata().is_ok_and(|about| !about.is_file()) {
        return None;
    }
    let name = path.file_name()?.to_string_lossy();
    Some(path.with_file_name(format!(".{name}.{}", std::process::id())))
}

/// Why nothing was written.
enum Unwritten {
    /// The format has no words for such objects.
    Unsaid(String),
    Not(ExportError),
}

fn ended(written: Result<(), Unwritten>, to: &str) -> Result<Exit, String> {
    match written {
        // A reader that has gone away, as `head` does, has seen what it wanted.
        Err(Unwritten::Not(ExportError::Unwritable(why)))
            if why.kind() == ErrorKind::BrokenPipe =>
        {
            Ok(Exit::Fine)
        }
        Err(Unwritten::Not(why)) => Err(format!("cannot write {to}: {why}")),
        Err(Unwritten::Unsaid(why)) => Err(why),
        Ok(()) => Ok(Exit::Fine),
    }
}

fn write(history: &Imported, to: Format, out: impl Write) -> Result<(), Unwritten> {
    let mut out = BufWriter::new(out);
    let unsaid = || Unwritten::Unsaid(unsaid(to, history.object()));
    let written = written(history, to, &mut out).ok_or_else(unsaid)?;
    let written = written.and_then(|()| out.flush().map_err(ExportError::from));
    written.map_err(Unwritten::Not)
}

fn unsaid(to: Format, object: Object) -> String {
    format!("the format {to} has no words for a recording of {object}")
}

/// `None` if the format has no words for such objects.
fn written(
    history: &Imported,
    to: Format,
    out: &mut impl Write,
) -> Option<Result<(), ExportError>> {
    match history {
        Imported::Register(history) if to == Format::PorcupineEtcd => {
            Some(export::porcupine_etcd_to(history, out))
        }
        Imported::Append(history) if to == Format::PorcupineKv => {
            Some(export::porcupine_kv_to(history, out))
        }
        Imported::Register(history) => words(history, to, out),
        Imported::Set(history) => words(history, to, out),
        Imported::Counter(history) => words(history, to, out),
        Imported::Queue(history) => words(history, to, out),
        Imported::Mutex(history) => words(history, to, out),
        Imported::Txn(history) => words(history, to, out),
        Imported::Append(history) => own(history, to, out),
        Imported::Kv(history) => own(history, to, out),
        _ => None,
    }
}

fn words<D: Jepsen>(
    history: &History<D>,
    to: Format,
    out: &mut impl Write,
) -> Option<Result<(), ExportError>> {
    match to {
        Format::JepsenEdn => Some(export::jepsen_edn_to(history, out)),
        Format::ElleJson => Some(export::elle_json_to(history, out)),
        to => own(history, to, out),
    }
}

fn own<D: Domain>(
    history: &History<D>,
    to: Format,
    out: &mut impl Write,
) -> Option<Result<(), ExportError>> {
    let lines = || export::json_lines_to(history, out).map_err(ExportError::from);
    (to == Format::JsonLines).then(lines)
}
