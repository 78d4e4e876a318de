//! Holds the promises of the matrix against a history, as what the cluster keeps.

use checker::kv::{Kv, KvCall, KvRet};
use checker::linear::Linearizable;
use checker::model::{MultiValue, Registers};
use checker::register::{Action, Register, RegisterCall, RegisterRet, Value};
use checker::{Budget, Checker, Entry, History, Outcome, Promise, Verdict};
use dynamo_core::Resolution;

use crate::plan::Shape;
use crate::target;

/// The verdict on each of these promises, in the order of reports: siblings are judged as siblings; where
/// the last writer wins, keys are registers.
pub fn judge(
    shape: Shape,
    history: &History<Kv>,
    promises: &[Promise],
    budget: Budget,
) -> Vec<(Promise, Verdict)> {
    let mut verdicts = target::judge(history, promises, budget);
    let mut more: Vec<Promise> = promises.to_vec();
    more.retain(|promise| verdicts.iter().all(|(judged, _)| judged != promise));
    if more.is_empty() {
        return verdicts;
    }
    match shape.resolution {
        Resolution::Client => verdicts.extend(siblings(history, &more, budget)),
        Resolution::LastWriterWins => verdicts.extend(registers(history, &more, budget)),
    }
    verdicts.sort_by_key(|(promise, _)| *promise);
    verdicts
}

fn siblings(
    history: &History<Kv>,
    promises: &[Promise],
    budget: Budget,
) -> Vec<(Promise, Verdict)> {
    let judge = |promise: &Promise| {
        let verdict = match promise {
            Promise::Linearizable => {
                let model = MultiValue::of(history).expect("the driver's values are unique");
                Linearizable::new(model).check(history, budget)
            }
            _ => return None,
        };
        Some((*promise, verdict))
    };
    promises.iter().filter_map(judge).collect()
}

fn registers(
    history: &History<Kv>,
    promises: &[Promise],
    budget: Budget,
) -> Vec<(Promise, Verdict)> {
    let history = as_registers(history);
    let initial = Value::Nil;
    let judge = |promise: &Promise| {
        let verdict = match promise {
            Promise::Linearizable => Linearizable::new(Registers {
                initial: initial.clone(),
            })
            .check(&history, budget),
            _ => return None,
        };
        Some((*promise, verdict))
    };
    promises.iter().filter_map(judge).collect()
}

/// The same history, told of registers: a delete writes nil.
fn as_registers(history: &History<Kv>) -> History<Register> {
    let call = |call: &KvCall| RegisterCall {
        key: Some(call.key().to_owned()),
        action: match call {
            KvCall::Get { .. } => Action::Read,
            KvCall::Put { value, .. } => Action::Write(Value::Text(value.clone())),
            KvCall::Delete { .. } => Action::Write(Value::Nil),
        },
    };
    let ret = |ret: &KvRet| match ret {
        KvRet::Stored => RegisterRet::Done,
        KvRet::Values(values) if values.is_empty() => RegisterRet::Value(Value::Nil),
        // Several at once are a value that nobody wrote.
        KvRet::Values(values) => RegisterRet::Value(Value::Text(values.join(" | "))),
    };
    let entries = history.entries().map(|entry| match entry {
        Entry::Invoke {
            op,
            at,
            process,
            call: kv,
        } => Entry::Invoke {
            op,
            at,
            process,
            call: call(&kv),
        },
        Entry::Return { op, at, outcome } => Entry::Return {
            op,
            at,
            outcome: match outcome {
                Outcome::Ok(answer) => Outcome::Ok(ret(&answer)),
                Outcome::Fail => Outcome::Fail,
                Outcome::Unknown => Outcome::Unknown,
            },
        },
        Entry::Note { at, note } => Entry::Note { at, note },
    });
    History::new(entries).expect("the same entries are as well formed as they were")
}
