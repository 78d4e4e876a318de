//! Recorded histories, held against promises from code.

use dynamometer::prelude::*;

const SOUND: &str = "
    a  |put x 1|              |get x -> 1|
    b             |get x -> 1|
";

/// The second read no longer sees what was acknowledged.
const STALE: &str = "
    a  |put x 1|              |get x -> nothing|
    b             |get x -> 1|
";

fn message(outcome: &Outcome) -> String {
    let caught = std::panic::catch_unwind(|| outcome.assert());
    let panic = caught.expect_err("it does not hold");
    *panic
        .downcast::<String>()
        .expect("the panic carries the message")
}

#[test]
fn what_holds_is_not_asserted_in_vain() {
    let history = picture::history::<Kv>(SOUND);
    let outcome = check(
        &history,
        [Promise::SiblingPreservation, Promise::Linearizable],
    );
    assert!(outcome.held());
    outcome.assert();
    assert_eq!(
        outcome.to_string(),
        "✓ sibling-preservation\n✓ linearizable\n"
    );
}

#[test]
fn what_is_broken_is_told_with_its_operations() {
    let history = picture::history::<Kv>(STALE);
    let outcome = check(&history, [Promise::Linearizable]);
    assert!(outcome.counterexample().is_some() && !outcome.held());
    let said = message(&outcome);
    assert!(said.starts_with("Error: linearizable violated: "), "{said}");
    assert!(said.contains("get x → nothing"), "{said}");
    assert!(said.contains("\n  at        ") && said.contains("tests/library/recordings.rs:"));
    assert!(said.lines().count() <= 40);
}

#[test]
fn every_dead_end_has_its_reason() {
    let history = picture::history::<Kv>(SOUND);
    let idle = message(&check(&history, [Promise::HandoffDelivery]));
    assert!(
        idle.starts_with("Error: handoff-delivery had no chance to be broken: "),
        "{idle}"
    );
    let odd = message(&check(&history, [Promise::Cycles]));
    assert!(odd.starts_with("Error: cycles is not judged: "), "{odd}");
    let none = recording("no-such-file.jsonl").expect_err("it is not there");
    assert!(
        none.starts_with("cannot read no-such-file.jsonl: "),
        "{none}"
    );
}
