//! The healthy core keeps every promise on generated plans; a broken one fails with a replay line.

use std::path::PathBuf;

use checker::{Budget, Counterexample, Promise, Verdict};
use dynamo_core::Flaw;
use dynamometer::campaign::{Campaign, Failure, Seeds};
use dynamometer::plan::Plan;
use dynamometer::preset::{PROMISES, Preset, missing};
use dynamometer::promised::promised_in;
use dynamometer::shrink::REPLAYS;
use dynamometer::target::{Target, judge};
use dynamometer::{bundle, strategy};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

/// Runs a plan and fails with the minimized counterexample's replay line if it breaks a promise that
/// its shape makes. Says which promises held although they could have been broken.
pub(super) fn holds(target: Target, plan: &Plan) -> Result<Vec<Promise>, TestCaseError> {
    let run = target
        .run(plan)
        .map_err(|wrong| TestCaseError::fail(wrong.to_string()))?;
    let mut broken: Vec<Counterexample> = Vec::new();
    let mut held = Vec::new();
    let promises = promised_in(plan).promises;
    for (promise, verdict) in judge(&run.history, &promises, Budget::default()) {
        match verdict {
            Verdict::Valid(_) => held.push(promise),
            Verdict::Unknown(why) if why.is_idle() => {}
            Verdict::Invalid(found) => broken.push(*found),
            Verdict::Unknown(why) => {
                return Err(TestCaseError::fail(format!(
                    "{promise} is undecided: {why}"
                )));
            }
        }
    }
    if broken.is_empty() {
        return Ok(held);
    }
    let failure = Failure {
        plan: plan.clone(),
        run,
        broken,
    };
    let bundle = bundle::minimized(target, &failure, REPLAYS, Budget::default())
        .unwrap_or_else(|| bundle::found(target, &failure));
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let path = out.join(format!("{}.json", bundle.fingerprint()));
    let sentence = bundle
        .counterexample
        .as_ref()
        .map_or("", |found| found.sentence.as_str());
    let saved = std::fs::write(&path, bundle.write());
    prop_assert!(
        false,
        "{}: {sentence}\n  replay  dyno replay {}{}\n",
        bundle.title(),
        path.display(),
        saved.map_or_else(|why| format!(" (not written: {why})"), |()| String::new()),
    );
    Ok(held)
}

/// As many cases as `PROPTEST_CASES` says; our minimizer shrinks, and our bundles are the record.
pub(super) fn config() -> Config {
    Config {
        max_shrink_iters: 0,
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_healthy_core_keeps_its_promises_on_generated_plans(plan in strategy::plans()) {
        holds(Target::default(), &plan)?;
    }
}

#[test]
fn a_failing_case_prints_a_replay_line_that_reproduces_it() {
    let target = Target {
        flaw: Some(Flaw::DominateSameContext),
    };
    let mut runner = TestRunner::new_with_rng(
        Config {
            cases: 2_000,
            ..config()
        },
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let failed = runner
        .run(&strategy::plans(), |plan| holds(target, &plan).map(|_| ()))
        .expect_err("the flaw breaks a promise within 2,000 cases");
    let said = failed.to_string();
    let line = said
        .lines()
        .find(|line| line.contains("dyno replay "))
        .expect("a replay line");
    let path = line.split("dyno replay ").nth(1).expect("a path").trim();
    let bytes = std::fs::read(path).expect("the bundle was written");
    let (recorded, _) = checker::report::Bundle::read(&bytes).expect("it is a bundle");
    let again = bundle::replay(&recorded, target, Budget::default()).expect("it runs");
    assert_eq!(again.leaves, None);
    assert_eq!(again.broken.first(), recorded.counterexample.as_ref());
}

#[test]
fn a_healthy_campaign_exercises_everything_and_leaves_nothing_undecided() {
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target: Target::default(),
        preset: Preset::Dynamo,
        promises: PROMISES.to_vec(),
        seeds: Seeds::Base(20_261_123),
        runs: Some(1_000),
        time: None,
        jobs: 2,
        budget: Budget::default(),
    };
    let tally = campaign.run(|_| ());
    assert_eq!(tally.trouble, None);
    assert!(
        tally.failure.is_none(),
        "{:#?}",
        tally.failure.map(|failure| failure.broken)
    );
    assert_eq!(tally.runs, 1_000);
    assert_eq!(missing(&tally), Vec::<String>::new());
    for (promise, standing) in &tally.promises {
        assert_eq!(standing.undecided, 0, "{promise}: {:?}", standing.shortfall);
        assert!(
            standing.held > 100,
            "{promise} could have been broken in {} runs",
            standing.held
        );
    }
}

#[test]
fn the_number_of_jobs_changes_nothing() {
    let with = |jobs| {
        let campaign = Campaign {
            world: dynamometer::world::World::Simulator,
            target: Target {
                flaw: Some(Flaw::DominateSameContext),
            },
            preset: Preset::Dynamo,
            promises: PROMISES.to_vec(),
            seeds: Seeds::Base(7),
            runs: Some(400),
            time: None,
            jobs,
            budget: Budget::default(),
        };
        let tally = campaign.run(|_| ());
        let failure = tally
            .failure
            .map(|failure| (failure.plan.seed, failure.broken));
        (tally.runs, tally.operations, tally.happened, failure)
    };
    assert_eq!(with(1), with(3));
}
