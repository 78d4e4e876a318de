//! Histories that only one narrow rule tells from sound ones, each with its sound counterpart.

use super::ConsistencyModel;
use super::ConsistencyModel::{
    CursorStability, MonotonicAtomicView, ReadAtomic, ReadCommitted, ReadUncommitted,
    RepeatableRead, SnapshotIsolation, StrictSerializable,
};
use super::examples::{check, names};
use crate::verdict::Verdict;

#[track_caller]
fn breaks(model: ConsistencyModel, text: &str) {
    let verdict = check(model, text);
    assert!(
        verdict.counterexample().is_some(),
        "{model} is broken, but {verdict:?}: {text}"
    );
}

#[track_caller]
fn holds(model: ConsistencyModel, text: &str) {
    let verdict = check(model, text);
    assert!(
        verdict.counterexample().is_none(),
        "{model} holds, but {verdict:?}: {text}"
    );
}

/// Why a verdict was left open.
fn why(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Unknown(why) => why.to_string(),
        verdict => panic!("{verdict:?}"),
    }
}

#[test]
fn a_transaction_appends_in_its_order() {
    let disordered = "
        T0: append x 3, append x 4
        T1: append x 5
        T2: read x [4 3 5]";
    assert_eq!(names(disordered), ["disordered-appends"]);
    breaks(ReadCommitted, disordered);
    holds(
        StrictSerializable,
        &disordered.replace("[4 3 5]", "[3 4 5]"),
    );
    let half = "
        T0?: append x 1, append x 2
        T1: read x [2]";
    assert_eq!(names(half), ["disordered-appends", "G-single"]);
    holds(StrictSerializable, &half.replace("[2]", "[1 2]"));
}

#[test]
fn two_updates_of_one_version_are_no_snapshots_whenever_that_was_read() {
    let lists = "
        T0: append x 1, read x [1]
        T1: append x 2, read x [2]";
    breaks(SnapshotIsolation, lists);
    holds(CursorStability, lists);
    holds(StrictSerializable, &lists.replace("[2]", "[1 2]"));
    let skew = "
        T0: append x 1, read y []
        T1: append y 2, read x []";
    holds(SnapshotIsolation, skew);
}

#[test]
fn what_is_read_before_it_is_appended_is_so_whatever_is_read_between() {
    let future = "
        T0: read y [1], read y [], append y 1
        T1: read y [1]";
    assert_eq!(names(future)[0], "future-read");
    breaks(ReadCommitted, future);
    holds(
        StrictSerializable,
        &future.replace("y [1], read y []", "y [], read y []"),
    );
}

#[test]
fn what_vanishes_on_the_key_that_was_seen_first_is_missed_too() {
    let vanishes = "
        T0: append x 1, append y 1
        T1: read x [1], read y [1], read x []";
    breaks(MonotonicAtomicView, vanishes);
    holds(StrictSerializable, &vanishes.replace("x []", "x [1]"));
    // Of one key alone it is no matter of atomic views.
    holds(
        MonotonicAtomicView,
        "T0: append x 1, append y 1
         T1: read x [1], read x []",
    );
}

#[test]
fn an_append_between_a_read_and_the_append_upon_it_is_lost() {
    let between = "
        T0: read x [], append x 1
        T1: append x 2
        T2: read x [2 1]";
    breaks(CursorStability, between);
    holds(ReadCommitted, between);
    let unread = between.replace("[2 1]", "[2]");
    breaks(CursorStability, &unread);
    holds(StrictSerializable, &between.replace("[2 1]", "[1 2]"));
    let blind = between.replace("read x [], append x 1", "append x 1, read x [2 1]");
    holds(StrictSerializable, &blind);
}

#[test]
fn whoever_sees_two_writers_of_two_registers_sees_the_same_one_last() {
    let fractured = "
        T0: write x 1, write y 1
        T1: write x 2, write y 2
        T2: read x 1, read y 2";
    assert_eq!(names(fractured), ["fractured-read", "G-single"]);
    for model in [
        ReadAtomic,
        RepeatableRead,
        SnapshotIsolation,
        StrictSerializable,
    ] {
        breaks(model, fractured);
    }
    for model in [MonotonicAtomicView, CursorStability, ReadCommitted] {
        holds(model, fractured);
    }
    holds(
        StrictSerializable,
        &fractured.replace("x 1, read", "x 2, read"),
    );
    // Who has not written both may have been replaced on one of them.
    holds(StrictSerializable, &fractured.replace("write x 2, ", ""));
}

#[test]
fn what_a_list_read_in_two_orders_shows_of_others_is_told() {
    let garbage = "
        T0: append x 1
        T1: read x [1]
        T2: read x [7]";
    assert_eq!(names(garbage), ["garbage-read", "incompatible-order"]);
    breaks(ReadUncommitted, garbage);
    let failed = "
        T0: append x 1
        T1!: append x 2
        T2: read x [1]
        T3: read x [2]";
    assert_eq!(names(failed), ["G1a", "incompatible-order"]);
    let open = check(ReadUncommitted, &failed.replace("T1!", "T1"));
    assert_eq!(
        why(&open),
        "left open: key x was read in two orders, so nothing can be said of it"
    );
}

#[test]
fn a_register_that_is_written_nil_is_told_as_such() {
    let nil = check(
        StrictSerializable,
        "T0: write x 1
         T1: write x nil
         T2: read x 1",
    );
    assert_eq!(
        why(&nil),
        "left open: key x was written nil, which it held from the first, so nothing can \
         be said of it"
    );
}
