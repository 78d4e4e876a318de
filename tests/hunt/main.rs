//! A healthy store passes a campaign of every preset: the campaigns by which changes of the core are
//! seen.
//!
//! `DYNO_HUNT_RUNS` says how many runs; changed cores are hunted with 1,000 of them (`workloads/MUTANTS.md`).

use std::collections::BTreeMap;
use std::env;

use checker::{Budget, Counterexample, Promise};
use dynamometer::campaign::{Campaign, Seeds, Tally};
use dynamometer::preset::{self, Preset};
use dynamometer::standing::Standing;
use dynamometer::target::Target;

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
