//! What a cluster does not do for nothing, and what it gets done by one mechanism alone. No promise of the
//! judge says so: a store that sends everything again and again keeps them all, and what one mechanism
//! leaves undone another does.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::KvCall;
use checker::note::{Node, Version};
use checker::{Note, Outcome, Time};
use dynamo_core::{Causality, ReadRepair, Resolution};
use dynamometer::drive::Run;
use dynamometer::fault::{Fault, FaultSchedule, NodeSet, Window};
use dynamometer::load;
use dynamometer::plan::{Call, Partitioning, Plan, Shape, Step};
use dynamometer::strategy;
use dynamometer::target::Target;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{calm, runs};

fn run(plan: &Plan) -> Run {
    Target::default().run(plan).expect("it runs")
}

fn is_forged(step: &Step) -> bool {
    matches!(step.call, Call::PutForged { .. })
}

/// How many versions were carried to mend others from this moment of the run on.
fn carried(run: &Run, since: &Note) -> usize {
    let notes = run.history.notes().map(|(_, note)| note);
    let after = notes.skip_while(|note| *note != since);
    after
        .filter(|note| matches!(note, Note::Transfer { .. }))
        .count()
}

/// Blind puts of so many keys, at nodes from `first` on.
fn puts(keys: u32, shape: Shape, first: u32) -> Vec<Step> {
    let put = |nth: u32| Step {
        id: nth + 1,
        at: Time(u64::from(nth) * 2_000),
        client: nth % 4,
        via: first + nth % (shape.nodes - first),
        call: Call::Put {
            key: format!("k{nth}"),
            context: None,
        },
    };
    (0..keys).map(put).collect()
}

/// A cluster in which nothing mends by itself.
fn bare(seed: u64, nodes: u32) -> Shape {
    Shape {
        nodes,
        n: 3,
        r: 1,
        w: 1,
        sloppy: false,
        hints: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        causality: Causality::Dots,
        resolution: Resolution::Client,
        ..load::shape(seed)
    }
    .legal()
}

fn window(from: u64, until: u64, fault: Fault) -> Window {
    Window {
        id: 1,
        from: Time(from),
        until: Time(until),
        fault,
    }
}

/// §4.7: trees that are equal are compared by their roots, and no version goes anywhere.
#[test]
fn replicas_that_nothing_happened_to_send_each_other_nothing() {
    let shapes = strategy::plans_over(strategy::every_shape());
    let mut runner = TestRunner::deterministic();
    let mut compared = 0;
    for _ in 0..runs() / 5 {
        let tree = shapes.new_tree(&mut runner).expect("nothing is rejected");
        let mut plan = tree.current();
        plan.faults.0.clear();
        plan.steps.retain(|step| !is_forged(step));
        // A tombstone that some have reaped is given to them again.
        plan.shape.reaping_us = None;
        let run = run(&plan);
        let told = || format!("seed {:#x}, {}", plan.seed, plan.shape);
        // What was on its way when the last call was answered has arrived when reads begin.
        assert_eq!(carried(&run, &Note::Quiet), 0, "{}", told());
        let late = carried(&run, &Note::Healed);
        assert!(late <= 2, "{late} versions, {}", told());
        compared += u32::from(plan.shape.anti_entropy);
    }
    assert!(compared > 10, "{compared}");
}

/// Whatever happened before: once mended, equal replicas leave reads nothing to repair.
#[test]
fn reads_of_a_mended_store_mend_nothing() {
    let mut mended = 0;
    for seed in 0..runs() / 5 {
        let mut plan = load::plan(seed);
        plan.shape.anti_entropy = true;
        let lossy = |window: &Window| {
            let kind = window.fault.kind();
            ["wipe", "rot", "misdirect", "scramble"].contains(&kind)
        };
        if plan.faults.0.iter().any(lossy) {
            continue;
        }
        let run = run(&plan);
        let late = carried(&run, &Note::Quiet);
        assert_eq!(late, 0, "seed {seed}, {}", plan.shape);
        mended += 1;
    }
    assert!(mended > 10, "{mended}");
}

/// Puts that a node missed while it was cut off, of many: what it missed is sent, by the few who have it,
/// and nothing else.
#[test]
fn what_is_sent_is_what_differs() {
    for seed in 0..runs() / 15 {
        let shape = Shape {
            anti_entropy: true,
            ..bare(seed, 4)
        };
        let (keys, missed) = (150_u32, 6);
        let from = u64::from(keys - missed) * 2_000 - 500;
        let side = NodeSet::from([0]);
        let plan = Plan {
            seed,
            shape,
            steps: puts(keys, shape, 1),
            faults: FaultSchedule(vec![window(from, from + 400_000, Fault::Cut { side })]),
        };
        let run = run(&plan);
        let sent = carried(&run, &Note::Healed);
        assert!(
            0 < sent && sent <= missed as usize + 2,
            "{sent} for {missed} missed, seed {seed}, {shape}"
        );
        assert_eq!(Disks::at_rest(&run).apart(), [""; 0], "seed {seed}");
    }
}

/// §4.9, §6.2: who leaves and joins again takes and gives its ranges, without anti-entropy, hints or reads,
/// and each version goes about once to each who needs it.
#[test]
fn ranges_that_are_handed_over_arrive_whole_and_once() {
    let (mut sent, mut needed) = (0, 0);
    for seed in 0..runs() / 10 {
        let shape = bare(seed, 5);
        let keys = 40;
        let steps = puts(keys, shape, 0);
        let from = u64::from(keys) * 2_000 + 200_000;
        let plan = Plan {
            seed,
            shape,
            steps,
            faults: FaultSchedule(vec![window(
                from,
                from + 3_000_000,
                Fault::Depart { node: 1 },
            )]),
        };
        let run = run(&plan);
        let told = || format!("seed {seed}, {shape}");
        let ended = Disks::at_rest(&run);
        assert_eq!(ended.apart(), [""; 0], "{}", told());
        assert_eq!(ended.strays(), [""; 0], "{}", told());
        assert_eq!(ended.owners.len(), keys as usize, "{}", told());
        let held = ended.data.values().filter(|held| !held.is_empty());
        assert_eq!(held.count(), 3 * keys as usize, "{}", told());
        sent += carried(
            &run,
            &run.history.notes().next().expect("a setup").1.clone(),
        );
        needed += ended.moved;
    }
    assert!(needed > 100, "{needed}");
    assert!(
        needed <= sent && sent <= needed + needed / 10,
        "{sent} for {needed}"
    );
}

/// §4.4: who makes up a context is told so, and nothing is stored.
#[test]
fn contexts_that_no_node_made_are_refused() {
    let (mut refused, mut believed) = (0, 0);
    for seed in 0..runs() {
        let mut plan = load::plan(seed);
        if !plan.steps.iter().any(is_forged) {
            continue;
        }
        plan.faults.0.clear();
        let run = run(&plan);
        let forged: BTreeSet<u32> = plan
            .steps
            .iter()
            .filter(|step| is_forged(step))
            .map(|step| step.id)
            .collect();
        for op in run.history.ops() {
            let KvCall::Put { value, .. } = &op.call else {
                continue;
            };
            if forged.iter().any(|id| *value == format!("v{id}")) {
                match op.outcome {
                    Outcome::Fail => refused += 1,
                    _ => believed += 1,
                }
            }
        }
    }
    // A get that is not answered yet leaves nothing to forge.
    assert!(
        refused > 9 * believed && refused > 10,
        "{refused} refused, {believed} believed"
    );
}

/// §4.8.3: a node that is back is asked again, and nobody stands in for it.
#[test]
fn a_node_that_is_back_is_asked_again() {
    let mut calls = 0;
    for seed in 0..runs() / 5 {
        let mut plan = calm(seed);
        if plan.shape.nodes < 2 {
            continue;
        }
        (plan.shape.hints, plan.shape.sloppy) = (true, true);
        plan.faults.0 = vec![window(0, 300_000, Fault::Crash { node: 0 })];
        // Long enough for a suspicion to run out and hints to be delivered.
        let back = 1_500_000;
        let (nodes, mut steps) = (plan.shape.nodes, plan.steps.clone());
        for step in &mut steps {
            step.via = 1 + step.via % (nodes - 1);
        }
        plan.steps.clone_from(&steps);
        let last = steps.last().expect("a plan has calls").id;
        for (step, again) in plan.steps.iter().zip(&mut steps) {
            *again = Step {
                id: last + step.id,
                at: Time(step.at.0 + back),
                ..step.clone()
            };
            if let Some(of) = again.call.step_mut() {
                *of += last;
            }
        }
        plan.steps.retain(|step| step.at.0 < 300_000);
        plan.steps.extend(steps);
        let run = run(&plan);
        let late = run.history.notes().find(|(at, note)| {
            let kept = matches!(note, Note::Hint { versions, .. } if !versions.is_empty());
            kept && at.0 > back
        });
        assert_eq!(late, None, "seed {seed}, {}", plan.shape);
        calls += run.history.ops().len();
    }
    assert!(calls > 1_000, "{calls}");
}

/// §6.2: equal ranges that are shared out evenly leave no node with much more than its share; and each key
/// has N owners.
#[test]
fn nodes_own_about_as_much_as_each_other() {
    for seed in 0..runs() / 10 {
        let shape = Shape {
            vnodes: 4,
            partitioning: [
                Partitioning::Partitions,
                Partitioning::TokensOverPartitions,
                Partitioning::Tokens,
            ][seed as usize % 3],
            ..bare(seed, 5)
        };
        let keys = 100;
        let plan = Plan {
            seed,
            shape,
            steps: puts(keys, shape, 0),
            faults: FaultSchedule(Vec::new()),
        };
        let ended = Disks::at_rest(&run(&plan));
        let mut owned: BTreeMap<Node, u32> = BTreeMap::new();
        for owners in ended.owners.values() {
            let different: BTreeSet<_> = owners.iter().collect();
            assert_eq!(different.len(), shape.n as usize, "seed {seed}, {shape}");
            for owner in owners {
                *owned.entry(*owner).or_default() += 1;
            }
        }
        let share = keys * shape.n / shape.nodes;
        let evenly = shape.partitioning == Partitioning::Partitions;
        let most = if evenly { share + share / 5 } else { 2 * share };
        assert!(
            owned.values().all(|keys| *keys <= most),
            "{owned:?}, seed {seed}, {shape}"
        );
        assert_eq!(owned.len(), 5, "{owned:?}, seed {seed}, {shape}");
    }
}

/// What the disks hold at the end of a run, and who should hold it.
#[derive(Default)]
struct Disks {
    owners: BTreeMap<String, Vec<Node>>,
    data: BTreeMap<(Node, String), BTreeSet<Version>>,
    /// How often a key got an owner that it did not have.
    moved: usize,
}

impl Disks {
    fn at_rest(run: &Run) -> Disks {
        let mut now = Disks::default();
        for (_, note) in run.history.notes() {
            match note.clone() {
                Note::Owners { key, nodes } => {
                    let before = now
                        .owners
                        .insert(key, nodes.clone())
                        .unwrap_or(nodes.clone());
                    now.moved += nodes.iter().filter(|node| !before.contains(node)).count();
                }
                Note::Durable {
                    node,
                    key,
                    versions,
                } => {
                    now.data.insert((node, key), versions.into_iter().collect());
                }
                Note::Quiet => return now,
                _ => {}
            }
        }
        panic!("every run comes to its quiet end")
    }

    /// Keys whose owners do not hold the same.
    fn apart(&self) -> Vec<&str> {
        let held = |node: &Node, key: &String| self.data.get(&(*node, key.clone())).cloned();
        let differ = |(key, owners): &(&String, &Vec<Node>)| {
            let held: BTreeSet<_> = owners
                .iter()
                .map(|owner| held(owner, key).unwrap_or_default())
                .collect();
            held.len() > 1
        };
        let apart = self.owners.iter().filter(differ);
        apart.map(|(key, _)| key.as_str()).collect()
    }

    /// Keys that somebody still holds who is no owner.
    fn strays(&self) -> Vec<&str> {
        let held = self
            .data
            .iter()
            .filter(|(_, versions)| !versions.is_empty());
        let stray = held.filter(|((node, key), _)| !self.owners[key].contains(node));
        stray.map(|((_, key), _)| key.as_str()).collect()
    }
}
