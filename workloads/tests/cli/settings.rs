//! Settings from flags, the environment and profiles; and `dyno config`, which tells them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use super::{code, command, file, folder, stderr, stdout};

/// In this folder, where a profile may be.
pub(super) fn here(folder: &Path, args: &[&str]) -> Command {
    let mut command = command();
    command.current_dir(folder).args(args);
    command
}

pub(super) fn done(mut command: Command) -> Output {
    command.output().expect("the command runs")
}

pub(super) fn profile(folder: &Path, text: &str) -> String {
    file(folder, "dyno.toml", text.as_bytes())
}

/// Each setting in force: its value, and the kind and name of what says so.
fn config(command: Command) -> BTreeMap<String, (String, String, String)> {
    let output = done(command);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said: Value = serde_json::from_str(&stdout(&output)).expect("it is JSON");
    let settings = said["settings"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let setting = settings.map(|one| {
        let from = (
            text(&one["value"]),
            text(&one["from"]["kind"]),
            text(&one["from"]["name"]),
        );
        (text(&one["name"]), from)
    });
    setting.collect()
}

/// A setting, and how it is seen in what a hunt does.
struct Seen {
    name: &'static str,
    /// As `dyno.toml` has it; empty for what no profile may say.
    toml: &'static str,
    value: &'static str,
    /// What the hunt is asked for beside.
    args: &'static [&'static str],
    /// What is seen with it, and not without; after a `!` what is seen without, and not with it.
    sign: &'static str,
}

const FLAWED: &[&str] = &[
    "--seed-base",
    "1",
    "--runs",
    "40",
    "--flaw",
    "dominate-same-context",
];
const SHORT: &[&str] = &["--seed-base", "1", "--runs", "9"];
const UNDECIDED: &[&str] = &[
    "--seed-base",
    "1",
    "--runs",
    "9",
    "--preset",
    "last-writer",
    "--check-budget",
    "1",
    "--property",
    "read-your-writes",
];
const DECIDED: &[&str] = &[
    "--seed-base",
    "1",
    "--runs",
    "9",
    "--preset",
    "last-writer",
    "--property",
    "read-your-writes",
];

const fn seen(
    name: &'static str,
    toml: &'static str,
    value: &'static str,
    args: &'static [&'static str],
    sign: &'static str,
) -> Seen {
    Seen {
        name,
        toml,
        value,
        args,
        sign,
    }
}

const SEEN: [Seen; 19] = [
    seen(
        "runs",
        "7",
        "7",
        &["--seed-base", "1", "--budget", "5s"],
        "runs 7 ",
    ),
    seen(
        "budget",
        "\"300ms\"",
        "300ms",
        &["--seed-base", "1", "--runs", "300"],
        "!runs 300 ",
    ),
    seen("seed", "", "7", &[], "run kept"),
    seen(
        "seed-base",
        "0xab",
        "0xab",
        &["--runs", "9"],
        "seed base 0x00000000000000ab\n",
    ),
    seen(
        "target",
        "\"cluster\"",
        "cluster",
        &["--seed-base", "1", "--runs", "1"],
        "cluster, real time",
    ),
    seen("preset", "\"weak\"", "weak", SHORT, "preset    weak"),
    seen(
        "flaw",
        "\"keep-one-sibling\"",
        "keep-one-sibling",
        SHORT,
        "core with keep-one-sibling",
    ),
    seen(
        "property",
        "[\"convergence\", \"handoff-delivery\"]",
        "convergence,handoff-delivery",
        SHORT,
        "!clock-causality",
    ),
    seen("shard", "", "2/3", SHORT, "shard 2/3"),
    seen("keep-going", "true", "true", FLAWED, "causes in 40 runs"),
    seen("undecided", "\"pass\"", "pass", UNDECIDED, "exit 0"),
    seen("check-budget", "1", "1", DECIDED, "exit 11"),
    seen(
        "out",
        "\"elsewhere\"",
        "elsewhere",
        SHORT,
        "elsewhere/hunt.json",
    ),
    seen(
        "format",
        "\"json\"",
        "json",
        SHORT,
        "\n{\"format\":\"dyno-hunt/1\"",
    ),
    seen("github", "\"on\"", "on", FLAWED, "::error title="),
    seen("color", "\"always\"", "always", SHORT, "\x1b[1m"),
    seen("ascii", "true", "true", SHORT, "!✓"),
    seen("quiet", "1", "1", SHORT, "!exercised"),
    seen("verbose", "2", "2", SHORT, " held\n"),
];

/// All that can be seen of a hunt: how it ends, what it says, what it leaves.
fn all_of(mut hunt: Command, folder: &Path) -> String {
    for left in ["target", "elsewhere"] {
        let _ = fs::remove_dir_all(folder.join(left));
    }
    let output = hunt.output().expect("the command runs");
    let mut all = format!(
        "exit {}\n{}{}\n",
        code(&output),
        stdout(&output),
        stderr(&output)
    );
    for place in ["target/dyno/hunt.json", "elsewhere/hunt.json"] {
        if folder.join(place).exists() {
            all.push_str(place);
            all.push('\n');
        }
    }
    all
}

fn flag(seen: &Seen) -> Vec<String> {
    match seen.name {
        "quiet" => vec!["-q".into()],
        "verbose" => vec!["-vv".into()],
        "property" => seen
            .value
            .split(',')
            .map(|one| format!("--property={one}"))
            .collect(),
        name => vec![format!("--{name}={}", seen.value)],
    }
}

#[test]
fn each_setting_that_is_told_changes_what_a_hunt_does() {
    let folder = folder("obeyed");
    let told = config(here(&folder, &["config", "--format", "json"]));
    let names: BTreeSet<&str> = told.keys().map(String::as_str).collect();
    // How many runs there are at the same time is seen by another test.
    let tested = SEEN.iter().map(|seen| seen.name).chain(["jobs"]);
    assert_eq!(names, tested.collect());
    for seen in &SEEN {
        let (sign, shown) = match seen.sign.strip_prefix('!') {
            Some(sign) => (sign, false),
            None => (seen.sign, true),
        };
        let args = [&["hunt"][..], seen.args].concat();
        let variable = format!("DYNO_{}", seen.name.to_uppercase().replace('-', "_"));
        let check = |how: &str, hunt: Command, set: bool| {
            let all = all_of(hunt, &folder);
            assert_eq!(
                all.contains(sign),
                set == shown,
                "{} by {how}: {all}",
                seen.name
            );
        };
        check("default", here(&folder, &args), false);

        let mut flagged = here(&folder, &args);
        flagged.args(flag(seen));
        check("flag", flagged, true);
        let mut set = here(&folder, &args);
        set.env(&variable, seen.value);
        check("variable", set, true);
        if !seen.toml.is_empty() {
            let text = format!("[profile.default]\n\n{} = {}\n", seen.name, seen.toml);
            let path = profile(&folder, &text);
            check("profile", here(&folder, &args), true);
            let now = config(here(&folder, &["config", "--format", "json"]));
            let (value, kind, name) = &now[seen.name];
            assert_ne!(*value, told[seen.name].0, "{}", seen.name);
            assert_eq!((kind.as_str(), name.as_str()), ("profile", "default"));
            let human = stdout(&done(here(&folder, &["config"])));
            let human = human.replace("\u{1b}[0m", "").replace("\u{1b}[1m", "");
            if seen.name != "quiet" {
                assert!(human.contains("dyno.toml:3 (profile default)"), "{human}");
            }
            fs::remove_file(path).expect("it is there");
        }
        let mut set = here(&folder, &["config", "--format", "json"]);
        set.env(&variable, seen.value);
        let (value, kind, name) = &config(set)[seen.name];
        assert_ne!(*value, told[seen.name].0, "{}", seen.name);
        assert_eq!((kind.as_str(), name), ("environment", &variable));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn jobs_are_as_many_threads() {
    let folder = folder("jobs");
    let threads = |jobs: &str| {
        let out = folder.to_string_lossy().into_owned();
        let mut hunt = here(
            &folder,
            &["hunt", "--budget", "20s", "--seed-base", "1", "--out", &out],
        );
        hunt.env("DYNO_JOBS", jobs)
            .stdout(std::process::Stdio::null());
        let mut hunt = hunt.spawn().expect("the command runs");
        let tasks = PathBuf::from(format!("/proc/{}/task", hunt.id()));
        let mut most = 0;
        for _ in 0..40 {
            std::thread::sleep(std::time::Duration::from_millis(50));
            most = most.max(fs::read_dir(&tasks).map_or(0, Iterator::count));
        }
        let _ = hunt.kill().and_then(|()| hunt.wait());
        most
    };
    assert_eq!(threads("9"), threads("2") + 7);
}

#[test]
fn flags_go_before_variables_and_these_before_profiles() {
    let folder = folder("precedence");
    profile(
        &folder,
        "[profile.default]\nruns = 3\nseed-base = 1\n[profile.night]\nruns = 6\n",
    );
    let hunt = |args: &[&str], set: &[(&str, &str)]| {
        let mut hunt = here(&folder, &[&["hunt"], args].concat());
        hunt.envs(set.iter().copied());
        let output = done(hunt);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let said = stdout(&output);
        let (_, runs) = said
            .split_once("hunt      runs ")
            .expect("it says how many");
        runs.split_whitespace().next().expect("a number").to_owned()
    };
    assert_eq!(hunt(&[], &[]), "3");
    assert_eq!(hunt(&["--profile", "night"], &[]), "6");
    assert_eq!(hunt(&[], &[("DYNO_PROFILE", "night")]), "6");
    assert_eq!(hunt(&[], &[("DYNO_RUNS", "4")]), "4");
    assert_eq!(hunt(&["--runs", "5"], &[("DYNO_RUNS", "4")]), "5");
    // One seed asks for one run, whatever a profile says.
    assert_eq!(
        hunt(&["--seed", "7", "--property", "clock-causality"], &[]),
        "1"
    );

    let mut told = here(
        &folder,
        &[
            "config",
            "--format",
            "json",
            "--",
            "--runs",
            "5",
            "--seed-base",
            "9",
        ],
    );
    told.env("DYNO_SEED_BASE", "8").env("DYNO_COLOR", "never");
    let told = config(told);
    let of =
        |value: &str, kind: &str, name: &str| (value.to_owned(), kind.to_owned(), name.to_owned());
    assert_eq!(told["runs"], of("5", "flag", "--runs"));
    assert_eq!(told["seed-base"], of("0x9", "flag", "--seed-base"));
    assert_eq!(told["color"], of("never", "environment", "DYNO_COLOR"));
    assert_eq!(told["budget"], of("no limit", "default", ""));
    let told = config(here(
        &folder,
        &["config", "--format", "json", "--profile", "night"],
    ));
    assert_eq!(told["runs"], of("6", "profile", "night"));
    assert_eq!(
        told["seed-base"],
        of("0x1", "profile", "default"),
        "it is inherited"
    );
}

#[test]
fn the_file_is_found_upward_or_named() {
    let folder = folder("found");
    let below = folder.join("a/b");
    fs::create_dir_all(&below).expect("it can be made");
    let path = profile(
        &folder,
        "[profile.default]\nruns = 3\n[profile.ci]\nruns = 4\n",
    );
    let other = file(&below, "other.toml", b"[profile.default]\nruns = 5\n");
    let runs = |args: &[&str], set: &[(&str, &str)]| {
        let mut told = here(&below, &[&["config", "--format", "json"], args].concat());
        told.envs(set.iter().copied());
        config(told)["runs"].0.clone()
    };
    assert_eq!(runs(&[], &[]), "3");
    assert_eq!(runs(&["--config", "other.toml"], &[]), "5");
    assert_eq!(runs(&[], &[("DYNO_CONFIG", &other)]), "5");
    assert_eq!(runs(&[], &[("CI", "true")]), "4");
    assert_eq!(runs(&[], &[("CI", "false")]), "3");
    assert_eq!(runs(&["--profile", "default"], &[("CI", "true")]), "3");
    // A file without a profile ci is no mistake.
    assert_eq!(runs(&["--config", "other.toml"], &[("CI", "true")]), "5");
    let human = stdout(&done(here(&below, &["config"])));
    assert!(
        human.contains(&format!("\nfile          {path}\n")),
        "{human}"
    );
    let human = stdout(&done(here(&folder, &["config"])));
    assert!(
        human.contains("\nruns          3                        dyno.toml:2 (profile default)\n"),
        "{human}"
    );
}

#[test]
fn a_variable_that_nobody_reads_is_told() {
    let folder = folder("misspelled");
    let mut told = here(&folder, &["config"]);
    told.env("DYNO_BUGDET", "5m")
        .env("DYNO_REPLAY", "x")
        .env("DYNO_TEAPOT", "1");
    let said = stdout(&done(told));
    assert!(
        said.ends_with("\n\nDYNO_BUGDET is read by nothing; did you mean DYNO_BUDGET?\n"),
        "{said}"
    );
    assert!(
        !said.contains("REPLAY") && !said.contains("TEAPOT"),
        "{said}"
    );
}

#[test]
fn a_profile_is_no_business_of_a_demo() {
    let folder = folder("demo");
    profile(
        &folder,
        "[profile.default]\nflaw = \"forget-hints\"\nruns = 1\nout = \"elsewhere\"\n",
    );
    let said = stdout(&done(here(&folder, &["demo"])));
    assert!(said.contains("replicate-overwrites"), "{said}");
    assert!(!folder.join("elsewhere").exists());
}
