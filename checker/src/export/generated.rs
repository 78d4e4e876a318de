//! Random well-formed histories of every domain, for laws of what is written and read back.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::append::{Append, AppendAction, AppendCall, AppendRet};
use crate::counter::{Counter, CounterAction, CounterCall, CounterRet};
use crate::domain::Domain;
use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::mutex::{Mutex, MutexAction, MutexCall, MutexRet};
use crate::note::{Clock, Node, Note, Setup, Version};
use crate::queue::{Queue, QueueAction, QueueCall, QueueRet};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::set::{Set, SetAction, SetCall, SetRet};
use crate::txn::{Ask, Told, Txn, TxnCall, TxnRet};

/// Histories over these calls and answers, with equal times, contexts of operations that are not
/// there, calls that never return, and notes.
fn history<D: Domain>(
    ops: impl Strategy<Value = (D::Call, D::Ret)>,
) -> impl Strategy<Value = History<D>> {
    let step = (
        0..4_u64,
        0..3_u64,
        ops,
        0..5_u8,
        option::weighted(0.2, note()),
    );
    vec(step, 0..24).prop_map(|steps| {
        let (mut entries, mut open, mut now) =
            (Vec::new(), BTreeMap::<u64, (OpId, D::Ret, bool)>::new(), 0);
        for (index, (process, pause, (call, ret), how, note)) in steps.into_iter().enumerate() {
            now += pause;
            let at = Time(now);
            if let Some(note) = note {
                entries.push(Entry::Note { at, note });
            }
            if let Some((op, ret, fits)) = open.remove(&process) {
                let outcome = match how {
                    0 => Outcome::Unknown,
                    _ if !fits => Outcome::Unknown,
                    1 => Outcome::Fail,
                    _ => Outcome::Ok(ret),
                };
                entries.push(Entry::Return { op, at, outcome });
                continue;
            }
            let op = OpId(index as u64 * 7 % 29);
            let fits = D::fits(&call, &ret);
            open.insert(process, (op, ret, fits));
            let process = Process(process);
            entries.push(Entry::Invoke {
                op,
                at,
                process,
                call,
            });
        }
        History::new(entries).expect("built to be well formed")
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-c]",
        1 => "[a-c1|\\-.\" \\\\?!<>,=\\[\\]nilok#:é😀\n\t\u{0}]{0,4}",
        1 => proptest::sample::select(vec!["nil", "ok", "unseen", "mismatch", "nothing", "7", "-7", ""])
            .prop_map(String::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Nil),
        (-3..5_i64).prop_map(Value::Int),
        Just(Value::Int(i64::MIN)),
        text().prop_map(Value::Text),
    ]
}

/// Any call with any answer, also with those that no store gives to it.
fn register() -> impl Strategy<Value = (RegisterCall, RegisterRet)> {
    let action = prop_oneof![
        Just(Action::Read),
        value().prop_map(Action::Write),
        (value(), value()).prop_map(|(from, to)| Action::Cas(from, to)),
    ];
    let call = (option::of(text()), action).prop_map(|(key, action)| RegisterCall { key, action });
    let ret = prop_oneof![
        value().prop_map(RegisterRet::Value),
        Just(RegisterRet::Unseen),
        Just(RegisterRet::Done),
        Just(RegisterRet::Mismatch),
    ];
    (call, ret)
}

/// Any call with any answer.
fn append() -> impl Strategy<Value = (AppendCall, AppendRet)> {
    let action = prop_oneof![
        Just(AppendAction::Get),
        text().prop_map(AppendAction::Put),
        text().prop_map(AppendAction::Append),
    ];
    let call = (text(), action).prop_map(|(key, action)| AppendCall { key, action });
    let ret = prop_oneof![
        text().prop_map(AppendRet::Value),
        Just(AppendRet::Unseen),
        Just(AppendRet::Done),
    ];
    (call, ret)
}

/// Any call with any answer.
fn set() -> impl Strategy<Value = (SetCall, SetRet)> {
    let action = prop_oneof![
        value().prop_map(SetAction::Add),
        value().prop_map(SetAction::Remove),
        value().prop_map(SetAction::Contains),
        Just(SetAction::Read),
    ];
    let call = (option::of(text()), action).prop_map(|(key, action)| SetCall { key, action });
    let ret = prop_oneof![
        Just(SetRet::Done),
        any::<bool>().prop_map(SetRet::Changed),
        any::<bool>().prop_map(SetRet::Has),
        vec(value(), 0..3).prop_map(SetRet::Values),
        Just(SetRet::Unseen),
    ];
    (call, ret)
}

/// Any call with any answer.
fn counter() -> impl Strategy<Value = (CounterCall, CounterRet)> {
    let action = prop_oneof![
        any::<i64>().prop_map(CounterAction::Add),
        Just(CounterAction::Read)
    ];
    let call = (option::of(text()), action).prop_map(|(key, action)| CounterCall { key, action });
    let ret = prop_oneof![
        Just(CounterRet::Done),
        any::<i64>().prop_map(CounterRet::Value),
        Just(CounterRet::Unseen),
    ];
    (call, ret)
}

/// Any call with any answer.
fn queue() -> impl Strategy<Value = (QueueCall, QueueRet)> {
    let action = prop_oneof![
        value().prop_map(QueueAction::Enqueue),
        Just(QueueAction::Dequeue)
    ];
    let call = (option::of(text()), action).prop_map(|(key, action)| QueueCall { key, action });
    let ret = prop_oneof![
        Just(QueueRet::Done),
        value().prop_map(QueueRet::Value),
        Just(QueueRet::Empty),
    ];
    (call, ret)
}

/// Any call.
fn mutex() -> impl Strategy<Value = (MutexCall, MutexRet)> {
    let action = prop_oneof![Just(MutexAction::Acquire), Just(MutexAction::Release)];
    let call = (option::of(text()), action).prop_map(|(key, action)| MutexCall { key, action });
    (call, Just(MutexRet::Done))
}

/// Any parts with any answers.
fn txn() -> impl Strategy<Value = (TxnCall, TxnRet)> {
    let ask = prop_oneof![
        value().prop_map(Ask::Read),
        (value(), value()).prop_map(|(key, value)| Ask::Write(key, value)),
        (value(), value()).prop_map(|(key, value)| Ask::Append(key, value)),
    ];
    let told = prop_oneof![
        Just(Told::Done),
        value().prop_map(Told::Value),
        vec(value(), 0..3).prop_map(Told::List),
        Just(Told::Unseen),
    ];
    (
        vec(ask, 0..4).prop_map(TxnCall),
        vec(told, 0..4).prop_map(TxnRet),
    )
}

/// Any call with any answer, and contexts of any operations, itself and later ones among them.
fn kv() -> impl Strategy<Value = (KvCall, KvRet)> {
    let context = || vec((0..40_u64).prop_map(OpId), 0..3);
    let call = prop_oneof![
        text().prop_map(|key| KvCall::Get { key }),
        (text(), text(), context()).prop_map(|(key, value, context)| KvCall::Put {
            key,
            value,
            context
        }),
        (text(), context()).prop_map(|(key, context)| KvCall::Delete { key, context }),
    ];
    let ret = prop_oneof![
        Just(KvRet::Stored),
        vec(text(), 0..3).prop_map(KvRet::Values),
    ];
    (call, ret)
}

fn note() -> impl Strategy<Value = Note> {
    let version = || {
        let parts = (option::of(text()), option::of((text(), any::<u64>())));
        parts.prop_map(|(value, dot)| Version {
            value,
            clock: dot.map(|dot| Clock {
                past: vec![dot.clone()],
                dot,
            }),
        })
    };
    let node = || (0..3_u32).prop_map(Node);
    prop_oneof![
        any::<[bool; 3]>().prop_map(|[may_lose, may_revive, sampled]| {
            Note::Setup(Setup {
                nodes: 3,
                n: 3,
                r: 2,
                w: 2,
                converges: true,
                hands_off: false,
                may_lose,
                may_revive,
                sampled,
            })
        }),
        (text(), any::<bool>()).prop_map(|(what, begins)| Note::Fault { what, begins }),
        (node(), text(), vec(version(), 0..3)).prop_map(|(node, key, versions)| {
            Note::Durable {
                node,
                key,
                versions,
            }
        }),
        (node(), text(), vec(version(), 0..3)).prop_map(|(node, key, versions)| Note::Served {
            node,
            key,
            versions
        }),
        (node(), text(), text()).prop_map(|(node, key, context)| Note::Context {
            node,
            key,
            context
        }),
        (text(), option::of(text()), vec(node(), 0..3)).prop_map(|(key, value, nodes)| {
            Note::Counted {
                key,
                value,
                needed: 2,
                nodes,
            }
        }),
        (node(), node(), text()).prop_map(|(holder, owner, key)| Note::HintExpired {
            holder,
            owner,
            key
        }),
        (text(), vec(node(), 0..3)).prop_map(|(key, nodes)| Note::Owners { key, nodes }),
        (node(), node(), text()).prop_map(|(holder, owner, key)| Note::HintDropped {
            holder,
            owner,
            key
        }),
        node().prop_map(Note::Crash),
        node().prop_map(Note::Informed),
        Just(Note::Healed),
        Just(Note::Quiet),
    ]
}

/// Histories of registers.
pub(crate) fn registers() -> impl Strategy<Value = History<Register>> {
    history::<Register>(register())
}

/// Histories of strings.
pub(crate) fn strings() -> impl Strategy<Value = History<Append>> {
    history::<Append>(append())
}

/// Histories of siblings.
pub(crate) fn siblings() -> impl Strategy<Value = History<Kv>> {
    history::<Kv>(kv())
}

/// Histories of sets.
pub(crate) fn sets() -> impl Strategy<Value = History<Set>> {
    history::<Set>(set())
}

/// Histories of counters.
pub(crate) fn counters() -> impl Strategy<Value = History<Counter>> {
    history::<Counter>(counter())
}

/// Histories of queues.
pub(crate) fn queues() -> impl Strategy<Value = History<Queue>> {
    history::<Queue>(queue())
}

/// Histories of locks.
pub(crate) fn mutexes() -> impl Strategy<Value = History<Mutex>> {
    history::<Mutex>(mutex())
}

/// Histories of transactions.
pub(crate) fn txns() -> impl Strategy<Value = History<Txn>> {
    history::<Txn>(txn())
}

/// Histories in which every answer is one that its call can have, for formats with no words for others.
///
/// Either every call has a key or none, and either reads of nil or reads without an answer are there.
fn fitting<D: Domain>(
    ops: impl Strategy<Value = (D::Call, D::Ret)>,
    keyed: bool,
    fit: impl Fn(bool, D::Call, D::Ret) -> (D::Call, D::Ret) + 'static,
) -> impl Strategy<Value = History<D>> {
    history::<D>(ops.prop_map(move |(call, ret)| fit(keyed, call, ret)))
}

fn one_key(keyed: bool, key: Option<String>) -> Option<String> {
    keyed.then(|| key.unwrap_or_default())
}

/// Registers whose reads say nil, or not what they saw.
pub(crate) fn fitting_registers(
    keyed: bool,
    nil: bool,
) -> impl Strategy<Value = History<Register>> {
    fitting::<Register>(register(), keyed, move |keyed, call, ret| {
        let ret = match (&call.action, ret) {
            (Action::Read, RegisterRet::Value(value)) if nil || value != Value::Nil => {
                RegisterRet::Value(value)
            }
            (Action::Read, _) if nil => RegisterRet::Value(Value::Nil),
            (Action::Read, _) => RegisterRet::Unseen,
            (Action::Cas(..), RegisterRet::Mismatch) => RegisterRet::Mismatch,
            _ => RegisterRet::Done,
        };
        let key = one_key(keyed, call.key);
        (RegisterCall { key, ..call }, ret)
    })
}

/// Sets with answers that fit.
pub(crate) fn fitting_sets(keyed: bool) -> impl Strategy<Value = History<Set>> {
    fitting::<Set>(set(), keyed, |keyed, call, ret| {
        let ret = match (&call.action, ret) {
            (SetAction::Read, ret @ SetRet::Values(_)) => ret,
            (SetAction::Contains(_), ret @ SetRet::Has(_)) => ret,
            (SetAction::Read | SetAction::Contains(_), _) => SetRet::Unseen,
            (_, ret @ SetRet::Changed(_)) => ret,
            _ => SetRet::Done,
        };
        let key = one_key(keyed, call.key);
        (SetCall { key, ..call }, ret)
    })
}

/// Counters with answers that fit.
pub(crate) fn fitting_counters(keyed: bool) -> impl Strategy<Value = History<Counter>> {
    fitting::<Counter>(counter(), keyed, |keyed, call, ret| {
        let ret = match (call.action, ret) {
            (_, ret @ CounterRet::Value(_)) => ret,
            (CounterAction::Read, _) => CounterRet::Unseen,
            (CounterAction::Add(_), _) => CounterRet::Done,
        };
        let key = one_key(keyed, call.key);
        (CounterCall { key, ..call }, ret)
    })
}

/// Queues with answers that fit.
pub(crate) fn fitting_queues(keyed: bool) -> impl Strategy<Value = History<Queue>> {
    fitting::<Queue>(queue(), keyed, |keyed, call, ret| {
        let ret = match (&call.action, ret) {
            (QueueAction::Dequeue, QueueRet::Value(value)) if value != Value::Nil => {
                QueueRet::Value(value)
            }
            (QueueAction::Dequeue, _) => QueueRet::Empty,
            (QueueAction::Enqueue(_), _) => QueueRet::Done,
        };
        let key = one_key(keyed, call.key);
        (QueueCall { key, ..call }, ret)
    })
}

/// Locks, all or none with keys.
pub(crate) fn fitting_mutexes(keyed: bool) -> impl Strategy<Value = History<Mutex>> {
    fitting::<Mutex>(mutex(), keyed, |keyed, call, ret| {
        let key = one_key(keyed, call.key);
        (MutexCall { key, ..call }, ret)
    })
}

/// Transactions over keys of which some are lists and the others registers: numbers are registers
/// unless all keys are lists, texts are lists unless all are registers.
pub(crate) fn fitting_txns(lists: Option<bool>) -> impl Strategy<Value = History<Txn>> {
    let is_list = move |key: &Value| lists.unwrap_or(matches!(key, Value::Text(_)));
    fitting::<Txn>(txn(), false, move |_, call, ret| {
        let asks = call.0.into_iter().map(|ask| match ask {
            Ask::Write(key, value) | Ask::Append(key, value) if is_list(&key) => {
                Ask::Append(key, value)
            }
            Ask::Write(key, value) | Ask::Append(key, value) => Ask::Write(key, value),
            read @ Ask::Read(_) => read,
        });
        let asks: Vec<_> = asks.collect();
        let mut rets = ret.0.into_iter();
        let unseen = rets.len() == 1;
        let told = asks.iter().map(|ask| match (ask, rets.next()) {
            (Ask::Write(..) | Ask::Append(..), _) => Told::Done,
            (Ask::Read(_), _) if unseen => Told::Unseen,
            // Beside registers, a list that nobody appends to is not known as one.
            (Ask::Read(_), Some(Told::List(values))) if lists == Some(true) => Told::List(values),
            (Ask::Read(key), _) if is_list(key) => Told::List(Vec::new()),
            (Ask::Read(_), Some(Told::Value(value))) => Told::Value(value),
            (Ask::Read(_), _) => Told::Value(Value::Nil),
        });
        let ret = TxnRet(told.collect());
        (TxnCall(asks), ret)
    })
}

/// What a log of etcd's can say.
pub(crate) fn fitting_logs() -> impl Strategy<Value = History<Register>> {
    let number = |value: Value| match value {
        Value::Int(number) => Value::Int(number.saturating_abs()),
        _ => Value::Int(7),
    };
    fitting::<Register>(register(), false, move |_, call, ret| {
        let action = match call.action {
            Action::Read => Action::Read,
            Action::Write(value) => Action::Write(number(value)),
            Action::Cas(from, to) => Action::Cas(number(from), number(to)),
        };
        let ret = match (&action, ret) {
            (Action::Read, RegisterRet::Value(Value::Nil)) => RegisterRet::Value(Value::Nil),
            (Action::Read, RegisterRet::Value(value)) => RegisterRet::Value(number(value)),
            (Action::Read, _) => RegisterRet::Unseen,
            (Action::Cas(..), RegisterRet::Mismatch) => RegisterRet::Mismatch,
            _ => RegisterRet::Done,
        };
        (RegisterCall { key: None, action }, ret)
    })
}

/// Strings with answers that fit.
pub(crate) fn fitting_strings() -> impl Strategy<Value = History<Append>> {
    fitting::<Append>(append(), true, |_, call, ret| {
        let ret = match (&call.action, ret) {
            (AppendAction::Get, AppendRet::Done) => AppendRet::Unseen,
            (AppendAction::Get, ret) => ret,
            _ => AppendRet::Done,
        };
        (call, ret)
    })
}
