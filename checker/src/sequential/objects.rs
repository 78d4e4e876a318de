//! Sets, counters, locks and siblings are judged as by trying every interleaving of their sessions.

use super::Sequential;
use super::tests::{agree, assert_both, sessions};
use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::history::OpId;
use crate::kv::{Kv, KvCall, KvRet};
use crate::luck::{Luck, cases};
use crate::model::{Counters, MultiValue, Mutexes, Registers, Sets};
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};
use crate::picture::parse;
use crate::register::{Register, Value};
use crate::set::{Set, SetAction, SetCall, SetRet};
use crate::verdict::{Budget, Checker};

fn luck(seed: u64) -> Luck {
    Luck(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn element(luck: &mut Luck) -> Value {
    Value::Int(luck.below(2).cast_signed())
}

#[test]
fn sets_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(5_000) {
        let mut held: Vec<Value> = Vec::new();
        let call = |luck: &mut Luck| {
            let action = match luck.below(5) {
                0 | 1 => SetAction::Add(element(luck)),
                2 => SetAction::Remove(element(luck)),
                3 => SetAction::Contains(element(luck)),
                _ => SetAction::Read,
            };
            SetCall { key: None, action }
        };
        let act = |call: &SetCall| match &call.action {
            SetAction::Add(element) => {
                let changed = !held.contains(element);
                if changed {
                    held.push(element.clone());
                }
                SetRet::Changed(changed)
            }
            SetAction::Remove(element) => {
                held.retain(|other| other != element);
                SetRet::Done
            }
            SetAction::Contains(element) => SetRet::Has(held.contains(element)),
            SetAction::Read => SetRet::Values(held.clone()),
        };
        let bend = |_: &mut Luck, ret: &SetRet| match ret {
            SetRet::Changed(changed) => SetRet::Changed(!changed),
            SetRet::Has(has) => SetRet::Has(!has),
            SetRet::Values(values) => SetRet::Values(values.iter().skip(1).cloned().collect()),
            SetRet::Done | SetRet::Unseen => SetRet::Done,
        };
        let history = sessions::<Set>(&mut luck(seed), call, act, bend);
        agree(&Sets, &history, &mut tally);
    }
    assert_both(tally);
}

#[test]
fn counters_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(5_000) {
        let mut held = 0;
        let call = |luck: &mut Luck| {
            let action = match luck.below(2) {
                0 => CounterAction::Add(luck.below(4).cast_signed() - 1),
                _ => CounterAction::Read,
            };
            CounterCall { key: None, action }
        };
        let act = |call: &CounterCall| match call.action {
            CounterAction::Add(by) => {
                held += by;
                CounterRet::Done
            }
            CounterAction::Read => CounterRet::Value(held),
        };
        let bend = |luck: &mut Luck, ret: &CounterRet| match ret {
            CounterRet::Value(value) => CounterRet::Value(value + luck.below(4).cast_signed() - 2),
            CounterRet::Done | CounterRet::Unseen => CounterRet::Value(2),
        };
        let history = sessions::<Counter>(&mut luck(seed), call, act, bend);
        agree(&Counters::default(), &history, &mut tally);
    }
    assert_both(tally);
}

#[test]
fn locks_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(5_000) {
        let call = |luck: &mut Luck| {
            let action = if luck.one_in(2) {
                MutexAction::Acquire
            } else {
                MutexAction::Release
            };
            MutexCall { key: None, action }
        };
        let act = |_: &MutexCall| MutexRet::Done;
        let history = sessions::<Mutex>(&mut luck(seed), call, act, |_, ret| *ret);
        agree(&Mutexes, &history, &mut tally);
    }
    assert_both(tally);
}

#[test]
fn siblings_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(5_000) {
        let mut held: Vec<String> = Vec::new();
        let mut earlier: Vec<OpId> = Vec::new();
        let mut number = 0;
        let call = |luck: &mut Luck| {
            let (key, op) = ("x".to_owned(), OpId(number));
            number += 1;
            if luck.one_in(2) {
                return KvCall::Get { key };
            }
            let seen = earlier.get(luck.place(earlier.len() * 2)).copied();
            let context = seen.into_iter().collect();
            earlier.push(op);
            let value = format!("v{}", op.0);
            KvCall::Put {
                key,
                value,
                context,
            }
        };
        let act = |call: &KvCall| match call {
            KvCall::Put { value, context, .. } => {
                let covered = context.first().map(|op| format!("v{}", op.0));
                held.retain(|value| Some(value) != covered.as_ref());
                held.push(value.clone());
                KvRet::Stored
            }
            KvCall::Get { .. } | KvCall::Delete { .. } => KvRet::Values(held.clone()),
        };
        let bend = |_: &mut Luck, ret: &KvRet| match ret {
            KvRet::Values(values) => KvRet::Values(values.iter().skip(1).cloned().collect()),
            KvRet::Stored => KvRet::Stored,
        };
        let history = sessions::<Kv>(&mut luck(seed), call, act, bend);
        // A context of a put that failed stands for nothing.
        if let Ok(model) = MultiValue::of(&history) {
            agree(&model, &history, &mut tally);
        }
    }
    assert_both(tally);
}

#[test]
fn of_equal_calls_of_unknown_outcome_one_is_tried_at_a_time() {
    let unknown = ('a'..='n').map(|name| format!("{name}  |write 1 ?--...\n"));
    let unknown: Vec<String> = unknown.collect();
    let rest = "|write 2-| |read -> 1-| |write 2-| |read -> 1-| |read -> 9-|";
    let history = parse::<Register>(&format!("{}z  {rest}", unknown.concat()));
    let history = history.expect("the picture can be read");
    let judge = Sequential::new(Registers {
        initial: Value::Nil,
    });
    let verdict = judge.check(&history, Budget { states: 5_000 });
    assert!(verdict.counterexample().is_some(), "{verdict:?}");
}
