//! The same calls and faults on another cluster: other quorums, a mechanism more or less.

use checker::report::Sort;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};

use super::needs::Change;
use crate::plan::{Partitioning, Plan, Shape};

/// Every setting moved one step, where that is legal.
pub(super) fn settings(plan: &Plan) -> Vec<Change> {
    let shape = plan.shape.legal();
    let mut all: Vec<Change> = Vec::new();
    let mut add = |change: String, moved: Shape| {
        if moved.legal() == moved && moved != shape {
            let moved = Plan {
                shape: moved,
                ..plan.clone()
            };
            all.push((Sort::Setting, change, moved.wrapped()));
        }
    };
    for (change, moved) in numbers(shape) {
        add(change, moved);
    }
    for (change, moved) in mechanisms(shape).into_iter().chain(versions(shape)) {
        add(change.into(), moved);
    }
    all
}

fn numbers(shape: Shape) -> Vec<(String, Shape)> {
    let Shape { nodes, n, r, w, .. } = shape;
    let mut all = Vec::new();
    for by in [1, -1] {
        let moved = |number: u32| number.saturating_add_signed(by);
        let (nodes, n, r, w) = (moved(nodes), moved(n), moved(r), moved(w));
        all.push((format!("with {nodes} nodes"), Shape { nodes, ..shape }));
        all.push((format!("with n {n}"), Shape { n, ..shape }));
        all.push((format!("with r {r}"), Shape { r, ..shape }));
        all.push((format!("with w {w}"), Shape { w, ..shape }));
    }
    all
}

fn mechanisms(shape: Shape) -> Vec<(&'static str, Shape)> {
    let choose = |on: bool, without, with| if on { without } else { with };
    let repairs = shape.read_repair != ReadRepair::Off;
    let asked = shape.coordinator == Coordinator::Asked;
    let owners = shape.read_from == ReadFrom::Owners;
    let beats = shape.detection == Detection::Heartbeats;
    let read_repair = choose(repairs, ReadRepair::Off, ReadRepair::After);
    let coordinator = if asked {
        Coordinator::First
    } else {
        Coordinator::Asked
    };
    let (read_from, asks) = if owners {
        (ReadFrom::Healthy, "with reads from stand-ins too")
    } else {
        (ReadFrom::Owners, "with reads from owners only")
    };
    let (detection, hears) = if beats {
        (Detection::Requests, "without heartbeats")
    } else {
        (Detection::Heartbeats, "with heartbeats")
    };
    let sloppy = !shape.sloppy;
    let hints = !shape.hints;
    let anti_entropy = !shape.anti_entropy;
    let text =
        |on: bool, without: &'static str, with: &'static str| if on { without } else { with };
    vec![
        (
            text(shape.sloppy, "with strict quorums", "with sloppy quorums"),
            Shape { sloppy, ..shape },
        ),
        (
            text(shape.hints, "without hints", "with hints"),
            Shape { hints, ..shape },
        ),
        (
            text(
                shape.anti_entropy,
                "without anti-entropy",
                "with anti-entropy",
            ),
            Shape {
                anti_entropy,
                ..shape
            },
        ),
        (
            text(repairs, "without read repair", "with read repair"),
            Shape {
                read_repair,
                ..shape
            },
        ),
        (
            text(
                asked,
                "with puts by the first owner",
                "with puts by whoever is asked",
            ),
            Shape {
                coordinator,
                ..shape
            },
        ),
        (asks, Shape { read_from, ..shape }),
        (hears, Shape { detection, ..shape }),
    ]
}

fn versions(shape: Shape) -> Vec<(&'static str, Shape)> {
    let (causality, clocks) = if shape.causality == Causality::Dots {
        (Causality::Clocks, "with plain clocks")
    } else {
        (Causality::Dots, "with dots")
    };
    let (resolution, wins) = if shape.resolution == Resolution::Client {
        (Resolution::LastWriterWins, "with the last writer winning")
    } else {
        (Resolution::Client, "with siblings kept")
    };
    let durability = Durability::Synced;
    let partitioning = Partitioning::Tokens;
    vec![
        (clocks, Shape { causality, ..shape }),
        (
            wins,
            Shape {
                resolution,
                ..shape
            },
        ),
        (
            "without reaping",
            Shape {
                reaping_us: None,
                ..shape
            },
        ),
        (
            "without a write buffer",
            Shape {
                durability,
                ..shape
            },
        ),
        (
            "with ranges cut at tokens",
            Shape {
                partitioning,
                ..shape
            },
        ),
        (
            "without yielding",
            Shape {
                yields: false,
                ..shape
            },
        ),
        (
            "with equal clocks",
            Shape {
                skew_us: 0,
                ..shape
            },
        ),
    ]
}
