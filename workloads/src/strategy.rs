//! Plans as `proptest` strategies, for tests that like to be told by `PROPTEST_CASES` how many.
//!
//! The strategies do not shrink: `shrink` does that better, by running plans again.

use checker::Time;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::fault::{Fault, FaultSchedule, Window};
use crate::plan::{Call, Plan, Shape, Step};

/// Legal clusters of 3 to 7 nodes and 1 to 5 replicas, mechanisms on and off.
pub fn shapes() -> impl Strategy<Value = Shape> {
    let mechanisms = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let shape = (
        3..=7_u32,
        1..=5_u32,
        1..=5_u32,
        1..=5_u32,
        1..=6_u32,
        mechanisms,
    );
    shape.prop_map(|(nodes, n, r, w, vnodes, mechanisms)| {
        let (sloppy, hints, anti_entropy, read_repair) = mechanisms;
        Shape {
            nodes,
            n,
            r,
            w,
            vnodes,
            sloppy,
            hints,
            anti_entropy,
            read_repair,
        }
        .legal()
    })
}

/// Plans of 60 to 120 calls and 3 to 8 faults over any legal cluster.
pub fn plans() -> impl Strategy<Value = Plan> {
    (
        any::<u64>(),
        shapes(),
        vec(call(), 60..=120),
        vec(window(), 3..=8),
    )
        .prop_map(|(seed, shape, calls, windows)| plan(seed, shape, calls, windows))
        .no_shrink()
}

/// Pause before it in microseconds, client, node, key, whether it puts, and how far back it read.
type Drawn = (u64, u32, u32, u32, bool, Option<usize>);

fn call() -> impl Strategy<Value = Drawn> {
    let back = proptest::option::weighted(0.7, 1..8_usize);
    (
        0..30_000_u64,
        0..4_u32,
        0..7_u32,
        0..4_u32,
        any::<bool>(),
        back,
    )
}

fn window() -> impl Strategy<Value = (u64, u64, Fault)> {
    (0..1_500_000_u64, 20_000..800_000_u64, fault())
}

fn fault() -> impl Strategy<Value = Fault> {
    let side = || btree_set(0..7_u32, 1..=3);
    prop_oneof![
        side().prop_map(|side| Fault::Cut { side }),
        side().prop_map(|side| Fault::CutOneWay { side }),
        (0..7_u32).prop_map(|node| Fault::Crash { node }),
        (0..7_u32).prop_map(|node| Fault::Pause { node }),
        (5..60_u32).prop_map(|percent| Fault::Lose { percent }),
        (5_000..80_000_u64).prop_map(|by| Fault::Delay { by }),
        (5_000..80_000_u64).prop_map(|within| Fault::Reorder { within }),
        (5..60_u32).prop_map(|percent| Fault::Repeat { percent }),
    ]
}

fn plan(seed: u64, shape: Shape, calls: Vec<Drawn>, windows: Vec<(u64, u64, Fault)>) -> Plan {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    for (index, (gap, client, via, key, puts, back)) in calls.into_iter().enumerate() {
        at += gap;
        let key = format!("k{key}");
        // The nth last get of anybody on the key: sometimes fresh, sometimes long superseded.
        let gets = steps
            .iter()
            .rev()
            .filter(|step| matches!(&step.call, Call::Get { key: read } if *read == key));
        let context = back.and_then(|back| gets.take(back).last().map(|step| step.id));
        let call = if puts {
            Call::Put { key, context }
        } else {
            Call::Get { key }
        };
        let via = via % shape.nodes;
        steps.push(Step {
            id: index as u32 + 1,
            at: Time(at),
            client,
            via,
            call,
        });
    }
    let windows = windows
        .into_iter()
        .enumerate()
        .map(|(index, (from, span, fault))| Window {
            id: index as u32 + 1,
            from: Time(from),
            until: Time(from + span),
            fault,
        });
    Plan {
        seed,
        shape,
        steps,
        faults: FaultSchedule(windows.collect()),
    }
}
