//! What sibling-keeping stores promise: one checker for each promise, and all of them over one index.

mod sessions;

use std::fmt;

use crate::causality::{self, ClockCausality};
use crate::convergence::{self, Convergence};
use crate::evidence::Marks;
use crate::handoff::{self, HandoffDelivery};
use crate::history::History;
use crate::kv::Kv;
use crate::order::Order;
use crate::reconciliation;
use crate::siblings::{self, SiblingPreservation};
use crate::verdict::{Budget, Checker, Promise, Verdict};

pub(crate) use sessions::Sessions;

/// A promise that [`judge_all`] has no checker for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unjudged(pub Promise);

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not judged with the promises of siblings", self.0)
    }
}

impl std::error::Error for Unjudged {}

/// The verdicts on these promises, in their order: each is what its own checker says, but the history is
/// indexed once, and read once for all that sessions are promised.
///
/// # Errors
/// The first promise that is none of the four of a Dynamo, of what clients merge, of a session, regular or causal.
pub fn judge_all(
    history: &History<Kv>,
    promises: &[Promise],
    _budget: Budget,
) -> Result<Vec<Verdict>, Unjudged> {
    if let Some(other) = promises.iter().find(|one| !JUDGED.contains(one)) {
        return Err(Unjudged(*other));
    }
    let mut order = Order::new(history);
    let sessions = Sessions::follow(&mut order, promises);
    let marks = Marks::new(&order);
    let verdict = |promise: &Promise| match promise {
        Promise::ClockCausality => causality::verdict(&order),
        Promise::SiblingPreservation => siblings::verdict(&order, &marks),
        Promise::Convergence => convergence::verdict(&order, &marks),
        Promise::HandoffDelivery => handoff::verdict(&order, &marks),
        Promise::Reconciliation => reconciliation::verdict(&order, &marks),
        other => sessions.verdict(&order, *other),
    };
    Ok(promises.iter().map(verdict).collect())
}

/// The promises of [`judge_all`].
const JUDGED: [Promise; 11] = [
    Promise::ClockCausality,
    Promise::SiblingPreservation,
    Promise::Convergence,
    Promise::HandoffDelivery,
    Promise::Reconciliation,
    Promise::Regular,
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::Causal,
];

/// One checker for each promise of a Dynamo, in the order in which reports list them.
pub fn promises() -> [Box<dyn Checker<Kv>>; 4] {
    [
        Box::new(ClockCausality),
        Box::new(SiblingPreservation),
        Box::new(Convergence),
        Box::new(HandoffDelivery),
    ]
}

#[cfg(test)]
mod tests {
    use super::promises;
    use crate::evidence::sketch::sketch;
    use crate::verdict::{Budget, Promise};

    #[test]
    fn every_promise_of_a_dynamo_has_its_checker() {
        let named: Vec<Promise> = promises().iter().map(|one| one.promise()).collect();
        assert_eq!(named, Promise::ALL[..4]);
    }

    #[test]
    fn the_same_history_gives_the_same_verdict() {
        let history = sketch(
            "0 setup n=2 w=2 converges hands_off
             0 owners x A,B
             [0,3] s1 put x a -> ok
             [0,3] s2 put x b -> ok
             1 durable A x {a@A:1}
             1 hint D B x {b@A:1}
             5 healed
             6 dropped D B x
             9 quiet
             final x {}",
        );
        for one in promises() {
            let verdict = one.check(&history, Budget::default());
            let found = verdict.counterexample().expect("every promise is broken");
            assert_eq!(found.promise, one.promise());
            assert!(found.cause.starts_with(one.promise().name()));
            assert_eq!(verdict, one.check(&history, Budget::default()));
        }
    }
}
