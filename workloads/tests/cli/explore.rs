//! `dyno explore` as a user meets it.

use super::{code, dyno, stderr, stdout};

#[test]
fn a_healthy_exploration_is_exhaustive_and_the_same_every_time() {
    let args = ["explore", "--program", "put@0 / get@1", "--crashes", "0"];
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains("\nexhaustive: every schedule"), "{said}");
    assert!(said.contains("✓ regular"), "{said}");
    assert_eq!(stdout(&dyno(&args)), said);
}

#[test]
fn a_capped_exploration_never_looks_like_a_pass() {
    let args = ["explore", "--program", "put@0 / get@1", "--states", "100"];
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 11, "{said}");
    assert!(said.contains("\ncapped at 100 states"), "{said}");
    assert!(!said.contains("\nexhaustive"), "{said}");
    let output = dyno(&[&args[..], &["--format", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("it is JSON");
    assert_eq!(json["exhaustive"], false);
    assert_eq!((&json["capped"], &json["exit"]), (&1.into(), &11.into()));
}

#[test]
fn a_flaw_is_told_step_by_step() {
    let args = ["explore", "--calls", "1", "--flaw", "ack-before-sync"];
    let output = dyno(&args);
    let said = stdout(&output);
    assert_eq!(code(&output), 10, "{said}");
    for line in [
        "shortest schedule that breaks a promise: 6 steps of put@0",
        "    1  s0 asks n0: put x v1 (op1)",
        "    6  n0 crashes and starts again; 0 of 1 stores were on disk",
        "✗ handoff-delivery (too few copies)",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
}

#[test]
fn what_cannot_be_explored_is_said_at_once() {
    for (args, wrong) in [
        (&["--program", "put"][..], "\"put\" is no call"),
        (&["--program", "put@7"], "asks a node that is not there"),
        (&["--program", "put+@1"], "passes a context"),
        (&["--n", "4"], "1 ≤ R, W ≤ N ≤ nodes"),
        (&["--r", "4"], "1 ≤ R, W ≤ N ≤ nodes"),
        (&["--calls", "0"], "--calls"),
        (&["--flaw", "no-such-flaw"], "no-such-flaw"),
        (&["--program", "put@0", "--calls", "2"], "--calls"),
    ] {
        let output = dyno(&[&["explore"], args].concat());
        assert_eq!(code(&output), 2, "{args:?}");
        let said = stderr(&output);
        assert!(said.contains(wrong), "{args:?}: {said}");
    }
}

#[test]
fn a_promise_that_nothing_could_break_is_no_pass() {
    let args = ["explore", "--program", "put@0", "--crashes", "0"];
    let output = dyno(&[&args[..], &["--property", "linearizable"]].concat());
    assert_eq!(code(&output), 14, "{}", stdout(&output));
    let output = dyno(&[&args[..], &["--property", "sibling-preservation"]].concat());
    assert_eq!(code(&output), 0, "{}", stdout(&output));
}
