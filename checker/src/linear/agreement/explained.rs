//! What the search says of a part that has no order, word for word.

use super::super::checker::Linearizable;
use super::super::naive::{naive, possible};
use crate::history::{History, OpId};
use crate::model::{Counters, Model, Queues, Registers, Sets};
use crate::picture::{Drawn, parse};
use crate::register::Value;
use crate::verdict::{Budget, Checker, Counterexample, Verdict};

const NIL: Registers = Registers {
    initial: Value::Nil,
};

const FIVE: Counters = Counters { initial: 5 };

fn drawn<D: Drawn>(picture: &str) -> History<D> {
    parse(picture).expect("the picture can be read")
}

/// What is said of a picture that has no order, neither as a whole nor as the operations named alone.
fn breaks<M: Model<Domain: Drawn> + Clone>(model: &M, picture: &str) -> Counterexample {
    let history = drawn(picture);
    let verdict = Linearizable::new(model.clone()).check(&history, Budget::default());
    let found = verdict.counterexample();
    let found = found.unwrap_or_else(|| panic!("missed\n{picture}")).clone();
    assert!(naive(model, &history).is_none(), "false alarm\n{picture}");
    assert!(!possible(model, &history, &found.ops), "{found:#?}");
    found
}

fn texts(found: &Counterexample) -> Vec<&str> {
    let texts = found.reasons.iter().map(|reason| reason.text.as_str());
    texts.collect()
}

#[test]
fn of_equal_calls_one_that_must_take_effect_is_not_replaced_by_one_that_may_be_left_out() {
    let twice = "
        a  |enqueue 1----------------|
        b  |enqueue 1-------------------------|
        c  |dequeue -> 1-|
        d                                        |dequeue -> empty-|
    ";
    let found = breaks(&Queues, twice);
    assert!(
        [OpId(0), OpId(1), OpId(3)]
            .iter()
            .all(|op| found.ops.contains(op))
    );
    let history = drawn(&twice.replace("|dequeue -> empty-|", "|dequeue -> 1-|"));
    let verdict = Linearizable::new(Queues).check(&history, Budget::default());
    assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:#?}");
}

#[test]
fn a_stale_answer_is_told_with_where_it_came_from() {
    let found = breaks(&NIL, "a  |write 1-| |write 1-| |write 2-| |read -> 1-|");
    assert_eq!(found.ops, [OpId(1), OpId(2), OpId(3)]);
    assert_eq!(found.cause, "linearizable: stale read");
    assert_eq!(
        texts(&found),
        [
            "c0: write 2 → ok, from 25 to 34",
            "c0: read → 1, from 36 to 47",
            "the longest order begins write 2 → ok; then read → 1 must follow, but the state is 2",
            "leaving out any of the other operations makes no difference",
        ]
    );
}

#[test]
fn one_answer_alone_is_told_as_what_nobody_wrote_or_what_came_later() {
    let found = breaks(&FIVE, "a  |add 1-| |add 2-| |read -> 2-|");
    assert_eq!(found.cause, "linearizable: read of what nobody wrote");
    assert_eq!(found.ops, [OpId(2)]);
    assert_eq!(
        found.sentence,
        "Nothing called before its return explains `read → 2`."
    );
    let found = breaks(&FIVE, "a  |add 1-| |read -> 8-| |add 2-|");
    assert_eq!(found.cause, "linearizable: read of what came later");
    let found = breaks(&FIVE, "a  |add 1-| |add 3-| |read -> 8-|");
    assert_eq!(found.cause, "linearizable: read without what came before");
}

#[test]
fn where_all_operations_are_needed_nothing_is_said_of_others() {
    let found = breaks(&NIL, "a  |write 1-| |cas 1 2 -> mismatch-|");
    assert_eq!(found.ops.len(), 2);
    assert_eq!(texts(&found).len(), 3, "{found:#?}");
}

#[test]
fn of_many_states_some_are_named_and_the_rest_counted() {
    let found = breaks(
        &FIVE,
        "
        a  |add 2---------------|
        b  |add 4---------------|
        c  |add 8---------------|
        d  |read -> 20-|
        ",
    );
    let told = texts(&found);
    let end = told.iter().find(|text| text.contains("must follow"));
    let end = end.unwrap_or_else(|| panic!("{told:#?}"));
    assert!(end.ends_with("or one of 2 more"), "{end}");
}

#[test]
fn a_long_order_is_told_by_its_end_and_many_operations_by_the_last_of_them() {
    let adds = "|add 1-| |add 2-| ".repeat(30);
    let found = Linearizable::new(FIVE)
        .check(
            &drawn(&format!("a  {adds}|read -> 94-|")),
            Budget::default(),
        )
        .counterexample()
        .cloned()
        .expect("some add is missing");
    assert!(found.ops.len() > 30, "the answer rests on all adds of 1");
    let told = texts(&found);
    let end = told.iter().find(|text| text.contains("must follow"));
    let end = end.unwrap_or_else(|| panic!("{told:#?}"));
    assert!(end.starts_with("the longest order begins with "), "{end}");
    assert_eq!(end.matches("add").count(), 24, "{end}");
    let count = told.iter().filter(|text| text.starts_with("c0: ")).count();
    assert_eq!(count, 24);
    assert!(
        told.contains(&"and 7 operations called before these"),
        "{told:#?}"
    );
}

#[test]
fn an_answer_to_which_nothing_leads_is_seen_without_a_search_however_long_the_history() {
    let adds = "|add 1-| |add 2-| |read -> unseen-| |read -> unseen-| ".repeat(150);
    let history = drawn(&format!("a  {adds}|read -> 3-|"));
    let judge = Linearizable::new(FIVE);
    let verdict = judge.check(&history, Budget { states: 1 });
    assert!(verdict.counterexample().is_some(), "{verdict:?}");
}

#[test]
fn a_budget_counts_large_states_for_more() {
    let picture = format!("a  {}", "|enqueue 1-| ".repeat(200));
    let judge = Linearizable::new(Queues);
    let verdict = judge.check(&drawn(&picture), Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("nothing is wrong with an enqueue: {verdict:?}");
    };
    let visited = witness.exercised["states visited"];
    assert!(visited > 4_000, "{visited}");
    let verdict = judge.check(&drawn(&picture), Budget { states: 3_000 });
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}

#[test]
fn the_few_operations_are_found_in_a_long_history_whose_answers_hang_together() {
    let rest = (0..200).map(|number| format!("|add {number}-| |contains {number} -> yes-| "));
    let history = drawn(&format!(
        "a  |add 900-| |add 900-| |remove 900-| {}|read -> unseen-| |contains 900 -> yes-|",
        rest.collect::<String>()
    ));
    let verdict = Linearizable::new(Sets).check(&history, Budget::default());
    let found = verdict.counterexample().expect("900 was removed");
    assert!(found.ops.len() <= 4, "{}: {:?}", found.sentence, found.ops);
}
