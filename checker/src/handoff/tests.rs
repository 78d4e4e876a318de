//! Known answers for handoff delivery.

mod deliveries;
mod heirs;
mod sampled;

use std::collections::BTreeSet;

use super::HandoffDelivery;
use super::check::judge;
use crate::evidence::sketch::sketch;
use crate::verdict::{Budget, Checker, Shortfall, Verdict};

/// Asserts that exactly these parts are broken, separated by commas.
fn breaks(text: &str, parts: &str) {
    let history = sketch(text);
    let expected: BTreeSet<&str> = parts.split(", ").filter(|part| !part.is_empty()).collect();
    assert_eq!(judge(&history).0.broken(), expected, "{text}");
    let findings = HandoffDelivery.findings(&history);
    let found: BTreeSet<&str> = findings.iter().map(|one| one.part.as_str()).collect();
    assert_eq!(found, expected, "{text}");
    let verdict = HandoffDelivery.check(&history, Budget::default());
    let broken = verdict.counterexample();
    assert_eq!(broken, findings.first());
    if let Some(broken) = broken {
        assert!(broken.reasons.len() >= 2, "{broken:?}");
    }
}

/// One put with W = 3: A and B hold it, D keeps it for C; then what the test adds.
fn run(after: &str) -> String {
    format!(
        "0 setup n=3 w=3 hands_off
         0 owners x A,B,C
         [0,5] s1 put x a -> ok as p
         1 hint D C x {{a@A:1}}
         2 durable A x {{a@A:1}}
         3 durable B x {{a@A:1}}
         {after}"
    )
}

#[test]
fn a_clean_handoff_keeps_the_promise() {
    let text = run("4 crash C
         5 crash D
         6 restart D
         6 restart C
         7 durable C x {a@A:1}
         8 dropped D C x
         9 quiet");
    breaks(&text, "");
    let verdict = HandoffDelivery.check(&sketch(&text), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("valid, not {verdict:?}");
    };
    for (name, count) in [
        ("hints kept", 1),
        ("hints delivered", 1),
        ("holder crashed with hints", 1),
        ("owner down while hinted", 0),
        ("acknowledged writes counted", 1),
    ] {
        assert_eq!(witness.exercised[name], count, "{name}");
    }
}

#[test]
fn an_owner_that_is_down_is_counted() {
    let text = "0 setup w=1 hands_off
         0 crash C
         [0,5] s1 put x a -> ok
         1 hint D C x {a}
         6 restart C
         7 durable C x {a}
         8 dropped D C x
         9 quiet";
    let verdict = HandoffDelivery.check(&sketch(text), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("valid, not {verdict:?}");
    };
    assert_eq!(witness.exercised["owner down while hinted"], 1);
}

#[test]
fn a_hint_dropped_before_its_owner_has_it_is_dropped_early() {
    breaks(
        &run("6 dropped D C x
             8 durable C x {a@A:1}
             9 quiet"),
        "dropped early",
    );
    // Within one instant nobody knows which came first.
    breaks(
        &run("6 dropped D C x
             6 durable C x {a@A:1}
             9 quiet"),
        "",
    );
}

#[test]
fn a_hint_that_its_holder_comes_back_without_was_lost_in_the_crash() {
    breaks(
        &run("6 crash D
             6 dropped D C x
             7 restart D
             9 quiet"),
        "lost in a crash, not at its owner",
    );
}

#[test]
fn a_hint_still_kept_in_the_end_is_undelivered() {
    breaks(&run("9 quiet"), "undelivered, not at its owner");
    // It may have arrived by another way, and must go all the same.
    breaks(
        &run("7 durable C x {a@A:1}
             9 quiet"),
        "kept after delivery",
    );
    // Before the end it may wait, and an owner that never comes back is no one's fault.
    breaks(&run(""), "");
    breaks(
        &run("6 crash C
             9 quiet"),
        "",
    );
}

#[test]
fn a_hint_is_delivered_when_its_owner_has_a_successor() {
    let text = run("[6,8] s1 put x b ctx=p -> ok
         7 durable A x {b@A:2/A:1}
         7 durable B x {b@A:2/A:1}
         7 durable C x {b@A:2/A:1}
         9 dropped D C x
         10 quiet");
    breaks(&text, "");
    // A sibling is no successor.
    let sibling = text.replace("put x b ctx=p", "put x b");
    breaks(&sibling, "dropped early, not at its owner");
}

#[test]
fn a_newer_hint_must_cover_the_older_one() {
    let put = "[6,9] s1 put x b ctx=p -> ok
         7 durable A x {b@A:2/A:1}
         7 durable B x {b@A:2/A:1}
         8 hint D C x {b@A:2/A:1}
         12 durable C x {b@A:2/A:1}
         13 dropped D C x
         14 quiet";
    breaks(&run(put), "");
    let blind = put.replace(" ctx=p", "");
    breaks(&run(&blind), "dropped early, not at its owner");
}

#[test]
fn one_node_counts_once_toward_the_copies() {
    let run = |third: &str| {
        format!(
            "0 setup n=3 w=3 hands_off
             0 owners x A,B,C
             [0,5] s1 put x a -> ok
             1 durable A x {{a}}
             1 durable B x {{a}}
             2 {third}
             6 durable C x {{a}}
             7 dropped A C x
             7 dropped D C x
             9 quiet"
        )
    };
    breaks(&run("hint A C x {a}"), "too few copies");
    breaks(&run("hint D C x {a}"), "");
    // Not yet durable when it was acknowledged.
    breaks(&run("crash E"), "too few copies");
}

#[test]
fn a_copy_that_was_gone_before_the_answer_does_not_count() {
    let run = |second: &str| {
        format!(
            "0 setup n=2 w=2 hands_off
             0 owners x A,B
             [0,5] s1 put x a -> ok
             [0,9] s2 put x z -> info
             1 durable A x {{a}}
             {second}
             4 durable B x {{a}}
             6 durable A x {{a,z}}"
        )
    };
    breaks(&run("2 durable A x {z}"), "too few copies");
    breaks(&run("2 durable A x {a,z}"), "");
    // In the instant of the answer, whatever was there counts.
    breaks(
        &run("2 durable A x {z}").replace("6 durable", "5 durable"),
        "",
    );
    breaks(&run("5 durable A x {z}"), "");
    // What came back as a hint counts as long as it is kept.
    let kept = "2 durable A x {z}\n 3 hint D A x {a}";
    breaks(&run(kept), "");
    breaks(&run(&format!("{kept}\n 4 dropped D A x")), "too few copies");
}

#[test]
fn copies_that_were_delivered_before_the_answer_count_as_they_were_kept() {
    let run = |second: &str| {
        format!(
            "0 setup n=3 w=3 hands_off
             0 owners x A,B,C
             [0,6] s1 put x a -> ok
             1 durable A x {{a}}
             2 hint D C x {{a}}
             {second}
             4 durable C x {{a}}
             5 dropped D C x
             5 dropped E C x
             7 durable B x {{a}}
             8 quiet"
        )
    };
    breaks(&run("3 hint E C x {a}"), "");
    // But only what was there at once.
    breaks(&run("4 durable A x {z}"), "too few copies");
    breaks(&run("").replace("4 durable C", "5 durable C"), "");
    breaks(
        &run("").replace("2 hint", "5 hint").replace("4 d", "3 d"),
        "",
    );
    breaks(
        &run("").replace("1 durable A", "7 durable A"),
        "too few copies",
    );
}

#[test]
fn a_tombstone_that_was_reaped_before_the_answer_was_there() {
    breaks(
        "0 setup n=2 w=2 hands_off may_revive
         0 owners x A,B
         [0,1] s1 put x a -> ok as p
         1 durable A x {a@A:1}
         1 durable B x {a@A:1}
         [2,9] s1 del x ctx=p -> ok
         3 durable A x {!@A:2/A:1}
         4 durable B x {!@A:2/A:1}
         5 durable A x {}
         6 durable B x {}",
        "",
    );
}

#[test]
fn a_copy_counts_when_a_successor_took_its_place() {
    breaks(
        "0 setup w=2 hands_off
         [0,9] s1 put x a -> ok
         [2,3] s2 get x -> {a} as g
         [4,8] s2 put x b ctx=g -> ok
         1 durable A x {a}
         5 durable A x {b}
         6 durable B x {b}
         7 hint D C x {b}
         10 durable C x {b}
         11 dropped D C x
         12 quiet",
        "",
    );
}

#[test]
fn a_delete_is_counted_by_its_tombstones() {
    let run = |copies: &str| {
        format!(
            "0 setup w=2 hands_off
             [0,3] s1 put x a -> ok as p
             1 durable A x {{a@A:1}}
             1 durable B x {{a@A:1}}
             [4,7] s1 del x ctx=p -> ok
             5 durable A x {{!@A:2/A:1}}
             {copies}
             9 durable B x {{!@A:2/A:1}}"
        )
    };
    breaks(&run("6 hint D C x {!@A:2/A:1}"), "");
    breaks(&run(""), "too few copies");
}

#[test]
fn a_tombstone_of_an_earlier_delete_is_no_copy_of_a_later_one() {
    breaks(
        "0 setup w=1 hands_off
         [0,3] s1 del x -> ok as p
         1 durable A x {!@A:1}
         [4,7] s1 del x ctx=p -> ok",
        "too few copies",
    );
}

#[test]
fn a_hinted_tombstone_is_delivered_when_a_later_one_has_seen_it() {
    let run = |last: &str| {
        format!(
            "0 setup w=1 hands_off
             [0,3] s1 del x -> ok as p
             1 hint D C x {{!@A:1}}
             [4,7] s1 del x ctx=p -> ok
             5 durable C x {last}
             8 dropped D C x
             9 quiet"
        )
    };
    breaks(&run("{!@A:2/A:1}"), "");
    breaks(&run("{!@A:2}"), "dropped early, not at its owner");
}

#[test]
fn a_hinted_tombstone_is_delivered_when_a_value_put_over_it_is_there() {
    let run = |context: &str| {
        format!(
            "0 setup w=1 hands_off
             [0,3] s1 del x -> ok
             1 hint D C x {{!@A:1}}
             [4,5] s2 get x -> {{}} as g
             [6,8] s2 put x n {context} -> ok
             7 durable C x {{n@C:1/A:1}}
             9 dropped D C x
             10 quiet"
        )
    };
    breaks(&run("ctx=g"), "");
    breaks(&run(""), "dropped early, not at its owner");
}

#[test]
fn a_value_is_delivered_when_its_owner_holds_the_delete_that_saw_it() {
    let run = |held: &str| {
        format!(
            "0 setup w=1 hands_off
             [0,3] s1 put x a -> ok as p
             1 hint D C x {{a@A:1}}
             [4,8] s1 del x ctx=p -> ok
             5 hint E B x {{!@A:2/A:1}}
             6 durable C x {held}
             9 dropped D C x
             10 durable C x {{}}
             11 durable B x {{!@A:2/A:1}}
             12 dropped E B x
             13 quiet"
        )
    };
    breaks(&run("{!@A:2/A:1}"), "");
    breaks(&run("{}"), "dropped early, not at its owner");
}

#[test]
fn a_stand_in_keeps_no_data_of_its_own() {
    let delivered = "7 durable C x {a@A:1}
         8 dropped D C x";
    breaks(
        &run(&format!("{delivered}\n 6 durable D x {{a@A:1}}\n 9 quiet")),
        "stray copy",
    );
    breaks(
        &run(&format!(
            "{delivered}\n 6 durable D x {{a@A:1}}\n 8 durable D x {{}}\n 9 quiet"
        )),
        "",
    );
    // Who once owned the key may still hold it.
    breaks(
        &run(&format!(
            "{delivered}\n 0 owners x A,B,D\n 6 durable D x {{a@A:1}}\n 8 owners x A,B,C\n 9 quiet"
        )),
        "",
    );
}

#[test]
fn an_owner_that_lost_what_it_was_given_is_found() {
    breaks(
        &run("7 durable C x {a@A:1}
             8 dropped D C x
             9 durable C x {}
             10 quiet"),
        "not at its owner, let go before handed over",
    );
    // Unless it no longer owns the key, and its heir has it.
    let left = run("7 durable C x {a@A:1}
             8 dropped D C x
             8 owners x A,B,E
             8 informed C
             9 durable E x {a@A:1}
             10 durable C x {}
             11 quiet");
    breaks(&left, "");
    breaks(
        &left.replace("9 durable E", "9 durable B"),
        "not at its owner, let go before handed over",
    );
}

#[test]
fn values_that_nobody_put_are_compared_as_they_are() {
    let run = |held: &str| {
        format!(
            "0 setup w=1 hands_off
             1 hint D C x {{z@A:1}}
             2 durable C x {held}
             3 dropped D C x
             4 quiet"
        )
    };
    breaks(&run("{z@A:1}"), "");
    breaks(&run("{z@A:2}"), "dropped early, not at its owner");
}

#[test]
fn each_shortfall_is_said() {
    for (text, said) in [
        ("[0,1] s1 put x a -> ok", "does not promise"),
        ("0 setup\n 1 durable A x {a}", "does not promise"),
        ("0 setup hands_off\n [0,1] s1 put x a -> ok", "no disk"),
        ("0 setup hands_off\n 1 durable A x {a}\n 2 quiet", "no hint"),
    ] {
        let verdict = HandoffDelivery.check(&sketch(text), Budget::default());
        let Verdict::Unknown(Shortfall::NothingExercised(why)) = verdict else {
            panic!("nothing exercised in {text}");
        };
        assert!(why.contains(said), "{why}");
    }
}

#[test]
fn a_holder_that_is_down_keeps_its_hint_and_an_owner_that_restarted_needs_it() {
    breaks(&run("6 crash D\n 7 durable C x {a@A:1}\n 9 quiet"), "");
    breaks(
        &run("6 crash C\n 7 restart C\n 9 quiet"),
        "undelivered, not at its owner",
    );
}

#[test]
fn what_a_holder_that_is_down_kept_cannot_arrive() {
    breaks(&run("6 crash D\n 9 quiet"), "");
}

#[test]
fn equal_times_count_for_copies_and_tombstones() {
    breaks(
        "0 setup w=2 hands_off\n [0,5] s1 put x a -> ok\n 1 durable A x {a}\n 5 durable B x {a}",
        "",
    );
    breaks(
        "0 setup w=1 hands_off\n [3,7] s1 del x -> ok\n 3 durable A x {!@A:1}",
        "",
    );
}

#[test]
fn one_value_over_the_tombstone_is_enough() {
    breaks(
        "0 setup w=1 hands_off\n [0,3] s1 del x -> ok\n 1 hint D C x {!@A:1}\n [4,5] s2 get x -> {} as g\n [6,8] s2 put x n ctx=g -> ok\n [6,8] s3 put x m -> ok\n 7 durable C x {n@C:1/A:1,m@C:2}\n 9 dropped D C x\n 10 quiet",
        "",
    );
}

#[test]
fn a_blind_delete_at_the_owner_is_no_copy_of_what_was_hinted() {
    let drop = |owner: &str| {
        format!(
            "0 setup w=1 hands_off
             [0,3] s1 put x a -> ok as p
             1 hint D C x {{a@A:1}}
             [4,6] s2 del x {owner} -> ok
             5 durable C x {{!@C:1}}
             7 dropped D C x
             9 quiet"
        )
    };
    breaks(&drop("ctx=p"), "");
    breaks(&drop(""), "dropped early, not at its owner");
}

#[test]
fn where_writes_get_lost_by_design_any_version_is_a_delivery_but_nothing_is_none() {
    let run = |knobs: &str, owner: &str| {
        format!(
            "0 setup w=2 hands_off {knobs}
             [0,3] s1 put x a -> ok
             1 hint D C x {{a}}
             2 durable A x {{b}}
             [0,3] s2 put x b -> ok
             3 durable B x {{b}}
             {owner}
             7 dropped D C x
             9 quiet"
        )
    };
    let won = "6 durable C x {b}";
    breaks(&run("may_lose", won), "");
    breaks(
        &run("", won),
        "dropped early, not at its owner, too few copies",
    );
    breaks(&run("may_lose", ""), "dropped early, not at its owner");
    let kept = run("may_lose", "").replace("7 dropped D C x", "");
    breaks(&kept, "undelivered, not at its owner");
}

/// W = 2: A and B hold the put, nobody keeps it for C.
fn kept_for_nobody(knobs: &str, before: &str, after: &str) -> String {
    format!(
        "0 setup n=3 w=2 hands_off {knobs}
         0 owners x A,B,C
         {before}
         [1,5] s1 put x a -> ok as p
         2 durable A x {{a@A:1}}
         3 durable B x {{a@A:1}}
         {after}
         9 quiet"
    )
}

#[test]
fn an_owner_that_was_silent_is_owed_the_write() {
    breaks(&kept_for_nobody("", "", ""), "kept for nobody");
    breaks(
        &kept_for_nobody("", "0 crash D\n 0 restart D", ""),
        "kept for nobody",
    );
    // What was told while the store was away from its quiet state is not owed yet.
    let early = kept_for_nobody("", "", "").replace("9 quiet", "");
    breaks(&early, "");
}

#[test]
fn nothing_is_owed_where_something_else_sees_to_it_or_may_have_hindered_it() {
    breaks(
        &kept_for_nobody("may_lose", "", "8 durable C x {b@C:1}"),
        "",
    );
    breaks(&kept_for_nobody("converges", "", ""), "");
    breaks(&kept_for_nobody("", "", "6 crash A\n 7 restart A"), "");
    breaks(&kept_for_nobody("", "", "6 crash C"), "");
    breaks(&kept_for_nobody("", "", "6 owners x B,C,D"), "");
    breaks(&kept_for_nobody("", "", "6 durable C x {a@A:1}"), "");
    breaks(
        &kept_for_nobody("", "", "6 hint A C x {a@A:1}\n 7 expired A C x"),
        "",
    );
}
