//! Where the plans of a campaign are run: in the simulator, or on real processes.

use checker::Promise;

use crate::drive::{Run, Undriven};
use crate::plan::Plan;
use crate::preset::{self, Preset};
use crate::target::Target;

/// Where plans are run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum World {
    /// In the simulator: the same plan gives the same run.
    #[default]
    Simulator,
    /// On a cluster of processes, in real time: the same plan gives another run each time. Disks are looked at
    /// when the faults have ended and once the store is mended; nothing is seen of messages.
    Cluster,
}

/// What is told only by disks all along, or by messages between nodes.
const UNSEEN: [&str; 4] = [
    "hints kept",
    "read repairs",
    "keys synchronized",
    "keys handed over",
];

/// What no plan does to real processes.
const UNDONE: [&str; 7] = [
    "slow",
    "clock",
    "stall",
    "rank",
    "rot",
    "misdirect",
    "scramble",
];

impl World {
    /// All there are.
    pub const ALL: [World; 2] = [World::Simulator, World::Cluster];

    /// As flags name it.
    pub fn name(self) -> &'static str {
        match self {
            World::Simulator => "core",
            World::Cluster => "cluster",
        }
    }

    /// The plan of this seed, without what cannot be done here.
    pub fn plan(self, preset: Preset, seed: u64) -> Plan {
        self.restricted(preset.plan(seed))
    }

    /// The plan without what cannot be done here.
    pub fn restricted(self, plan: Plan) -> Plan {
        match self {
            World::Simulator => plan,
            World::Cluster => restricted(plan),
        }
    }

    /// Runs a plan from its beginning.
    ///
    /// # Errors
    /// When the target cannot do what the plan asks, or does not come up.
    pub fn run(self, target: Target, plan: &Plan) -> Result<Run, Undriven> {
        match self {
            World::Simulator => target.run(plan),
            World::Cluster => on_cluster(target, plan),
        }
    }

    /// Whether the same plan gives the same run.
    pub fn repeats(self) -> bool {
        self == World::Simulator
    }

    /// Whether runs can be counted on to show that this promise is kept. In real time it is chance whether
    /// replicas are apart when they are looked at, and hints come and go unseen.
    pub fn can_hold(self, promise: Promise) -> bool {
        self == World::Simulator
            || !matches!(promise, Promise::Convergence | Promise::HandoffDelivery)
    }

    /// Whether it could be seen here that this happened in a run.
    pub fn shows(self, happened: &str) -> bool {
        let hidden = UNSEEN.iter().chain(&UNDONE).chain(&preset::MARKS);
        self == World::Simulator || !hidden.clone().any(|name| *name == happened)
    }
}

#[cfg(unix)]
fn restricted(plan: Plan) -> Plan {
    crate::subject::cluster::restricted(plan)
}

#[cfg(not(unix))]
fn restricted(plan: Plan) -> Plan {
    plan
}

/// With this very program as the command that runs a node.
#[cfg(unix)]
fn on_cluster(target: Target, plan: &Plan) -> Result<Run, Undriven> {
    let program = std::env::current_exe();
    let program = program.map_err(|why| Undriven::Broken(why.to_string()))?;
    crate::subject::cluster::Cluster::run(&program, plan, target.flaw)
}

#[cfg(not(unix))]
fn on_cluster(_target: Target, _plan: &Plan) -> Result<Run, Undriven> {
    Err(Undriven::Broken("processes are not stopped here".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cluster_cannot_show_is_not_missed_there() {
        let names = Preset::Dynamo.exercises();
        for name in UNSEEN.iter().chain(&UNDONE) {
            assert!(names.contains(name), "{name}");
        }
        assert!(names.iter().all(|name| World::Simulator.shows(name)));
        assert!(World::Cluster.shows("crash") && !World::Cluster.shows("clock"));
    }
}
