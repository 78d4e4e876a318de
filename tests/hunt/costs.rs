//! What a cluster does not do for nothing, and what it gets done by one mechanism alone. No promise of the
//! judge says so: a store that sends everything again and again keeps them all, and what one mechanism
//! leaves undone another does.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::KvCall;
use checker::note::Node;
use checker::{Note, Outcome, Time};
use dynamo_core::{Causality, Flaw, ReadRepair, Resolution};
use dynamometer::drive::Run;
use dynamometer::fault::{Fault, FaultSchedule, NodeSet, Window};
use dynamometer::load;
use dynamometer::plan::{Call, Partitioning, Plan, Shape, Step};
use dynamometer::strategy;
use dynamometer::target::Target;
use dynamometer_tests::disks::Disks;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::{again, calm, is_forged, runs};

/// What a check says of the core, healthy or with a flaw: nothing, or where it does not hold.
type Said = Result<(), String>;

/// Says why, where something does not hold.
fn ensure(holds: bool, why: impl FnOnce() -> String) -> Said {
    if holds { Ok(()) } else { Err(why()) }
}

fn run(flaw: Option<Flaw>, plan: &Plan) -> Run {
    Target { flaw }.run(plan).expect("it runs")
}

/// How many versions were carried to mend others, in all and from this moment of the run on.
fn carried(run: &Run, since: Option<&Note>) -> usize {
    let notes = run.history.notes().map(|(_, note)| note);
    let after = notes.skip_while(|note| since.is_some_and(|since| *note != since));
    after
        .filter(|note| matches!(note, Note::Transfer { .. }))
        .count()
}

/// How often a key got an owner that it did not have.
fn moved(run: &Run) -> usize {
    let mut owners: BTreeMap<&str, &[Node]> = BTreeMap::new();
    let mut moved = 0;
    for (_, note) in run.history.notes() {
        if let Note::Owners { key, nodes } = note {
            let before = owners.insert(key, nodes).unwrap_or(nodes);
            moved += nodes.iter().filter(|node| !before.contains(node)).count();
        }
    }
    moved
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

fn during(from: u64, until: u64, fault: Fault) -> FaultSchedule {
    FaultSchedule(Vec::from([Window {
        id: 1,
        from: Time(from),
        until: Time(until),
        fault,
    }]))
}

/// §4.7: trees that are equal are compared by their roots, and no version goes anywhere.
fn equals_send_nothing(flaw: Option<Flaw>) -> Said {
    let plans = strategy::plans_over(strategy::every_shape());
    let mut runner = TestRunner::deterministic();
    let mut compared = 0;
    for _ in 0..runs() / 2 {
        let tree = plans.new_tree(&mut runner).expect("nothing is rejected");
        let mut plan = calm(tree.current());
        // A tombstone that some have reaped is given to them again.
        plan.shape.reaping_us = None;
        // Two events may have one name.
        if matches!(plan.shape.causality, Causality::Truncated { .. }) {
            plan.shape.causality = Causality::Clocks;
        }
        let run = run(flaw, &plan);
        let told = |sent| format!("{sent} versions, seed {:#x}, {}", plan.seed, plan.shape);
        let sent = carried(&run, Some(&Note::Quiet));
        ensure(sent == 0, || told(sent))?;
        // Some are on their way when the last call is answered.
        let sent = carried(&run, Some(&Note::Healed));
        ensure(sent <= 2, || told(sent))?;
        compared += u32::from(plan.shape.anti_entropy);
    }
    ensure(compared > 10, || format!("only {compared} compare"))
}

#[test]
fn replicas_that_nothing_happened_to_send_each_other_nothing() {
    assert_eq!(equals_send_nothing(None), Ok(()));
    for flaw in [
        Flaw::KeepOneSibling,
        Flaw::PruneAtReplica,
        Flaw::PruneOnSync,
    ] {
        assert_ne!(equals_send_nothing(Some(flaw)), Ok(()), "{flaw}");
    }
}

/// Whatever happened before: once mended, equal replicas leave reads nothing to repair.
fn nothing_is_left_to_repair(flaw: Option<Flaw>) -> Said {
    for seed in 0..runs() / 5 {
        let mut plan = load::plan(seed);
        plan.shape.anti_entropy = true;
        plan.shape.read_repair = ReadRepair::After;
        let run = run(flaw, &plan);
        let sent = carried(&run, Some(&Note::Quiet));
        ensure(sent == 0, || {
            format!("{sent} repairs, seed {seed}, {}", plan.shape)
        })?;
    }
    Ok(())
}

#[test]
fn reads_of_a_mended_store_mend_nothing() {
    assert_eq!(nothing_is_left_to_repair(None), Ok(()));
    let skips = Some(Flaw::SkipSmallDifferences);
    assert_ne!(nothing_is_left_to_repair(skips), Ok(()));
}

/// Puts that a node missed while it was cut off, of many: what it missed is sent, and nothing else.
fn differences_are_sent(flaw: Option<Flaw>) -> Said {
    let (keys, missed) = (150, 6);
    for seed in 0..runs() / 15 {
        let shape = Shape {
            anti_entropy: true,
            ..bare(seed, 4)
        };
        let from = u64::from(keys - missed) * 2_000 - 500;
        let side = NodeSet::from([0]);
        let plan = Plan {
            seed,
            shape,
            steps: puts(keys, shape, 1),
            faults: during(from, from + 400_000, Fault::Cut { side }),
        };
        let run = run(flaw, &plan);
        let sent = carried(&run, Some(&Note::Healed));
        // Two may have compared with the node at once.
        let few = 0 < sent && sent <= missed as usize + 2;
        ensure(few, || format!("{sent} sent, seed {seed}, {shape}"))?;
        let apart = Disks::moments(&run.history).1;
        let apart = apart.apart();
        ensure(apart.is_empty(), || {
            format!("{apart:?} apart, seed {seed}, {shape}")
        })?;
    }
    Ok(())
}

#[test]
fn what_is_sent_is_what_differs() {
    assert_eq!(differences_are_sent(None), Ok(()));
    for flaw in [Flaw::SkipSmallDifferences, Flaw::CompareFirstTwo] {
        assert_ne!(differences_are_sent(Some(flaw)), Ok(()), "{flaw}");
    }
}

/// §4.9, §6.2: who leaves and joins again takes and gives its ranges, without anti-entropy, hints or reads,
/// and each version goes about once to each who needs it.
fn ranges_arrive(flaw: Option<Flaw>) -> Said {
    let (mut sent, mut needed) = (0, 0);
    for seed in 0..runs() / 10 {
        let (shape, keys) = (bare(seed, 5), 40);
        let from = u64::from(keys) * 2_000 + 200_000;
        let plan = Plan {
            seed,
            shape,
            steps: puts(keys, shape, 0),
            faults: during(from, from + 3_000_000, Fault::Depart { node: 1 }),
        };
        let run = run(flaw, &plan);
        let told = |what: &str| format!("{what}, seed {seed}, {shape}");
        let (_, disks) = Disks::moments(&run.history);
        ensure(disks.apart().is_empty(), || told("owners apart"))?;
        ensure(disks.strays().is_empty(), || told("left behind"))?;
        let held = disks.data.values().filter(|held| !held.is_empty());
        ensure(held.count() == 3 * keys as usize, || told("not all there"))?;
        sent += carried(&run, None);
        needed += moved(&run);
    }
    let once = needed > 100 && needed <= sent && sent <= needed + needed / 10;
    ensure(once, || format!("{sent} sent for {needed}"))
}

#[test]
fn ranges_that_are_handed_over_arrive_whole_and_once() {
    assert_eq!(ranges_arrive(None), Ok(()));
    for flaw in [
        Flaw::NoHandover,
        Flaw::SkipHandedKey,
        Flaw::DropBeforeHandover,
    ] {
        assert_ne!(ranges_arrive(Some(flaw)), Ok(()), "{flaw}");
    }
}

/// §4.4: who makes up a context is told so.
fn forgers_are_refused(flaw: Option<Flaw>) -> Said {
    let (mut refused, mut believed) = (0, 0);
    for seed in 0..runs() {
        let mut plan = load::plan(seed);
        plan.faults.0.clear();
        let forged = plan.steps.iter().filter(|step| is_forged(step));
        let forged: BTreeSet<String> = forged.map(|step| format!("v{}", step.id)).collect();
        if forged.is_empty() {
            continue;
        }
        for op in run(flaw, &plan).history.ops() {
            let KvCall::Put { value, .. } = &op.call else {
                continue;
            };
            match op.outcome {
                _ if !forged.contains(value) => {}
                Outcome::Fail => refused += 1,
                Outcome::Ok(_) | Outcome::Unknown => believed += 1,
            }
        }
    }
    // A get that is not answered yet leaves nothing to forge.
    ensure(refused > 10 && refused > 9 * believed, || {
        format!("{refused} refused, {believed} believed")
    })
}

#[test]
fn contexts_that_no_node_made_are_refused() {
    assert_eq!(forgers_are_refused(None), Ok(()));
    let believes = Some(Flaw::BelieveForgedContext);
    assert_ne!(forgers_are_refused(believes), Ok(()));
}

/// §4.8.3: once a node is back, a suspicion has run out and hints are delivered, nobody stands in for it. It
/// is down from the beginning to this moment.
fn nobody_stands_in(down_until: u64) -> Said {
    // Twice the usual calls: while it is down, and long after it should be back.
    const LATER: u64 = 1_500_000;
    let mut hinted = 0;
    for seed in 0..runs() / 5 {
        let mut plan = calm(load::plan(seed));
        let nodes = plan.shape.nodes;
        if nodes < 2 {
            continue;
        }
        (plan.shape.hints, plan.shape.sloppy) = (true, true);
        plan.faults = during(0, down_until, Fault::Crash { node: 0 });
        for step in &mut plan.steps {
            step.via = 1 + step.via % (nodes - 1);
        }
        again(&mut plan, LATER);
        let within = |at: u64| !(300_000..LATER).contains(&at);
        plan.steps.retain(|step| within(step.at.0));
        let run = run(None, &plan);
        let kept = run.history.notes().filter_map(|(at, note)| match note {
            Note::Hint { versions, .. } if !versions.is_empty() => Some(at.0),
            _ => None,
        });
        let kept: Vec<u64> = kept.collect();
        hinted += kept.len();
        let late = kept.last().copied().unwrap_or(0);
        ensure(late < LATER, || {
            format!("kept at {late}, seed {seed}, {}", plan.shape)
        })?;
    }
    ensure(hinted > 100, || format!("only {hinted} hints before"))
}

#[test]
fn nobody_stands_in_for_a_node_that_is_back() {
    assert_eq!(nobody_stands_in(300_000), Ok(()));
    assert_ne!(nobody_stands_in(3_000_000), Ok(()));
}

/// §6.2: nodes of that many tokens own about as much as each other, the more so if equal ranges are shared
/// out evenly; and each key has N owners.
fn shares_are_alike(vnodes: u32) -> Said {
    use Partitioning::{Partitions, Tokens, TokensOverPartitions};
    // The ring is the same in each run: its tokens are a matter of names, not of chance.
    for (nodes, partitioning) in [Partitions, TokensOverPartitions, Tokens]
        .into_iter()
        .flat_map(|partitioning| (4..=8).map(move |nodes| (nodes, partitioning)))
    {
        let shape = Shape {
            vnodes,
            partitioning,
            ..bare(0, nodes)
        };
        let keys = 120;
        let plan = Plan {
            seed: 0,
            shape,
            steps: puts(keys, shape, 0),
            faults: FaultSchedule::default(),
        };
        let (_, disks) = Disks::moments(&run(None, &plan).history);
        let mut owned: BTreeMap<Node, u32> = BTreeMap::new();
        for owners in disks.owners.values() {
            let different: BTreeSet<Node> = owners.iter().copied().collect();
            ensure(different.len() == shape.n as usize, || {
                format!("{owners:?}, {shape}")
            })?;
            for owner in different {
                *owned.entry(owner).or_default() += 1;
            }
        }
        let share = keys * shape.n / nodes;
        let evenly = partitioning == Partitions;
        let most = if evenly { share + share / 3 } else { 2 * share };
        let alike = owned.len() == nodes as usize && owned.values().all(|keys| *keys <= most);
        ensure(alike, || format!("{owned:?}, {shape}"))?;
    }
    Ok(())
}

#[test]
fn nodes_own_about_as_much_as_each_other() {
    assert_eq!(shares_are_alike(4), Ok(()));
    // One token a node is what §4.2 has virtual nodes against.
    assert_ne!(shares_are_alike(1), Ok(()));
}
