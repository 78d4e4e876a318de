//! Registers for two keys, one sound and two with a race.

use std::collections::BTreeMap;

use checker::register::{Action, RegisterCall, RegisterRet, Value};
use loom::sync::Mutex;

/// Registers that many threads call.
pub(crate) trait Object: Default + Send + Sync + 'static {
    /// Does what is asked and answers.
    fn call(&self, call: &RegisterCall) -> RegisterRet;
}

/// A read of this register.
pub(crate) fn read(key: &str) -> RegisterCall {
    RegisterCall {
        key: Some(key.into()),
        action: Action::Read,
    }
}

/// A write to this register.
pub(crate) fn write(key: &str, value: i64) -> RegisterCall {
    RegisterCall {
        key: Some(key.into()),
        action: Action::Write(Value::Int(value)),
    }
}

/// A compare-and-set of a register that nobody has written to.
pub(crate) fn cas(key: &str, value: i64) -> RegisterCall {
    RegisterCall {
        key: Some(key.into()),
        action: Action::Cas(Value::Nil, Value::Int(value)),
    }
}

type Values = BTreeMap<Option<String>, Value>;

fn value(values: &Values, call: &RegisterCall) -> Value {
    values.get(&call.key).cloned().unwrap_or(Value::Nil)
}

/// What the call answers, given the values it sees; and what it puts in place.
fn act(seen: &Values, call: &RegisterCall) -> (RegisterRet, Option<Value>) {
    match &call.action {
        Action::Read => (RegisterRet::Value(value(seen, call)), None),
        Action::Write(to) => (RegisterRet::Done, Some(to.clone())),
        Action::Cas(from, to) if *from == value(seen, call) => {
            (RegisterRet::Done, Some(to.clone()))
        }
        Action::Cas(..) => (RegisterRet::Mismatch, None),
    }
}

/// Sound: each call holds the lock from its beginning to its end.
#[derive(Default)]
pub(crate) struct Locked(Mutex<Values>);

impl Object for Locked {
    fn call(&self, call: &RegisterCall) -> RegisterRet {
        let mut values = self.0.lock().expect("clients do not panic");
        let (ret, new) = act(&values, call);
        values.extend(new.map(|new| (call.key.clone(), new)));
        ret
    }
}

/// Looks and acts under two locks: two compare-and-sets may both find what they look for.
#[derive(Default)]
pub(crate) struct Peeking(Mutex<Values>);

impl Object for Peeking {
    fn call(&self, call: &RegisterCall) -> RegisterRet {
        let (ret, new) = act(&self.0.lock().expect("clients do not panic"), call);
        if let Some(new) = new {
            self.0
                .lock()
                .expect("clients do not panic")
                .insert(call.key.clone(), new);
        }
        ret
    }
}

/// Writes a changed copy of all registers back: a write to one may undo a write to the other.
#[derive(Default)]
pub(crate) struct Copying(Mutex<Values>);

impl Object for Copying {
    fn call(&self, call: &RegisterCall) -> RegisterRet {
        let mut copy = self.0.lock().expect("clients do not panic").clone();
        let (ret, new) = act(&copy, call);
        if let Some(new) = new {
            copy.insert(call.key.clone(), new);
            *self.0.lock().expect("clients do not panic") = copy;
        }
        ret
    }
}
