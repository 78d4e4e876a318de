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

    /// Prints how long all four take; run by hand with `--ignored --nocapture`.
    #[test]
    #[ignore = "measures, asserts nothing"]
    fn a_usual_history_is_judged_at_once() {
        use std::fmt::Write as _;
        let mut text = String::from("0 setup n=3 w=2 converges hands_off\n");
        for key in 0..8 {
            writeln!(text, "0 owners k{key} A,B,C").expect("a string takes everything");
        }
        for step in 0..100 {
            let (key, at) = (step % 8, step * 20);
            let context = if step >= 8 {
                format!("ctx=w{}", step - 8)
            } else {
                String::new()
            };
            let past = if step >= 8 { step - 7 } else { 0 };
            let held = format!("{{v{step}@A:{}/A:{past}}}", step + 1);
            writeln!(
                text,
                "[{at},{}] s put k{key} v{step} {context} -> ok as w{step}",
                at + 10
            )
            .expect("a string takes everything");
            for copy in 0..18 {
                let node = ["A", "B", "C"][copy % 3];
                writeln!(text, "{} durable {node} k{key} {held}", at + 1)
                    .expect("a string takes everything");
            }
            writeln!(text, "{} hint D C k{key} {held}", at + 1).expect("a string takes everything");
            writeln!(text, "{} dropped D C k{key}", at + 12).expect("a string takes everything");
        }
        let history = sketch(&format!("{text} 9000 healed\n 9900 quiet\n"));
        for one in promises() {
            let start = std::time::Instant::now();
            for _ in 0..1_000 {
                assert!(
                    one.check(&history, Budget::default())
                        .counterexample()
                        .is_none()
                );
            }
            println!(
                "{:>20} {:?} a history",
                one.promise(),
                start.elapsed() / 1_000
            );
        }
    }
}
