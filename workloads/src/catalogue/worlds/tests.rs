//! What is said of flaws in two worlds, with the simulator in the place of processes.

use super::*;

fn worlds(flaw: Flaw, tries: u32) -> Worlds {
    Worlds {
        flaws: vec![flaw],
        seed_base: 7,
        runs: 60,
        plans: 2,
        shrink: 60,
        tries,
    }
}

fn sought(worlds: &Worlds, on_processes: OnProcesses<'_>) -> InBoth {
    let mut rows = worlds.run(on_processes, |_| ());
    rows.pop().expect("one flaw, one row")
}

/// Of processes that are as the simulator.
fn in_simulator(worlds: &Worlds) -> InBoth {
    sought(worlds, &|target, plan| target.run(plan))
}

#[test]
fn a_flaw_that_every_run_shows_is_caught_by_the_first_plan() {
    let found = in_simulator(&worlds(Flaw::KeepOneSibling, 2));
    assert_eq!(found.simulated.map(|simulated| simulated.run), Some(1));
    let by_first = matches!(
        found.real,
        Real::Caught {
            run: 1,
            minimized: false,
            ..
        }
    );
    assert!(by_first, "{found:?}");
}

#[test]
fn plans_are_tried_as_found_and_minimized_in_turn() {
    let worlds = worlds(Flaw::KeepOneSibling, 5);
    let sizes = std::cell::RefCell::new(Vec::new());
    let blind = |_: Target, plan: &Plan| {
        assert!(undone(plan).is_empty(), "{plan:?}");
        sizes.borrow_mut().push(plan.steps.len());
        Target::default().run(plan)
    };
    let missed = sought(&worlds, &blind).real;
    let Real::Missed { tries: 5, by_luck } = missed else {
        panic!("{missed:?}");
    };
    assert!(by_luck > 0 && !missed.takes_virtual_time(), "{missed:?}");
    let sizes = sizes.into_inner();
    assert!(sizes[1] < sizes[0] && sizes[3] < sizes[2], "{sizes:?}");
    assert_eq!((sizes[0], sizes.len()), (sizes[4], 5));
}

#[test]
fn a_plan_that_breaks_without_the_flaw_too_is_no_catch() {
    let flawed = Target {
        flaw: Some(Flaw::KeepOneSibling),
    };
    let found = sought(&worlds(Flaw::KeepOneSibling, 2), &|_, plan| {
        flawed.run(plan)
    });
    assert!(matches!(found.real, Real::Unsound(_)), "{found:?}");
}

#[test]
fn what_cannot_be_run_is_said() {
    let fails = |_: Target, _: &Plan| Err(Undriven::Broken("no room".into()));
    let found = sought(&worlds(Flaw::KeepOneSibling, 2), &fails);
    let why = "the target broke down: no room";
    assert_eq!(found.real, Real::Trouble(why.into()));
}

#[test]
fn what_processes_cannot_suffer_is_named_and_taken_out_of_plans() {
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..100 {
        let plan = Preset::Dynamo.plan(seed);
        seen.extend(undone(&plan));
        assert_eq!(undone(&World::Cluster.restricted(plan)), [""; 0]);
    }
    assert!(
        seen.contains("rot") && seen.contains("scramble"),
        "{seen:?}"
    );
    assert!(!seen.contains("crash") && !seen.contains("cut"), "{seen:?}");
    let skewed = Preset::Row(matrix::Row::L7).plan(1);
    assert!(
        undone(&skewed).contains(&"clocks that differ"),
        "{skewed:?}"
    );
}

#[test]
fn what_no_plan_shows_is_never_tried() {
    let never =
        |_: Target, _: &Plan| -> Result<Run, Undriven> { panic!("there is nothing to try") };
    for (flaw, runs) in [(Flaw::TrustDamagedDisk, 10), (Flaw::AcceptOldLife, 10)] {
        let found = sought(
            &Worlds {
                runs,
                ..worlds(flaw, 1)
            },
            &never,
        );
        assert_eq!(
            (found.simulated, found.real),
            (None, Real::Never(Why::Unfound))
        );
    }
}

#[test]
fn tables_say_what_came_of_each() {
    let row = |real| InBoth {
        flaw: Flaw::KeepOneSibling,
        preset: Preset::Dynamo,
        simulated: Some(Simulated {
            run: 3,
            promise: Promise::Convergence,
        }),
        real,
    };
    let rows = [
        row(Real::Caught {
            run: 4,
            promise: Promise::SiblingPreservation,
            minimized: true,
        }),
        row(Real::Missed {
            tries: 50,
            by_luck: 3,
        }),
        row(Real::Missed {
            tries: 50,
            by_luck: 2,
        }),
        row(Real::Never(Why::Faults(vec!["rot", "stall"]))),
        row(Real::Never(Why::Sight(Promise::HandoffDelivery))),
    ];
    let name = Flaw::KeepOneSibling.name();
    let head = format!("| {name} | convergence | 3 |");
    let expected = format!(
        "| flaw | simulator | in run | processes | in run |
|---|---|---:|---|---:|
{head} sibling-preservation, minimized plan | 4 |
{head} missed in 50 runs; with other luck 3 of 50 in the simulator | – |
{head} missed in 50 runs; with other luck 2 of 50 in the simulator | – |
{head} needs faults: rot, stall | – |
{head} handoff-delivery, seen only by who sees all | – |

1 of 5 caught on processes, 2 shown by no plan of theirs, 1 take a moment of virtual time, 1 missed.
"
    );
    assert_eq!(markdown(&rows), expected);
    let human = human(&rows);
    assert!(
        human.ends_with("1 missed.\n") && !human.contains('|'),
        "{human}"
    );
}
