//! Small histories whose verdicts were derived by hand, each also a test against false alarms.

use super::rows::{Row, recorded, rows};
use super::{
    Causal, CausalConvergence, CausalMemory, MonotonicReads, MonotonicWrites, ReadYourWrites,
    Regular, WritesFollowReads,
};
use crate::history::{History, Outcome};
use crate::linear::Linearizable;
use crate::model::Registers;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::verdict::{Budget, Checker, Verdict};

/// All promises that can be held against registers, with the codes of oracles.
pub(super) fn judges() -> [(&'static str, Box<dyn Checker<Register>>); 9] {
    let nil = || Value::Nil;
    [
        ("CC", Box::new(Causal { initial: nil() })),
        ("CCV", Box::new(CausalConvergence { initial: nil() })),
        ("CM", Box::new(CausalMemory { initial: nil() })),
        ("RYW", Box::new(ReadYourWrites { initial: nil() })),
        ("MR", Box::new(MonotonicReads { initial: nil() })),
        ("MW", Box::new(MonotonicWrites { initial: nil() })),
        ("WFR", Box::new(WritesFollowReads { initial: nil() })),
        ("REG", Box::new(Regular { initial: nil() })),
        (
            "LIN",
            Box::new(Linearizable::new(Registers { initial: nil() })),
        ),
    ]
}

/// The codes of the promises that a history breaks.
pub(super) fn broken(history: &History<Register>) -> Vec<&'static str> {
    let mut broken = Vec::new();
    for (code, judge) in judges() {
        match judge.check(history, Budget::default()) {
            Verdict::Invalid(found) => {
                assert_eq!(found.promise, judge.promise());
                assert!(!found.ops.is_empty() && !found.reasons.is_empty());
                broken.push(code);
            }
            Verdict::Valid(_) | Verdict::Unknown(_) => {}
        }
    }
    broken
}

#[track_caller]
fn breaks(text: &str, codes: &str) {
    let expected: Vec<&str> = codes.split_whitespace().collect();
    assert_eq!(broken(&rows(text)), expected, "{text}");
}

#[test]
fn causal_memory_is_not_causal_convergence() {
    breaks(
        "[0,1] p1 put x 1 -> ok
         [4,5] p1 get x -> {2} as r1
         [0,1] p2 put x 2 -> ok
         [4,5] p2 get x -> {1} as r2",
        "CCV LIN",
    );
}

#[test]
fn causal_convergence_is_not_causal_memory() {
    breaks(
        "[0,1] p1 put z 1 -> ok
         [2,3] p1 put x 1 -> ok
         [4,5] p1 put y 9 -> ok
         [0,1] p2 put x 2 -> ok
         [6,7] p2 get z -> {} as r1
         [8,9] p2 get y -> {9} as r2
         [10,11] p2 get x -> {2} as r3",
        "CM REG LIN",
    );
}

#[test]
fn causal_is_neither_memory_nor_convergence() {
    breaks(
        "[0,1] p1 put x 1 -> ok
         [0,1] p2 put x 2 -> ok
         [2,3] p2 get x -> {1}
         [4,5] p2 get x -> {2}",
        "CCV CM LIN",
    );
}

#[test]
fn causal_in_all_senses_is_not_sequential() {
    breaks(
        "[0,1] p1 put x 1 -> ok
         [2,3] p1 get y -> {} as r1
         [4,5] p1 put y 3 -> ok
         [6,7] p1 get x -> {1} as r2
         [0,1] p2 put x 2 -> ok
         [2,3] p2 get y -> {} as r3
         [4,5] p2 put y 4 -> ok
         [6,7] p2 get x -> {2} as r4",
        "LIN",
    );
}

#[test]
fn an_overwritten_value_that_the_reader_had_seen_replaced() {
    breaks(
        "[0,1] p1 put x 1 -> ok
         [2,3] p1 put y 5 -> ok
         [4,5] p2 get y -> {5} as r1
         [6,7] p2 put x 2 -> ok
         [8,9] p3 get x -> {2} as r2
         [10,11] p3 get x -> {1} as r3",
        "CC CCV CM MR REG LIN",
    );
}

#[test]
fn the_initial_value_after_ones_own_write() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s1 get x -> {} as r",
        "CC CCV CM RYW REG LIN",
    );
}

#[test]
fn a_skewed_clock_drops_the_second_write_of_a_session() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s1 put x 2 -> ok
         [4,5] s1 get x -> {1}",
        "CC CCV CM RYW REG LIN",
    );
}

#[test]
fn of_two_concurrent_writes_either_may_win() {
    breaks(
        "[0,3] s1 put x 1 -> ok
         [1,4] s2 put x 2 -> ok
         [5,6] s3 get x -> {1} as r",
        "",
    );
}

#[test]
fn of_two_successive_writes_of_two_sessions_the_second_wins() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s2 put x 2 -> ok
         [4,5] s3 get x -> {1} as r",
        "REG LIN",
    );
}

#[test]
fn a_write_of_unknown_outcome_may_surface_and_vanish() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,-] s2 put x 2 -> info
         [3,4] s3 get x -> {2} as r1
         [5,6] s4 get x -> {1} as r2",
        "LIN",
    );
}

#[test]
fn going_back_and_forth_is_going_back_once() {
    breaks(
        "[0,9] s1 put x 1 -> ok
         [0,9] s2 put x 2 -> ok
         [1,2] s3 get x -> {1}
         [3,4] s3 get x -> {2}
         [5,6] s3 get x -> {1}",
        "CCV CM MR LIN",
    );
}

#[test]
fn a_value_seen_is_not_forgotten() {
    breaks(
        "[0,9] s1 put x 1 -> ok
         [1,2] s2 get x -> {1}
         [3,4] s2 get x -> {}",
        "CC CCV CM MR LIN",
    );
}

#[test]
fn the_same_across_sessions_breaks_no_session() {
    breaks(
        "[0,9] s1 put x 1 -> ok
         [1,2] s2 get x -> {1}
         [3,4] s3 get x -> {}",
        "LIN",
    );
}

#[test]
fn who_sees_a_later_write_sees_the_earlier_one() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s1 put y 2 -> ok
         [0,5] s2 get y -> {2}
         [6,7] s2 get x -> {}",
        "CC CCV CM MW REG LIN",
    );
}

#[test]
fn who_sees_a_write_sees_what_its_session_had_seen() {
    breaks(
        "[0,20] s1 put x 1 -> ok
         [1,2] s2 get x -> {1}
         [3,4] s2 put y 2 -> ok
         [5,6] s3 get y -> {2}
         [7,8] s3 get x -> {}",
        "CC CCV CM WFR LIN",
    );
}

#[test]
fn over_two_sessions_only_causality_is_broken() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s2 get x -> {1}
         [4,5] s2 put y 2 -> ok
         [6,7] s3 get y -> {2}
         [8,9] s3 put z 3 -> ok
         [10,11] s4 get z -> {3}
         [12,13] s4 get x -> {}",
        "CC CCV CM REG LIN",
    );
}

#[test]
fn ones_own_write_of_unknown_outcome_need_not_be_seen() {
    breaks(
        "[0,-] s1 put x 1 -> info
         [2,3] s1 get x -> {}",
        "",
    );
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,-] s1 put x 2 -> info
         [4,5] s2 get x -> {2}
         [6,7] s1 get x -> {1}",
        "LIN",
    );
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,-] s1 put x 2 -> info
         [4,5] s1 get x -> {}",
        "CC CCV CM RYW REG LIN",
    );
}

#[test]
fn a_value_that_nobody_wrote() {
    breaks("[0,1] s1 get x -> {7}", "CC CCV CM LIN");
    breaks(
        "[0,1] s1 put x 1 -> fail
         [2,3] s2 get x -> {1}",
        "CC CCV CM LIN",
    );
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s2 get x -> {7}",
        "CC CCV CM REG LIN",
    );
}

#[test]
fn knowledge_in_a_circle() {
    breaks(
        "[0,1] s1 get x -> {1}
         [2,3] s1 put y 2 -> ok
         [0,1] s2 get y -> {2}
         [2,3] s2 put x 1 -> ok",
        "CC CCV CM LIN",
    );
}

#[test]
fn a_swap_reads_and_writes() {
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s1 cas x 1 2 -> ok
         [4,5] s2 get x -> {2}
         [6,7] s2 get x -> {1}",
        "CC CCV CM MR REG LIN",
    );
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,3] s2 cas x 1 2 -> mismatch
         [4,5] s2 get x -> {1}",
        "LIN",
    );
    breaks(
        "[0,1] s1 put x 1 -> ok
         [2,-] s2 cas x 1 2 -> info
         [4,5] s3 get x -> {2}
         [6,7] s3 get x -> {1}",
        "CC CCV CM MR LIN",
    );
}

#[test]
fn where_values_do_not_tell_their_writes_reads_of_them_are_not_judged() {
    let twice = "[0,1] s1 put x 1 -> ok
         [2,3] s2 put x 1 -> ok
         [4,5] s1 get x -> {1}";
    let initial = "[0,1] s1 put x 1 -> ok
         [2,3] s2 put x nil -> ok
         [4,5] s1 get x -> {}";
    for text in [twice, initial] {
        for (code, judge) in &judges()[..8] {
            let verdict = judge.check(&rows(text), Budget::default());
            assert!(
                matches!(verdict, Verdict::Unknown(crate::Shortfall::LeftOut(_))),
                "{code}: {verdict:?}"
            );
        }
    }
    // That nobody wrote the initial value is certain all the same.
    let lost = "[0,1] s1 put x 1 -> ok
         [2,3] s1 put x 1 -> ok
         [4,5] s1 get x -> {}";
    breaks(lost, "CC CCV CM RYW REG LIN");
}

/// The judge of this code, by itself.
fn verdict(code: &str, text: &str) -> Verdict {
    let found = judges().into_iter().find(|(known, _)| *known == code);
    let (_, judge) = found.expect("a code of a judge");
    judge.check(&rows(text), Budget::default())
}

#[test]
fn where_knowledge_goes_in_a_circle_no_session_is_said_to_be_well() {
    let circle = "[0,1] s1 get x -> {1}
         [2,3] s1 put x 1 -> ok
         [4,5] s1 put x 2 -> ok
         [6,7] s1 get x -> {1}";
    for code in ["RYW", "MR"] {
        let verdict = verdict(code, circle);
        assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
    }
    let line = circle
        .replace("get x -> {1}\n", "get x -> {}\n")
        .replace("{1}", "{2}");
    for code in ["RYW", "MR"] {
        let verdict = verdict(code, &line);
        assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
    }
}

#[test]
fn a_swap_of_unknown_outcome_goes_back_too() {
    breaks(
        "[0,9] s1 put x 1 -> ok
         [0,9] s2 put x 2 -> ok
         [1,2] s3 get x -> {2}
         [3,4] s3 get x -> {1}
         [5,6] s3 cas x 2 4 -> info
         [7,8] s4 get x -> {4}",
        "CCV CM MR LIN",
    );
    // It comes before nothing itself, so nothing returns behind it.
    breaks(
        "[0,9] s1 put x 1 -> ok
         [0,9] s2 put x 2 -> ok
         [1,2] s3 get x -> {1}
         [3,-] s3 cas x 2 4 -> info
         [5,6] s3 get x -> {1}
         [7,8] s4 get x -> {4}",
        "",
    );
}

#[test]
fn a_key_that_is_left_out_leaves_the_verdict_open() {
    let twice = "[0,1] s1 put x 1 -> ok
         [2,3] s1 get x -> {1}
         [4,5] s1 put x 1 -> ok
         [6,7] s1 put y 1 -> ok
         [8,9] s1 get y -> {1}";
    for code in ["CC", "CCV", "CM", "RYW", "REG"] {
        let Verdict::Unknown(why) = verdict(code, twice) else {
            panic!("{code}: one key was not judged");
        };
        assert_eq!(
            why.to_string(),
            "left open: key x was given one value twice, or the initial one, so it does \
             not tell what all its reads saw"
        );
        let once = verdict(code, &twice.replace("[4,5] s1 put x 1", "[4,5] s1 put x 2"));
        assert!(matches!(once, Verdict::Valid(_)), "{code}: {once:?}");
    }
}

#[test]
fn more_processes_than_memory_has_room_for_are_told_as_such() {
    let row = |process: u64, action, outcome| Row {
        from: process,
        to: Some(process + 1),
        process,
        call: RegisterCall {
            key: Some("x".into()),
            action,
        },
        outcome: Outcome::Ok(outcome),
    };
    let rows = |count: u64| {
        let writes = (1..=count).map(|process| {
            let value = Value::Int(process.cast_signed());
            row(process, Action::Write(value), RegisterRet::Done)
        });
        let mut rows: Vec<Row> = writes.collect();
        let last = Value::Int(count.cast_signed());
        rows.push(row(count + 2, Action::Read, RegisterRet::Value(last)));
        recorded(&rows)
    };
    let check = |count| {
        Causal {
            initial: Value::Nil,
        }
        .check(&rows(count), Budget::default())
    };
    let Verdict::Unknown(why) = check(16_400) else {
        panic!("what all know of all does not fit");
    };
    assert_eq!(
        why.to_string(),
        "not decided: what 16401 processes know of 16400 that write might not fit in memory; no \
         budget would settle it, but fewer processes would"
    );
    assert!(matches!(check(160), Verdict::Valid(_)));
}
