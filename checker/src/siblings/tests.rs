//! Known answers for sibling preservation.

mod generated;

use std::collections::BTreeSet;

use super::SiblingPreservation;
use super::check::judge;
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Counterexample, Shortfall, Verdict};

/// Asserts that exactly these parts are broken, separated by commas.
fn breaks(text: &str, parts: &str) {
    let history = sketch(text);
    let expected: BTreeSet<&str> = parts.split(", ").filter(|part| !part.is_empty()).collect();
    assert_eq!(judge(&history).0.broken(), expected, "{text}");
    let findings = SiblingPreservation.findings(&history);
    let found: BTreeSet<&str> = findings.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(found, expected, "{text}");
    let verdict = SiblingPreservation.check(&history, Budget::default());
    assert_eq!(verdict.counterexample(), findings.first());
}

fn first(text: &str) -> Counterexample {
    let verdict = SiblingPreservation.check(&sketch(text), Budget::default());
    verdict.counterexample().expect("a violation").clone()
}

#[test]
fn a_chain_of_reads_and_writes_is_fine() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g1
         [4,5] s1 put x b ctx=g1 -> ok
         [6,7] s2 get x -> {b} as g2
         final x {b}",
        "",
    );
}

#[test]
fn two_blind_writes_must_both_survive() {
    let writes = "[0,3] s1 put x a -> ok
         [1,4] s2 put x b -> ok
         [5,6] s3 get x -> {a,b} as g\n";
    breaks(&format!("{writes} final x {{a,b}}"), "");
    breaks(&format!("{writes} final x {{b}}"), "lost write");
}

#[test]
fn a_sibling_that_is_missing_in_the_end_is_lost() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s2 put x b -> ok
         final x {b}";
    breaks(text, "lost write");
    let found = first(text);
    assert_eq!(found.key.as_deref(), Some("x"));
    assert_eq!(
        found.cause,
        "sibling-preservation/lost write/missing from a final read"
    );
    assert_eq!(found.ops.len(), 2);
}

#[test]
fn a_value_beside_its_successor_is_a_false_conflict() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g1
         [4,5] s1 put x b ctx=g1 -> ok
         [6,7] s2 get x -> {a,b} as g2";
    breaks(text, "false conflict");
    assert!(
        first(text)
            .sentence
            .contains("returned a and its own successor b")
    );
}

#[test]
fn a_replaced_value_in_the_final_state_came_back() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g1
         [4,5] s1 put x b ctx=g1 -> ok
         final x {a,b}",
        "resurrection, false conflict",
    );
}

#[test]
fn staleness_before_the_end_is_not_loss() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {} as g
         final x {a}",
        "",
    );
}

#[test]
fn one_put_returned_twice_is_a_duplicate() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {a,a} as g
         final x {a,a}",
        "duplicate",
    );
}

#[test]
fn a_merge_supersedes_both_siblings() {
    let text = "[0,3] s1 put x a -> ok
         [1,4] s2 put x b -> ok
         [5,6] s3 get x -> {a,b} as g
         [7,8] s3 put x m ctx=g -> ok
         [9,10] s1 get x -> {m} as h\n";
    breaks(&format!("{text} final x {{m}}"), "");
    breaks(&format!("{text} final x {{b}}"), "lost write, resurrection");
}

#[test]
fn a_write_of_unknown_outcome_may_appear_or_not() {
    let text = "[0,1] s1 put x a -> ok
         [2,-] s2 put x b -> info\n";
    breaks(&format!("{text} final x {{a,b}}"), "");
    breaks(&format!("{text} final x {{a}}"), "");
    breaks(&format!("{text} final x {{b}}"), "lost write");
}

#[test]
fn an_unknown_superseder_excuses_only_when_it_is_there() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {a} as g
         [4,-] s2 put x b ctx=g -> info\n";
    breaks(&format!("{text} final x {{b}}"), "");
    breaks(&format!("{text} final x {{a}}"), "");
    breaks(&format!("{text} final x {{}}"), "lost write");
}

#[test]
fn what_an_unknown_write_replaced_came_back_where_both_are_there() {
    let text = "[0,1] s1 put x a -> ok as p
         [2,-] s2 put x b ctx=p -> info\n";
    breaks(
        &format!("{text} final x {{a,b}}"),
        "resurrection, false conflict",
    );
    let disks = |held: &str| {
        format!("0 setup converges\n 0 owners x A,B\n {text} 3 durable A x {held}\n 9 quiet")
    };
    breaks(&disks("{a,b}"), "resurrection");
    breaks(&disks("{a}"), "");
    breaks(&disks("{b}"), "");
    // Before the end it may be on its way.
    breaks(
        &format!("{text} [5,6] s3 get x -> {{a,b}} as g"),
        "false conflict",
    );
}

#[test]
fn what_failed_or_was_never_or_later_put_is_invented() {
    breaks(
        "[0,1] s1 put x a -> fail
         [2,3] s2 get x -> {a} as g",
        "invention",
    );
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s2 get x -> {z} as g",
        "invention",
    );
    breaks(
        "[0,1] s1 get x -> {a} as g
         [2,3] s2 put x a -> ok",
        "invention",
    );
    // Equal times are concurrent.
    breaks(
        "[0,2] s1 get x -> {a} as g
         [2,3] s2 put x a -> ok",
        "",
    );
    // The value of another key is as foreign as any.
    breaks(
        "[0,1] s1 put y a -> ok
         [2,3] s2 get x -> {a} as g",
        "invention",
    );
}

#[test]
fn a_delete_covers_what_it_saw() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g
         [4,5] s1 del x ctx=g -> ok
         [6,7] s2 get x -> {} as h\n";
    breaks(&format!("{text} final x {{}}"), "");
    breaks(&format!("{text} final x {{a}}"), "resurrection, lost write");
    assert_eq!(first(&format!("{text} final x {{a}}")).part, "resurrection");
    assert!(
        first(&format!("{text} final x {{a}}"))
            .sentence
            .starts_with("A deleted value came back")
    );
}

#[test]
fn a_put_beside_a_delete_survives() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g1
         [2,3] s2 get x -> {a} as g2
         [4,5] s1 del x ctx=g1 -> ok
         [4,6] s2 put x b ctx=g2 -> ok\n";
    breaks(&format!("{text} final x {{b}}"), "");
    breaks(&format!("{text} final x {{}}"), "lost write");
}

#[test]
fn a_tombstone_must_not_swallow_what_was_put_after_it() {
    let text = "[0,1] s1 put x a -> ok
         [2,3] s1 get x -> {a} as g
         [4,5] s1 del x ctx=g -> ok
         [6,7] s2 get x -> {} as h
         [8,9] s2 put x n ctx=h -> ok\n";
    breaks(&format!("{text} final x {{}}"), "lost write");
    breaks(&format!("{text} final x {{n}}"), "");
}

#[test]
fn siblings_of_blind_writers_are_no_violation() {
    breaks(
        "[0,1] s1 put x w0 -> ok
         [2,3] s1 put x w1 -> ok
         [4,5] s1 put x w2 -> ok
         [6,7] s2 get x -> {w0,w1,w2} as g
         final x {w0,w1,w2}",
        "",
    );
}

#[test]
fn reads_are_final_only_on_a_mended_store_that_promises_to_converge() {
    let run = |setup: &str, after: &str| {
        format!(
            "{setup}
             [0,1] s1 put x a -> ok
             5 quiet
             {after}
             [8,9] s2 get x -> {{}} as g"
        )
    };
    breaks(&run("", ""), "lost write");
    breaks(&run("0 setup converges", ""), "lost write");
    breaks(&run("0 setup", ""), "");
    breaks(&run("", "6 fault cut"), "");
    breaks(&run("", "6 crash A"), "");
}

#[test]
fn a_write_after_the_end_need_not_be_there() {
    breaks(
        "[0,1] s1 put x a -> ok
         5 quiet
         [6,20] s1 put x b -> ok
         [8,9] s2 get x -> {a} as g",
        "",
    );
}

#[test]
fn what_is_on_no_disk_is_lost_whatever_was_promised() {
    let text = "0 setup
         [0,3] s1 put x a -> ok
         1 durable A x {a}
         2 durable B x {a}
         [4,7] s2 put x b -> ok
         5 durable A x {b}
         6 durable B x {b}";
    breaks(text, "lost write");
    let found = first(text);
    assert!(
        found
            .cause
            .ends_with("replaced on the last disk that held it")
    );
    assert!(
        found
            .reasons
            .iter()
            .any(|one| one.text.contains("went from {a} to {b}"))
    );
    breaks(
        "[0,3] s1 put x a -> ok
         1 durable A x {a}
         [4,7] s2 put x b -> ok
         5 durable A x {a,b}",
        "",
    );
}

#[test]
fn a_hint_is_a_copy_until_it_is_dropped() {
    let text = "[0,3] s1 put x a -> ok
         1 hint D C x {a}
         4 crash D
         6 durable A y {}\n";
    breaks(text, "");
    breaks(&format!("{text} 7 dropped D C x"), "lost write");
    let found = first(&format!("{text} 7 dropped D C x"));
    assert!(
        found
            .cause
            .ends_with("dropped with the last hint that kept it")
    );
}

#[test]
fn what_no_disk_ever_held_is_lost_at_the_end() {
    let text = "[0,3] s1 put x a -> ok
         4 durable A y {}
         5 quiet";
    breaks(text, "lost write");
    assert!(first(text).cause.ends_with("on no disk ever"));
    let sampled = format!("0 setup sampled\n {text}");
    let cause = first(&sampled).cause;
    assert!(cause.ends_with("on no disk that was looked at"), "{cause}");
}

#[test]
fn a_stale_value_on_one_disk_does_not_disprove_a_delete_on_another() {
    let text = "[0,1] s1 put x a -> ok
         1 durable A x {a}
         1 durable B x {a}
         [2,3] s1 get x -> {a} as g
         [4,5] s1 del x ctx=g -> ok\n";
    breaks(&format!("{text} 5 durable A x {{!}}\n 6 quiet"), "");
    // Without any tombstone, the delete is gone.
    breaks(&format!("{text} 6 quiet"), "lost write");
    // A tombstone may be reaped when all is gone.
    let reaped = "5 durable A x {}\n 5 durable B x {}\n 6 quiet";
    breaks(&format!("{text} {reaped}"), "");
}

#[test]
fn superseded_versions_may_linger_unless_replicas_converge() {
    let run = |setup: &str| {
        format!(
            "0 setup {setup}
             0 owners x A,B
             [0,1] s1 put x a -> ok as p
             1 durable A x {{a}}
             1 durable B x {{a}}
             [2,3] s1 put x b ctx=p -> ok
             3 durable A x {{b}}
             4 quiet"
        )
    };
    breaks(&run(""), "");
    breaks(&run("converges"), "resurrection");
}

#[test]
fn nothing_is_exercised_without_a_read_or_an_end() {
    for text in [
        "[0,1] s1 put x a -> ok",
        "[0,1] s1 get x -> {} as g",
        "[0,1] s1 get x -> {} as g\n [2,3] s1 put x a -> ok",
        "[0,1] s1 put x a -> ok\n [2,3] s1 get y -> {} as g",
    ] {
        let verdict = SiblingPreservation.check(&sketch(text), Budget::default());
        assert!(matches!(
            verdict,
            Verdict::Unknown(Shortfall::NothingExercised(_))
        ));
    }
}

#[test]
fn a_yes_says_what_it_rests_on() {
    let text = "[0,3] s1 put x a -> ok
         [1,4] s2 put x b -> ok
         [5,6] s3 get x -> {a,b} as g
         [7,8] s3 put x m ctx=g -> ok
         final x {m}";
    let verdict = SiblingPreservation.check(&sketch(text), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("valid, not {verdict:?}");
    };
    for (name, count) in [
        ("acknowledged writes", 3),
        ("concurrent acknowledged writes", 1),
        ("final reads", 1),
        ("reads of several siblings", 1),
        ("replacing writes", 1),
    ] {
        assert_eq!(witness.exercised[name], count, "{name}");
    }
}

#[test]
fn a_value_put_twice_makes_its_key_unjudged() {
    breaks(
        "[0,1] s1 put x a -> ok
         [2,3] s1 put x a -> ok
         final x {}",
        "",
    );
}

#[test]
fn a_delete_beside_a_final_read_may_hide_in_it() {
    breaks(
        "[0,1] s1 put x a -> ok as p\n 2 quiet\n [4,5] s2 get x -> {} as g\n [5,6] s1 del x ctx=p -> ok",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok as p\n 2 quiet\n [3,9] s2 get x -> {} as g\n [5,6] s1 del x ctx=p -> ok",
        "",
    );
}

#[test]
fn a_delete_called_after_quiet_excuses_no_earlier_loss() {
    let lost = "[0,1] s1 put x a -> ok as p\n 1 durable A x {a}\n 4 durable A x {}\n 5 quiet";
    breaks(lost, "lost write");
    breaks(
        &format!("{lost}\n [6,7] s1 del x ctx=p -> ok"),
        "lost write",
    );
}

#[test]
fn a_value_put_over_a_hidden_tombstone_proves_the_delete() {
    breaks(
        "0 setup\n [0,1] s1 put x a -> ok as p\n 1 durable A x {a}\n 1 durable B x {a}\n [2,3] s1 del x ctx=p -> ok\n [4,5] s2 get x -> {} as g\n [6,7] s2 put x n ctx=g -> ok\n 7 durable A x {n}\n 8 quiet",
        "",
    );
}

#[test]
fn what_was_acknowledged_after_quiet_is_not_demanded() {
    breaks(
        "0 setup converges\n 0 owners x A,B\n [0,1] s1 put x a -> ok as p\n 1 durable A x {a}\n 1 durable B x {a}\n [2,9] s1 put x b ctx=p -> ok\n 4 quiet",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok\n 5 quiet\n [6,7] s1 put x b -> ok\n [8,9] s2 get x -> {a} as g",
        "",
    );
}

#[test]
fn a_final_read_begins_after_quiet_and_earlier_crashes_do_not_matter() {
    breaks(
        "[0,1] s1 put x a -> ok\n [2,6] s2 get x -> {} as g\n 4 quiet",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok\n 2 crash A\n 3 restart A\n 4 quiet\n [5,6] s2 get x -> {} as g",
        "lost write",
    );
}

#[test]
fn disks_count_up_to_the_line_of_quiet() {
    breaks(
        "[0,1] s1 put x a -> ok\n 1 durable A x {a}\n 5 quiet\n 5 durable A x {}",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok\n 1 durable A x {a}\n 5 quiet\n 6 durable A x {}",
        "",
    );
}

#[test]
fn siblings_are_compared_in_both_directions() {
    breaks(
        "[0,1] s1 put x a -> ok as p\n [2,3] s1 put x b ctx=p -> ok\n [4,5] s2 get x -> {b,a} as g",
        "false conflict",
    );
}

#[test]
fn repeats_are_not_held_against_disks_and_failed_deletes_excuse_nothing() {
    breaks(
        "[0,1] s1 put x a -> ok\n [2,3] s1 put x a -> ok\n 3 durable A x {a}\n 5 quiet",
        "",
    );
    breaks(
        "[0,1] s1 put x a -> ok as p\n [2,3] s1 del x ctx=p -> fail\n final x {}",
        "lost write",
    );
}

#[test]
fn what_failed_first_and_then_succeeded_is_not_to_be_lost() {
    let run = |end: &str| {
        format!("[0,1] s1 put x a -> fail\n [2,3] s1 put x a -> ok\n final x {{{end}}}")
    };
    breaks(&run("a"), "");
    breaks(&run(""), "lost write");
}
