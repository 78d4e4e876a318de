//! Known answers for convergence.

mod churn;
mod reads;
mod rest;

use std::collections::BTreeSet;

use super::Convergence;
use super::check::judge;
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Counterexample, Shortfall, Verdict};

/// Asserts that exactly these parts are broken, separated by commas.
fn breaks(text: &str, parts: &str) {
    let history = sketch(text);
    let expected: BTreeSet<&str> = parts.split(", ").filter(|part| !part.is_empty()).collect();
    assert_eq!(judge(&history).0.broken(), expected, "{text}");
    let findings = Convergence.findings(&history);
    let found: BTreeSet<&str> = findings.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(found, expected, "{text}");
    let verdict = Convergence.check(&history, Budget::default());
    let broken = verdict.counterexample();
    assert_eq!(broken, findings.first());
    if let Some(broken) = broken {
        assert!(broken.reasons.len() >= 2, "{broken:?}");
    }
}

fn first(text: &str) -> Counterexample {
    let verdict = Convergence.check(&sketch(text), Budget::default());
    verdict.counterexample().expect("a violation").clone()
}

/// Two writes to `x`; only A has both when the faults end at 10; quiet at 90.
fn run(after: &str) -> String {
    format!(
        "0 setup n=3 converges
         0 owners x A,B,C
         [0,3] s1 put x a -> ok
         [0,3] s2 put x b -> ok
         2 durable A x {{a@A:1,b@B:1}}
         2 durable B x {{b@B:1}}
         10 healed
         {after}
         90 quiet"
    )
}

/// As [`run`], and all three become equal at 20.
fn mended(after: &str) -> String {
    run(&format!(
        "20 durable B x {{a@A:1,b@B:1}}
         20 durable C x {{b@B:1,a@A:1}}
         {after}"
    ))
}

fn verdict(text: &str) -> Verdict {
    Convergence.check(&sketch(text), Budget::default())
}

#[test]
fn equal_owners_with_equal_roots_have_converged() {
    let text = mended(
        "80 root A range x r1
         80 root B range x r1
         80 root C range x r1",
    );
    breaks(&text, "");
    let Verdict::Valid(witness) = verdict(&text) else {
        panic!("valid");
    };
    assert_eq!(witness.exercised["keys apart when healed"], 1);
    assert_eq!(witness.exercised["keys compared"], 1);
    assert_eq!(witness.exercised["roots compared"], 3);
}

#[test]
fn an_owner_that_missed_a_write_and_says_so_has_not_converged() {
    let text = run("20 durable C x {a@A:1,b@B:1}
         80 root A range x r1
         80 root B range x r2
         80 root C range x r1");
    breaks(&text, "diverged, missing copy");
    let found = first(&text);
    assert_eq!(
        found.sentence,
        "Replicas still differ with nothing in flight: n0 holds {a, b}, n1 holds {b}."
    );
    assert_eq!(found.cause, "convergence/diverged/in their versions");
    assert_eq!(found.ops, [crate::OpId(0)], "only a differs");
}

#[test]
fn equal_roots_on_different_states_are_found() {
    breaks(
        &run("20 durable C x {a@A:1,b@B:1}
             80 root A range x r1
             80 root B range x r1"),
        "diverged, missing copy, roots equal on different states",
    );
}

#[test]
fn different_roots_on_equal_states_are_found() {
    breaks(
        &mended(
            "80 root A range x r1
             80 root B range x r2",
        ),
        "roots differ on equal states",
    );
    // Roots of different ranges say nothing of each other.
    breaks(
        &mended(
            "80 root A range x r1
             80 root B other x r2",
        ),
        "",
    );
}

#[test]
fn a_root_is_held_against_the_disk_of_its_moment() {
    breaks(
        &run("15 root B range x r2
             20 durable B x {a@A:1,b@B:1}
             20 durable C x {a@A:1,b@B:1}
             80 root A range x r1"),
        "",
    );
}

#[test]
fn within_one_instant_a_root_may_be_of_what_was_held_before_or_after() {
    let run = |first: &str, second: &str, roots: [&str; 2]| {
        run(&format!(
            "20 durable B x {{a@A:1,b@B:1}}
             20 durable C x {{a@A:1,b@B:1}}
             50 root A range x {}
             {first}
             50 root B range x {}
             {second}
             60 durable B x {{a@A:1,b@B:1}}",
            roots[0], roots[1]
        ))
    };
    let one = "50 durable B x {b@B:1}";
    let both = "50 durable B x {a@A:1,b@B:1}";
    for roots in [["r1", "r1"], ["r1", "r2"]] {
        breaks(&run(one, "", roots), "");
        breaks(&run("", one, roots), "");
        breaks(&run(one, both, roots), "");
    }
    // Of a disk that was not seen before, what was dumped above a root is what it is of.
    let dump = |first: &str, second: &str, roots| {
        let run = run(first, second, roots).replace("20 durable C x {a@A:1,b@B:1}", "");
        run.replace("durable B x", "durable C x")
            .replace("20 durable C", "20 durable B")
            .replace("root B", "root C")
    };
    let hidden = "roots equal on different states";
    breaks(&dump(one, "", ["r1", "r1"]), hidden);
    breaks(&dump(one, "", ["r1", "r2"]), "");
    breaks(&dump("", both, ["r1", "r1"]), "");
    breaks(&dump("", both, ["r1", "r2"]), "");
    let earlier = |text: &str| text.replace("50", "49");
    breaks(&run(&earlier(one), "", ["r1", "r1"]), hidden);
    breaks(&run(&earlier(one), "", ["r1", "r2"]), "");
    breaks(&run("", both, ["r1", "r2"]), "roots differ on equal states");
}

#[test]
fn roots_from_before_the_faults_ended_do_not_count() {
    let text = mended("80 root A range x r1").replace(
        "10 healed",
        "9 root B range x r1
         10 healed",
    );
    breaks(&text, "");
}

#[test]
fn without_clocks_equal_values_may_be_different_states() {
    breaks(
        "0 setup converges
         0 owners x A,B
         [0,1] s1 put x a -> ok
         1 durable A x {a}
         5 healed
         6 durable B x {a}
         80 root A range x r1
         80 root B range x r2
         90 quiet",
        "",
    );
}

#[test]
fn equal_values_under_different_clocks_have_diverged() {
    let text = "0 setup converges
         0 owners x A,B
         [0,1] s1 put x a -> ok
         1 durable A x {a@A:1}
         5 healed
         6 durable B x {a@A:1/B:1}
         90 quiet";
    breaks(text, "diverged");
    assert!(first(text).cause.ends_with("in their clocks"));
}

#[test]
fn equal_owners_may_still_miss_an_acknowledged_write() {
    let text = "0 setup converges
         0 owners x A,B
         [0,3] s1 put x a -> ok
         [0,3] s2 put x b -> ok
         1 durable A x {a@A:1}
         5 healed
         6 durable A x {b@B:1}
         6 durable B x {b@B:1}
         90 quiet";
    breaks(text, "missing copy");
    breaks(&text.replace("put x a -> ok", "put x a -> info"), "");
}

#[test]
fn a_delete_needs_no_copy_of_what_it_buried() {
    let run = |last: &str| {
        format!(
            "0 setup converges
             0 owners x A,B
             [0,1] s1 put x a -> ok as p
             1 durable A x {{a@A:1}}
             [2,3] s1 del x ctx=p -> ok
             3 durable A x {last}
             5 healed
             6 durable B x {last}
             90 quiet"
        )
    };
    breaks(&run("{!@A:2/A:1}"), "");
    breaks(&run("{}"), "");
    breaks(&run("{a@A:1}"), "missing copy, superseded copy");
}

#[test]
fn a_write_under_way_may_be_on_some_owners_only() {
    let text = mended(
        "[80,95] s3 put x c -> ok
         85 durable A x {a@A:1,b@B:1,c@A:2}",
    );
    breaks(&text, "");
    let done = text.replace("[80,95]", "[80,86]");
    breaks(&done, "diverged, missing copy");
}

#[test]
fn each_shortfall_is_said() {
    for (text, said) in [
        (mended("").replace("converges", ""), "does not promise"),
        (mended("").replace("90 quiet", ""), "never given time"),
        (mended("").replace("10 healed", ""), "when the faults ended"),
        (
            "0 setup converges\n [0,1] s1 put x a -> ok\n 2 healed\n final x {a}".into(),
            "no disk was seen",
        ),
        (
            mended("")
                .replace("10 healed", "")
                .replace("90 quiet", "80 healed\n 90 quiet"),
            "never apart",
        ),
    ] {
        let Verdict::Unknown(Shortfall::NothingExercised(why)) = verdict(&text) else {
            panic!("nothing exercised in {text}");
        };
        assert!(why.contains(said), "{why}");
    }
}

#[test]
fn an_unanswered_write_does_not_hide_its_key_and_every_owner_is_compared() {
    breaks(
        &run("[5,-] s3 put x z -> info\n 20 durable C x {a@A:1,b@B:1}"),
        "diverged, missing copy",
    );
    breaks(
        &run("20 durable B x {a@A:1,b@B:1}\n 21 durable C x {a@A:1,b@B:1,z@C:1}"),
        "diverged, foreign copy",
    );
}

#[test]
fn a_write_called_after_healing_may_be_under_way_at_quiet() {
    breaks(
        &mended("[88,-] s3 put x z -> info\n 89 durable A x {a@A:1,b@B:1,z@A:2}"),
        "",
    );
}

#[test]
fn an_owner_that_is_down_cannot_be_mended() {
    breaks(&run("15 crash B\n 20 durable C x {a@A:1,b@B:1}"), "");
    breaks(
        &run("15 crash B\n 16 restart B\n 20 durable C x {a@A:1,b@B:1}"),
        "diverged, missing copy",
    );
}

#[test]
fn a_delete_called_after_quiet_excuses_no_missing_copy() {
    let text = "0 setup converges\n 0 owners x A,B\n [0,1] s1 put x a -> ok as p\n 1 durable A x {a@A:1}\n 5 healed\n 6 durable A x {}\n 90 quiet";
    breaks(text, "missing copy");
    breaks(
        &format!("{text}\n [91,92] s1 del x ctx=p -> ok"),
        "missing copy",
    );
}

#[test]
fn a_successor_or_a_tombstone_is_a_copy() {
    breaks(
        "0 setup converges\n 0 owners x A,B\n [0,1] s1 put x a -> ok as p\n 1 durable A x {a@A:1}\n [2,3] s1 put x b ctx=p -> ok\n 3 durable A x {b@A:2/A:1}\n 5 healed\n 6 durable B x {b@A:2/A:1}\n 90 quiet",
        "",
    );
    breaks(
        "0 setup converges\n 0 owners x A,B\n [0,1] s1 put x a -> ok as p\n [2,3] s1 del x ctx=p -> ok\n 3 durable A x {a@A:1,!@B:1}\n 5 healed\n 6 durable B x {a@A:1,!@B:1}\n 90 quiet",
        "superseded copy",
    );
}

#[test]
fn the_last_root_counts_and_every_version_must_show_its_clock() {
    breaks(
        &mended("80 root A range x r1\n 80 root B range x r1\n 85 root B range x r2"),
        "roots differ on equal states",
    );
    breaks(
        "0 setup converges\n 0 owners x A,B\n [0,1] s1 put x a -> ok\n [0,1] s2 put x b -> ok\n 1 durable A x {a@A:1,b}\n 5 healed\n 6 durable B x {a@A:1,b}\n 80 root A range x r1\n 80 root B range x r2\n 90 quiet",
        "",
    );
}

#[test]
fn a_put_beside_a_delete_and_one_under_a_blind_delete_are_still_demanded() {
    let run = |context: &str, last: &str| {
        format!(
            "0 setup converges
             0 owners x A,B
             [0,1] s1 put x a -> ok as p
             1 durable A x {{a@A:1}}
             [2,5] s1 del x {context} -> ok
             5 healed
             6 durable A x {last}
             6 durable B x {last}
             90 quiet"
        )
    };
    breaks(&run("ctx=p", "{!@A:2/A:1}"), "");
    breaks(&run("", "{a@A:1,!@A:2}"), "");
    breaks(&run("", "{!@A:2}"), "missing copy");
    let late = run("", "{!@A:2}").replace("6 durable B x {!@A:2}", "");
    breaks(&late, "diverged, missing copy");
}

#[test]
fn replicas_that_lost_the_same_by_design_have_converged() {
    let run = |knobs: &str, two: &str| {
        format!(
            "0 setup converges {knobs}
             0 owners x A,B
             [0,3] s1 put x a -> ok
             [0,3] s2 put x b -> ok
             2 durable A x {{a}}
             2 durable B x {{b}}
             10 healed
             20 durable A x {{b}}
             {two}
             90 quiet
             [91,92] r1 get x -> {{b}} as g"
        )
    };
    breaks(&run("may_lose", ""), "");
    breaks(&run("", ""), "missing copy");
    breaks(&run("may_lose", "21 durable B x {a}"), "diverged");
}

#[test]
fn a_revived_value_does_not_disprove_the_delete_of_another() {
    let run = |knobs: &str| {
        format!(
            "0 setup converges {knobs}
             0 owners x A,B
             [0,1] s1 put x a -> ok as p
             [0,1] s2 put x b -> ok as q
             1 durable A x {{a,b}}
             [2,3] s1 del x ctx=p+q -> ok
             3 durable A x {{a}}
             10 healed
             20 durable B x {{a}}
             90 quiet"
        )
    };
    breaks(&run("may_revive"), "");
    breaks(&run(""), "missing copy, superseded copy");
}

#[test]
fn replicas_are_those_who_own_the_key_when_quiet() {
    let moved = mended(
        "30 owners x A,B,D
         40 durable D x {a@A:1,b@B:1}
         50 durable C x {}",
    );
    breaks(&moved, "");
    breaks(
        &moved.replace("durable D", "durable E"),
        "diverged, missing copy",
    );
    // What comes after quiet is another story.
    breaks(&format!("{moved}\n 95 owners x A,B,E"), "");
}

#[test]
fn replicas_are_apart_by_the_owners_there_were_when_the_faults_ended() {
    let apart = |owners: &str| {
        let text = mended(&format!("5 owners x {owners}\n 30 owners x A,B,C"));
        let Verdict::Valid(witness) = verdict(&text) else {
            return 0;
        };
        witness.exercised["keys apart when healed"]
    };
    assert_eq!((apart("A,B"), apart("A")), (1, 0));
}

#[test]
fn of_disks_that_are_looked_at_twice_the_first_look_says_who_was_apart() {
    let looks = |first: &str| {
        format!(
            "0 setup n=3 converges sampled
             0 owners x A,B
             [0,3] s1 put x a -> ok
             {first}
             10 healed
             20 durable A x {{a@A:1}}
             20 durable B x {{a@A:1}}
             21 root A r x 1
             21 root B r x 1
             90 quiet"
        )
    };
    let apart = looks("9 durable A x {a@A:1}");
    breaks(&apart, "");
    assert!(matches!(verdict(&apart), Verdict::Valid(_)));
    for first in ["", "9 durable A x {a@A:1}\n 9 durable B x {a@A:1}"] {
        let Verdict::Unknown(why) = verdict(&looks(first)) else {
            panic!("nobody was seen apart");
        };
        assert!(why.to_string().contains("no look at the disks"), "{why}");
    }
    breaks(
        &apart.replace("root B r x 1", "root B r x 2"),
        "roots differ on equal states",
    );
    let behind = apart.replace("20 durable B x {a@A:1}\n", "");
    breaks(
        &behind,
        "diverged, missing copy, roots equal on different states",
    );
}
