//! One seed in, one history out, byte for byte.

use checker::export::json_lines;
use dynamometer::fault::Fault;
use dynamometer::load;
use dynamometer::target::Target;

#[test]
fn the_same_seed_gives_the_same_bytes() {
    for seed in 0..40 {
        let plan = load::plan(seed);
        let run = || {
            Target::default()
                .run(&plan)
                .expect("the reference core runs every plan")
        };
        let (one, two) = (run(), run());
        assert_eq!(one.trace, two.trace, "seed {seed}");
        assert_eq!(
            json_lines(&one.history),
            json_lines(&two.history),
            "seed {seed}"
        );
    }
}

#[test]
fn different_seeds_go_different_ways() {
    let trace = |seed| {
        Target::default()
            .run(&load::plan(seed))
            .expect("it runs")
            .trace
    };
    assert_ne!(trace(1), trace(2));
}

#[test]
fn steps_may_have_any_names() {
    let mut plan = load::plan(1);
    plan.steps.truncate(6);
    for (step, name) in plan.steps.iter_mut().zip((1 << 20)..) {
        step.id = name;
        if let Some(context) = step.call.context_mut() {
            *context = None;
        }
    }
    plan.steps[5].id = u32::MAX;
    let run = Target::default().run(&plan).expect("it runs");
    assert!(run.history.ops().len() > 6);
}

#[test]
fn every_part_of_a_plan_is_a_plan() {
    for seed in 0..20 {
        let whole = load::plan(seed);
        for keep in 1..4 {
            let mut part = whole.clone();
            part.steps.retain(|step| step.id % 4 < keep);
            part.faults.0.retain(|window| window.id % 3 < keep);
            part.shape.nodes = keep;
            Target::default().run(&part).expect("a part of a plan runs");
        }
        let mut empty = whole;
        empty.steps.clear();
        empty.faults.0.clear();
        Target::default().run(&empty).expect("an empty plan runs");
    }
}

#[test]
fn calling_nodes_by_their_number_in_the_cluster_changes_no_run() {
    for seed in 0..10 {
        let mut plan = load::plan(seed);
        plan.shape.nodes = 2;
        let run = |plan| Target::default().run(plan).expect("it runs").trace;
        assert_eq!(run(&plan), run(&plan.clone().wrapped()), "seed {seed}");
    }
}

#[test]
fn a_fault_that_never_begins_changes_nothing_but_its_notes() {
    let mut plan = load::plan(3);
    let before = Target::default().run(&plan).expect("it runs");
    let window = dynamometer::fault::Window {
        id: 99,
        from: checker::Time(10),
        until: checker::Time(10),
        fault: Fault::Crash { node: 0 },
    };
    plan.faults.0.push(window);
    let after = Target::default().run(&plan).expect("it runs");
    assert_eq!(before.trace, after.trace);
}
