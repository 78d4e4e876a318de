//! Colours, signs, and how much is said, of every command.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::{bundle, code, command, dyno, file, flawed, folder, stderr, stdout};

/// A call of each command, with what it reads, in a folder of its own.
fn calls(name: &str) -> (PathBuf, Vec<Vec<String>>) {
    let folder = folder(name);
    let out = |part: &str| folder.join(part).to_string_lossy().into_owned();
    let hunt = ["hunt", "--flaw", "keep-one-sibling", "--seed-base", "1"];
    dyno(&[&hunt[..], &["--out", &out("found")]].concat());
    let found = bundle(&folder.join("found"));
    let hunt = ["hunt", "--seed-base", "1", "--runs", "4", "--shard"];
    for part in ["1/2", "2/2"] {
        let to = out(&part.replace('/', "-"));
        dyno(&[&hunt[..], &[part, "--out", &to]].concat());
    }
    let text = b"{:process 0, :type :invoke, :f :write, :value \"gr\xc3\xbcn\"}\n\
        {:process 0, :type :ok, :f :write, :value \"gr\xc3\xbcn\"}\n\
        {:process 0, :type :invoke, :f :read}\n{:process 0, :type :ok, :f :read, :value 1}";
    let edn = file(&folder, "in.edn", text);
    let (one, two, again) = (out("1-2"), out("2-2"), out("again"));
    let (merged, pins, demo, man) = (out("merged"), out("pins"), out("demo"), out("man"));
    let (edn_out, small, page) = (out("out.jsonl"), out("small.json"), out("page.html"));
    let calls: [&[&str]; 22] = [
        &["hunt", "--runs", "9", "--seed-base", "1", "--out", &again],
        &[
            "hunt",
            "--flaw",
            "keep-one-sibling",
            "--seed-base",
            "1",
            "--out",
            &again,
        ],
        &["explore", "--program", "put@0 get@1"],
        &["explore", "--program", "put@0 get@1", "--states", "9"],
        &[
            "flaws",
            "--short",
            "--flaw",
            "hash-count-only",
            "--runs",
            "1",
            "--out",
            &again,
        ],
        &["check", &edn],
        &["export", &edn, "--to", "json-lines", "--out", &edn_out],
        &["replay", &found],
        &["replay", &found, "--flaw", "none"],
        &["explain", &found],
        &["shrink", &found, "--out", &small],
        &["report", &found, "--format", "human"],
        &["report", &found, "--out", &page],
        &["pin", &found, "--dir", &pins],
        &["merge", &one, &two, "--out", &merged],
        &["demo", "--out", &demo],
        &["config"],
        &["env"],
        &["trace", "7"],
        &["man", "--out", &man],
        &["help"],
        &["help", "faults"],
    ];
    let calls = calls.map(|call| call.iter().map(|&arg| arg.to_owned()).collect());
    (folder, calls.into())
}

fn run(call: &[String], more: &[&str]) -> Output {
    let output = command().args(call).args(more).output();
    output.expect("the command runs")
}

/// What is left without colours.
fn bare(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, after)| after));
    first + &rest.collect::<String>()
}

#[test]
fn every_command_obeys_every_global_flag() {
    let (_, calls) = calls("manner");
    for call in &calls {
        let usual = run(call, &[]);
        let (said, exit) = (stdout(&usual), code(&usual));
        assert!(
            !said.is_empty() || call[0] == "export" || exit == 2,
            "{call:?}"
        );

        let ascii = run(call, &["--ascii"]);
        let plain = stdout(&ascii) + &stderr(&ascii);
        assert!(plain.is_ascii(), "{call:?}: {plain}");
        // Each of our own signs has a word; a value of a user has none.
        let unknown = plain.replace("gr\\u{fc}n", "");
        assert!(!unknown.contains("\\u{"), "{call:?}: {plain}");

        // One tells flags, one times: neither is the same twice.
        let same = !["config", "flaws"].contains(&call[0].as_str());
        let coloured = run(call, &["--color", "always"]);
        assert!(!same || bare(&stdout(&coloured)) == said, "{call:?}");
        assert!(!said.contains('\x1b'), "{call:?}");

        let quiet = run(call, &["-q"]);
        let words = stdout(&quiet).len();
        assert!(words <= said.len(), "{call:?}");
        let silent = run(call, &["-qq"]);
        assert_eq!(stdout(&silent) + &stderr(&silent), "", "{call:?}");

        let more = run(call, &["-vv"]);
        assert!(
            !same || stdout(&more) == said,
            "{call:?}: more is on stderr"
        );
        for output in [ascii, coloured, quiet, silent, more] {
            assert_eq!(code(&output), exit, "{call:?}");
        }
    }
}

#[test]
fn documents_in_ascii_are_the_same_documents() {
    let folder = folder("documents");
    let out = folder.to_string_lossy().into_owned();
    let flaw = flawed(&out);
    let hunt = |more: &[&str]| stdout(&dyno(&[&["hunt"][..], &flaw, more].concat()));
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
    let json = hunt(&["--format", "json", "--ascii"]);
    assert!(json.is_ascii());
    let usual = hunt(&["--format", "json"]);
    assert_eq!(read(&json), read(&usual));
    assert!(!usual.is_ascii(), "there is something to be spelled");
    let junit = hunt(&["--format", "junit", "--ascii"]);
    assert!(junit.is_ascii() && junit.contains("&#"), "{junit}");
    for format in ["json", "junit", "markdown"] {
        let coloured = hunt(&["--format", format, "--color", "always"]);
        assert!(!coloured.contains('\x1b'), "{coloured}");
    }
    assert!(hunt(&["--format", "markdown", "--ascii"]).is_ascii());
    // A page says itself that it is UTF-8.
    let page = bundle(&folder);
    let html = dyno(&["report", &page, "--ascii"]);
    assert_eq!(stdout(&html), stdout(&dyno(&["report", &page])));
}

#[test]
fn colours_go_by_the_flag_then_by_the_environment() {
    let (no, force) = (("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1"));
    let (always, never) = (
        ("CARGO_TERM_COLOR", "always"),
        ("CARGO_TERM_COLOR", "never"),
    );
    for (flags, set, coloured) in [
        (&[][..], &[][..], false),
        (&["--color", "always"], &[no], true),
        (&["--color", "never"], &[force, always], false),
        (&[], &[("DYNO_COLOR", "always"), no], true),
        (&[], &[no, force], false),
        (&[], &[force, never], true),
        (&[], &[always], true),
        (&["--color=auto"], &[no, always], false),
    ] {
        let hunt = ["explore", "--program", "put@0"];
        let output = command()
            .args(hunt)
            .args(flags)
            .envs(set.iter().copied())
            .output();
        let said = stdout(&output.expect("the command runs"));
        assert_eq!(
            said.contains("\x1b[32m✓\x1b[0m"),
            coloured,
            "{flags:?} {set:?}: {said}"
        );
        // Mistakes and help, too.
        let mut wrong = command();
        wrong.args(["hunt", "--jbos"]).args(flags);
        let output = wrong.envs(set.iter().copied()).output();
        let output = output.expect("the command runs");
        let said = stderr(&output);
        assert_eq!(said.contains('\x1b'), coloured, "{flags:?} {set:?}");
    }
}

#[test]
fn signs_are_spelled_where_they_cannot_be_shown() {
    for (set, spelled) in [
        (("LC_ALL", "C"), true),
        (("TERM", "dumb"), true),
        (("LC_ALL", "de_DE.UTF-8"), false),
        (("DYNO_ASCII", "true"), true),
    ] {
        let explore = |more: &[&str]| {
            let args = command()
                .args(["explore", "--program", "put@0"])
                .args(more)
                .envs([set])
                .output();
            stdout(&args.expect("the command runs"))
        };
        assert_eq!(
            explore(&[]).contains("\nok clock-causality"),
            spelled,
            "{set:?}"
        );
        assert!(
            explore(&["--ascii=false"]).contains("\n✓ clock-causality"),
            "{set:?}"
        );
        let wrong = command().args(["hunt", "--seed", "x"]).envs([set]).output();
        assert_eq!(
            stderr(&wrong.expect("the command runs")).is_ascii(),
            spelled
        );
    }
}

#[test]
fn the_quiet_hear_of_failures_only() {
    let folder = folder("quiet");
    let out = folder.to_string_lossy().into_owned();
    let hunt = [
        "hunt",
        "--runs",
        "20",
        "--seed-base",
        "1",
        "-q",
        "--out",
        &out,
    ];
    let healthy = dyno(&hunt);
    assert_eq!(
        (code(&healthy), stdout(&healthy) + &stderr(&healthy)),
        (0, String::new())
    );
    let broken = dyno(&[&hunt[..], &["--flaw", "keep-one-sibling"]].concat());
    let said = stdout(&broken);
    assert_eq!(code(&broken), 10);
    assert!(
        said.starts_with("✗ ") && said.contains("  replay    dyno replay"),
        "{said}"
    );
    for word in ["seed base", "\nexercised", "\nnever"] {
        assert!(!said.contains(word), "{word} in {said}");
    }
}

#[test]
fn who_asks_for_more_hears_of_every_run() {
    let folder = folder("verbose");
    let out = folder.to_string_lossy().into_owned();
    let hunt = |more: &[&str]| {
        let args = [
            "hunt",
            "--runs",
            "40",
            "--seed-base",
            "1",
            "--keep-going",
            "--out",
            &out,
        ];
        let flaw = ["--flaw", "dominate-same-context"];
        stderr(&dyno(&[&args[..], &flaw, more].concat()))
    };
    assert_eq!(hunt(&[]), "");
    let some = hunt(&["-v"]);
    let causes = some.lines().count();
    assert!(
        causes >= 2 && some.lines().all(|line| line.starts_with("✗ ")),
        "{some}"
    );
    let all = hunt(&["-vv"]);
    let runs: Vec<&str> = all
        .lines()
        .filter(|line| line.starts_with("seed 0x"))
        .collect();
    assert_eq!(runs.len(), 40, "{all}");
    assert_eq!(all.lines().count(), 40 + causes, "{all}");
    // What is said of a run is what its seed gives.
    let (seed, said) = runs[0].split_once("  ").expect("a seed and a verdict");
    let single = dyno(&[
        "hunt",
        "--seed",
        &seed[5..],
        "--flaw",
        "dominate-same-context",
        "--out",
        &out,
    ]);
    assert_eq!(code(&single) == 10, said.starts_with('✗'), "{said}");
    let broken = runs.iter().filter(|run| run.contains('✗')).count();
    assert!(broken > 0 && broken < 40, "{all}");
}

#[test]
fn what_a_report_is_made_of_is_not_changed_by_how_it_is_told() {
    let folder = folder("same-files");
    let hunt = |name: &str, more: &[&str]| {
        let out = folder.join(name).to_string_lossy().into_owned();
        let args = [
            "hunt",
            "--flaw",
            "keep-one-sibling",
            "--seed-base",
            "1",
            "--out",
            &out,
        ];
        dyno(&[&args[..], more].concat());
        let path = bundle(Path::new(&out));
        fs::read(path).expect("it is there")
    };
    assert_eq!(
        hunt("usual", &[]),
        hunt("other", &["--ascii", "--color", "always", "-q"])
    );
}
