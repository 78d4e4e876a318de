//! What a test of a store runs its plans on.

use checker::network::Network;

use super::terms::Terms;
use crate::drive::{Run, Undriven};
use crate::fault::Window;
use crate::plan::{Call, Plan};
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

    /// What the network carries when a plan is run, which is run again for that; nothing, where that is not known.
    fn network(&self, _plan: &Plan, _terms: &Terms) -> Network {
        Network::default()
    }

    /// What can be run of a plan here; unless said otherwise, what [`endured`] says.
    fn fitted(&self, plan: Plan) -> Plan {
        endured(plan)
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

/// What any sound store endures of a plan: members stay, clocks go right, disks keep what they synced, and
/// nobody forges a context, which only some stores can tell from a true one.
pub fn endured(mut plan: Plan) -> Plan {
    let known = |window: &Window| ENDURED.contains(&window.fault.kind());
    plan.faults.0.retain(known);
    for step in &mut plan.steps {
        if let Call::PutForged { key, .. } = &step.call {
            let (key, context) = (key.clone(), None);
            step.call = Call::Put { key, context };
        }
    }
    plan
}

/// The kinds of fault that any sound store endures.
pub(super) const ENDURED: [&str; 15] = [
    "cut",
    "cut-one-way",
    "cut-links",
    "crash",
    "pause",
    "slow",
    "stall",
    "lose",
    "delay",
    "reorder",
    "repeat",
    "clog",
    "narrow",
    "rank",
    "deliver",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;
    use crate::plan::Step;

    #[test]
    fn what_is_endured_is_all_but_what_only_some_stores_endure() {
        let (mut kept, mut left_out, mut forged) = (0, 0, 0);
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..300 {
            let plan = load::plan(seed);
            let is_forged = |step: &&Step| matches!(step.call, Call::PutForged { .. });
            forged += plan.steps.iter().filter(is_forged).count();
            let fitted = endured(plan.clone());
            assert_eq!(fitted.steps.len(), plan.steps.len());
            assert_eq!(fitted.steps.iter().filter(is_forged).count(), 0);
            let windows = plan.faults.0.iter().map(|window| window.fault.kind());
            kinds.extend(windows.filter(|kind| !ENDURED.contains(kind)));
            kept += fitted.faults.0.len();
            left_out += plan.faults.0.len() - fitted.faults.0.len();
            assert!(
                fitted
                    .faults
                    .0
                    .iter()
                    .all(|window| !window.fault.loses_disk())
            );
        }
        assert!(forged > 0 && left_out > 0 && kept > 5 * left_out);
        // A kind that is new must be put on one side or the other.
        let others = ["clock", "depart", "misdirect", "rot", "scramble", "wipe"];
        assert!(kinds.iter().all(|kind| others.contains(kind)), "{kinds:?}");
    }
}
