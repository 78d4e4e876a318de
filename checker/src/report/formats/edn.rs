//! The history of a bundle as Jepsen writes one: a map for each call, return and fault.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::export::{Datum, Notation, Turn, turns};
use crate::history::{History, Op, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::{Node, Note};
use crate::report::Bundle;

/// The history as Jepsen's `history.edn`, one map a line, keyed as in independent tests: `["k0" "v1"]`.
///
/// Where no answer has more than one value, it is written in the words of a register, which Knossos and
/// `dyno check` judge: reads of a value or nil, and a delete writes nil. Else a read is of a vector of
/// siblings, and `:delete` is a word of its own. Beside the usual fields stand `:op`, the name of the
/// operation, `:node`, which it asked, and `:context`, the operations whose contexts it passed. Times are
/// nanoseconds. Of equal times calls stand before returns, so that no order is invented; evidence from
/// nodes is not said.
pub fn edn(bundle: &Bundle, history: &History<Kv>) -> String {
    let mut writer = Writer {
        via: &bundle.via,
        siblings: history.ops().iter().any(has_siblings),
        index: 0,
        out: String::new(),
    };
    let done = turns(history, |at, turn| {
        match turn {
            Turn::Invoke(process, op) => {
                writer.operation(at, process, "invoke", op, asked(&op.call));
            }
            Turn::Return(process, op) => {
                let (kind, value) = writer.told(op);
                writer.operation(at, process, kind, op, value);
            }
            Turn::Note(note) => writer.note(at, note),
        }
        Ok(())
    });
    done.expect("a string takes everything");
    writer.out
}

fn has_siblings(op: &Op<Kv>) -> bool {
    matches!(&op.outcome, Outcome::Ok(KvRet::Values(values)) if values.len() > 1)
}

fn asked(call: &KvCall) -> Datum {
    match call {
        KvCall::Put { value, .. } => Datum::Text(value.clone()),
        KvCall::Get { .. } | KvCall::Delete { .. } => Datum::Nil,
    }
}

struct Writer<'b> {
    via: &'b BTreeMap<OpId, Node>,
    siblings: bool,
    index: u64,
    out: String,
}

impl Writer<'_> {
    fn told(&self, op: &Op<Kv>) -> (&'static str, Datum) {
        match &op.outcome {
            Outcome::Unknown => ("info", asked(&op.call)),
            Outcome::Fail => ("fail", asked(&op.call)),
            Outcome::Ok(KvRet::Stored) => ("ok", asked(&op.call)),
            Outcome::Ok(KvRet::Values(values)) => {
                let mut values = values.iter().cloned().map(Datum::Text);
                let value = if self.siblings {
                    Datum::List(values.collect())
                } else {
                    values.next().unwrap_or(Datum::Nil)
                };
                ("ok", value)
            }
        }
    }

    fn operation(&mut self, at: Time, process: Process, kind: &str, op: &Op<Kv>, value: Datum) {
        let f = match op.call {
            KvCall::Get { .. } => "read",
            KvCall::Delete { .. } if self.siblings => "delete",
            KvCall::Put { .. } | KvCall::Delete { .. } => "write",
        };
        let value = Datum::List(vec![Datum::Text(op.call.key().into()), value]);
        self.head(at, kind, &process.0.to_string());
        let _ = write!(self.out, ", :f :{f}, :value ");
        Notation::Edn.put(&value, &mut self.out);
        let _ = write!(self.out, ", :op {}", op.id.0);
        if let Some(node) = self.via.get(&op.id) {
            let _ = write!(self.out, ", :node \"{node}\"");
        }
        if !op.call.context().is_empty() {
            let seen = op.call.context().iter().map(|seen| seen.0.to_string());
            let seen: Vec<String> = seen.collect();
            let _ = write!(self.out, ", :context [{}]", seen.join(" "));
        }
        self.out.push_str("}\n");
    }

    fn note(&mut self, at: Time, note: &Note) {
        let Note::Fault { what, begins } = note else {
            return;
        };
        let verb = if *begins { "start" } else { "stop" };
        self.head(at, "info", ":nemesis");
        self.out.push_str(", :f ");
        let f = Datum::Text(format!("{verb}-{what}"));
        Notation::Edn.put(&f, &mut self.out);
        self.out.push_str(", :value nil}\n");
    }

    fn head(&mut self, at: Time, kind: &str, process: &str) {
        let nanoseconds = u128::from(at.0) * 1_000;
        let _ = write!(
            self.out,
            "{{:index {}, :time {nanoseconds}, :type :{kind}, :process {process}",
            self.index
        );
        self.index += 1;
    }
}
