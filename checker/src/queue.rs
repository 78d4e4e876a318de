//! First-in-first-out queues: enqueue, dequeue; optionally many, by key.

use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::register::Value;

/// The alphabet of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Queue;

/// A call on one queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueCall {
    /// Which queue; `None` when the history is about a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is asked of it.
    pub action: QueueAction,
}

/// What is asked of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueAction {
    /// To hold this at its end.
    Enqueue(Value),
    /// To give away what is at its front.
    Dequeue,
}

/// What a queue answers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueueRet {
    /// The enqueue took place.
    Done,
    /// What was at the front.
    Value(Value),
    /// The dequeue found nothing.
    Empty,
}

impl Domain for Queue {
    type Call = QueueCall;
    type Ret = QueueRet;
    const NAME: &'static str = "queue";

    fn call_label(call: &QueueCall) -> String {
        let key = call.key.as_ref();
        let key = key.map(|key| format!(" {key}")).unwrap_or_default();
        match &call.action {
            QueueAction::Enqueue(value) => format!("enqueue{key} {value}"),
            QueueAction::Dequeue => format!("dequeue{key}"),
        }
    }

    fn ret_label(ret: &QueueRet) -> String {
        match ret {
            QueueRet::Done => "ok".into(),
            QueueRet::Value(value) => value.to_string(),
            QueueRet::Empty => "empty".into(),
        }
    }

    fn fits(call: &QueueCall, ret: &QueueRet) -> bool {
        (call.action == QueueAction::Dequeue) == (*ret != QueueRet::Done)
    }

    fn key(call: &QueueCall) -> Option<&str> {
        call.key.as_deref()
    }
}
