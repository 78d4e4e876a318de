//! What is known of a failure beyond that it happened: what it takes, since when, and whose mistake.

use serde::{Deserialize, Serialize};

use crate::decision::Decision;
use crate::history::Time;

/// What a failure needs, when it could no longer be avoided, and where the store went wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// In how many of some runs with other luck the plan fails the same way as it stands: what the
    /// numbers of `needs` are held against.
    pub as_it_is: Share,
    /// Reruns of the plan, each with one thing changed.
    pub needs: Vec<Need>,
    /// Changes that were not tried, because the replays ran out.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub untried: u32,
    /// How likely the same failure was from one moment after the other, in the order of time; the last
    /// one is the end.
    pub doom: Vec<Doom>,
    /// The wrong decision, where it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// How many runs it took to find all this.
    pub replays: u32,
}

/// Some of a number of runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Runs that failed the same way: the same promise for the same cause.
    pub fails: u32,
    /// All of them.
    pub runs: u32,
}

impl Share {
    /// In whole percent, rounded down, so that 100 means all; 0 of no runs.
    pub fn percent(self) -> u32 {
        (100 * self.fails).checked_div(self.runs).unwrap_or(0)
    }
}

/// A rerun with one thing changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// What was changed, in words: `without crash n0`.
    pub change: String,
    /// What sort of thing that is.
    pub of: Sort,
    /// What came of it, all else and all luck being equal.
    pub effect: Effect,
    /// What came of it with other luck; no runs if that was not tried.
    pub luck: Share,
}

/// What a failure may depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// The store as it is built.
    Store,
    /// A fault, or the fate of one message.
    Fault,
    /// A call, whom it asks, or the context it passes.
    Call,
    /// Which of two calls comes first.
    Order,
    /// A quorum, a mechanism, the size of the cluster.
    Setting,
    /// Keys and values.
    Value,
}

/// What came of a rerun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The same promise was broken for the same cause.
    Fails,
    /// The promise held.
    Holds,
    /// Nothing could have broken the promise any more, or it was not decided; says why.
    Idle(String),
    /// A cluster like that does not make the promise.
    Unpromised,
    /// The same promise was broken, but for another cause; says how.
    Otherwise(String),
}

/// How likely the same failure was from a moment on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Doom {
    /// From then on luck is other than it was.
    pub at: Time,
    /// What happens at that moment; empty at the end.
    pub what: String,
    /// How many continuations failed the same way.
    pub share: Share,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u32) -> bool {
    *number == 0
}
