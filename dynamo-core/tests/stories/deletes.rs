//! A delete is a version without a value, and what comes of forgetting it.

use dynamo_core::{NodeId, ReadRepair, Reply, Shape};

use crate::network::Network;

const KEY: &[u8] = b"cart";

/// The values, whether a tombstone is among the versions, and the context.
fn get(network: &mut Network, node: NodeId) -> (usize, bool, Vec<u8>) {
    let id = network.start_get(node, KEY);
    match network.wait(id) {
        Reply::Values {
            values,
            deleted,
            context,
        } => (values.len(), deleted, context),
        other => panic!("a get is answered: {other:?}"),
    }
}

#[test]
fn a_delete_replaces_what_its_context_has_seen() {
    let mut network = Network::new(Shape::default());
    network.put(NodeId(0), KEY, "a", None);
    let (_, _, context) = get(&mut network, NodeId(1));
    assert_eq!(
        network.delete(NodeId(2), KEY, Some(&context)),
        Reply::Stored
    );
    network.run_ms(500);
    for node in network.ids() {
        let (values, deleted, _) = get(&mut network, node);
        assert_eq!((values, deleted), (0, true));
    }
}

#[test]
fn a_delete_against_a_concurrent_put_keeps_the_put_and_says_so() {
    let mut network = Network::new(Shape::default());
    network.put(NodeId(0), KEY, "a", None);
    let (_, _, context) = get(&mut network, NodeId(1));
    network.put(NodeId(3), KEY, "b", Some(&context));
    assert_eq!(
        network.delete(NodeId(2), KEY, Some(&context)),
        Reply::Stored
    );
    let (values, deleted, both) = get(&mut network, NodeId(4));
    assert_eq!((values, deleted), (1, true));
    network.put(NodeId(0), KEY, "c", Some(&both));
    let (values, deleted, _) = get(&mut network, NodeId(4));
    assert_eq!((values, deleted), (1, false), "the context covered both");
}

#[test]
fn a_delete_without_a_context_deletes_nothing() {
    let mut network = Network::new(Shape::default());
    network.put(NodeId(0), KEY, "a", None);
    assert_eq!(network.delete(NodeId(2), KEY, None), Reply::Stored);
    let (values, deleted, _) = get(&mut network, NodeId(4));
    assert_eq!((values, deleted), (1, true));
}

/// A replica misses the delete and is away for longer than tombstones are kept, or for less.
fn away(kept_us: u64, away_ms: u64) -> usize {
    let shape = Shape {
        reaping_us: Some(kept_us),
        sloppy: false,
        hints: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    network.run_ms(500);
    network.crash(list[2]);
    let (_, _, context) = get(&mut network, list[0]);
    assert_eq!(network.delete(list[0], KEY, Some(&context)), Reply::Stored);
    network.run_ms(away_ms);
    network.restart(list[2]);
    network.run_ms(3_000);
    get(&mut network, list[0]).0
}

#[test]
fn a_replica_that_was_away_for_longer_than_tombstones_are_kept_brings_the_value_back() {
    assert_eq!(away(30_000_000, 2_000), 0);
    assert_eq!(away(1_000_000, 4_000), 1);
}

#[test]
fn a_tombstone_that_has_grown_old_leaves_no_trace() {
    let shape = Shape {
        reaping_us: Some(1_000_000),
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    network.put(NodeId(0), KEY, "a", None);
    let (_, _, context) = get(&mut network, NodeId(1));
    network.delete(NodeId(2), KEY, Some(&context));
    network.run_ms(5_000);
    for node in network.ids() {
        assert_eq!(network.node(node).keys(), 0);
        let (values, deleted, _) = get(&mut network, node);
        assert_eq!((values, deleted), (0, false));
    }
    network.put(NodeId(0), KEY, "again", None);
    assert_eq!(network.get(NodeId(3), KEY).0, ["again"]);
}

#[test]
fn a_tombstone_is_forgotten_within_half_the_time_more_than_it_is_kept() {
    let shape = Shape {
        nodes: 1,
        n: 1,
        r: 1,
        w: 1,
        reaping_us: Some(1_000_000),
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    network.run_ms(100);
    network.delete(NodeId(0), KEY, None);
    network.run_ms(900);
    assert_eq!(network.node(NodeId(0)).keys(), 1);
    network.run_ms(650);
    assert_eq!(network.node(NodeId(0)).keys(), 0);
}

/// Nodes look at their tombstones at different times; comparing trees must not bring back what one of
/// them has forgotten already.
#[test]
fn tombstones_are_forgotten_by_all_however_their_timers_run() {
    let shape = Shape {
        nodes: 3,
        reaping_us: Some(6_000_000),
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    network.put(NodeId(0), KEY, "a", None);
    let (_, _, context) = get(&mut network, NodeId(1));
    network.delete(NodeId(2), KEY, Some(&context));
    for node in network.ids() {
        network.run_ms(1_000);
        network.restart(node);
    }
    network.run_ms(30_000);
    for node in network.ids() {
        assert_eq!(network.node(node).keys(), 0, "{node}");
    }
}
