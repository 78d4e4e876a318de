//! Smaller plans that still break the same promise for the same cause.
//!
//! Each candidate is the plan without some part of it, and is run again; it is kept when it still
//! fails as the original did. What comes after the failure goes first, then parts in groups (clients,
//! keys, nodes, kinds of fault), then chunks of halving size, then single parts until nothing more can
//! go; windows of chance become the single deliveries they caused. Then the cluster becomes smaller and
//! plainer, windows shorter, times and names round.

mod parts;
mod search;
#[cfg(test)]
mod tests;
mod values;

use crate::drive::Run;
use crate::plan::Plan;
use search::Search;

/// How many runs a search for a smaller plan may cost: counted, so the result is the same everywhere.
pub const REPLAYS: u32 = 3_000;

/// The smallest plan found.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// It still fails for the same cause.
    pub plan: Plan,
    /// Its run.
    pub run: Run,
    /// How many runs it took to find it.
    pub replays: u32,
}

/// Shrinks a failing plan.
///
/// `fails` runs a candidate and returns its run if it breaks the same promise for the same cause. The
/// result is 1-minimal over calls, faults and deliveries unless the replays ran out.
///
/// Returns `None` if the plan itself does not fail.
pub fn shrink(
    plan: Plan,
    replays: u32,
    mut fails: impl FnMut(&Plan) -> Option<Run>,
) -> Option<Shrunk> {
    let mut search = Search::new(&mut fails, replays);
    let run = search.run(&plan)?;
    let mut best = (plan, run);
    search.pin(&mut best);
    search.suffix(&mut best);
    let mut rounded = false;
    loop {
        let before = best.0.clone();
        search.groups(&mut best);
        search.steps(&mut best);
        search.faults(&mut best);
        search.deliveries(&mut best);
        search.plainer(&mut best);
        if !rounded {
            search.retarget(&mut best);
            search.reseed(&mut best);
        }
        search.shapes(&mut best);
        search.contexts(&mut best);
        // Calls that wait for their client would never keep round times.
        if !rounded {
            search.pin(&mut best);
        }
        if best.0 == before {
            if !rounded {
                search.windows(&mut best);
                rounded = true;
            }
            search.times(&mut best);
            search.names(&mut best);
        }
        if best.0 == before || search.left() == 0 {
            let (plan, run) = best;
            return Some(Shrunk {
                plan,
                run,
                replays: replays - search.left(),
            });
        }
    }
}
