//! Small histories of objects: simulated, so that many have an order, then bent here and there.

use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::luck::Luck;
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::Value;
use crate::set::{Set, SetAction, SetCall, SetRet};

/// A number below the end, as values and amounts are.
fn number(luck: &mut Luck, end: u64) -> i64 {
    luck.below(end).cast_signed()
}

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Done,
    Fails,
    /// Of unknown outcome, with an effect.
    Late,
    /// Of unknown outcome, without one.
    Never,
}

struct Draft {
    called: u64,
    effect: u64,
    returns: u64,
    fate: Fate,
}

fn drafts(luck: &mut Luck, count: u64) -> Vec<Draft> {
    let (spread, unknown) = (1 + luck.below(count * 5), luck.below(6));
    let drafts = (0..count).map(|_| {
        let called = luck.below(spread);
        let fate = match luck.below(20) {
            0 => Fate::Fails,
            roll if roll <= unknown => Fate::Late,
            roll if roll <= 2 * unknown => Fate::Never,
            _ => Fate::Done,
        };
        let length = luck.below(7);
        let end = match fate {
            Fate::Late => spread + 6,
            Fate::Done | Fate::Fails | Fate::Never => called + length,
        };
        Draft {
            called,
            effect: called + luck.below(end - called + 1),
            returns: called + length,
            fate,
        }
    });
    drafts.collect()
}

/// Calls these on one object; `act` answers nothing where a call can do nothing, `bend` tells a lie.
fn record<D: Domain>(
    luck: &mut Luck,
    calls: Vec<D::Call>,
    mut act: impl FnMut(&D::Call) -> Option<D::Ret>,
    mut bend: impl FnMut(&mut Luck, &D::Ret) -> D::Ret,
) -> History<D> {
    let drafts = drafts(luck, calls.len() as u64);
    let mut order: Vec<usize> = (0..calls.len()).collect();
    order.sort_by_key(|&op| (drafts[op].effect, luck.below(8)));
    let mut answers: Vec<Option<D::Ret>> = vec![None; calls.len()];
    for op in order {
        if matches!(drafts[op].fate, Fate::Done | Fate::Late) {
            answers[op] = act(&calls[op]);
        }
    }
    for _ in 0..luck.below(3) {
        let bent = luck.below(calls.len() as u64) as usize;
        answers[bent] = answers[bent].as_ref().map(|ret| bend(luck, ret));
    }
    let mut entries: Vec<(Time, u64, Entry<D>)> = Vec::new();
    for (number, (draft, call)) in drafts.into_iter().zip(calls).enumerate() {
        let op = OpId(number as u64);
        let outcome = match (draft.fate, answers[number].take()) {
            (Fate::Done, Some(ret)) => Some(Outcome::Ok(ret)),
            (Fate::Fails, _) => Some(Outcome::Fail),
            _ if luck.one_in(2) => Some(Outcome::Unknown),
            _ => None,
        };
        let (at, process) = (Time(draft.called), Process(number as u64));
        let call = Entry::Invoke {
            op,
            at,
            process,
            call,
        };
        entries.push((at, luck.below(50), call));
        if let Some(outcome) = outcome {
            let at = Time(draft.returns);
            entries.push((at, 50 + luck.below(50), Entry::Return { op, at, outcome }));
        }
    }
    entries.sort_by_key(|(at, shuffled, _)| (*at, *shuffled));
    History::new(entries.into_iter().map(|(.., entry)| entry)).expect("each process calls once")
}

fn key(luck: &mut Luck, two: bool) -> Option<String> {
    (two && luck.one_in(2)).then(|| "y".to_owned())
}

/// One set or two. Each kind of history: what is added, whether there are removes, and full reads.
pub(crate) fn set(luck: &mut Luck, count: u64) -> History<Set> {
    let (two, unique) = (luck.one_in(4), luck.one_in(2));
    let (removes, reads) = (luck.one_in(2), luck.one_in(2));
    let elements = 1 + luck.below(3);
    let mut next = 0;
    let calls = (0..count).map(|_| {
        let element = Value::Int(number(luck, elements));
        let action = match luck.below(6) {
            0..3 if unique => {
                next += 1;
                SetAction::Add(Value::Int(next - 1))
            }
            0..2 => SetAction::Add(element),
            2 | 3 if removes => SetAction::Remove(element),
            4 | 5 if reads => SetAction::Read,
            _ => SetAction::Contains(element),
        };
        let key = key(luck, two);
        SetCall { key, action }
    });
    let calls: Vec<SetCall> = calls.collect();
    let mut held: [Vec<Value>; 2] = Default::default();
    let tells = luck.below(3);
    let mut quiet = Luck(luck.below(1 << 40));
    let act = |call: &SetCall| {
        let held = &mut held[usize::from(call.key.is_some())];
        let told = |changed, quiet: &mut Luck| match tells {
            0 => SetRet::Done,
            1 if quiet.one_in(2) => SetRet::Done,
            _ => SetRet::Changed(changed),
        };
        Some(match &call.action {
            SetAction::Add(element) => {
                let changed = !held.contains(element);
                if changed {
                    held.insert(held.len() / 2, element.clone());
                }
                told(changed, &mut quiet)
            }
            SetAction::Remove(element) => {
                let size = held.len();
                held.retain(|other| other != element);
                told(held.len() < size, &mut quiet)
            }
            SetAction::Contains(element) => SetRet::Has(held.contains(element)),
            SetAction::Read => SetRet::Values(held.clone()),
        })
    };
    record(luck, calls, act, |luck, ret| match ret {
        SetRet::Has(_) | SetRet::Values(_) if luck.one_in(8) => SetRet::Unseen,
        SetRet::Done => SetRet::Changed(luck.one_in(2)),
        SetRet::Changed(changed) => SetRet::Changed(!changed),
        SetRet::Has(has) => SetRet::Has(!has),
        SetRet::Values(values) if !values.is_empty() && luck.one_in(2) => {
            SetRet::Values(values[1..].to_vec())
        }
        SetRet::Values(values) => {
            let mut more = values.clone();
            more.push(Value::Int(number(luck, 3)));
            SetRet::Values(more)
        }
        SetRet::Unseen => SetRet::Unseen,
    })
}

/// One counter or two, which begin at 5.
pub(crate) fn counter(luck: &mut Luck, count: u64) -> History<Counter> {
    let (two, mixed, tells) = (luck.one_in(4), luck.one_in(4), luck.one_in(3));
    let unit = [1, 2, -3][luck.below(3) as usize];
    let calls = (0..count).map(|_| {
        let action = match luck.below(20) {
            0 => CounterAction::Add(0),
            1..10 if mixed => CounterAction::Add(number(luck, 7) - 3),
            1..10 => CounterAction::Add(unit),
            _ => CounterAction::Read,
        };
        let key = key(luck, two);
        CounterCall { key, action }
    });
    let calls: Vec<CounterCall> = calls.collect();
    let mut held = [5; 2];
    let act = |call: &CounterCall| {
        let held = &mut held[usize::from(call.key.is_some())];
        Some(match call.action {
            CounterAction::Add(by) => {
                *held += by;
                if tells {
                    CounterRet::Value(*held)
                } else {
                    CounterRet::Done
                }
            }
            CounterAction::Read => CounterRet::Value(*held),
        })
    };
    record(luck, calls, act, |luck, ret| match ret {
        CounterRet::Value(_) if !tells && luck.one_in(8) => CounterRet::Unseen,
        CounterRet::Value(value) if luck.one_in(8) => CounterRet::Value(value + 1),
        CounterRet::Value(value) if luck.one_in(2) => CounterRet::Value(value - unit),
        CounterRet::Value(value) => CounterRet::Value(value + unit),
        CounterRet::Done => CounterRet::Value(5 + unit * number(luck, 4)),
        CounterRet::Unseen => CounterRet::Unseen,
    })
}

/// One queue or two, with or without values enqueued twice.
pub(crate) fn queue(luck: &mut Luck, count: u64) -> History<Queue> {
    let (two, twice) = (luck.one_in(6), luck.one_in(4));
    let mut next = 0;
    let calls = (0..count).map(|_| {
        let action = if luck.one_in(2) {
            next += 1;
            let value = if twice { number(luck, 3) } else { next };
            QueueAction::Enqueue(Value::Int(value))
        } else {
            QueueAction::Dequeue
        };
        let key = key(luck, two);
        QueueCall { key, action }
    });
    let calls: Vec<QueueCall> = calls.collect();
    let mut held: [Vec<Value>; 2] = Default::default();
    let act = |call: &QueueCall| {
        let held = &mut held[usize::from(call.key.is_some())];
        Some(match &call.action {
            QueueAction::Enqueue(value) => {
                held.push(value.clone());
                QueueRet::Done
            }
            QueueAction::Dequeue if held.is_empty() => QueueRet::Empty,
            QueueAction::Dequeue => QueueRet::Value(held.remove(0)),
        })
    };
    record(luck, calls, act, |luck, ret| match ret {
        QueueRet::Done if luck.one_in(4) => QueueRet::Empty,
        QueueRet::Done => QueueRet::Done,
        QueueRet::Value(_) if luck.one_in(3) => QueueRet::Empty,
        QueueRet::Value(_) | QueueRet::Empty => QueueRet::Value(Value::Int(1 + number(luck, 4))),
    })
}

/// One lock or two. A call that can do nothing stays without an answer.
pub(crate) fn mutex(luck: &mut Luck, count: u64) -> History<Mutex> {
    let (two, lies) = (luck.one_in(6), luck.one_in(2));
    let calls = (0..count).map(|_| {
        let action = if luck.one_in(2) {
            MutexAction::Acquire
        } else {
            MutexAction::Release
        };
        let key = key(luck, two);
        MutexCall { key, action }
    });
    let calls: Vec<MutexCall> = calls.collect();
    let mut held = [false; 2];
    let mut quiet = Luck(luck.below(1 << 40));
    let act = |call: &MutexCall| {
        let held = &mut held[usize::from(call.key.is_some())];
        let acquires = call.action == MutexAction::Acquire;
        let can = *held != acquires;
        *held = acquires;
        (can || lies && quiet.one_in(2)).then_some(MutexRet::Done)
    };
    record(luck, calls, act, |_, ret| *ret)
}
