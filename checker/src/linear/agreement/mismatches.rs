//! Histories in which many compare-and-set find a value that was just replaced.

use super::super::checker::Linearizable;
use super::super::replay::replay;
use super::super::zones::registers_by;
use super::by_hand;
use super::verdicts::{NIL, Tally};
use crate::history::{Entry, History, Op, OpId, Outcome, Process, Time};
use crate::luck::{Luck, cases};
use crate::model::Shortcut;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::verdict::{Budget, Checker, Verdict};

/// What a history looks like.
#[derive(Clone, Copy)]
struct Shape {
    count: u64,
    clients: usize,
    /// One operation in so many has no answer. Half of these took effect.
    unknown: u64,
    /// How many mismatches are said of the value that was there.
    bent: u64,
}

/// An operation before it has an answer.
struct Draft {
    called: u64,
    effect: u64,
    returned: Option<u64>,
    action: Action,
    happens: bool,
    ret: RegisterRet,
    /// What was there when it took effect.
    found: Value,
}

/// Of ten operations, five are compare-and-set, half of them from what the last one had replaced. Every write
/// has a value of its own.
fn drafts(luck: &mut Luck, shape: Shape) -> Vec<Draft> {
    let mut free = vec![0; shape.clients];
    let draft = |number: u64| {
        let client = (0..free.len()).min_by_key(|&client| free[client]);
        let free = &mut free[client.expect("there are clients")];
        let unknown = luck.one_in(shape.unknown);
        let called = *free + luck.below(4);
        let effect = called + luck.below(if unknown { 40 } else { 10 });
        let returned = effect + luck.below(10);
        *free = returned + 1;
        let value = Value::Int(number.cast_signed());
        Draft {
            called,
            effect,
            returned: (!unknown).then_some(returned),
            action: match luck.below(10) {
                0..5 => Action::Cas(Value::Nil, value),
                5..8 => Action::Write(value),
                _ => Action::Read,
            },
            happens: !unknown || luck.one_in(2),
            ret: RegisterRet::Unseen,
            found: Value::Nil,
        }
    };
    (0..shape.count).map(draft).collect()
}

/// A history of one register that begins as nil, which has an order if no answer is bent.
fn crowded(luck: &mut Luck, shape: Shape) -> History<Register> {
    let mut drafts = drafts(luck, shape);
    let mut order: Vec<usize> = (0..drafts.len()).collect();
    order.sort_by_cached_key(|&op| (drafts[op].effect, luck.below(8)));
    let (mut held, mut replaced) = (Value::Nil, Value::Nil);
    for op in order {
        let draft = &mut drafts[op];
        draft.found = held.clone();
        if let Action::Cas(from, _) = &mut draft.action {
            *from = if luck.one_in(2) { &held } else { &replaced }.clone();
        }
        let next = match &draft.action {
            Action::Read => {
                draft.ret = match luck.below(8) {
                    0 => RegisterRet::Unseen,
                    _ => RegisterRet::Value(held.clone()),
                };
                continue;
            }
            Action::Cas(from, _) if *from != held => {
                draft.ret = RegisterRet::Mismatch;
                continue;
            }
            Action::Write(value) | Action::Cas(_, value) => value.clone(),
        };
        draft.ret = RegisterRet::Done;
        if draft.happens {
            replaced = std::mem::replace(&mut held, next);
        }
    }
    for _ in 0..shape.bent {
        let draft = &mut drafts[luck.below(shape.count) as usize];
        if let (Action::Cas(from, _), RegisterRet::Mismatch) = (&mut draft.action, &draft.ret) {
            from.clone_from(&draft.found);
        }
    }
    recorded(drafts)
}

fn recorded(drafts: Vec<Draft>) -> History<Register> {
    let mut entries = Vec::new();
    for (number, draft) in (0..).zip(drafts) {
        let op = OpId(number);
        entries.push(Entry::Invoke {
            op,
            at: Time(draft.called),
            process: Process(number),
            call: RegisterCall {
                key: None,
                action: draft.action,
            },
        });
        if let Some(at) = draft.returned.map(Time) {
            let outcome = Outcome::Ok(draft.ret);
            entries.push(Entry::Return { op, at, outcome });
        }
    }
    entries.sort_by_key(Entry::at);
    History::new(entries).expect("each process calls once")
}

/// What zones say with windows of these sizes.
fn decided(history: &History<Register>, sizes: &[usize]) -> Option<Shortcut> {
    let ops: Vec<&Op<Register>> = history.ops().iter().collect();
    registers_by(&Value::Nil, &ops, sizes)
}

#[test]
fn registers_with_many_mismatches_are_judged_as_by_trying_every_order() {
    let mut tally = Tally::default();
    for seed in 0..cases(10_000) {
        let luck = &mut Luck(seed);
        let shape = Shape {
            count: 3 + luck.below(6),
            clients: 2 + luck.place(4),
            unknown: 3 + luck.below(8),
            bent: luck.below(8),
        };
        let history = crowded(luck, shape);
        let expected = by_hand::registers(&history);
        tally.judge(NIL, &history, expected);
    }
    assert!(tally.no > 100, "some of them have no order: {tally:?}");
}

/// What stands in front of a window and behind it keeps its place, so windows that are a part of the history
/// only are held against all of it.
#[test]
fn orders_that_were_put_right_in_small_windows_explain_the_whole_history() {
    let (mut put_right, mut left) = (0, 0);
    for seed in 0..cases(2_000) {
        let luck = &mut Luck(seed);
        let shape = Shape {
            count: 40 + luck.below(40),
            clients: 3 + luck.place(6),
            unknown: 4 + luck.below(30),
            bent: 0,
        };
        let history = crowded(luck, shape);
        if decided(&history, &[]).is_some() {
            continue;
        }
        let sizes = [1 + luck.place(3), 4 + luck.place(8)];
        match decided(&history, &sizes) {
            Some(Shortcut::Explained { order, .. }) => {
                put_right += 1;
                if let Err(wrong) = replay(&NIL, &history, &order) {
                    panic!("windows of {sizes:?}: {wrong} in {order:?} of {history:#?}");
                }
            }
            Some(Shortcut::Contradicted(found)) => panic!("false alarm {found:?}"),
            None => left += 1,
        }
    }
    assert!(put_right > left, "{put_right} put right, {left} left");
}

/// Without windows some mismatch fits nowhere, and a search of everything visits more states than there are
/// operations.
#[test]
fn a_long_history_of_mismatches_is_decided_without_a_search_of_all() {
    let shape = Shape {
        count: 20_000,
        clients: 10,
        unknown: 500,
        bent: 0,
    };
    let history = crowded(&mut Luck(4), shape);
    assert_eq!(decided(&history, &[]), None);
    let verdict = Linearizable::new(NIL).check(&history, Budget { states: 1 });
    let Verdict::Valid(witness) = verdict else {
        panic!("not decided: {verdict:?}");
    };
    assert_eq!(witness.exercised["parts by zones"], 1);
    assert_eq!(witness.exercised["states visited"], 0);
}
