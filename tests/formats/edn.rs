//! EDN as a Clojure reader and our own importer read it.

use std::collections::BTreeMap;

use checker::import::{self, Format, Imported, NilMeaning, Options};
use checker::kv::{Kv, KvCall, KvRet};
use checker::linear::Linearizable;
use checker::model::Registers;
use checker::register::{self, Register};
use checker::report::edn;
use checker::{Budget, Checker, History, Op, OpId, Outcome};
use clojure_reader::edn::{Edn, read};

use super::{CONTROLS, all, bundle, kept, with};

fn maps(text: &str) -> Vec<BTreeMap<String, Edn<'_>>> {
    let lines = text.lines().map(|line| {
        let (form, rest) = read(line).unwrap_or_else(|why| panic!("{why:?}: {line}"));
        assert_eq!(rest.trim(), "", "one form a line");
        let Edn::Map(map) = &form else {
            panic!("no map: {line}")
        };
        let fields = map.iter().map(|(name, value)| match name {
            Edn::Key(name) => (name.clone().into_owned(), value.clone()),
            other => panic!("no keyword: {other:?}"),
        });
        fields.collect()
    });
    lines.collect()
}

fn int(number: u64) -> Edn<'static> {
    Edn::Int(i64::try_from(number).expect("it is small"))
}

fn key(word: &str) -> Edn<'_> {
    Edn::key(word)
}

fn string(text: &str) -> Edn<'_> {
    Edn::string(text)
}

/// What an operation should be told as, where reads are of vectors or of single values.
fn value(op: &Op<Kv>, returned: bool, vectors: bool) -> Edn<'_> {
    let told = match (&op.call, &op.outcome) {
        (KvCall::Put { value, .. }, _) => string(value),
        (KvCall::Get { .. }, Outcome::Ok(KvRet::Values(values))) if returned => {
            if vectors {
                Edn::Vector(values.iter().map(|value| string(value)).collect())
            } else {
                values.first().map_or(Edn::Nil, |value| string(value))
            }
        }
        _ => Edn::Nil,
    };
    Edn::Vector(vec![string(op.call.key()), told])
}

/// Whether somebody read siblings.
fn vectors(history: &History<Kv>) -> bool {
    let many =
        |op: &Op<Kv>| matches!(&op.outcome, Outcome::Ok(KvRet::Values(values)) if values.len() > 1);
    history.ops().iter().any(many)
}

fn clients<'m, 'e>(
    maps: &'m [BTreeMap<String, Edn<'e>>],
) -> impl Iterator<Item = &'m BTreeMap<String, Edn<'e>>> {
    let client = |map: &&BTreeMap<String, Edn<'_>>| map["process"] != key("nemesis");
    maps.iter().filter(client)
}

fn check(name: &str, history: &History<Kv>, text: &str) {
    let maps = maps(text);
    let vectors = vectors(history);
    let mut told: BTreeMap<OpId, usize> = BTreeMap::new();
    for (place, map) in maps.iter().enumerate() {
        assert_eq!(map["index"], int(place as u64), "{name}");
        for field in ["type", "f", "value", "time"] {
            assert!(map.contains_key(field), "{name}: {field}");
        }
    }
    for map in clients(&maps) {
        let Edn::Int(id) = map["op"] else {
            panic!("{name}: op")
        };
        let op = history.op(OpId(id.cast_unsigned())).expect("an operation");
        let count = told.entry(op.id).or_default();
        *count += 1;
        let returned = *count == 2;
        let kind = match &op.outcome {
            _ if !returned => "invoke",
            Outcome::Ok(_) => "ok",
            Outcome::Fail => "fail",
            Outcome::Unknown => "info",
        };
        assert_eq!(map["type"], key(kind), "{name}");
        assert_eq!(map["process"], int(op.process.0), "{name}");
        assert_eq!(map["value"], value(op, returned, vectors), "{name}");
        let at = if returned {
            op.returned
        } else {
            Some(op.invoked)
        };
        let at = at.map(|at| int(at.0 * 1_000));
        assert!(at.is_none_or(|at| at == map["time"]), "{name}");
    }
    assert_eq!(told.len(), history.ops().len(), "{name}");
}

#[test]
fn a_clojure_reader_reads_each_operation_as_it_was() {
    let mut faults = 0;
    for (name, json) in all() {
        let (bundle, history) = bundle(&json);
        // This reader has no \u in strings, as Clojure has.
        if !name.contains(&format!("{CONTROLS:?}")) {
            let text = edn(&bundle, &history);
            check(&name, &history, &text);
            faults += text.matches(":process :nemesis").count();
        }
    }
    assert!(faults > 100, "{faults} faults");
}

#[test]
fn control_characters_are_escaped_and_read_back() {
    for (name, json) in kept() {
        let (bundle, history) = bundle(&with(&json, CONTROLS));
        let text = edn(&bundle, &history);
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n'),
            "{name}"
        );
        assert!(text.contains("\\u001b[31m"), "{name}");
    }
}

#[test]
fn a_history_of_single_values_is_judged_as_a_register() {
    let mut broken = Vec::new();
    for (name, json) in kept() {
        let (bundle, history) = bundle(&with(&json, CONTROLS));
        let text = edn(&bundle, &history);
        if vectors(&history) {
            // No register holds siblings.
            continue;
        }
        let options = Options {
            nil: Some(NilMeaning::Value),
            ..Options::default()
        };
        let import = import::read(text.as_bytes(), Format::JepsenEdn, options);
        let Imported::Register(read) = import.expect("it is read").history else {
            panic!("{name} is about registers")
        };
        assert_eq!(read.ops().len(), history.ops().len(), "{name}");
        let keys = |op: &Op<Register>| op.call.key.clone();
        assert_eq!(keys(&read.ops()[0]), Some(format!("{CONTROLS}k")), "{name}");
        let model = Registers::plain(register::Value::Nil, &read);
        let model = model.expect("nothing is compared and set");
        let verdict = Linearizable::new(model).check(&read, Budget::default());
        if verdict.counterexample().is_some() {
            broken.push(name);
        }
    }
    assert!(broken.contains(&"no-order".to_owned()), "{broken:?}");
    assert!(!broken.contains(&"lost-write".to_owned()), "{broken:?}");
}
