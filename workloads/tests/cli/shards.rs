//! Hunts in parts, what they leave behind, and what other programs read of that.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{bundles, code, command, dyno, file, folder, stderr, stdout};

const FLAW: [&str; 6] = [
    "--flaw",
    "dominate-same-context",
    "--seed-base",
    "1",
    "--runs",
    "41",
];

fn shard(of: &Path, shard: &str, more: &[&str]) -> PathBuf {
    let out = of.join(shard.replace('/', "-"));
    let to = out.to_string_lossy().into_owned();
    let args = [&["hunt", "--shard", shard, "--out", &to][..], &FLAW, more].concat();
    let output = dyno(&args);
    assert!([0, 10].contains(&code(&output)), "{}", stderr(&output));
    out
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).expect("it was written");
    serde_json::from_str(&text).expect("it is JSON")
}

/// The number of runs of each cause.
fn causes(outcome: &Value) -> BTreeMap<String, u64> {
    let causes = outcome["causes"].as_array().expect("a list");
    let of = |cause: &Value| {
        let name = cause["fingerprint"].as_str().expect("a name").to_owned();
        (name, cause["runs"].as_u64().expect("a number"))
    };
    causes.iter().map(of).collect()
}

#[test]
fn shards_come_to_what_the_whole_hunt_comes_to() {
    let folder = folder("shards");
    let whole = folder.join("whole").to_string_lossy().into_owned();
    let output = dyno(&[&["hunt", "--keep-going", "--out", &whole][..], &FLAW].concat());
    assert_eq!(code(&output), 10);
    let parts = ["1/3", "2/3", "3/3"].map(|part| shard(&folder, part, &[]));
    let merged = folder.join("merged");
    let mut args = vec!["merge", "--out", merged.to_str().expect("text")];
    args.extend(parts.iter().map(|part| part.to_str().expect("text")));
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    assert!(
        said.starts_with("shards 3/3, same base, version and source\n"),
        "{said}"
    );

    let (one, all) = (
        json(&folder.join("whole/hunt.json")),
        json(&merged.join("hunt.json")),
    );
    let (one, all) = (&one["campaigns"][0], &all["campaigns"][0]);
    for same in [
        "runs",
        "operations",
        "promises",
        "exercised",
        "never",
        "seed_base",
        "exit",
    ] {
        assert_eq!(one[same], all[same], "{same}");
    }
    assert_eq!(causes(one), causes(all));
    assert_eq!(bundles(&merged).len(), causes(all).len());
    for bundle in bundles(&merged) {
        assert_eq!(code(&dyno(&["replay", &bundle])), 10, "{bundle}");
    }
}

#[test]
fn shards_that_do_not_fit_are_not_joined() {
    let folder = folder("misfits");
    let [one, two] = ["1/2", "2/2"].map(|part| shard(&folder, part, &[]));
    let other = shard(&folder.join("other"), "2/2", &["--property", "convergence"]);
    let of_three = shard(&folder, "2/3", &[]);
    let [one, two, other, of_three] =
        [one, two, other, of_three].map(|path| path.to_string_lossy().into_owned());
    let out = folder.join("merged").to_string_lossy().into_owned();
    let merge = |folders: &[&str]| dyno(&[&["merge", "--out", &out][..], folders].concat());

    let output = merge(&[&one]);
    assert_eq!(code(&output), 12);
    assert!(stderr(&output).contains("shard 2/2 missing; results incomplete"));
    for (folders, why) in [
        ([one.as_str(), &one], "are both of shard 1/2"),
        ([&one, &other], "differ in their campaigns"),
        ([&one, &of_three], "differ in their number of shards"),
        ([&one, "no-such-folder"], "cannot read no-such-folder"),
    ] {
        let output = merge(&folders);
        assert_eq!(code(&output), 2, "{why}: {}", stdout(&output));
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
    let torn = fs::read(Path::new(&two).join("hunt.json")).expect("it is there");
    file(Path::new(&two), "hunt.json", &torn[..torn.len() / 2]);
    let output = merge(&[&one, &two]);
    assert_eq!(code(&output), 2);
    assert!(
        stderr(&output).contains("hunt.json: EOF"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_shard_says_which_of_how_many() {
    for wrong in ["0/3", "4/3", "1", "1/0", "a/b", "1/2/3", "-1/2"] {
        let output = dyno(&["hunt", "--seed-base", "1", "--shard", wrong]);
        assert_eq!(code(&output), 2, "{wrong}");
    }
    // Without a base every shard would draw its own.
    assert_eq!(code(&dyno(&["hunt", "--shard", "1/2"])), 2);
}

#[test]
fn ci_gets_a_summary_a_suite_and_annotations() {
    let folder = folder("ci");
    let (out, page) = (folder.join("out"), folder.join("page.md"));
    let out_name = out.to_string_lossy().into_owned();
    let args = [&["hunt", "--keep-going", "--out", &out_name][..], &FLAW].concat();
    let output = command()
        .args(args)
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", &page)
        .output()
        .expect("the command runs");
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    let causes = causes(&json(&out.join("hunt.json"))["campaigns"][0]);
    let errors = said
        .lines()
        .filter(|line| line.starts_with("::error title="));
    assert_eq!(errors.count(), causes.len().min(10), "{said}");

    let summary = fs::read_to_string(out.join("summary.md")).expect("it was written");
    assert_eq!(fs::read_to_string(&page).expect("it was written"), summary);
    assert!(summary.starts_with(&format!("### ✗ dyno: {} causes in 41 runs\n", causes.len())));
    let suite = fs::read_to_string(out.join("junit.xml")).expect("it was written");
    for fingerprint in causes.keys() {
        assert!(summary.contains(fingerprint), "{summary}");
        assert!(suite.contains(fingerprint), "{suite}");
    }
    // A promise that only breaks beside others has a case that says so, without a report of its own.
    let reports = suite.matches("</failure>").count();
    assert_eq!(reports, causes.len(), "{suite}");

    let index = fs::read_to_string(out.join("index.html")).expect("it was written");
    assert!(
        !index.contains("http:") && !index.contains("https:"),
        "it loads nothing"
    );
    for fingerprint in causes.keys() {
        let page = format!("{fingerprint}.html");
        assert!(index.contains(&format!("href=\"./{page}\"")), "{index}");
        assert!(out.join(&page).exists(), "{page}");
    }

    for (format, like) in [("markdown", &summary), ("junit", &suite)] {
        let args = [
            &[
                "hunt",
                "--keep-going",
                "--out",
                &out_name,
                "--format",
                format,
            ][..],
            &FLAW,
        ];
        assert_eq!(&stdout(&dyno(&args.concat())), like);
    }
}

/// What the action for CI says is what the command understands.
#[test]
fn the_action_uses_flags_that_there_are() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let help = stdout(&dyno(&["hunt", "--help"])) + &stdout(&dyno(&["merge", "--help"]));
    let mut flags = 0;
    for file in ["actions/hunt/action.yml", "workflows/night.yml"] {
        let text = fs::read_to_string(root.join(".github").join(file)).expect("it is there");
        let commands = text.lines().filter(|line| {
            line.contains("dyno hunt") || line.contains("merge ") || line.contains("--seed-base")
        });
        let words = commands.flat_map(str::split_whitespace);
        for flag in words.filter(|word| word.starts_with("--") && word.len() > 2) {
            if ["--release", "--locked"].contains(&flag) {
                continue;
            }
            flags += 1;
            assert!(help.contains(&format!(" {flag} <")), "{file}: {flag}");
        }
    }
    assert!(flags >= 6, "{flags}");
}

#[test]
fn a_demo_ends_with_a_counterexample() {
    let folder = folder("demo");
    let output = dyno(&["demo", "--out", &folder.to_string_lossy()]);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    for part in ["  why ", "  decided ", "  replay ", "\nNext: "] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(bundles(&folder).len(), 1);
}

#[test]
fn completions_and_pages_know_every_command() {
    let folder = folder("man");
    assert_eq!(code(&dyno(&["man", "--out", &folder.to_string_lossy()])), 0);
    let help = stdout(&dyno(&["--help"]));
    let scripts = ["bash", "zsh", "fish"].map(|shell| stdout(&dyno(&["completions", shell])));
    for command in ["hunt", "check", "replay", "merge", "demo", "flaws"] {
        assert!(help.contains(&format!("\n  {command} ")), "{help}");
        assert!(
            folder.join(format!("dyno-{command}.1")).exists(),
            "{command}"
        );
        assert!(
            scripts.iter().all(|script| script.contains(command)),
            "{command}"
        );
    }
}

/// A catalogue of which a part was hunted would call the rest missed.
#[cfg(unix)]
#[test]
fn an_interrupted_catalogue_claims_nothing() {
    let folder = folder("interrupted-flaws");
    let mut flaws = command()
        .args(["flaws", "--out"])
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command runs");
    std::thread::sleep(Duration::from_secs(1));
    let sent = Command::new("kill")
        .args(["-INT", &flaws.id().to_string()])
        .status();
    if !sent.is_ok_and(|sent| sent.success()) {
        let _ = flaws.kill().and_then(|()| flaws.wait());
        println!("skipped: there is no kill command to send SIGINT with");
        return;
    }
    let output = flaws.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), None, "it ends by the signal");
    assert_eq!(stdout(&output), "");
    assert!(!folder.join("flaws.json").exists());
}

#[cfg(unix)]
#[test]
fn an_interrupted_hunt_leaves_what_it_knows() {
    let folder = folder("interrupted");
    let mut hunt = command()
        .args(["hunt", "--runs", "10000000", "--seed-base", "1", "--out"])
        .arg(&folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the command runs");
    std::thread::sleep(Duration::from_secs(2));
    let sent = Command::new("kill")
        .args(["-INT", &hunt.id().to_string()])
        .status();
    if !sent.is_ok_and(|sent| sent.success()) {
        let _ = hunt.kill().and_then(|()| hunt.wait());
        println!("skipped: there is no kill command to send SIGINT with");
        return;
    }
    let output = hunt.wait_with_output().expect("it ends");
    let said = stdout(&output);
    assert_eq!(code(&output), 130, "{said}");
    assert!(
        said.contains("interrupted what is said is of the runs until then"),
        "{said}"
    );
    let record = json(&folder.join("hunt.json"));
    assert_eq!(record["exit"], 130);
    assert!(
        record["campaigns"][0]["runs"]
            .as_u64()
            .is_some_and(|runs| runs > 0)
    );
}
