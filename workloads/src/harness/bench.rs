//! What a test of a store runs its plans on.

use super::terms::Terms;
use crate::drive::{Run, Undriven};
use crate::fault::{Fault, Window};
use crate::plan::Plan;
use crate::shrink::REPLAYS;

/// A store under test: something on which plans can be run, as often as one likes.
///
/// Two are ready made: [`Simulated`](super::Simulated) and [`Running`](super::Running).
pub trait Bench {
    /// Runs a plan on a store that is as good as new.
    ///
    /// # Errors
    /// When the store cannot do what the plan asks.
    fn run(&self, plan: &Plan, terms: &Terms) -> Result<Run, Undriven>;

    /// What can be run of a plan here: unless said otherwise all but members that leave.
    fn fitted(&self, mut plan: Plan) -> Plan {
        let leaves = |window: &Window| matches!(window.fault, Fault::Depart { .. });
        plan.faults.0.retain(|window| !leaves(window));
        plan
    }

    /// Whether the same plan gives the same run.
    fn repeats(&self) -> bool {
        true
    }

    /// How many runs it may cost to find a smaller plan.
    fn replays(&self) -> u32 {
        REPLAYS
    }

    /// What may be the reason if nothing came of any call.
    fn complaint(&self) -> Option<String> {
        None
    }
}
