//! A healthy store passes a campaign of every preset: the campaigns by which changes of the core are
//! seen.
//!
//! `DYNO_HUNT_RUNS` says how many runs; changed cores are hunted with 300 of them (`workloads/MUTANTS.md`).

mod costs;

use std::collections::BTreeMap;
use std::env;

use checker::{Budget, Counterexample, Outcome, Promise, Time, Verdict};
use dynamo_core::{ReadFrom, Timing};
use dynamometer::campaign::{Campaign, Seeds, Tally};
use dynamometer::drive::Run;
use dynamometer::fault::{Fault, Window};
use dynamometer::load;
use dynamometer::plan::{Call, Plan, Shape, Step};
use dynamometer::preset::{self, Preset};
use dynamometer::promised::promised_in;
use dynamometer::standing::Standing;
use dynamometer::strategy;
use dynamometer::target::{Target, judge};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

/// Runs of the healthy campaign that `cargo test` can afford.
const RUNS: u64 = 200;

/// From this many runs of the healthy campaign on, all that may happen does.
const ENOUGH: u64 = 1_000;

fn runs() -> u64 {
    let asked = env::var("DYNO_HUNT_RUNS").ok();
    asked.map_or(RUNS, |runs| {
        runs.parse().expect("DYNO_HUNT_RUNS is a number of runs")
    })
}

fn hunt(preset: Preset, runs: u64) -> Tally {
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target: Target { flaw: None },
        preset,
        promises: preset.promises(),
        seeds: Seeds::Base(1),
        runs: Some(runs),
        time: None,
        jobs: 1,
        budget: Budget::default(),
    };
    campaign.run(|_| {})
}

/// Holds a campaign against what a healthy store shows, all of it.
fn passes(tally: &Tally) {
    let name = tally.preset.name();
    if let Some(failure) = &tally.failure {
        let titles: Vec<String> = failure.broken.iter().map(Counterexample::title).collect();
        panic!(
            "{name} broke {titles:?} with seed {:#018x}",
            failure.plan.seed
        );
    }
    if let Some(trouble) = &tally.trouble {
        panic!("{name}: {trouble:?}");
    }
    for (promise, standing) in &tally.promises {
        assert_eq!(standing.undecided, 0, "{name}: {promise:?} was left open");
    }
}

/// Asks that each promise was held where it could have been broken: in each campaign, or in one of many.
fn exercised(tallies: &[Tally]) {
    let mut standings: BTreeMap<Promise, Standing> = BTreeMap::new();
    for (promise, standing) in tallies.iter().flat_map(|tally| &tally.promises) {
        standings
            .entry(*promise)
            .or_default()
            .join(standing.clone());
    }
    for (promise, standing) in standings {
        assert!(standing.held > 0, "nothing could break {promise:?}");
    }
}

#[test]
fn a_healthy_store_passes_and_all_that_may_happen_does() {
    let runs = runs();
    let tally = hunt(Preset::Dynamo, runs);
    passes(&tally);
    assert_eq!(tally.runs, runs);
    if runs >= ENOUGH {
        assert_eq!(preset::missing(&tally), [""; 0], "never happened");
    }
    exercised(&[tally]);
}

#[test]
fn each_row_of_the_matrix_keeps_what_it_promises() {
    let of_each = (runs() / 25).max(1);
    let tallies: Vec<Tally> = Preset::all().map(|preset| hunt(preset, of_each)).collect();
    tallies.iter().for_each(passes);
    exercised(&tallies);
}

fn is_forged(step: &Step) -> bool {
    matches!(step.call, Call::PutForged { .. })
}

/// The plan without its faults, and without contexts that clients made up.
fn calm(mut plan: Plan) -> Plan {
    plan.faults.0.clear();
    plan.steps.retain(|step| !is_forged(step));
    plan
}

/// Within how many microseconds a calm cluster answers: less than it waits for a silent replica.
const PROMPT_US: u64 = 50_000;

/// No promise of the judge says that calls are answered at all; a store that refuses everything breaks none.
#[test]
fn a_calm_cluster_answers_every_call_at_once() {
    let mut answered = 0;
    for seed in 0..runs() / 4 {
        let plan = calm(load::plan(seed));
        let run = Target::default().run(&plan).expect("it runs");
        answered += answers(&plan, &run, PROMPT_US);
    }
    assert!(answered > 1_000, "{answered}");
}

/// How many calls there were, all of which must have been answered within so many microseconds.
fn answers(plan: &Plan, run: &Run, within: u64) -> usize {
    for op in run.history.ops() {
        let told = || format!("seed {:#x}, {}: {op:?}", plan.seed, plan.shape);
        assert!(matches!(op.outcome, Outcome::Ok(_)), "{}", told());
        let took = op.returned.map_or(u64::MAX, |at| at.0 - op.invoked.0);
        assert!(took < within, "{}", told());
    }
    run.history.ops().len()
}

/// Always writeable (§2.3): who can do without one node does, and says so before its client gives up.
#[test]
fn with_one_node_down_every_call_that_needs_it_not_is_answered() {
    let patience = Timing::default().request_us;
    let mut answered = 0;
    for seed in 0..runs() / 2 {
        let mut plan = calm(load::plan(seed));
        let Shape { nodes, n, r, w, .. } = plan.shape.legal();
        let stand_ins = plan.shape.sloppy && nodes > n;
        let gets = r < n || stand_ins && plan.shape.read_from == ReadFrom::Healthy;
        let puts = w < n || stand_ins;
        if nodes < 2 || !gets || !puts {
            continue;
        }
        let last = plan
            .steps
            .iter()
            .map(|step| step.at)
            .max()
            .unwrap_or_default();
        plan.faults.0 = vec![Window {
            id: 1,
            from: Time(0),
            until: Time(last.0 + patience),
            fault: Fault::Crash { node: 0 },
        }];
        for step in &mut plan.steps {
            step.via = 1 + step.via % (nodes - 1);
        }
        let run = Target::default().run(&plan).expect("it runs");
        answered += answers(&plan, &run, patience);
    }
    assert!(answered > 1_000, "{answered}");
}

/// A put that is handed to a node by one who knows only its earlier life is refused, as that life may have
/// obeyed it already (§4.5 asks for one event of each put). Each of its peers learns so from the first, and
/// nothing else tells that it was restarted.
#[test]
fn a_node_that_was_restarted_is_as_good_as_before() {
    let timing = Timing::default();
    let (mut answered, mut refused) = (0, 0);
    for seed in 0..runs() / 2 {
        let mut plan = calm(load::plan(seed));
        let last = plan.steps.iter().map(|step| step.at.0).max();
        // A client that has much to do is late.
        let crash = last.unwrap_or_default() + 2_000_000;
        let again = again(&mut plan, crash + 100_000 + 2 * timing.suspicion_us);
        plan.faults.0 = Vec::from([Window {
            id: 1,
            from: Time(crash),
            until: Time(crash + 100_000),
            fault: Fault::Crash { node: 0 },
        }]);
        let run = Target::default().run(&plan).expect("it runs");
        let mut refused_at: BTreeMap<u32, u64> = BTreeMap::new();
        for op in run.history.ops() {
            if matches!(op.outcome, Outcome::Ok(_)) {
                answered += 1;
                continue;
            }
            let told = || format!("seed {seed:#x}, {}: {op:?}", plan.shape);
            let made = |step: &&Step| run.made.get(&step.id) == Some(&op.invoked);
            let step = again.iter().find(made);
            let via = step.filter(|step| !matches!(step.call, Call::Get { .. }));
            let via = via.map_or(0, |step| step.via);
            assert_ne!(via, 0, "{}", told());
            // What was on its way when the first was refused knew no better.
            let first = *refused_at.entry(via).or_insert(op.invoked.0);
            assert!(op.invoked.0 < first + PROMPT_US, "{}", told());
            refused += 1;
        }
    }
    assert!(answered > 1_000 && refused > 0, "{answered} {refused}");
}

/// Has the steps of a plan made a second time, from so many microseconds on. Returns the second ones.
fn again(plan: &mut Plan, later: u64) -> Vec<Step> {
    let last = plan.steps.iter().map(|step| step.id).max().unwrap_or(0);
    let mut again = plan.steps.clone();
    for step in &mut again {
        step.id += last;
        step.at.0 += later;
        if let Some(of) = step.call.step_mut() {
            *of += last;
        }
    }
    plan.steps.extend(again.iter().cloned());
    again
}

/// Members that come and go one at a time are no fault: nobody has to wait for them until its client gives
/// up (§4.9). One leaves while there are calls, or has left before them and joins.
#[test]
fn while_a_member_comes_or_goes_every_call_is_answered() {
    // Long after a range has changed hands.
    const SETTLED: u64 = 500_000;
    let patience = Timing::default().request_us;
    let mut answered = 0;
    for seed in 0..runs() {
        let mut plan = calm(load::plan(seed));
        let Shape { nodes, n, .. } = plan.shape.legal();
        if nodes <= n {
            continue;
        }
        let steps = plan.steps.iter_mut();
        steps.for_each(|step| step.at.0 += SETTLED);
        let last = plan.steps.iter().map(|step| step.at.0).max();
        let halfway = last.map_or(SETTLED, |last| SETTLED.midpoint(last));
        let joins = seed % 2 == 0;
        plan.faults.0 = Vec::from([Window {
            id: 1,
            from: Time(if joins { 0 } else { halfway }),
            until: Time(if joins {
                halfway
            } else {
                halfway + 10 * SETTLED
            }),
            fault: Fault::Depart {
                node: (seed % u64::from(nodes)) as u32,
            },
        }]);
        let run = Target::default().run(&plan).expect("it runs");
        answered += answers(&plan, &run, patience);
    }
    assert!(answered > 1_000, "{answered}");
}

/// Every choice of the paper, in clusters of every size.
#[test]
fn every_shape_keeps_what_it_promises() {
    let plans = strategy::plans_over(strategy::every_shape());
    let mut runner = TestRunner::deterministic();
    let mut held: BTreeMap<Promise, u64> = BTreeMap::new();
    for _ in 0..runs() / 2 {
        let plan = plans.new_tree(&mut runner).expect("nothing is rejected");
        let plan = plan.current();
        let run = Target::default().run(&plan).expect("it runs");
        let asked = promised_in(&plan).promises;
        for (promise, verdict) in judge(&run.history, &asked, Budget::default()) {
            let broken = verdict.counterexample().map(Counterexample::title);
            assert_eq!(broken, None, "{}: {plan:?}", plan.shape);
            let idle = matches!(&verdict, Verdict::Unknown(why) if why.is_idle());
            assert!(
                matches!(verdict, Verdict::Valid(_)) || idle,
                "{promise}: {verdict:?}"
            );
            *held.entry(promise).or_default() += u64::from(!idle);
        }
    }
    assert_eq!(held.len(), preset::PROMISES.len());
    assert!(held.values().all(|held| *held > 0), "{held:?}");
}
