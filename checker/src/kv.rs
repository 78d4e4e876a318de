//! A Dynamo-style store: get returns siblings and a context, put supersedes what its context saw.

use serde::{Deserialize, Serialize};

use crate::domain::{Domain, told};
use crate::history::OpId;

/// The alphabet of stores that keep siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kv;

/// A call on one key.
///
/// `context` names the operations whose returned contexts the client passed along; several when the
/// client merged them, none for a blind write. Values are unique per key within a history, so a value
/// names its write.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum KvCall {
    /// All current versions of the key.
    Get {
        /// Which key.
        key: String,
    },
    /// A new version that supersedes what the context has seen.
    Put {
        /// Which key.
        key: String,
        /// The new version's value.
        value: String,
        /// Operations whose contexts were passed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        context: Vec<OpId>,
    },
    /// A tombstone that supersedes what the context has seen.
    Delete {
        /// Which key.
        key: String,
        /// Operations whose contexts were passed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        context: Vec<OpId>,
    },
}

impl KvCall {
    /// Which key the call is about.
    pub fn key(&self) -> &str {
        match self {
            KvCall::Get { key } | KvCall::Put { key, .. } | KvCall::Delete { key, .. } => key,
        }
    }

    /// The contexts passed; empty for a get.
    pub fn context(&self) -> &[OpId] {
        match self {
            KvCall::Get { .. } => &[],
            KvCall::Put { context, .. } | KvCall::Delete { context, .. } => context,
        }
    }

    /// Whether the call makes a new version.
    pub fn writes(&self) -> bool {
        !matches!(self, KvCall::Get { .. })
    }
}

/// What the store answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KvRet {
    /// The values of all siblings, in the order of the answer; empty when there is none.
    Values(Vec<String>),
    /// The write was acknowledged.
    Stored,
}

impl Domain for Kv {
    type Call = KvCall;
    type Ret = KvRet;
    const NAME: &'static str = "kv";

    fn call_label(call: &KvCall) -> String {
        match call {
            KvCall::Get { key } => format!("get {key}"),
            KvCall::Put { key, value, .. } => format!("put {key} {value}"),
            KvCall::Delete { key, .. } => format!("delete {key}"),
        }
    }

    fn ret_label(ret: &KvRet) -> String {
        match ret {
            KvRet::Stored => "ok".into(),
            KvRet::Values(values) if values.is_empty() => "nothing".into(),
            KvRet::Values(values) => told(values, " | "),
        }
    }

    fn fits(call: &KvCall, ret: &KvRet) -> bool {
        call.writes() == (*ret == KvRet::Stored)
    }

    fn key(call: &KvCall) -> Option<&str> {
        Some(call.key())
    }
}
