//! What operations are called in Jepsen's histories, and the values they are written with.

use crate::counter::{Counter, CounterAction, CounterRet};
use crate::domain::Domain;
use crate::mutex::{Mutex, MutexAction};
use crate::queue::{Queue, QueueAction, QueueRet};
use crate::register::{Action, Register, RegisterRet, Value};
use crate::set::{Set, SetAction, SetRet};
use crate::txn::{Ask, Told, Txn};

/// A value that EDN and JSON both have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datum {
    /// `nil`, `null`.
    Nil,
    /// `true`, `false`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A string.
    Text(String),
    /// A keyword in EDN, a string in JSON.
    Word(&'static str),
    /// A vector, an array.
    List(Vec<Datum>),
}

impl From<&Value> for Datum {
    fn from(value: &Value) -> Self {
        match value {
            Value::Nil => Datum::Nil,
            Value::Int(number) => Datum::Int(*number),
            Value::Text(text) => Datum::Text(text.clone()),
        }
    }
}

fn list(values: &[Value]) -> Datum {
    Datum::List(values.iter().map(Datum::from).collect())
}

/// What an answer is written as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// `:ok` with this value.
    Ok(Datum),
    /// `:ok` with `nil`, because nothing was there.
    Nothing,
    /// `:ok` with `nil`, because what was there was not recorded.
    Unseen,
    /// `:fail`: that it changed nothing is the most that can be said.
    Fail,
}

/// An alphabet that Jepsen's histories have words for.
pub trait Jepsen: Domain {
    /// The `:f` of a call.
    fn f(call: &Self::Call) -> &'static str;

    /// The `:value` of a call, without its key.
    fn asked(call: &Self::Call) -> Datum;

    /// What an answer that [fits](Domain::fits) its call is written as; `None` if there are no words for it.
    fn told(call: &Self::Call, ret: &Self::Ret) -> Option<Answer>;

    /// Whether nil means that nothing was there, whatever a reader is told.
    const NIL_IS_NOTHING: bool = false;
}

impl Jepsen for Register {
    fn f(call: &Self::Call) -> &'static str {
        match call.action {
            Action::Read => "read",
            Action::Write(_) => "write",
            Action::Cas(..) => "cas",
        }
    }

    fn asked(call: &Self::Call) -> Datum {
        match &call.action {
            Action::Read => Datum::Nil,
            Action::Write(value) => value.into(),
            Action::Cas(from, to) => Datum::List(vec![from.into(), to.into()]),
        }
    }

    fn told(call: &Self::Call, ret: &RegisterRet) -> Option<Answer> {
        match (&call.action, ret) {
            (Action::Read, RegisterRet::Value(Value::Nil)) => Some(Answer::Nothing),
            (Action::Read, RegisterRet::Value(value)) => Some(Answer::Ok(value.into())),
            (Action::Read, RegisterRet::Unseen) => Some(Answer::Unseen),
            (Action::Cas(..), RegisterRet::Mismatch) => Some(Answer::Fail),
            (Action::Write(_) | Action::Cas(..), RegisterRet::Done) => {
                Some(Answer::Ok(Register::asked(call)))
            }
            _ => None,
        }
    }
}

impl Jepsen for Set {
    fn f(call: &Self::Call) -> &'static str {
        match call.action {
            SetAction::Add(_) => "add",
            SetAction::Remove(_) => "remove",
            SetAction::Contains(_) => "contains",
            SetAction::Read => "read",
        }
    }

    fn asked(call: &Self::Call) -> Datum {
        match &call.action {
            SetAction::Add(value) | SetAction::Remove(value) | SetAction::Contains(value) => {
                value.into()
            }
            SetAction::Read => Datum::Nil,
        }
    }

    fn told(call: &Self::Call, ret: &SetRet) -> Option<Answer> {
        match (&call.action, ret) {
            // Whether it changed anything is not said.
            (SetAction::Add(_) | SetAction::Remove(_), SetRet::Done | SetRet::Changed(_)) => {
                Some(Answer::Ok(Set::asked(call)))
            }
            (SetAction::Contains(_), SetRet::Has(has)) => Some(Answer::Ok(Datum::Bool(*has))),
            (SetAction::Read, SetRet::Values(values)) => Some(Answer::Ok(list(values))),
            (SetAction::Read | SetAction::Contains(_), SetRet::Unseen) => Some(Answer::Unseen),
            _ => None,
        }
    }
}

impl Jepsen for Counter {
    fn f(call: &Self::Call) -> &'static str {
        match call.action {
            CounterAction::Add(_) => "add",
            CounterAction::Read => "read",
        }
    }

    fn asked(call: &Self::Call) -> Datum {
        match call.action {
            CounterAction::Add(by) => Datum::Int(by),
            CounterAction::Read => Datum::Nil,
        }
    }

    fn told(call: &Self::Call, ret: &CounterRet) -> Option<Answer> {
        match (call.action, ret) {
            // What an add left is not said.
            (CounterAction::Add(by), CounterRet::Done | CounterRet::Value(_)) => {
                Some(Answer::Ok(Datum::Int(by)))
            }
            (CounterAction::Read, CounterRet::Value(value)) => Some(Answer::Ok(Datum::Int(*value))),
            (CounterAction::Read, CounterRet::Unseen) => Some(Answer::Unseen),
            _ => None,
        }
    }
}

impl Jepsen for Queue {
    fn f(call: &Self::Call) -> &'static str {
        match call.action {
            QueueAction::Enqueue(_) => "enqueue",
            QueueAction::Dequeue => "dequeue",
        }
    }

    fn asked(call: &Self::Call) -> Datum {
        match &call.action {
            QueueAction::Enqueue(value) => value.into(),
            QueueAction::Dequeue => Datum::Nil,
        }
    }

    fn told(call: &Self::Call, ret: &QueueRet) -> Option<Answer> {
        match (&call.action, ret) {
            (QueueAction::Enqueue(_), QueueRet::Done) => Some(Answer::Ok(Queue::asked(call))),
            (QueueAction::Dequeue, QueueRet::Value(Value::Nil)) => None,
            (QueueAction::Dequeue, QueueRet::Value(value)) => Some(Answer::Ok(value.into())),
            (QueueAction::Dequeue, QueueRet::Empty) => Some(Answer::Nothing),
            _ => None,
        }
    }
}

impl Jepsen for Mutex {
    fn f(call: &Self::Call) -> &'static str {
        match call.action {
            MutexAction::Acquire => "acquire",
            MutexAction::Release => "release",
        }
    }

    fn asked(_: &Self::Call) -> Datum {
        Datum::Nil
    }

    fn told(_: &Self::Call, _: &Self::Ret) -> Option<Answer> {
        Some(Answer::Ok(Datum::Nil))
    }
}

impl Jepsen for Txn {
    const NIL_IS_NOTHING: bool = true;

    fn f(_: &Self::Call) -> &'static str {
        "txn"
    }

    fn asked(call: &Self::Call) -> Datum {
        Datum::List(call.0.iter().map(|ask| part(ask, Datum::Nil)).collect())
    }

    fn told(call: &Self::Call, ret: &Self::Ret) -> Option<Answer> {
        let reads = |ask: &Ask| matches!(ask, Ask::Read(_));
        let unseen = ret.0.iter().filter(|told| **told == Told::Unseen).count();
        if unseen > 0 && unseen < call.0.iter().filter(|ask| reads(ask)).count() {
            return None;
        }
        if unseen > 0 {
            return Some(Answer::Unseen);
        }
        let parts = call.0.iter().zip(&ret.0).map(|(ask, told)| {
            let read = match told {
                Told::Value(value) => value.into(),
                // Nothing may be nil or empty; nil is right for a key of either kind.
                Told::List(values) if values.is_empty() => Datum::Nil,
                Told::List(values) => list(values),
                Told::Done | Told::Unseen => Datum::Nil,
            };
            part(ask, read)
        });
        Some(Answer::Ok(Datum::List(parts.collect())))
    }
}

fn part(ask: &Ask, read: Datum) -> Datum {
    let (word, value) = match ask {
        Ask::Read(_) => ("r", read),
        Ask::Write(_, value) => ("w", value.into()),
        Ask::Append(_, value) => ("append", value.into()),
    };
    Datum::List(vec![Datum::Word(word), ask.key().into(), value])
}
