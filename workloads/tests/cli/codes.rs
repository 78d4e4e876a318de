//! Each exit code of the table, by a call that ends with it; and what is said to those who slip.

use std::collections::BTreeSet;
use std::fs;
use std::process::Output;

use super::{bundle, code, command, dyno, file, folder, stderr, stdout};

/// The codes that `dyno help exit-codes` lists.
fn listed() -> BTreeSet<i32> {
    let said = stdout(&dyno(&["help", "exit-codes"]));
    let codes = said
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.parse().ok());
    codes.collect()
}

/// It is told to run in threads that no machine has room for: nothing of ours foresees that.
fn broken() -> Output {
    let mut hunt = command();
    hunt.args(["hunt", "--runs", "3", "--jobs", "2"]);
    let output = hunt
        .env("RUST_MIN_STACK", (1_u64 << 60).to_string())
        .output();
    output.expect("the command runs")
}

#[test]
fn every_code_that_is_listed_is_met() {
    let folder = folder("codes");
    let out = |part: &str| folder.join(part).to_string_lossy().into_owned();
    let (here, shard) = (out("here"), out("shard"));
    let hunt =
        |more: &[&str]| dyno(&[&["hunt", "--seed-base", "1", "--out", &here][..], more].concat());
    let healthy = || {
        let text = fs::read_to_string(bundle(&folder.join("here"))).expect("it is there");
        let text = text.replace("\"flaw\":\"keep-one-sibling\",", "");
        file(&folder, "healthy.json", text.as_bytes())
    };
    let mut met = BTreeSet::new();
    let mut meets = |expected: i32, output: &Output| {
        let said = stdout(output) + &stderr(output);
        assert_eq!(code(output), expected, "{said}");
        met.insert(expected);
    };
    meets(0, &hunt(&["--runs", "9"]));
    meets(2, &hunt(&["--runs", "none"]));
    meets(10, &hunt(&["--flaw", "keep-one-sibling"]));
    meets(
        11,
        &hunt(&[
            "--runs",
            "9",
            "--preset",
            "last-writer",
            "--check-budget",
            "1",
        ]),
    );
    dyno(&[
        "hunt",
        "--seed-base",
        "1",
        "--runs",
        "9",
        "--shard",
        "1/2",
        "--out",
        &shard,
    ]);
    meets(12, &dyno(&["merge", &shard, "--out", &out("merged")]));
    meets(13, &dyno(&["explain", &healthy()]));
    meets(
        14,
        &hunt(&[
            "--runs",
            "9",
            "--preset",
            "weak",
            "--property",
            "linearizable",
        ]),
    );
    meets(70, &broken());
    // Ctrl-C has tests of its own, where it can be sent.
    met.insert(130);
    assert_eq!(met, listed());
}

#[test]
fn an_internal_error_says_what_to_report() {
    let said = stderr(&broken());
    assert!(
        said.starts_with("error: dyno itself is broken at "),
        "{said}"
    );
    let report = "please report this line, and: dyno hunt --runs 3 --jobs 2, source ";
    assert!(said.contains(report), "{said}");
}

#[test]
fn the_help_of_each_command_says_its_codes() {
    for (name, says) in [
        (
            "hunt",
            "0 nothing violated, 14 nothing exercised, 11 undecided",
        ),
        ("replay", "10 reproduced"),
        ("flaws", "10 a flaw was missed"),
        ("merge", "12 a shard is missing"),
        ("report", "Exit codes: 0 written, 2 usage"),
    ] {
        let said = stdout(&dyno(&[name, "--help"]));
        assert!(said.contains(says), "{name}: {said}");
        assert_eq!(said, stdout(&dyno(&["help", name])));
    }
}

#[test]
fn who_asks_for_what_a_preset_never_promises_is_told_who_does() {
    let folder = folder("unpromised");
    let out = folder.to_string_lossy().into_owned();
    let hunt = [
        "hunt",
        "--runs",
        "3",
        "--seed-base",
        "1",
        "--out",
        &out,
        "--preset",
        "weak",
    ];
    let asked = ["--property", "linearizable", "--property", "convergence"];
    let said = stderr(&dyno(&[&hunt[..], &asked].concat()));
    let says = "weak never promises linearizable; presets that do: last-writer-linearizable, ";
    assert!(
        said.starts_with(says) && said.lines().count() == 1,
        "{said}"
    );
}

#[test]
fn who_slips_is_told_what_was_meant() {
    let folder = folder("slips");
    let none = file(&folder, "none.edn", b"");
    for (args, meant) in [
        (&["hnut"][..], "'hunt'"),
        (&["hunt", "--bugdet", "3s"], "'--budget'"),
        (&["hunt", "--preset", "weka"], "'weak'"),
        (
            &["hunt", "--flaw", "keep-one-siblings"],
            "'keep-one-sibling'",
        ),
        (&["hunt", "--property", "convergance"], "'convergence'"),
        (&["hunt", "--format", "jsn"], "'json'"),
        (&["hunt", "--undecided", "pas"], "'pass'"),
        (&["hunt", "--github", "onn"], "'on'"),
        (&["hunt", "--color", "nevr"], "'never'"),
        (&["explore", "--repair", "afer"], "'after'"),
        (&["explore", "--flaw", "forget-hint"], "'forget-hints'"),
        (&["explore", "--r", "4"], "did you mean --r 3?"),
        (&["explore", "--n", "4"], "did you mean --nodes 4?"),
        (&["flaws", "--flaw", "forget-hint"], "'forget-hints'"),
        (&["check", &none, "--model", "regster"], "'register'"),
        (
            &["check", &none, "--property", "linearisable"],
            "'linearizable'",
        ),
        (&["check", &none, "--from", "jepsen-edm"], "'jepsen-edn'"),
        (
            &["check", &none, "--consistency", "serialisable"],
            "'serializable'",
        ),
        (&["export", &none, "--to", "jsonlines"], "'json-lines'"),
        (&["report", &none, "--format", "htm"], "'html'"),
        (&["replay", &none, "--flaw", "nome"], "'none'"),
        (&["completions", "bsh"], "'bash'"),
        (&["help", "exit-code"], "'exit-codes'"),
        (&["hunt", "--shard", "1/2"], "--shard needs --seed-base"),
        (
            &["hunt", "--seed", "1", "--keep-going"],
            "--seed and --keep-going exclude each other",
        ),
    ] {
        let output = dyno(args);
        assert_eq!(code(&output), 2, "{args:?}");
        let said = stderr(&output);
        assert!(said.contains(meant), "{args:?}: {said}");
    }
}
