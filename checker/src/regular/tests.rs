//! Known answers for regular reads and for inversions.

use super::{Regular, monotonic};
use crate::evidence::sketch::sketch;
use crate::history::OpId;
use crate::verdict::{Budget, Checker, Shortfall, Verdict};

fn breaks(text: &str, expected: bool) {
    let verdict = Regular.check(&sketch(text), Budget::default());
    assert_eq!(verdict.counterexample().is_some(), expected, "{text}");
}

#[test]
fn what_was_acknowledged_before_a_read_began_is_covered() {
    let run = |put: &str| format!("{put} s1 put x a -> ok\n [2,3] s2 get x -> {{}} as g");
    breaks(&run("[0,1]"), true);
    // Equal times are concurrent.
    breaks(&run("[0,2]"), false);
    breaks(&run("[0,9]"), false);
    let verdict = Regular.check(&sketch(&run("[0,1]")), Budget::default());
    let found = verdict.counterexample().expect("stale").clone();
    assert_eq!(
        found.sentence,
        "A read was stale: op 1 began after a had been acknowledged, and does not show it."
    );
    assert_eq!(found.ops, [OpId(0), OpId(1)]);
    assert_eq!(found.cause, "regular/a put is missing");
}

#[test]
fn a_successor_or_a_hidden_delete_covers() {
    let run = |second: &str, answer: &str| {
        format!(
            "[0,1] s1 put x a -> ok as p
             {second}
             [4,5] s2 get x -> {answer} as g"
        )
    };
    breaks(&run("[2,9] s3 put x b ctx=p -> info", "{b}"), false);
    breaks(&run("[2,9] s3 put x b -> info", "{b}"), true);
    breaks(&run("[2,9] s3 del x ctx=p -> info", "{}"), false);
    breaks(&run("[2,3] s3 del x ctx=p -> ok", "{a}"), true);
    breaks(&run("[2,3] s3 del x -> ok", "{a}"), false);
    breaks(&run("[2,9] s3 del x ctx=p -> info", "{a}"), false);
}

#[test]
fn a_new_value_before_an_old_one_is_no_stale_read() {
    let text = "[0,9] s1 put x a -> ok
         [1,2] s2 get x -> {a} as g1
         [3,4] s3 get x -> {} as g2";
    breaks(text, false);
    let found = monotonic(&sketch(text)).expect("an inversion");
    assert_eq!(
        [found.write, found.first, found.second],
        [0, 1, 2].map(OpId)
    );
    assert_eq!(monotonic(&sketch(&text.replace("[3,4]", "[2,4]"))), None);
    assert_eq!(
        monotonic(&sketch(&text.replace("{} as g2", "{a} as g2"))),
        None
    );
}

#[test]
fn nothing_is_exercised_without_an_acknowledged_write_before_a_read() {
    for text in [
        "[0,9] s1 put x a -> ok\n [2,3] s2 get x -> {} as g",
        "[0,1] s1 put x a -> info\n [2,3] s2 get x -> {} as g",
        "[0,1] s1 put x a -> ok\n [0,1] s2 put x a -> ok\n [2,3] s2 get x -> {} as g",
    ] {
        let verdict = Regular.check(&sketch(text), Budget::default());
        let nothing = matches!(verdict, Verdict::Unknown(Shortfall::NothingExercised(_)));
        assert!(nothing, "{text}");
    }
}
