//! Read repair and anti-entropy bring replicas together, and then are quiet.

use dynamo_core::{Dot, NodeId, ReadRepair, Shape};

use crate::network::Network;

const KEY: &[u8] = b"cart";

fn without_hints() -> Shape {
    Shape {
        sloppy: false,
        hints: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    }
}

fn dots(network: &Network, node: NodeId) -> Vec<Dot> {
    network
        .held(node, KEY)
        .iter()
        .map(|version| version.dot)
        .collect()
}

#[test]
fn a_get_mends_the_owners_that_it_finds_stale_and_makes_no_event() {
    let shape = Shape {
        read_repair: ReadRepair::After,
        ..without_hints()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.isolate(list[2]);
    network.put(list[0], KEY, "a", None);
    network.heal();
    network.run_ms(500);
    assert!(network.values(list[2], KEY).is_empty());
    for reader in [list[4], list[2]] {
        network.get(reader, KEY);
        network.run_ms(100);
        assert_eq!(dots(&network, list[2]), dots(&network, list[0]));
    }
    assert_eq!(
        network.count("repair"),
        1,
        "replicas that agree are left alone"
    );
}

#[test]
fn a_coordinator_that_is_stale_itself_is_mended_too() {
    let shape = Shape {
        read_repair: ReadRepair::After,
        ..without_hints()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    network.isolate(list[2]);
    network.put(list[0], KEY, "a", None);
    network.heal();
    network.run_ms(500);
    network.get(list[2], KEY);
    network.run_ms(100);
    assert_eq!(network.values(list[2], KEY), ["a"]);
    assert_eq!(network.count("repair"), 0);
}

#[test]
fn anti_entropy_alone_mends_everything_and_then_only_compares_roots() {
    let shape = Shape {
        anti_entropy: true,
        ..without_hints()
    };
    let mut network = Network::new(shape);
    let keys: Vec<Vec<u8>> = (0..20)
        .map(|index| format!("key {index}").into_bytes())
        .collect();
    network.luck.lost_per_mille = 300;
    network.luck.state = 3;
    for (turn, key) in keys.iter().cycle().take(60).enumerate() {
        let node = NodeId(turn as u32 % 5);
        let _ = network.start_put(node, key, &format!("{turn}"), None);
        network.run_ms(5);
    }
    network.luck.lost_per_mille = 0;
    network.run_ms(4_000);
    for key in &keys {
        let list = network.list(key);
        assert_eq!(network.held(list[0], key), network.held(list[1], key));
        assert_eq!(network.held(list[0], key), network.held(list[2], key));
        assert!(
            network.held(list[3], key).is_empty(),
            "only owners are mended"
        );
    }
    let before = network.count("sync-branches");
    network.run_ms(2_000);
    assert_eq!(network.count("sync-branches"), before);
    assert!(network.count("sync-roots") > 0);
}

#[test]
fn anti_entropy_moves_only_the_keys_that_differ() {
    let shape = Shape {
        anti_entropy: true,
        ..without_hints()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    for index in 0..200 {
        network.put(list[0], format!("key {index}").as_bytes(), "same", None);
    }
    network.run_ms(2_000);
    network.log.clear();
    network.isolate(list[1]);
    network.put(list[0], KEY, "a", None);
    network.heal();
    network.run_ms(3_000);
    assert_eq!(network.values(list[1], KEY), ["a"]);
    let moved = network
        .log
        .iter()
        .flat_map(|(.., message)| message.carries());
    assert!(moved.into_iter().all(|key| key == KEY));
}

#[test]
fn a_lost_disk_is_filled_again_and_its_roots_agree() {
    let shape = Shape {
        anti_entropy: true,
        ..without_hints()
    };
    let mut network = Network::new(shape);
    for index in 0..30 {
        network.put(
            NodeId(index % 5),
            format!("key {index}").as_bytes(),
            "v",
            None,
        );
    }
    network.run_ms(1_000);
    let before = network.node(NodeId(2)).roots();
    assert!(before.iter().any(|(_, root)| *root != 0));
    network.crash(NodeId(2));
    network.disk(NodeId(2)).retain(|key, _| key[0] == b's');
    network.restart(NodeId(2));
    assert!(
        network
            .node(NodeId(2))
            .roots()
            .iter()
            .all(|(_, root)| *root == 0)
    );
    network.run_ms(3_000);
    assert_eq!(network.node(NodeId(2)).roots(), before);
}

#[test]
fn roots_have_the_same_name_and_value_on_every_owner() {
    let mut network = Network::new(Shape::default());
    for index in 0..30 {
        network.put(
            NodeId(index % 5),
            format!("key {index}").as_bytes(),
            "v",
            None,
        );
    }
    network.run_ms(1_000);
    let mut by_name = std::collections::BTreeMap::new();
    for node in network.ids() {
        for (name, root) in network.node(node).roots() {
            by_name.entry(name).or_insert_with(Vec::new).push(root);
        }
    }
    assert_eq!(by_name.len(), 40);
    for roots in by_name.values() {
        assert_eq!(roots.len(), 3);
        assert!(roots.iter().all(|root| *root == roots[0]));
    }
}
