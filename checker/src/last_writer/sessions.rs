//! The four session guarantees of registers, as far as clients can be certain which value is older.

use super::known::{Guarantee, Judge};
use super::study::{Study, trace, verdict};
use crate::evidence::Findings;
use crate::history::History;
use crate::register::{Register, Value};
use crate::verdict::{Budget, Checker, Promise, Shortfall, Verdict};

/// Holds registers against read your writes: a session that wrote a key, and was told so, reads nothing
/// older from it.
///
/// Without timestamps of the store one value is certainly older than another if it is the initial one, or
/// if its write is in the past of the other's, as [`Causal`](super::Causal) defines it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadYourWrites {
    /// What a register holds before its first write.
    pub initial: Value,
}

/// Holds registers against monotonic reads: a session that read a value reads nothing older from the key,
/// and does not return to a value from another.
///
/// See [`ReadYourWrites`] for what is certainly older. A session that reads one value, another, and the
/// first again, has read an older value once, whichever is the older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonotonicReads {
    /// What a register holds before its first write.
    pub initial: Value,
}

/// Holds registers against monotonic writes: a session that read what another wrote reads, from a key
/// that the other had written before and was told so, nothing older than that.
///
/// See [`ReadYourWrites`] for what is certainly older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonotonicWrites {
    /// What a register holds before its first write.
    pub initial: Value,
}

/// Holds registers against writes follow reads: a session that read what another wrote reads, from a key
/// that the other had read before writing, nothing older than what the other saw.
///
/// See [`ReadYourWrites`] for what is certainly older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WritesFollowReads {
    /// What a register holds before its first write.
    pub initial: Value,
}

impl Checker<Register> for ReadYourWrites {
    fn promise(&self) -> Promise {
        Promise::ReadYourWrites
    }

    /// O(n · (sessions + sessions writing a key)), and a state for each operation.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        judge(Guarantee::ReadYourWrites, history, &self.initial, budget)
    }
}

impl Checker<Register> for MonotonicReads {
    fn promise(&self) -> Promise {
        Promise::MonotonicReads
    }

    /// O(n · (sessions + sessions writing a key)), and a state for each operation.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        judge(Guarantee::MonotonicReads, history, &self.initial, budget)
    }
}

impl Checker<Register> for MonotonicWrites {
    fn promise(&self) -> Promise {
        Promise::MonotonicWrites
    }

    /// O(n · (sessions + sessions writing a key)), and a state for each operation.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        judge(Guarantee::MonotonicWrites, history, &self.initial, budget)
    }
}

impl Checker<Register> for WritesFollowReads {
    fn promise(&self) -> Promise {
        Promise::WritesFollowReads
    }

    /// O(n · (sessions + sessions reading a key)), and a state for each operation.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        judge(Guarantee::WritesFollowReads, history, &self.initial, budget)
    }
}

const PARTS: [&str; 3] = ["initial value", "older value", "back and forth"];

fn judge(
    guarantee: Guarantee,
    history: &History<Register>,
    initial: &Value,
    budget: Budget,
) -> Verdict {
    let (promise, missing) = match guarantee {
        Guarantee::ReadYourWrites => (
            Promise::ReadYourWrites,
            "no session read a key that it had written",
        ),
        Guarantee::MonotonicReads => (Promise::MonotonicReads, "no session read a key twice"),
        Guarantee::MonotonicWrites => (
            Promise::MonotonicWrites,
            "no session saw a write of another and then read a key that the other had written before",
        ),
        Guarantee::WritesFollowReads => (
            Promise::WritesFollowReads,
            "no session saw a write of another and then read a key that the other had read before",
        ),
    };
    let mut findings = Findings::new(promise, &PARTS);
    let trace = trace(history, initial, &mut findings);
    let judge = Judge::new(guarantee, &trace);
    let exercised = judge.initial(&mut findings);
    findings.count("reads that could have gone back", exercised);
    let short = match Study::new(&trace, budget) {
        Ok(study) => {
            judge.older(&study, &mut findings);
            study.found.circle.is_some().then(|| {
                let why = "what sessions knew goes in a circle, so no value is certainly older";
                Shortfall::LeftOut(why.into())
            })
        }
        Err(shortfall) => Some(shortfall),
    };
    let missing = (exercised == 0).then(|| missing.to_owned());
    verdict(&trace, findings, missing, short)
}
