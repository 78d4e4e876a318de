//! Known answers for clocks.

mod generated;

use std::collections::BTreeSet;

use super::ClockCausality;
use super::check::judge;
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Shortfall, Verdict};

/// The facts of the first violation.
fn reasons(text: &str) -> Vec<String> {
    let verdict = ClockCausality.check(&sketch(text), Budget::default());
    let found = verdict.counterexample().expect("broken");
    found.reasons.iter().map(|one| one.text.clone()).collect()
}

#[test]
fn the_clocks_that_lie_are_shown() {
    let conflict = "[0,1] s1 put x a -> ok as p
         [2,3] s2 put x b ctx=p -> ok
         3 durable A x {a@A:1}
         3 durable A x {b@B:1/A:1}
         4 durable B x {b@B:1/C:4}";
    let shown = "a disk held a as A:1, and b as B:1 after {C:4}";
    assert_eq!(reasons(conflict)[0], shown);
    let order = "[0,1] s1 put x a -> ok
         [2,3] s2 put x b -> ok
         3 durable A x {a@A:1}
         3 durable A x {b@B:1}
         4 durable B x {b@B:1/A:1}";
    let shown = "a disk held a as A:1, and b as B:1 after {A:1}";
    assert_eq!(reasons(order)[0], shown);
}

#[test]
fn a_circle_is_told_in_at_most_four_steps() {
    let two = "[0,1] s1 put x a ctx=#1 -> ok\n [0,1] s2 put x b ctx=#0 -> ok";
    assert_eq!(reasons(two).len(), 3);
    let verdict = ClockCausality.check(&sketch(two), Budget::default());
    let cause = &verdict.counterexample().expect("circular").cause;
    assert_eq!(
        cause,
        "clock-causality/circular/a context came from the future"
    );
    let three = "[0,1] s1 put x a ctx=#1 -> ok
         [0,1] s2 put x b ctx=#2 -> ok
         [0,1] s3 put x c ctx=#0 -> ok";
    assert_eq!(reasons(three).len(), 4);
    assert!(!reasons(three).iter().any(|text| text.contains("and so on")));
    let four = "[0,1] s1 get x -> {a} as g1
         [2,3] s1 put y b -> ok
         [0,1] s2 get y -> {b} as g2
         [2,3] s2 put x a -> ok";
    assert_eq!(reasons(four).len(), 5);
    assert!(reasons(four)[3].contains("and so on"));
}

#[test]
fn contexts_alone_and_pairs_of_clocks_alone_are_enough_to_judge() {
    for text in [
        "[0,1] s1 put x a -> ok as p\n [2,3] s2 put x b ctx=p -> ok",
        "[0,1] s1 put x a -> ok\n [2,3] s2 put x b -> ok\n 3 durable A x {a@A:1,b@B:1}",
    ] {
        let verdict = ClockCausality.check(&sketch(text), Budget::default());
        assert!(matches!(verdict, Verdict::Valid(_)), "{text}");
    }
}

/// Asserts that exactly these parts are broken, separated by commas.
fn breaks(text: &str, parts: &str) {
    let history = sketch(text);
    let expected: BTreeSet<&str> = parts.split(", ").filter(|part| !part.is_empty()).collect();
    assert_eq!(judge(&history).0.broken(), expected, "{text}");
    let findings = ClockCausality.findings(&history);
    let found: BTreeSet<&str> = findings.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(found, expected, "{text}");
    let verdict = ClockCausality.check(&history, Budget::default());
    let broken = verdict.counterexample();
    assert_eq!(broken, findings.first());
    if let Some(broken) = broken {
        assert!(broken.reasons.len() >= 2, "{broken:?}");
    }
}

#[test]
fn the_evolution_of_the_paper_is_right() {
    let text = "[0,1] c put x D1 -> ok as p1
         [2,3] c put x D2 ctx=p1 -> ok as p2
         [4,5] a put x D3 ctx=p2 -> ok as p3
         [4,5] b put x D4 ctx=p2 -> ok as p4
         [6,7] c get x -> {D3,D4} as g
         [8,9] c put x D5 ctx=g -> ok
         1 durable A x {D1@Sx:1}
         3 durable A x {D2@Sx:2/Sx:1}
         5 durable A x {D3@Sy:1/Sx:2,D4@Sz:1/Sx:2}
         9 durable A x {D5@Sx:3/Sx:2+Sy:1+Sz:1}";
    breaks(text, "");
    let verdict = ClockCausality.check(&sketch(text), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("valid, not {verdict:?}");
    };
    assert_eq!(witness.exercised["clocked writes"], 5);
    assert_eq!(witness.exercised["ordered pairs"], 9);
    assert_eq!(witness.exercised["concurrent pairs"], 1);
}

#[test]
fn a_plain_vector_orders_two_blind_writes_falsely() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 put x b -> ok
         1 durable A x {a@A:1}
         3 durable A x {b@A:2/A:1}",
        "false order",
    );
}

#[test]
fn dots_keep_the_same_two_writes_apart() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 put x b -> ok
         3 durable A x {a@A:1,b@A:2}",
        "",
    );
}

#[test]
fn no_event_is_in_its_own_past() {
    let run = |past: &str| {
        format!(
            "[0,1] s1 put x a -> ok as p
             [2,3] s2 put x b ctx=p -> ok
             1 durable A x {{a@A:1}}
             3 durable A x {{b@A:2/A:{past}}}"
        )
    };
    breaks(&run("1"), "");
    breaks(&run("2"), "false order");
    breaks(&run("9"), "false order");
    let verdict = ClockCausality.check(&sketch(&run("2")), Budget::default());
    let found = verdict.counterexample().expect("broken");
    assert_eq!(
        found.cause,
        "clock-causality/false order/of a write by itself"
    );
}

#[test]
fn a_pruned_clock_makes_a_false_conflict() {
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,3] s2 put x b ctx=p -> ok
         3 durable A x {a@A:1,b@B:1}",
        "false conflict in the clocks",
    );
}

#[test]
fn a_dot_used_twice_is_found_across_nodes_and_hints() {
    breaks(
        "[0,1] s1 put x a -> ok
         [5,6] s2 put x b -> ok
         1 durable A x {a@A:1}
         6 hint D A x {b@A:1}",
        "duplicate dot",
    );
    breaks(
        "[0,1] s1 put x a -> ok as p
         [5,6] s2 del x ctx=p -> ok
         1 durable A x {a@A:1}
         6 durable A x {!@A:1/A:1}",
        "duplicate dot",
    );
    // Keys have events of their own.
    breaks(
        "[0,1] s1 put x a -> ok
         [5,6] s2 put y b -> ok
         [7,8] s2 get y -> {b} as g
         1 durable A x {a@A:1}
         6 durable A y {b@A:1}",
        "",
    );
}

#[test]
fn an_acknowledged_write_is_one_event_and_an_unknown_one_may_be_two() {
    let run = |outcome: &str| {
        format!(
            "[0,1] s1 put x a -> {outcome}
             [2,3] s2 put x b -> ok
             1 durable A x {{a@A:1}}
             3 durable B x {{a@B:1,b@B:2}}"
        )
    };
    breaks(&run("ok"), "two events");
    breaks(&run("info"), "");
}

#[test]
fn one_value_under_two_pasts_is_judged_under_each() {
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,3] s2 put x b ctx=p -> ok
         3 durable A x {a@A:1}
         3 durable A x {b@B:1/A:1}
         4 durable B x {b@B:1}",
        "false conflict in the clocks",
    );
}

#[test]
fn a_write_of_unknown_outcome_is_held_to_its_clock_too() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,-] s2 put x b -> info
         1 durable A x {a@A:1}
         3 durable A x {b@B:1/A:1}",
        "false order",
    );
}

#[test]
fn a_context_reaches_through_writes_whose_clocks_were_not_seen() {
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,3] s2 put x b ctx=p -> ok as q
         [4,5] s3 put x c ctx=q -> ok
         1 durable A x {a@A:1}
         5 durable A x {c@C:1}",
        "false conflict in the clocks",
    );
}

#[test]
fn a_hidden_tombstone_excuses_what_it_may_have_covered() {
    let run = |read: &str| {
        format!(
            "[0,1] s1 put x a -> ok as p
             [2,3] s1 del x ctx=p -> ok
             {read}
             [8,9] s2 put x n ctx=g -> ok
             1 durable A x {{a@A:1}}
             3 durable A x {{!@A:2/A:1}}
             9 durable A x {{n@B:1/A:2}}"
        )
    };
    breaks(&run("[4,5] s2 get x -> {} as g"), "");
    // An answer from before the delete hides none.
    breaks(&run("[0,1] s2 get x -> {} as g"), "false order");
}

#[test]
fn a_delete_is_held_to_its_clock_where_the_tombstone_can_only_be_its_own() {
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,3] s1 del x ctx=p -> ok
         1 durable A x {a@A:1}
         3 durable A x {a@A:1,!@B:1}",
        "false conflict in the clocks",
    );
    // Of two deletes nobody knows which one it was.
    breaks(
        "[0,1] s1 put x a -> ok as p
         [2,3] s1 del x ctx=p -> ok
         [2,3] s2 del x -> ok
         1 durable A x {a@A:1}
         3 durable A x {a@A:1,!@B:1}",
        "",
    );
}

#[test]
fn a_read_from_the_future_goes_in_a_circle() {
    let text = "[0,1] s1 get x -> {a} as g
         [2,3] s1 put x a ctx=g -> ok";
    breaks(text, "circular");
    let verdict = ClockCausality.check(&sketch(text), Budget::default());
    let cause = &verdict.counterexample().expect("circular").cause;
    assert_eq!(
        cause,
        "clock-causality/circular/a value was read from the future"
    );
}

#[test]
fn a_circle_may_lead_over_several_keys() {
    breaks(
        "[0,1] s1 get x -> {a} as g1
         [2,3] s1 put y b -> ok
         [0,1] s2 get y -> {b} as g2
         [2,3] s2 put x a -> ok",
        "circular",
    );
}

#[test]
fn an_unknown_write_precedes_nothing_in_its_session() {
    // The first write may take effect after everything else.
    breaks(
        "[0,1] s1 put x a -> info
         [2,3] s1 put y b -> ok
         [4,5] s2 get y -> {b} as g1
         [6,7] s2 get x -> {} as g2
         [8,9] s2 get x -> {a} as g3",
        "",
    );
    breaks(
        "[0,9] s1 get x -> {b} as g
         [10,11] s1 put y a -> info
         [12,13] s1 put x b -> ok",
        "circular",
    );
}

#[test]
fn contexts_in_a_circle_are_found() {
    breaks(
        "[0,1] s1 put x a ctx=#1 -> ok
         [0,1] s2 put x b ctx=#0 -> ok",
        "circular",
    );
    let own = "[0,1] s1 put x a ctx=#0 -> ok";
    breaks(own, "circular");
}

#[test]
fn equal_times_may_list_a_write_before_what_it_saw() {
    breaks(
        "[5,6] s2 put x b ctx=#2 -> ok
         [5,5] s1 put x a -> ok
         [5,5] s3 get x -> {a} as g
         [7,8] s3 get x -> {b} as h
         6 durable A x {a@A:1}
         6 durable A x {b@B:1/A:1}",
        "",
    );
}

#[test]
fn nothing_is_exercised_without_reads_contexts_or_pairs_of_clocks() {
    for text in [
        "[0,1] s1 put x a -> ok",
        "[0,1] s1 put x a -> ok\n 1 durable A x {a@A:1}",
    ] {
        let verdict = ClockCausality.check(&sketch(text), Budget::default());
        assert!(matches!(
            verdict,
            Verdict::Unknown(Shortfall::NothingExercised(_))
        ));
    }
    let read = sketch("[0,1] s1 put x a -> ok\n [2,3] s1 get x -> {a} as g");
    assert!(matches!(
        ClockCausality.check(&read, Budget::default()),
        Verdict::Valid(_)
    ));
}

#[test]
fn a_tombstone_belongs_to_whom_its_event_was_first_seen() {
    breaks(
        "[0,1] s1 put x a -> ok as p\n [2,5] s1 del x ctx=p -> ok\n [3,5] s2 del x -> ok\n 1 durable A x {a@A:1}\n 3 durable A x {a@A:1,!@B:1}",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok as p\n [2,3] s1 del x ctx=p -> ok\n 1 durable A x {a@A:1}\n 3 durable A x {!@B:1/A:1}\n [4,5] s2 del x -> ok\n 6 durable C x {a@A:1,!@B:1}",
        "false conflict in the clocks",
    );
}

#[test]
fn repeats_are_no_two_events_and_nameless_tombstones_are_events() {
    breaks(
        "[0,1] s1 put x a -> ok\n [2,3] s1 put x a -> ok\n 1 durable A x {a@A:1}\n 3 durable A x {a@A:1,a@A:2}",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok as p\n [2,3] s1 del x ctx=p -> ok\n [2,3] s2 del x ctx=p -> ok\n 1 durable A x {a@A:1}\n 3 durable A x {!@A:1/A:1}",
        "duplicate dot",
    );
}

#[test]
fn a_failed_write_still_stands_in_its_session() {
    breaks(
        "[0,1] s2 get x -> {b} as g\n [2,3] s1 put x a ctx=g -> fail\n [4,5] s1 put x b -> ok",
        "circular",
    );
}

#[test]
fn a_blind_delete_has_seen_nothing() {
    let run = |clock: &str| {
        format!(
            "[0,1] s1 put x a -> ok
             [2,3] s1 del x -> ok
             1 durable A x {{a@A:1}}
             3 durable A x {{a@A:1,!{clock}}}"
        )
    };
    breaks(&run("@A:2"), "");
    breaks(&run("@A:2/A:1"), "false order");
}
