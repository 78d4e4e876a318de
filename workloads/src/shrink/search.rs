//! Candidates, each run at most once.

use std::collections::BTreeSet;

use crate::drive::Run;
use crate::plan::Plan;

/// A plan that fails, with its run.
pub(super) type Best = (Plan, Run);

/// What is left to be tried, and what was tried in vain.
pub(super) struct Search<'a> {
    fails: &'a mut dyn FnMut(&Plan) -> Option<Run>,
    left: u32,
    /// Plans that did not fail: the search comes back to the same ones in every round.
    vain: BTreeSet<String>,
}

impl<'a> Search<'a> {
    pub(super) fn new(fails: &'a mut dyn FnMut(&Plan) -> Option<Run>, left: u32) -> Self {
        Search {
            fails,
            left,
            vain: BTreeSet::new(),
        }
    }

    /// How many runs are left.
    pub(super) fn left(&self) -> u32 {
        self.left
    }

    /// The run of a plan, if it fails and there are runs left.
    pub(super) fn run(&mut self, plan: &Plan) -> Option<Run> {
        let name = serde_json::to_string(plan).expect("a plan has text keys and finite numbers");
        if self.vain.contains(&name) {
            return None;
        }
        self.left = self.left.checked_sub(1)?;
        let run = (self.fails)(plan);
        if run.is_none() {
            self.vain.insert(name);
        }
        run
    }

    /// Takes the candidate if it differs and still fails.
    pub(super) fn take(&mut self, best: &mut Best, candidate: Plan) -> bool {
        if candidate == best.0 {
            return false;
        }
        match self.run(&candidate) {
            Some(run) => {
                *best = (candidate, run);
                true
            }
            None => false,
        }
    }
}
