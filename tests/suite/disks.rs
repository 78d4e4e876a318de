//! Writes that land at the place of another record, in every plan that can bear the loss.

use checker::{Budget, Time, Verdict};
use dynamo_core::Flaw;
use dynamometer::fault::{Fault, Window};
use dynamometer::load;
use dynamometer::matrix;
use dynamometer::plan::Plan;
use dynamometer::promised::promised_in;
use dynamometer::target::Target;

/// The plan of this seed with one disk that misdirects, and no other that loses anything; `None` where one loss
/// may be too many.
fn misdirected(seed: u64) -> Option<Plan> {
    let mut plan = load::plan(seed);
    plan.faults.0.retain(|window| !window.fault.loses_disk());
    let last = plan.steps.last()?.at.0;
    plan.faults.0.push(Window {
        id: 1_000,
        from: Time(last / 4),
        until: Time(last * 3 / 4),
        fault: Fault::Misdirect {
            node: seed as u32 % plan.shape.nodes,
            percent: 5 + (seed % 8) as u32 * 12,
        },
    });
    let promised = promised_in(&plan);
    (!promised.may_lose && !promised.may_revive).then_some(plan)
}

/// How many of these plans break a promise on this target, and the first that does.
fn broken(target: Target, seeds: std::ops::Range<u64>) -> (u64, u64, Option<(u64, String)>) {
    let (mut plans, mut broken, mut first) = (0, 0, None);
    for seed in seeds {
        let Some(plan) = misdirected(seed) else {
            continue;
        };
        plans += 1;
        let run = target.run(&plan).expect("it runs");
        let made = matrix::made(&plan, &run.history);
        let verdicts = matrix::judge(plan.shape, &run.history, &made, Budget::default());
        let found = verdicts.iter().find_map(|(_, verdict)| match verdict {
            Verdict::Invalid(found) => Some(found.title()),
            _ => None,
        });
        broken += u64::from(found.is_some());
        first = first.or(found.map(|title| (seed, title)));
    }
    (plans, broken, first)
}

#[test]
fn misdirected_writes_break_no_promise_of_the_core() {
    let (plans, _, first) = broken(Target::default(), 0..800);
    assert_eq!(first, None);
    assert!(plans > 150, "{plans}");
}

#[test]
fn whoever_trusts_a_damaged_disk_is_found_by_misdirected_writes() {
    let flaw = Some(Flaw::TrustDamagedDisk);
    let (plans, broken, first) = broken(Target { flaw }, 0..800);
    assert!(broken > 0, "none of {plans}: {first:?}");
}
