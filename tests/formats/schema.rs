//! The published schemas, held against real files and against the readers.

use std::collections::BTreeSet;
use std::time::Duration;

use checker::note::{Node, Setup, Version};
use checker::report::{Bundle, FORMAT};
use checker::{Budget, Entry, Note, OpId, Outcome, Process, Promise, Time, kv};
use dynamo_core::Flaw;
use dynamometer::campaign::{Campaign, Seeds};
use dynamometer::catalogue::{Effort, Hunts, Table};
use dynamometer::plan::Plan;
use dynamometer::preset::Preset;
use dynamometer::target::Target;
use dynamometer::{bundle as bundles, explain, schema};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::{HOSTILE, kept, with};

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("a schema is JSON")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap_or_else(|why| panic!("{why}"))
}

/// A schema by which nothing may be there that it does not name.
fn closed(schema: &Value) -> Value {
    match schema {
        Value::Object(all) => {
            let all = all.iter();
            let mut all: serde_json::Map<String, Value> =
                all.map(|(name, one)| (name.clone(), closed(one))).collect();
            if all.contains_key("properties") && !all.contains_key("additionalProperties") {
                all.insert("additionalProperties".into(), false.into());
            }
            Value::Object(all)
        }
        Value::Array(all) => all.iter().map(closed).collect(),
        other => other.clone(),
    }
}

/// The schema of one part of a bundle.
fn part(name: &str) -> Validator {
    let mut schema = parsed(schema::BUNDLE);
    let defs = schema["$defs"].take();
    validator(&json!({ "$ref": format!("#/$defs/{name}"), "$defs": defs }))
}

fn valid(validator: &Validator, name: &str, value: &Value) {
    let wrong = validator.iter_errors(value);
    let wrong: Vec<String> = wrong
        .map(|why| format!("{}: {why}", why.instance_path()))
        .collect();
    assert!(wrong.is_empty(), "{name}: {wrong:#?}");
}

/// The bundle of a flaw, as it was found and minimized.
fn hunted(flaw: Flaw, preset: Preset) -> [Bundle; 2] {
    let target = Target { flaw: Some(flaw) };
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target,
        preset,
        promises: preset.promises(),
        seeds: Seeds::Base(1),
        runs: Some(3_000),
        time: None,
        jobs: 1,
        budget: Budget::default(),
    };
    let failure = campaign.run(|_| ()).failure.expect("the flaw is found");
    let small = bundles::minimized(target, &failure, 60, Budget::default());
    let mut small = small.expect("it repeats");
    let explanation = bundles::explained(&small, explain::REPLAYS / 4, Budget::default());
    small.explanation = Some(explanation.expect("it still fails"));
    [bundles::found(target, &failure), small]
}

#[test]
fn the_schemas_are_schemas() {
    for text in [schema::BUNDLE, schema::HUNT, schema::FLAWS] {
        let schema = parsed(text);
        assert_eq!(
            schema["$schema"],
            "https://json-schema.org/draft/2020-12/schema"
        );
        assert!(jsonschema::draft202012::meta::is_valid(&schema));
        validator(&schema);
    }
}

#[test]
fn kept_and_fresh_bundles_are_valid() {
    let bundle = validator(&parsed(schema::BUNDLE));
    for (name, json) in kept() {
        valid(&bundle, &name, &json);
        for word in HOSTILE {
            valid(&bundle, &name, &with(&json, word));
        }
    }
    for (flaw, preset) in [
        (Flaw::ForgetHints, Preset::Dynamo),
        (Flaw::KeepOneSibling, Preset::Dynamo),
        (Flaw::DominateSameContext, Preset::Dynamo),
        (Flaw::ContextAheadOfValues, Preset::Objects),
    ] {
        for fresh in hunted(flaw, preset) {
            valid(&bundle, flaw.name(), &parsed(&fresh.write()));
        }
    }
}

#[test]
fn every_plan_of_a_preset_is_valid_and_every_fault_is_met() {
    let plan = part("plan");
    let mut kinds: BTreeSet<&str> = BTreeSet::new();
    for preset in Preset::all() {
        for seed in 0..60 {
            let made = preset.plan(seed);
            kinds.extend(made.faults.0.iter().map(|window| window.fault.kind()));
            let json = serde_json::to_value(&made).expect("a plan is JSON");
            valid(&plan, &format!("{preset:?} {seed}"), &json);
        }
    }
    assert!(kinds.len() >= 15, "{kinds:?}");
    // What no preset makes: shrinking and exploring do.
    let fault = part("fault");
    for made in [
        json!({"deliver": {"message": u64::MAX, "fate": "lost"}}),
        json!({"deliver": {"message": 1, "fate": {"late": 7}, "what": "sync n0 → n1"}}),
        json!({"aimed": {"at": {"kinds": ["sync"]}, "fault": {"lose": {"percent": 5}}}}),
        json!("clog"),
    ] {
        serde_json::from_value::<dynamometer::fault::Fault>(made.clone()).expect("it is read");
        valid(&fault, "a fault", &made);
    }
}

/// One of each kind.
fn notes() -> Vec<Note> {
    [of_the_run(), of_nodes()].concat()
}

fn of_the_run() -> Vec<Note> {
    let (node, key) = (Node(3), "k".to_owned());
    vec![
        Note::Setup(Setup {
            nodes: 3,
            n: 3,
            r: 2,
            w: 2,
            converges: true,
            hands_off: false,
            may_lose: true,
            may_revive: true,
            sampled: true,
        }),
        Note::Owners {
            key,
            nodes: vec![node],
        },
        Note::Informed(node),
        Note::Fault {
            what: "cut".into(),
            begins: true,
        },
        Note::Crash(node),
        Note::Restart(node),
        Note::Healed,
        Note::Quiet,
    ]
}

fn of_nodes() -> Vec<Note> {
    let (node, key) = (Node(3), "k".to_owned());
    let versions = vec![Version {
        value: None,
        clock: Some(checker::note::Clock {
            dot: ("n1".into(), 2),
            past: vec![("n0".into(), 1)],
        }),
    }];
    vec![
        Note::Durable {
            node,
            key: key.clone(),
            versions: versions.clone(),
        },
        Note::Hint {
            holder: node,
            owner: Node(0),
            key: key.clone(),
            versions: versions.clone(),
        },
        Note::HintDropped {
            holder: node,
            owner: Node(0),
            key: key.clone(),
        },
        Note::HintExpired {
            holder: node,
            owner: Node(0),
            key: key.clone(),
        },
        Note::Context {
            node,
            key: key.clone(),
            context: "ab".into(),
        },
        Note::Counted {
            key: key.clone(),
            value: None,
            needed: 2,
            nodes: vec![node, node],
        },
        Note::Served {
            node,
            key: key.clone(),
            versions,
        },
        Note::Transfer {
            from: node,
            to: Node(0),
            kind: "sync".into(),
            key: key.clone(),
        },
        Note::Root {
            node,
            range: "r".into(),
            keys: vec![key],
            hash: "h".into(),
        },
    ]
}

#[test]
fn every_kind_of_entry_is_valid() {
    let entry = part("entry");
    for note in notes() {
        let entry_of = Entry::<kv::Kv>::Note { at: Time(1), note };
        let json = serde_json::to_value(&entry_of).expect("an entry is JSON");
        valid(&entry, "a note", &json);
    }
    let known = parsed(schema::BUNDLE)["$defs"]["note"]["oneOf"]
        .as_array()
        .map(Vec::len);
    assert_eq!(
        known,
        Some(notes().len()),
        "each note of the schema is tried"
    );
    let (op, at) = (OpId(1), Time(2));
    for outcome in [
        Outcome::Fail,
        Outcome::Unknown,
        Outcome::Ok(kv::KvRet::Stored),
        Outcome::Ok(kv::KvRet::Values(vec!["v".into()])),
    ] {
        let json = serde_json::to_value(Entry::<kv::Kv>::Return { op, at, outcome });
        valid(&entry, "a return", &json.expect("an entry is JSON"));
    }
    for call in [
        kv::KvCall::Get { key: "k".into() },
        kv::KvCall::Put {
            key: "k".into(),
            value: "v".into(),
            context: vec![op],
        },
        kv::KvCall::Delete {
            key: "k".into(),
            context: vec![],
        },
    ] {
        let process = Process(u64::MAX);
        let json = serde_json::to_value(Entry::<kv::Kv>::Invoke {
            op,
            at,
            process,
            call,
        });
        valid(&entry, "a call", &json.expect("an entry is JSON"));
    }
    for text in [schema::BUNDLE, schema::HUNT, schema::FLAWS] {
        let names = Promise::ALL.map(|promise| Value::from(promise.name()));
        assert_eq!(parsed(text)["$defs"]["promise"]["enum"], json!(names));
    }
}

/// Whether `dyno` reads it: as a bundle, with a plan of its own.
fn is_read(json: &Value) -> bool {
    let bundle: Result<Bundle, _> = serde_json::from_value(json.clone());
    bundle.is_ok_and(|bundle| {
        let plan: Result<Plan, _> = serde_json::from_value(bundle.plan);
        bundle.format == FORMAT && plan.is_ok()
    })
}

/// Every value with one thing changed somewhere inside: a field or member left out, added, or of another type.
fn changed(json: &Value, each: &mut dyn FnMut(Value)) {
    for other in [
        Value::Null,
        json!(true),
        json!(-1),
        json!(4_294_967_296_u64),
        json!(1.5),
        json!("no such word"),
        json!([]),
        json!({}),
    ] {
        // serde takes the fields of an object as a list, too; nobody writes them so.
        if !(json.is_object() && other.is_array()) {
            each(other);
        }
    }
    match json {
        Value::Object(all) => {
            let mut more = all.clone();
            more.insert("no-such-field".into(), 1.into());
            each(more.into());
            for (name, one) in all {
                let mut less = all.clone();
                less.remove(name);
                each(less.into());
                changed(one, &mut |one| {
                    let mut all = all.clone();
                    all.insert(name.clone(), one);
                    each(all.into());
                });
            }
        }
        Value::Array(all) => {
            // The first few members tell as much as all.
            for (place, one) in all.iter().enumerate().take(6) {
                let mut less = all.clone();
                less.remove(place);
                each(less.into());
                changed(one, &mut |one| {
                    let mut all = all.clone();
                    all[place] = one;
                    each(all.into());
                });
            }
        }
        _ => {}
    }
}

/// A history of one entry of each kind, and a plan with a fault of most kinds, in a bundle that is else whole.
fn wide() -> Value {
    let (_, mut json) = kept().remove(0);
    let history = json["history"].as_array().expect("entries").clone();
    let notes = notes()
        .into_iter()
        .map(|note| json!({"note": {"at": 0, "note": note}}));
    let mut entries: Vec<Value> = Vec::new();
    let of = |kind: &str| {
        history
            .iter()
            .find(|entry| entry.get(kind).is_some())
            .cloned()
    };
    entries.extend(of("invoke"));
    entries.extend(of("return"));
    entries.extend(notes);
    json["history"] = entries.into();
    json
}

#[test]
fn schema_and_reader_take_and_refuse_the_same() {
    let bundle = validator(&parsed(schema::BUNDLE));
    let (mut taken, mut refused) = (0_u32, 0_u32);
    let (_, small) = kept().remove(2);
    let mut try_all = |json: &Value| {
        changed(json, &mut |changed| {
            let is_read = is_read(&changed);
            assert_eq!(bundle.is_valid(&changed), is_read, "{changed}");
            *(if is_read { &mut taken } else { &mut refused }) += 1;
        });
    };
    try_all(&small);
    // Each entry of another kind in turn stands first, where its parts are changed.
    let wide = wide();
    for entry in wide["history"].as_array().expect("entries") {
        let mut one = small.clone();
        one["history"] = json!([entry]);
        for field in ["explanation", "counterexample", "via", "size", "also"] {
            one.as_object_mut().expect("an object").remove(field);
        }
        try_all(&one);
    }
    for preset in Preset::all() {
        let mut one = small.clone();
        for field in ["explanation", "counterexample", "via", "size", "also"] {
            one.as_object_mut().expect("an object").remove(field);
        }
        let mut made = preset.plan(7);
        made.steps.truncate(4);
        one["plan"] = serde_json::to_value(&made).expect("a plan is JSON");
        one["history"] = json!([]);
        try_all(&one);
    }
    assert!(
        taken > 500 && refused > 5_000,
        "{taken} taken, {refused} refused"
    );
}

#[test]
fn what_a_reader_needs_is_asked_for() {
    let bundle = validator(&parsed(schema::BUNDLE));
    let (_, whole) = kept().remove(0);
    for field in [
        "format", "source", "target", "seed", "trace", "plan", "history",
    ] {
        let mut without = whole.clone();
        without.as_object_mut().expect("an object").remove(field);
        assert!(!bundle.is_valid(&without), "{field} is missing");
    }
    for (pointer, wrong) in [
        ("/seed", json!("7")),
        ("/seed", json!(-7)),
        ("/format", json!("dyno/2")),
        ("/counterexample/promise", json!("no-such-promise")),
        ("/history/0/note/at", json!("0")),
        ("/plan/shape/n", json!(1.5)),
        ("/via/1", json!("n1")),
    ] {
        let mut other = whole.clone();
        *other.pointer_mut(pointer).expect("it is there") = wrong;
        assert!(!bundle.is_valid(&other), "{pointer}");
    }
}

#[test]
fn the_table_of_flaws_is_valid_and_wholly_described() {
    let flaws = validator(&closed(&parsed(schema::FLAWS)));
    let hunts = Hunts {
        // One that is found, and one that so few runs do not find.
        flaws: vec![Flaw::KeepOneSibling, Flaw::SkipSmallDifferences],
        seed_base: 7,
        bases: 1,
        runs: 60,
        time: Some(Duration::from_secs(60)),
        jobs: 1,
        effort: Effort::SHORT,
    };
    let rows = hunts.run(|_| ());
    let json = Table { hunts, rows }.json(10);
    valid(&flaws, "flaws.json", &json);
    let mut wrong = json.clone();
    wrong["flaws"][0]["found"] = "1".into();
    assert!(!flaws.is_valid(&wrong));
    wrong = json;
    wrong["summary"]
        .as_object_mut()
        .expect("an object")
        .remove("missed");
    assert!(!flaws.is_valid(&wrong));
}
