//! `dyno report` in the formats of others, and its schemas.

use std::fs;

use serde_json::Value;

use super::{code, dyno, file, flawed, folder, stderr, stdout};

/// A kept bundle, of which every promise is broken in the same way for ever.
const KEPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../tests/corpus/pages/no-order.json"
);

#[test]
fn each_format_is_written_and_a_file_gets_what_stdout_gets() {
    let folder = folder("formats");
    for (format, sign) in [
        ("edn", "{:index 0, :time 0, :type :info, :process :nemesis"),
        ("shiviz", "(?<host>\\S*) (?<clock>{.*})\\n(?<event>.*)\n\n"),
        ("perfetto", "{\"displayTimeUnit\":\"ms\""),
        ("markdown", "### ✗ dyno: linearizable"),
        ("md", "### ✗ dyno: linearizable"),
        ("junit", "<?xml version=\"1.0\""),
    ] {
        let report = dyno(&["report", KEPT, "--format", format]);
        assert_eq!(code(&report), 0, "{}", stderr(&report));
        let said = stdout(&report);
        assert!(said.starts_with(sign), "{format}: {said}");
        let to = folder.join(format).to_string_lossy().into_owned();
        dyno(&["report", KEPT, "--format", format, "--out", &to]);
        assert_eq!(fs::read_to_string(&to).expect("it is written"), said);
    }
}

#[test]
fn a_wrong_format_is_told_which_one_is_near() {
    for (wrong, near) in [
        ("perfeto", "perfetto"),
        ("shivis", "shiviz"),
        ("marksdown", "markdown"),
    ] {
        let output = dyno(&["report", KEPT, "--format", wrong]);
        assert_eq!(code(&output), 2);
        let said = stderr(&output);
        assert!(
            said.contains(&format!("similar value exists: '{near}'")),
            "{said}"
        );
    }
}

#[test]
fn a_wrong_format_of_an_export_too() {
    let output = dyno(&["export", "no-such-file", "--to", "jepsen-edm"]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(
        said.contains("similar value exists: 'jepsen-edn'"),
        "{said}"
    );
}

#[test]
fn what_a_history_does_not_tell_is_said() {
    let folder = folder("lacking");
    let mut json: Value =
        serde_json::from_str(&fs::read_to_string(KEPT).expect("it is there")).expect("it is JSON");
    let lacking = |json: &Value, name: &str, format: &str| {
        let bundle = file(&folder, name, json.to_string().as_bytes());
        dyno(&["report", &bundle, "--format", format])
    };
    let entries = json["history"].as_array_mut().expect("entries");
    entries.retain(|entry| entry["note"]["note"].get("transfer").is_none());
    for (format, note) in [
        ("shiviz", "no deliveries"),
        ("perfetto", "no deliveries"),
        ("edn", ""),
    ] {
        let output = lacking(&json, "undelivered.json", format);
        assert_eq!(code(&output), 0);
        let said = stderr(&output);
        assert!(
            said.contains(note) && said.is_empty() == note.is_empty(),
            "{said}"
        );
    }
    // As a test of a real store records: calls and faults.
    let entries = json["history"].as_array_mut().expect("entries");
    entries.retain(|entry| {
        entry.get("note").is_none() || entry["note"]["note"].get("fault").is_some()
    });
    let output = lacking(&json, "calls.json", "shiviz");
    assert!(
        stderr(&output).contains("nothing was recorded of nodes"),
        "{}",
        stderr(&output)
    );
    assert!(stdout(&output).contains("c0 {\"c0\":1}"));
    // As a page keeps it that had no room.
    json["history"] = Value::Array(Vec::new());
    for format in ["shiviz", "perfetto", "edn"] {
        let output = lacking(&json, "none.json", format);
        assert_eq!(code(&output), 2);
        let said = stderr(&output);
        assert!(
            said.contains(&format!("none.json: {format} tells a history")),
            "{said}"
        );
        assert_eq!(stdout(&output), "");
    }
    assert_eq!(code(&lacking(&json, "none.json", "junit")), 0);
}

/// A schema by which nothing may be there that it does not name.
fn closed(schema: Value) -> Value {
    match schema {
        Value::Object(all) => {
            let all = all.into_iter();
            let mut all: serde_json::Map<String, Value> =
                all.map(|(name, one)| (name, closed(one))).collect();
            if all.contains_key("properties") && !all.contains_key("additionalProperties") {
                all.insert("additionalProperties".into(), false.into());
            }
            Value::Object(all)
        }
        Value::Array(all) => all.into_iter().map(closed).collect(),
        other => other,
    }
}

/// Whether a schema takes what this command wrote, and describes all of it.
fn takes(schema: &str, json: &Value) -> bool {
    let printed = stdout(&dyno(&["report", "--schema", schema]));
    let schema = serde_json::from_str(&printed).expect("a schema is JSON");
    let validator = jsonschema::draft202012::new(&closed(schema)).expect("it is a schema");
    validator.is_valid(json)
}

#[test]
fn a_hunt_is_as_its_schema_says() {
    let folder = folder("schemas");
    let out = folder.to_string_lossy().into_owned();
    let flaw = flawed(&out);
    dyno(&[&["hunt", "--runs", "400"][..], &flaw].concat());
    let read = |name: &str| -> Value {
        let text = fs::read(folder.join(name)).expect("it is written");
        serde_json::from_slice(&text).expect("it is JSON")
    };
    let mut record = read("hunt.json");
    assert!(takes("hunt", &record));
    let violation = &record["campaigns"][0]["violation"];
    let bundle = violation["bundle"]
        .as_str()
        .expect("a violation")
        .to_owned();
    let bundle: Value =
        serde_json::from_slice(&fs::read(bundle).expect("it is there")).expect("it is JSON");
    assert!(takes("bundle", &bundle) && !takes("hunt", &bundle) && !takes("bundle", &record));
    record["campaigns"][0]["promises"][0]["held"] = "1".into();
    assert!(!takes("hunt", &record));

    // A shard, and a hunt that finds nothing.
    let clean = [
        "--runs",
        "20",
        "--seed-base",
        "1",
        "--shard",
        "1/2",
        "--out",
        &out,
    ];
    dyno(&[&["hunt", "--preset", "all"][..], &clean].concat());
    let record = read("hunt.json");
    assert_eq!(record["shard"]["of"], 2);
    assert!(takes("hunt", &record));
}

#[test]
fn a_schema_is_asked_for_by_name_and_with_nothing_else() {
    let bundle = stdout(&dyno(&["report", "--schema"]));
    assert_eq!(bundle, stdout(&dyno(&["report", "--schema", "bundle"])));
    assert!(
        bundle.contains("\"$id\": \"urn:dynamometer:dyno/1\""),
        "{bundle}"
    );
    for args in [
        &["report"][..],
        &["report", KEPT, "--schema"],
        &["report", "--schema", "hunt", "--format", "json"],
        &["report", "--schema", "hunts"],
    ] {
        let output = dyno(args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
    }
}
