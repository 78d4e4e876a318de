//! A run before it happens: the calls of some clients and windows of faults, as data.
//!
//! Interpretation is total: every part of a plan is a plan. Node numbers wrap around, quorums are
//! clamped to what is legal, a context that was never read is no context.

use std::cmp::Reverse;

use checker::Time;
use checker::reconciliation::Kind;
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, FaultSchedule, Window};
pub use crate::shape::{Partitioning, Shape};

/// The longest plan: ten virtual days, in microseconds. Simulated clusters are never idle, so a longer
/// one would run for ever.
pub const SPAN_US_MAX: u64 = 10 * 24 * 3_600 * 1_000_000;

/// One run of one cluster.
#[must_use = "a plan that is not run tests nothing"]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The root of all chance in the run.
    pub seed: u64,
    /// The cluster.
    pub shape: Shape,
    /// The calls, in the order of their times.
    pub steps: Vec<Step>,
    /// What goes wrong, and when.
    pub faults: FaultSchedule,
}

impl Plan {
    /// Whether every time in it lies within [`SPAN_US_MAX`]: what comes from a file may say anything.
    pub fn is_timely(&self) -> bool {
        let steps = self.steps.iter().map(|step| step.at.0);
        let windows = self
            .faults
            .0
            .iter()
            .flat_map(|window| [window.from.0, window.until.0, window.fault.longest()]);
        steps.chain(windows).all(|time| time <= SPAN_US_MAX)
    }

    /// How long the healed cluster may take to mend itself, in microseconds.
    #[must_use]
    pub fn settle(&self) -> u64 {
        let mut windows = self.faults.0.iter();
        let departs = windows.any(|window| matches!(window.fault.unaimed(), Fault::Depart { .. }));
        let resettle = if departs { self.shape.resettle() } else { 0 };
        let lingers = self.lingers();
        self.shape.settle() + resettle + lingers
    }

    /// How long after the last window something may still be felt of any: a message that met several of them
    /// at once is as late as all of them make it, from the first that ended on.
    fn lingers(&self) -> u64 {
        let quiet = self.faults.quiet_from().0;
        let mut windows: Vec<&Window> = self.faults.0.iter().collect();
        windows.retain(|window| window.from < window.until);
        windows.sort_by_key(|window| Reverse(window.until));
        let (mut all, mut last) = (0_u64, 0);
        for window in windows {
            let span = window.until.0 - window.from.0;
            all = all.saturating_add(window.fault.lingers(span));
            last = window
                .until
                .0
                .saturating_add(all)
                .saturating_sub(quiet)
                .max(last);
        }
        last.min(SPAN_US_MAX)
    }

    /// The same run with every node called by its number within the cluster.
    pub fn wrapped(mut self) -> Self {
        self.shape = self.shape.legal();
        let nodes = self.shape.nodes;
        for step in &mut self.steps {
            step.via %= nodes;
        }
        for window in &mut self.faults.0 {
            window.fault.wrap(nodes);
        }
        self
    }
}

/// One call of one client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its name and the root of its luck, stable while the plan around it shrinks.
    pub id: u32,
    /// When the client means to call. A client that is busy calls as soon as it is free.
    pub at: Time,
    /// Which client.
    pub client: u32,
    /// Which node it asks.
    pub via: u32,
    /// What it asks.
    pub call: Call,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Call {
    /// All versions of the key.
    Get {
        /// Which key.
        key: String,
    },
    /// A new version, whose value names this step.
    Put {
        /// Which key.
        key: String,
        /// The get whose context is passed; none, or one that did not answer, is a blind write.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<u32>,
    },
    /// A new version, passed with the context of this get after a bit of it has flipped. A store refuses that,
    /// or has to do as if nothing had been passed: histories say that nothing was.
    PutForged {
        /// Which key.
        key: String,
        /// The get; one that did not answer leaves nothing to forge, and the write is blind.
        context: u32,
    },
    /// A new version with the context that an earlier put passed, if that put failed or its outcome is unknown;
    /// else nothing. A client tries again, with a value that tells the two apart: of a change the same change.
    Retry {
        /// Which key.
        key: String,
        /// The put.
        of: u32,
    },
    /// A new version of a set, counter or list: what this get returned, merged, with one change that names this
    /// step, or the client. A client that reads, merges, changes and writes.
    Change {
        /// What the key holds.
        of: Kind,
        /// Which key.
        key: String,
        /// The get, whose context is passed; of none, or one of another key or without answer, nothing is
        /// merged, and the write is blind.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<u32>,
    },
    /// A tombstone.
    Delete {
        /// Which key.
        key: String,
        /// The get whose context is passed; without it nothing is deleted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        context: Option<u32>,
    },
}

impl Call {
    /// Which key the call is about.
    pub fn key(&self) -> &str {
        match self {
            Call::Get { key }
            | Call::Put { key, .. }
            | Call::PutForged { key, .. }
            | Call::Retry { key, .. }
            | Call::Change { key, .. }
            | Call::Delete { key, .. } => key,
        }
    }

    /// The same, to be changed.
    pub fn key_mut(&mut self) -> &mut String {
        match self {
            Call::Get { key }
            | Call::Put { key, .. }
            | Call::PutForged { key, .. }
            | Call::Retry { key, .. }
            | Call::Change { key, .. }
            | Call::Delete { key, .. } => key,
        }
    }

    /// The step that the call refers to, if it does.
    pub fn step_mut(&mut self) -> Option<&mut u32> {
        match self {
            Call::Get { .. } => None,
            Call::Put { context, .. }
            | Call::Change { context, .. }
            | Call::Delete { context, .. } => context.as_mut(),
            Call::PutForged { context, .. } => Some(context),
            Call::Retry { of, .. } => Some(of),
        }
    }

    /// Whether the call makes a new version.
    pub fn writes(&self) -> bool {
        !matches!(self, Call::Get { .. })
    }

    /// The get whose context is passed.
    pub fn context_mut(&mut self) -> Option<&mut Option<u32>> {
        match self {
            Call::Get { .. } | Call::PutForged { .. } | Call::Retry { .. } => None,
            Call::Put { context, .. }
            | Call::Change { context, .. }
            | Call::Delete { context, .. } => Some(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    #[test]
    fn the_quiet_end_waits_for_what_is_felt_of_faults_that_are_over() {
        let window = |id, until, fault| Window {
            id,
            from: Time(0),
            until: Time(until),
            fault,
        };
        let lingers = |windows: &[Window]| {
            let mut plan = load::plan(1);
            plan.faults.0 = windows.to_vec();
            plan.settle() - plan.shape.settle()
        };
        let delay = |id, until, by| window(id, until, Fault::Delay { by });
        let crash = |until| window(9, until, Fault::Crash { node: 0 });
        assert_eq!(lingers(&[delay(1, 10, 500)]), 500);
        // What ended long before the last window has passed by then.
        assert_eq!(lingers(&[delay(1, 10, 500), crash(400)]), 110);
        assert_eq!(lingers(&[delay(1, 10, 500), crash(4_000)]), 0);
        // A message may meet both, up to the end of the first.
        assert_eq!(lingers(&[delay(1, 10, 500), delay(2, 40, 300)]), 770);
        let fault = Box::new(Fault::Reorder { within: 70 });
        let aimed = Fault::Aimed {
            at: crate::fault::Scope::default(),
            fault,
        };
        assert_eq!(lingers(&[window(1, 10, aimed)]), 70);
        assert_eq!(lingers(&[delay(1, 0, 500)]), 0);
    }
}
