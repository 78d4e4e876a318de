//! Known answers for causal consistency.

use super::Causal;
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Counterexample, Shortfall, Verdict};

fn found(text: &str) -> Counterexample {
    let verdict = Causal.check(&sketch(text), Budget::default());
    verdict.counterexample().expect("a violation").clone()
}

fn holds(text: &str) {
    let verdict = Causal.check(&sketch(text), Budget::default());
    assert!(verdict.counterexample().is_none(), "{text}: {verdict:?}");
}

#[test]
fn a_shape_that_a_session_guarantee_has_is_called_by_it() {
    for (text, title, steps) in [
        (
            "[0,1] s1 put x a -> ok
             [2,3] s1 get x -> {} as g",
            "causal (read-your-writes)",
            1,
        ),
        (
            "[0,9] s1 put x a -> ok
             [1,2] s2 get x -> {a} as g1
             [3,4] s2 get x -> {} as g2",
            "causal (monotonic-reads)",
            2,
        ),
        (
            "[1,2] s1 put x a -> ok
             [3,6] s1 put x b -> ok
             [0,5] s2 get x -> {b} as g",
            "causal (monotonic-writes)",
            2,
        ),
        (
            "[0,20] s1 put x a -> ok
             [1,2] s2 get x -> {a} as g1
             [3,4] s2 put y b -> ok
             [5,6] s3 get y -> {b} as g2
             [7,8] s3 get x -> {} as g3",
            "causal (writes-follow-reads)",
            4,
        ),
    ] {
        let found = found(text);
        assert_eq!(found.title(), title);
        assert_eq!(found.ops.len(), steps + 1, "{found:?}");
    }
}

#[test]
fn a_longer_way_is_told_step_by_step() {
    let found = found(
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {a} as g1
         [4,5] s2 put y b -> ok
         [6,7] s3 get y -> {b} as g2
         [8,9] s3 put z c -> ok
         [10,11] s4 get z -> {c} as g3
         [12,13] s4 get x -> {} as g4",
    );
    assert_eq!(found.title(), "causal (path of 6)");
    assert_eq!(found.cause, "causal/a longer path");
    let facts: Vec<&str> = found.reasons.iter().map(|one| one.text.as_str()).collect();
    assert_eq!(
        facts,
        [
            "op 0 (put x a → ok): op 1 (get x → a) returned the value that op 0 wrote",
            "op 1 (get x → a): c1 went on with op 2 (put y b → ok)",
            "op 2 (put y b → ok): op 3 (get y → b) returned the value that op 2 wrote",
            "op 3 (get y → b): c2 went on with op 4 (put z c → ok)",
            "op 4 (put z c → ok): op 5 (get z → c) returned the value that op 4 wrote",
            "op 5 (get z → c): c3 went on with op 6 (get x → nothing)",
            "op 6 (get x → nothing) returned at 13",
            "nothing that op 6 returned had seen a, and no delete that it may not have shown",
        ]
    );
}

#[test]
fn a_context_of_another_session_carries_causality() {
    let run = |read: &str| {
        format!(
            "[0,1] s1 put x a -> ok
             [2,3] s1 get x -> {{a}} as g1
             [4,5] s2 put y b ctx=g1 -> ok
             [6,7] s2 get x -> {read} as g2"
        )
    };
    holds(&run("{a}"));
    assert_eq!(found(&run("{}")).title(), "causal (path of 3)");
}

#[test]
fn an_unknown_write_is_demanded_of_those_who_know_a_reader() {
    let run = |reader: &str| {
        format!(
            "[0,-] s1 put x a -> info
             {reader}
             [4,5] s2 put y b -> ok
             [6,7] s3 get y -> {{b}} as g
             [8,9] s3 get x -> {{}} as h"
        )
    };
    holds(&run(""));
    holds(&run("[2,3] s9 get x -> {a} as f"));
    assert_eq!(
        found(&run("[2,3] s2 get x -> {a} as f")).title(),
        "causal (writes-follow-reads)"
    );
}

#[test]
fn who_reads_an_unknown_write_knows_what_its_session_did_before() {
    let run = |read: &str| {
        format!(
            "[0,1] s1 put x a -> ok
             [2,-] s1 put x b -> info
             [4,5] s2 get x -> {read} as g"
        )
    };
    holds(&run("{a,b}"));
    assert_eq!(found(&run("{b}")).title(), "causal (monotonic-writes)");
}

#[test]
fn siblings_beside_what_replaced_them_are_not_causal() {
    let found = found(
        "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g1
         [4,5] s1 put x b ctx=g1 -> ok
         [6,7] s2 get x -> {a,b} as g2",
    );
    assert_eq!(found.title(), "causal (false conflict)");
}

#[test]
fn knowledge_in_a_circle_is_not_causal() {
    let found = found(
        "[0,1] s1 get x -> {b} as g1
         [2,3] s1 put y a -> ok
         [0,1] s2 get y -> {a} as g2
         [2,3] s2 put x b -> ok",
    );
    assert_eq!(found.title(), "causal (circular)");
}

#[test]
fn equal_times_may_list_a_write_below_its_reader() {
    let run = |read: &str| {
        format!(
            "[1,5] s2 get x -> {{a}} as g
             [5,9] s1 put x a -> ok
             [6,7] s2 get x -> {read} as h"
        )
    };
    holds(&run("{a}"));
    assert_eq!(found(&run("{}")).title(), "causal (monotonic-reads)");
}

#[test]
fn concurrent_writes_may_be_seen_in_any_order() {
    for text in [
        "[0,9] s1 put x a -> ok
         [1,2] s2 get x -> {a} as g1
         [3,4] s3 get x -> {} as g2",
        "[1,2] s1 put x a -> ok
         [3,9] s2 put x b -> ok
         [0,8] s3 get x -> {b} as g",
        "[0,1] s1 put x a -> fail
         [2,3] s2 get x -> {a} as g",
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {z} as g",
    ] {
        holds(text);
    }
}

#[test]
fn nothing_is_exercised_where_any_answer_would_do() {
    for text in [
        "[0,1] s1 put x a -> ok\n [2,3] s2 get x -> {a} as g",
        "[0,1] s1 put x a -> ok\n [2,3] s1 put x a -> ok\n [4,5] s1 get x -> {} as g",
    ] {
        let verdict = Causal.check(&sketch(text), Budget::default());
        let nothing = matches!(verdict, Verdict::Unknown(Shortfall::NothingExercised(_)));
        assert!(nothing, "{text}");
    }
    let read = "[0,1] s1 put x a -> ok\n [2,3] s1 get x -> {a} as g";
    let verdict = Causal.check(&sketch(read), Budget::default());
    assert!(matches!(verdict, Verdict::Valid(_)));
}

#[test]
fn a_context_that_was_passed_in_vain_is_known_all_the_same() {
    // It cannot be told whether a write of unknown outcome was before or after what its session did next.
    let run = |outcome: &str| {
        format!(
            "[0,1] s1 put x a -> ok as p
             [2,3] s2 put x b ctx=p -> {outcome}
             [4,5] s2 get x -> {{}} as g"
        )
    };
    let found = found(&run("fail"));
    assert_eq!(found.ops.len(), 3, "{found:?}");
    holds(&run("info"));
}

#[test]
fn a_delete_hides_what_it_had_seen_even_where_something_of_it_came_back() {
    let run = |setup: &str| {
        format!(
            "0 setup n=3 w=2 converges {setup}
             [0,1] s1 put x a -> ok as p
             [2,3] s1 put x b -> ok as q
             [4,9] s2 del x ctx=p+q -> info
             [5,6] s1 get x -> {{a}} as g"
        )
    };
    assert_eq!(found(&run("")).cause, "causal/read-your-writes");
    holds(&run("may_revive"));
}
