//! The promises, one sentence each, and who makes them.

use std::fmt::Write;

use checker::Promise;

use crate::preset::Preset;

const MEANING: [(Promise, &str); 16] = [
    (
        Promise::ClockCausality,
        "clocks order two versions exactly when one had seen the other",
    ),
    (
        Promise::SiblingPreservation,
        "no acknowledged write is lost, none comes back, none is invented",
    ),
    (
        Promise::Convergence,
        "once healed, replicas become equal, and equal to what the writes add up to",
    ),
    (
        Promise::HandoffDelivery,
        "what a node keeps for another reaches it",
    ),
    (
        Promise::Reconciliation,
        "what clients merge out of siblings holds every acknowledged change once, and nothing else",
    ),
    (
        Promise::Linearizable,
        "one order of all operations, within their intervals, explains every answer",
    ),
    (
        Promise::Sequential,
        "for each key one order, in the order of each session, explains every answer",
    ),
    (
        Promise::Regular,
        "a read sees everything that was acknowledged before it began",
    ),
    (
        Promise::ReadYourWrites,
        "a session sees its own acknowledged writes",
    ),
    (
        Promise::MonotonicReads,
        "a session does not lose sight of what it has seen",
    ),
    (
        Promise::MonotonicWrites,
        "who sees a write of a session sees those that it made before",
    ),
    (
        Promise::WritesFollowReads,
        "who sees a write sees what its session had read before making it",
    ),
    (
        Promise::Causal,
        "every read sees what causally precedes it, and nothing that this replaced",
    ),
    (
        Promise::CausalConvergence,
        "causal, and everyone can agree on one order of concurrent writes",
    ),
    (
        Promise::CausalMemory,
        "causal, and each session can explain all it read by one order",
    ),
    (
        Promise::Cycles,
        "transactions depend on one another in no cycle that the consistency model forbids",
    ),
];

pub(super) fn text() -> String {
    let mut out = String::from("Promises, and the presets of dyno hunt that make them:\n");
    let presets: Vec<(&str, Vec<Promise>)> = Preset::all()
        .map(|preset| (preset.name(), preset.promises()))
        .collect();
    for (promise, meaning) in MEANING {
        let _ = writeln!(out, "\n{promise}\n  {meaning}");
        let by = presets.iter().filter(|(_, made)| made.contains(&promise));
        let by: Vec<&str> = by.map(|(name, _)| *name).collect();
        match by.len() {
            0 => out.push_str("  in recordings: dyno check\n"),
            many if many == presets.len() => out.push_str("  made by every preset\n"),
            _ => wrap(&mut out, &by),
        }
    }
    out.push_str(
        "\n--property NAME judges only that one. A promise counts as held only where a run could have broken it;\n\
         where none could, the exit code is 14.\n",
    );
    out
}

fn wrap(out: &mut String, names: &[&str]) {
    let mut line = String::from("  made by");
    for name in names {
        if line.len() + name.len() > 98 {
            let _ = writeln!(out, "{line}");
            line = String::from("         ");
        }
        let _ = write!(line, " {name}");
    }
    let _ = writeln!(out, "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_promise_is_told_in_the_order_of_reports() {
        assert_eq!(MEANING.map(|(promise, _)| promise), Promise::ALL);
    }
}
