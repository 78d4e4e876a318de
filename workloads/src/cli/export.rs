//! `dyno export`: a recording in another format, so that others' tools can judge it too.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write, stdout};

use checker::export::{self, ExportError, Jepsen};
use checker::import::{Format, Imported, Object};
use checker::{Domain, History};

use super::args::Export;
use super::check::{load, name};
use super::exit::Exit;

/// Writes a recording in the format asked for.
pub(super) fn export(args: &Export) -> Result<Exit, String> {
    let from = name(&args.recording.file);
    let import =
        load(&args.recording, args.object).map_err(|why| format!("cannot read {from}: {why}"))?;
    let about = import.history.object();
    if let Some(object) = args.object.filter(|object| *object != about) {
        return Err(format!("{from} is a recording of {about}, not of {object}"));
    }
    let (to, out): (String, Box<dyn Write>) = match &args.out {
        None => ("standard output".into(), Box::new(stdout().lock())),
        Some(path) => {
            let to = path.display().to_string();
            let file = File::create(path).map_err(|why| format!("cannot write {to}: {why}"))?;
            (to, Box::new(file))
        }
    };
    let mut out = BufWriter::new(out);
    let written = written(&import.history, args.to, &mut out)
        .ok_or_else(|| unsaid(args.to, import.history.object()))?;
    match written.and_then(|()| out.flush().map_err(ExportError::from)) {
        // A reader that has gone away, as `head` does, has seen what it wanted.
        Err(ExportError::Unwritable(why)) if why.kind() == ErrorKind::BrokenPipe => Ok(Exit::Fine),
        Err(why) => Err(format!("cannot write {to}: {why}")),
        Ok(()) => Ok(Exit::Fine),
    }
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
