//! Known answers where disks are only looked at now and then.

use super::breaks;
use crate::evidence::sketch::sketch;
use crate::handoff::HandoffDelivery;
use crate::verdict::{Budget, Checker, Verdict};

/// A put that was acknowledged long before anybody looked, by a store that promises more copies than were
/// seen then; one look at 7, and what the test adds.
fn run(knobs: &str, looks: &str) -> String {
    format!(
        "0 setup n=3 w=3 hands_off sampled {knobs}
         0 owners x A,B,C
         [1,5] s1 put x a -> ok as p
         7 durable A x {{a@A:1}}
         7 durable B x {{a@A:1}}
         7 healed
         {looks}
         9 quiet"
    )
}

#[test]
fn copies_that_nobody_looked_for_are_not_missed_and_nothing_is_held() {
    let text = run("", "8 durable C x {a@A:1}");
    breaks(&text, "");
    let verdict = HandoffDelivery.check(&sketch(&text), Budget::default());
    let Verdict::Unknown(why) = verdict else {
        panic!("hints may have come and gone: {verdict:?}");
    };
    assert!(why.to_string().contains("unseen"), "{why}");
    breaks(&text.replace(" sampled", ""), "too few copies");
}

#[test]
fn a_hint_that_is_left_and_an_owner_without_it_are_found() {
    let late = "8 durable C x {a@A:1}";
    breaks(
        &run("", &format!("{late}\n 8 hint D C x {{a@A:1}}")),
        "kept after delivery",
    );
    breaks(
        &run("", "8 hint D C x {a@A:1}"),
        "undelivered, not at its owner, kept for nobody",
    );
    breaks(&run("", ""), "kept for nobody");
    breaks(&run("converges", ""), "");
    breaks(
        &run("", &format!("{late}\n 8 durable D x {{a@A:1}}")),
        "stray copy",
    );
}

#[test]
fn a_hint_seen_once_has_arrived_by_the_next_look() {
    let kept = "7 healed\n 7 hint D C x {a@A:1}";
    let dropped = "8 dropped D C x";
    breaks(
        &run("", &format!("{kept}\n 8 durable C x {{a@A:1}}\n {dropped}")),
        "",
    );
    breaks(
        &run("converges", &format!("{kept}\n {dropped}")),
        "dropped early, not at its owner",
    );
}

#[test]
fn a_tombstone_that_may_have_been_reaped_unseen_excuses_what_is_not_there() {
    let kept = "7 healed\n 7 hint D C x {a@A:1}\n [7,7] s1 del x ctx=p -> ok";
    let gone = format!("{kept}\n 8 dropped D C x\n 8 durable A x {{}}\n 8 durable B x {{}}");
    breaks(&run("may_lose may_revive", &gone), "");
    breaks(&run("may_lose may_revive", kept), "undelivered");
    let blind = run("", &gone);
    breaks(&blind, "dropped early, not at its owner, kept for nobody");
}

#[test]
fn who_may_have_owned_a_key_between_two_looks_is_no_stranger() {
    let stray = "8 durable C x {a@A:1}\n 8 durable D x {a@A:1}";
    breaks(&run("", stray), "stray copy");
    breaks(&run("", &format!("8 owners x A,B,C\n {stray}")), "");
}
