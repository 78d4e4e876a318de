//! What clients see of a failure: the same judges, without the evidence of disks and network.

use checker::kv::Kv;
use checker::{Budget, Entry, History, Note, Promise};

use crate::drive::Run;
use crate::matrix;
use crate::plan::Plan;

/// The part of a history that a test of a foreign store has: calls, answers, what the test itself did to the
/// cluster, and what the cluster promises. Nothing of what disks hold, messages bring and nodes count.
pub fn as_clients_see_it(history: &History<Kv>) -> History<Kv> {
    let seen = history.entries().filter(|entry| match entry {
        Entry::Note { note, .. } => from_outside(note),
        _ => true,
    });
    History::new(seen).expect("calls and their order are as they were")
}

pub(super) fn from_outside(note: &Note) -> bool {
    matches!(
        note,
        Note::Setup(_)
            | Note::Fault { .. }
            | Note::Crash(_)
            | Note::Restart(_)
            | Note::Healed
            | Note::Quiet
    )
}

/// The promises that a run breaks before the eyes of its clients, in the order of reports.
pub fn broken_to_clients(plan: &Plan, run: &Run, budget: Budget) -> Vec<Promise> {
    let made = matrix::made(plan, &run.history);
    let seen = as_clients_see_it(&run.history);
    let verdicts = matrix::judge(plan.shape, &seen, &made, budget);
    let broken = verdicts.into_iter();
    let broken = broken.filter(|(_, verdict)| verdict.counterexample().is_some());
    broken.map(|(promise, _)| promise).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preset::Preset;
    use crate::target::Target;

    #[test]
    fn clients_of_a_healthy_store_see_nothing_broken() {
        for preset in Preset::all() {
            for seed in 0..12 {
                let plan = preset.plan(seed);
                let run = Target::default().run(&plan).expect("it runs");
                let broken = broken_to_clients(&plan, &run, Budget::default());
                assert_eq!(broken, [], "{} {seed}", preset.name());
            }
        }
    }

    #[test]
    fn what_clients_see_has_every_call_and_no_evidence() {
        let plan = Preset::Dynamo.plan(3);
        let run = Target::default().run(&plan).expect("it runs");
        let seen = as_clients_see_it(&run.history);
        let said = |history: &History<Kv>| {
            let ops = history.ops().iter().cloned();
            let said = ops.map(|op| (op.id, op.call, op.invoked, op.returned, op.outcome));
            said.collect::<Vec<_>>()
        };
        assert_eq!(said(&seen), said(&run.history));
        assert!(seen.notes().count() > 0);
        assert!(seen.notes().all(|(_, note)| from_outside(note)));
        assert!(run.history.notes().any(|(_, note)| !from_outside(note)));
    }
}
