//! The `dyno` command as a user meets it: what it prints and with which exit code it ends.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

mod codes;
mod explore;
mod flaws;
mod formats;
mod manner;
#[cfg(unix)]
mod node;
mod recordings;
mod refused;
mod settings;
mod shards;
#[cfg(target_os = "linux")]
mod status;
mod topics;
mod trace;

/// The command in an environment that says nothing of settings, in a terminal that shows all signs.
fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dyno"));
    let said = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let ours = said.filter(|name| name.starts_with("DYNO_") || name.starts_with("GITHUB_"));
    for name in ours {
        command.env_remove(name);
    }
    for name in ["CI", "NO_COLOR", "CLICOLOR_FORCE", "CARGO_TERM_COLOR"] {
        command.env_remove(name);
    }
    command.env("LC_ALL", "C.UTF-8").env("TERM", "xterm");
    command
}

/// Flags of a hunt for a flaw that is found soon.
fn flawed(out: &str) -> [&str; 6] {
    [
        "--flaw",
        "keep-one-sibling",
        "--seed-base",
        "1",
        "--out",
        out,
    ]
}

fn dyno(args: &[&str]) -> Output {
    command().args(args).output().expect("the command runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("output is text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are text")
}

/// A folder of this test's own, empty.
fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).expect("the folder can be made");
    path
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("the file can be written");
    path.to_string_lossy().into_owned()
}

/// The bundles in a folder: what a hunt writes there beside its record of itself.
fn bundles(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).expect("the folder is there");
    let paths = files.map(|file| file.expect("readable").path());
    let bundles = paths.filter(|path| {
        let is = |ending: &str| path.extension().is_some_and(|found| found == ending);
        is("json") && !path.ends_with("hunt.json")
    });
    bundles
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

/// The only bundle in a folder.
fn bundle(folder: &Path) -> String {
    let mut all = bundles(folder);
    assert_eq!(all.len(), 1, "one bundle only: {all:?}");
    all.remove(0)
}

#[test]
fn bad_flags_end_with_2() {
    for args in [
        &["hunt", "--budget", "30"][..],
        &["hunt", "--runs", "0"],
        &["hunt", "--seed", "x"],
        &["hunt", "--flaw", "no-such-flaw"],
        &["hunt", "--property", "no-such-promise"],
        &["hunt", "--seed", "1", "--runs", "2"],
        &["check"],
        &["check", "x", "--model", "teapot"],
        &["nonsense"],
        &[],
    ] {
        let output = dyno(args);
        assert_eq!(code(&output), 2, "{args:?}: {}", stderr(&output));
    }
}

#[test]
fn a_healthy_hunt_holds_every_promise_and_is_the_same_every_time() {
    let folder = folder("healthy");
    let out = folder.to_string_lossy().into_owned();
    let args = ["hunt", "--runs", "300", "--seed-base", "7", "--out", &out];
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    for promise in [
        "clock-causality",
        "sibling-preservation",
        "convergence",
        "handoff-delivery",
    ] {
        assert!(said.contains(&format!("✓ {promise}")), "{said}");
    }
    assert_eq!(said, stdout(&dyno(&args)));
    assert!(bundles(&folder).is_empty(), "nothing to report");
}

#[test]
fn a_preset_is_judged_by_what_it_promises_and_the_rest_is_counted() {
    let folder = folder("presets");
    let out = folder.to_string_lossy().into_owned();
    let hunt = |preset: &str, more: &[&str]| {
        let args = [
            "hunt",
            "--preset",
            preset,
            "--seed-base",
            "1",
            "--out",
            &out,
        ];
        dyno(&[&args, more].concat())
    };
    let output = hunt("last-writer-linearizable", &["--runs", "150"]);
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(
        said.contains("✓ linearizable          held in 150 of 150 runs"),
        "{said}"
    );
    assert!(said.contains("repairs before answers"), "{said}");

    let output = hunt("strict-siblings", &["--runs", "300"]);
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains("✓ read-your-writes"), "{said}");
    assert!(
        said.contains("· linearizable          not promised, seen broken in"),
        "{said}"
    );

    // What is promised and was not asked for is not said to be unpromised.
    let asked = ["--runs", "20", "--property", "clock-causality"];
    let said = stdout(&hunt("last-writer-linearizable", &asked));
    assert!(!said.contains("linearizable  "), "{said}");
    let json = [&asked[..], &["--format", "json"]].concat();
    let said = stdout(&hunt("last-writer-linearizable", &json));
    assert!(!said.contains("\"promise\":\"linearizable\""), "{said}");

    // Of what no run promises nothing can be said.
    let asked = ["--runs", "20", "--property", "linearizable"];
    let output = hunt("weak", &asked);
    assert_eq!(code(&output), 14, "{}", stdout(&output));

    let output = hunt("all", &["--runs", "3", "--format", "json"]);
    let said = stdout(&output);
    let presets: BTreeSet<String> = said
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
            line["preset"]
                .as_str()
                .expect("it names its preset")
                .to_owned()
        })
        .collect();
    assert_eq!((presets.len(), said.lines().count()), (22, 22), "{said}");
    assert!(stdout(&dyno(&["hunt", "--help"])).contains("last-writer-r3w1"));
}

#[test]
fn a_promise_without_a_chance_to_be_broken_is_not_held() {
    let folder = folder("idle");
    let out = folder.to_string_lossy().into_owned();
    // A single run that keeps no hint cannot say anything about them: none was needed, or its shape
    // promises none.
    let (mut idle, mut unpromised) = (0, 0);
    for seed in 0..50 {
        let seed = seed.to_string();
        let args = [
            "hunt",
            "--seed",
            &seed,
            "--property",
            "handoff-delivery",
            "--out",
            &out,
        ];
        let output = dyno(&args);
        let said = stdout(&output);
        let never = said.contains("nothing exercised");
        let not_promised = said.contains("promised by no shape that was run");
        match code(&output) {
            0 => assert!(!never && !not_promised, "{said}"),
            14 => assert!(never != not_promised, "{said}"),
            _ => panic!("{said}"),
        }
        idle += u32::from(never);
        unpromised += u32::from(not_promised);
    }
    assert!(idle > 0 && unpromised > 0, "{idle} and {unpromised}");
}

#[test]
fn a_flaw_is_found_minimized_and_replayed_byte_for_byte() {
    let folder = folder("flaw");
    let out = folder.to_string_lossy().into_owned();
    let args = [
        "hunt",
        "--flaw",
        "dominate-same-context",
        "--runs",
        "2000",
        "--seed-base",
        "1",
        "--out",
        &out,
    ];
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    let path = bundle(&folder);
    assert!(said.contains(&format!("dyno replay {path}")), "{said}");
    let first = fs::read(&path).expect("the bundle is there");

    let replay = dyno(&["replay", &path]);
    assert_eq!(code(&replay), 10, "{}", stdout(&replay));
    assert!(
        stdout(&replay).contains("✗ reproduced"),
        "{}",
        stdout(&replay)
    );

    let healthy = dyno(&["replay", &path, "--flaw", "none"]);
    assert_eq!(code(&healthy), 0, "{}", stdout(&healthy));
    assert!(
        stdout(&healthy).contains("leaves the recorded one at entry"),
        "{}",
        stdout(&healthy)
    );

    dyno(&args);
    assert_eq!(
        first,
        fs::read(&path).expect("the bundle is there"),
        "the same bytes again"
    );
}

#[test]
fn a_bundle_that_was_tampered_with_is_not_reproduced() {
    let folder = folder("tampered");
    let out = folder.to_string_lossy().into_owned();
    dyno(&["hunt", "--seed", "5", "--out", &out]);
    let path = bundle(&folder);
    let text = fs::read_to_string(&path).expect("the bundle is there");
    let same = dyno(&["replay", &path]);
    assert_eq!(code(&same), 0, "{}", stdout(&same));
    let other = file(
        &folder,
        "other.json",
        text.replacen("\"at\":", "\"at\":0", 1).as_bytes(),
    );
    assert_eq!(
        code(&dyno(&["replay", &other])),
        2,
        "no such number in JSON"
    );
    let changed = text
        .replacen("k0", "k9", 1)
        .replacen("\"v1\"", "\"v999\"", 1);
    let other = file(&folder, "other.json", changed.as_bytes());
    let output = dyno(&["replay", &other]);
    assert_eq!(code(&output), 13, "{}{}", stdout(&output), stderr(&output));
    // A plan that never ends, and one that names a call twice.
    for (from, to) in [
        ("\"at\":", "\"at\":9999999999999999"),
        ("\"id\":2,", "\"id\":1,"),
    ] {
        let (before, plan) = text.split_once("\"plan\":").expect("a plan");
        let changed = format!("{before}\"plan\":{}", plan.replacen(from, to, 1));
        let other = file(&folder, "far.json", changed.as_bytes());
        let output = dyno(&["replay", &other]);
        assert!([2, 12].contains(&code(&output)), "{}", stdout(&output));
        let said = stderr(&output);
        assert!(said.starts_with("error: cannot run"), "{said}");
    }
    for wrong in [
        "",
        "{}",
        "[1]",
        "{\"format\":\"dyno/9\"}",
        &text[..text.len() / 2],
    ] {
        let other = file(&folder, "wrong.json", wrong.as_bytes());
        let output = dyno(&["replay", &other]);
        assert_eq!(code(&output), 2, "{wrong:.40}: {}", stdout(&output));
    }
}

#[test]
fn a_page_is_enough_to_run_a_failure_again() {
    let folder = folder("page");
    let out = folder.to_string_lossy().into_owned();
    let flaw = ["--flaw", "keep-one-sibling", "--seed-base", "1"];
    let hunt = dyno(&[&["hunt", "--out", &out][..], &flaw].concat());
    let said = stdout(&hunt);
    let path = bundle(&folder);
    let page = path.replace(".json", ".html");
    assert!(said.contains(&format!("  report    {page}\n")), "{said}");
    let html = fs::read_to_string(&page).expect("the page is there");
    for command in ["replay", "explain"] {
        let from_page = dyno(&[command, &page]);
        assert_eq!(code(&from_page), 10, "{}", stderr(&from_page));
        assert_eq!(stdout(&from_page), stdout(&dyno(&[command, &path])));
    }
    let pinned = stderr(&dyno(&["pin", &page]));
    assert!(
        pinned.contains("not by a test"),
        "the page was read: {pinned}"
    );

    let report = |more: &[&str]| dyno(&[&["report"][..], more].concat());
    assert_eq!(stdout(&report(&[&path])), html);
    assert_eq!(stdout(&report(&[&page])), html, "a page of a page");
    let json = fs::read_to_string(&path).expect("the bundle is there");
    assert_eq!(stdout(&report(&[&page, "--format", "json"])), json);
    let svg = stdout(&report(&[&page, "--format", "svg"]));
    assert!(svg.starts_with("<svg") && svg.len() < 60_000, "{svg}");
    let human = stdout(&report(&[&page, "--format", "human"]));
    assert!(said.contains(&human), "{human}");
    let to = folder.join("other.html").to_string_lossy().into_owned();
    let written = report(&[&path, "--out", &to]);
    assert_eq!(stdout(&written), format!("wrote {to}\n"));
    assert_eq!(fs::read_to_string(&to).expect("it is written"), html);

    // A page without room for the history is compared by the trace of the run.
    let (head, history) = html.split_once("\"history\":[").expect("a history");
    let (_, tail) = history.split_once("\n]}").expect("its end");
    let short = format!("{head}\"history\":[]}}{tail}");
    let short = file(&folder, "short.html", short.as_bytes());
    let again = dyno(&["replay", &short]);
    assert_eq!(code(&again), 10, "{}", stderr(&again));
    assert_eq!(stdout(&again), stdout(&dyno(&["replay", &path])));

    let lost = html.replace("dyno-bundle", "other");
    let other = file(&folder, "lost.html", lost.as_bytes());
    let refused = report(&[&other]);
    assert_eq!(code(&refused), 2);
    assert!(stderr(&refused).contains("a page without a bundle"));
}

#[test]
fn two_processes_write_the_same_run() {
    let folder = folder("processes");
    let bytes = |name: &str| {
        let out = folder.join(name).to_string_lossy().into_owned();
        dyno(&["hunt", "--seed", "0x2a", "--out", &out]);
        fs::read(bundle(&folder.join(name))).expect("the run is kept")
    };
    assert_eq!(bytes("one"), bytes("two"));
}

#[test]
fn explain_says_what_a_failure_needs_since_when_and_whose_mistake() {
    let folder = folder("explain");
    let out = folder.to_string_lossy().into_owned();
    let flaw = ["--flaw", "cover-whole-context", "--seed-base", "1"];
    let hunt = dyno(&[&["hunt", "--out", &out][..], &flaw].concat());
    let said = stdout(&hunt);
    assert_eq!(code(&hunt), 10, "{said}");
    for part in [
        "decided",
        "doomed",
        "holds",
        "without cover-whole-context",
        "cause",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let path = bundle(&folder);
    let output = dyno(&["explain", &path]);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    for part in [
        "what it takes to fail",
        "when it became unavoidable",
        "the wrong decision",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let json = stdout(&dyno(&["explain", &path, "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let saved = fs::read_to_string(&path).expect("the bundle is there");
    let saved: serde_json::Value = serde_json::from_str(&saved).expect("it is JSON");
    assert_eq!(
        json["explanation"], saved["explanation"],
        "hunt put the same into the bundle"
    );

    // A bundle of old says nothing of that, and is read all the same.
    let mut old = saved;
    old.as_object_mut()
        .expect("an object")
        .remove("explanation");
    let old = file(&folder, "old.json", old.to_string().as_bytes());
    assert_eq!(code(&dyno(&["explain", &old])), 10);
    assert_eq!(code(&dyno(&["replay", &old])), 10);
    let healthy = fs::read_to_string(&old).expect("it is there");
    let healthy = healthy.replace("\"flaw\":\"cover-whole-context\",", "");
    let healthy = file(&folder, "healthy.json", healthy.as_bytes());
    assert_eq!(
        code(&dyno(&["explain", &healthy])),
        13,
        "the healthy store does not fail"
    );
    let wrong = file(&folder, "wrong.json", b"{}");
    assert_eq!(code(&dyno(&["explain", &wrong])), 2);
}

#[test]
fn nothing_is_to_be_explained_of_a_run_that_broke_nothing() {
    let folder = folder("unbroken");
    let out = folder.to_string_lossy().into_owned();
    dyno(&["hunt", "--seed", "5", "--out", &out]);
    let output = dyno(&["explain", &bundle(&folder)]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
}

#[test]
fn a_bundle_becomes_smaller_and_fails_as_before() {
    let folder = folder("shrink");
    let out = folder.to_string_lossy().into_owned();
    let hunt = ["hunt", "--flaw", "repair-overwrites", "--seed-base", "1"];
    assert_eq!(code(&dyno(&[&hunt[..], &["--out", &out]].concat())), 10);
    let least = bundle(&folder);
    let output = dyno(&["shrink", &least]);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    assert!(said.contains(" calls, "), "{said}");
    let small = folder.join(Path::new(&least).with_extension("small.json"));
    let small = small.to_string_lossy();
    assert_eq!(code(&dyno(&["replay", &small])), 10);
    // There was nothing left to take away.
    let size = |path: &str| {
        let text = fs::read_to_string(path).expect("it is there");
        let json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        json["size"].clone()
    };
    assert_eq!(size(&small)["minimized"], size(&least)["minimized"]);
    assert_eq!(size(&small)["found"], size(&least)["found"]);

    let single = ["hunt", "--seed", "1", "--property", "convergence"];
    let healthy = folder.join("healthy");
    let kept = dyno(&[&single[..], &["--out", &healthy.to_string_lossy()]].concat());
    assert!([0, 14].contains(&code(&kept)));
    let output = dyno(&["shrink", &bundle(&healthy)]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).starts_with("nothing to shrink"));
}

#[test]
fn each_cause_is_reported_once_with_its_count() {
    let folder = folder("causes");
    let out = folder.to_string_lossy().into_owned();
    let flaw = [
        "--flaw",
        "dominate-same-context",
        "--seed-base",
        "1",
        "--runs",
        "40",
    ];
    let hunt = |more: &[&str]| dyno(&[&["hunt", "--out", &out][..], &flaw, more].concat());
    let output = hunt(&["--keep-going"]);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    let bundles = bundles(&folder).len();
    assert!(bundles >= 2, "{said}");
    assert!(
        said.contains(&format!("✗ {bundles} causes in 40 runs")),
        "{said}"
    );
    let json = stdout(&hunt(&["--keep-going", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    let causes = json["causes"].as_array().expect("a list");
    assert_eq!(causes.len(), bundles);
    let names: BTreeSet<&str> = causes
        .iter()
        .filter_map(|one| one["fingerprint"].as_str())
        .collect();
    assert_eq!(names.len(), bundles, "each cause has its own name");
    let runs: u64 = causes.iter().filter_map(|one| one["runs"].as_u64()).sum();
    assert!((2..=40).contains(&runs), "{runs}");
}
