//! What is kept for a node that seems down reaches it.

use dynamo_core::{NodeId, Reply, Shape};

use crate::network::Network;

const KEY: &[u8] = b"cart";

/// Hints alone mend: nothing else may do their work.
fn hints_only() -> Network {
    let shape = Shape {
        anti_entropy: false,
        read_repair: false,
        ..Shape::default()
    };
    Network::new(shape)
}

#[test]
fn a_stand_in_keeps_a_hint_until_the_owner_has_it_on_disk() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    assert_eq!(network.put(list[0], KEY, "a", None), Reply::Stored);
    network.run_ms(500);
    assert_eq!(network.hints(list[3]), [list[1]]);
    assert!(network.held(list[3], KEY).is_empty(), "a hint is not data");

    network.restart(list[1]);
    network.stall(list[1]);
    network.run_ms(800);
    assert!(network.count("hint") > 0);
    assert_eq!(
        network.hints(list[3]),
        [list[1]],
        "delivered is not yet durable"
    );
    network.release(list[1]);
    network.run_ms(800);
    assert_eq!(network.values(list[1], KEY), ["a"]);
    assert!(network.hints(list[3]).is_empty());
}

#[test]
fn a_stand_in_answers_gets_from_its_hints() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    network.crash(list[2]);
    assert_eq!(network.put(list[0], KEY, "a", None), Reply::Stored);
    network.run_ms(100);
    network.crash(list[0]);
    network.get(list[4], KEY);
    assert_eq!(network.get(list[4], KEY).0, ["a"]);
}

#[test]
fn hints_survive_the_restart_of_their_keeper() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    network.restart(list[3]);
    network.restart(list[1]);
    network.run_ms(800);
    assert_eq!(network.values(list[1], KEY), ["a"]);
}

#[test]
fn with_nobody_to_stand_in_the_coordinator_keeps_the_hint_and_does_not_count_it() {
    let shape = Shape {
        nodes: 3,
        w: 3,
        anti_entropy: false,
        read_repair: false,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    network.crash(NodeId(1));
    assert_eq!(network.put(NodeId(0), KEY, "a", None), Reply::Unavailable);
    assert_eq!(network.hints(NodeId(0)), [NodeId(1)]);
    network.restart(NodeId(1));
    network.run_ms(800);
    assert_eq!(network.values(NodeId(1), KEY), ["a"]);
    assert!(network.hints(NodeId(0)).is_empty());
}

#[test]
fn a_hint_that_grew_while_it_was_on_its_way_stays() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    network.restart(list[1]);
    network.stall(list[1]);
    let before = network.count("hint");
    while network.count("hint") == before {
        network.run_ms(1);
    }
    network.cut(list[0], list[1]);
    network.put(list[0], KEY, "b", None);
    network.run_ms(100);
    network.release(list[1]);
    network.run_ms(2_000);
    assert_eq!(network.values(list[1], KEY), ["a", "b"]);
    assert!(network.hints(list[3]).is_empty());
}

#[test]
fn a_lost_acknowledgement_only_means_another_delivery() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    network.restart(list[1]);
    network.luck.lost_per_mille = 600;
    network.luck.state = 7;
    network.run_ms(20_000);
    assert_eq!(network.values(list[1], KEY), ["a"]);
    assert!(network.hints(list[3]).is_empty());
    assert!(network.count("hint") > 1);
}

/// A stand-in forgets hints once they are delivered. If it forgot its own events with them, its next
/// event would claim in every context that the forgotten one had been seen.
#[test]
fn a_stand_in_that_coordinates_twice_loses_neither_put() {
    let shape = Shape {
        r: 1,
        w: 1,
        anti_entropy: false,
        read_repair: false,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    let (first, second, stand_in) = (list[0], list[1], list[4]);
    let stand_alone = |network: &mut Network, value: &str| {
        network.isolate(stand_in);
        while network.put(stand_in, KEY, value, None) != Reply::Stored {}
        network.heal();
    };
    stand_alone(&mut network, "a");
    for node in &list[1..4] {
        network.isolate(*node);
    }
    network.run_ms(2_000);
    network.heal();
    assert_eq!(network.values(first, KEY), ["a"]);
    network.isolate(first);
    stand_alone(&mut network, "b");
    network.isolate(first);
    network.run_ms(2_000);
    let (values, context) = network.get(second, KEY);
    network.put(second, KEY, "c", Some(&context));
    network.heal();
    network.run_ms(3_000);
    let kept: Vec<String> = network.get(first, KEY).0;
    for value in ["a", "b"] {
        let seen = values.iter().any(|seen| seen == value);
        assert!(
            seen || kept.iter().any(|kept| kept == value),
            "{value}: {values:?} {kept:?}"
        );
    }
}
