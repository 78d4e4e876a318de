//! Presets that promise linearizability keep it, run after run; those that do not are seen to break it.

use checker::{Budget, Promise};
use dynamometer::campaign::{Campaign, Seeds, Tally};
use dynamometer::matrix::Row;
use dynamometer::preset::{Preset, missing};
use dynamometer::target::Target;

/// Runs of each preset that promises it. A long run is `dyno hunt --preset NAME --runs N`.
const RUNS: u64 = 400;

/// Runs within which the others are seen to break it.
const BROKEN_WITHIN: u64 = 2_000;

fn hunt(row: Row, promises: &[Promise], runs: u64) -> Tally {
    let preset = Preset::Row(row);
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target: Target::default(),
        preset,
        promises: promises.to_vec(),
        seeds: Seeds::Base(20_261_125),
        runs: Some(runs),
        time: None,
        jobs: 2,
        budget: Budget::default(),
    };
    let tally = campaign.run(|_| ());
    assert_eq!(tally.trouble, None, "{}", preset.name());
    let broken = tally.failure.as_ref().map(|failure| &failure.broken);
    assert_eq!(broken, None, "{}", preset.name());
    tally
}

#[test]
fn the_last_writer_is_linearizable_where_that_is_promised() {
    for row in [Row::L2, Row::L3w, Row::L4] {
        let promises = Preset::Row(row).promises();
        assert!(promises.contains(&Promise::Linearizable));
        let tally = hunt(row, &promises, RUNS);
        for (promise, standing) in &tally.promises {
            assert_eq!(standing.undecided, 0, "{row} {promise}");
            assert!(standing.held > 0, "{row} {promise} was never exercised");
        }
        let linearizable = &tally.promises[&Promise::Linearizable];
        assert_eq!(linearizable.held, RUNS, "{row}");
        assert!(linearizable.exercised["answers that could be wrong"] > 10 * RUNS);
        assert!(linearizable.exercised["overlapping pairs"] > RUNS);
        assert_eq!(missing(&tally), Vec::<String>::new(), "{row}");
    }
}

#[test]
fn where_it_is_not_promised_linearizability_is_seen_broken() {
    for row in Row::ALL {
        let promises = Preset::Row(row).promises();
        if promises.contains(&Promise::Linearizable) {
            continue;
        }
        // As many runs as it takes, in steps: most rows break it at once.
        let mut runs = 50;
        loop {
            let tally = hunt(row, &[], runs);
            let standing = &tally.promises[&Promise::Linearizable];
            assert_eq!(standing.runs(), 0, "{row} does not promise it");
            if standing.seen_broken > 0 {
                println!(
                    "{row}: seen broken in {} of {runs} runs",
                    standing.seen_broken
                );
                break;
            }
            assert!(runs < BROKEN_WITHIN, "{row} was not seen to break it");
            runs *= 2;
        }
    }
}
