//! What a failure needs, when it could no longer be avoided, and where the store went wrong.
//!
//! Everything said here was run: each need is a rerun of the plan with one thing changed, each share
//! counts continuations with other luck. The wrong decision is read off the evidence
//! ([`checker::decision`]).

mod doom;
mod needs;
mod settings;
#[cfg(test)]
mod tests;
mod trial;

use checker::decision::decide;
use checker::network::Beside;
use checker::report::Explanation;
use checker::{Budget, Counterexample};

use crate::drive::Run;
use crate::plan::Plan;
use crate::target::Target;
use trial::Trial;

/// How many runs an explanation may cost: counted, so the result is the same everywhere.
pub const REPLAYS: u32 = 1_500;

/// Runs with other luck for each change, and continuations for each moment.
const LUCKS: u32 = 20;

/// Explains why this plan, whose run is given with what is known beside it, breaks the promise of the
/// counterexample.
///
/// First each change is tried once, then the likelihood of the failure over time, then each change with
/// other luck, until the replays are used up.
pub fn explain(
    target: Target,
    plan: &Plan,
    run: &Run,
    found: &Counterexample,
    beside: Beside<'_>,
    (replays, budget): (u32, Budget),
) -> Explanation {
    let mut trial = Trial::new(target, plan.shape, found, (replays, budget));
    let (mut needs, untried) = needs::needs(&mut trial, plan);
    let doom = doom::doom(&mut trial, plan, run);
    let as_it_is = trial.luck(target, plan);
    for (need, changed) in &mut needs {
        need.luck = trial.luck(changed.target, &changed.plan);
    }
    Explanation {
        as_it_is,
        needs: needs.into_iter().map(|(need, _)| need).collect(),
        untried,
        doom,
        decision: decide(&run.history, found, beside),
        replays: replays - trial.left(),
    }
}
