//! What the contexts that clients passed tell of versions, apart from the clocks of the store.

use std::collections::{BTreeMap, BTreeSet};

use super::story::Story;
use crate::history::OpId;
use crate::kv::{KvCall, KvRet};

/// For each value, those that its writer had seen.
pub(super) type Seen = BTreeMap<String, BTreeSet<String>>;

/// Calls of one key that are followed; a minimized run has far fewer.
const CALLS_MAX: usize = 2_000;

/// The values of the key that an acknowledged delete had seen.
pub(super) fn deleted(story: &Story) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let of_key = story.history.ops().iter();
    let of_key = of_key.filter(|op| story.is_key(op.call.key()));
    for op in of_key.take(CALLS_MAX) {
        if matches!(op.call, KvCall::Delete { .. }) && op.outcome.ok().is_some() {
            for context in op.call.context() {
                let read = story
                    .history
                    .op(*context)
                    .and_then(|read| read.outcome.ok());
                if let Some(KvRet::Values(values)) = read {
                    all.extend(values.iter().cloned());
                }
            }
        }
    }
    all
}

/// For each value of the key that was put, what its writer had seen, by contexts alone.
pub(super) fn seen(story: &Story) -> Seen {
    let mut seen: Seen = BTreeMap::new();
    let mut of_op: BTreeMap<OpId, BTreeSet<String>> = BTreeMap::new();
    for op in story
        .history
        .ops()
        .iter()
        .filter(|op| story.is_key(op.call.key()))
        .take(CALLS_MAX)
    {
        let mut known: BTreeSet<String> = BTreeSet::new();
        for context in op.call.context() {
            known.extend(of_op.get(context).cloned().unwrap_or_default());
        }
        match &op.call {
            KvCall::Put { value, .. } => {
                let mut own = known.clone();
                own.insert(value.clone());
                of_op.insert(op.id, own);
                seen.insert(value.clone(), known);
            }
            KvCall::Get { .. } => {
                if let Some(KvRet::Values(values)) = op.outcome.ok() {
                    known.extend(values.iter().cloned());
                    let before: Vec<String> = values
                        .iter()
                        .filter_map(|value| seen.get(value))
                        .flatten()
                        .cloned()
                        .collect();
                    known.extend(before);
                }
                of_op.insert(op.id, known);
            }
            KvCall::Delete { .. } => {
                of_op.insert(op.id, known);
            }
        }
    }
    seen
}
