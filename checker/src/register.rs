//! Registers: read, write, compare-and-set; optionally many of them, by key.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::domain::Domain;

/// The alphabet of registers and cas-registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register;

/// What a register holds. `Nil` is what it holds before the first write, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// No value.
    Nil,
    /// A number.
    Int(i64),
    /// Anything else, as it was written.
    Text(String),
}

impl Hash for Value {
    // In one word, for searches look up little else than small numbers.
    #[inline]
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        match self {
            Value::Nil => hasher.write_i64(i64::MIN),
            Value::Int(number) => hasher.write_i64(*number),
            Value::Text(text) => text.hash(hasher),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => write!(f, "nil"),
            Value::Int(number) => write!(f, "{number}"),
            Value::Text(text) => write!(f, "{text}"),
        }
    }
}

/// A call on one register.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterCall {
    /// Which register; `None` when the history is about a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is asked of it.
    pub action: Action,
}

/// What is asked of a register.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Its value.
    Read,
    /// To hold this value from now on.
    Write(Value),
    /// To hold the second value if it holds the first.
    Cas(Value, Value),
}

/// What a register answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegisterRet {
    /// The value read.
    Value(Value),
    /// A read took place, but what it saw was not recorded.
    Unseen,
    /// The write took place, or the compare-and-set replaced the value.
    Done,
    /// The compare-and-set took place and found another value.
    Mismatch,
}

impl Domain for Register {
    type Call = RegisterCall;
    type Ret = RegisterRet;
    const NAME: &'static str = "register";

    fn call_label(call: &RegisterCall) -> String {
        let key = call
            .key
            .as_ref()
            .map(|key| format!(" {key}"))
            .unwrap_or_default();
        match &call.action {
            Action::Read => format!("read{key}"),
            Action::Write(value) => format!("write{key} {value}"),
            Action::Cas(from, to) => format!("cas{key} {from} {to}"),
        }
    }

    fn ret_label(ret: &RegisterRet) -> String {
        match ret {
            RegisterRet::Value(value) => value.to_string(),
            RegisterRet::Unseen => "unseen".into(),
            RegisterRet::Done => "ok".into(),
            RegisterRet::Mismatch => "mismatch".into(),
        }
    }

    fn fits(call: &RegisterCall, ret: &RegisterRet) -> bool {
        match call.action {
            Action::Read => matches!(ret, RegisterRet::Value(_) | RegisterRet::Unseen),
            Action::Write(_) => *ret == RegisterRet::Done,
            Action::Cas(..) => matches!(ret, RegisterRet::Done | RegisterRet::Mismatch),
        }
    }

    fn key(call: &RegisterCall) -> Option<&str> {
        call.key.as_deref()
    }
}
