//! The same plan in two worlds: the simulator and real processes.

use std::path::Path;

use checker::{Budget, Promise, Time, Verdict};
use dynamo_core::Flaw;
use dynamometer::catalogue::broken_to_clients;
use dynamometer::catalogue::worlds::{Real, Worlds};
use dynamometer::drive::Run;
use dynamometer::fault::{Fault, FaultSchedule, Window};
use dynamometer::load;
use dynamometer::matrix::{self, Row};
use dynamometer::plan::{Call, Plan, Shape, Step};
use dynamometer::preset::Preset;
use dynamometer::subject::cluster::{Cluster, restricted};
use dynamometer::target::{Target, judge};
use dynamometer::world::World;

use super::DYNO;

const PROMISE: Promise = Promise::SiblingPreservation;

/// Three nodes that mend by all means.
fn shape(change: impl Fn(&mut Shape)) -> Shape {
    let mut shape = Shape {
        nodes: 3,
        n: 3,
        r: 2,
        w: 2,
        vnodes: 2,
        sloppy: false,
        hints: false,
        anti_entropy: true,
        yields: false,
        ..load::shape(1)
    };
    change(&mut shape);
    shape
}

fn step(id: u32, at_ms: u64, client: u32, via: u32, call: Call) -> Step {
    Step {
        id,
        at: Time(at_ms * 1_000),
        client,
        via,
        call,
    }
}

fn window(id: u32, from_ms: u64, until_ms: u64, fault: Fault) -> Window {
    Window {
        id,
        from: Time(from_ms * 1_000),
        until: Time(until_ms * 1_000),
        fault,
    }
}

fn put(key: &str, context: Option<u32>) -> Call {
    let key = key.into();
    Call::Put { key, context }
}

fn get(key: &str) -> Call {
    Call::Get { key: key.into() }
}

/// Blind puts by several clients, each read and replaced once.
fn carts() -> Vec<Step> {
    let steps = (0..8).flat_map(|round| {
        let (id, at) = (round * 10, u64::from(round) * 60);
        let key = format!("k{}", round % 2);
        [
            step(id, at, 0, round, put(&key, None)),
            step(id + 1, at, 1, round + 1, put(&key, None)),
            step(id + 2, at + 20, 2, round + 2, get(&key)),
            step(id + 3, at + 40, 2, round, put(&key, Some(id + 2))),
        ]
    });
    steps.collect()
}

fn plan(shape: Shape, faults: Vec<Window>) -> Plan {
    Plan {
        seed: 1,
        shape,
        steps: carts(),
        faults: FaultSchedule(faults),
    }
}

/// Plans that a sound store must stand, in either world.
fn corpus() -> Vec<(&'static str, Plan)> {
    let usual = || shape(|_| ());
    let hinted = || {
        shape(|shape| {
            shape.nodes = 5;
            (shape.hints, shape.sloppy) = (true, true);
        })
    };
    let cut = |from, until| window(1, from, until, Fault::Cut { side: [0].into() });
    let node = 1;
    vec![
        ("calm", plan(usual(), Vec::new())),
        ("cut", plan(usual(), vec![cut(100, 400)])),
        ("hints", plan(hinted(), vec![cut(50, 450)])),
        (
            "kills",
            plan(
                usual(),
                vec![
                    window(1, 50, 200, Fault::Crash { node: 0 }),
                    window(2, 250, 400, Fault::Crash { node }),
                ],
            ),
        ),
        (
            "pause and wipe",
            plan(
                usual(),
                vec![
                    window(1, 50, 250, Fault::Pause { node: 0 }),
                    window(2, 300, 400, Fault::Wipe { node }),
                ],
            ),
        ),
        (
            "chance",
            plan(
                usual(),
                vec![
                    window(1, 0, 450, Fault::Lose { percent: 20 }),
                    window(2, 0, 450, Fault::Repeat { percent: 30 }),
                    window(3, 0, 450, Fault::Reorder { within: 40_000 }),
                ],
            ),
        ),
    ]
}

fn verdict(history: &checker::History<checker::kv::Kv>) -> Verdict {
    let mut verdicts = judge(history, &[PROMISE], Budget::default());
    verdicts.remove(0).1
}

/// What breaks, if something does; nothing else but a "yes" is an answer.
fn broken(name: &str, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Valid(_) => None,
        Verdict::Invalid(found) => Some(found.title()),
        Verdict::Unknown(why) => panic!("{name}: {why}"),
    }
}

fn in_simulator(plan: &Plan, flaw: Option<Flaw>) -> Verdict {
    let run = Target { flaw }.run(plan).expect("it runs");
    verdict(&run.history)
}

fn on_processes(plan: &Plan, flaw: Option<Flaw>) -> Verdict {
    let run = Cluster::run(Path::new(DYNO), plan, flaw).expect("it runs");
    verdict(&run.history)
}

#[test]
fn a_sound_store_stands_the_same_plans_in_both_worlds() {
    for (name, plan) in corpus() {
        let simulated = broken(name, &in_simulator(&plan, None));
        let real = broken(name, &on_processes(&plan, None));
        assert_eq!((simulated, real), (None, None), "{name}");
    }
}

/// All that a run breaks of what it promises.
fn all_broken(plan: &Plan, run: &Run) -> Vec<String> {
    let made = matrix::made(plan, &run.history);
    let verdicts = matrix::judge(plan.shape, &run.history, &made, Budget::default());
    let broken = verdicts
        .iter()
        .filter_map(|(_, verdict)| verdict.counterexample());
    broken
        .map(|found| format!("{}: {}", found.title(), found.sentence))
        .collect()
}

#[test]
fn a_sound_store_stands_generated_plans_of_several_shapes_in_both_worlds() {
    let presets = [Preset::Dynamo, Preset::Row(Row::S2), Preset::Row(Row::L1)];
    for (preset, seeds) in presets.into_iter().zip([8_u64, 2, 2]) {
        for seed in 0..seeds {
            let plan = World::Cluster.plan(preset, seed);
            let simulated = Target::default().run(&plan).expect("it runs");
            let real = Cluster::run(Path::new(DYNO), &plan, None).expect("it runs");
            let broken = [simulated, real].map(|run| all_broken(&plan, &run));
            assert_eq!(broken, [[""; 0]; 2], "{} {seed}", preset.name());
        }
    }
}

#[test]
fn disks_show_what_clients_do_not_see() {
    let plans = corpus().into_iter().filter(|(name, _)| *name == "hints");
    for ((name, plan), flaw) in plans.zip([Flaw::KeepDeliveredHint]) {
        let shown = (0..TRIES).find_map(|_| {
            let run = Cluster::run(Path::new(DYNO), &plan, Some(flaw)).expect("it runs");
            let clients = broken_to_clients(&plan, &run, Budget::default());
            assert_eq!(clients, [], "{name}");
            let promise = Promise::HandoffDelivery;
            let mut verdicts = judge(&run.history, &[promise], Budget::default());
            broken_only(&verdicts.remove(0).1)
        });
        let part = "handoff-delivery/kept after delivery";
        assert!(shown.is_some_and(|cause| cause.starts_with(part)), "{flaw}");
    }
}

/// Where no "yes" is to be had.
fn broken_only(verdict: &Verdict) -> Option<String> {
    verdict.counterexample().map(|found| found.cause.clone())
}

#[test]
fn flaws_of_several_kinds_are_caught_in_both_worlds() {
    let worlds = Worlds {
        flaws: vec![
            Flaw::KeepOneSibling,
            Flaw::CountFromContext,
            Flaw::HashArrivalOrder,
            Flaw::KeepDeliveredHint,
        ],
        seed_base: 7,
        runs: 400,
        plans: 3,
        shrink: 200,
        tries: TRIES,
    };
    let on_processes =
        |target: Target, plan: &Plan| Cluster::run(Path::new(DYNO), plan, target.flaw);
    for row in worlds.run(&on_processes, |_| ()) {
        assert!(matches!(row.real, Real::Caught { .. }), "{row:?}");
    }
}

#[test]
fn a_flaw_is_found_in_both_worlds_by_the_same_plan() {
    let flaw = Flaw::KeepOneSibling;
    let (name, plan) = corpus().swap_remove(0);
    let simulated = broken(name, &in_simulator(&plan, Some(flaw)));
    assert!(simulated.is_some());
    assert_eq!(broken(name, &on_processes(&plan, Some(flaw))), simulated);
}

/// One copy of each key, and kills among puts that never cease.
fn kills() -> Plan {
    let shape = shape(|shape| (shape.n, shape.r, shape.w) = (1, 1, 1));
    let steps = (0..4).flat_map(|client| {
        (0..150).map(move |put_| {
            let id = put_ * 4 + client;
            let key = format!("k{}", id % 6);
            step(id, u64::from(put_) * 3, client, id, put(&key, None))
        })
    });
    let crash = |kill: u32| {
        let from = 40 + u64::from(kill) * 60;
        window(kill, from, from + 20, Fault::Crash { node: kill % 3 })
    };
    Plan {
        steps: steps.collect(),
        ..plan(shape, (0..7).map(crash).collect())
    }
}

/// How often a promise may not be seen broken that a flaw breaks now and then.
const TRIES: u32 = 50;

#[test]
fn what_was_acknowledged_before_it_was_on_disk_is_lost_by_kills() {
    let plan = kills();
    assert_eq!(broken("sound", &on_processes(&plan, None)), None);
    let flaw = Some(Flaw::AckBeforeSync);
    let lost = |_: &u32| broken("flawed", &on_processes(&plan, flaw)).is_some();
    let found = (1..=TRIES).find(lost);
    assert!(found.is_some(), "not in {TRIES} tries");
}

#[test]
fn a_plan_with_a_fault_that_processes_cannot_suffer_is_refused() {
    let fault = Fault::Stall { node: 0 };
    let plan = plan(shape(|_| ()), vec![window(1, 0, 10, fault)]);
    let refused = Cluster::run(Path::new(DYNO), &plan, None);
    let why = refused.map(|_| ()).expect_err("it is refused").to_string();
    assert_eq!(why, "this target cannot stall disk of n0");
    assert!(restricted(plan).faults.0.is_empty());
}

#[test]
fn a_program_that_is_no_node_is_found_out() {
    let plan = plan(shape(|_| ()), Vec::new());
    let broken = Cluster::run(Path::new("false"), &plan, None);
    let why = broken.map(|_| ()).expect_err("it ends").to_string();
    // Each of them ends at once; any may be seen first.
    let seen = why.strip_prefix("the target broke down: n");
    let seen = seen.is_some_and(|node| node[1..].starts_with(" ended by itself"));
    assert!(seen, "{why}");
}
