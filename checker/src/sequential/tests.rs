//! Sequential consistency on drawn histories, and in agreement with trying every interleaving.

use super::naive::naive;
use super::{Sequential, replay};
use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::linear::{Linearizable, Unreplayable};
use crate::luck::{Luck, cases};
use crate::model::{Appends, Counters, Model, Mutexes, Queues, Registers, Sets};
use crate::mutex::Mutex;
use crate::picture::{Drawn, parse};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::set::Set;
use crate::verdict::{Budget, Checker, Counterexample, Promise, Shortfall, Verdict};

const NIL: Registers = Registers {
    initial: Value::Nil,
};

fn int(luck: &mut Luck, end: usize) -> Value {
    Value::Int(i64::from(luck.place(end) as u32))
}

fn drawn<D: Drawn>(picture: &str) -> History<D> {
    parse(picture).expect("the picture can be read")
}

fn holds<M: Model<Domain: Drawn>>(model: M, picture: &str) {
    let history = drawn(picture);
    match Sequential::new(model).check(&history, Budget::default()) {
        Verdict::Valid(_) => {}
        other => panic!("{other:#?}\n{picture}"),
    }
}

fn breaks<M: Model<Domain: Drawn>>(model: M, picture: &str) -> Counterexample {
    let history = drawn(picture);
    let verdict = Sequential::new(model).check(&history, Budget::default());
    let found = verdict.counterexample();
    found.unwrap_or_else(|| panic!("missed\n{picture}")).clone()
}

#[test]
fn another_session_may_see_an_old_value_for_ever() {
    let stale = "
        a  |write 1-| |write 2-|
        b                         |read -> 1-| |read -> 1-|
    ";
    holds(NIL, stale);
    let linear = Linearizable::new(NIL).check(&drawn(stale), Budget::default());
    assert!(linear.counterexample().is_some(), "2 had been written");
}

#[test]
fn a_session_sees_its_own_writes() {
    let found = breaks(NIL, "a  |write 1-| |read -> nil-|");
    assert_eq!(found.promise, Promise::Sequential);
    assert_eq!(found.ops, [OpId(0), OpId(1)]);
    assert_eq!(
        found.sentence,
        "No order that keeps each session's own order explains the answers of these 2 operations."
    );
    assert_eq!(
        found.reasons[0].text,
        "c0, in this order: write 1 → ok, read → nil"
    );
    assert_eq!(found.cause, "sequential: read out of order");
}

#[test]
fn calls_of_one_session_keep_their_order_even_at_equal_times() {
    breaks(NIL, "a  |write 1-|read -> nil-|");
}

#[test]
fn two_sessions_may_not_see_two_writes_in_two_orders() {
    let found = breaks(
        NIL,
        "
        a  |write 1-|
        b  |write 2-|
        c             |read -> 1-| |read -> 2-|
        d             |read -> 2-| |read -> 1-|
        e  |write 9-|
        f             |read -> 9-|
        ",
    );
    assert_eq!(found.ops.len(), 6, "{found:#?}");
    assert!(
        found
            .reasons
            .iter()
            .any(|reason| reason.text.starts_with("leaving out any"))
    );
    holds(
        NIL,
        "
        a  |write 1-|
        b  |write 2-|
        c             |read -> 1-| |read -> 2-|
        d             |read -> 1-| |read -> 2-|
        ",
    );
}

#[test]
fn a_read_may_see_what_is_written_later_by_another_session() {
    holds(
        NIL,
        "
        a  |read -> 1-|
        b               |write 1-|
        ",
    );
    breaks(NIL, "a  |read -> 1-| |write 1-|");
}

#[test]
fn a_value_that_nobody_wrote_has_no_order() {
    let found = breaks(NIL, "a  |write 1-| |read -> 2-|");
    assert_eq!(found.sentence, "No order explains `read → 2`.");
    assert_eq!(found.cause, "sequential: read of what nobody wrote");
    let found = breaks(Sets, "a  |add 1-| |contains 2 -> yes-|");
    assert_eq!(found.cause, "sequential: contains of what nobody wrote");
}

#[test]
fn keys_are_judged_apart() {
    // The two orders of the two keys do not fit each other, which nobody promised.
    holds(
        NIL,
        "
        a  |write x 1-| |read y -> nil-|
        b  |write y 1-| |read x -> nil-|
        ",
    );
    let found = breaks(
        NIL,
        "
        a  |write x 1-| |read x -> nil-|
        b  |write y 1-| |read y -> 1-|
        ",
    );
    assert_eq!(found.key.as_deref(), Some("x"));
}

#[test]
fn an_unknown_outcome_stands_anywhere_behind_what_its_session_did_before() {
    holds(
        NIL,
        "
        a  |write 1-| |write 2 ?--...
        b  |read -> 1-| |read -> 2-| |read -> 2-|
        ",
    );
    breaks(
        NIL,
        "
        a  |write 1-| |write 2 ?--...
        b  |read -> 2-| |read -> 1-|
        ",
    );
    breaks(
        NIL,
        "
        a  |write 2 ?--...
        b  |read -> 2-| |read -> nil-| |write 3-| |read -> 2-|
        ",
    );
    // It may take effect after what its session did later.
    let entries = |returned: bool| {
        let call = |action| RegisterCall { key: None, action };
        let write = |value| call(Action::Write(Value::Int(value)));
        let read = |value| Outcome::Ok(RegisterRet::Value(Value::Int(value)));
        let done = Outcome::Ok(RegisterRet::Done);
        let lost = if returned {
            done.clone()
        } else {
            Outcome::Unknown
        };
        let lines = [
            (write(1), lost),
            (write(2), done),
            (call(Action::Read), read(2)),
            (call(Action::Read), read(1)),
        ];
        let mut entries = Vec::new();
        for (at, (call, outcome)) in (0..).zip(lines) {
            let (op, process) = (OpId(at), Process(0));
            let at = Time(2 * at);
            entries.push(Entry::Invoke {
                op,
                at,
                process,
                call,
            });
            entries.push(Entry::Return { op, at, outcome });
        }
        History::new(entries).expect("one call after the other")
    };
    let judge = Sequential::new(NIL);
    let verdict = judge.check(&entries(false), Budget::default());
    assert!(matches!(verdict, Verdict::Valid(_)), "{verdict:#?}");
    assert!(
        judge
            .check(&entries(true), Budget::default())
            .counterexample()
            .is_some()
    );
}

#[test]
fn what_failed_took_no_effect() {
    breaks(NIL, "a  |write 1 !-| |read -> 1-|");
    holds(NIL, "a  |write 1 !-| |read -> nil-|");
}

#[test]
fn other_objects_keep_the_order_of_sessions_too() {
    holds(
        Queues,
        "a  |dequeue -> 1-| |dequeue -> 2-|\nb                |enqueue 1-| |enqueue 2-|",
    );
    breaks(
        Queues,
        "a  |dequeue -> 2-| |dequeue -> 1-|\nb  |enqueue 1-| |enqueue 2-|",
    );
    holds(
        Counters::default(),
        "a  |read -> 2-| |read -> 3-|\nb  |add 2-| |add 1-|",
    );
    breaks(
        Counters::default(),
        "a  |read -> 1-| |read -> 3-|\nb  |add 2-| |add 1-|",
    );
    holds(
        Mutexes,
        "a  |acquire-| |acquire-|\nb                          |release-|",
    );
    breaks(
        Mutexes,
        "a  |acquire-| |acquire-|\nb  |acquire-| |release-|",
    );
}

#[test]
fn a_history_without_operations_is_no_pass_and_a_search_without_budget_none_either() {
    let judge = Sequential::new(NIL);
    let nothing = judge.check(&drawn::<Register>(""), Budget::default());
    assert!(matches!(
        nothing,
        Verdict::Unknown(Shortfall::NothingExercised(_))
    ));
    let stale = "
        a  |write 1-| |write 2-| |write 3 ?--...
        b                         |read -> 1-|
    ";
    let verdict = judge.check(&drawn::<Register>(stale), Budget { states: 1 });
    let expected = Shortfall::OutOfBudget {
        part: "the history".into(),
        states: 2,
        unknown: 0,
        window: None,
        pending: 0,
    };
    assert_eq!(verdict, Verdict::Unknown(expected));
}

#[test]
fn a_pass_counts_what_it_rests_on() {
    let history = drawn::<Register>(
        "
        a  |write 1-| |write 2-|
        b                         |read -> 1-|
        c  |write k 1-| |read k -> 1-|
        ",
    );
    let Verdict::Valid(witness) = Sequential::new(NIL).check(&history, Budget::default()) else {
        panic!("a stale read is no matter");
    };
    assert_eq!(replay(&NIL, &history, &witness.order), Ok(()));
    for (name, count) in [
        ("operations", 5),
        ("answers that could be wrong", 2),
        ("sessions of parts", 3),
        ("unknown outcomes", 0),
        ("parts", 2),
        ("parts in the order of time", 1),
    ] {
        assert_eq!(witness.exercised[name], count, "{name}");
    }
    assert!(witness.exercised["states visited"] > 0);
}

#[test]
fn each_way_not_to_explain_a_history_is_told_apart() {
    let history = drawn::<Register>(
        "
        a  |write 1-| |write 2-|
        b                         |read -> 1-|
        c  |write 3 !-|
        ",
    );
    let ids = |wanted: &[&str]| -> Vec<OpId> {
        let id = |label: &&str| {
            history
                .ops()
                .iter()
                .find(|op| op.label() == *label)
                .map(|op| op.id)
        };
        wanted
            .iter()
            .map(|label| id(label).unwrap_or(OpId(99)))
            .collect()
    };
    for (order, wrong) in [
        (vec!["write 1 → ok", "read → 1", "write 2 → ok"], None),
        (
            vec!["write 1 → ok", "write 2 → ok", "read → 1"],
            Some("impossible"),
        ),
        (
            vec!["write 2 → ok", "write 1 → ok", "read → 1"],
            Some("late"),
        ),
        (vec!["write 1 → ok", "read → 1"], Some("missing")),
        (vec!["write 1 → ok", "write 1 → ok"], Some("twice")),
        (vec!["write 3 failed"], Some("absent")),
        (vec!["nothing"], Some("absent")),
    ] {
        let found = replay(&NIL, &history, &ids(&order))
            .err()
            .map(|wrong| match wrong {
                Unreplayable::Absent(_) => "absent",
                Unreplayable::Twice(_) => "twice",
                Unreplayable::Missing(_) => "missing",
                Unreplayable::Late(_) => "late",
                Unreplayable::Impossible(_) => "impossible",
            });
        assert_eq!(found, wrong, "{order:?}");
    }
}

/// Sessions whose calls take effect one after the other in a random order, now and then with a lie.
pub(super) fn sessions<D: Domain>(
    luck: &mut Luck,
    mut call: impl FnMut(&mut Luck) -> D::Call,
    mut act: impl FnMut(&D::Call) -> D::Ret,
    mut bend: impl FnMut(&mut Luck, &D::Ret) -> D::Ret,
) -> History<D> {
    let (count, processes) = (2 + luck.place(6), 1 + luck.place(4));
    let mut entries: Vec<(Time, Entry<D>)> = Vec::new();
    let mut clocks = vec![0; processes];
    for number in 0..count {
        let process = luck.place(processes);
        let (op, call) = (OpId(number as u64), call(luck));
        let from = clocks[process] + luck.place(3) as u64;
        clocks[process] = from + luck.place(4) as u64;
        let outcome = match luck.place(12) {
            0 => Outcome::Fail,
            1 => {
                act(&call);
                Outcome::Unknown
            }
            2 => Outcome::Unknown,
            3 => {
                let told = act(&call);
                Outcome::Ok(bend(luck, &told))
            }
            _ => Outcome::Ok(act(&call)),
        };
        let (at, process) = (Time(from), Process(process as u64));
        let call = Entry::Invoke {
            op,
            at,
            process,
            call,
        };
        entries.push((at, call));
        let at = Time(clocks[process.0 as usize]);
        entries.push((at, Entry::Return { op, at, outcome }));
    }
    entries.sort_by_key(|(at, _)| *at);
    // A process that calls and returns at one time keeps the order in which it did.
    History::new(entries.into_iter().map(|(_, entry)| entry))
        .expect("one open call of each process")
}

pub(super) fn agree<M: Model + Clone>(
    model: &M,
    history: &History<M::Domain>,
    tally: &mut [u32; 2],
) {
    let expected = naive(model, history);
    let judge = Sequential::new(model.clone());
    match judge.check(history, Budget::default()) {
        Verdict::Valid(witness) => {
            assert!(expected, "missed: {history:#?}");
            replay(model, history, &witness.order).expect("the order explains the history");
        }
        Verdict::Invalid(found) => {
            assert!(!expected, "false alarm {found:#?}: {history:#?}");
            assert!(!found.ops.is_empty() && !found.reasons.is_empty());
        }
        Verdict::Unknown(shortfall) => panic!("undecided: {shortfall}"),
    }
    tally[usize::from(expected)] += 1;
}

pub(super) fn assert_both(tally: [u32; 2]) {
    println!("{tally:?} no and yes");
    assert!(
        tally[0].min(tally[1]) * 20 > tally[0] + tally[1],
        "{tally:?}"
    );
}

#[test]
fn registers_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(10_000) {
        let luck = &mut Luck(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (values, two) = (1 + luck.place(4), luck.place(4) == 0);
        let mut held = [Value::Nil, Value::Nil];
        let call = |luck: &mut Luck| {
            let value = int(luck, values);
            let action = match luck.place(6) {
                0..3 => Action::Write(value),
                3 => Action::Cas(value, int(luck, values)),
                _ => Action::Read,
            };
            let key = (two && luck.place(2) == 0).then(|| "y".to_owned());
            RegisterCall { key, action }
        };
        let act = |call: &RegisterCall| {
            let held = &mut held[usize::from(call.key.is_some())];
            match &call.action {
                Action::Read => return RegisterRet::Value(held.clone()),
                Action::Write(value) => *held = value.clone(),
                Action::Cas(from, to) if from == held => *held = to.clone(),
                Action::Cas(..) => return RegisterRet::Mismatch,
            }
            RegisterRet::Done
        };
        let bend = |luck: &mut Luck, ret: &RegisterRet| match ret {
            RegisterRet::Value(_) if luck.place(3) == 0 => RegisterRet::Value(Value::Nil),
            RegisterRet::Value(_) => RegisterRet::Value(int(luck, values)),
            RegisterRet::Done | RegisterRet::Unseen => RegisterRet::Done,
            RegisterRet::Mismatch => RegisterRet::Done,
        };
        let history = sessions::<Register>(luck, call, act, bend);
        agree(&NIL, &history, &mut tally);
    }
    assert_both(tally);
}

#[test]
fn strings_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(10_000) {
        let luck = &mut Luck(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut held = String::new();
        let call = |luck: &mut Luck| {
            let value = ["a", "b"][luck.place(2)].to_owned();
            let action = match luck.place(5) {
                0 => AppendAction::Put(value),
                1 | 2 => AppendAction::Append(value),
                _ => AppendAction::Get,
            };
            let key = "x".to_owned();
            AppendCall { key, action }
        };
        let act = |call: &AppendCall| {
            match &call.action {
                AppendAction::Get => return AppendRet::Value(held.clone()),
                AppendAction::Put(value) => held.clone_from(value),
                AppendAction::Append(value) => held.push_str(value),
            }
            AppendRet::Done
        };
        let bend = |luck: &mut Luck, ret: &AppendRet| match ret {
            AppendRet::Value(seen) if luck.place(2) == 0 => AppendRet::Value(format!("{seen}a")),
            AppendRet::Value(seen) => AppendRet::Value(seen.chars().skip(1).collect()),
            AppendRet::Done | AppendRet::Unseen => AppendRet::Done,
        };
        let history = sessions::<Append>(luck, call, act, bend);
        agree(&Appends, &history, &mut tally);
    }
    assert_both(tally);
}

#[test]
fn queues_are_judged_as_by_trying_every_interleaving() {
    let mut tally = [0; 2];
    for seed in 0..cases(10_000) {
        let luck = &mut Luck(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut held: Vec<Value> = Vec::new();
        let call = |luck: &mut Luck| {
            let value = int(luck, 4);
            let action = match luck.place(2) {
                0 => QueueAction::Enqueue(value),
                _ => QueueAction::Dequeue,
            };
            QueueCall { key: None, action }
        };
        let act = |call: &QueueCall| match &call.action {
            QueueAction::Enqueue(value) => {
                held.push(value.clone());
                QueueRet::Done
            }
            QueueAction::Dequeue if held.is_empty() => QueueRet::Empty,
            QueueAction::Dequeue => QueueRet::Value(held.remove(0)),
        };
        let bend = |luck: &mut Luck, ret: &QueueRet| match ret {
            QueueRet::Done => QueueRet::Done,
            QueueRet::Value(_) if luck.place(2) == 0 => QueueRet::Empty,
            QueueRet::Value(_) | QueueRet::Empty => QueueRet::Value(int(luck, 4)),
        };
        let history = sessions::<Queue>(luck, call, act, bend);
        agree(&Queues, &history, &mut tally);
    }
    assert_both(tally);
}

#[test]
fn a_lock_has_an_order_of_sessions_only_if_its_turns_come_out() {
    let history = drawn::<Mutex>("a  |acquire-| |release-|\nb  |acquire-| |release-|");
    assert!(naive(&Mutexes, &history));
    agree(&Mutexes, &history, &mut [0; 2]);
}

#[test]
fn a_budget_counts_large_states_for_more() {
    let adds: Vec<String> = (0..200).map(|one| format!("|add {one}-| ")).collect();
    let adds = adds.concat();
    // What had been added before is not seen, so the order is not that of time.
    let late = " ".repeat(adds.len());
    let history: History<Set> = drawn(&format!("a  {adds}\nb  {late}|contains 7 -> no-|"));
    let judge = Sequential::new(Sets);
    let verdict = judge.check(&history, Budget::default());
    let Verdict::Valid(witness) = verdict else {
        panic!("the read may come first: {verdict:?}");
    };
    let visited = witness.exercised["states visited"];
    assert!(visited > 4_000, "{visited}");
    let verdict = judge.check(&history, Budget { states: 3_000 });
    assert!(matches!(verdict, Verdict::Unknown(_)), "{verdict:?}");
}
