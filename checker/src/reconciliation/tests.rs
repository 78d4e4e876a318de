//! Known answers for reconciliation.

use std::collections::BTreeSet;

use super::Reconciliation;
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Counterexample, Shortfall, Verdict};

/// Asserts that exactly these parts are broken, separated by commas.
fn breaks(text: &str, parts: &str) {
    let history = sketch(text);
    let expected: BTreeSet<&str> = parts.split(", ").filter(|part| !part.is_empty()).collect();
    let findings = Reconciliation.findings(&history);
    let found: BTreeSet<&str> = findings.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(found, expected, "{text}\n{findings:#?}");
    let verdict = Reconciliation.check(&history, Budget::default());
    assert_eq!(verdict.counterexample(), findings.first());
}

fn first(text: &str) -> Counterexample {
    let verdict = Reconciliation.check(&sketch(text), Budget::default());
    verdict.counterexample().expect("a violation").clone()
}

/// Two clients add without having read, a third merges and adds.
const SETS: &str = "[0,3] s1 put x v1:set:v1 -> ok
    [1,4] s2 put x v2:set:v2 -> ok
    [5,6] s3 get x -> {v1:set:v1,v2:set:v2} as g
    [7,8] s3 put x v4:set:v1+v2+v4 ctx=g -> ok\n";

const COUNTERS: &str = "[0,3] s1 put x v1:counter:c1.1 -> ok
    [1,4] s2 put x v2:counter:c2.1 -> ok
    [5,6] s1 get x -> {v1:counter:c1.1,v2:counter:c2.1} as g
    [7,8] s1 put x v4:counter:c2.1+c1.2 ctx=g -> ok\n";

const LISTS: &str = "[0,3] s1 put x v1:list:v1.1 -> ok
    [1,4] s2 put x v2:list:v2.1 -> ok
    [5,6] s3 get x -> {v1:list:v1.1,v2:list:v2.1} as g
    [7,8] s3 put x v4:list:v1.1/v2.1/v4.2 ctx=g -> ok\n";

#[test]
fn what_was_merged_and_changed_may_be_all_that_is_there() {
    breaks(&format!("{SETS} final x {{v4:set:v1+v2+v4}}"), "");
    breaks(&format!("{COUNTERS} final x {{v4:counter:c2.1+c1.2}}"), "");
    breaks(&format!("{LISTS} final x {{v4:list:v1.1/v2.1/v4.2}}"), "");
    // Replaced versions that came back change nothing of what is merged.
    breaks(&format!("{SETS} final x {{v1:set:v1,v4:set:v1+v2+v4}}"), "");
    let verdict = Reconciliation.check(&sketch(SETS), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("{verdict:?}");
    };
    let counted = |name: &str| witness.exercised[name];
    assert_eq!(counted("acknowledged changes"), 3);
    assert_eq!(counted("changes of several siblings"), 1);
    assert_eq!(counted("reads of objects"), 1);
    assert_eq!(counted("final reads of objects"), 0);
}

#[test]
fn an_acknowledged_change_that_nobody_merged_is_lost() {
    for (load, rest) in [
        (SETS, "v1:set:v1,v2:set:v2"),
        (COUNTERS, "v1:counter:c1.1,v2:counter:c2.1"),
        (LISTS, "v1:list:v1.1,v2:list:v2.1"),
    ] {
        breaks(&format!("{load} final x {{{rest}}}"), "lost change");
        breaks(&format!("{load} final x {{}}"), "lost change");
    }
    let found = first(&format!("{SETS} final x {{v1:set:v1,v2:set:v2}}"));
    assert_eq!(
        found.sentence,
        "An acknowledged change was lost: element v4 of x is missing from what the mended store returns."
    );
    assert_eq!(found.ops.len(), 2);
    assert_eq!(found.reasons.len(), 3);
}

#[test]
fn what_is_unknown_or_failed_or_not_promised_may_be_missing() {
    let unknown = SETS.replace("v4 ctx=g -> ok", "v4 ctx=g -> info");
    let unknown = unknown.replace("[7,8]", "[7,-]");
    breaks(&format!("{unknown} final x {{v1:set:v1,v2:set:v2}}"), "");
    for setup in ["n=3 r=1 w=1", "n=3 r=1 w=1 converges may_lose"] {
        let text = format!("0 setup {setup}\n{SETS} final x {{}}");
        breaks(&text, "");
    }
    let text = format!("0 setup n=3 r=1 w=1 converges\n{SETS} final x {{}}");
    breaks(&text, "lost change");
    let deleted = "[9,10] s3 get x -> {v4:set:v1+v2+v4} as h
        [11,12] s3 del x ctx=h -> ok\n";
    breaks(&format!("{SETS}{deleted} final x {{}}"), "");
}

#[test]
fn a_change_that_nobody_made_is_invented() {
    breaks(
        &format!("{SETS} final x {{v4:set:v1+v2+v4,v5:set:v5}}"),
        "invention",
    );
    breaks(
        &format!("{COUNTERS} final x {{v4:counter:c2.1+c1.3}}"),
        "invention",
    );
    breaks(
        &format!("{LISTS} final x {{v4:list:v1.1/v2.1/v4.2/v7.3}}"),
        "invention",
    );
    // Read before it was put.
    let text = "[0,1] s1 get x -> {v1:set:v1} as g
        [2,3] s2 put x v1:set:v1 -> ok";
    breaks(text, "invention");
    let text = "[0,1] s1 put x v1:set:v1 -> fail
        [2,3] s2 put x v2:set:v2 -> ok
        [4,5] s2 get x -> {v1:set:v1,v2:set:v2} as g";
    breaks(text, "invention");
    // What was returned is no object at all.
    let text = "[0,1] s1 put x v1:set:v1 -> ok
        [4,5] s2 get x -> {v1} as g";
    breaks(text, "invention");
    assert!(
        first(text)
            .sentence
            .ends_with("returned v1, which is no set.")
    );
}

#[test]
fn nothing_is_in_a_value_twice() {
    let text = "[0,1] s1 put x v1:set:v1 -> ok
        [4,5] s2 get x -> {v1:set:v1+v1} as g";
    breaks(text, "duplicate");
}

#[test]
fn entries_keep_their_places() {
    let text = |read: &str| format!("{LISTS} [9,10] s1 get x -> {{{read}}} as h");
    breaks(&text("v4:list:v2.1/v1.1/v4.2"), "order");
    breaks(&text("v4:list:v1.1/v2.1/v4.3"), "order");
    breaks(&text("v4:list:v4.2/v1.1/v2.1"), "order");
    breaks(&text("v4:list:v1.1/v2.1/v4.2"), "");
}

#[test]
fn a_client_that_drops_or_makes_up_what_it_read_is_told() {
    let gets = "[0,1] s1 put x v1:set:v1 -> ok
        [2,3] s2 get x -> {v1:set:v1} as g\n";
    breaks(
        &format!("{gets}[4,5] s2 put x v3:set:v3 ctx=g -> ok"),
        "merged wrongly",
    );
    breaks(
        &format!("{gets}[4,5] s2 put x v3:set:v1+v3 -> ok"),
        "merged wrongly",
    );
    breaks(
        &format!("{gets}[4,5] s2 put x v3:set:v1+v3 ctx=g -> ok"),
        "",
    );
    let counts = "[0,1] s1 put x v1:counter:c1.1 -> ok
        [2,3] s1 get x -> {v1:counter:c1.1} as g\n";
    // It has not counted on.
    breaks(
        &format!("{counts}[4,5] s1 put x v3:counter:c1.1 ctx=g -> ok"),
        "merged wrongly",
    );
    breaks(&format!("{counts}[4,5] s1 put x v3:counter:c1.2 -> ok"), "");
    let appends = "[0,1] s1 put x v1:list:v1.3 -> ok
        [2,3] s1 get x -> {v1:list:v1.3} as g\n";
    breaks(
        &format!("{appends}[4,5] s1 put x v3:list:v1.3/v3.3 ctx=g -> ok"),
        "merged wrongly",
    );
}

#[test]
fn a_change_that_is_tried_again_is_one_change() {
    let text = "[0,1] s1 put x v1:set:v1 -> info
        [2,3] s2 put x v2:set:v1 -> ok
        final x {v1:set:v1,v2:set:v1}";
    breaks(text, "");
    let text = "[0,1] s1 put x v1:counter:c1.1 -> info
        [2,3] s2 put x v2:counter:c1.1 -> ok
        final x {}";
    breaks(text, "lost change");
}

#[test]
fn where_there_are_no_objects_nothing_is_judged() {
    for text in [
        "[0,1] s1 put x a -> ok
         final x {a}",
        "[0,1] s1 put x v1:set:v1 -> ok
         [2,3] s1 put x v2:list:v2.1 -> ok
         final x {}",
        "[0,1] s1 put x v1:set:v1 -> ok",
        "[0,1] s1 put x v1:set:v1 -> info
         final x {}",
    ] {
        let verdict = Reconciliation.check(&sketch(text), Budget::default());
        assert!(
            matches!(verdict, Verdict::Unknown(Shortfall::NothingExercised(_))),
            "{text}: {verdict:?}"
        );
    }
}
