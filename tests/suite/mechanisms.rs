//! Each mechanism of the paper on and off: its shape's promises hold, it does what it is for, and what
//! a shape does not promise is seen to break.

use std::collections::BTreeSet;

use checker::{Budget, Entry, History, Note, Promise, Time, kv::Kv};
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};
use dynamometer::drive::Run;
use dynamometer::fault::{Fault, FaultSchedule, Window};
use dynamometer::plan::{Call, Plan, Shape, Step};
use dynamometer::promised::promised;
use dynamometer::target::{Target, judge};
use dynamometer::{load, strategy};
use dynamometer_tests::disks::{Disks, knows};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::promises::{config, holds};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_shape_keeps_what_it_promises(plan in strategy::plans_over(strategy::every_shape())) {
        holds(Target::default(), &plan)?;
    }
}

type Change = fn(&mut Shape);

/// Every mechanism, on and off, in each of its ways.
const CHOICES: [(&str, Change); 24] = [
    ("sloppy", |shape| (shape.sloppy, shape.hints) = (true, true)),
    ("strict", |shape| shape.sloppy = false),
    ("hints", |shape| shape.hints = true),
    ("no hints", |shape| shape.hints = false),
    ("anti-entropy", |shape| shape.anti_entropy = true),
    ("no anti-entropy", |shape| shape.anti_entropy = false),
    ("no repair", |shape| shape.read_repair = ReadRepair::Off),
    ("repair after", |shape| {
        shape.read_repair = ReadRepair::After;
    }),
    ("repair of responders", |shape| {
        shape.read_repair = ReadRepair::Responders;
    }),
    ("repair of a quorum", |shape| {
        shape.read_repair = ReadRepair::Quorum;
    }),
    ("puts by the one asked", |shape| {
        shape.coordinator = Coordinator::Asked;
    }),
    ("puts by the first", |shape| {
        shape.coordinator = Coordinator::First;
    }),
    ("puts by the fastest", |shape| {
        shape.coordinator = Coordinator::Fastest;
    }),
    ("reads from healthy nodes", |shape| {
        shape.read_from = ReadFrom::Healthy;
    }),
    ("reads from owners", |shape| {
        shape.read_from = ReadFrom::Owners;
    }),
    ("clocks", |shape| shape.causality = Causality::Clocks),
    ("truncated clocks", |shape| {
        shape.causality = Causality::Truncated { pairs: 2 };
    }),
    ("vectors", |shape| shape.causality = Causality::Vectors),
    ("the last writer wins", |shape| {
        shape.resolution = Resolution::LastWriterWins;
    }),
    ("reaping", |shape| shape.reaping_us = Some(200_000)),
    ("a write buffer", |shape| {
        shape.durability = Durability::Buffered {
            writes: 20,
            durable_write: false,
        };
    }),
    ("a write buffer and durable writes", |shape| {
        shape.durability = Durability::Buffered {
            writes: 20,
            durable_write: true,
        };
    }),
    ("heartbeats", |shape| {
        shape.detection = Detection::Heartbeats;
    }),
    ("background that yields", |shape| shape.yields = true),
];

/// Random plans for each choice, every other without deletes. Enough that each promise of each could
/// have been broken.
const CASES: u32 = 40;

#[test]
fn each_mechanism_keeps_its_promises_on_and_off() {
    for (name, change) in CHOICES {
        let (mut held, mut made) = (BTreeSet::new(), BTreeSet::new());
        let shapes = strategy::shapes().prop_map(move |mut shape| {
            change(&mut shape);
            shape.legal()
        });
        let plans = strategy::plans_over(shapes);
        let mut runner = TestRunner::deterministic();
        for case in 0..CASES {
            let plan = plans.new_tree(&mut runner).expect("nothing is rejected");
            let mut plan = plan.current();
            if case % 2 == 0 {
                let deletes = |step: &Step| matches!(step.call, Call::Delete { .. });
                plan.steps.retain(|step| !deletes(step));
            }
            made.extend(promised(plan.shape).promises);
            match holds(Target::default(), &plan) {
                Ok(promises) => held.extend(promises),
                Err(broken) => panic!("{name}: {broken}"),
            }
        }
        assert_eq!(held, made, "{name} had no chance to break a promise");
    }
}

/// Runs of the usual load on shapes in which nothing mends but what `change` leaves on.
fn runs_with_only(change: Change) -> impl Iterator<Item = (u64, Plan, Run)> {
    (0..300).map(move |seed| {
        let mut plan = load::plan(seed);
        // A range that is handed over mends as well.
        let stays = |window: &Window| !matches!(window.fault, Fault::Depart { .. });
        plan.faults.0.retain(stays);
        plan.shape.read_repair = ReadRepair::Off;
        plan.shape.anti_entropy = false;
        (plan.shape.hints, plan.shape.sloppy) = (false, false);
        change(&mut plan.shape);
        let run = Target::default().run(&plan).expect("it runs");
        (seed, plan, run)
    })
}

/// How many keys were apart when the faults ended, and how many of those came together by themselves, in
/// the runs of these plans.
fn mended(change: Change, of: fn(&Plan) -> bool) -> (usize, usize) {
    let (mut before, mut mended) = (0, 0);
    for (_, _, run) in runs_with_only(change).filter(|(_, plan, _)| of(plan)) {
        let (healed, quiet) = Disks::moments(&run.history);
        before += healed.apart().len();
        mended += healed.apart().difference(&quiet.apart()).count();
    }
    (before, mended)
}

/// Whether nobody forgets anything: a coordinator that crashes may have to note yet whom to keep a put for.
fn nobody_forgets(plan: &Plan) -> bool {
    let mut faults = plan.faults.0.iter().map(|window| &window.fault);
    !faults.any(|fault| matches!(fault, Fault::Crash { .. }) || fault.loses_disk())
}

#[test]
fn with_every_mechanism_off_replicas_that_are_apart_stay_apart() {
    let (apart, mended) = mended(|_| (), |_| true);
    // What was on its way when the faults ended, or waited for a paused node, still arrives.
    assert!(apart - mended > 50, "{mended} of {apart}");
}

#[test]
fn hints_alone_bring_owners_what_they_missed() {
    for sloppy in [false, true] {
        let change: Change = if sloppy {
            |shape| (shape.hints, shape.sloppy) = (true, true)
        } else {
            |shape| shape.hints = true
        };
        let mut missed = 0;
        for (seed, plan, run) in runs_with_only(change) {
            let (healed, quiet) = Disks::moments(&run.history);
            for (owner, key, version) in healed.missed() {
                missed += 1;
                let arrived = knows(&quiet.of(owner, key), version);
                assert!(arrived, "seed {seed}: {owner} {version:?}, {}", plan.shape);
            }
            assert!(quiet.hints.is_empty(), "seed {seed}: {:?}", quiet.hints);
            let asked = [Promise::HandoffDelivery];
            for (_, verdict) in judge(&run.history, &asked, Budget::default()) {
                assert_eq!(verdict.counterexample(), None, "seed {seed}");
            }
        }
        assert!(missed > 50, "only {missed} were missed");
        let (apart, mended) = mended(change, nobody_forgets);
        assert!(mended == apart && apart > 20, "{mended} of {apart}");
    }
}

#[test]
fn anti_entropy_alone_makes_replicas_equal() {
    let (mut apart, mut held) = (0, 0);
    for (seed, plan, run) in runs_with_only(|shape| shape.anti_entropy = true) {
        let (healed, quiet) = Disks::moments(&run.history);
        apart += healed.apart().len();
        assert_eq!(
            quiet.apart(),
            BTreeSet::new(),
            "seed {seed}: {}",
            plan.shape
        );
        for (_, verdict) in judge(&run.history, &[Promise::Convergence], Budget::default()) {
            assert_eq!(verdict.counterexample(), None, "seed {seed}");
            held += u32::from(matches!(verdict, checker::Verdict::Valid(_)));
        }
    }
    assert!(apart > 50 && held > 50, "{apart} keys, {held} runs");
}

/// What a shape may do that does not keep all versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sin {
    /// An acknowledged write disappears although nothing replaced it.
    Loses,
    /// What was replaced or deleted is there again.
    Revives,
}

/// Whether the history shows the sin, whatever its setup says.
fn shows(history: &History<Kv>, sin: Sin) -> bool {
    let entries = history.entries().map(|mut entry| {
        if let Entry::Note {
            note: Note::Setup(setup),
            ..
        } = &mut entry
        {
            setup.may_lose = sin != Sin::Loses;
            setup.may_revive = sin != Sin::Revives;
        }
        entry
    });
    let history = History::new(entries).expect("only its setup says something else");
    let verdicts = judge(&history, &[Promise::SiblingPreservation], Budget::default());
    let found = verdicts[0].1.counterexample();
    if let Some(found) = found {
        let expected: &[&str] = match sin {
            Sin::Loses => &["lost write"],
            Sin::Revives => &["resurrection", "false conflict", "lost write"],
        };
        assert!(expected.contains(&found.part.as_str()), "{found:?}");
    }
    found.is_some()
}

/// The first of these seeds whose run on such a shape shows the sin.
fn first(change: impl Fn(&mut Shape), sin: Sin, seeds: u64) -> Option<u64> {
    (0..seeds).find(|&seed| {
        let mut plan = load::plan(seed);
        plan.shape.anti_entropy = true;
        change(&mut plan.shape);
        plan.shape = plan.shape.legal();
        let run = Target::default().run(&plan).expect("it runs");
        shows(&run.history, sin)
    })
}

#[test]
fn what_is_reaped_too_early_comes_back_and_what_is_only_in_memory_gets_lost() {
    let reaps = |shape: &mut Shape| shape.reaping_us = Some(50_000);
    assert!(first(reaps, Sin::Revives, 300).is_some());
    let buffers = |shape: &mut Shape| {
        shape.durability = Durability::Buffered {
            writes: 1_000,
            durable_write: false,
        };
    };
    assert!(first(buffers, Sin::Loses, 300).is_some());
}

#[test]
fn what_a_way_to_keep_versions_does_not_promise_is_seen_and_what_it_promises_is_not() {
    const TRUNCATED: Causality = Causality::Truncated { pairs: 2 };
    for causality in [
        Causality::Dots,
        Causality::Clocks,
        TRUNCATED,
        Causality::Vectors,
    ] {
        for resolution in [Resolution::Client, Resolution::LastWriterWins] {
            let change = |shape: &mut Shape| {
                (shape.causality, shape.resolution) = (causality, resolution);
                // Which promise sloppy vectors break needs more than luck; see below.
                shape.sloppy &= causality != Causality::Vectors;
            };
            let mut shape = load::shape(1);
            change(&mut shape);
            let promised = promised(shape);
            for (sin, may) in [
                (Sin::Loses, promised.may_lose),
                (Sin::Revives, promised.may_revive),
            ] {
                let found = first(change, sin, if may { 30 } else { 150 });
                assert_eq!(
                    found.is_some(),
                    may,
                    "{causality:?} {resolution:?} {sin:?}: {found:?}"
                );
            }
        }
    }
}

/// Two puts through a node that stands in twice for the one owner, and has delivered in between.
fn stands_in_twice(causality: Causality) -> Plan {
    let shape = Shape {
        nodes: 2,
        n: 1,
        r: 1,
        w: 1,
        vnodes: 1,
        sloppy: true,
        hints: true,
        anti_entropy: true,
        read_repair: ReadRepair::Off,
        causality,
        ..load::shape(1)
    };
    let call = || Call::Put {
        key: "k0".into(),
        context: None,
    };
    let steps = (0..4).map(|index| Step {
        id: index + 1,
        at: Time(u64::from(index) * 1_000_000 + 100_000),
        client: index,
        // Whichever of the two owns the key, the other stands in for it.
        via: index % 2,
        call: call(),
    });
    let windows = (0..4).map(|index| Window {
        id: index + 1,
        from: Time(u64::from(index) * 1_000_000 + 50_000),
        until: Time(u64::from(index) * 1_000_000 + 500_000),
        fault: Fault::Cut { side: [0].into() },
    });
    Plan {
        seed: 1,
        shape,
        steps: steps.collect(),
        faults: FaultSchedule(windows.collect()),
    }
}

#[test]
fn a_stand_in_that_forgot_the_key_counts_anew_unless_its_events_are_dots() {
    for (causality, loses) in [
        (Causality::Dots, false),
        (Causality::Clocks, true),
        (Causality::Vectors, true),
    ] {
        let plan = stands_in_twice(causality);
        let run = Target::default().run(&plan).expect("it runs");
        let stored = |op: &&checker::Op<Kv>| {
            op.call.writes() && matches!(op.outcome, checker::Outcome::Ok(_))
        };
        assert_eq!(run.history.ops().iter().filter(stored).count(), 4);
        assert_eq!(shows(&run.history, Sin::Loses), loses, "{causality:?}");
    }
}
