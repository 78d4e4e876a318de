//! Each flaw in two worlds: plans that break a promise in the simulator, and the same plans on processes.
//!
//! Only plans count that processes can suffer, and of a run only what processes show of one. So what is found in
//! the simulator ought to be found on processes too, unless it takes a moment that real time does not hit.

mod table;
#[cfg(test)]
mod tests;

use checker::{Budget, Promise};
use dynamo_core::Flaw;

use super::expected::expected;
use super::looks::broken_to_processes;
use super::parts;
use crate::campaign::{Seeds, is_interrupted};
use crate::drive::{Run, Undriven};
use crate::matrix;
use crate::plan::Plan;
use crate::preset::Preset;
use crate::shrink::shrink;
use crate::target::Target;
use crate::world::World;

pub use table::{human, line, markdown};

/// Which flaws are sought in both worlds, and how long.
#[derive(Clone, Debug)]
pub struct Worlds {
    /// Which flaws.
    pub flaws: Vec<Flaw>,
    /// What the seeds of plans are made from. `dyno hunt --target cluster` with it makes the same plans.
    pub seed_base: u64,
    /// How many plans are run in the simulator at most.
    pub runs: u64,
    /// How many failing plans are kept for processes, each as it was found and minimized.
    pub plans: usize,
    /// How many replays it may take to minimize one.
    pub shrink: u32,
    /// How many runs on processes there are at most.
    pub tries: u32,
}

/// What runs a plan on processes.
pub type OnProcesses<'r> = &'r dyn Fn(Target, &Plan) -> Result<Run, Undriven>;

/// A flaw in both worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InBoth {
    /// The flaw.
    pub flaw: Flaw,
    /// Which plans.
    pub preset: Preset,
    /// The first plan that fails in the simulator.
    pub simulated: Option<Simulated>,
    /// What came of it on processes.
    pub real: Real,
}

/// The first plan that fails in the simulator with what processes show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// Its number, from 1.
    pub run: u64,
    /// What it breaks.
    pub promise: Promise,
}

/// What came of a flaw on processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Real {
    /// It was caught.
    Caught {
        /// In which run, from 1.
        run: u32,
        /// What it broke.
        promise: Promise,
        /// Whether the plan was a minimized one.
        minimized: bool,
    },
    /// It was not.
    Missed {
        /// In how many runs.
        tries: u32,
        /// In as many runs of the same plans in the simulator, each with luck of its own, how often a promise
        /// broke before the eyes of processes. Where that is rare, it takes a moment of virtual time.
        by_luck: u32,
    },
    /// No plan would show it.
    Never(Why),
    /// A plan that fails with the flaw breaks this promise without it too.
    Unsound(Promise),
    /// It could not be run.
    Trouble(String),
}

impl Real {
    /// Whether runs in real time, where luck never falls twice the same way, can be expected to miss it: with
    /// other luck, one in 25 in the simulator shows it at most.
    pub fn takes_virtual_time(&self) -> bool {
        matches!(self, Real::Missed { tries, by_luck } if by_luck * 25 <= *tries)
    }
}

/// Why no plan shows a flaw on processes: what the simulator says of all the plans that were run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It takes faults that processes cannot suffer, of these kinds.
    Faults(Vec<&'static str>),
    /// What breaks shows only to who sees all that disks held, or messages, or what was counted.
    Sight(Promise),
    /// No plan of the campaign fails, whatever is seen.
    Unfound,
}

/// A plan that fails in the simulator.
struct Find {
    run: u64,
    plan: Plan,
    promise: Promise,
}

impl Worlds {
    /// Seeks all of them, one after the other. `tick` hears of each that is done.
    pub fn run(&self, on_processes: OnProcesses<'_>, mut tick: impl FnMut(&InBoth)) -> Vec<InBoth> {
        let mut all = Vec::new();
        for &flaw in &self.flaws {
            if is_interrupted() {
                break;
            }
            let found = self.seek(flaw, on_processes);
            tick(&found);
            all.push(found);
        }
        all
    }

    fn seek(&self, flaw: Flaw, on_processes: OnProcesses<'_>) -> InBoth {
        let preset = expected(flaw).preset;
        let target = Target { flaw: Some(flaw) };
        let found = self.simulate(target, preset);
        let (simulated, real) = match found {
            Ok(finds) => {
                let simulated = finds.first().map(|find| Simulated {
                    run: find.run + 1,
                    promise: find.promise,
                });
                (simulated, self.attempt(target, &finds, on_processes))
            }
            Err(why) => (None, Real::Never(why)),
        };
        InBoth {
            flaw,
            preset,
            simulated,
            real,
        }
    }

    /// Plans that processes can suffer and that would show the flaw there.
    fn simulate(&self, target: Target, preset: Preset) -> Result<Vec<Find>, Why> {
        let mut finds = Vec::new();
        let mut hidden = None;
        for run in 0..self.runs {
            let plan = World::Cluster.plan(preset, self.seed(run));
            let Ok(ran) = target.run(&plan) else {
                continue;
            };
            let shown = broken_to_processes(&plan, &ran, Budget::default());
            if let Some(&promise) = shown.first() {
                finds.push(Find { run, plan, promise });
            } else if finds.is_empty() && hidden.is_none() {
                hidden = broken(&plan, &ran);
            }
            if finds.len() >= self.plans || is_interrupted() {
                break;
            }
        }
        match hidden {
            _ if !finds.is_empty() => Ok(finds),
            Some(promise) => Err(Why::Sight(promise)),
            None => Err(self.beyond(target, preset)),
        }
    }

    /// What else it takes.
    fn beyond(&self, target: Target, preset: Preset) -> Why {
        for run in 0..self.runs {
            if is_interrupted() {
                break;
            }
            let plan = preset.plan(self.seed(run));
            let Ok(ran) = target.run(&plan) else {
                continue;
            };
            if broken(&plan, &ran).is_none() {
                continue;
            }
            let mut kinds = undone(&plan);
            let needed = parts::needed(target, &plan, Budget::default());
            if kinds.iter().any(|kind| needed.contains(kind)) {
                kinds.retain(|kind| needed.contains(kind));
            }
            return Why::Faults(kinds);
        }
        Why::Unfound
    }

    /// Runs the plans in turn, as they were found and minimized.
    fn attempt(&self, target: Target, finds: &[Find], on_processes: OnProcesses<'_>) -> Real {
        let mut small: Vec<Option<Plan>> = vec![None; finds.len()];
        let mut tries = 0;
        while tries < self.tries && !is_interrupted() {
            let run = tries;
            tries += 1;
            let nth = (run / 2) as usize % finds.len();
            let minimized = run % 2 == 1;
            let plan = if minimized {
                &*small[nth].get_or_insert_with(|| self.minimized(target, &finds[nth]))
            } else {
                &finds[nth].plan
            };
            let ran = match on_processes(target, plan) {
                Ok(ran) => ran,
                Err(why) => return Real::Trouble(why.to_string()),
            };
            let Some(promise) = broken(plan, &ran) else {
                continue;
            };
            return match on_processes(Target::default(), plan) {
                Ok(sound) => match broken(plan, &sound) {
                    Some(promise) => Real::Unsound(promise),
                    None => Real::Caught {
                        run: tries,
                        promise,
                        minimized,
                    },
                },
                Err(why) => Real::Trouble(why.to_string()),
            };
        }
        Real::Missed {
            tries,
            by_luck: Self::by_luck(target, finds, tries),
        }
    }

    /// How many runs in the simulator break a promise, with luck that nobody chose.
    fn by_luck(target: Target, finds: &[Find], runs: u32) -> u32 {
        let breaks = |nth: &u32| {
            let find = &finds[*nth as usize % finds.len()];
            let seed = find.plan.seed.wrapping_add(u64::from(*nth) + 1);
            let plan = Plan {
                seed,
                ..find.plan.clone()
            };
            let ran = target.run(&plan);
            ran.is_ok_and(|ran| !broken_to_processes(&plan, &ran, Budget::default()).is_empty())
        };
        (0..runs).filter(breaks).count() as u32
    }

    /// A smaller plan that processes can suffer too.
    fn minimized(&self, target: Target, find: &Find) -> Plan {
        let fails = |plan: &Plan| {
            if !undone(plan).is_empty() {
                return None;
            }
            let run = target.run(plan).ok()?;
            let shown = broken_to_processes(plan, &run, Budget::default());
            shown.contains(&find.promise).then_some(run)
        };
        let small = shrink(find.plan.clone(), self.shrink, fails);
        small.map_or_else(|| find.plan.clone(), |small| small.plan)
    }

    fn seed(&self, run: u64) -> u64 {
        Seeds::Base(self.seed_base).seed(run)
    }
}

/// The kinds of fault in a plan that processes cannot suffer.
fn undone(plan: &Plan) -> Vec<&'static str> {
    let possible = parts::faults(&World::Cluster.restricted(plan.clone()));
    let mut kinds: Vec<&'static str> = parts::faults(plan)
        .into_iter()
        .filter(|kind| !possible.contains(kind))
        .collect();
    if plan.shape.skew_us > 0 {
        kinds.push("clocks that differ");
    }
    kinds
}

/// The first promise that a run breaks, of those that it makes.
fn broken(plan: &Plan, run: &Run) -> Option<Promise> {
    let made = matrix::made(plan, &run.history);
    let verdicts = matrix::judge(plan.shape, &run.history, &made, Budget::default());
    let mut verdicts = verdicts.into_iter();
    verdicts
        .find(|(_, verdict)| verdict.counterexample().is_some())
        .map(|(promise, _)| promise)
}
