//! What a checker says: held, broken, or not decided and why.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::history::{History, OpId, Time};

/// What a store may promise. Names on reports and flags are those of [`Promise::name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Promise {
    /// The store's clocks order two versions exactly when one had seen the other.
    ClockCausality,
    /// No acknowledged write is lost, none comes back, none is invented.
    SiblingPreservation,
    /// Once healed, replicas become equal, and equal to what the writes add up to.
    Convergence,
    /// What a node keeps for another reaches it.
    HandoffDelivery,
    /// What clients merge holds every acknowledged change once, and nothing else.
    Reconciliation,
    /// There is one order of all operations, within their intervals, that explains every answer.
    Linearizable,
    /// For each key there is one order of all operations, in the order of each session, that explains
    /// every answer.
    Sequential,
    /// A read sees everything that was acknowledged before it began.
    Regular,
    /// A session sees its own acknowledged writes.
    ReadYourWrites,
    /// A session does not lose sight of what it has seen.
    MonotonicReads,
    /// Who sees a write of a session sees those that the session made before.
    MonotonicWrites,
    /// Who sees a write sees what its session had read before making it.
    WritesFollowReads,
    /// Every read sees what causally precedes it, and nothing that this replaced.
    Causal,
    /// Causal, and everyone can agree on one order of concurrent writes (`CCv`, causal convergence).
    CausalConvergence,
    /// Causal, and each session can explain all it read by one order (CM, causal memory).
    CausalMemory,
    /// The dependencies between transactions have none of the cycles that the consistency model forbids.
    Cycles,
}

impl Promise {
    /// Every promise that a checker of this crate can judge, in the order of reports.
    pub const ALL: [Promise; 16] = [
        Promise::ClockCausality,
        Promise::SiblingPreservation,
        Promise::Convergence,
        Promise::HandoffDelivery,
        Promise::Reconciliation,
        Promise::Linearizable,
        Promise::Sequential,
        Promise::Regular,
        Promise::ReadYourWrites,
        Promise::MonotonicReads,
        Promise::MonotonicWrites,
        Promise::WritesFollowReads,
        Promise::Causal,
        Promise::CausalConvergence,
        Promise::CausalMemory,
        Promise::Cycles,
    ];

    /// The word for reports and flags.
    pub fn name(self) -> &'static str {
        match self {
            Promise::ClockCausality => "clock-causality",
            Promise::SiblingPreservation => "sibling-preservation",
            Promise::Convergence => "convergence",
            Promise::HandoffDelivery => "handoff-delivery",
            Promise::Reconciliation => "reconciliation",
            Promise::Linearizable => "linearizable",
            Promise::Sequential => "sequential",
            Promise::Regular => "regular",
            Promise::ReadYourWrites => "read-your-writes",
            Promise::MonotonicReads => "monotonic-reads",
            Promise::MonotonicWrites => "monotonic-writes",
            Promise::WritesFollowReads => "writes-follow-reads",
            Promise::Causal => "causal",
            Promise::CausalConvergence => "causal-convergence",
            Promise::CausalMemory => "causal-memory",
            Promise::Cycles => "cycles",
        }
    }
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How often something happened that a verdict rests on.
pub type Counters = BTreeMap<String, u64>;

/// How much work a verdict may cost: counted, not timed, so it is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many states a search may visit, over all parts of the history.
    pub states: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { states: 30_000_000 }
    }
}

/// What a checker says of one promise and one history.
#[must_use = "a verdict nobody reads is a test that cannot fail"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The promise held.
    Valid(Witness),
    /// The promise was broken.
    Invalid(Box<Counterexample>),
    /// Neither was shown.
    Unknown(Shortfall),
}

impl Verdict {
    /// Both verdicts as one: the worst wins, and a violation outranks what is undecided.
    pub fn worst(self, other: Verdict) -> Verdict {
        match (self, other) {
            (bad @ Verdict::Invalid(_), _) | (_, bad @ Verdict::Invalid(_)) => bad,
            (Verdict::Unknown(Shortfall::NothingExercised(_)), rest)
            | (rest, Verdict::Unknown(Shortfall::NothingExercised(_))) => rest,
            (open @ Verdict::Unknown(_), _) | (_, open @ Verdict::Unknown(_)) => open,
            (Verdict::Valid(mut one), Verdict::Valid(two)) => {
                one.order.extend(two.order);
                for (name, count) in two.exercised {
                    *one.exercised.entry(name).or_default() += count;
                }
                Verdict::Valid(one)
            }
        }
    }

    /// The counterexample, if the promise was broken.
    pub fn counterexample(&self) -> Option<&Counterexample> {
        match self {
            Verdict::Invalid(counterexample) => Some(counterexample),
            Verdict::Valid(_) | Verdict::Unknown(_) => None,
        }
    }
}

/// What a "yes" rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Witness {
    /// For linearizability: an order of operations that explains every answer, part after part.
    pub order: Vec<OpId>,
    /// What gave the promise a chance to be broken, and how often.
    pub exercised: Counters,
}

/// Why there is neither yes nor no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Shortfall {
    /// Nothing in the history could have broken the promise; says what was missing.
    NothingExercised(String),
    /// Nothing was found, but something that could have broken the promise cannot be judged; says what, and
    /// why.
    LeftOut(String),
    /// The search used up its budget.
    OutOfBudget {
        /// The part that was not decided, as a reader names it: `key x`.
        part: String,
        /// States visited.
        states: u64,
        /// Operations of unknown outcome in that part.
        unknown: u64,
        /// Where the search got no further: the first call that was open there, and the return that no
        /// order was found to pass. `None` if no single place held it up.
        window: Option<(Time, Time)>,
        /// How many operations that ended later were open there.
        pending: u64,
    },
    /// What processes know of one another might not fit in memory, whatever the budget.
    OutOfMemory {
        /// How many processes write.
        writers: u64,
        /// Of how many the knowledge would have to be remembered.
        processes: u64,
    },
}

impl Shortfall {
    /// Whether more of the same budget would not help: nothing was exercised, or something cannot be judged.
    pub fn is_idle(&self) -> bool {
        matches!(self, Shortfall::NothingExercised(_) | Shortfall::LeftOut(_))
    }
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shortfall::NothingExercised(missing) => write!(f, "nothing exercised: {missing}"),
            Shortfall::LeftOut(why) => write!(f, "left open: {why}"),
            Shortfall::OutOfMemory { writers, processes } => write!(
                f,
                "not decided: what {processes} processes know of {writers} that write might not fit in \
                 memory; no budget would settle it, but fewer processes would"
            ),
            Shortfall::OutOfBudget {
                part,
                states,
                unknown,
                window,
                pending,
            } => {
                write!(f, "{part} not decided after {states} states")?;
                if let Some((from, until)) = window {
                    write!(
                        f,
                        ": no order was found past {}, with {pending} operations open since {}",
                        until.0, from.0
                    )?;
                }
                if *unknown > 0 {
                    write!(f, " and {unknown} of unknown outcome")?;
                }
                write!(f, "; a larger budget would settle it, or ")?;
                if unknown < pending {
                    write!(f, "fewer clients at a time for each key")
                } else {
                    write!(f, "reads that show whether those took effect")
                }
            }
        }
    }
}

/// How a promise was broken, and why that is certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// Which promise.
    pub promise: Promise,
    /// What went wrong inside the promise: `lost write`. Empty when the promise has no parts.
    pub part: String,
    /// One sentence for the top of a report.
    pub sentence: String,
    /// The key it happened to, if it happened to one.
    pub key: Option<String>,
    /// The operations that explain it.
    pub ops: Vec<OpId>,
    /// Facts, each of which can be checked in the history.
    pub reasons: Vec<Reason>,
    /// Equal for violations of the same cause, whatever their keys, values, ids and times.
    pub cause: String,
}

impl Counterexample {
    /// The promise with its part: `sibling-preservation (lost write)`.
    pub fn title(&self) -> String {
        if self.part.is_empty() {
            self.promise.name().into()
        } else {
            format!("{} ({})", self.promise.name(), self.part)
        }
    }
}

/// One fact that makes a violation certain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The fact.
    pub text: String,
    /// The operations it speaks of.
    pub ops: Vec<OpId>,
}

/// Holds one promise against histories of one domain.
pub trait Checker<D: Domain> {
    /// Which promise.
    fn promise(&self) -> Promise;

    /// The verdict. The same history and budget give the same verdict on every machine.
    fn check(&self, history: &History<D>, budget: Budget) -> Verdict;
}
