//! One rerun after the other, counted, and what came of each.

use checker::kv::KvCall;
use checker::report::{Effect, Share};
use checker::{Budget, Counterexample, Promise, Shortfall, Time, Verdict};

use super::LUCKS;
use crate::drive::{Run, Turn};
use crate::luck::{Key, Luck, Purpose};
use crate::matrix;
use crate::plan::{Plan, Shape};
use crate::promised::promised;
use crate::target::Target;

/// Reruns that are held against one failure.
pub(super) struct Trial<'a> {
    target: Target,
    shape: Shape,
    found: &'a Counterexample,
    left: u32,
    budget: Budget,
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        target: Target,
        shape: Shape,
        found: &'a Counterexample,
        (left, budget): (u32, Budget),
    ) -> Self {
        Trial {
            target,
            shape,
            found,
            left,
            budget,
        }
    }

    /// What the failure happened on.
    pub(super) fn target(&self) -> Target {
        self.target
    }

    /// How many runs are left.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// What comes of a plan; `None` if no runs are left, or it cannot be run.
    pub(super) fn effect(&mut self, target: Target, plan: &Plan) -> Option<Effect> {
        let run = self.run(target, plan, None)?;
        Some(self.judged(plan, &run))
    }

    /// In how many runs with other luck the plan fails the same way; fewer runs than usual if not
    /// enough are left.
    pub(super) fn luck(&mut self, target: Target, plan: &Plan) -> Share {
        let seeds = (0..LUCKS).map(|number| Plan {
            seed: seed(plan.seed, "other luck", number),
            ..plan.clone()
        });
        let mut share = Share::default();
        for plan in seeds {
            let Some(run) = self.run(target, &plan, None) else {
                break;
            };
            share.runs += 1;
            share.fails += u32::from(self.judged(&plan, &run) == Effect::Fails);
        }
        share
    }

    /// In how many of so many continuations from a moment on the plan fails the same way.
    pub(super) fn continued(&mut self, plan: &Plan, at: Time, count: u32) -> Share {
        let mut share = Share::default();
        for number in 0..count {
            let turn = Turn {
                at,
                seed: seed(plan.seed, "continuation", number),
            };
            let Some(run) = self.run(self.target, plan, Some(turn)) else {
                break;
            };
            share.runs += 1;
            share.fails += u32::from(self.judged(plan, &run) == Effect::Fails);
        }
        share
    }

    fn run(&mut self, target: Target, plan: &Plan, turn: Option<Turn>) -> Option<Run> {
        self.left = self.left.checked_sub(1)?;
        target.run_turned(plan, turn).ok()
    }

    /// Whether a store of this shape may do what was found, although the one it was found in may not.
    fn allows(&self, shape: Shape, run: &Run) -> bool {
        if self.found.promise != Promise::SiblingPreservation {
            return false;
        }
        let (before, after) = (promised(self.shape), promised(shape));
        let written = self.found.ops.first().and_then(|op| run.history.op(*op));
        let deletes = written.is_some_and(|op| matches!(op.call, KvCall::Delete { .. }));
        match self.found.part.as_str() {
            // A lost delete is something that came back.
            "lost write" if !deletes => after.may_lose && !before.may_lose,
            "lost write" | "resurrection" => after.may_revive && !before.may_revive,
            _ => false,
        }
    }

    fn judged(&self, plan: &Plan, run: &Run) -> Effect {
        let mut made = matrix::made(plan, &run.history);
        made.retain(|promise| *promise == self.found.promise);
        let verdicts = matrix::judge(plan.shape, &run.history, &made, self.budget);
        match verdicts.into_iter().next().map(|(_, verdict)| verdict) {
            None => Effect::Unpromised,
            Some(Verdict::Valid(_) | Verdict::Unknown(_)) if self.allows(plan.shape, run) => {
                Effect::Unpromised
            }
            Some(Verdict::Valid(_)) => Effect::Holds,
            Some(Verdict::Unknown(Shortfall::NothingExercised(why) | Shortfall::LeftOut(why))) => {
                Effect::Idle(why)
            }
            Some(Verdict::Unknown(why)) => Effect::Idle(why.to_string()),
            Some(Verdict::Invalid(found)) if found.cause == self.found.cause => Effect::Fails,
            Some(Verdict::Invalid(found)) => Effect::Otherwise(found.cause.clone()),
        }
    }
}

fn seed(of: u64, what: &str, number: u32) -> u64 {
    Luck::new(of).roll(
        Key::named(what).child(u64::from(number)),
        Purpose::named("seed"),
    )
}
