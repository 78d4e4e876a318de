//! Long histories whose values repeat, with one answer at the end that nothing explains.

use std::collections::VecDeque;

use super::super::checker::Linearizable;
use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::luck::Luck;
use crate::model::{Appends, Model, Queues, Registers, Sets};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::set::{Set, SetAction, SetCall, SetRet};
use crate::verdict::{Budget, Checker};

const COUNT: u64 = 2_000;

/// How many configurations may be visited: some for each operation.
const FEW: u64 = 100 * COUNT;

/// Calls of four clients, of which each overlaps with some of the others, with the answers that they have
/// in this order; and one more behind them all.
fn history<D: Domain>(
    mut turn: impl FnMut(u64) -> (D::Call, D::Ret),
    last: (D::Call, D::Ret),
) -> History<D> {
    let mut entries = Vec::new();
    let mut push = |number: u64, length: u64, (call, ret): (D::Call, D::Ret)| {
        let (op, at, process) = (OpId(number), Time(10 * number), Process(number % 4));
        entries.push(Entry::Invoke {
            op,
            at,
            process,
            call,
        });
        let (at, outcome) = (Time(10 * number + length), Outcome::Ok(ret));
        entries.push(Entry::Return { op, at, outcome });
    };
    for number in 0..COUNT {
        push(number, 25, turn(number));
    }
    push(COUNT + 8, 5, last);
    entries.sort_by_key(Entry::at);
    History::new(entries).expect("each client calls once in four turns")
}

/// That there is no order is seen with little work, and told with few operations.
fn is_seen<M: Model>(model: M, history: &History<M::Domain>) {
    let verdict = Linearizable::new(model).check(history, Budget { states: FEW });
    let found = verdict.counterexample();
    let found = found.unwrap_or_else(|| panic!("not seen: {verdict:?}"));
    assert!(found.ops.len() <= 5, "{} {:?}", found.sentence, found.ops);
}

fn few(luck: &mut Luck) -> Value {
    Value::Int(luck.below(5).cast_signed())
}

#[test]
fn a_value_nobody_enqueued_is_seen_in_a_long_queue() {
    let luck = &mut Luck(1);
    let mut held: VecDeque<Value> = VecDeque::new();
    let call = |action| QueueCall { key: None, action };
    let turn = |_| {
        if luck.one_in(2) {
            let value = few(luck);
            held.push_back(value.clone());
            return (call(QueueAction::Enqueue(value)), QueueRet::Done);
        }
        let ret = held.pop_front().map_or(QueueRet::Empty, QueueRet::Value);
        (call(QueueAction::Dequeue), ret)
    };
    let last = (call(QueueAction::Dequeue), QueueRet::Value(Value::Int(9)));
    is_seen(Queues, &history::<Queue>(turn, last));
}

#[test]
fn a_value_nobody_wrote_or_long_replaced_is_seen_in_a_long_register() {
    for seen in [99, 7] {
        let luck = &mut Luck(2);
        let mut held = Value::Nil;
        let call = |action| RegisterCall { key: None, action };
        let turn = |number| match luck.below(3) {
            0 => (call(Action::Read), RegisterRet::Value(held.clone())),
            _ if number == 9 => {
                held = Value::Int(7);
                (call(Action::Write(held.clone())), RegisterRet::Done)
            }
            1 => {
                held = few(luck);
                (call(Action::Write(held.clone())), RegisterRet::Done)
            }
            _ => {
                let (from, to) = (few(luck), few(luck));
                let ret = if from == held {
                    held = to.clone();
                    RegisterRet::Done
                } else {
                    RegisterRet::Mismatch
                };
                (call(Action::Cas(from, to)), ret)
            }
        };
        let last = RegisterRet::Value(Value::Int(seen));
        let model = Registers {
            initial: Value::Nil,
        };
        let last = (call(Action::Read), last);
        is_seen(model, &history::<Register>(turn, last));
    }
}

#[test]
fn an_element_that_was_removed_is_seen_in_a_long_set() {
    let call = |action| SetCall { key: None, action };
    let turn = |number: u64| {
        let element = Value::Int(number.cast_signed() / 2);
        match number {
            0 | 1 => (call(SetAction::Add(Value::Int(-1))), SetRet::Done),
            8 => (call(SetAction::Remove(Value::Int(-1))), SetRet::Done),
            _ if number % 40 == 3 => (call(SetAction::Read), SetRet::Unseen),
            _ if number.is_multiple_of(2) => (call(SetAction::Add(element)), SetRet::Done),
            _ => (call(SetAction::Contains(element)), SetRet::Has(true)),
        }
    };
    let last = (call(SetAction::Contains(Value::Int(-1))), SetRet::Has(true));
    is_seen(Sets, &history::<Set>(turn, last));
}

#[test]
fn a_lost_piece_is_seen_in_a_long_string() {
    let mut held = String::new();
    let call = |action| AppendCall {
        key: "x".into(),
        action,
    };
    let turn = |number: u64| match number % 20 {
        // The pieces before it overlap with no get.
        19 => (call(AppendAction::Get), AppendRet::Unseen),
        0 => {
            held = "b".into();
            (call(AppendAction::Put(held.clone())), AppendRet::Done)
        }
        _ => {
            let piece = ["a", "b", "c"][number as usize % 3];
            held.push_str(piece);
            (call(AppendAction::Append(piece.into())), AppendRet::Done)
        }
    };
    let last = (call(AppendAction::Get), AppendRet::Value("bd".into()));
    is_seen(Appends, &history::<Append>(turn, last));
}
