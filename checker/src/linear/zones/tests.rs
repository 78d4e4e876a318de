//! Zones on small histories, each at the edge of one condition.

use super::{registers, registers_by};
use crate::history::{Entry, History, Op, OpId, Outcome, Process, Time};
use crate::linear::replay;
use crate::model::{Registers, Shortcut};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// From when to when, what, and the answer; without an answer the outcome is unknown.
type Line = (u64, u64, Action, Option<RegisterRet>);

fn history(lines: &[Line]) -> History<Register> {
    let mut entries = Vec::new();
    for (number, (called, returned, action, ret)) in lines.iter().enumerate() {
        let (op, at) = (OpId(number as u64), Time(*called));
        let call = RegisterCall {
            key: None,
            action: action.clone(),
        };
        entries.push(Entry::Invoke {
            op,
            at,
            process: Process(number as u64),
            call,
        });
        if let Some(ret) = ret.clone() {
            let (at, outcome) = (Time(*returned), Outcome::Ok(ret));
            entries.push(Entry::Return { op, at, outcome });
        }
    }
    entries.sort_by_key(Entry::at);
    History::new(entries).expect("each process calls once")
}

fn decided(lines: &[Line]) -> Option<Shortcut> {
    let history = history(lines);
    registers(&Value::Nil, &history.ops().iter().collect::<Vec<&Op<_>>>())
}

/// The order that zones found, which explains the history.
fn order(lines: &[Line]) -> Vec<u64> {
    let Some(Shortcut::Explained { order, by: "zones" }) = decided(lines) else {
        panic!("not explained: {:?}", decided(lines));
    };
    let initial = Value::Nil;
    replay(&Registers { initial }, &history(lines), &order).expect("the order explains it");
    order.into_iter().map(|op| op.0).collect()
}

/// The operations of the contradiction that zones found, and its kind.
fn clash(lines: &[Line]) -> (Vec<u64>, &'static str) {
    let Some(Shortcut::Contradicted(found)) = decided(lines) else {
        panic!("not contradicted: {:?}", decided(lines));
    };
    assert!(
        found.facts.len() > found.ops.len(),
        "each operation and why"
    );
    (found.ops.iter().map(|op| op.0).collect(), found.kind)
}

fn int(value: i64) -> Value {
    if value == 0 {
        Value::Nil
    } else {
        Value::Int(value)
    }
}

fn write(called: u64, returned: u64, value: i64) -> Line {
    (
        called,
        returned,
        Action::Write(int(value)),
        Some(RegisterRet::Done),
    )
}

fn lost(called: u64, value: i64) -> Line {
    (called, 0, Action::Write(int(value)), None)
}

/// A read of a value; 0 stands for nil, which is what the register begins with.
fn read(called: u64, returned: u64, value: i64) -> Line {
    (
        called,
        returned,
        Action::Read,
        Some(RegisterRet::Value(int(value))),
    )
}

fn unseen(called: u64, returned: u64) -> Line {
    (called, returned, Action::Read, Some(RegisterRet::Unseen))
}

fn cas(called: u64, returned: u64, from: i64, to: i64) -> Line {
    let action = Action::Cas(int(from), int(to));
    (called, returned, action, Some(RegisterRet::Done))
}

fn lost_cas(called: u64, from: i64, to: i64) -> Line {
    (called, 0, Action::Cas(int(from), int(to)), None)
}

fn mismatch(called: u64, returned: u64, from: i64) -> Line {
    let action = Action::Cas(int(from), int(99));
    (called, returned, action, Some(RegisterRet::Mismatch))
}

#[test]
fn the_initial_value_comes_first() {
    assert_eq!(order(&[write(0, 5, 1), read(5, 6, 0)]), [1, 0]);
    assert_eq!(
        clash(&[write(0, 4, 1), read(5, 6, 0)]),
        (vec![0, 1], "stale read")
    );
    // The read of 1 returned before that of nil was called, and 1 needs its write.
    let lines = [write(0, 9, 1), read(1, 2, 1), read(3, 4, 0)];
    assert_eq!(clash(&lines), (vec![0, 1, 2], "stale read"));
    assert_eq!(order(&[read(0, 0, 0), write(0, 0, 1)]), [0, 1]);
}

#[test]
fn forward_zones_may_touch_and_not_overlap() {
    // 1 must be there from 1 to the call of its read, 2 from 3 to 5.
    let two = [write(2, 3, 2), read(5, 6, 2)];
    let [write_two, read_two] = two;
    let touching = [
        write(0, 1, 1),
        write_two.clone(),
        read(3, 4, 1),
        read_two.clone(),
    ];
    assert_eq!(order(&touching), [0, 2, 1, 3]);
    let overlapping = [write(0, 1, 1), write_two, read(4, 5, 1), read_two];
    assert_eq!(clash(&overlapping), (vec![0, 1, 2, 3], "stale read"));
    // Zones that begin together overlap.
    let together = [write(0, 3, 1), write(0, 3, 2), read(4, 5, 1), read(4, 5, 2)];
    assert_eq!(clash(&together).0, [0, 1, 2, 3]);
}

#[test]
fn a_backward_zone_may_touch_a_forward_one_and_not_lie_inside() {
    let around = |called, returned| vec![write(0, 2, 1), write(called, returned, 2), read(6, 7, 1)];
    assert_eq!(clash(&around(3, 5)), (vec![0, 1, 2], "stale read"));
    assert_eq!(order(&around(2, 5)), [1, 0, 2]);
    assert_eq!(order(&around(3, 6)), [0, 2, 1]);
    assert_eq!(order(&around(2, 6)).len(), 3);
}

#[test]
fn a_forward_zone_is_held_against_the_last_one_before_it() {
    let lines = [
        write(0, 1, 1),
        read(2, 3, 1),
        write(4, 5, 2),
        read(9, 10, 2),
        write(11, 12, 3),
        read(13, 14, 3),
        write(6, 7, 4),
    ];
    assert_eq!(clash(&lines), (vec![2, 6, 3], "stale read"));
    assert_eq!(order(&lines[..6]), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_read_may_overlap_its_write_and_not_come_before() {
    assert_eq!(order(&[read(0, 5, 1), write(5, 6, 1)]), [1, 0]);
    let lines = [read(0, 4, 1), write(5, 6, 1)];
    assert_eq!(clash(&lines), (vec![0, 1], "read of what came later"));
    assert_eq!(
        clash(&[read(0, 4, 1)]),
        (vec![0], "read of what nobody wrote")
    );
    assert_eq!(
        clash(&[cas(0, 4, 1, 2)]),
        (vec![0], "cas of what nobody wrote")
    );
}

#[test]
fn a_write_of_unknown_outcome_counts_if_it_was_seen() {
    assert_eq!(order(&[lost(0, 1), write(1, 2, 2), read(3, 4, 2)]), [1, 2]);
    let late = [lost(0, 1), write(1, 2, 2), read(3, 4, 2), read(5, 6, 1)];
    assert_eq!(order(&late), [1, 2, 0, 3]);
    let twice = [lost(0, 1), read(1, 2, 1), write(3, 4, 2), read(5, 6, 1)];
    assert_eq!(clash(&twice), (vec![0, 1, 2, 3], "stale read"));
    // It never returned, so nothing comes behind it because of that.
    assert_eq!(order(&[lost(0, 1), read(u64::MAX, u64::MAX, 1)]), [0, 1]);
}

#[test]
fn a_value_written_twice_leaves_it_to_the_search_only_if_it_was_seen() {
    let twice = [write(0, 1, 1), write(0, 1, 1)];
    assert_eq!(order(&twice).len(), 2);
    let [one, two] = twice;
    assert_eq!(decided(&[one.clone(), two.clone(), read(2, 3, 1)]), None);
    assert_eq!(decided(&[one, two, cas(2, 3, 1, 5)]), None);
    assert_eq!(decided(&[write(0, 1, 0), read(2, 3, 0)]), None);
    assert_eq!(
        order(&[write(0, 1, 0), write(2, 3, 1), read(4, 5, 1)]),
        [0, 1, 2]
    );
}

#[test]
fn what_nobody_wrote_is_seen_where_others_are_written_twice() {
    let twice = [write(0, 1, 1), write(2, 3, 1), read(4, 5, 1)];
    for (last, kind) in [
        (read(6, 7, 9), "read of what nobody wrote"),
        (cas(6, 7, 9, 1), "cas of what nobody wrote"),
    ] {
        let lines = [&twice[..], &[last]].concat();
        assert_eq!(clash(&lines), (vec![3], kind));
    }
    // Whether 1 is from the compare-and-set of unknown outcome is not known, nor what that found.
    let lost = [write(0, 1, 1), lost_cas(2, 9, 1), read(4, 5, 1)];
    assert_eq!(decided(&lost), None);
    assert_eq!(decided(&twice), None);
}

#[test]
fn compare_and_set_makes_a_chain_that_stands_together() {
    let chain = [
        cas(0, 9, 0, 1),
        cas(0, 9, 1, 2),
        read(3, 4, 1),
        read(5, 6, 2),
    ];
    assert_eq!(order(&chain), [0, 2, 1, 3]);
    let back = [
        cas(0, 9, 0, 1),
        cas(0, 9, 1, 2),
        read(3, 4, 2),
        read(5, 6, 1),
    ];
    assert_eq!(clash(&back), (vec![0, 1, 2, 3], "stale read"));
    let touching = [
        cas(0, 9, 0, 1),
        cas(0, 9, 1, 2),
        read(3, 5, 2),
        read(5, 6, 1),
    ];
    assert_eq!(order(&touching), [0, 3, 1, 2]);
    // A write within the chain would have to be undone.
    let lines = [write(0, 1, 1), write(2, 3, 5), cas(4, 5, 1, 2)];
    assert_eq!(clash(&lines), (vec![0, 1, 2], "stale cas"));
    let lines = [cas(6, 7, 1, 2), write(8, 9, 1)];
    assert_eq!(clash(&lines), (vec![0, 1], "cas of what came later"));
}

#[test]
fn a_value_is_replaced_once() {
    let lines = [write(0, 1, 1), cas(2, 3, 1, 2), cas(2, 3, 1, 3)];
    assert_eq!(clash(&lines), (vec![0, 1, 2], "stale cas"));
    assert_eq!(clash(&lines[1..]), (vec![0], "cas of what nobody wrote"));
    let circle = [cas(0, 9, 1, 2), cas(0, 9, 2, 1), write(0, 1, 3)];
    assert_eq!(clash(&circle), (vec![0, 1], "cas without what came before"));
    let own = [cas(0, 9, 1, 1), write(0, 9, 1)];
    assert_eq!(order(&own), [1, 0]);
}

#[test]
fn of_a_long_circle_the_last_calls_are_told() {
    let circle: Vec<Line> = (1..=40)
        .map(|from| cas(0, 9, from, from % 40 + 1))
        .collect();
    let Some(Shortcut::Contradicted(found)) = decided(&circle) else {
        panic!("nothing leads into the circle");
    };
    assert_eq!(found.ops.len(), 40);
    assert_eq!(found.facts.len(), 24 + 2);
    let all: usize = found.facts[..25].iter().map(|fact| fact.ops.len()).sum();
    assert_eq!(all, 40, "each is told or counted");
}

#[test]
fn a_compare_and_set_of_unknown_outcome_counts_if_its_value_was_seen() {
    let lines = [
        write(0, 1, 1),
        lost_cas(0, 1, 2),
        lost_cas(0, 2, 3),
        read(4, 5, 3),
    ];
    assert_eq!(order(&lines), [0, 1, 2, 3]);
    assert_eq!(order(&lines[..3]), [0]);
    // Then what it had to find was there, too.
    let lines = [
        write(0, 1, 1),
        lost_cas(6, 1, 2),
        lost_cas(0, 2, 3),
        read(4, 5, 3),
    ];
    assert_eq!(clash(&lines), (vec![2, 3, 1], "read of what came later"));
    let lines = [write(0, 1, 1), lost_cas(0, 7, 3), read(4, 5, 3)];
    assert_eq!(clash(&lines), (vec![1, 2], "cas of what nobody wrote"));
    assert_eq!(order(&[lost_cas(0, 1, 1), write(2, 3, 2)]), [1]);
}

#[test]
fn what_changes_nothing_is_fitted_in() {
    let lines = [write(0, 1, 1), unseen(2, 3), write(4, 5, 2), unseen(0, 9)];
    assert_eq!(order(&lines), [3, 0, 1, 2]);
    // Behind what returned before, in front of what was called later.
    let lines = [mismatch(0, 9, 0), write(1, 2, 1), write(3, 4, 2)];
    assert_eq!(order(&lines), [1, 0, 2]);
    let lines = [mismatch(0, 1, 0), write(1, 2, 1)];
    assert_eq!(order(&lines), [1, 0]);
    assert_eq!(decided(&[mismatch(0, 1, 0), write(2, 3, 1)]), None);
    let lines = [
        write(0, 1, 1),
        mismatch(2, 3, 1),
        write(3, 4, 2),
        read(5, 6, 2),
    ];
    assert_eq!(order(&lines), [0, 2, 1, 3]);
    // The first of two that follow on one another takes the second one along.
    let lines = [write(0, 9, 1), mismatch(0, 3, 0), mismatch(4, 5, 1)];
    assert_eq!(decided(&lines), None);
    let lines = [write(0, 9, 1), mismatch(0, 3, 0), unseen(4, 5)];
    assert_eq!(order(&lines), [0, 1, 2]);
    // Values that were written twice and not seen are refused under one name.
    let lines = [write(0, 1, 1), write(2, 3, 1), mismatch(4, 5, 1)];
    assert_eq!(decided(&lines), None);
}

#[test]
fn what_nobody_saw_may_have_been_there_when_a_mismatch_was_said() {
    let lines = [write(0, 1, 1), lost(2, 9), mismatch(3, 4, 1)];
    assert_eq!(order(&lines), [0, 1, 2]);
    let lines = [write(0, 1, 1), lost_cas(2, 1, 9), mismatch(3, 4, 1)];
    assert_eq!(order(&lines), [0, 1, 2]);
    let late = [write(0, 1, 1), lost(5, 9), mismatch(3, 4, 1)];
    assert_eq!(decided(&late), None);
    // It is there once, however the search of windows goes.
    let once = [
        write(0, 1, 1),
        lost(2, 9),
        mismatch(3, 4, 1),
        write(5, 6, 2),
        mismatch(7, 8, 2),
    ];
    let history = history(&once);
    let ops: Vec<&Op<_>> = history.ops().iter().collect();
    for sizes in [&[1][..], &[4], &[1, 4]] {
        assert_eq!(registers_by(&Value::Nil, &ops, sizes), None);
        let first = registers_by(&Value::Nil, &ops[..4], sizes);
        let ids = [0, 1, 2, 3].map(OpId).to_vec();
        assert_eq!(
            first,
            Some(Shortcut::Explained {
                order: ids,
                by: "zones"
            })
        );
    }
}

/// The window in front of the second write may not take what was called only when that one had returned.
#[test]
fn what_was_called_behind_a_window_does_not_come_into_it() {
    let lines = [
        write(0, 1, 1),
        mismatch(2, 20, 1),
        write(3, 4, 1),
        lost(5, 9),
    ];
    let history = history(&lines);
    let ops: Vec<&Op<_>> = history.ops().iter().collect();
    assert_eq!(registers_by(&Value::Nil, &ops, &[0]), None);
    assert_eq!(order(&lines), [0, 2, 3, 1]);
}

#[test]
fn what_stands_around_a_mismatch_is_moved_where_that_lets_it_fit_in() {
    // Sorted by zones, 2 stands before 3; but only 3 can replace 1 before the mismatch returns.
    let lines = [
        write(0, 1, 1),
        write(2, 8, 3),
        mismatch(3, 4, 1),
        write(5, 9, 2),
        read(9, 10, 3),
    ];
    assert_eq!(order(&lines), [0, 1, 2, 4, 3]);
    // Not if what it would pass had returned before.
    let lines = [
        write(0, 1, 1),
        mismatch(2, 3, 1),
        write(4, 5, 2),
        write(6, 7, 3),
    ];
    assert_eq!(decided(&lines), None);
}

#[test]
fn an_answer_that_belongs_to_another_call_is_left_to_the_search() {
    let wrong = (0, 1, Action::Write(int(1)), Some(RegisterRet::Mismatch));
    assert_eq!(decided(&[wrong]), None);
}
