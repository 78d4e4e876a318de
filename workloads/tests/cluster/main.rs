//! Plans on a cluster of real processes: what a hunt says, that nothing is left running, and that both
//! worlds agree.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

mod worlds;

const DYNO: &str = env!("CARGO_BIN_EXE_dyno");

fn hunt(name: &str, args: &[&str]) -> Child {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&out);
    let mut command = Command::new(DYNO);
    let said = std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("DYNO_"));
    for (name, _) in said {
        command.env_remove(name);
    }
    command.args(["hunt", "--target", "cluster", "--github", "off", "--out"]);
    command.arg(out).args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the command runs")
}

fn ended(child: Child) -> (i32, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().expect("it ends");
    let text = [stdout, stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    (status.code().unwrap_or(-1), text)
}

/// What names a process that a hunt started, or a folder that it made.
fn mark(hunt: u32) -> String {
    format!("dyno-cluster-{hunt}-")
}

/// The processes of its nodes.
fn nodes(hunt: u32) -> Vec<String> {
    let mark = mark(hunt);
    let processes = fs::read_dir("/proc").expect("there is a list of processes");
    let lines = processes.filter_map(|process| {
        let line = fs::read(process.ok()?.path().join("cmdline")).ok()?;
        Some(String::from_utf8_lossy(&line).replace('\0', " "))
    });
    lines.filter(|line| line.contains(&mark)).collect()
}

fn folders(hunt: u32) -> usize {
    let mark = mark(hunt);
    let all = fs::read_dir(std::env::temp_dir()).expect("there is such a folder");
    let names = all.filter_map(|entry| Some(entry.ok()?.file_name()));
    names
        .filter(|name| name.to_string_lossy().starts_with(&mark))
        .count()
}

fn until(mut so: impl FnMut() -> bool) {
    while !so() {
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).expect("it runs");
}

/// A hunt whose nodes run.
fn hunting(name: &str) -> Child {
    let mut child = hunt(name, &["--runs", "1000", "--seed-base", "1"]);
    until(|| {
        let over = child.try_wait().expect("it is ours");
        assert_eq!(over, None, "it goes on");
        nodes(child.id()).len() >= 3
    });
    child
}

#[test]
fn a_healthy_hunt_holds_what_can_be_seen_and_leaves_nothing() {
    let child = hunt("healthy", &["--runs", "2", "--seed-base", "7"]);
    let id = child.id();
    let (code, text) = ended(child);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("✓ sibling-preservation"), "{text}");
    assert!(text.contains("cluster, real time"), "{text}");
    assert!(text.contains("no run repeats exactly"), "{text}");
    assert!(text.contains("✓ clock-causality"), "{text}");
    assert!(!text.contains("handoff-delivery"), "{text}");
    assert_eq!((nodes(id), folders(id)), (Vec::new(), 0));
}

#[test]
fn ctrl_c_reports_what_is_known_and_leaves_nothing() {
    let child = hunting("interrupted");
    let id = child.id();
    signal(&child, Signal::INT);
    let (code, text) = ended(child);
    assert_eq!(code, 130, "{text}");
    assert!(text.contains("interrupted"), "{text}");
    assert_eq!((nodes(id), folders(id)), (Vec::new(), 0));
}

#[test]
fn nodes_end_with_a_hunt_that_is_killed() {
    let child = hunting("killed");
    let id = child.id();
    signal(&child, Signal::KILL);
    ended(child);
    until(|| nodes(id).is_empty());
    // Its files go with the next cluster of anybody.
    let (code, text) = ended(hunt("sweeps", &["--seed", "1"]));
    assert!([0, 14].contains(&code), "{text}");
    assert_eq!(folders(id), 0);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (args, why) in [
        (
            &["--preset", "last-writer-skewed"][..],
            "needs --target core",
        ),
        (&["--seed", "1", "--runs", "2"], "cannot be used with"),
    ] {
        let (code, text) = ended(hunt("refused", args));
        assert_eq!(code, 2, "{text}");
        assert!(text.contains(why), "{text}");
    }
}

#[test]
fn what_comes_and_goes_between_two_looks_is_not_exercised() {
    let args = [
        "--runs",
        "1",
        "--seed-base",
        "7",
        "--property",
        "handoff-delivery",
    ];
    let (code, text) = ended(hunt("unseen", &args));
    assert_eq!(code, 14, "{text}");
}
