//! The checkers of the session guarantees.

use super::story::told;
use super::watch::{Guarantee, Guarantees};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::promises::Sessions;
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict, Witness};

/// Judges that every read covers the writes that its session had made before and that were
/// acknowledged.
///
/// A read covers what it returned, whatever that supersedes, and whatever a delete had seen that may
/// hide behind its answer (Terry et al. 1994).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadYourWrites;

/// Judges that every read covers what its session had read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonotonicReads;

/// Judges that whoever knows a write of another session covers what that session had written before
/// and what was acknowledged.
///
/// A session knows the writes that it read, and those that they supersede.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonotonicWrites;

/// Judges that whoever knows a write of another session covers what that session had read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WritesFollowReads;

impl Guarantee {
    /// The promise of this guarantee.
    pub(crate) fn promise(self) -> Promise {
        match self {
            Guarantee::ReadYourWrites => Promise::ReadYourWrites,
            Guarantee::MonotonicReads => Promise::MonotonicReads,
            Guarantee::MonotonicWrites => Promise::MonotonicWrites,
            Guarantee::WritesFollowReads => Promise::WritesFollowReads,
        }
    }

    /// What a history lacks in which this guarantee could not have been broken.
    fn missing(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => {
                "no session read a key after an acknowledged write of its own"
            }
            Guarantee::MonotonicReads => "no session read a key again after it had read a value",
            Guarantee::MonotonicWrites => {
                "no session read a key that another had written before a write that it knew"
            }
            Guarantee::WritesFollowReads => {
                "no session read a key that another had read before a write that it knew"
            }
        }
    }

    /// What gave this guarantee a chance to be broken.
    fn counter(self) -> &'static str {
        match self {
            Guarantee::ReadYourWrites => "reads after own acknowledged writes",
            Guarantee::MonotonicReads => "reads after own reads",
            Guarantee::MonotonicWrites => "reads that know a later write of another session",
            Guarantee::WritesFollowReads => {
                "reads that know a write after a read of another session"
            }
        }
    }
}

/// What was seen of one guarantee.
pub(crate) fn verdict(order: &Order<'_>, watch: &Guarantees, of: Guarantee) -> Verdict {
    if let Some(breach) = watch.breach(of) {
        return Verdict::Invalid(Box::new(told(order, of, breach)));
    }
    if watch.met(of) == 0 {
        return Verdict::Unknown(Shortfall::NothingExercised(of.missing().into()));
    }
    let reads = order.keys.iter().filter(|key| !key.repeats);
    let reads: usize = reads.map(|key| key.reads.len()).sum();
    Verdict::Valid(Witness {
        order: Vec::new(),
        exercised: Counters::from([
            (of.counter().into(), watch.met(of)),
            ("reads".into(), reads as u64),
        ]),
    })
}

macro_rules! checker {
    ($guarantee:ident) => {
        impl Checker<Kv> for $guarantee {
            fn promise(&self) -> Promise {
                Guarantee::$guarantee.promise()
            }

            /// O(operations + contexts · log chains), and the deletes that stale reads came after; needs
            /// no budget.
            fn check(&self, history: &History<Kv>, _budget: Budget) -> Verdict {
                Sessions::one(history, Guarantee::$guarantee.promise())
            }
        }
    };
}

checker!(ReadYourWrites);
checker!(MonotonicReads);
checker!(MonotonicWrites);
checker!(WritesFollowReads);
