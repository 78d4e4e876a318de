//! Locks: acquire, release; optionally many, by key.

use serde::{Deserialize, Serialize};

use crate::domain::Domain;

/// The alphabet of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mutex;

/// A call on one lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MutexCall {
    /// Which lock; `None` when the history is about a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is asked of it.
    pub action: MutexAction,
}

/// What is asked of a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MutexAction {
    /// To be held from now on.
    Acquire,
    /// To be free from now on.
    Release,
}

/// What a lock answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MutexRet {
    /// It was acquired, or released.
    Done,
}

impl Domain for Mutex {
    type Call = MutexCall;
    type Ret = MutexRet;
    const NAME: &'static str = "mutex";

    fn call_label(call: &MutexCall) -> String {
        let key = call.key.as_ref();
        let key = key.map(|key| format!(" {key}")).unwrap_or_default();
        match call.action {
            MutexAction::Acquire => format!("acquire{key}"),
            MutexAction::Release => format!("release{key}"),
        }
    }

    fn ret_label(MutexRet::Done: &MutexRet) -> String {
        "ok".into()
    }

    fn fits(_: &MutexCall, MutexRet::Done: &MutexRet) -> bool {
        true
    }

    fn key(call: &MutexCall) -> Option<&str> {
        call.key.as_deref()
    }
}
