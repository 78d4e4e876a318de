//! The four promises of a Dynamo, in the order in which reports list them.

use crate::causality::ClockCausality;
use crate::convergence::Convergence;
use crate::handoff::HandoffDelivery;
use crate::kv::Kv;
use crate::siblings::SiblingPreservation;
use crate::verdict::Checker;

/// One checker for each promise.
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
