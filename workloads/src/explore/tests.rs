//! What exploration finds, and that it leaves nothing out.

use std::collections::{BTreeMap, BTreeSet};

use checker::Promise;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, Flaw, ReadFrom, ReadRepair, Resolution,
};

use super::*;
use crate::plan::{Partitioning, Shape};
use crate::standing::Standing;

const SHAPE: Shape = Shape {
    nodes: 3,
    n: 3,
    r: 2,
    w: 2,
    vnodes: 1,
    partitioning: Partitioning::Tokens,
    sloppy: false,
    hints: true,
    anti_entropy: true,
    read_repair: ReadRepair::After,
    coordinator: Coordinator::Asked,
    read_from: ReadFrom::Healthy,
    causality: Causality::Dots,
    resolution: Resolution::Client,
    reaping_us: None,
    durability: Durability::Synced,
    detection: Detection::Requests,
    yields: false,
    skew_us: 0,
};

const NOTHING: Bounds = Bounds {
    crashes: 0,
    timeouts: 0,
    losses: 0,
    repeats: 0,
};

const CRASH: Bounds = Bounds {
    crashes: 1,
    ..NOTHING
};

const TIMEOUT: Bounds = Bounds {
    timeouts: 1,
    ..NOTHING
};

const LOSS: Bounds = Bounds {
    losses: 1,
    ..NOTHING
};

const REPEAT: Bounds = Bounds {
    repeats: 1,
    ..NOTHING
};

fn scope(flaw: Option<Flaw>, bounds: Bounds) -> Scope {
    Scope {
        shape: SHAPE,
        flaw,
        bounds,
        states_max: 1_000_000,
        promises: Vec::new(),
        apart: Apart::Judged,
        goes_on: false,
    }
}

fn program(text: &str) -> Program {
    text.parse().expect("it is a program")
}

/// How each promise ever fared, and why it broke.
type Verdicts = (BTreeMap<Promise, [bool; 4]>, BTreeSet<String>);

fn verdicts(scope: &Scope, program: &Program) -> (Verdicts, u64) {
    let (explored, _) = explore(scope, program, u32::MAX);
    assert!(!explored.capped && !explored.restless, "{program}");
    let fared = explored.promises.iter().map(|(promise, standing)| {
        let Standing {
            held,
            broken,
            idle,
            undecided,
            ..
        } = standing;
        let ever = [held, broken, idle, undecided].map(|count| *count > 0);
        (*promise, ever)
    });
    ((fared.collect(), explored.causes), explored.states)
}

/// What is found with and without merging, or an order of more than judges look at. Returns how many
/// states were kept apart.
fn merged(flaw: Option<Flaw>, bounds: Bounds, text: &str, apart: Apart) -> (u64, u64) {
    let all = |apart| Scope {
        apart,
        goes_on: true,
        ..scope(flaw, bounds)
    };
    let program = program(text);
    let (few, merged) = verdicts(&all(Apart::Judged), &program);
    let (many, separate) = verdicts(&all(apart), &program);
    assert_eq!(few, many, "{flaw:?} {bounds} {text}");
    (merged, separate)
}

#[test]
fn merging_states_changes_no_verdict() {
    for (flaw, bounds, text) in [
        (None, NOTHING, "put@0 put@0"),
        (None, LOSS, "put@0"),
        (Some(Flaw::AckBeforeSync), CRASH, "put@0"),
        (Some(Flaw::CountTwice), REPEAT, "put@0"),
        (Some(Flaw::DropHintOnSend), LOSS, "put@0"),
    ] {
        let (merged_, separate) = merged(flaw, bounds, text, Apart::Everything);
        assert!(merged_ < separate, "{text}: {merged_} of {separate}");
    }
}

#[test]
fn what_judges_do_not_look_at_changes_no_verdict() {
    for (flaw, bounds, text) in [
        (None, NOTHING, "put@0 / put@1"),
        (None, TIMEOUT, "put@0 / get@1"),
        (Some(Flaw::HashArrivalOrder), NOTHING, "put@0 / put@1"),
        (Some(Flaw::MintOnRepair), NOTHING, "put@0 / get@1"),
        (Some(Flaw::ForgetHints), CRASH, "put@0"),
        (Some(Flaw::ForgetSequence), CRASH, "put@0 put@0"),
    ] {
        let (merged_, separate) = merged(flaw, bounds, text, Apart::Order);
        assert!(merged_ <= separate, "{text}: {merged_} of {separate}");
    }
}

/// A put waits for all.
const WIDE: Shape = Shape {
    r: 1,
    w: 3,
    ..SHAPE
};

const HINTED: Bounds = Bounds {
    timeouts: 1,
    ..CRASH
};

/// What shows a flaw, which promise it breaks, and in how many steps.
const SHOWN: [(Flaw, Shape, Bounds, &str, Promise, usize); 9] = [
    (
        Flaw::AckBeforeSync,
        SHAPE,
        CRASH,
        "put@0",
        Promise::HandoffDelivery,
        6,
    ),
    (
        Flaw::ForgetSequence,
        SHAPE,
        CRASH,
        "put@0 / put@0",
        Promise::ClockCausality,
        7,
    ),
    (
        Flaw::MintOnRepair,
        SHAPE,
        NOTHING,
        "get@0 / put@0",
        Promise::ClockCausality,
        10,
    ),
    (
        Flaw::HashArrivalOrder,
        SHAPE,
        NOTHING,
        "put@0 / put@1",
        Promise::Convergence,
        10,
    ),
    (
        Flaw::SkipSmallDifferences,
        SHAPE,
        CRASH,
        "put@0",
        Promise::Convergence,
        2,
    ),
    (
        Flaw::ForgetHints,
        SHAPE,
        HINTED,
        "put@0",
        Promise::HandoffDelivery,
        8,
    ),
    (
        Flaw::HintKeyWithoutOwner,
        SHAPE,
        TIMEOUT,
        "put@0",
        Promise::HandoffDelivery,
        6,
    ),
    (
        Flaw::DropHintOnSend,
        SHAPE,
        LOSS,
        "put@0",
        Promise::HandoffDelivery,
        4,
    ),
    (
        Flaw::CountTwice,
        WIDE,
        REPEAT,
        "put@0",
        Promise::HandoffDelivery,
        6,
    ),
];

#[test]
fn flaws_are_found_by_the_shortest_schedule() {
    for (flaw, shape, bounds, text, promise, steps) in SHOWN {
        let scope = Scope {
            shape,
            ..scope(Some(flaw), bounds)
        };
        let program = program(text);
        let (explored, broken) = explore(&scope, &program, u32::MAX);
        let broken = broken.unwrap_or_else(|| panic!("{flaw} is not found"));
        let found = broken.counterexamples.iter().map(|found| found.promise);
        assert!(found.into_iter().any(|found| found == promise), "{flaw}");
        assert_eq!(broken.steps.len(), steps, "{flaw}: {:#?}", broken.steps);
        assert_eq!(explored.deepest as usize, steps);
        // No shorter one breaks anything, and the healthy core breaks nothing.
        let (_, shorter) = explore(&scope, &program, steps as u32 - 1);
        assert_eq!(shorter, None, "{flaw}");
        let healthy = Scope {
            flaw: None,
            ..scope
        };
        let (_, nothing) = explore(&healthy, &program, u32::MAX);
        assert_eq!(nothing, None, "{flaw}");
    }
}

#[test]
fn the_healthy_core_keeps_its_promises_in_every_schedule_of_two_calls() {
    let programs = programs(3, 2, 2, true);
    let survey = survey(&scope(None, NOTHING), &programs, 2, |_| ());
    assert!(survey.is_exhaustive());
    let total = &survey.total;
    assert_eq!(survey.programs, programs.len() as u64);
    for promise in [
        Promise::ClockCausality,
        Promise::SiblingPreservation,
        Promise::Regular,
        Promise::ReadYourWrites,
    ] {
        let standing = &total.promises[&promise];
        assert!(standing.held > 0 && standing.broken == 0, "{promise}");
        assert_eq!(standing.undecided, 0, "{promise}");
    }
}

#[test]
fn the_healthy_core_mends_whatever_goes_wrong_once() {
    let mut held = BTreeSet::new();
    for bounds in [CRASH, TIMEOUT, LOSS, REPEAT] {
        let (explored, broken) = explore(&scope(None, bounds), &program("put@0 / get@1"), u32::MAX);
        assert_eq!(broken, None, "{bounds}");
        assert!(!explored.capped && !explored.restless, "{bounds}");
        let standings = explored.promises.into_iter();
        held.extend(
            standings
                .filter(|(_, standing)| standing.held > 0)
                .map(|(promise, _)| promise),
        );
    }
    // Replicas were apart, and hints were kept.
    assert!(held.contains(&Promise::Convergence) && held.contains(&Promise::HandoffDelivery));
}

#[test]
fn what_a_cluster_does_not_promise_is_not_judged() {
    // A quorum that does not overlap: a get may miss what was acknowledged before it began.
    let loose = Shape {
        r: 1,
        w: 1,
        ..SHAPE
    };
    let asked = |shape| Scope {
        shape,
        promises: vec![Promise::Regular],
        ..scope(None, NOTHING)
    };
    let (explored, _) = explore(&asked(SHAPE), &program("put@0 / get@1"), u32::MAX);
    assert!(explored.promises[&Promise::Regular].held > 0);
    let (explored, broken) = explore(&asked(loose), &program("put@0 / get@1"), u32::MAX);
    assert_eq!(
        (explored.promises.len(), broken),
        (0, None),
        "it promises no such thing"
    );
}

#[test]
fn what_comes_out_is_the_same_for_any_number_of_jobs() {
    let programs = programs(3, 2, 2, false);
    let scope = Scope {
        states_max: 500,
        ..scope(Some(Flaw::HashArrivalOrder), NOTHING)
    };
    let [one, many] = [1, 5].map(|jobs| survey(&scope, &programs, jobs, |_| ()));
    assert_eq!(one.total, many.total);
    assert_eq!(one.broken, many.broken);
    assert_eq!(
        (one.programs, one.capped, one.largest),
        (many.programs, many.capped, many.largest)
    );
}

#[test]
fn a_search_that_is_cut_short_is_never_exhaustive() {
    let whole = scope(None, NOTHING);
    let program = program("put@0");
    let (explored, _) = explore(&whole, &program, u32::MAX);
    assert!(!explored.capped);
    for states_max in 1..=explored.states {
        let scope = Scope {
            states_max,
            ..whole.clone()
        };
        let survey = survey(&scope, std::slice::from_ref(&program), 1, |_| ());
        assert_eq!(survey.is_exhaustive(), states_max == explored.states);
        assert_eq!(survey.total.states, states_max);
    }
}
