//! Jepsen's EDN and Elle's JSON: one map for each call, return and fault.

use std::io::Write;

use super::error::{ExportError, text};
use super::notation::Notation;
use super::order::{Turn, turns};
use super::words::{Answer, Datum, Jepsen};
use crate::history::{History, Op, Outcome, Process};
use crate::note::Note;

/// A history as [`Format::JepsenEdn`](crate::import::Format::JepsenEdn); see [`jepsen_edn_to`].
///
/// # Errors
/// As [`jepsen_edn_to`].
///
/// ```
/// use checker::{History, register::Register};
///
/// let nothing = History::<Register>::new(Vec::new())?;
/// assert_eq!(checker::export::jepsen_edn(&nothing).expect("nothing to say"), "");
/// # Ok::<(), checker::Malformed>(())
/// ```
pub fn jepsen_edn<D: Jepsen>(history: &History<D>) -> Result<String, ExportError> {
    text(|out| jepsen_edn_to(history, out))
}

/// Writes a history as Jepsen's `history.edn`, one map a line.
///
/// What is read back is the same operations, under the same processes, of which the same precede the
/// same; names and times are counted anew. Equal histories give equal bytes. The format says less than
/// we do, and then less is written, never more: a compare-and-set that found another value has failed;
/// that a register held nil, or a queue nothing, is nil, which a reader may take for not recorded;
/// what an add or remove changed or left is not said, nor is evidence from nodes; of equal times
/// a process may have to be renamed, so that no order is invented.
///
/// # Errors
/// An answer that has no words: a read that was not recorded beside one of nil, an answer of another
/// kind of call, keys in some calls only; and what the writer says.
pub fn jepsen_edn_to<D: Jepsen>(history: &History<D>, out: impl Write) -> Result<(), ExportError> {
    write(history, Notation::Edn, out)
}

/// A history as [`Format::ElleJson`](crate::import::Format::ElleJson); see [`elle_json_to`].
///
/// # Errors
/// As [`elle_json_to`].
pub fn elle_json<D: Jepsen>(history: &History<D>) -> Result<String, ExportError> {
    text(|out| elle_json_to(history, out))
}

/// Writes a history as one JSON array of operations, as elle-cli reads it.
///
/// # Errors
/// As [`jepsen_edn_to`], which says the same.
pub fn elle_json_to<D: Jepsen>(history: &History<D>, out: impl Write) -> Result<(), ExportError> {
    write(history, Notation::Json, out)
}

struct Writer<W> {
    out: W,
    notation: Notation,
    index: u64,
    line: String,
}

fn write<D: Jepsen>(
    history: &History<D>,
    notation: Notation,
    out: impl Write,
) -> Result<(), ExportError> {
    sayable(history, notation)?;
    let mut writer = Writer {
        out,
        notation,
        index: 0,
        line: String::new(),
    };
    let json = notation == Notation::Json;
    if json {
        writer.out.write_all(b"[")?;
    }
    if untimed(history) {
        for op in history.ops() {
            writer.completion(op.process, op)?;
        }
    } else {
        turns(history, |_, turn| match turn {
            Turn::Invoke(process, op) => {
                writer.operation(process, "invoke", op, D::asked(&op.call))
            }
            Turn::Return(process, op) => writer.completion(process, op),
            Turn::Note(note) => writer.note(note),
        })?;
    }
    if json {
        writer.out.write_all(b"\n]\n")?;
    }
    writer.out.flush()?;
    Ok(())
}

/// Whether a history of transactions claims nothing about time, as one of completions only.
///
/// One of which an answer was not recorded is none: there its call alone tells what was asked.
fn untimed<D: Jepsen>(history: &History<D>) -> bool {
    let mut times = history
        .ops()
        .iter()
        .flat_map(|op| [Some(op.invoked), op.returned]);
    let first = times.next().flatten();
    let same = |time: Option<_>| time.is_none() || time == first;
    let unseen = |op: &Op<D>| {
        let told = op.outcome.ok().and_then(|ret| D::told(&op.call, ret));
        told == Some(Answer::Unseen)
    };
    // Who has one operation only loses nothing by its call.
    D::NIL_IS_NOTHING
        && history.ops().len() > 1
        && times.all(same)
        && !history.ops().iter().any(unseen)
}

/// Holds the history against what the format can say.
fn sayable<D: Jepsen>(history: &History<D>, notation: Notation) -> Result<(), ExportError> {
    let format = notation.name();
    let wrong = |op: &Op<D>, what| {
        let op = op.id;
        Err(ExportError::Unsayable { op, format, what })
    };
    let keyed = history
        .ops()
        .first()
        .is_some_and(|op| D::key(&op.call).is_some());
    let (mut nothing, mut unseen) = (false, false);
    for op in history.ops() {
        if D::key(&op.call).is_some() != keyed {
            return wrong(op, "a key in some calls only");
        }
        if op.process.0 >= i64::MAX as u64 {
            return wrong(op, "a process of 64 bits");
        }
        if let Outcome::Ok(ret) = &op.outcome {
            match D::told(&op.call, ret).filter(|_| D::fits(&op.call, ret)) {
                None => return wrong(op, "such an answer to such a call"),
                Some(Answer::Nothing) => nothing = true,
                Some(Answer::Unseen) => unseen = true,
                Some(Answer::Ok(_) | Answer::Fail) => {}
            }
        }
        if nothing && unseen {
            return wrong(
                op,
                "both that nil was read and that an answer was not recorded",
            );
        }
    }
    Ok(())
}

impl<W: Write> Writer<W> {
    fn completion<D: Jepsen>(&mut self, process: Process, op: &Op<D>) -> Result<(), ExportError> {
        let asked = D::asked(&op.call);
        let (kind, value) = match &op.outcome {
            Outcome::Unknown => ("info", asked),
            Outcome::Fail => ("fail", asked),
            Outcome::Ok(ret) => match D::told(&op.call, ret) {
                Some(Answer::Ok(value)) => ("ok", value),
                Some(Answer::Nothing | Answer::Unseen) => ("ok", Datum::Nil),
                Some(Answer::Fail) | None => ("fail", asked),
            },
        };
        self.operation(process, kind, op, value)
    }

    fn operation<D: Jepsen>(
        &mut self,
        process: Process,
        kind: &'static str,
        op: &Op<D>,
        value: Datum,
    ) -> Result<(), ExportError> {
        let value = match D::key(&op.call) {
            Some(key) => Datum::List(vec![Datum::Text(key.into()), value]),
            None => value,
        };
        let process = Datum::Int(process.0.cast_signed());
        self.map(&process, kind, &Datum::Word(D::f(&op.call)), &value)
    }

    fn note(&mut self, note: &Note) -> Result<(), ExportError> {
        let Note::Fault { what, begins } = note else {
            return Ok(());
        };
        let verb = if *begins { "start" } else { "stop" };
        let f = Datum::Text(format!("{verb}-{what}"));
        self.map(&Datum::Word("nemesis"), "info", &f, &Datum::Nil)
    }

    fn map(
        &mut self,
        process: &Datum,
        kind: &'static str,
        f: &Datum,
        value: &Datum,
    ) -> Result<(), ExportError> {
        let json = self.notation == Notation::Json;
        self.line.clear();
        match (json, self.index) {
            (true, 0) => self.line.push('\n'),
            (true, _) => self.line.push_str(",\n"),
            (false, _) => {}
        }
        let index = Datum::Int(self.index.cast_signed());
        let fields = [
            ("index", &index),
            ("type", &Datum::Word(kind)),
            ("process", process),
            ("f", f),
            ("value", value),
        ];
        for (place, (name, value)) in fields.into_iter().enumerate() {
            self.line.push_str(if place == 0 { "{" } else { ", " });
            self.notation.put(&Datum::Word(name), &mut self.line);
            self.line.push_str(if json { ": " } else { " " });
            self.notation.put(value, &mut self.line);
        }
        self.line.push_str(if json { "}" } else { "}\n" });
        self.index += 1;
        self.out.write_all(self.line.as_bytes())?;
        Ok(())
    }
}
