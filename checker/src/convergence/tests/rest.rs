//! Known answers for what owners must not hold, for contexts, and for states of the same events.

use super::{breaks, first, mended};

/// A key whose owners A and B hold the same in the end; `a`, then `b` that had seen it.
fn run(knobs: &str, outcome: &str, last: &str) -> String {
    format!(
        "0 setup converges {knobs}
         0 owners x A,B
         [0,1] s1 put x a -> ok as p
         1 durable A x {{a@A:1}}
         [2,3] s2 put x b ctx=p -> {outcome}
         5 healed
         6 durable A x {last}
         6 durable B x {last}
         90 quiet"
    )
}

#[test]
fn owners_that_agree_on_what_was_replaced_have_not_converged() {
    breaks(&run("", "ok", "{b@B:1/A:1}"), "");
    breaks(&run("", "ok", "{a@A:1,b@B:1/A:1}"), "superseded copy");
    breaks(&run("", "ok", "{a@A:1}"), "missing copy, superseded copy");
    let found = first(&run("", "ok", "{a@A:1,b@B:1/A:1}"));
    assert_eq!(found.cause, "convergence/superseded copy/below a put");
    assert_eq!(found.ops.len(), 2);
}

#[test]
fn what_an_unknown_write_replaced_is_wrong_only_beside_it() {
    breaks(&run("", "info", "{a@A:1}"), "");
    breaks(&run("", "info", "{b@B:1/A:1}"), "");
    breaks(&run("", "info", "{a@A:1,b@B:1/A:1}"), "superseded copy");
}

#[test]
fn what_may_come_back_or_be_lost_is_not_held_against_owners() {
    breaks(&run("may_revive", "ok", "{a,b}"), "");
    breaks(&run("may_lose", "ok", "{a}"), "");
    // A successor that is there was not lost, and nothing comes back beside it.
    breaks(&run("may_lose", "ok", "{a,b}"), "superseded copy");
    breaks(&run("may_lose may_revive", "ok", "{a,b}"), "");
}

#[test]
fn a_value_below_a_delete_is_superseded_whatever_lies_beside_it() {
    let run = |status: &str, last: &str| {
        run("", "ok", last).replace(
            "[2,3] s2 put x b ctx=p -> ok",
            &format!("[2,3] s2 del x ctx=p -> {status}"),
        )
    };
    breaks(&run("ok", "{!@B:1/A:1}"), "");
    breaks(&run("ok", "{a@A:1,!@B:1/A:1}"), "superseded copy");
    let found = first(&run("ok", "{a@A:1,!@B:1/A:1}"));
    assert_eq!(found.cause, "convergence/superseded copy/below a delete");
    breaks(&run("info", "{a@A:1}"), "");
    breaks(&run("fail", "{a@A:1}"), "");
}

#[test]
fn what_was_acknowledged_only_after_quiet_replaces_nothing_yet() {
    let late = run("", "ok", "{a@A:1}").replace("[2,3] s2", "[91,92] s2");
    breaks(&late, "");
}

#[test]
fn owners_hold_nothing_that_nobody_put() {
    breaks(&run("", "ok", "{b@B:1/A:1,z@Z:1}"), "foreign copy");
    breaks(&run("may_lose may_revive", "ok", "{b,z}"), "foreign copy");
    breaks(&run("", "fail", "{b@B:1/A:1}"), "foreign copy");
    breaks(&run("", "fail", "{a@A:1}"), "");
    let found = first(&run("", "fail", "{b@B:1/A:1}"));
    assert_eq!(found.cause, "convergence/foreign copy/failed put");
    let found = first(&run("", "ok", "{b@B:1/A:1,z@Z:1}"));
    assert_eq!(found.cause, "convergence/foreign copy/never put");
}

#[test]
fn only_owners_that_run_are_held_to_it() {
    let elsewhere = run("", "ok", "{b@B:1/A:1}") + "\n 7 durable C x {a@A:1,z@Z:1}";
    breaks(&elsewhere, "");
    let down = run("", "ok", "{b@B:1/A:1}").replace(
        "6 durable B x {b@B:1/A:1}",
        "6 durable B x {a@A:1}\n 7 crash B",
    );
    breaks(&down, "");
}

/// Two owners with the same values and these contexts.
fn contexts(one: &str, two: &str) -> String {
    format!(
        "0 setup converges
         0 owners x A,B
         [0,1] s1 put x a -> ok
         1 durable A x {{a}}
         1 context A x {one}
         5 healed
         6 durable B x {{a}}
         6 context B x {two}
         90 quiet"
    )
}

#[test]
fn equal_values_under_different_contexts_have_diverged() {
    breaks(&contexts("c1", "c1"), "");
    breaks(&contexts("c1", "c2"), "diverged");
    let found = first(&contexts("c1", "c2"));
    assert_eq!(found.cause, "convergence/diverged/in their contexts");
    // A context that nobody noted may be any.
    breaks(&contexts("c1", "c2").replace("6 context B x c2", ""), "");
    // One that was noted of something else counts no more.
    let gone = contexts("c1", "c2").replace("90 quiet", "7 durable B x {a}\n 90 quiet");
    breaks(&gone, "");
}

#[test]
fn a_third_owner_without_a_context_hides_no_difference() {
    let three = contexts("c1", "c2")
        .replace("owners x A,B", "owners x A,C,B")
        .replace("5 healed", "2 durable C x {a}\n 5 healed");
    breaks(&three, "diverged");
}

#[test]
fn empty_owners_may_differ_in_their_contexts() {
    let run = |two: &str| {
        contexts("c1", two)
            .replace("put x a", "del x")
            .replace("{a}", "{}")
    };
    breaks(&run("c1"), "");
    breaks(&run("c2"), "diverged");
}

#[test]
fn roots_cover_contexts() {
    let run = |two: &str, roots: [&str; 2]| {
        contexts("c1", two).replace(
            "90 quiet",
            &format!(
                "80 root A range x {}\n 80 root B range x {}\n 90 quiet",
                roots[0], roots[1]
            ),
        )
    };
    breaks(&run("c1", ["r1", "r1"]), "");
    breaks(&run("c1", ["r1", "r2"]), "roots differ on equal states");
    breaks(&run("c2", ["r1", "r2"]), "diverged");
    let hidden = run("c2", ["r1", "r1"]);
    breaks(&hidden, "diverged, roots equal on different states");
}

#[test]
fn the_same_events_make_the_same_state_at_any_time() {
    let merged = |first: &str, second: &str| {
        mended(&format!(
            "12 durable D x {first}
             13 durable E x {second}"
        ))
    };
    breaks(&merged("{a@A:1,b@B:1}", "{b@B:1,a@A:1}"), "");
    breaks(&merged("{a@A:1}", "{b@B:1}"), "");
    // One merge kept a, another took it for replaced, and both know of A:1 and B:1.
    breaks(
        &merged("{a@A:1,b@B:1}", "{b@B:1/A:1}"),
        "states differ on equal events",
    );
    // Without all clocks nobody knows which events these are.
    breaks(&merged("{a@A:1,b@B:1}", "{b}"), "");
    // A store that forgets is not held to it.
    breaks(
        &merged("{a@A:1,b@B:1}", "{b@B:1/A:1}").replace("converges", "converges may_revive"),
        "",
    );
}

#[test]
fn the_same_context_is_the_same_state_at_any_time() {
    let run = |two: &str| {
        mended(&format!(
            "12 durable D x {{a}}
             12 context D x c7
             13 durable E x {two}
             13 context E x c7"
        ))
    };
    breaks(&run("{a}"), "");
    breaks(&run("{b}"), "states differ on equal events");
    breaks(&run("{}"), "states differ on equal events");
    // Keys have contexts of their own.
    let other = run("{b}")
        .replace("durable E x", "durable E y")
        .replace("context E x", "context E y");
    breaks(&other, "");
}

#[test]
fn states_of_the_same_events_count_without_a_quiet_end_too() {
    let text = "0 setup converges
         0 owners x A,B
         [0,1] s1 put x a -> ok
         [0,1] s2 put x b -> ok
         1 durable A x {a@A:1,b@B:1}
         2 durable B x {b@B:1/A:1}";
    breaks(text, "states differ on equal events");
}

#[test]
fn a_dot_is_one_event_and_a_past_has_no_gaps() {
    let run = |first: &str, second: &str| {
        format!(
            "0 setup n=2 w=1 converges
             0 owners x A,B
             [0,1] s1 put x a -> ok
             1 durable A x {{a@A:1}}
             [2,4] s2 put x b -> ok
             3 durable A x {first}
             4 durable B x {second}"
        )
    };
    let differ = "states differ on equal events";
    // The second put came to B alone: the first is still on its way.
    breaks(&run("{a@A:1,b@A:2}", "{b@A:2}"), "");
    breaks(&run("{a@A:1,b@A:2}", "{b@A:2/A:1}"), differ);
    // Counters that are of other keys leave no gap.
    let far = |text: &str| text.replace("A:1", "A:3").replace("A:2", "A:7");
    breaks(&far(&run("{a@A:1,b@A:2}", "{b@A:2}")), "");
    breaks(&far(&run("{a@A:1,b@A:2}", "{b@A:2/A:1}")), differ);
}
