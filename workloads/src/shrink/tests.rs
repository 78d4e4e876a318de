//! What is shrunk is small, 1-minimal, and the same for the same failure.

use checker::{Budget, Counterexample, Promise, Time};
use dynamo_core::Flaw;

use super::{REPLAYS, Shrunk, shrink};
use crate::drive::Run;
use crate::fault::{Fate, Fault, Window};
use crate::load;
use crate::matrix;
use crate::plan::Plan;
use crate::target::Target;

fn broken(target: Target, promise: Promise, plan: &Plan) -> Option<(Run, Counterexample)> {
    let run = target.run(plan).ok()?;
    let mut made = matrix::made(plan, &run.history);
    made.retain(|one| *one == promise);
    let verdicts = matrix::judge(plan.shape, &run.history, &made, Budget::default());
    let found = verdicts
        .iter()
        .find_map(|(_, verdict)| verdict.counterexample().cloned())?;
    Some((run, found))
}

/// The first plans that fail, with what a candidate must still break.
fn failures(flaw: Flaw, promise: Promise, count: usize) -> Vec<(Target, Plan, Counterexample)> {
    let target = Target { flaw: Some(flaw) };
    let plans = (0..2_000).map(load::plan);
    let failing = plans.filter_map(|plan| {
        let (_, found) = broken(target, promise, &plan)?;
        Some((target, plan, found))
    });
    failing.take(count).collect()
}

fn shrunk(target: Target, plan: Plan, found: &Counterexample) -> Shrunk {
    let fails = |plan: &Plan| {
        let (run, again) = broken(target, found.promise, plan)?;
        (again.cause == found.cause).then_some(run)
    };
    shrink(plan, REPLAYS, fails).expect("it fails to begin with")
}

fn without(plan: &Plan) -> Vec<Plan> {
    let calls = (0..plan.steps.len()).map(|index| {
        let mut fewer = plan.clone();
        fewer.steps.remove(index);
        fewer
    });
    let faults = (0..plan.faults.0.len()).map(|index| {
        let mut fewer = plan.clone();
        fewer.faults.0.remove(index);
        fewer
    });
    calls.chain(faults).collect()
}

#[test]
fn no_call_fault_or_delivery_can_be_left_out_of_what_is_left() {
    let mut deliveries = 0;
    for (flaw, promise) in [
        (Flaw::ForgetSequence, Promise::ClockCausality),
        (Flaw::CoverWholeContext, Promise::SiblingPreservation),
        (Flaw::CountTwice, Promise::HandoffDelivery),
        (Flaw::DropHintOnSend, Promise::HandoffDelivery),
    ] {
        for (target, plan, found) in failures(flaw, promise, 2) {
            let small = shrunk(target, plan, &found).plan;
            let fates = small.faults.0.iter();
            deliveries += fates
                .filter(|one| matches!(one.fault, Fault::Deliver { .. }))
                .count();
            for fewer in without(&small) {
                let again = broken(target, promise, &fewer);
                let same = again.is_some_and(|(_, again)| again.cause == found.cause);
                assert!(!same, "{flaw} still fails with less: {fewer:#?}");
            }
        }
    }
    assert!(
        deliveries > 0,
        "single deliveries are among what was shrunk"
    );
}

#[test]
fn what_is_left_has_round_times_and_the_first_names() {
    let (target, plan, found) = failures(Flaw::CoverWholeContext, Promise::SiblingPreservation, 1)
        .pop()
        .expect("it is found");
    let small = shrunk(target, plan, &found).plan;
    let ids: Vec<u32> = small.steps.iter().map(|step| step.id).collect();
    let names: Vec<u32> = (1..=ids.len() as u32).collect();
    assert_eq!(ids, names);
    let clients: Vec<u32> = small.steps.iter().map(|step| step.client).collect();
    assert_eq!(clients.iter().min(), Some(&0), "{clients:?}");
    assert!(small.steps.iter().all(|step| step.call.key() == "k0"));
    assert!(
        small.steps.iter().all(|step| step.at.0 % 10_000 == 0),
        "{small:#?}"
    );
    assert!(small.steps[0].at < Time(1_000_000));
}

#[test]
fn a_limit_on_replays_is_kept_and_what_is_left_still_fails() {
    let (target, plan, found) = failures(Flaw::ForgetSequence, Promise::ClockCausality, 1)
        .pop()
        .expect("it is found");
    for limit in [1, 2, 7, 30] {
        let fails = |plan: &Plan| {
            let (run, again) = broken(target, found.promise, plan)?;
            (again.cause == found.cause).then_some(run)
        };
        let small = shrink(plan.clone(), limit, fails).expect("it fails to begin with");
        assert!(small.replays <= limit);
        assert!(broken(target, found.promise, &small.plan).is_some());
    }
}

/// Plans of the same load, one after the other, on the cluster of the first.
fn long(plan: Plan, entries: usize) -> Plan {
    let mut long = plan;
    let mut more = 0;
    while long.steps.len() + long.faults.0.len() < entries {
        more += 1;
        let next = load::plan(long.seed.wrapping_add(more));
        let steps = long.steps.iter().map(|step| step.at);
        let after = steps.max().unwrap_or(Time(0)).0 + 500_000;
        let (step_ids, window_ids) = (more as u32 * 1_000, more as u32 * 100);
        for mut step in next.steps {
            step.id += step_ids;
            step.at = Time(step.at.0 + after);
            if let Some(other) = step.call.step_mut() {
                *other += step_ids;
            }
            long.steps.push(step);
        }
        let calm = next.faults.0.into_iter();
        for mut window in calm.filter(|one| !matches!(one.fault, Fault::Depart { .. })) {
            window.id += window_ids;
            window.from = Time(window.from.0 + after);
            window.until = Time(window.until.0 + after);
            long.faults.0.push(window);
        }
    }
    long
}

/// Says how many replays, and how long, it takes to shrink 800 calls and faults; the time means something in
/// a release build: `cargo test --release -p dynamometer --lib -- --nocapture eight_hundred`.
#[test]
fn eight_hundred_entries_become_few_within_two_hundred_replays() {
    for (flaw, promise) in [
        (Flaw::ForgetSequence, Promise::ClockCausality),
        (Flaw::DominateSameContext, Promise::SiblingPreservation),
        (Flaw::DropHintOnSend, Promise::HandoffDelivery),
    ] {
        // What comes later may mend what was broken, or break something else.
        let mut plans = failures(flaw, promise, 8).into_iter();
        let long = plans.find_map(|(target, first, _)| {
            let plan = long(first, 800);
            let (_, found) = broken(target, promise, &plan)?;
            Some((target, plan, found))
        });
        let (target, plan, found) = long.expect("some long plan fails too");
        let entries = plan.steps.len() + plan.faults.0.len();
        let began = std::time::Instant::now();
        let small = shrunk(target, plan, &found);
        println!(
            "{flaw:<24} {entries} → {} calls {} faults, {} replays, {:.0} ms",
            small.plan.steps.len(),
            small.plan.faults.0.len(),
            small.replays,
            began.elapsed().as_secs_f64() * 1000.0
        );
        assert!(small.plan.steps.len() + small.plan.faults.0.len() <= 12);
        assert!(small.replays <= 200, "{flaw}: {}", small.replays);
    }
}

#[test]
fn a_lost_message_is_plainer_than_a_late_one() {
    let late = |plan: &Plan| {
        let mut windows = plan.faults.0.iter();
        windows.any(|one| {
            matches!(
                one.fault,
                Fault::Deliver {
                    fate: Fate::Late(_),
                    ..
                }
            )
        })
    };
    let all = failures(Flaw::CountTwice, Promise::HandoffDelivery, 2);
    assert!(!all.is_empty());
    for (target, plan, found) in all {
        let small = shrunk(target, plan, &found).plan;
        assert!(!late(&small), "{small:#?}");
    }
}

#[test]
fn rare_faults_become_plain_ones_where_those_do() {
    let window = |id, fault| Window {
        id,
        from: Time(1_000),
        until: Time(90_000),
        fault,
    };
    let mut plan = load::plan(1);
    plan.faults.0 = vec![
        window(1, Fault::Wipe { node: 0 }),
        window(2, Fault::Slow { node: 1, by: 500 }),
        window(
            3,
            Fault::CutLinks {
                links: [(0, 1), (1, 2), (2, 0)].into(),
            },
        ),
    ];
    // What is looked for: something strikes n0, something n1, and n2 does not hear n1.
    let fails = |plan: &Plan| {
        let mut nodes: Vec<u32> = Vec::new();
        let mut deaf = false;
        for window in &plan.faults.0 {
            nodes.extend(window.fault.clone().node_mut().copied());
            deaf |= matches!(&window.fault, Fault::CutLinks { links } if links.contains(&(1, 2)));
        }
        let fails = deaf && nodes.contains(&0) && nodes.contains(&1);
        fails.then(|| Target::default().run(plan).expect("it runs"))
    };
    let small = shrink(plan, REPLAYS, fails).expect("it fails to begin with");
    let told: Vec<String> = small
        .plan
        .faults
        .0
        .iter()
        .map(|one| one.fault.to_string())
        .collect();
    assert_eq!(told, ["crash n0", "pause n1", "cut n1→n2"]);
    assert!(small.plan.steps.is_empty());
}
