//! Each kind of contradiction in a picture, beside one that differs by a little and has an order.

use crate::history::Op;
use crate::model::{Counters, Model, Mutexes, Queues, Sets, Shortcut};
use crate::picture::{Drawn, parse};
use crate::queue::Queue;

/// What the special case says of a picture: nothing for an order, or the kind of contradiction and how
/// many operations it names.
fn said<M: Model<Domain: Drawn>>(model: &M, picture: &str) -> Option<(&'static str, usize)> {
    let history = parse::<M::Domain>(picture).expect("the picture can be read");
    let ops: Vec<&Op<M::Domain>> = history.ops().iter().collect();
    match model.shortcut(&ops).expect("the special case decides this") {
        Shortcut::Explained { .. } => None,
        Shortcut::Contradicted(found) => {
            assert!(!found.facts.is_empty());
            Some((found.kind, found.ops.len()))
        }
    }
}

#[test]
fn sets_that_only_grow() {
    for (picture, kind) in [
        ("a |add 1-|\nb            |read -> 1-|", None),
        (
            "a |add 1-|\nb            |read -> nothing-|",
            Some(("lost element", 2)),
        ),
        ("a |add 1-----------|\nb    |read -> nothing-|", None),
        (
            "a |add 1 ?---...\nb   |read -> 1-| |read -> nothing-|",
            Some(("vanished element", 2)),
        ),
        (
            "a |read -> 1-|\nb                |add 1-|",
            Some(("element before its add", 2)),
        ),
        ("a |read -> 1-|", Some(("element nobody added", 1))),
        (
            "a |add 1-| |read -> 1,1-|",
            Some(("element listed twice", 1)),
        ),
        (
            "a |add 1----------|\nb |add 2----------|\nc  |read -> 1---|\nd  |read -> 2---|",
            Some(("reads of two different growths", 2)),
        ),
        (
            "a |add 1-|\nb            |add 2-----------------------|\nc               |read -> 2-----------|",
            Some(("lost element", 2)),
        ),
    ] {
        assert_eq!(said(&Sets, picture), kind, "{picture}");
    }
}

#[test]
fn a_read_may_show_that_elements_came_in_another_order() {
    let picture = "
        a  |add 1-|
        b              |add 2-----------------|
        c                                          |read -> 2,1-|
        d                 |read -> 2----------------------------|
    ";
    assert_eq!(said(&Sets, picture), Some(("lost element", 2)));
    let picture = "
        a  |add 1 ?--...
        b  |contains 1 -> yes-|
        c                         |add 2-|
        d     |read -> 2-------------------------|
    ";
    assert_eq!(said(&Sets, picture), Some(("elements in another order", 3)));
    assert_eq!(
        said(&Sets, &picture.replace("read -> 2-", "read -> 1-")),
        None
    );
}

#[test]
fn elements_that_are_removed() {
    for (picture, kind) in [
        ("a |add 1-| |remove 1-| |contains 1 -> no-|", None),
        (
            "a |add 1-| |contains 1 -> no-| |remove 1-|",
            Some(("element lost", 2)),
        ),
        (
            "a |add 1-| |remove 1-| |contains 1 -> yes-|",
            Some(("element back after its remove", 3)),
        ),
        (
            "a |add 1-| |remove 1 ?-...\nb              |contains 1 -> no-|",
            None,
        ),
        (
            "a |add 1-| |remove 1 ?-...\nb              |contains 1 -> no-| |contains 1 -> yes-|",
            Some(("element absent for a while", 3)),
        ),
        (
            "a |add 1-| |remove 1 -> changed-| |remove 1 -> changed-|",
            Some(("element removed twice", 2)),
        ),
        (
            "a |contains 1 -> yes-| |remove 1-|\nb                                   |add 1-|",
            Some(("element before its add", 2)),
        ),
        (
            "a |add 1-| |remove 1 -> changed-| |contains 1 -> yes-|",
            Some(("element back after its remove", 2)),
        ),
        (
            "a |add 1-------------|\nb  |remove 1-|\nc                        |contains 1 -> no-|",
            None,
        ),
    ] {
        assert_eq!(said(&Sets, picture), kind, "{picture}");
    }
    let added_twice = "a |add 1 -> changed-| |add 1 -> changed-|";
    assert_eq!(said(&Sets, added_twice), Some(("element added twice", 2)));
}

#[test]
fn counters_of_equal_adds() {
    for (picture, kind) in [
        ("a |add 2-| |read -> 7-|", None),
        (
            "a |add 2-| |read -> 6-|",
            Some(("value no adds lead to", 1)),
        ),
        (
            "a |add 2-| |read -> 3-|",
            Some(("value no adds lead to", 1)),
        ),
        ("a |add 2-| |read -> 5-|", Some(("missed add", 2))),
        ("a |add 2-------|\nb  |read -> 5-|", None),
        (
            "a |add 2-| |read -> 9-|",
            Some(("value ahead of the adds", 1)),
        ),
        (
            "a |add 2 ?--...\nb |read -> 7-| |read -> 5-|",
            Some(("value of the past", 2)),
        ),
        (
            "a |add 2-----------------------------|\nb |read -> 7-| |read -> 7-|",
            None,
        ),
        (
            "a |add 2-----------------------------|\nb |read -> 7-| |add 2-| |read -> 7-|",
            Some(("missed add", 3)),
        ),
        (
            "a |add 2-| |add 2-|\nb                     |read -> 9-| |read -> 11-|\nc                         |add 2-|",
            None,
        ),
        (
            "a |add 2-| |add 2 ?--...\nb            |read -> 7-| |read -> 11-|\nc                              |add 2-|",
            None,
        ),
        (
            "a |add 2-----------| |add 2-|\nb                               |read -> 9-|\nc   |read -> 9-|",
            Some(("value ahead of the adds", 1)),
        ),
        (
            "a |add 2 -> 7-| |add 2 -> 7-|",
            Some(("two adds to one value", 2)),
        ),
        ("a |add 2 -> 9-----------|\nb         |add 2-|", None),
    ] {
        assert_eq!(said(&Counters { initial: 5 }, picture), kind, "{picture}");
    }
}

#[test]
fn queues_of_unique_values() {
    for (picture, kind) in [
        (
            "a |enqueue 1-| |enqueue 2-| |dequeue -> 1-| |dequeue -> 2-|",
            None,
        ),
        (
            "a |enqueue 1-| |enqueue 2-| |dequeue -> 2-| |dequeue -> 1-|",
            Some(("value overtaken", 4)),
        ),
        (
            "a |enqueue 1-----| |dequeue -> 2-| |dequeue -> 1-|\nb |enqueue 2-----|",
            None,
        ),
        (
            "a |enqueue 1-| |enqueue 2-| |dequeue -> 2-|",
            Some(("value overtaken", 3)),
        ),
        (
            "a |enqueue 1-| |enqueue 2-| |dequeue -> 2-|\nb      |dequeue ?--...",
            None,
        ),
        (
            "a |enqueue 1-| |enqueue 2-| |dequeue -> 2-|\nb                                                |dequeue ?--...",
            Some(("value overtaken", 3)),
        ),
        (
            "a |enqueue 1-| |enqueue 2-| |enqueue 3-| |dequeue -> 3-|\nb      |dequeue ?--...",
            Some(("value overtaken", 4)),
        ),
        ("a |dequeue -> 1-|", Some(("value nobody enqueued", 1))),
        (
            "a |dequeue -> 1-| |enqueue 1-|",
            Some(("value of the future", 2)),
        ),
        (
            "a |enqueue 1-| |dequeue -> 1-| |dequeue -> 1-|",
            Some(("value taken twice", 3)),
        ),
        (
            "a |enqueue 1-| |dequeue -> empty-|",
            Some(("empty though it held values", 2)),
        ),
        (
            "a |enqueue 1-| |dequeue -> empty-|\nb |dequeue ?--...",
            None,
        ),
        (
            "a |enqueue 1-| |dequeue -> empty-| |dequeue -> 1-|",
            Some(("empty though it held values", 3)),
        ),
        ("a |enqueue 1---------------|\nb  |dequeue -> empty-|", None),
        (
            "a |enqueue 1-|              |dequeue -> 1-|\nb             |enqueue 2-|                      |dequeue -> 2-|\nc                  |dequeue -> empty-------|",
            Some(("empty though it held values", 5)),
        ),
        (
            "a |enqueue 1-|              |dequeue -> 1-|\nb             |enqueue 2---------|           |dequeue -> 2-|\nc                  |dequeue -> empty---|",
            None,
        ),
    ] {
        assert_eq!(said(&Queues, picture), kind, "{picture}");
    }
}

#[test]
fn queues_of_repeated_values_of_which_one_is_taken_too_often() {
    let twice = "a |enqueue 1-| |enqueue 1-|";
    for (rest, kind) in [
        (" |dequeue -> 9-|", ("value nobody enqueued", 1)),
        (
            " |dequeue -> 1-| |dequeue -> 1-| |dequeue -> 1-|",
            ("value taken too often", 5),
        ),
        (
            "\nb |dequeue -> 2-| |enqueue 2-|",
            ("value of the future", 1),
        ),
    ] {
        let picture = format!("{twice}{rest}");
        assert_eq!(said(&Queues, &picture), Some(kind), "{picture}");
    }
    let right = format!("{twice} |dequeue -> 1-| |dequeue -> 1-|");
    let history = parse::<Queue>(&right).expect("the picture can be read");
    let ops: Vec<&Op<Queue>> = history.ops().iter().collect();
    assert_eq!(
        Queues.shortcut(&ops),
        None,
        "their order is left to the search"
    );
}

#[test]
fn turns_of_a_lock() {
    for (picture, kind) in [
        ("a |acquire-| |release-| |acquire-|", None),
        ("a |acquire-| |acquire-|", Some(("acquired while held", 2))),
        ("a |acquire-| |acquire-|\nb      |release-|", None),
        ("a |acquire-| |acquire-|\nb      |release ?--...", None),
        (
            "a |acquire-| |acquire-| |acquire-|\nb      |release ?--...",
            Some(("acquired while held", 3)),
        ),
        ("a |release-|", Some(("released while free", 1))),
        ("a |release-|\nb |acquire ?--...", None),
        (
            "a |acquire-| |release-| |release-|",
            Some(("released while free", 2)),
        ),
        (
            "a |acquire-| |release-| |release-|\nb                |acquire-----|",
            None,
        ),
    ] {
        assert_eq!(said(&Mutexes, picture), kind, "{picture}");
    }
}
