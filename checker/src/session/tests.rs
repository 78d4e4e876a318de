//! Known answers for the session guarantees.

use super::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
use crate::evidence::sketch::sketch;
use crate::kv::Kv;
use crate::verdict::{Budget, Checker, Counterexample, Shortfall, Verdict};

const ALL: [&dyn Checker<Kv>; 4] = [
    &ReadYourWrites,
    &MonotonicReads,
    &MonotonicWrites,
    &WritesFollowReads,
];

/// Asserts that exactly these guarantees are broken, separated by blanks.
fn breaks(text: &str, expected: &str) {
    let history = sketch(text);
    let broken = ALL.iter().filter(|one| {
        let verdict = one.check(&history, Budget::default());
        verdict.counterexample().is_some()
    });
    let names: Vec<&str> = broken.map(|one| one.promise().name()).collect();
    assert_eq!(names.join(" "), expected, "{text}");
}

fn found(one: &dyn Checker<Kv>, text: &str) -> Counterexample {
    let verdict = one.check(&sketch(text), Budget::default());
    verdict.counterexample().expect("a violation").clone()
}

#[test]
fn a_session_sees_its_own_acknowledged_write() {
    let run = |outcome: &str| {
        format!("[0,1] s1 put x a -> {outcome}\n [2,3] s1 get x -> {{}} as g\n final x {{a}}")
    };
    breaks(&run("ok"), "read-your-writes");
    breaks(&run("info"), "");
    breaks(&run("fail"), "");
    let found = found(&ReadYourWrites, &run("ok"));
    assert_eq!(
        found.sentence,
        "c0 read an older value than it had already written."
    );
    assert_eq!(found.cause, "read-your-writes/own put");
    assert_eq!(found.ops.len(), 2);
    assert_eq!(found.key.as_deref(), Some("x"));
}

#[test]
fn an_own_write_may_have_been_replaced_or_deleted() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {a} as g
         [4,5] s2 put x b ctx=g -> ok
         [6,7] s1 get x -> {b} as h",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,9] s2 del x ctx=p -> info
         [4,5] s1 get x -> {} as h",
        "",
    );
    // A failed delete hides nothing, nor one that is called later, nor one that had not seen it.
    for delete in [
        "[2,3] s2 del x ctx=p -> fail",
        "[6,7] s2 del x ctx=p -> ok",
        "[2,3] s2 del x -> ok",
    ] {
        let text = format!("[0,1] s1 put x a -> ok as p\n {delete}\n [4,5] s1 get x -> {{}} as h");
        breaks(&text, "read-your-writes");
    }
}

#[test]
fn a_delete_that_superseded_what_was_returned_does_not_hide() {
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,3] s2 put x b -> ok as q
         [4,5] s3 del x ctx=p+q -> ok
         [6,7] s1 get x -> {b} as g",
        "read-your-writes",
    );
    let text = "[0,1] s1 put x a -> ok as p
         [2,3] s1 del x ctx=p -> ok
         [4,5] s1 get x -> {a} as g";
    breaks(text, "read-your-writes");
    let found = found(&ReadYourWrites, text);
    assert_eq!(
        found.sentence,
        "c0 read a value that it had already deleted."
    );
}

#[test]
fn a_session_does_not_lose_sight() {
    let text = "[0,9] s1 put x a -> ok
         [1,2] s2 get x -> {a} as g1
         [3,4] s2 get x -> {} as g2";
    breaks(text, "monotonic-reads");
    let broken = found(&MonotonicReads, text);
    assert_eq!(
        broken.sentence,
        "c1 read an older value than it had already read."
    );
    assert_eq!(broken.ops.len(), 3);
    // Across two clients it is none of theirs.
    breaks(
        "[0,9] s1 put x a -> ok
         [1,2] s2 get x -> {a} as g1
         [3,4] s3 get x -> {} as g2",
        "",
    );
    // Not even what was put by a write that nobody heard of again.
    breaks(
        &text.replace("[0,9] s1 put x a -> ok", "[0,-] s1 put x a -> info"),
        "monotonic-reads",
    );
}

#[test]
fn blind_writes_of_one_session_may_be_seen_out_of_order() {
    let run = |context: &str| {
        format!(
            "[1,2] s1 put x a -> ok as p
             [3,6] s1 put x b {context} -> ok
             [0,5] s2 get x -> {{b}} as g"
        )
    };
    breaks(&run(""), "monotonic-writes");
    breaks(&run("ctx=p"), "");
    let broken = found(&MonotonicWrites, &run(""));
    assert_eq!(
        broken.sentence,
        "c1 saw a write of c0, but not the one that c0 had made before."
    );
    assert_eq!(broken.ops.len(), 3);
}

#[test]
fn a_write_is_known_through_its_successors_and_on_other_keys() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s1 put y b -> ok as p
         [4,5] s3 put y c ctx=p -> ok
         [6,7] s2 get y -> {c} as g
         [8,9] s2 get x -> {} as h",
        "monotonic-writes",
    );
}

#[test]
fn what_was_read_before_a_write_is_seen_with_it() {
    let text = "[0,20] s1 put x a -> ok
         [1,2] s2 get x -> {a} as g1
         [3,4] s2 put y b -> ok
         [5,6] s3 get y -> {b} as g2
         [7,8] s3 get x -> {} as g3";
    breaks(text, "writes-follow-reads");
    let broken = found(&WritesFollowReads, text);
    assert_eq!(
        broken.sentence,
        "c2 saw a write of c1, but not what c1 had read before it."
    );
    assert_eq!(broken.ops.len(), 5);
    breaks(
        "[0,20] s1 put x a -> ok
         [1,2] s2 get x -> {a} as g1
         [3,4] s2 put x b ctx=g1 -> ok
         [5,6] s3 get x -> {b} as g2",
        "",
    );
}

#[test]
fn a_longer_way_breaks_no_guarantee_of_sessions() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {a} as g1
         [4,5] s2 put y b -> ok
         [6,7] s3 get y -> {b} as g2
         [8,9] s3 put z c -> ok
         [10,11] s4 get z -> {c} as g3
         [12,13] s4 get x -> {} as g4",
        "",
    );
}

#[test]
fn nothing_is_exercised_where_nothing_was_demanded() {
    for text in [
        "[0,1] s1 put x a -> ok\n [2,3] s2 get x -> {a} as g",
        // Repeated values prove nothing.
        "[0,1] s1 put x a -> ok\n [2,3] s1 put x a -> ok\n [4,5] s1 get x -> {} as g\n [6,7] s1 get x -> {a} as h",
        "[0,1] s1 put x a -> fail\n [2,3] s1 put x b -> info\n [4,5] s1 get x -> {} as g",
    ] {
        for one in ALL {
            let verdict = one.check(&sketch(text), Budget::default());
            let nothing = matches!(verdict, Verdict::Unknown(Shortfall::NothingExercised(_)));
            assert!(nothing, "{}: {text}", one.promise());
        }
    }
}

#[test]
fn a_yes_says_what_it_rests_on() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s1 put y b -> ok
         [4,5] s1 get x -> {a} as g
         [6,7] s1 put z c -> ok
         [8,9] s2 get z -> {c} as h
         [10,11] s2 get x -> {a} as i
         [12,13] s2 get x -> {a} as j";
    for (one, counter) in ALL.into_iter().zip([
        "reads after own acknowledged writes",
        "reads after own reads",
        "reads that know a later write of another session",
        "reads that know a write after a read of another session",
    ]) {
        let Verdict::Valid(witness) = one.check(&sketch(text), Budget::default()) else {
            panic!("{} holds", one.promise());
        };
        assert_eq!(witness.exercised[counter], 1, "{counter}");
    }
}
