//! How runs go, told to other builds and processes.

use dynamo_core::Flaw;
use dynamometer::elsewhere::{Elsewhere, Told, Way};
use dynamometer::preset::Preset;
use dynamometer::target::Target;

use super::{code, dyno, folder, stdout};

/// What this process says of some plans on this target.
fn went(preset: Preset, target: Target) -> Vec<Told> {
    let told = |seed| {
        let run = target.run(&preset.plan(seed)).expect("it runs");
        let way = Way::of(&run);
        Told { seed, way }
    };
    (0..12).map(told).collect()
}

fn elsewhere(preset: Preset, target: Target, jobs: usize) -> Elsewhere {
    Elsewhere {
        program: env!("CARGO_BIN_EXE_dyno").into(),
        preset,
        target,
        jobs,
    }
}

#[test]
fn another_process_goes_the_same_way_with_any_number_of_threads() {
    for preset in [Preset::Dynamo, Preset::Objects] {
        for flaw in [None, Some(Flaw::MintOnRepair)] {
            let target = Target { flaw };
            let went = went(preset, target);
            for jobs in [1, 3] {
                let other = elsewhere(preset, target, jobs);
                assert_eq!(other.parted(target, &went), Ok(None), "{preset:?} {jobs}");
            }
        }
    }
}

#[test]
fn a_process_that_goes_another_way_is_told_with_the_first_event_that_differs() {
    let healthy = Target::default();
    let flawed = Target {
        flaw: Some(Flaw::MintOnRepair),
    };
    let went = went(Preset::Dynamo, healthy);
    let other = elsewhere(Preset::Dynamo, flawed, 1);
    let parted = other.parted(healthy, &went).expect("it tells");
    let parted = parted.expect("a flaw shows in some of the runs");
    let run = |target: Target| target.run(&Preset::Dynamo.plan(parted.seed));
    assert_ne!(
        run(healthy).map(|run| run.trace),
        run(flawed).map(|run| run.trace)
    );
    let event = parted.event.expect("it differs again");
    assert!(
        event.starts_with("event ") && event.contains(" µs: "),
        "{event}"
    );

    // What is recorded counts too, though everything went the same way.
    let mut changed = went;
    changed[5].way.history ^= 1;
    let other = elsewhere(Preset::Dynamo, healthy, 1);
    let parted = other.parted(healthy, &changed).expect("it tells");
    let parted = parted.map(|parted| (parted.seed, parted.event));
    assert_eq!(parted, Some((5, None)));
}

#[test]
fn a_run_is_told_by_a_line_and_its_events_by_one_each() {
    let said = stdout(&dyno(&["trace", "--preset", "objects", "7", "0x8"]));
    let lines: Vec<Told> = said.lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert_eq!([lines[0].seed, lines[1].seed], [7, 8]);
    let events = stdout(&dyno(&["trace", "--events", "--preset", "objects", "7"]));
    let last = events.lines().last().expect("something happened");
    assert!(last.contains(" µs: "), "{last}");
    assert!(events.lines().count() > 100);
    let made = |args: &[&str]| stdout(&dyno(args));
    let base = ["trace", "--runs", "5", "--seed-base", "9"];
    assert_eq!(made(&base).lines().count(), 5);
    assert_eq!(made(&base), made(&[&base[..], &["--jobs", "3"]].concat()));
    assert_eq!(code(&dyno(&["trace", "7", "--seed-base", "9"])), 2);
}

#[test]
fn a_hunt_runs_its_share_in_another_process_too() {
    let out = folder("elsewhere").to_string_lossy().into_owned();
    let said = dyno(&["hunt", "--runs", "201", "--seed-base", "5", "--out", &out]);
    let said = stdout(&said);
    let line = "determinism 3 of 3 reruns identical, 3 of them also in another process";
    assert!(said.contains(line), "{said}");
}
