//! Flaws are found by the healthy campaign's own generator, and become small.

use checker::report::{Bundle, Effect};
use checker::{Budget, Promise};
use dynamo_core::Flaw;
use dynamometer::bundle;
use dynamometer::campaign::{Campaign, Seeds};
use dynamometer::catalogue::expected;
use dynamometer::load;
use dynamometer::plan::{Call, Plan, Step};
use dynamometer::preset::{PROMISES, Preset};
use dynamometer::shrink::REPLAYS;
use dynamometer::target::{Target, judge};

/// Who must notice which sin. Two sins at least for each of the four promises.
const CAUGHT_BY: [(Flaw, Promise); 11] = [
    (Flaw::ForgetSequence, Promise::ClockCausality),
    (Flaw::MintOnRepair, Promise::ClockCausality),
    (Flaw::DominateSameContext, Promise::SiblingPreservation),
    (Flaw::CoverWholeContext, Promise::SiblingPreservation),
    (Flaw::AckBeforeSync, Promise::SiblingPreservation),
    (Flaw::SkipSmallDifferences, Promise::Convergence),
    (Flaw::HashArrivalOrder, Promise::Convergence),
    (Flaw::ForgetHints, Promise::HandoffDelivery),
    (Flaw::HintKeyWithoutOwner, Promise::HandoffDelivery),
    (Flaw::DropHintOnSend, Promise::HandoffDelivery),
    (Flaw::CountTwice, Promise::HandoffDelivery),
];

/// Where each flaw sins, in the words of the decision that is blamed. What was never synced is forgotten in a
/// crash, so a node that answered too early mints again.
const SINS: [(Flaw, &[&str]); 11] = [
    (Flaw::ForgetSequence, &["Two writes share one event"]),
    (Flaw::MintOnRepair, &["One write became two events"]),
    (Flaw::DominateSameContext, &["nothing of that had seen"]),
    (Flaw::CoverWholeContext, &["nothing of that had seen"]),
    (Flaw::AckBeforeSync, &["too few copies", "share one event"]),
    (Flaw::SkipSmallDifferences, &["nothing brought it"]),
    (Flaw::HashArrivalOrder, &["in different orders"]),
    (Flaw::ForgetHints, &["came back with its hint"]),
    (Flaw::HintKeyWithoutOwner, &["let go of"]),
    (Flaw::DropHintOnSend, &["let go of"]),
    (Flaw::CountTwice, &["too few copies"]),
];

/// Where the source of the flaw itself says that it shows at once: nothing is durable when the put is
/// acknowledged. Clients notice nothing until a crash; the disks say so from the first put on.
const SHOWS_AT_ONCE: [(Flaw, Promise); 1] = [(Flaw::AckBeforeSync, Promise::HandoffDelivery)];

/// Runs within which each flaw must be found.
const RUNS: u64 = 2_000;

/// Flaws that take more than [`QUICK`] runs: `dyno flaws` hunts them, and the gate runs that.
const RARE: [Flaw; 7] = [
    Flaw::StandInAsOwner,
    Flaw::AcceptOldLife,
    Flaw::ForgetTombstones,
    Flaw::HashNoTombstones,
    Flaw::HashCountOnly,
    Flaw::ReadUnsynced,
    Flaw::TrustDamagedDisk,
];

/// Runs within which the others must be found.
const QUICK: u64 = 150;

#[test]
fn every_promise_has_flaws_that_are_looked_at_closely() {
    for promise in PROMISES {
        let count = CAUGHT_BY.iter().filter(|(_, by)| *by == promise).count();
        assert!(count >= 2, "{promise} has {count} flaws");
    }
}

#[test]
fn the_healthy_campaign_finds_every_flaw_of_the_catalogue_but_the_rarest() {
    for &flaw in Flaw::ALL.iter().filter(|flaw| !RARE.contains(flaw)) {
        let preset = expected(flaw).preset;
        let campaign = Campaign {
            world: dynamometer::world::World::Simulator,
            target: Target { flaw: Some(flaw) },
            preset,
            promises: preset.promises(),
            seeds: Seeds::Base(7),
            runs: Some(QUICK),
            time: None,
            jobs: 2,
            budget: Budget::default(),
        };
        let tally = campaign.run(|_| ());
        assert_eq!(tally.trouble, None, "{flaw}");
        assert!(tally.failure.is_some(), "{flaw}: {} runs", tally.runs);
    }
}

#[test]
fn the_published_table_has_every_flaw_and_says_that_it_was_found() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let read = |file: &str| std::fs::read_to_string(format!("{root}/{file}")).expect("it is there");
    let table = read("workloads/FLAWS.md");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .take_while(|row: &Vec<&str>| row.len() == 12)
        .collect();
    let named: Vec<String> = rows.iter().map(|row| row[0].replace('`', "")).collect();
    let all: Vec<&str> = Flaw::ALL.iter().map(|flaw| flaw.name()).collect();
    assert_eq!(named, all);
    for (flaw, row) in Flaw::ALL.iter().zip(&rows) {
        assert_eq!(row[10], expected(*flaw).preset.name(), "{flaw}");
        assert_eq!(row[11], flaw.source(), "{flaw}");
        assert!(!row[4].starts_with("0/"), "{flaw} was found from no base");
    }
    let count = format!("The catalogue of {} flaws", all.len());
    assert!(read("README.md").contains(&count), "{count}");
}

fn hunt(flaw: Flaw, promise: Promise) {
    let target = Target { flaw: Some(flaw) };
    let campaign = Campaign {
        world: dynamometer::world::World::Simulator,
        target,
        preset: Preset::Dynamo,
        promises: vec![promise],
        seeds: Seeds::Base(1),
        runs: Some(RUNS),
        time: None,
        jobs: 2,
        budget: Budget::default(),
    };
    let tally = campaign.run(|_| ());
    assert_eq!(tally.trouble, None, "{}", flaw.name());
    let failure = tally
        .failure
        .unwrap_or_else(|| panic!("{} was not found", flaw.name()));
    let bundle = bundle::minimized(target, &failure, REPLAYS, Budget::default())
        .expect("a deterministic failure repeats");
    let size = bundle.size.expect("it was minimized");
    println!(
        "{:<24} {:<21} run {:>4}   {} calls {} faults → {} calls {} faults {} nodes, {} replays",
        flaw.name(),
        promise.name(),
        tally.runs,
        size.found.0,
        size.found.1,
        size.minimized.0,
        size.minimized.1,
        size.minimized.2,
        size.replays,
    );
    assert!(
        size.found.0 >= 60 && size.found.1 >= 3,
        "found in a plan of {:?}",
        size.found
    );
    assert!(
        size.minimized.0 <= 6 && size.minimized.1 <= 2,
        "{}: {:?}",
        flaw.name(),
        size.minimized
    );
    assert_minimal(&bundle, target, promise);
    assert_blamed(&bundle, flaw);
    let again = bundle::replay(&bundle, target, Budget::default()).expect("it runs");
    assert_eq!(again.leaves, None, "{} does not replay", flaw.name());
}

/// The flaw is needed, and what is blamed is what the flaw does.
fn assert_blamed(bundle: &Bundle, flaw: Flaw) {
    let explanation = bundle::explained(bundle, 1, Budget::default()).expect("it still fails");
    assert_eq!(explanation.needs[0].change, format!("without {flaw}"));
    assert_ne!(explanation.needs[0].effect, Effect::Fails, "{flaw}");
    let decision = explanation.decision;
    let decision = decision.unwrap_or_else(|| panic!("{flaw} shows nothing"));
    let sins = SINS.iter().find(|(known, _)| *known == flaw);
    let (_, words) = sins.unwrap_or_else(|| panic!("{flaw} has a sin"));
    let said = words.iter().any(|words| decision.sentence.contains(words));
    assert!(said, "{flaw}: {decision:#?}");
    assert!(!decision.facts.is_empty(), "{flaw}: {decision:#?}");
}

/// Without any one of its calls or faults the plan no longer fails for the same cause.
fn assert_minimal(bundle: &Bundle, target: Target, promise: Promise) {
    let plan = bundle::plan(bundle).expect("it is a plan of ours");
    let cause = &bundle
        .counterexample
        .as_ref()
        .expect("it broke a promise")
        .cause;
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
    for fewer in calls.chain(faults) {
        let run = target.run(&fewer).expect("it runs");
        let verdicts = judge(&run.history, &[promise], Budget::default());
        let found = verdicts
            .iter()
            .find_map(|(_, verdict)| verdict.counterexample());
        assert!(
            found.is_none_or(|found| found.cause != *cause),
            "{} still fails with less: {fewer:#?}",
            target.name()
        );
    }
}

#[test]
fn flaws_are_found_and_become_small() {
    for (flaw, promise) in CAUGHT_BY {
        hunt(flaw, promise);
    }
}

/// One client that reads before each write, with time in between, and nothing goes wrong.
fn calm(seed: u64) -> Plan {
    let mut plan = load::plan(seed);
    plan.faults.0.clear();
    let keys: Vec<String> = plan
        .steps
        .iter()
        .map(|step| step.call.key().to_owned())
        .collect();
    plan.steps = (0_u32..80)
        .map(|index| {
            let key = keys[index as usize / 2 % keys.len()].clone();
            let call = if index % 2 == 0 {
                Call::Get { key }
            } else {
                Call::Put {
                    key,
                    context: Some(index),
                }
            };
            let at = checker::Time(u64::from(index) * 400_000);
            Step {
                id: index + 1,
                at,
                client: 0,
                via: index / 3,
                call,
            }
        })
        .collect();
    plan
}

#[test]
fn these_flaws_pass_a_load_without_faults_or_concurrency() {
    for (flaw, _) in CAUGHT_BY {
        for seed in 0..12 {
            let plan = calm(seed);
            let run = Target { flaw: Some(flaw) }.run(&plan).expect("it runs");
            for (promise, verdict) in judge(&run.history, &PROMISES, Budget::default()) {
                if SHOWS_AT_ONCE.contains(&(flaw, promise)) {
                    continue;
                }
                let found = verdict.counterexample();
                assert!(
                    found.is_none(),
                    "{} breaks {promise}, seed {seed}: {found:#?}",
                    flaw.name()
                );
            }
        }
    }
}
