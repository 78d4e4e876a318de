//! What the search says of a part that has no order, word for word.

use super::super::checker::Linearizable;
use super::super::naive::{naive, possible};
use crate::history::{History, OpId};
use crate::model::{Model, Queues};
use crate::picture::{Drawn, parse};
use crate::verdict::{Budget, Checker, Counterexample, Verdict};

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
