//! What the healthy campaign promises, and what it must have exercised to be worth anything.

use checker::kv::{Kv, KvCall, KvRet};
use checker::{Counters, History, Note, Outcome, Promise};

use crate::campaign::Tally;
use crate::plan::Plan;

/// The promises that every shape of the reference core makes, in the order of reports.
///
/// Convergence is promised where anti-entropy is on, handoff delivery where hints are kept; the history
/// of a run says which.
pub const PROMISES: [Promise; 4] = [
    Promise::ClockCausality,
    Promise::SiblingPreservation,
    Promise::Convergence,
    Promise::HandoffDelivery,
];

/// What must have happened in the runs of a campaign, whatever is judged.
pub const HAPPENED: [&str; 17] = [
    "acknowledged puts",
    "puts of unknown outcome",
    "refused calls",
    "puts with a context",
    "blind puts",
    "reads of several siblings",
    "cut",
    "cut-one-way",
    "crash",
    "pause",
    "lose",
    "delay",
    "reorder",
    "repeat",
    "hints kept",
    "read repairs",
    "keys synchronized",
];

/// Which of several broken promises of one run to report first: what the user loses before why.
pub fn rank(promise: Promise) -> u8 {
    match promise {
        Promise::SiblingPreservation => 0,
        Promise::HandoffDelivery => 1,
        Promise::Convergence => 2,
        Promise::ClockCausality => 3,
        _ => 4,
    }
}

/// What happened in one run.
pub fn happened(plan: &Plan, history: &History<Kv>) -> Counters {
    let mut counters = Counters::new();
    let mut count = |name: &str| *counters.entry(name.to_owned()).or_default() += 1;
    for window in &plan.faults.0 {
        if window.from < window.until {
            count(window.fault.kind());
        }
    }
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
            _ => {}
        }
    }
    counters
}

/// What should have happened in a campaign and never did: in the runs, or to a promise judged.
pub fn missing(tally: &Tally) -> Vec<String> {
    let never = |name: &&str| tally.happened.get(*name).copied().unwrap_or(0) == 0;
    let happened = HAPPENED.into_iter().filter(never).map(str::to_owned);
    let judged = tally
        .promises
        .values()
        .flat_map(|standing| &standing.exercised);
    let idle = judged
        .filter(|(_, count)| **count == 0)
        .map(|(name, _)| name.clone());
    happened.chain(idle).collect()
}
