//! Large histories of objects are decided by their special cases, and so is one call that spoils them.

use std::collections::VecDeque;

use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::domain::Domain;
use crate::history::{Op, OpId, Outcome, Process, Time};
use crate::luck::Luck;
use crate::model::{Appends, Counters, Model, Mutexes, Queues, Sets, Shortcut};
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::Value;
use crate::set::{Set, SetAction, SetCall, SetRet};

/// How many operations: `DYNO_LARGE` of them, or else enough to see that it is not quadratic.
fn operations() -> u64 {
    match std::env::var("DYNO_LARGE") {
        Ok(count) => count.parse().expect("DYNO_LARGE is a number"),
        Err(_) => 20_000,
    }
}

/// The operation that takes effect as the given one in a row, with about twenty open at once.
fn op<D: Domain>(luck: &mut Luck, place: u64, call: D::Call, ret: D::Ret) -> Op<D> {
    let effect = 200 + 10 * place;
    let lost = luck.below(500) == 0;
    Op {
        id: OpId(place),
        process: Process(place),
        call,
        outcome: if lost {
            Outcome::Unknown
        } else {
            Outcome::Ok(ret)
        },
        invoked: Time(effect - luck.below(100)),
        returned: (!lost).then(|| Time(effect + luck.below(100))),
        line: place as usize + 1,
    }
}

/// Whether the special case finds an order, and none once the last operation is there too.
fn decides<M: Model>(model: &M, mut ops: Vec<Op<M::Domain>>, last: &Op<M::Domain>) {
    ops.sort_by_key(|op| op.invoked);
    let mut all: Vec<&Op<M::Domain>> = ops.iter().collect();
    match model.shortcut(&all) {
        Some(Shortcut::Explained { order, .. }) => {
            let answered = ops.iter().filter(|op| op.outcome.ok().is_some());
            assert!(order.len() >= answered.count());
        }
        other => panic!("{other:?}"),
    }
    all.push(last);
    match model.shortcut(&all) {
        // Calls of a lock that overlap all along are only too many taken together.
        Some(Shortcut::Contradicted(found)) => {
            assert!(found.by == "turns" || found.ops.len() <= 4, "{found:?}");
        }
        other => panic!("missed the last operation: {:?}", other.map(|_| "an order")),
    }
}

fn last<D: Domain>(call: D::Call, ret: D::Ret) -> Op<D> {
    let at = 10_000 + 10 * operations();
    Op {
        id: OpId(u64::MAX),
        process: Process(u64::MAX),
        call,
        outcome: Outcome::Ok(ret),
        invoked: Time(at),
        returned: Some(Time(at + 1)),
        line: operations() as usize + 1,
    }
}

#[test]
fn a_large_set_is_decided() {
    let luck = &mut Luck(1);
    let on = |action| SetCall { key: None, action };
    let element = |number: u64| Value::Int(number.cast_signed());
    let ops = (0..operations()).map(|place| match place % 4 {
        0 | 1 => op::<Set>(
            luck,
            place,
            on(SetAction::Add(element(place))),
            SetRet::Done,
        ),
        2 => {
            let asked = luck.below(place + 100);
            let has = asked < place && asked % 4 < 2;
            // An add of unknown outcome that nobody relies on may be late; here none is.
            let call = on(SetAction::Contains(element(asked)));
            op::<Set>(luck, place, call, SetRet::Has(has))
        }
        _ => op::<Set>(luck, place, on(SetAction::Read), SetRet::Unseen),
    });
    let ops: Vec<Op<Set>> = ops.collect();
    let lacks = last(on(SetAction::Read), SetRet::Values(vec![]));
    decides(&Sets, ops, &lacks);
}

#[test]
fn a_large_counter_is_decided() {
    let luck = &mut Luck(2);
    let on = |action| CounterCall { key: None, action };
    let mut held = 0;
    let ops = (0..operations()).map(|place| {
        if place % 2 == 0 {
            held += 1;
            return op::<Counter>(luck, place, on(CounterAction::Add(1)), CounterRet::Done);
        }
        op::<Counter>(
            luck,
            place,
            on(CounterAction::Read),
            CounterRet::Value(held),
        )
    });
    let ops: Vec<Op<Counter>> = ops.collect();
    let low = last(on(CounterAction::Read), CounterRet::Value(0));
    decides(&Counters::default(), ops, &low);
}

#[test]
fn a_large_queue_is_decided() {
    let luck = &mut Luck(3);
    let on = |action| QueueCall { key: None, action };
    let mut held: VecDeque<Value> = VecDeque::new();
    let ops = (0..operations()).map(|place| {
        if luck.below(2) == 0 {
            let value = Value::Int(place.cast_signed());
            held.push_back(value.clone());
            return op::<Queue>(luck, place, on(QueueAction::Enqueue(value)), QueueRet::Done);
        }
        let ret = held.pop_front().map_or(QueueRet::Empty, QueueRet::Value);
        op::<Queue>(luck, place, on(QueueAction::Dequeue), ret)
    });
    let ops: Vec<Op<Queue>> = ops.collect();
    let strange = last(on(QueueAction::Dequeue), QueueRet::Value(Value::Nil));
    decides(&Queues, ops, &strange);
}

#[test]
fn a_large_lock_is_decided() {
    let luck = &mut Luck(4);
    let on = |action| MutexCall { key: None, action };
    let ops = (0..operations()).map(|place| {
        let action = [MutexAction::Acquire, MutexAction::Release][place as usize % 2];
        op::<Mutex>(luck, place, on(action), MutexRet::Done)
    });
    let mut ops: Vec<Op<Mutex>> = ops.collect();
    for op in &mut ops {
        // Two calls that were both lost would leave the last one an excuse.
        op.outcome = Outcome::Ok(MutexRet::Done);
        op.returned = op.returned.or(Some(Time(op.invoked.0 + 200)));
    }
    // The lock ends free.
    ops.truncate(operations() as usize / 2 * 2);
    let spoils = last(on(MutexAction::Release), MutexRet::Done);
    decides(&Mutexes, ops, &spoils);
}

#[test]
fn a_string_of_one_piece_over_and_over_is_decided() {
    let mut held = String::new();
    let ops = (0..operations().min(4_000)).map(|place| {
        let (action, ret) = if place % 2 == 0 {
            held.push('a');
            (AppendAction::Append("a".into()), AppendRet::Done)
        } else {
            (AppendAction::Get, AppendRet::Value(held.clone()))
        };
        Op::<Append> {
            id: OpId(place),
            process: Process(0),
            call: AppendCall {
                key: "x".into(),
                action,
            },
            outcome: Outcome::Ok(ret),
            invoked: Time(10 * place),
            returned: Some(Time(10 * place + 5)),
            line: 2 * place as usize,
        }
    });
    let ops: Vec<Op<Append>> = ops.collect();
    let all: Vec<&Op<Append>> = ops.iter().collect();
    match Appends.shortcut(&all) {
        Some(Shortcut::Explained { order, .. }) => assert_eq!(order.len(), ops.len()),
        other => panic!("{other:?}"),
    }
}
