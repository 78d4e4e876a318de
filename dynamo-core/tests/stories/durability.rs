//! What a crash takes, what a disk gives back, and who a node is afterwards.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use dynamo_core::{
    Actor, Config, Dot, Durability, Input, Message, Node, NodeId, Output, ReadRepair, Record,
    Reply, Shape, Siblings, Tag, Time, Version, VersionVector,
};

use crate::network::Network;

const KEY: &[u8] = b"cart";

/// Nothing mends, so that a loss shows.
fn buffered(writes: u32, durable_write: bool) -> Shape {
    Shape {
        sloppy: false,
        hints: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        durability: Durability::Buffered {
            writes,
            durable_write,
        },
        ..Shape::default()
    }
}

fn on_disk(network: &Network, key: &[u8]) -> usize {
    let owners = network.list(key);
    let held = |node: &&NodeId| !network.held(**node, key).is_empty();
    owners.iter().take(3).filter(held).count()
}

#[test]
fn a_buffered_put_is_acknowledged_and_read_before_it_is_on_any_disk() {
    let mut network = Network::new(buffered(1_000, false));
    assert_eq!(network.put(NodeId(0), KEY, "a", None), Reply::Stored);
    assert_eq!(on_disk(&network, KEY), 0);
    assert_eq!(network.get(NodeId(1), KEY).0, ["a"]);
    network.run_ms(200);
    assert_eq!(on_disk(&network, KEY), 3, "a writer brings it there");
}

#[test]
fn a_crash_takes_what_was_only_in_memory() {
    let mut network = Network::new(buffered(1_000, false));
    network.put(NodeId(0), KEY, "a", None);
    for node in network.ids() {
        network.restart(node);
    }
    assert!(network.get(NodeId(0), KEY).0.is_empty());
}

#[test]
fn a_durable_write_is_on_one_disk_before_that_replica_answers() {
    let mut network = Network::new(buffered(1_000, true));
    for turn in 0..20 {
        let key = format!("key {turn}").into_bytes();
        network.put(NodeId(turn % 5), &key, "a", None);
        network.run_ms(10);
        assert_eq!(on_disk(&network, &key), 1, "of three replicas");
    }
    for node in network.ids() {
        network.restart(node);
    }
    for turn in 0..20 {
        let key = format!("key {turn}").into_bytes();
        let list = network.list(&key);
        let found = |node: &NodeId| !network.held(*node, &key).is_empty();
        assert!(list.iter().any(found));
    }
}

#[test]
fn a_full_buffer_goes_to_the_disk_at_once() {
    let mut network = Network::new(buffered(3, false));
    for turn in 0..6 {
        network.put(NodeId(0), KEY, &format!("{turn}"), None);
    }
    network.run_ms(5);
    assert!(on_disk(&network, KEY) > 0);
}

/// The names under which the node has made its events of a key.
fn actors(network: &Network, node: NodeId, key: &[u8]) -> Vec<String> {
    let list = network.list(key);
    let versions = list.iter().flat_map(|owner| {
        let held = network.held(*owner, key);
        let dots: Vec<_> = held.iter().map(|version| version.dot).collect();
        dots
    });
    let mut names: Vec<String> = versions
        .filter(|dot| dot.actor.node == node)
        .map(|dot| dot.actor.to_string())
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_node_that_crashed_with_a_buffer_is_another_actor_afterwards() {
    let mut network = Network::new(buffered(1_000, false));
    let owner = network.list(KEY)[0];
    network.put(owner, KEY, "a", None);
    network.run_ms(300);
    network.restart(owner);
    network.put(owner, KEY, "b", None);
    network.run_ms(300);
    assert_eq!(actors(&network, owner, KEY).len(), 2);
    assert_eq!(network.get(owner, KEY).0, ["a", "b"]);
}

#[test]
fn a_node_that_restarts_on_its_own_disk_stays_who_it_was() {
    let mut network = Network::new(Shape::default());
    let owner = network.list(KEY)[0];
    network.put(owner, KEY, "a", None);
    network.run_ms(300);
    network.restart(owner);
    network.put(owner, KEY, "b", None);
    network.run_ms(300);
    assert_eq!(actors(&network, owner, KEY), [owner.to_string()]);
}

/// Riak's bug 679, and what prevents it: the node may not know what it has issued.
#[test]
fn a_node_whose_disk_was_lost_or_damaged_comes_back_as_another_actor() {
    for damage in [0, 1, 2] {
        let mut network = Network::new(Shape {
            anti_entropy: false,
            read_repair: ReadRepair::Off,
            ..Shape::default()
        });
        let owner = network.list(KEY)[0];
        network.put(owner, KEY, "a", None);
        let (_, context) = network.get(owner, KEY);
        network.put(owner, KEY, "b", Some(&context));
        network.run_ms(300);
        network.crash(owner);
        let disk = network.disk(owner);
        match damage {
            0 => disk.clear(),
            1 => disk.retain(|name, _| name[0] == b's'),
            _ => disk.values_mut().for_each(|value| value.truncate(5)),
        }
        network.restart(owner);
        network.put(owner, KEY, "c", None);
        network.run_ms(300);
        assert_eq!(network.get(NodeId(4), KEY).0, ["b", "c"], "damage {damage}");
    }
}

/// What shows the damage is mended by others, and the node crashes again before it has issued anything.
#[test]
fn a_damaged_node_stays_another_actor_when_its_disk_was_mended() {
    let mut network = Network::new(Shape {
        read_repair: ReadRepair::Off,
        ..Shape::default()
    });
    let owner = network.list(KEY)[0];
    network.put(owner, KEY, "a", None);
    let (_, context) = network.get(owner, KEY);
    let sequence = network.disk(owner)[&b"s"[..]].clone();
    network.put(owner, KEY, "b", Some(&context));
    network.run_ms(300);
    network.crash(owner);
    let disk = network.disk(owner);
    disk.insert(b"s".to_vec(), sequence);
    for (_, value) in disk.iter_mut().filter(|(name, _)| name[0] == b'd') {
        value.truncate(5);
    }
    network.restart(owner);
    network.run_ms(3_000);
    assert!(
        network
            .records(owner)
            .any(|record| matches!(record, Record::Data { .. }))
    );
    network.crash(owner);
    network.restart(owner);
    network.put(owner, KEY, "c", None);
    network.run_ms(300);
    assert_eq!(network.get(NodeId(4), KEY).0, ["b", "c"]);
}

/// A store is cut off where the power failed: at any byte of any record.
#[test]
fn a_torn_tail_is_no_record_and_costs_nothing_that_was_acknowledged() {
    let mut network = Network::new(Shape::default());
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    let whole = network.disk(list[0]).clone();
    for (name, value) in &whole {
        for length in (0..value.len()).step_by(7) {
            network.crash(list[0]);
            network
                .disk(list[0])
                .insert(name.clone(), value[..length].to_vec());
            network.restart(list[0]);
            assert_eq!(network.get(list[0], KEY).0, ["a"]);
            network.crash(list[0]);
            *network.disk(list[0]) = whole.clone();
            network.restart(list[0]);
        }
    }
    let records: Vec<Record> = network.records(list[0]).collect();
    assert!(!records.is_empty());
}

/// One answer of a disk speaks for all stores before it, so memory may not answer out of turn.
#[test]
fn what_is_in_memory_does_not_vouch_for_a_store_that_is_still_being_synced() {
    let config = Arc::new(Config::new(buffered(8, false)).expect("a valid shape"));
    let owner = config.ring().preference_list(KEY)[1];
    let mut node = Node::start(owner, Arc::clone(&config), &BTreeMap::new(), Time(0));
    let mut out = Vec::new();
    for (number, synced) in [(1, true), (2, false)] {
        let dot = Dot {
            actor: Actor::owner(NodeId(9)),
            counter: number,
        };
        let version = Version {
            dot,
            past: VersionVector::new(),
            time: 0,
            value: Some(b"v".to_vec()),
        };
        let message = Message::Replicate {
            tag: Tag { life: 0, number },
            view: config.view().mark(),
            synced,
            key: KEY.to_vec(),
            siblings: Siblings::from_iter([version]),
            hint: None,
        };
        let from = NodeId(9);
        node.handle(Time(0), Input::Message { from, message }, &mut out);
    }
    let sent = |out: &[Output]| {
        let sends = out
            .iter()
            .filter(|output| matches!(output, Output::Send { .. }));
        sends.count()
    };
    assert_eq!(sent(&out), 0);
    for output in out.clone() {
        if let Output::Store { ticket, .. } = output {
            node.handle(Time(1), Input::Stored { ticket }, &mut out);
        }
    }
    assert_eq!(sent(&out), 2);
}

/// Explorations take nodes that hash alike for the same.
#[test]
fn nodes_that_found_different_disks_do_not_hash_alike() {
    let mut network = Network::new(Shape::default());
    let node = network.list(KEY)[0];
    let hashed = |network: &mut Network| {
        let config = Arc::clone(&network.config);
        let mut hasher = DefaultHasher::new();
        Node::start(node, config, network.disk(node), Time(7)).hash(&mut hasher);
        hasher.finish()
    };
    let empty = hashed(&mut network);
    assert_eq!(hashed(&mut network), empty);
    network.put(node, KEY, "a", None);
    network.run_ms(10);
    let put = hashed(&mut network);
    assert_ne!(put, empty);
    assert_eq!(hashed(&mut network), put);
}
