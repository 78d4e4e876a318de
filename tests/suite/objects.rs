//! Sets, counters and lists that clients merge out of siblings.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::KvCall;
use checker::reconciliation::{Kind, Merged};
use checker::{Budget, Promise, Verdict, export::json_lines};
use dynamo_core::Flaw;
use dynamometer::bundle;
use dynamometer::campaign::{Campaign, Seeds, Tally};
use dynamometer::load::{object_kind, object_plan};
use dynamometer::matrix;
use dynamometer::plan::{Call, Plan};
use dynamometer::preset::{Preset, missing};
use dynamometer::strategy;
use dynamometer::target::Target;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

use crate::promises::config;

fn campaign(flaw: Option<Flaw>, runs: u64) -> Tally {
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target: Target { flaw },
        preset: Preset::Objects,
        promises: Preset::Objects.promises(),
        seeds: Seeds::Base(20_261_127),
        runs: Some(runs),
        time: None,
        jobs: 2,
        budget: Budget::default(),
    };
    campaign.run(|_| ())
}

/// The verdict on what clients merge, where the plan is about that.
fn reconciled(target: Target, plan: &Plan) -> Verdict {
    let run = target.run(plan).expect("it runs");
    let asked = [Promise::Reconciliation];
    assert!(matrix::made(plan, &run.history).contains(&asked[0]));
    let verdicts = matrix::judge(plan.shape, &run.history, &asked, Budget::default());
    let [(_, verdict)] = <[_; 1]>::try_from(verdicts).expect("one was asked for");
    verdict
}

#[test]
fn a_healthy_campaign_of_objects_exercises_everything() {
    let tally = campaign(None, 600);
    assert_eq!(tally.trouble, None);
    assert!(
        tally.failure.is_none(),
        "{:#?}",
        tally
            .failure
            .map(|failure| (failure.plan.seed, failure.broken))
    );
    assert_eq!(missing(&tally), Vec::<String>::new());
    for (promise, standing) in &tally.promises {
        assert_eq!(standing.undecided, 0, "{promise}: {:?}", standing.shortfall);
        assert!(standing.held > 40, "{promise}: {}", standing.held);
    }
    assert!(tally.promises[&Promise::Reconciliation].held > 500);
}

#[test]
fn each_kind_of_object_finds_flaws_that_lose_what_was_acknowledged() {
    use Kind::{Counter, List, Set};
    for (flaw, kinds) in [
        (Flaw::KeepOneSibling, &[Set, Counter, List][..]),
        (Flaw::CoverWholeContext, &[Set, Counter, List]),
        // The next count of the same client makes up for one that got lost.
        (Flaw::ContextAheadOfValues, &[Set, List]),
    ] {
        let mut found: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
        for seed in 0..60 {
            let verdict = reconciled(Target { flaw: Some(flaw) }, &object_plan(seed));
            if let Some(broken) = verdict.counterexample() {
                let parts = found.entry(object_kind(seed)).or_default();
                parts.insert(broken.part.clone());
            }
        }
        let lost = |kind: &Kind| found.get(kind).is_some_and(|it| it.contains("lost change"));
        assert!(kinds.iter().all(lost), "{flaw}: {found:?}");
    }
}

#[test]
fn what_was_lost_becomes_small_and_is_lost_again_when_it_is_replayed() {
    let flaw = Some(Flaw::ContextAheadOfValues);
    let target = Target { flaw };
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target,
        preset: Preset::Objects,
        promises: vec![Promise::Reconciliation],
        seeds: Seeds::Base(3),
        runs: Some(100),
        time: None,
        jobs: 2,
        budget: Budget::default(),
    };
    let failure = campaign.run(|_| ()).failure.expect("it is found");
    let small = bundle::minimized(target, &failure, 400, Budget::default());
    let small = small.expect("it repeats");
    let plan = bundle::plan(&small).expect("the plan is in it");
    assert!(plan.steps.len() <= 6, "{plan:#?}");
    let changes = |call: &Call| matches!(call, Call::Change { .. });
    assert!(plan.steps.iter().any(|step| changes(&step.call)));
    let again = bundle::replay(&small, target, Budget::default()).expect("it runs");
    assert_eq!(again.leaves, None);
    let broken = again.broken.first().expect("it fails again");
    assert_eq!(broken.title(), "reconciliation (lost change)");
}

#[test]
fn the_same_seed_merges_the_same_way() {
    for seed in 0..30 {
        let plan = object_plan(seed);
        let run = || Target::default().run(&plan).expect("it runs");
        let (one, two) = (run(), run());
        assert_eq!(one.trace, two.trace, "seed {seed}");
        assert_eq!(json_lines(&one.history), json_lines(&two.history));
    }
}

#[test]
fn every_value_is_unique_and_tells_what_its_client_had_read() {
    let mut longest = 0;
    for seed in 0..60 {
        let run = Target::default().run(&object_plan(seed)).expect("it runs");
        let mut values = BTreeSet::new();
        for op in run.history.ops() {
            let KvCall::Put { key, value, .. } = &op.call else {
                continue;
            };
            assert!(values.insert((key, value)), "seed {seed}: {value} twice");
            let merged: Merged = value.parse().expect("it is an object");
            assert_eq!(merged.kind, object_kind(seed));
            assert_eq!(merged.name, format!("v{}", op.id.0));
            longest = longest.max(merged.parts.len());
        }
    }
    assert!(longest > 10, "{longest}");
}

#[test]
fn every_part_of_a_plan_of_objects_is_a_plan() {
    for seed in 0..30 {
        let whole = object_plan(seed);
        for keep in 1..4 {
            let mut part = whole.clone();
            part.steps.retain(|step| (step.id + seed as u32) % 4 < keep);
            part.faults.0.retain(|window| window.id % 3 < keep);
            let changes = |call: &Call| matches!(call, Call::Change { .. });
            if part.steps.iter().any(|step| changes(&step.call)) {
                let verdict = reconciled(Target::default(), &part);
                assert_eq!(verdict.counterexample(), None, "seed {seed} keep {keep}");
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn generated_plans_of_objects_lose_nothing(plan in strategy::object_plans()) {
        let verdict = reconciled(Target::default(), &plan);
        if let Some(broken) = verdict.counterexample() {
            return Err(TestCaseError::fail(format!("{broken:#?}")));
        }
    }
}
