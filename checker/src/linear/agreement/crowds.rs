//! Histories in which many calls are open at once.

use super::super::checker::Linearizable;
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::model::Registers;
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::verdict::{Budget, Checker, Verdict};

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

const NIL: Registers = Registers {
    initial: Value::Nil,
};

#[test]
fn more_than_sixty_four_open_calls_are_searched() {
    let write = |value| (0, 1000, Action::Write(Value::Int(value)), RegisterRet::Done);
    let mut ops: Vec<_> = (0..150).map(write).collect();
    for (place, value) in [149, 70, 3, 148].into_iter().enumerate() {
        let at = 10 + place as u64 * 10;
        let seen = RegisterRet::Value(Value::Int(value));
        ops.push((at, at + 5, Action::Read, seen));
    }
    let judge = Linearizable::new(NIL);
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
    let judge = Linearizable::new(NIL);
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
    let verdict = Linearizable::new(NIL).check(&history, Budget::default());
    let found = verdict.counterexample().expect("1 was overwritten");
    assert_eq!(
        found.sentence,
        "No order of these 3 operations explains the reads."
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
