//! Porcupine's own formats: a Jepsen log of one cas-register, and maps of get, put and append.

use std::io::Write;

use super::error::{ExportError, text};
use super::notation::quote;
use super::order::{Turn, turns};
use crate::append::{Append, AppendAction, AppendRet};
use crate::domain::Domain;
use crate::history::{History, Op, Outcome, Process};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// A history as [`Format::PorcupineEtcd`](crate::import::Format::PorcupineEtcd); see
/// [`porcupine_etcd_to`].
///
/// # Errors
/// As [`porcupine_etcd_to`].
pub fn porcupine_etcd(history: &History<Register>) -> Result<String, ExportError> {
    text(|out| porcupine_etcd_to(history, out))
}

/// Writes a history of one register as a log of etcd's.
///
/// What is read back is the same as with [`jepsen_edn_to`](super::jepsen_edn_to), but nil is a value
/// and a compare-and-set may find another; a read whose answer was not recorded has an unknown
/// outcome, and faults are left out.
///
/// # Errors
/// A key, a value that is no number from 0, an answer of another kind of call; what the writer says.
pub fn porcupine_etcd_to(
    history: &History<Register>,
    mut out: impl Write,
) -> Result<(), ExportError> {
    for op in history.ops() {
        if let Some(what) = unsayable(op) {
            let (op, format) = (op.id, "porcupine-etcd");
            return Err(ExportError::Unsayable { op, format, what });
        }
    }
    turns(history, |_, turn| {
        let (process, kind, op, value) = match turn {
            Turn::Note(_) => return Ok(()),
            Turn::Invoke(process, op) => (process, "invoke", op, asked(&op.call)),
            Turn::Return(process, op) => {
                let (kind, value) = answer(op);
                (process, kind, op, value)
            }
        };
        let f = match op.call.action {
            Action::Read => "read",
            Action::Write(_) => "write",
            Action::Cas(..) => "cas",
        };
        writeln!(
            out,
            "INFO  jepsen.util - {}\t:{kind}\t:{f}\t{value}",
            process.0
        )?;
        Ok(())
    })?;
    out.flush()?;
    Ok(())
}

fn unsayable(op: &Op<Register>) -> Option<&'static str> {
    let number = |value: &Value| matches!(value, Value::Int(0..));
    let values = match &op.call.action {
        Action::Read => true,
        Action::Write(value) => number(value),
        Action::Cas(from, to) => number(from) && number(to),
    };
    let fits = op.outcome.ok().is_none_or(|ret| match ret {
        RegisterRet::Value(value) if *value != Value::Nil && !number(value) => false,
        ret => Register::fits(&op.call, ret),
    });
    if op.call.key.is_some() {
        return Some("which of several registers");
    }
    if op.process.0 >= i64::MAX as u64 {
        return Some("a process of 64 bits");
    }
    if !values {
        return Some("a value that is no number from 0");
    }
    (!fits).then_some("such an answer to such a call")
}

fn asked(call: &RegisterCall) -> String {
    match &call.action {
        Action::Read => "nil".into(),
        Action::Write(value) => value.to_string(),
        Action::Cas(from, to) => format!("[{from} {to}]"),
    }
}

fn answer(op: &Op<Register>) -> (&'static str, String) {
    match &op.outcome {
        Outcome::Unknown => ("info", ":timed-out".into()),
        // Porcupine knows no such line and leaves the call open, which says less.
        Outcome::Fail => ("fail", ":unavailable".into()),
        Outcome::Ok(RegisterRet::Value(value)) => ("ok", value.to_string()),
        Outcome::Ok(RegisterRet::Unseen) => ("fail", ":timed-out".into()),
        Outcome::Ok(RegisterRet::Done) => ("ok", asked(&op.call)),
        Outcome::Ok(RegisterRet::Mismatch) => ("fail", asked(&op.call)),
    }
}

/// A history as [`Format::PorcupineKv`](crate::import::Format::PorcupineKv); see
/// [`porcupine_kv_to`].
///
/// # Errors
/// As [`porcupine_kv_to`].
pub fn porcupine_kv(history: &History<Append>) -> Result<String, ExportError> {
    text(|out| porcupine_kv_to(history, out))
}

/// Writes a history of strings as Porcupine's key-value tests have it.
///
/// What is read back is the same as with [`jepsen_edn_to`](super::jepsen_edn_to); faults are left out.
///
/// # Errors
/// An answer of another kind of call; what the writer says.
pub fn porcupine_kv_to(history: &History<Append>, mut out: impl Write) -> Result<(), ExportError> {
    for op in history.ops() {
        let fits = op
            .outcome
            .ok()
            .is_none_or(|ret| Append::fits(&op.call, ret));
        if !fits || op.process.0 >= i64::MAX as u64 {
            return Err(ExportError::Unsayable {
                op: op.id,
                format: "porcupine-kv",
                what: if fits {
                    "a process of 64 bits"
                } else {
                    "such an answer to such a call"
                },
            });
        }
    }
    turns(history, |_, turn| {
        let line = match turn {
            Turn::Note(_) => return Ok(()),
            Turn::Invoke(process, op) => kv(process, "invoke", op, None),
            Turn::Return(process, op) => {
                let (kind, read) = match &op.outcome {
                    Outcome::Unknown => ("info", None),
                    Outcome::Fail => ("fail", None),
                    Outcome::Ok(AppendRet::Value(value)) => ("ok", Some(value)),
                    Outcome::Ok(AppendRet::Unseen | AppendRet::Done) => ("ok", None),
                };
                kv(process, kind, op, read)
            }
        };
        writeln!(out, "{line}")?;
        Ok(())
    })?;
    out.flush()?;
    Ok(())
}

fn kv(process: Process, kind: &str, op: &Op<Append>, read: Option<&String>) -> String {
    let (f, value) = match &op.call.action {
        AppendAction::Get => ("get", read),
        AppendAction::Put(value) => ("put", Some(value)),
        AppendAction::Append(value) => ("append", Some(value)),
    };
    let mut line = format!("{{:process {}, :type :{kind}, :f :{f}, :key ", process.0);
    quote(&op.call.key, &mut line);
    line.push_str(", :value ");
    match value {
        Some(value) => quote(value, &mut line),
        None => line.push_str("nil"),
    }
    line.push('}');
    line
}
