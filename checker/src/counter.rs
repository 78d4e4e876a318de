//! Counters: add to them, read them; optionally many, by key.

use serde::{Deserialize, Serialize};

use crate::domain::Domain;

/// The alphabet of counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counter;

/// A call on one counter.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CounterCall {
    /// Which counter; `None` when the history is about a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is asked of it.
    pub action: CounterAction,
}

/// What is asked of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CounterAction {
    /// To be larger by this; smaller, if it is negative.
    Add(i64),
    /// Its value.
    Read,
}

/// What a counter answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CounterRet {
    /// The add took place.
    Done,
    /// The value: of a read the one it found, of an add the one it left.
    Value(i64),
    /// A read took place, but what it saw was not recorded.
    Unseen,
}

impl Domain for Counter {
    type Call = CounterCall;
    type Ret = CounterRet;
    const NAME: &'static str = "counter";

    fn call_label(call: &CounterCall) -> String {
        let key = call.key.as_ref();
        let key = key.map(|key| format!(" {key}")).unwrap_or_default();
        match call.action {
            CounterAction::Add(by) => format!("add{key} {by}"),
            CounterAction::Read => format!("read{key}"),
        }
    }

    fn ret_label(ret: &CounterRet) -> String {
        match ret {
            CounterRet::Done => "ok".into(),
            CounterRet::Value(value) => value.to_string(),
            CounterRet::Unseen => "unseen".into(),
        }
    }

    fn fits(call: &CounterCall, ret: &CounterRet) -> bool {
        match call.action {
            CounterAction::Add(_) => *ret != CounterRet::Unseen,
            CounterAction::Read => *ret != CounterRet::Done,
        }
    }

    fn key(call: &CounterCall) -> Option<&str> {
        call.key.as_deref()
    }
}
