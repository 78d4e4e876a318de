//! Recordings of others and our own: checked and exported.

use std::fs;
use std::process::Stdio;

use super::{code, command, dyno, file, folder, stderr, stdout};

#[test]
fn bad_recordings_end_with_2_and_say_where() {
    let folder = folder("bad-recordings");
    let header = "{\"format\":\"dyno-history/1\",\"domain\":\"register\"}\n";
    let invoke = "{\"invoke\":{\"op\":1,\"at\":0,\"process\":0,\"call\":{\"action\":\"read\"}}}\n";
    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("empty.jsonl", Vec::new(), "nothing in it"),
        ("blank.edn", b" \n\n".to_vec(), "nothing in it"),
        (
            "truncated.edn",
            b"{:process 0, :type :invoke, :f :rea".to_vec(),
            "line 1",
        ),
        (
            "truncated.jsonl",
            format!("{header}{invoke}{{\"return\":{{\"op\":1").into(),
            "line 3",
        ),
        (
            "latin1.edn",
            b"{:process 0, :type :invoke, :f :write, :value \"\xe9\"}".to_vec(),
            "UTF-8",
        ),
        ("binary.bin", vec![0xff, 0xfe, 0x00, 0x9f], "UTF-8"),
        ("words.txt", b"hello, world\n".to_vec(), "--from"),
        (
            "unknown-field.jsonl",
            format!("{header}{}", invoke.replace("\"at\"", "\"why\":1,\"at\"")).into(),
            "why",
        ),
        (
            "orphan.jsonl",
            format!("{header}{{\"return\":{{\"op\":7,\"at\":1,\"outcome\":\"unknown\"}}}}\n")
                .into(),
            "line 2",
        ),
        (
            "orphan.edn",
            b"{:process 3, :type :ok, :f :read, :value 1}".to_vec(),
            "process 3",
        ),
        (
            "overlap.edn",
            b"{:process 3, :type :invoke, :f :read}\n{:process 3, :type :invoke, :f :read}"
                .to_vec(),
            "line 2",
        ),
    ];
    for (name, bytes, says) in cases {
        let path = file(&folder, name, &bytes);
        let output = dyno(&["check", &path, "--model", "register"]);
        let said = stderr(&output);
        assert_eq!(code(&output), 2, "{name}: {said}");
        assert!(said.starts_with("error: cannot read "), "{name}: {said}");
        assert!(said.contains(says), "{name}: {said}");
        assert!(!said.contains("panicked"), "{name}: {said}");
        assert!(stdout(&output).is_empty(), "{name}");
    }
    let missing = dyno(&["check", &folder.join("missing").to_string_lossy()]);
    assert_eq!(code(&missing), 2);
}

#[test]
fn a_model_that_the_recording_is_not_about_is_an_error() {
    let folder = folder("wrong-model");
    let cas = b"{:process 0, :type :invoke, :f :cas, :value [1 2]}\n\
        {:process 0, :type :fail, :f :cas, :value [1 2]}";
    let path = file(&folder, "cas.edn", cas);
    let plain = dyno(&["check", &path, "--model", "register"]);
    assert_eq!(code(&plain), 2);
    assert!(
        stderr(&plain).contains("line 1: op 0 is a cas, and a plain register has none"),
        "{}",
        stderr(&plain)
    );
    let strings = dyno(&["check", &path, "--model", "kv-append"]);
    assert_eq!(code(&strings), 2);
    assert!(
        stderr(&strings).contains("a recording as jepsen-edn is about register, set, "),
        "{}",
        stderr(&strings)
    );
    let promise = dyno(&["check", &path, "--property", "convergence"]);
    assert_eq!(code(&promise), 2, "{}", stderr(&promise));
    assert!(
        stderr(&promise).contains("the model cas-register makes no promise convergence"),
        "{}",
        stderr(&promise)
    );
}

#[test]
fn a_recording_of_siblings_is_judged_as_registers_where_asked() {
    let folder = folder("last-writer");
    let text = r#"{"format":"dyno-history/1","domain":"kv"}
{"invoke":{"op":1,"at":0,"process":0,"call":{"put":{"key":"cart","value":"milk"}}}}
{"return":{"op":1,"at":5,"outcome":{"ok":"stored"}}}
{"invoke":{"op":2,"at":6,"process":0,"call":{"put":{"key":"cart","value":"eggs"}}}}
{"return":{"op":2,"at":9,"outcome":{"ok":"stored"}}}
{"invoke":{"op":3,"at":10,"process":1,"call":{"get":{"key":"cart"}}}}
{"return":{"op":3,"at":12,"outcome":{"ok":{"values":["eggs"]}}}}
"#;
    let check = |name: &str, text: &str, model: &str| {
        let path = file(&folder, name, text.as_bytes());
        dyno(&["check", &path, "--model", model])
    };
    let fresh = check("fresh.jsonl", text, "register");
    assert_eq!(code(&fresh), 0, "{}{}", stdout(&fresh), stderr(&fresh));
    assert!(
        stdout(&fresh).contains("✓ linearizable"),
        "{}",
        stdout(&fresh)
    );
    let stale = text.replace("[\"eggs\"]", "[\"milk\"]");
    let stale = check("stale.jsonl", &stale, "register");
    assert_eq!(code(&stale), 10, "{}{}", stdout(&stale), stderr(&stale));
    assert!(
        stdout(&stale).contains("read cart → milk"),
        "{}",
        stdout(&stale)
    );
    let several = text.replace("[\"eggs\"]", "[\"eggs\",\"milk\"]");
    let several = several.replace("\n{\"invoke\":{\"op\":1", "\n\n{\"invoke\":{\"op\":1");
    let several = check("several.jsonl", &several, "register");
    assert!(
        stderr(&several).contains("line 7: op 3 (get cart) returned 2 siblings"),
        "{}",
        stderr(&several)
    );
    let set = check("set.jsonl", text, "set");
    assert_eq!(code(&set), 2);
    assert!(
        stderr(&set).contains(
            "is a recording of kv: its models are register, siblings, multi-value-register, not set"
        ),
        "{}",
        stderr(&set)
    );
}

#[test]
fn a_stale_read_is_explained_with_exit_10() {
    let folder = folder("stale");
    let text = "\
{:process 0, :type :invoke, :f :write, :value 1}
{:process 0, :type :ok, :f :write, :value 1}
{:process 0, :type :invoke, :f :write, :value 2}
{:process 0, :type :ok, :f :write, :value 2}
{:process 1, :type :invoke, :f :read, :value nil}
{:process 1, :type :ok, :f :read, :value 1}
";
    let path = file(&folder, "stale.edn", text.as_bytes());
    let output = dyno(&["check", &path, "--model", "register"]);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    assert!(said.contains("✗ linearizable"), "{said}");
    assert!(said.contains("read → 1"), "{said}");
    assert!(said.contains("lines "), "{said}");
    let json = dyno(&["check", &path, "--model", "register", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).expect("it is JSON");
    assert_eq!(value["verdicts"][0]["verdict"], "invalid");
    assert_eq!(value["exit"], 10);
    let fresh = file(
        &folder,
        "fresh.edn",
        text.replace(":value 1}\n", ":value 2}\n").as_bytes(),
    );
    assert_eq!(code(&dyno(&["check", &fresh, "--model", "register"])), 0);
}

#[test]
fn a_stale_read_of_transactions_on_a_register_is_found() {
    let folder = folder("stale-transactions");
    let text = "\
{:process 0, :type :invoke, :f :txn, :value [[:w :x 1]]}
{:process 0, :type :ok, :f :txn, :value [[:w :x 1]]}
{:process 0, :type :invoke, :f :txn, :value [[:w :x 2]]}
{:process 0, :type :ok, :f :txn, :value [[:w :x 2]]}
{:process 1, :type :invoke, :f :txn, :value [[:r :x nil]]}
{:process 1, :type :ok, :f :txn, :value [[:r :x 1]]}
";
    let path = file(&folder, "stale.edn", text.as_bytes());
    let output = dyno(&["check", &path]);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    assert!(said.contains("not strict-serializable"), "{said}");
    for weaker in ["strong-session-serializable", "serializable"] {
        let output = dyno(&["check", &path, "--consistency", weaker]);
        assert_eq!(code(&output), 0, "{weaker}: {}", stdout(&output));
    }
    let fresh = text.replace("[[:r :x 1]]", "[[:r :x 2]]");
    let path = file(&folder, "fresh.edn", fresh.as_bytes());
    assert_eq!(code(&dyno(&["check", &path])), 0);
}

#[test]
fn a_promise_counts_as_idle_only_where_it_was_asked_for() {
    let folder = folder("idle-check");
    let text = r#"{"format":"dyno-history/1","domain":"kv"}
{"invoke":{"op":1,"at":0,"process":0,"call":{"put":{"key":"cart","value":"milk"}}}}
{"return":{"op":1,"at":5,"outcome":{"ok":"stored"}}}
{"invoke":{"op":2,"at":6,"process":1,"call":{"get":{"key":"cart"}}}}
{"return":{"op":2,"at":9,"outcome":{"ok":{"values":["milk"]}}}}
"#;
    let path = file(&folder, "run.jsonl", text.as_bytes());
    let check = |args: &[&str]| code(&dyno(&[&["check", &path], args].concat()));
    assert_eq!(check(&[]), 0);
    assert_eq!(check(&["--property", "convergence"]), 14);
    assert_eq!(check(&["--model", "multi-value-register"]), 0);
    let twice = text.replace("[\"milk\"]", "[\"milk\",\"milk\"]");
    let path = file(&folder, "twice.jsonl", twice.as_bytes());
    assert_eq!(code(&dyno(&["check", &path])), 10);
}

#[test]
fn nil_and_initial_say_what_a_first_read_may_see() {
    let folder = folder("nil");
    let text =
        b"{:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value nil}\n\
        {:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value 0}";
    let path = file(&folder, "first.edn", text);
    // Reads alone do not tell a register from a counter.
    let open = dyno(&["check", &path]);
    assert_eq!(code(&open), 2);
    assert!(stderr(&open).contains("--model"), "{}", stderr(&open));
    let model = ["check", &path, "--model", "cas-register"];
    let check = |args: &[&str]| code(&dyno(&[&model[..], args].concat()));
    assert_eq!(check(&["--initial", "0"]), 0);
    assert_eq!(check(&["--initial", "0", "--nil", "value"]), 10);
    assert_eq!(check(&[]), 10);
    assert_eq!(check(&["--initial", "1"]), 10);
}

#[test]
fn flags_that_would_change_nothing_are_errors() {
    let folder = folder("idle-flags");
    let lines = "{\"format\":\"dyno-history/1\",\"domain\":\"register\"}\n";
    let lines = file(&folder, "run.jsonl", lines.as_bytes());
    let set = b"{:process 0, :type :invoke, :f :remove, :value 1}";
    let set = file(&folder, "set.edn", set);
    let txn = b"{:process 0, :type :invoke, :f :txn, :value [[:append 1 1]]}";
    let txn = file(&folder, "txn.edn", txn);
    for (path, flag, value, says) in [
        (&lines, "--nil", "unknown", "says nothing of json-lines"),
        (&lines, "--keyed", "true", "says nothing of json-lines"),
        (
            &set,
            "--initial",
            "5",
            "--initial says something of register, cas-register, counter",
        ),
        (&txn, "--initial", "5", "and nothing of list-append"),
        (
            &set,
            "--consistency",
            "serializable",
            "--consistency says something of list-append, rw-register",
        ),
    ] {
        let output = dyno(&["check", path, flag, value]);
        assert_eq!(code(&output), 2, "{flag}: {}", stdout(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
        assert_ne!(code(&dyno(&["check", path])), 2, "{path}");
    }
    let help = stdout(&dyno(&["check", "--help"]));
    let words: Vec<&str> = help.split_whitespace().collect();
    let says = "[default: unknown in jepsen-edn, elle-json, porcupine-kv; a value elsewhere";
    assert!(words.join(" ").contains(says), "{help}");
    let folder = folder.to_string_lossy();
    let output = dyno(&["check", &folder]);
    assert_eq!(code(&output), 2);
    assert!(!stderr(&output).contains("column"), "{}", stderr(&output));
}

#[test]
fn a_budget_that_runs_out_is_undecided_with_exit_11() {
    let folder = folder("budget");
    // Every value is written twice, so that only a search can tell which write a read saw.
    let all = |kind: &str| -> Vec<String> {
        let line = |process| {
            let value = process / 2;
            format!("{{:process {process}, :type {kind}, :f :write, :value {value}}}\n")
        };
        (0..12).map(line).collect()
    };
    let read = |value: u32| {
        format!(
            "{{:process 99, :type :invoke, :f :read}}\n\
             {{:process 99, :type :ok, :f :read, :value {value}}}\n"
        )
    };
    let text = all(":invoke").concat() + &all(":ok").concat() + &read(1) + &read(2);
    let path = file(&folder, "wide.edn", text.as_bytes());
    let output = dyno(&["check", &path, "--check-budget", "5"]);
    assert_eq!(code(&output), 11, "{}", stdout(&output));
    assert!(
        stdout(&output).contains("a larger budget would settle it"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_recording_is_read_from_standard_input() {
    let folder = folder("stdin");
    let text = b"{:process 0, :type :invoke, :f :write, :value 1}\n{:process 0, :type :ok, :f :write, :value 1}\n\
        {:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value 1}";
    let path = file(&folder, "in.edn", text);
    let output = command()
        .args(["check", "-"])
        .stdin(Stdio::from(fs::File::open(path).expect("it is there")))
        .output()
        .expect("the command runs");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn nothing_follows_for_sessions_whose_calls_share_a_time() {
    let folder = folder("equal-times");
    // Its own write had returned when the session read; both are stamped with the same time.
    let text = |at: u32| {
        let call = |op, at, action| {
            format!(
                "{{\"invoke\":{{\"op\":{op},\"at\":{at},\"process\":0,\"call\":{{\"action\":{action}}}}}}}\n"
            )
        };
        let end = |op, at, ok| {
            format!("{{\"return\":{{\"op\":{op},\"at\":{at},\"outcome\":{{\"ok\":{ok}}}}}}}\n")
        };
        [
            "{\"format\":\"dyno-history/1\",\"domain\":\"register\"}\n".to_owned(),
            call(0, 0, "{\"write\":{\"int\":1}}"),
            end(0, 5, "\"done\""),
            call(1, at, "\"read\""),
            end(1, 9, "{\"value\":\"nil\"}"),
        ]
        .concat()
    };
    let judged = |at: u32| {
        let path = file(&folder, "own.jsonl", text(at).as_bytes());
        let output = dyno(&["check", &path, "--format", "json"]);
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let verdicts = value["verdicts"].as_array().expect("a list").clone();
        let told = |name: &str| {
            let one = verdicts.iter().find(|one| one["promise"] == name);
            one.expect("it is judged")["verdict"].clone()
        };
        (told("linearizable"), told("read-your-writes"))
    };
    assert_eq!(judged(5), ("valid".into(), "invalid".into()));
    assert_eq!(judged(6), ("invalid".into(), "invalid".into()));
}

#[test]
fn a_recording_is_written_in_another_format_and_judged_the_same() {
    let folder = folder("export");
    let lost = "\
{:process 0, :type :invoke, :f :txn, :value [[:r :x nil] [:append :x 1]]}
{:process 1, :type :invoke, :f :txn, :value [[:r :x nil] [:append :x 2]]}
{:process 0, :type :ok, :f :txn, :value [[:r :x []] [:append :x 1]]}
{:process 1, :type :ok, :f :txn, :value [[:r :x []] [:append :x 2]]}
{:process 2, :type :invoke, :f :txn, :value [[:r :x nil]]}
{:process 2, :type :ok, :f :txn, :value [[:r :x [1 2]]]}
";
    let path = file(&folder, "lost.edn", lost.as_bytes());
    let weak = ["--consistency", "read-committed"];
    assert_eq!(code(&dyno(&["check", &path])), 10);
    assert_eq!(code(&dyno(&["check", &path, weak[0], weak[1]])), 0);
    for to in ["elle-json", "jepsen-edn", "json-lines"] {
        let output = dyno(&["export", &path, "--to", to]);
        assert_eq!(code(&output), 0, "{to}: {}", stderr(&output));
        let again = file(&folder, to, &output.stdout);
        let checked = dyno(&["check", &again]);
        assert_eq!(code(&checked), 10, "{to}: {}", stdout(&checked));
        assert!(stdout(&checked).contains("lost-update"), "{to}");
        assert_eq!(code(&dyno(&["check", &again, weak[0], weak[1]])), 0, "{to}");
    }
    let other = dyno(&["export", &path, "--to", "json-lines", "--object", "set"]);
    assert_eq!(code(&other), 2, "{}", stdout(&other));

    // What a file held is lost only for something better.
    let kept = file(&folder, "kept.txt", b"precious");
    let refused = dyno(&["export", &path, "--to", "porcupine-kv", "--out", &kept]);
    assert_eq!(code(&refused), 2);
    assert_eq!(fs::read(&kept).expect("it is there"), b"precious");
    let before = fs::read_dir(&folder).expect("it is there").count();
    let output = dyno(&["export", &path, "--to", "elle-json", "--out", &kept]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(fs::read(&kept).expect("it is there").starts_with(b"["));
    let after = fs::read_dir(&folder).expect("it is there").count();
    assert_eq!(before, after, "nothing else is left behind");

    let unsaid = dyno(&["export", &path, "--to", "porcupine-etcd"]);
    assert_eq!(code(&unsaid), 2);
    assert!(stderr(&unsaid).contains("no words"), "{}", stderr(&unsaid));
}

#[test]
fn what_breaks_a_promise_by_itself_is_cut_out_of_a_recording() {
    let folder = folder("cut");
    let mut lines = vec!["{\"format\":\"dyno-history/1\",\"domain\":\"register\"}".to_owned()];
    let mut call = |op: usize, call: &str, ok: &str| {
        let at = 10 * op;
        lines.push(format!(
            "{{\"invoke\":{{\"op\":{op},\"at\":{at},\"process\":0,\"call\":{call}}}}}"
        ));
        let end = at + 5;
        lines.push(format!(
            "{{\"return\":{{\"op\":{op},\"at\":{end},\"outcome\":{{\"ok\":{ok}}}}}}}"
        ));
    };
    for op in 1..40 {
        call(
            op,
            &format!("{{\"action\":{{\"write\":{{\"int\":{op}}}}}}}"),
            "\"done\"",
        );
    }
    call(40, "{\"action\":\"read\"}", "{\"value\":{\"int\":7}}");
    let long = file(&folder, "long.jsonl", (lines.join("\n") + "\n").as_bytes());
    let cut = folder.join("cut.jsonl").to_string_lossy().into_owned();
    let output = dyno(&["check", &long, "--model", "register", "--out", &cut]);
    assert_eq!(code(&output), 10, "{}{}", stdout(&output), stderr(&output));
    assert!(stderr(&output).contains("of 40 operations, which break linearizable by themselves"));
    let again = dyno(&["check", &cut, "--model", "register"]);
    assert_eq!(code(&again), 10, "{}", stdout(&again));
    let text = fs::read_to_string(&cut).expect("it was written");
    assert!(text.lines().count() <= 9, "{text}");

    let calm = file(
        &folder,
        "calm.jsonl",
        (lines[..7].join("\n") + "\n").as_bytes(),
    );
    let none = folder.join("none.jsonl").to_string_lossy().into_owned();
    let output = dyno(&["check", &calm, "--model", "register", "--out", &none]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("nothing is written"));
    assert!(!std::path::Path::new(&none).exists());
}

#[test]
fn a_cut_breaks_the_promise_in_the_same_way_and_never_replaces_what_is_read() {
    let folder = folder("cut-siblings");
    let readme = include_str!("../../../README.md");
    let recording = readme.split("```json\n").nth(1).expect("a recording");
    let recording = recording.split("```").next().expect("its end");
    let cart = file(&folder, "cart.jsonl", recording.as_bytes());
    let cut = folder.join("cut.jsonl").to_string_lossy().into_owned();
    let output = dyno(&["check", &cart, "--model", "siblings", "--out", &cut]);
    assert_eq!(code(&output), 10, "{}", stderr(&output));
    let again = dyno(&["check", &cut, "--model", "siblings"]);
    assert!(
        stdout(&again).contains("(lost write)"),
        "{}",
        stdout(&again)
    );

    let refused = dyno(&["check", &cart, "--model", "siblings", "--out", &cart]);
    assert_eq!(code(&refused), 2, "{}", stdout(&refused));
    assert!(stderr(&refused).contains("--out cannot write to it"));
    assert_eq!(
        fs::read_to_string(&cart).expect("it is still there"),
        recording
    );
}
