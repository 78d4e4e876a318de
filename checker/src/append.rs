//! A map of strings with get, put and append.

use serde::{Deserialize, Serialize};

use crate::domain::{Domain, quoted};

/// The alphabet of key-value stores with append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Append;

/// A call on one key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppendCall {
    /// Which string.
    pub key: String,
    /// What is asked of it.
    pub action: AppendAction,
}

/// What is asked of a string.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppendAction {
    /// The whole string; a key never written holds the empty string.
    Get,
    /// To be this string from now on.
    Put(String),
    /// To be longer by this.
    Append(String),
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppendRet {
    /// The string read.
    Value(String),
    /// A get took place, but what it saw was not recorded.
    Unseen,
    /// The put or append took place.
    Done,
}

impl Domain for Append {
    type Call = AppendCall;
    type Ret = AppendRet;
    const NAME: &'static str = "kv-append";

    fn call_label(call: &AppendCall) -> String {
        let key = &call.key;
        match &call.action {
            AppendAction::Get => format!("get {key}"),
            AppendAction::Put(value) => format!("put {key} {}", quoted(value)),
            AppendAction::Append(value) => format!("append {key} {}", quoted(value)),
        }
    }

    fn ret_label(ret: &AppendRet) -> String {
        match ret {
            AppendRet::Value(value) => quoted(value),
            AppendRet::Unseen => "unseen".into(),
            AppendRet::Done => "ok".into(),
        }
    }

    fn fits(call: &AppendCall, ret: &AppendRet) -> bool {
        (call.action == AppendAction::Get) == (*ret != AppendRet::Done)
    }

    fn key(call: &AppendCall) -> Option<&str> {
        Some(&call.key)
    }
}
