//! The judge and those that try every order give the same verdicts, and prove them.

use proptest::prelude::*;

use super::super::checker::Linearizable;
use super::super::naive::{naive, possible};
use super::super::part::parts;
use super::super::replay::replay;
use super::by_hand;
use super::generated::{Spread, append, register, siblings};
use crate::history::History;
use crate::luck::{Luck, cases};
use crate::model::{Appends, Model, MultiValue, Registers, Shortcut};
use crate::register::Value;
use crate::verdict::{Budget, Checker, Shortfall, Verdict};

/// How often the judges said yes, how often no, and how many parts a special case decided.
#[derive(Debug, Default)]
pub(super) struct Tally {
    yes: u64,
    pub(super) no: u64,
    /// Explained, contradicted, and left to the search.
    special: [u64; 3],
}

impl Tally {
    /// The judge on one history, of which it is known whether it has an order.
    pub(super) fn judge<M: Model>(
        &mut self,
        model: M,
        history: &History<M::Domain>,
        expected: bool,
    ) {
        for part in parts(&model, history) {
            let way = match model.shortcut(&part.ops) {
                Some(Shortcut::Explained { .. }) => 0,
                Some(Shortcut::Contradicted(_)) => 1,
                None => 2,
            };
            self.special[way] += 1;
        }
        let judge = Linearizable::new(model);
        assert_eq!(judge.holds(history, Budget::default()), Some(expected));
        match judge.check(history, Budget::default()) {
            Verdict::Valid(witness) => {
                assert!(expected, "missed: {history:#?}");
                replay(judge.model(), history, &witness.order).expect("a yes carries an order");
            }
            Verdict::Invalid(found) => {
                assert!(!expected, "false alarm {found:#?}: {history:#?}");
                assert!(!found.ops.is_empty() && !found.reasons.is_empty());
                assert!(
                    !possible(judge.model(), history, &found.ops),
                    "no certificate: {found:#?} of {history:#?}"
                );
            }
            Verdict::Unknown(Shortfall::NothingExercised(_)) => assert!(expected),
            Verdict::Unknown(shortfall) => panic!("undecided: {shortfall}"),
        }
        if expected {
            self.yes += 1;
        } else {
            self.no += 1;
        }
    }

    fn assert_both(&self) {
        assert!(self.yes.min(self.no) * 6 > self.yes + self.no, "{self:?}");
    }

    /// Special cases decided at least this share of all parts, in percent, in both ways.
    fn assert_special(&self, percent: u64) {
        let [yes, no, open] = self.special;
        assert!(yes.min(no) * 10 > yes + no, "{self:?}");
        assert!((yes + no) * 100 > (yes + no + open) * percent, "{self:?}");
    }
}

pub(super) const NIL: Registers = Registers {
    initial: Value::Nil,
};

fn registers(seeds: std::ops::Range<u64>, spread: Spread) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(7), luck.below(6));
        let history = register(luck, count, unknown, spread);
        let expected = by_hand::registers(&history);
        tally.judge(NIL, &history, expected);
    }
    tally.assert_both();
    tally
}

#[test]
fn registers_with_repeated_values_are_judged_as_by_trying_every_order() {
    registers(0..cases(10_000), Spread::Few);
}

#[test]
fn registers_with_unique_values_are_judged_as_by_trying_every_order() {
    let tally = registers(0..cases(10_000), Spread::Unique);
    tally.assert_special(65);
}

#[test]
fn registers_with_nearly_unique_values_are_judged_as_by_trying_every_order() {
    let tally = registers(0..cases(10_000), Spread::Nearly);
    tally.assert_special(60);
}

fn strings(spread: Spread) -> Tally {
    let mut tally = Tally::default();
    for seed in 0..cases(10_000) {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(7), luck.below(5));
        let history = append(luck, count, unknown, spread);
        let expected = naive(&Appends, &history).is_some();
        tally.judge(Appends, &history, expected);
    }
    tally.assert_both();
    tally
}

#[test]
fn strings_of_repeated_pieces_are_judged_as_by_trying_every_order() {
    strings(Spread::Few);
}

#[test]
fn strings_of_unique_pieces_are_judged_as_by_trying_every_order() {
    strings(Spread::Unique).assert_special(95);
}

#[test]
fn strings_of_nearly_unique_pieces_are_judged_as_by_trying_every_order() {
    strings(Spread::Nearly).assert_special(60);
}

#[test]
fn siblings_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..cases(10_000) {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(7), luck.below(4));
        let history = siblings(luck, count, unknown);
        let model = MultiValue::of(&history).expect("contexts name earlier operations");
        let expected = by_hand::siblings(&history);
        tally.judge(model, &history, expected);
    }
    tally.assert_both();
}

#[test]
fn the_naive_judge_agrees_with_those_without_a_model() {
    let mut counts = [0; 2];
    for seed in 100_000..103_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(5), luck.below(6));
        let history = register(luck, count, unknown, Spread::Few);
        let expected = by_hand::registers(&history);
        let order = naive(&NIL, &history);
        assert_eq!(order.is_some(), expected, "{history:#?}");
        if let Some(order) = order {
            replay(&NIL, &history, &order).expect("the naive order explains the history");
        }
        counts[usize::from(expected)] += 1;
        let history = siblings(luck, count, unknown);
        let model = MultiValue::of(&history).expect("contexts name earlier operations");
        let expected = by_hand::siblings(&history);
        assert_eq!(naive(&model, &history).is_some(), expected, "{history:#?}");
    }
    assert!(counts.iter().all(|&count| count > 500), "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_seed_gives_agreement(seed: u64, count in 2u64..8, unknown in 0u64..6) {
        let mut tally = Tally::default();
        for spread in [Spread::Few, Spread::Nearly, Spread::Unique] {
            let history = register(&mut Luck(seed), count, unknown, spread);
            tally.judge(NIL, &history, by_hand::registers(&history));
            let history = append(&mut Luck(seed), count, unknown, spread);
            let expected = naive(&Appends, &history).is_some();
            tally.judge(Appends, &history, expected);
        }
    }
}
