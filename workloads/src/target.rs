//! What a campaign runs its plans against.

use checker::kv::Kv;
use checker::network::Network;
use checker::{Budget, Checker, History, Promise, Verdict};
use dynamo_core::Flaw;

use crate::drive::{Run, Turn, Undriven, drive_turned};
use crate::plan::Plan;
use crate::subject::reference::Reference;

/// The reference core in the simulator, healthy or with one of its flaws switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The flaw, if any.
    pub flaw: Option<Flaw>,
}

impl Target {
    /// Runs a plan from its beginning. The same plan gives the same run.
    ///
    /// # Errors
    /// When the target cannot do what the plan asks.
    pub fn run(self, plan: &Plan) -> Result<Run, Undriven> {
        self.run_turned(plan, None)
    }

    /// As [`Target::run`], but from a moment on with other luck.
    ///
    /// # Errors
    /// When the target cannot do what the plan asks.
    pub fn run_turned(self, plan: &Plan, turn: Option<Turn>) -> Result<Run, Undriven> {
        let mut subject = Reference::new(plan.seed, plan.shape, self.flaw);
        let run = drive_turned(plan, &mut subject, turn);
        match subject.stuck() {
            Some(why) => Err(Undriven::Stuck(why)),
            None => run,
        }
    }

    /// Where two runs of a plan that should be the same part: the first event, if it can be told. They are
    /// run again for that, so what happened once in many runs may not happen.
    pub fn departure(self, plan: &Plan) -> Option<String> {
        let run = || {
            let mut subject = Reference::new(plan.seed, plan.shape, self.flaw);
            subject.keep_log();
            let _ = drive_turned(plan, &mut subject, None);
            subject
        };
        run().departure(&run())
    }

    /// Every event of a run, each with a number over all until then; those until it could not go on, if it
    /// cannot be run.
    pub fn events(self, plan: &Plan) -> Vec<String> {
        let mut subject = Reference::new(plan.seed, plan.shape, self.flaw);
        subject.keep_log();
        let _ = drive_turned(plan, &mut subject, None);
        subject.log()
    }

    /// What the network carries when a plan is run, which is run again for that; nothing, if it cannot be.
    pub fn network(self, plan: &Plan) -> Network {
        let mut subject = Reference::new(plan.seed, plan.shape, self.flaw);
        subject.keep_network();
        match drive_turned(plan, &mut subject, None) {
            Ok(_) => subject.network(),
            Err(_) => Network::default(),
        }
    }

    /// What it is called on reports.
    pub fn name(self) -> String {
        match self.flaw {
            None => "core".into(),
            Some(flaw) => format!("core with {}", flaw.name()),
        }
    }
}

/// Holds these promises against a history.
pub fn judge(
    history: &History<Kv>,
    promises: &[Promise],
    budget: Budget,
) -> Vec<(Promise, Verdict)> {
    let checkers: Vec<Box<dyn Checker<Kv>>> = checker::promises().into_iter().collect();
    let asked = checkers
        .iter()
        .filter(|checker| promises.contains(&checker.promise()));
    asked
        .map(|checker| (checker.promise(), checker.check(history, budget)))
        .collect()
}
