//! What a step says to the history, and to the store.

use checker::OpId;
use checker::kv::KvCall;

use crate::plan::{Call, Step};
use crate::replica::Request;

/// What a step says to the history, and to the store, if it passes the context of this get. Whoever tries
/// again, or forges, says what a put does; what a change merges is not known here.
pub(crate) fn said(step: &Step, read: Option<(u32, &[u8])>) -> (KvCall, Request) {
    let name = step.call.key().to_owned();
    let key = name.clone().into_bytes();
    let names = read.iter().map(|(get, _)| OpId(u64::from(*get))).collect();
    let context = read.map(|(_, context)| context.to_vec());
    match &step.call {
        Call::Get { .. } => (KvCall::Get { key: name }, Request::Get { key }),
        Call::Put { .. } | Call::PutForged { .. } | Call::Retry { .. } | Call::Change { .. } => {
            let value = format!("v{}", step.id);
            let call = KvCall::Put {
                key: name,
                value: value.clone(),
                context: names,
            };
            let value = value.into_bytes();
            let request = Request::Put {
                key,
                value,
                context,
            };
            (call, request)
        }
        Call::Delete { .. } => {
            let call = KvCall::Delete {
                key: name,
                context: names,
            };
            (call, Request::Delete { key, context })
        }
    }
}

/// The same bytes but for one bit, which the name of the step chooses. Of no bytes, one.
pub(super) fn forged(context: &[u8], step: u32) -> Vec<u8> {
    let mut bytes = context.to_vec();
    let at = step as usize % bytes.len().max(1);
    match bytes.get_mut(at) {
        Some(byte) => *byte ^= 1 << (step % 8),
        None => bytes.push(step as u8),
    }
    bytes
}
