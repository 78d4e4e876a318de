//! Plans as `proptest` strategies, for tests that like to be told by `PROPTEST_CASES` how many.
//!
//! The strategies do not shrink: `shrink` does that better, by running plans again.

use checker::Time;
use checker::reconciliation::Kind;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::fault::{Fault, FaultSchedule, Scope, Window};
use crate::plan::{Call, Partitioning, Plan, Shape, Step};

/// Legal clusters of 3 to 7 nodes and 1 to 5 replicas that make all four promises where their
/// mechanisms are on.
pub fn shapes() -> impl Strategy<Value = Shape> {
    let mechanisms = (any::<bool>(), any::<bool>(), any::<bool>());
    let repairs = select(vec![
        ReadRepair::Off,
        ReadRepair::After,
        ReadRepair::Responders,
        ReadRepair::Quorum,
    ]);
    let coordinators = select(vec![
        Coordinator::Asked,
        Coordinator::First,
        Coordinator::Fastest,
    ]);
    let readers = select(vec![ReadFrom::Healthy, ReadFrom::Owners]);
    let partitionings = select(vec![
        Partitioning::Tokens,
        Partitioning::TokensOverPartitions,
        Partitioning::Partitions,
    ]);
    let size = (3..=7_u32, 1..=5_u32, 1..=5_u32, 1..=5_u32, 1..=6_u32);
    (
        size,
        mechanisms,
        repairs,
        coordinators,
        readers,
        partitionings,
    )
        .prop_map(
            |(size, mechanisms, read_repair, coordinator, read_from, partitioning)| {
                let (nodes, n, r, w, vnodes) = size;
                let (sloppy, hints, anti_entropy) = mechanisms;
                Shape {
                    nodes,
                    n,
                    r,
                    w,
                    vnodes,
                    partitioning,
                    sloppy,
                    hints,
                    anti_entropy,
                    read_repair,
                    coordinator,
                    read_from,
                    causality: Causality::Dots,
                    resolution: Resolution::Client,
                    reaping_us: None,
                    durability: Durability::Synced,
                    detection: Detection::Requests,
                    yields: false,
                    skew_us: 0,
                }
                .legal()
            },
        )
}

/// As [`shapes`], with every way to tell versions apart and to resolve them, and with tombstones that
/// are reaped.
pub fn every_shape() -> impl Strategy<Value = Shape> {
    let causalities = prop_oneof![
        Just(Causality::Dots),
        Just(Causality::Clocks),
        (1..=4_u32).prop_map(|pairs| Causality::Truncated { pairs }),
        Just(Causality::Vectors),
    ];
    let resolutions = select(vec![Resolution::Client, Resolution::LastWriterWins]);
    let reaping = proptest::option::weighted(0.2, 20_000..2_000_000_u64);
    (shapes(), causalities, resolutions, reaping).prop_map(
        |(shape, causality, resolution, reaping_us)| Shape {
            causality,
            resolution,
            reaping_us,
            ..shape
        },
    )
}

/// Plans of 60 to 120 calls and 3 to 8 faults over any of [`shapes`].
pub fn plans() -> impl Strategy<Value = Plan> {
    plans_over(shapes())
}

/// Plans of 60 to 120 calls and 3 to 8 faults over these clusters.
pub fn plans_over(shapes: impl Strategy<Value = Shape>) -> impl Strategy<Value = Plan> {
    (
        any::<u64>(),
        shapes,
        vec(call(), 60..=120),
        vec(window(), 3..=8),
    )
        .prop_map(|(seed, shape, calls, windows)| plan(seed, shape, calls, windows))
        .no_shrink()
}

/// As [`plans`], of clients that keep sets, counters or lists, of one kind in each plan.
pub fn object_plans() -> impl Strategy<Value = Plan> {
    let kinds = select(Kind::ALL.to_vec());
    (kinds, plans())
        .prop_map(|(of, mut plan)| {
            for step in &mut plan.steps {
                if let Call::Put { key, context } | Call::Delete { key, context } = &mut step.call {
                    let (key, context) = (std::mem::take(key), *context);
                    step.call = Call::Change { of, key, context };
                }
            }
            plan
        })
        .no_shrink()
}

/// What a client does.
#[derive(Clone, Copy, Debug)]
enum Does {
    Get,
    Put,
    Delete,
}

/// Pause before it in microseconds, client, node, key, what it does, and how far back it read.
type Drawn = (u64, u32, u32, u32, Does, Option<usize>);

fn call() -> impl Strategy<Value = Drawn> {
    let back = proptest::option::weighted(0.7, 1..8_usize);
    let does = prop_oneof![
        12 => Just(Does::Get),
        11 => Just(Does::Put),
        1 => Just(Does::Delete),
    ];
    (0..30_000_u64, 0..4_u32, 0..7_u32, 0..4_u32, does, back)
}

fn window() -> impl Strategy<Value = (u64, u64, Fault)> {
    (0..1_500_000_u64, 20_000..800_000_u64, fault())
}

/// Every fault but those that take what a disk had synced: they take promises along.
fn fault() -> impl Strategy<Value = Fault> {
    let side = || btree_set(0..7_u32, 1..=3);
    let links = btree_set((0..7_u32, 0..7_u32), 1..=6);
    let by = 200..20_000_u64;
    prop_oneof![
        2 => side().prop_map(|side| Fault::Cut { side }),
        2 => side().prop_map(|side| Fault::CutOneWay { side }),
        2 => (0..7_u32).prop_map(|node| Fault::Crash { node }),
        2 => (0..7_u32).prop_map(|node| Fault::Pause { node }),
        4 => message_fault(),
        2 => (scope(), message_fault()).prop_map(|(at, fault)| Fault::Aimed {
            at,
            fault: Box::new(fault),
        }),
        1 => links.prop_map(|links| Fault::CutLinks { links }),
        1 => (0..7_u32, by).prop_map(|(node, by)| Fault::Slow { node, by }),
        1 => (0..7_u32).prop_map(|node| Fault::Stall { node }),
        1 => (0..7_u32, -400_000..400_000_i64, -400_000..400_000_i64)
            .prop_map(|(node, ahead, drift)| Fault::Clock { node, ahead, drift }),
    ]
}

fn message_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        (5..60_u32).prop_map(|percent| Fault::Lose { percent }),
        (5_000..80_000_u64).prop_map(|by| Fault::Delay { by }),
        (5_000..80_000_u64).prop_map(|within| Fault::Reorder { within }),
        (5..60_u32).prop_map(|percent| Fault::Repeat { percent }),
        Just(Fault::Clog),
        (500..20_000_u64, 0..10_u64).prop_map(|(gap, room)| Fault::Narrow { gap, room }),
        (2..5_u32, 1_000..50_000_u64).prop_map(|(ranks, step)| Fault::Rank { ranks, step }),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    let some = || btree_set(0..7_u32, 0..=2);
    let kinds = select(vec!["replicate", "hint", "repair", "gossip", "sync-states"]);
    let kinds = btree_set(kinds.prop_map(str::to_owned), 0..=2);
    (some(), some(), kinds).prop_map(|(from, to, kinds)| Scope { from, to, kinds })
}

fn plan(seed: u64, shape: Shape, calls: Vec<Drawn>, windows: Vec<(u64, u64, Fault)>) -> Plan {
    let mut steps: Vec<Step> = Vec::new();
    let mut at = 0;
    for (index, (gap, client, via, key, does, back)) in calls.into_iter().enumerate() {
        at += gap;
        let key = format!("k{key}");
        // The nth last get of anybody on the key: sometimes fresh, sometimes long superseded.
        let gets = steps
            .iter()
            .rev()
            .filter(|step| matches!(&step.call, Call::Get { key: read } if *read == key));
        let context = back.and_then(|back| gets.take(back).last().map(|step| step.id));
        let call = match does {
            Does::Get => Call::Get { key },
            Does::Put => Call::Put { key, context },
            Does::Delete => Call::Delete { key, context },
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
