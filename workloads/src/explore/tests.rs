//! What exploration finds, and that it leaves nothing out.

use std::collections::{BTreeMap, BTreeSet};

use checker::Promise;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, Flaw, ReadFrom, ReadRepair, Resolution,
};

use super::*;
use crate::plan::{Partitioning, Shape};

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
