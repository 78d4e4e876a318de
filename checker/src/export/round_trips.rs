//! What is written for others and read back says the same, as far as their formats can say it.

use proptest::prelude::*;

use super::generated::{
    fitting_counters, fitting_logs, fitting_mutexes, fitting_queues, fitting_registers,
    fitting_sets, fitting_strings, fitting_txns,
};
use super::order::{Turn, turns};
use super::{ExportError, elle_json, jepsen_edn, json_lines, porcupine_etcd, porcupine_kv};
use crate::counter::{Counter, CounterAction, CounterRet};
use crate::domain::Domain;
use crate::history::{Entry, History, Op, OpId, Outcome, Process, Time};
use crate::import::{Format, Imported, NilMeaning, Object, Options, read};
use crate::linear::Linearizable;
use crate::model::Registers;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::set::{Set, SetRet};
use crate::txn::{Ask, Told, Txn};
use crate::verdict::{Budget, Checker, Verdict};

/// Reads a text back as what it must be, with nothing said but what nil means.
fn back<D: Domain>(
    text: &str,
    (format, nil, object): (Format, NilMeaning, Object),
    open: fn(Imported) -> Option<History<D>>,
) -> History<D> {
    let options = Options {
        nil: Some(nil),
        object: Some(object),
        ..Options::default()
    };
    let import =
        read(text.as_bytes(), format, options).unwrap_or_else(|why| panic!("{why}\n{text}"));
    assert!(import.timed || D::NAME == "txn", "{text}");
    open(import.history).unwrap_or_else(|| panic!("another object: {text}"))
}

/// Same operations, same processes but where one had to be renamed, and the same order.
pub(crate) fn same<D: Domain>(
    history: &History<D>,
    read: &History<D>,
    said: impl Fn(&Op<D>) -> String,
    understood: impl Fn(&Op<D>) -> String,
) {
    let mut written = Vec::new();
    let each = |_, turn: Turn<'_, D>| {
        if let Turn::Invoke(process, op) = turn {
            written.push((process, op.id));
        }
        Ok(())
    };
    turns(history, each).expect("nothing is written");
    assert_eq!(written.len(), read.ops().len());
    let op = |id: OpId| history.op(id).expect("it was written");
    for (place, &(process, id)) in written.iter().enumerate() {
        let (ours, theirs) = (op(id), &read.ops()[place]);
        assert_eq!(process, theirs.process);
        assert_eq!(said(ours), understood(theirs));
        for (other, &(_, id)) in written.iter().enumerate() {
            let (before, after) = (ours.precedes(op(id)), theirs.precedes(&read.ops()[other]));
            let left_open = before && theirs.returned.is_none();
            assert!(left_open || before == after, "{place} {other}");
        }
    }
}

fn with<D: Domain>(op: &Op<D>, outcome: Outcome<D::Ret>) -> String {
    let op = Op {
        outcome,
        ..op.clone()
    };
    op.label()
}

fn empty<D: Domain>(history: &History<D>) -> bool {
    history.ops().is_empty()
}

/// What Jepsen's words leave of an answer.
pub(crate) fn of_register(op: &Op<Register>) -> String {
    match &op.outcome {
        Outcome::Ok(RegisterRet::Mismatch) => with(op, Outcome::Fail),
        _ => op.label(),
    }
}

/// What a log of etcd's leaves of an answer.
pub(crate) fn of_log(op: &Op<Register>) -> String {
    match &op.outcome {
        Outcome::Ok(RegisterRet::Unseen) => with(op, Outcome::Unknown),
        _ => op.label(),
    }
}

pub(crate) fn of_set(op: &Op<Set>) -> String {
    match &op.outcome {
        Outcome::Ok(SetRet::Changed(_)) => with(op, Outcome::Ok(SetRet::Done)),
        _ => op.label(),
    }
}

pub(crate) fn of_counter(op: &Op<Counter>) -> String {
    match (&op.call.action, &op.outcome) {
        (CounterAction::Add(_), Outcome::Ok(_)) => with(op, Outcome::Ok(CounterRet::Done)),
        _ => op.label(),
    }
}

/// Nothing is nil or an empty list by what else a file does with keys.
pub(crate) fn of_txn(label: &str) -> String {
    label.replace("→ []", "→ nil").replace("→ unseen", "→ nil")
}

const JEPSEN: [Format; 2] = [Format::JepsenEdn, Format::ElleJson];

fn written<D: super::Jepsen>(history: &History<D>, format: Format) -> String {
    let text = match format {
        Format::ElleJson => elle_json(history),
        _ => jepsen_edn(history),
    };
    text.expect("answers fit")
}

proptest! {
    #[test]
    fn registers_are_read_back(
        (nil, history) in (any::<bool>(), any::<bool>())
            .prop_flat_map(|(keyed, nil)| (Just(nil), fitting_registers(keyed, nil)))
            .prop_filter("something to say", |(_, history)| !empty(history)),
    ) {
        let nil = if nil { NilMeaning::Value } else { NilMeaning::Unknown };
        for format in JEPSEN {
            let text = written(&history, format);
            let read = back(&text, (format, nil, Object::Register), |history| match history {
                Imported::Register(history) => Some(history),
                _ => None,
            });
            same(&history, &read, of_register, Op::label);
        }
    }

    #[test]
    fn sets_are_read_back(
        history in any::<bool>().prop_flat_map(fitting_sets)
            .prop_filter("something to say", |history| !empty(history)),
    ) {
        for format in JEPSEN {
            let text = written(&history, format);
            let read = back(&text, (format, NilMeaning::Unknown, Object::Set), |history| match history {
                Imported::Set(history) => Some(history),
                _ => None,
            });
            same(&history, &read, of_set, Op::label);
        }
    }

    #[test]
    fn counters_are_read_back(
        history in any::<bool>().prop_flat_map(fitting_counters)
            .prop_filter("something to say", |history| !empty(history)),
    ) {
        for format in JEPSEN {
            let text = written(&history, format);
            let read = back(&text, (format, NilMeaning::Unknown, Object::Counter), |history| match history {
                Imported::Counter(history) => Some(history),
                _ => None,
            });
            same(&history, &read, of_counter, Op::label);
        }
    }

    #[test]
    fn queues_are_read_back(
        history in any::<bool>().prop_flat_map(fitting_queues)
            .prop_filter("something to say", |history| !empty(history)),
    ) {
        for format in JEPSEN {
            let text = written(&history, format);
            let read = back(&text, (format, NilMeaning::Value, Object::Queue), |history| match history {
                Imported::Queue(history) => Some(history),
                _ => None,
            });
            same(&history, &read, Op::label, Op::label);
        }
    }

    #[test]
    fn locks_are_read_back(
        history in any::<bool>().prop_flat_map(fitting_mutexes)
            .prop_filter("something to say", |history| !empty(history)),
    ) {
        for format in JEPSEN {
            let text = written(&history, format);
            let read = back(&text, (format, NilMeaning::Unknown, Object::Mutex), |history| match history {
                Imported::Mutex(history) => Some(history),
                _ => None,
            });
            same(&history, &read, Op::label, Op::label);
        }
    }

    #[test]
    fn transactions_are_read_back(
        history in any::<Option<bool>>().prop_flat_map(fitting_txns)
            .prop_filter("something to say, and when", |history| {
                let first = history.ops().first().map(|op| op.invoked);
                history.ops().iter().any(|op| Some(op.invoked) != first)
            })
            .prop_filter("beside lists, a register that nobody writes is not known as one", |history| {
                let asks = || history.ops().iter().flat_map(|op| &op.call.0);
                let told = history.ops().iter().filter_map(|op| op.outcome.ok());
                let value = |told: &Told| matches!(told, Told::Value(value) if *value != Value::Nil);
                asks().any(|ask| matches!(ask, Ask::Write(..)))
                    || !asks().any(|ask| matches!(ask, Ask::Append(..)))
                    || !told.flat_map(|ret| &ret.0).any(value)
            }),
    ) {
        for format in JEPSEN {
            let text = written(&history, format);
            let read = back(&text, (format, NilMeaning::Value, Object::Txn), |history| match history {
                Imported::Txn(history) => Some(history),
                _ => None,
            });
            same(&history, &read, |op| of_txn(&op.label()), |op| of_txn(&op.label()));
        }
    }

    #[test]
    fn logs_are_read_back(
        history in fitting_logs().prop_filter("something to say", |history| !empty(history)),
    ) {
        let text = porcupine_etcd(&history).expect("answers fit");
        let how = (Format::PorcupineEtcd, NilMeaning::Value, Object::Register);
        let read = back(&text, how, |history| match history {
            Imported::Register(history) => Some(history),
            _ => None,
        });
        same(&history, &read, of_log, Op::label);
    }

    #[test]
    fn strings_are_read_back(
        history in fitting_strings().prop_filter("something to say", |history| !empty(history)),
    ) {
        let text = porcupine_kv(&history).expect("answers fit");
        let how = (Format::PorcupineKv, NilMeaning::Unknown, Object::Append);
        let read = back(&text, how, |history| match history {
            Imported::Append(history) => Some(history),
            _ => None,
        });
        same(&history, &read, Op::label, Op::label);
    }
}

fn reads(answers: &[RegisterRet]) -> History<Register> {
    let entries = answers.iter().zip(0..).flat_map(|(ret, op)| {
        let (op, process, key, action) = (OpId(op), Process(0), None, Action::Read);
        let call = RegisterCall { key, action };
        let invoke = Entry::Invoke {
            op,
            at: Time(2 * op.0),
            process,
            call,
        };
        let outcome = Outcome::Ok(ret.clone());
        [
            invoke,
            Entry::Return {
                op,
                at: Time(2 * op.0 + 1),
                outcome,
            },
        ]
    });
    History::new(entries).expect("well formed")
}

#[test]
fn a_call_at_the_time_of_its_own_return_stays_concurrent_with_it() {
    let header = r#"{"format":"dyno-history/1","domain":"register"}"#;
    let text = [
        header,
        r#"{"invoke":{"op":0,"at":1,"process":0,"call":{"action":{"write":{"int":1}}}}}"#,
        r#"{"return":{"op":0,"at":5,"outcome":{"ok":"done"}}}"#,
        r#"{"invoke":{"op":1,"at":5,"process":0,"call":{"action":"read"}}}"#,
        r#"{"return":{"op":1,"at":6,"outcome":{"ok":{"value":"nil"}}}}"#,
    ]
    .join("\n");
    let register = |imported| match imported {
        Imported::Register(history) => Some(history),
        _ => None,
    };
    let import = read(text.as_bytes(), Format::JsonLines, Options::default());
    let history = register(import.expect("our own").history).expect("a register");
    for format in JEPSEN {
        let text = written(&history, format);
        let how = (format, NilMeaning::Value, Object::Register);
        let read = back(&text, how, register);
        assert!(!read.ops()[0].precedes(&read.ops()[1]), "{text}");
        let verdict = Linearizable::new(Registers {
            initial: Value::Nil,
        })
        .check(&read, Budget::default());
        assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
    }
}

/// Takes nothing.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("the disk is full"))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_format_cannot_say_is_an_error_that_names_it() {
    let said = |error: ExportError| error.to_string();
    let nil = RegisterRet::Value(Value::Nil);
    let both = reads(&[nil, RegisterRet::Unseen]);
    assert_eq!(
        said(jepsen_edn(&both).expect_err("two kinds of nil")),
        "op 1: jepsen-edn cannot say both that nil was read and that an answer was not recorded"
    );
    assert!(porcupine_etcd(&both).is_ok());
    let odd = reads(&[RegisterRet::Done]);
    for error in [jepsen_edn(&odd), elle_json(&odd), porcupine_etcd(&odd)] {
        assert!(
            said(error.expect_err("no answer"))
                .ends_with("cannot say such an answer to such a call")
        );
    }
    let text = reads(&[RegisterRet::Value(Value::Text("x".into()))]);
    assert!(porcupine_etcd(&text).is_err() && jepsen_edn(&text).is_ok());
    let error = super::jepsen_edn_to(&text, Full).expect_err("no room");
    assert_eq!(said(error), "the disk is full");
}

#[test]
fn the_bytes_of_others_do_not_change() {
    let history = read(
        b"{:process 3 :type :invoke :f :cas :value [\"k\" [1 \"a\"]]} {:process 3 :type :info :f :cas}",
        Format::JepsenEdn,
        Options::default(),
    );
    let Ok(Imported::Register(history)) = history.map(|import| import.history) else {
        panic!("a register");
    };
    assert_eq!(
        jepsen_edn(&history).expect("words"),
        "{:index 0, :type :invoke, :process 3, :f :cas, :value [\"k\" [1 \"a\"]]}\n\
         {:index 1, :type :info, :process 3, :f :cas, :value [\"k\" [1 \"a\"]]}\n"
    );
    assert_eq!(
        elle_json(&history).expect("words"),
        "[\n{\"index\": 0, \"type\": \"invoke\", \"process\": 3, \"f\": \"cas\", \"value\": [\"k\", [1, \"a\"]]},\n\
         {\"index\": 1, \"type\": \"info\", \"process\": 3, \"f\": \"cas\", \"value\": [\"k\", [1, \"a\"]]}\n]\n"
    );
    let lines = json_lines(&history);
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn an_answer_that_was_not_recorded_needs_its_call() {
    let text = "{:type :ok, :process 0, :f :txn, :value [[:w :x 1] [:r :y nil]]}\n\
                {:type :ok, :process 1, :f :txn, :value [[:w :y 2] [:r :x nil]]}\n";
    let options = Options {
        nil: Some(NilMeaning::Unknown),
        ..Options::default()
    };
    let open = |text: &str| {
        let import = read(text.as_bytes(), Format::JepsenEdn, options);
        match import.unwrap_or_else(|why| panic!("{why}\n{text}")).history {
            Imported::Txn(history) => history,
            other => panic!("{other:?} are no transactions"),
        }
    };
    let history = open(text);
    let text = jepsen_edn(&history).expect("words");
    let labels = |history: &History<Txn>| history.ops().iter().map(Op::label).collect::<Vec<_>>();
    assert_eq!(labels(&open(&text)), labels(&history), "{text}");
}

#[test]
fn transactions_without_time_are_written_without_calls() {
    let text = "{:index 0, :type :ok, :process 0, :f :txn, :value [[:append 1 2]]}\n\
                {:index 1, :type :info, :process 0, :f :txn, :value [[:append 1 3]]}\n\
                {:index 2, :type :ok, :process 1, :f :txn, :value [[:r 1 [2]]]}\n";
    let import = read(text.as_bytes(), Format::JepsenEdn, Options::default()).expect("EDN");
    let Imported::Txn(history) = import.history else {
        panic!("transactions");
    };
    assert!(!import.timed);
    assert_eq!(jepsen_edn(&history).expect("words"), text);
}
