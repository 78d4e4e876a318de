//! Known answers for hints and copies whose owners change.

use super::super::HandoffDelivery;
use super::{breaks, run};
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Verdict};

/// As [`run`], but C leaves at 6 and E owns the key in its place.
fn left(after: &str) -> String {
    run(&format!("6 owners x A,B,E\n {after}"))
}

#[test]
fn a_hint_may_move_when_its_owner_has_left() {
    let moved = "7 hint D E x {a@A:1}
         7 dropped D C x
         8 durable E x {a@A:1}
         9 dropped D E x
         10 quiet";
    breaks(&left(moved), "");
    let verdict = HandoffDelivery.check(&sketch(&left(moved)), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("valid, not {verdict:?}");
    };
    assert_eq!(witness.exercised["hints moved"], 1);
    assert_eq!(witness.exercised["hints delivered"], 1);
    // The owners are still the same.
    breaks(&run(moved), "dropped early, not at its owner, stray copy");
    // They are not, but this one is still one of them, and must have it in the end.
    breaks(
        &run(&format!("6 owners x A,E,C\n {moved}")),
        "not at its owner",
    );
}

#[test]
fn a_hint_that_moves_takes_along_all_that_it_kept() {
    let both = "3 hint D C x {a@A:1,b@A:2}
         [0,3] s2 put x b -> ok
         1 durable A x {b@A:2}
         1 durable B x {b@A:2}
         3 durable A x {a@A:1,b@A:2}
         3 durable B x {a@A:1,b@A:2}";
    let run = |kept: &str| left(&format!("{both}\n 7 hint D E x {kept}\n 7 dropped D C x"));
    breaks(&run("{a@A:1,b@A:2}"), "");
    breaks(&run("{b@A:2}"), "dropped early");
    breaks(&left(&format!("{both}\n 7 dropped D C x")), "dropped early");
}

#[test]
fn a_hint_may_go_straight_to_an_heir() {
    let run = |heir: &str| {
        left(&format!(
            "7 durable {heir} x {{a@A:1}}
             8 dropped D C x
             10 quiet"
        ))
    };
    breaks(&run("E"), "");
    // Who owned the key all along has a copy of its own.
    breaks(&run("B"), "dropped early, not at its owner");
    // And while its owner is still one, nobody takes its place.
    let stays = run("E").replace("6 owners x A,B,E", "6 owners x A,E,C");
    breaks(&stays, "dropped early, not at its owner");
}

#[test]
fn a_hint_may_become_data_where_its_holder_takes_over() {
    let run = |own: &str| {
        run(&format!(
            "6 owners x A,B,D
             {own}
             7 dropped D C x
             9 quiet"
        ))
    };
    breaks(&run("7 durable D x {a@A:1}"), "");
    breaks(&run(""), "dropped early, not at its owner");
}

#[test]
fn a_hint_that_moved_must_arrive_where_it_went() {
    let moved = "7 hint D E x {a@A:1}\n 7 dropped D C x";
    breaks(
        &left(&format!("{moved}\n 10 quiet")),
        "undelivered, not at its owner",
    );
    breaks(
        &left(&format!("{moved}\n 9 dropped D E x\n 10 quiet")),
        "dropped early, not at its owner",
    );
}

#[test]
fn an_owner_that_comes_back_or_its_heir_has_what_was_kept() {
    let heard = |line: u32| -> String {
        let nodes = ["A", "B", "C", "D", "E"];
        nodes
            .map(|node| format!("{line} informed {node}\n"))
            .concat()
    };
    let moved = "7 hint D E x {a@A:1}
         7 dropped D C x
         8 durable E x {a@A:1}
         9 dropped D E x";
    let back = |before: &str, after: &str| {
        left(&format!(
            "{before}\n {moved}\n 10 owners x A,B,C\n {after}\n 20 quiet"
        ))
    };
    breaks(&back(&heard(7), "11 durable C x {a@A:1}"), "");
    breaks(&back(&heard(7), ""), "not at its owner");
    // Another left meanwhile, so that both the heir and the one that came back are owners.
    let both = |after: &str| format!("{}\n 12 owners x E,B,C\n {after}", heard(11));
    breaks(&back(&heard(7), &both("")), "");
    let gone = both("13 durable E x {}");
    breaks(&back(&heard(7), &gone), "not at its owner");
    // Where changes overlap, it may have gone to any owner.
    let unheard = heard(7).replace("7 informed B\n", "");
    breaks(&back(&unheard, ""), "");
    breaks(&back(&unheard, &gone), "");
    let lost = format!("{gone}\n 14 durable B x {{}}\n 15 durable A x {{}}");
    breaks(
        &back(&unheard, &lost),
        "not at its owner, let go before handed over",
    );
}

#[test]
fn a_copy_that_was_handed_over_counts_once() {
    let run = |third: &str, drop: &str| {
        format!(
            "0 setup n=3 w=3 hands_off
             0 owners x A,B,C
             [0,9] s1 put x a -> ok
             1 durable A x {{a}}
             1 durable C x {{a}}
             2 owners x A,B,E
             2 informed C
             5 durable E x {{a}}
             {third}
             {drop} durable C x {{}}
             9 hint D B x {{a}}
             12 durable B x {{a}}
             13 dropped D B x
             14 quiet"
        )
        .replace(
            "9 hint D B x {a}",
            if third.is_empty() {
                "10 hint D B x {a}"
            } else {
                ""
            },
        )
    };
    let hint = "7 hint D B x {a}";
    breaks(&run(hint, "8"), "");
    breaks(&run("", "6"), "");
    // Never three at once before the answer, although three disks had held it.
    let early = run("", "6")
        .replace("5 durable E", "7 durable E")
        .replace("6 durable C", "8 durable C");
    breaks(&early, "");
    let lost = run("", "6").replace("5 durable E", "8 durable E");
    breaks(&lost, "too few copies, let go before handed over");
}

#[test]
fn what_a_node_keeps_for_another_counts_after_its_own_copy_is_gone() {
    let run = |kept: &str| {
        format!(
            "0 setup n=3 w=2 hands_off
             0 owners x A,B,C
             [0,3] s1 put x o -> ok
             1 durable A x {{o}}
             1 durable C x {{o}}
             4 owners x A,B,E
             5 durable E x {{o}}
             [4,9] s2 put x b -> ok
             {kept}
             7 durable C x {{}}
             8 durable A x {{o,b}}
             10 durable B x {{o,b}}
             11 dropped C B x
             12 quiet"
        )
    };
    breaks(&run("6 hint C B x {b}"), "");
    breaks(&run(""), "too few copies");
}

#[test]
fn who_comes_back_to_a_key_that_was_deleted_and_forgotten_need_not_have_it() {
    let heard = "7 informed A\n 7 informed B\n 7 informed C\n 7 informed D\n 7 informed E";
    let run = |tombstone: &str| {
        left(&format!(
            "{heard}
             7 durable E x {{a@A:1}}
             8 dropped D C x
             [9,11] s1 del x ctx=p -> ok
             10 durable A x {tombstone}
             10 durable B x {tombstone}
             10 durable E x {tombstone}
             20 durable A x {{}}
             20 durable B x {{}}
             20 durable E x {{}}
             30 owners x A,B,C
             40 quiet"
        ))
    };
    let reaps = |history: String| history.replace("hands_off", "hands_off may_revive");
    let deleted = run("{!@A:2/A:1}");
    breaks(&reaps(deleted.clone()), "");
    let lost = "not at its owner, let go before handed over";
    // Unless tombstones are not forgotten, or there was none.
    breaks(&deleted, lost);
    breaks(&reaps(run("{a@A:1}")), &format!("{lost}, too few copies"));
}
