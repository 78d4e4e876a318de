//! What reads met in a run: puts under way, missing puts, repairs that they waited for.

use std::collections::BTreeMap;

use checker::kv::{Kv, KvCall, KvRet};
use checker::note::Node;
use checker::{History, Note, Op, Outcome, Time};

/// How long a put may still send copies after it was called, in microseconds: as long as a client's
/// request lasts, and a little.
const SENDS_US_MAX: u64 = 600_000;

/// How long what a message brought may take to the disk, in microseconds.
const SYNCS_US_MAX: u64 = 100_000;

/// Counters of the answered gets of a history, O(reads · (puts + transfers)).
pub(super) fn counted(history: &History<Kv>) -> [(&'static str, u64); 3] {
    let ops = history.ops();
    let answered = |op: &&Op<Kv>| matches!(op.outcome, Outcome::Ok(KvRet::Values(_)));
    let gets: Vec<&Op<Kv>> = ops.iter().filter(answered).collect();
    let count = |met: &dyn Fn(&Op<Kv>) -> bool| gets.iter().filter(|get| met(get)).count() as u64;
    let puts = |get: &Op<Kv>| {
        let key = get.call.key().to_owned();
        ops.iter()
            .filter(move |op| op.call.writes() && op.call.key() == key)
    };
    let deletes = ops
        .iter()
        .any(|op| matches!(op.call, KvCall::Delete { .. }));
    let overlapping = count(&|get| {
        let until = |put: &Op<Kv>| put.returned.unwrap_or(Time(u64::MAX));
        puts(get).any(|put| put.invoked <= ends(get) && get.invoked <= until(put))
    });
    let stale = count(&|get| {
        let nothing = get.outcome == Outcome::Ok(KvRet::Values(Vec::new()));
        let stored = |put: &Op<Kv>| put.outcome == Outcome::Ok(KvRet::Stored);
        let before = |put: &Op<Kv>| put.returned.is_some_and(|at| at < get.invoked);
        nothing && !deletes && puts(get).any(|put| stored(put) && before(put))
    });
    let copies = late_copies(history);
    let repaired = count(&|get| {
        let during = |at: Time| get.invoked <= at && at <= ends(get);
        let copies = copies.iter();
        copies
            .filter(|(at, _)| during(*at))
            .any(|(_, key)| *key == get.call.key())
    });
    [
        ("overlapping reads", overlapping),
        ("stale reads", stale),
        ("repairs before answers", repaired),
    ]
}

fn ends(get: &Op<Kv>) -> Time {
    get.returned.unwrap_or(Time(u64::MAX))
}

/// When a disk came to hold versions of a key whose puts were all over, and nothing that was recorded had
/// just brought them: so a get did that waits for it.
fn late_copies(history: &History<Kv>) -> Vec<(Time, &str)> {
    let mut put_at = BTreeMap::new();
    for op in history.ops() {
        if let KvCall::Put { key, value, .. } = &op.call {
            put_at.insert((key.as_str(), value.as_str()), op.invoked);
        }
    }
    let mut brought: BTreeMap<(Node, &str), Time> = BTreeMap::new();
    let mut late = Vec::new();
    for (at, note) in history.notes() {
        match note {
            Note::Transfer { to, key, .. } => {
                brought.insert((*to, key), at);
            }
            Note::Durable {
                node,
                key,
                versions,
            } => {
                let just = brought.get(&(*node, key.as_str()));
                let just = just.is_some_and(|last| at.0 <= last.0 + SYNCS_US_MAX);
                let over = versions.iter().all(|version| {
                    let value = version.value.as_deref().unwrap_or_default();
                    let put = put_at.get(&(key.as_str(), value));
                    put.is_some_and(|put| put.0 + SENDS_US_MAX < at.0)
                });
                if over && !just && !versions.is_empty() {
                    late.push((at, key.as_str()));
                }
            }
            _ => {}
        }
    }
    late
}
