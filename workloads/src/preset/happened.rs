//! What happened in the runs of a campaign, and what should have and did not.

use std::collections::BTreeMap;

use checker::kv::{Kv, KvCall, KvRet};
use checker::reconciliation::Kind;
use checker::{Counters, History, Note, Outcome, Time};

use super::kinds::Preset;
use super::{marks, reads};
use crate::campaign::Tally;
use crate::plan::{Call, Plan};

/// What must have happened in the runs of the usual campaign, whatever is judged.
pub const HAPPENED: [&str; 33] = [
    "acknowledged puts",
    "puts of unknown outcome",
    "refused calls",
    "puts with a context",
    "blind puts",
    "reads of several siblings",
    "deletes",
    "re-creations",
    "reads of a deleted key",
    "cut",
    "cut-one-way",
    "crash",
    "pause",
    "depart",
    "lose",
    "delay",
    "reorder",
    "repeat",
    "cut-links",
    "slow",
    "clock",
    "stall",
    "clog",
    "narrow",
    "rank",
    "wipe",
    "rot",
    "misdirect",
    "scramble",
    "hints kept",
    "read repairs",
    "keys synchronized",
    "keys handed over",
];

/// What happened in one run of this preset.
pub fn happened(preset: Preset, plan: &Plan, history: &History<Kv>) -> Counters {
    let mut counters = happened_anywhere(plan, history);
    if let Preset::Row(_) = preset {
        for (name, times) in reads::counted(history) {
            *counters.entry(name.to_owned()).or_default() += times;
        }
    }
    counters
}

fn happened_anywhere(plan: &Plan, history: &History<Kv>) -> Counters {
    let mut counters = Counters::new();
    let mut count = |name: &str| *counters.entry(name.to_owned()).or_default() += 1;
    for window in &plan.faults.0 {
        if window.from < window.until {
            count(window.fault.kind());
        }
    }
    for step in &plan.steps {
        if let Call::Change { of, .. } = step.call {
            count(match of {
                Kind::Set => "changes of a set",
                Kind::Counter => "changes of a counter",
                Kind::List => "changes of a list",
            });
        }
    }
    for (name, times) in marks::met(plan, history) {
        *counters.entry(name.to_owned()).or_default() += times;
    }
    for (name, times) in lives(history).into_iter().filter(|(_, times)| *times > 0) {
        *counters.entry(name.to_owned()).or_default() += times;
    }
    let mut count = |name: &str| *counters.entry(name.to_owned()).or_default() += 1;
    for op in history.ops() {
        match (&op.call, &op.outcome) {
            (_, Outcome::Fail) => count("refused calls"),
            (KvCall::Put { .. }, Outcome::Ok(_)) => count("acknowledged puts"),
            (KvCall::Put { .. }, Outcome::Unknown) => count("puts of unknown outcome"),
            (KvCall::Get { .. }, Outcome::Ok(KvRet::Values(values))) if values.len() > 1 => {
                count("reads of several siblings");
            }
            _ => {}
        }
        match &op.call {
            KvCall::Put { context, .. } if context.is_empty() => count("blind puts"),
            KvCall::Put { .. } => count("puts with a context"),
            _ => {}
        }
    }
    for (_, note) in history.notes() {
        match note {
            Note::Hint { .. } => count("hints kept"),
            Note::Transfer { kind, .. } if kind == "repair" => count("read repairs"),
            Note::Transfer { kind, .. } if kind.starts_with("sync") => count("keys synchronized"),
            Note::Transfer { kind, .. } if kind == "keys" => count("keys handed over"),
            _ => {}
        }
    }
    counters
}

/// Acknowledged deletes, the first puts after them, and reads in between that found nothing.
fn lives(history: &History<Kv>) -> [(&'static str, u64); 3] {
    let (mut deletes, mut again, mut reads) = (0, 0, 0);
    // By key, when its deletes were acknowledged, as far as nothing was put after them.
    let mut deleted: BTreeMap<&str, Vec<Time>> = BTreeMap::new();
    for op in history.ops() {
        let of_key = deleted.entry(op.call.key()).or_default();
        let gone = of_key.iter().any(|&deleted| deleted < op.invoked);
        match (&op.call, &op.outcome, op.returned) {
            (KvCall::Delete { .. }, Outcome::Ok(_), Some(returned)) => {
                deletes += 1;
                of_key.push(returned);
            }
            (KvCall::Put { .. }, Outcome::Ok(_), _) if gone => {
                again += 1;
                of_key.retain(|&deleted| deleted >= op.invoked);
            }
            (KvCall::Get { .. }, Outcome::Ok(KvRet::Values(values)), _)
                if gone && values.is_empty() =>
            {
                reads += 1;
            }
            _ => {}
        }
    }
    [
        ("deletes", deletes),
        ("re-creations", again),
        ("reads of a deleted key", reads),
    ]
}

/// What should have happened in a campaign and never did: in the runs, or to a promise judged.
pub fn missing(tally: &Tally) -> Vec<String> {
    let never = |name: &&str| tally.happened.get(*name).copied().unwrap_or(0) == 0;
    let happened = tally.preset.exercises().into_iter();
    let happened = happened.filter(never).map(str::to_owned);
    let judged = tally
        .promises
        .values()
        .flat_map(|standing| &standing.exercised);
    // Where the last writer wins there are no siblings to be read; and a key that is left out is no gain.
    let kept = tally.preset.keeps_siblings();
    // By what a verdict was reached is no chance to be broken either.
    let method = |name: &str| name.starts_with("parts by ") || name == "states visited";
    let possible = |name: &str| {
        name != "keys left out" && !method(name) && (kept || name != "reads of several siblings")
    };
    let idle = judged
        .filter(|(name, count)| **count == 0 && possible(name))
        .map(|(name, _)| name.clone());
    happened.chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_again_with_the_first_put_after_its_delete() {
        let count = |picture: &str| lives(&checker::picture::history::<Kv>(picture)).map(|of| of.1);
        assert_eq!(
            count(
                "
                a  |put x a|  |delete x|              |put x b|  |put x c|
                b                          |get x -> nothing|
                c  |get x -> nothing|      |get y -> nothing|
                "
            ),
            [1, 1, 1]
        );
        // What overlaps the delete may have come before it, and what is unknown may not have come.
        assert_eq!(
            count(
                "
                a  |put x a|  |delete x--------------|
                b                |put x b|  |get x -> nothing|
                c               |delete x ?...
                "
            ),
            [1, 0, 0]
        );
    }
}
