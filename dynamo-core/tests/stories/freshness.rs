//! Whether a get may return less than one before it, and what it costs that it may not.

use std::collections::BTreeSet;

use dynamo_core::{
    Input, Member, NodeId, ReadFrom, ReadRepair, Record, Reply, Request, RequestId, Shape, Time,
};

use crate::network::{Network, still};

const KEY: &[u8] = b"cart";

const WAITS: [ReadRepair; 2] = [ReadRepair::Responders, ReadRepair::Quorum];

/// A strict quorum in which only gets mend.
fn strict(read_repair: ReadRepair, r: u32, w: u32) -> Shape {
    Shape {
        r,
        w,
        read_repair,
        ..still()
    }
}

/// Nobody else can tell it.
fn get_without(network: &mut Network, node: NodeId, absent: &[NodeId]) -> RequestId {
    for other in absent {
        network.cut(node, *other);
    }
    let get = network.start_get(node, KEY);
    network.wait(get);
    network.heal();
    get
}

/// Properties, V1.
#[test]
fn of_two_gets_the_second_may_return_less_unless_the_first_waits_for_its_repairs() {
    for read_repair in [ReadRepair::Off, ReadRepair::After]
        .into_iter()
        .chain(WAITS)
    {
        let mut network = Network::new(strict(read_repair, 2, 2));
        let [a, b, c] = network.list(KEY)[..3] else {
            panic!("there are three owners");
        };
        network.put_on_one(b, KEY);
        let first = get_without(&mut network, a, &[c]);
        let second = get_without(&mut network, a, &[b]);
        assert_eq!(network.values_of(first).0, ["a"]);
        let again = network.values_of(second).0;
        assert_eq!(
            again.is_empty(),
            !WAITS.contains(&read_repair),
            "{read_repair:?}: {again:?}"
        );
    }
}

/// Properties, V2.
#[test]
fn with_one_answer_only_a_write_back_to_w_keeps_the_next_get_from_returning_less() {
    for (read_repair, seen) in [
        (ReadRepair::Off, 0),
        (ReadRepair::After, 0),
        (ReadRepair::Responders, 0),
        (ReadRepair::Quorum, 1),
    ] {
        let mut network = Network::new(strict(read_repair, 1, 3));
        let list = network.list(KEY);
        network.put_on_one(list[0], KEY);
        let first = network.start_get(list[0], KEY);
        assert_eq!(network.values_of(first).0, ["a"]);
        let second = network.start_get(list[1], KEY);
        assert_eq!(network.values_of(second).0.len(), seen, "{read_repair:?}");
    }
}

#[test]
fn replicas_that_agree_are_not_waited_for_twice() {
    for read_repair in WAITS {
        let mut network = Network::new(strict(read_repair, 2, 2));
        network.put(NodeId(0), KEY, "a", None);
        network.run_ms(100);
        network.log.clear();
        for node in network.ids() {
            let before = network.now;
            assert_eq!(network.get(node, KEY).0, ["a"]);
            assert!(network.now <= before.after(2_000), "one round trip");
            network.get(node, b"never put");
        }
        assert_eq!(network.count("replicate") + network.count("repair"), 0);
    }
}

#[test]
fn an_answer_that_cannot_be_made_durable_is_not_given() {
    for read_repair in WAITS {
        for stale in [0, 2] {
            let mut network = Network::new(strict(read_repair, 2, 2));
            let list = network.list(KEY);
            network.put_on_one(list[1], KEY);
            let other = list[2 - stale];
            network.crash(other);
            network.stall(list[stale]);
            let reader = if stale == 0 { list[0] } else { list[4] };
            let get = network.start_get(reader, KEY);
            assert_eq!(network.wait(get), Reply::Unavailable);
            assert!(network.held(list[stale], KEY).is_empty());
            network.release(list[stale]);
            network.run_ms(500);
            assert_eq!(network.get(reader, KEY).0, ["a"]);
            assert_eq!(network.values(list[stale], KEY), ["a"]);
        }
    }
}

#[test]
fn a_write_back_that_is_lost_is_sent_again() {
    for read_repair in WAITS {
        let mut network = Network::new(strict(read_repair, 2, 2));
        let list = network.list(KEY);
        network.put_on_one(list[1], KEY);
        network.crash(list[2]);
        let get = network.start_get(list[4], KEY);
        network.run_ms(1);
        assert_eq!(network.count("fetched"), 2, "the answers are on their way");
        network.cut(list[4], list[0]);
        network.run_ms(30);
        network.heal();
        assert_eq!(network.values_of(get).0, ["a"]);
        assert_eq!(network.values(list[0], KEY), ["a"]);
        assert_eq!(network.count("replicated"), 1);
    }
}

/// The last question to this node, which was lost, arrives after all.
fn answer_late(network: &mut Network, node: NodeId) {
    let fetch = network
        .log
        .iter()
        .rfind(|(_, to, message)| *to == node && message.kind() == "fetch");
    let (from, to, message) = fetch.expect("it was asked").clone();
    network.input(to, Input::Message { from, message });
    network.run_ms(10);
}

#[test]
fn an_owner_that_was_given_up_may_still_be_one_of_w() {
    let mut network = Network::new(strict(ReadRepair::Quorum, 2, 3));
    let list = network.list(KEY);
    network.put_on_one(list[0], KEY);
    network.isolate(list[0]);
    let get = network.start_get(list[0], KEY);
    network.run_ms(60);
    network.heal();
    answer_late(&mut network, list[1]);
    assert_eq!(network.values_of(get).0, ["a"]);
    assert_eq!(
        network.values(list[2], KEY),
        ["a"],
        "it was not asked twice"
    );
}

#[test]
fn a_late_answer_is_no_acknowledgement_of_what_was_written_back() {
    let mut network = Network::new(strict(ReadRepair::Quorum, 1, 3));
    let list = network.list(KEY);
    network.put_on_one(list[0], KEY);
    network.cut(list[0], list[1]);
    let get = network.start_get(list[0], KEY);
    network.run_ms(60);
    network.heal();
    answer_late(&mut network, list[1]);
    assert_eq!(network.reply(get), None);
    assert_eq!(network.values_of(get).0, ["a"]);
    assert_eq!(network.values(list[1], KEY), ["a"]);
}

#[test]
fn nothing_needs_no_writing_back() {
    let mut network = Network::new(strict(ReadRepair::Quorum, 1, 3));
    let list = network.list(KEY);
    network.crash(list[1]);
    network.crash(list[2]);
    assert!(network.get(list[0], KEY).0.is_empty());
    assert_eq!(network.count("replicate"), 0);
}

#[test]
fn what_the_client_is_told_is_not_more_than_was_written_back() {
    let mut network = Network::new(strict(ReadRepair::Responders, 2, 2));
    let list = network.list(KEY);
    network.put_on_one(list[1], KEY);
    network.isolate(list[2]);
    network.put(list[2], KEY, "late", None);
    network.heal();
    network.run_ms(500);
    network.cut(list[4], list[2]);
    network.stall(list[0]);
    let before = network.count("replicate");
    let get = network.start_get(list[4], KEY);
    network.run_ms(20);
    network.heal();
    answer_late(&mut network, list[2]);
    assert_eq!(network.reply(get), None);
    assert_eq!(
        network.count("replicate"),
        before + 1,
        "of those who lack it only one counts"
    );
    network.release(list[0]);
    assert_eq!(network.values_of(get).0, ["a"]);
    network.run_ms(500);
    for owner in &list[..3] {
        assert_eq!(network.values(*owner, KEY), ["a", "late"], "mended after");
    }
}

#[test]
fn a_repair_makes_no_event_whoever_waits_for_it() {
    for read_repair in WAITS {
        let mut network = Network::new(strict(read_repair, 2, 2));
        let list = network.list(KEY);
        network.put_on_one(list[1], KEY);
        for node in network.ids() {
            network.get(node, KEY);
        }
        network.run_ms(500);
        let mut held = BTreeSet::new();
        for (node, record) in &network.kept {
            if let Record::Data { siblings, .. } = record {
                held.extend(siblings.iter().map(|version| version.dot));
                assert_eq!(*siblings, network.held(list[1], KEY), "{node}");
            }
        }
        assert_eq!(held.len(), 1);
    }
}

#[test]
fn a_stand_in_keeps_what_is_written_back_for_an_owner_that_is_down() {
    for reader in [0, 3] {
        let mut network = Network::new(Shape {
            sloppy: true,
            hints: true,
            ..strict(ReadRepair::Quorum, 1, 3)
        });
        let list = network.list(KEY);
        network.isolate(list[0]);
        network.put(list[0], KEY, "a", None);
        network.heal();
        network.crash(list[1]);
        network.run_ms(350);
        let get = network.start_get(list[reader], KEY);
        assert_eq!(network.values_of(get).0, ["a"]);
        assert_eq!(network.values(list[2], KEY), ["a"]);
        assert!(network.hints(list[3]).contains(&list[1]));
    }
}

#[test]
fn where_only_owners_are_read_from_nobody_asks_a_stand_in() {
    for (read_from, answered) in [(ReadFrom::Healthy, true), (ReadFrom::Owners, false)] {
        let mut network = Network::new(Shape {
            read_from,
            ..Shape::default()
        });
        let list = network.list(KEY);
        network.crash(list[0]);
        network.crash(list[1]);
        assert_eq!(network.put(list[2], KEY, "a", None), Reply::Stored);
        network.run_ms(100);
        network.log.clear();
        for reader in [list[2], list[4], list[2]] {
            let get = network.start_get(reader, KEY);
            let reply = network.wait(get);
            assert_eq!(
                matches!(reply, Reply::Values { .. }),
                answered,
                "{read_from:?}: two owners of three are down"
            );
        }
        let mut asked = network.log.iter().filter(|(.., m)| m.kind() == "fetch");
        assert_eq!(asked.any(|(_, to, _)| !list[..3].contains(to)), answered);
    }
}

/// What became of one observer.
#[derive(Default)]
struct Observed {
    /// A get returned less than one before it.
    went_back: bool,
    /// A get returned less than was stored before it.
    missed: bool,
    /// How many answers were only part of one.
    halves: usize,
    /// How many ranges were handed over.
    moved: usize,
    /// How many gets were looked at while members changed.
    looked: usize,
}

/// How members come and go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Moves {
    None,
    /// One at a time: the next when all see the last one and nothing is on its way.
    Single,
    Overlapping,
}

fn settled(network: &Network) -> bool {
    let ids = network.ids();
    let mark = |node: &NodeId| network.node(*node).view().mark();
    ids.iter().all(|node| network.is_up(*node))
        && ids.iter().all(|node| mark(node) == mark(&ids[0]))
        && ids.iter().all(|node| network.node(*node).moving() == 0)
}

/// How long a range is claimed from an old owner that stays silent. Then the others' copies will do, and
/// what that one alone acknowledged is missed until it is back.
const PATIENT_US: u64 = 3_000_000;

/// Blind puts and one observer, through faults, and with members that leave and join if it is to be.
fn observe(shape: Shape, seed: u64, moves: Moves) -> Observed {
    let mut network = Network::new(shape);
    network.luck.state = seed;
    network.luck.jitter_us = 8_000;
    network.luck.lost_per_mille = network.luck.below(3) * 100;
    network.luck.doubled_per_mille = network.luck.below(2) * 100;
    let mut puts: Vec<(RequestId, String)> = Vec::new();
    let (mut seen, mut observed) = (BTreeSet::new(), Observed::default());
    // Since when something may be on its way.
    let mut moving: Option<Time> = None;
    for turn in 0..60 {
        let pick = |network: &mut Network| NodeId(network.luck.below(5) as u32);
        moving = moving.filter(|_| !settled(&network));
        let node = pick(&mut network);
        match network.luck.below(8) {
            0 => network.crash(node),
            1 => network.isolate(node),
            2 => network.heal(),
            3 => network.restart(node),
            4 if moves == Moves::Overlapping || moves == Moves::Single && settled(&network) => {
                let by = pick(&mut network);
                let request = if network.luck.below(2) == 0 {
                    Request::Leave { node }
                } else {
                    let member = Member::default();
                    Request::Join { node, member }
                };
                network.request(by, request);
                moving.get_or_insert(network.now);
            }
            _ => {}
        }
        let node = pick(&mut network);
        if network.is_up(node) {
            let value = format!("{turn}");
            puts.push((network.start_put(node, KEY, &value, None), value));
        }
        let pause = network.luck.below(12);
        network.run_ms(pause);
        let node = pick(&mut network);
        if !network.is_up(node) {
            network.restart(node);
        }
        let stored = puts
            .iter()
            .filter(|(put, _)| network.reply(*put) == Some(&Reply::Stored));
        let stored: BTreeSet<String> = stored.map(|(_, value)| value.clone()).collect();
        let get = network.start_get(node, KEY);
        if let Reply::Values { .. } = network.wait(get) {
            let values: BTreeSet<String> = network.values_of(get).0.into_iter().collect();
            observed.went_back |= !values.is_superset(&seen);
            let patient = moving.is_none_or(|since| network.now.0 - since.0 < PATIENT_US);
            observed.missed |= patient && !values.is_superset(&stored);
            observed.looked += usize::from(patient && moving.is_some());
            seen = values;
        }
    }
    observed.halves = network.count("not-yet");
    observed.moved = network.count("keys");
    observed
}

#[test]
fn one_observer_never_goes_back_where_gets_wait_for_their_repairs() {
    let shapes = [(2, 2), (3, 1), (2, 3)];
    for (read_repair, quorums) in [
        (ReadRepair::Off, &shapes[..1]),
        (ReadRepair::After, &shapes[..1]),
        (ReadRepair::Responders, &shapes[..]),
        (ReadRepair::Quorum, &[(2, 2), (3, 1), (2, 3), (1, 3)][..]),
    ] {
        let mut back = 0;
        for (r, w) in quorums {
            for seed in 0..25 {
                let observed = observe(strict(read_repair, *r, *w), seed, Moves::None);
                assert!(
                    !observed.missed,
                    "{read_repair:?} R{r} W{w} seed {seed}: R + W > N"
                );
                back += u32::from(observed.went_back);
            }
        }
        assert_eq!(
            back > 0,
            !WAITS.contains(&read_repair),
            "{read_repair:?}: {back}"
        );
    }
}

#[test]
fn members_that_come_and_go_do_not_make_it_go_back_either() {
    for read_repair in WAITS {
        let mut halves = 0;
        for seed in 0..25 {
            let observed = observe(strict(read_repair, 2, 2), seed, Moves::Overlapping);
            assert!(!observed.went_back, "{read_repair:?} seed {seed}");
            halves += observed.halves;
        }
        assert!(
            halves > 0,
            "some owners were still waiting for their ranges"
        );
    }
}

#[test]
fn members_that_come_and_go_one_at_a_time_hide_nothing_that_was_acknowledged() {
    let (mut moved, mut looked) = (0, 0);
    for (r, w) in [(2, 2), (3, 1), (1, 3)] {
        for seed in 0..seeds() {
            let observed = observe(strict(ReadRepair::Off, r, w), seed, Moves::Single);
            assert!(!observed.missed, "R{r} W{w} seed {seed}");
            moved += observed.moved;
            looked += observed.looked;
        }
    }
    assert!(moved > 20 && looked > 100, "{moved} {looked}");
}

fn seeds() -> u64 {
    match std::env::var("DYNAMO_CORE_SOAK") {
        Ok(runs) => runs.parse().expect("DYNAMO_CORE_SOAK is a number of runs"),
        Err(_) => 25,
    }
}
