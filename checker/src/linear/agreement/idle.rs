//! A small history is judged in the same way behind many operations that say nothing.

use super::super::checker::Linearizable;
use super::super::naive::naive;
use super::generated::{Spread, append, register};
use crate::append::{AppendAction, AppendCall, AppendRet};
use crate::counter::{CounterAction, CounterCall, CounterRet};
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::luck::Luck;
use crate::model::agreement::histories::{counter, queue, set};
use crate::model::{Appends, Counters, Model, Queues, Registers, Sets};
use crate::queue::{QueueAction, QueueCall, QueueRet};
use crate::register::{Action, RegisterCall, RegisterRet, Value};
use crate::set::{SetAction, SetCall, SetRet};
use crate::verdict::{Budget, Checker, Verdict};

/// One more than the operations of a part in which a contradiction is confirmed.
const IDLE: u64 = 10_001;

/// The history behind so many calls, one after the other, that all answer the same.
fn behind<D: Domain>(call: &D::Call, ret: &D::Ret, history: &History<D>) -> History<D> {
    let mut entries = Vec::new();
    for number in 0..IDLE {
        let (op, at) = (OpId(1_000 + number), Time(2 * number));
        let (process, call) = (Process(1_000), call.clone());
        entries.push(Entry::Invoke {
            op,
            at,
            process,
            call,
        });
        let (at, outcome) = (Time(2 * number + 1), Outcome::Ok(ret.clone()));
        entries.push(Entry::Return { op, at, outcome });
    }
    let later = |Time(at)| Time(at + 2 * IDLE);
    entries.extend(history.entries().map(|entry| entry.stamped(later)));
    History::new(entries).expect("the history stands behind the idle calls")
}

/// How many of the histories have no order, and how many have one.
fn same<M: Model + Clone>(
    model: &M,
    call: &<M::Domain as Domain>::Call,
    ret: &<M::Domain as Domain>::Ret,
    history: impl Fn(&mut Luck) -> History<M::Domain>,
) -> [u32; 2] {
    let judge = Linearizable::new(model.clone());
    let mut tally = [0; 2];
    for seed in 0..40 {
        let history = history(&mut Luck(seed));
        let expected = naive(model, &history).is_some();
        let verdict = judge.check(&behind(call, ret, &history), Budget::default());
        match verdict {
            Verdict::Valid(_) => assert!(expected, "missed: {history:#?}"),
            Verdict::Invalid(found) => {
                assert!(!expected, "false alarm {found:#?}: {history:#?}");
                assert!(found.ops.len() <= history.ops().len() + 1, "{found:#?}");
            }
            Verdict::Unknown(shortfall) => panic!("undecided: {shortfall}"),
        }
        tally[usize::from(expected)] += 1;
    }
    assert!(tally[0].min(tally[1]) > 4, "{tally:?}");
    tally
}

#[test]
fn registers_and_strings_are_judged_behind_reads_of_nothing() {
    let initial = Value::Nil;
    let read = RegisterCall {
        key: None,
        action: Action::Read,
    };
    let nil = RegisterRet::Value(Value::Nil);
    for spread in [Spread::Few, Spread::Unique] {
        same(
            &Registers {
                initial: initial.clone(),
            },
            &read,
            &nil,
            |luck| register(luck, 6, 2, spread),
        );
        let get = AppendCall {
            key: "x".into(),
            action: AppendAction::Get,
        };
        let empty = AppendRet::Value(String::new());
        same(&Appends, &get, &empty, |luck| append(luck, 6, 2, spread));
    }
}

#[test]
fn objects_are_judged_behind_reads_of_nothing() {
    let model = Counters { initial: 5 };
    let read = CounterCall {
        key: None,
        action: CounterAction::Read,
    };
    same(&model, &read, &CounterRet::Value(5), |luck| {
        counter(luck, 6)
    });
    let take = QueueCall {
        key: None,
        action: QueueAction::Dequeue,
    };
    same(&Queues, &take, &QueueRet::Empty, |luck| queue(luck, 6));
    let read = SetCall {
        key: None,
        action: SetAction::Read,
    };
    same(&Sets, &read, &SetRet::Values(vec![]), |luck| set(luck, 6));
}
