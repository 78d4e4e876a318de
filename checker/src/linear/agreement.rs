//! The search, the naive judge and the explanation agree on thousands of small histories.

use proptest::prelude::*;

use super::checker::Linearizable;
use super::generated::{Luck, append, register, siblings};
use super::naive::naive;
use super::part::{Part, Step, parts};
use super::relax::Trials;
use super::replay::replay;
use super::search::Search;
use crate::domain::Domain;
use crate::history::{Entry, History, Op, OpId, Outcome, Process, Time};
use crate::model::{Appends, Model, MultiValue, Registers};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::verdict::{Budget, Checker, Shortfall, Verdict};

/// How often both judges said yes, and how often no.
#[derive(Default)]
struct Tally {
    yes: u32,
    no: u32,
}

impl Tally {
    /// Both judges on one history; `None` as a model stands for one that the history refuses.
    fn judge<M: Model>(&mut self, model: M, history: &History<M::Domain>) {
        let expected = naive(&model, history);
        if let Some(order) = &expected {
            replay(&model, history, order).expect("the naive order explains the history");
        }
        let judge = Linearizable::new(model);
        match judge.check(history, Budget::default()) {
            Verdict::Valid(_) => assert!(expected.is_some(), "missed: {history:#?}"),
            Verdict::Invalid(found) => {
                assert!(expected.is_none(), "false alarm {found:#?}: {history:#?}");
                assert!(!found.ops.is_empty() && !found.reasons.is_empty());
            }
            Verdict::Unknown(Shortfall::NothingExercised(_)) => assert!(expected.is_some()),
            Verdict::Unknown(shortfall) => panic!("undecided: {shortfall}"),
        }
        match expected {
            Some(_) => self.yes += 1,
            None => self.no += 1,
        }
    }

    fn assert_both(&self) {
        let rarer = self.yes.min(self.no);
        assert!(
            rarer * 6 > self.yes + self.no,
            "{} yes, {} no",
            self.yes,
            self.no
        );
    }
}

fn nil() -> Registers {
    Registers {
        initial: Value::Nil,
    }
}

#[test]
fn registers_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..20_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(6), luck.below(6));
        tally.judge(nil(), &register(luck, count, unknown));
    }
    tally.assert_both();
}

#[test]
fn strings_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..20_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(6), luck.below(5));
        tally.judge(Appends, &append(luck, count, unknown));
    }
    tally.assert_both();
}

#[test]
fn siblings_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..20_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(6), luck.below(4));
        let history = siblings(luck, count, unknown);
        let model = MultiValue::of(&history).expect("contexts name earlier operations");
        tally.judge(model, &history);
    }
    tally.assert_both();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn every_seed_gives_agreement(seed: u64, count in 2u64..8, unknown in 0u64..6) {
        let mut tally = Tally::default();
        tally.judge(nil(), &register(&mut Luck(seed), count, unknown));
        tally.judge(Appends, &append(&mut Luck(seed), count, unknown));
    }
}

/// Whether some order of some of these operations explains a register's answers, told without a model:
/// each read must find the value that was stored last.
fn some_order(ops: &[&Op<Register>], held: &Value) -> bool {
    let complete = |op: &Op<Register>| op.outcome.ok().is_some();
    if !ops.iter().any(|op| complete(op)) {
        return true;
    }
    (0..ops.len()).any(|next| {
        let op = ops[next];
        if ops
            .iter()
            .any(|other| complete(other) && other.precedes(op))
        {
            return false;
        }
        let replaces = matches!(&op.call.action, Action::Cas(from, _) if from == held);
        let told = match (op.outcome.ok(), &op.call.action) {
            (None | Some(RegisterRet::Unseen), Action::Read) => true,
            (Some(RegisterRet::Value(seen)), Action::Read) => seen == held,
            (None | Some(RegisterRet::Done), Action::Write(_)) => true,
            (None, Action::Cas(..)) => true,
            (Some(RegisterRet::Done), Action::Cas(..)) => replaces,
            (Some(RegisterRet::Mismatch), Action::Cas(..)) => !replaces,
            _ => false,
        };
        let stored = match &op.call.action {
            Action::Write(value) => value.clone(),
            Action::Cas(_, to) if replaces => to.clone(),
            Action::Cas(..) | Action::Read => held.clone(),
        };
        let rest: Vec<&Op<Register>> = ops.iter().filter(|o| o.id != op.id).copied().collect();
        told && some_order(&rest, &stored)
    })
}

#[test]
fn registers_are_judged_as_by_a_judge_without_a_model() {
    let mut counts = [0; 2];
    for seed in 100_000..105_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(5), luck.below(6));
        let history = register(luck, count, unknown);
        let apart = |key: bool| {
            let ops = history.ops().iter();
            let ops: Vec<&Op<Register>> = ops
                .filter(|op| op.outcome != Outcome::Fail && op.call.key.is_some() == key)
                .collect();
            some_order(&ops, &Value::Nil)
        };
        let expected = apart(false) && apart(true);
        assert_eq!(naive(&nil(), &history).is_some(), expected);
        let verdict = Linearizable::new(nil()).check(&history, Budget::default());
        assert_eq!(verdict.counterexample().is_none(), expected);
        counts[usize::from(expected)] += 1;
    }
    assert!(counts.iter().all(|&count| count > 500), "{counts:?}");
}

/// Whether these steps have an order, tried with every choice of those that may be left out.
fn weakest_order<M: Model>(model: &M, core: &[Step<'_, M::Domain>]) -> bool {
    let relaxed: Vec<usize> = (0..core.len())
        .filter(|&step| !core[step].strict && core[step].until.is_some())
        .collect();
    (0..1_u32 << relaxed.len()).any(|chosen| {
        let kept = core.iter().enumerate().filter(|(step, _)| {
            let place = relaxed.iter().position(|relaxed| relaxed == step);
            place.is_none_or(|place| chosen >> place & 1 == 1)
        });
        let steps: Vec<_> = kept.map(|(_, step)| *step).collect();
        ordered(model, &model.initial(), &steps)
    })
}

fn ordered<M: Model>(model: &M, state: &M::State, left: &[Step<'_, M::Domain>]) -> bool {
    if left.iter().all(|step| step.until.is_none()) {
        return true;
    }
    (0..left.len()).any(|next| {
        let step = left[next];
        let late =
            |other: &Step<'_, M::Domain>| other.until.is_some_and(|until| until < step.op.invoked);
        if left.iter().any(late) {
            return false;
        }
        let mut rest = left.to_vec();
        rest.remove(next);
        let after = model.step(state, &step.op.call, step.ret);
        after.is_some_and(|after| ordered(model, &after, &rest))
    })
}

fn assert_core_is_a_core<M: Model>(model: &M, history: &History<M::Domain>) -> bool {
    let parts: Vec<Part<'_, M::Domain>> = parts(model, history);
    let mut broken = false;
    for part in &parts {
        let steps = part.steps();
        let mut search = Search::new(model, &steps);
        if search.advance(u64::MAX) == Some(true) {
            continue;
        }
        broken = true;
        let core = Trials::new(model, u64::MAX, u64::MAX).core(&steps, search.barrier());
        assert!(!weakest_order(model, &core), "{core:#?} of {history:#?}");
        for step in 0..core.len() {
            let mut weaker = core.clone();
            if weaker[step].strict {
                weaker[step] = weaker[step].relaxed();
                assert!(
                    weakest_order(model, &weaker),
                    "{step} is needless in {core:#?}"
                );
            }
        }
    }
    broken
}

#[test]
fn a_core_has_no_order_and_nothing_needless() {
    let mut broken = [0; 3];
    for seed in 200_000..203_000 {
        let luck = &mut Luck(seed);
        let (count, unknown) = (2 + luck.below(5), luck.below(5));
        let history = register(luck, count, unknown);
        broken[0] += u32::from(assert_core_is_a_core(&nil(), &history));
        let history = append(luck, count, unknown);
        broken[1] += u32::from(assert_core_is_a_core(&Appends, &history));
        let history = siblings(luck, count, unknown);
        let model = MultiValue::of(&history).expect("contexts name earlier operations");
        broken[2] += u32::from(assert_core_is_a_core(&model, &history));
    }
    assert!(broken.iter().all(|&count| count > 300), "{broken:?}");
}

/// Entries of completed calls: process, call time, return time, action, answer.
fn completed(ops: &[(u64, u64, Action, RegisterRet)]) -> History<Register> {
    let mut entries = Vec::new();
    for (number, (called, returned, action, ret)) in ops.iter().enumerate() {
        let op = OpId(number as u64);
        entries.push(Entry::Invoke {
            op,
            at: Time(*called),
            process: Process(number as u64),
            call: RegisterCall {
                key: None,
                action: action.clone(),
            },
        });
        entries.push(Entry::Return {
            op,
            at: Time(*returned),
            outcome: Outcome::Ok(ret.clone()),
        });
    }
    entries.sort_by_key(Entry::at);
    History::new(entries).expect("each process calls once")
}

#[test]
fn more_than_sixty_four_open_calls_are_searched() {
    let write = |value| (0, 1000, Action::Write(Value::Int(value)), RegisterRet::Done);
    let mut ops: Vec<_> = (0..150).map(write).collect();
    for (place, value) in [149, 70, 3, 148].into_iter().enumerate() {
        let at = 10 + place as u64 * 10;
        let seen = RegisterRet::Value(Value::Int(value));
        ops.push((at, at + 5, Action::Read, seen));
    }
    let judge = Linearizable::new(nil());
    let verdict = judge.check(&completed(&ops), Budget::default());
    assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");
    ops.push((60, 65, Action::Read, RegisterRet::Value(Value::Int(70))));
    let verdict = judge.check(&completed(&ops), Budget::default());
    let found = verdict.counterexample().expect("70 was written once");
    assert_eq!(found.cause, "linearizable: stale read");
}

#[test]
fn a_crowd_of_unknown_writes_hides_no_stale_read() {
    let mut entries = Vec::new();
    let mut next = 0;
    let mut invoke = |entries: &mut Vec<Entry<Register>>, at: u64, action| {
        next += 1;
        entries.push(Entry::Invoke {
            op: OpId(next),
            at: Time(at),
            process: Process(next),
            call: RegisterCall { key: None, action },
        });
        OpId(next)
    };
    for value in 0..60 {
        invoke(&mut entries, 0, Action::Write(Value::Int(value)));
    }
    for round in 1..200 {
        let action = if round % 2 == 1 {
            Action::Write(Value::Int(1000 + round))
        } else {
            Action::Read
        };
        let op = invoke(&mut entries, round.unsigned_abs() * 10, action.clone());
        let seen = RegisterRet::Value(Value::Int(999 + round));
        let ret = if action == Action::Read {
            seen
        } else {
            RegisterRet::Done
        };
        let at = Time(round.unsigned_abs() * 10 + 5);
        let outcome = Outcome::Ok(ret);
        entries.push(Entry::Return { op, at, outcome });
    }
    let budget = Budget { states: 100_000 };
    let judge = Linearizable::new(nil());
    let history = History::new(entries.clone()).expect("well formed");
    let verdict = judge.check(&history, budget);
    assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:?}");

    let op = invoke(&mut entries, 3000, Action::Read);
    let outcome = Outcome::Ok(RegisterRet::Value(Value::Int(1001)));
    let at = Time(3001);
    entries.push(Entry::Return { op, at, outcome });
    let history = History::new(entries).expect("well formed");
    let verdict = judge.check(&history, budget);
    assert!(matches!(verdict, Verdict::Invalid(_)), "{verdict:?}");
}

#[test]
fn labels_of_the_domain_name_the_operation_in_reasons() {
    let ops = [
        (1, 2, Action::Write(Value::Int(1)), RegisterRet::Done),
        (3, 4, Action::Write(Value::Int(2)), RegisterRet::Done),
        (5, 6, Action::Read, RegisterRet::Value(Value::Int(1))),
    ];
    let history = completed(&ops);
    let verdict = Linearizable::new(nil()).check(&history, Budget::default());
    let found = verdict.counterexample().expect("1 was overwritten");
    assert_eq!(
        found.sentence,
        "No order of these 2 operations explains the reads."
    );
    assert_eq!(found.ops, [OpId(0), OpId(1), OpId(2)]);
    let label = Register::label(&history.ops()[2].call, &history.ops()[2].outcome);
    assert!(
        found
            .reasons
            .iter()
            .any(|reason| reason.text.contains(&label))
    );
    assert_eq!(found.cause, "linearizable: stale read");
    assert_eq!((found.key.clone(), found.part.as_str()), (None, ""));
}
