//! Read repair and anti-entropy bring replicas together, and then are quiet.

use dynamo_core::{Message, NodeId, Partitioning, ReadRepair, Shape};

use crate::network::{Network, still};

const KEY: &[u8] = b"cart";

#[test]
fn a_get_mends_the_owners_that_it_finds_stale_and_makes_no_event() {
    let shape = Shape {
        read_repair: ReadRepair::After,
        ..still()
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
        assert_eq!(network.dots(list[2], KEY), network.dots(list[0], KEY));
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
        ..still()
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
        ..still()
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
    let before = network.count("sync-nodes");
    network.run_ms(2_000);
    assert_eq!(network.count("sync-nodes"), before);
    assert!(network.count("sync-roots") > 0);
}

#[test]
fn anti_entropy_moves_only_the_keys_that_differ() {
    let shape = Shape {
        anti_entropy: true,
        ..still()
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

/// For each exchange of versions: who sent how many, and how many it asked for.
fn exchanges(network: &Network) -> Vec<(NodeId, usize, usize)> {
    let states = network
        .log
        .iter()
        .filter_map(|(from, _, message)| match message {
            Message::SyncStates { states, wanted } => Some((*from, states.len(), wanted.len())),
            _ => None,
        });
    states.collect()
}

/// One owner of many keys misses the last of a few puts of one key, each of which replaces the one
/// before. Who it was, and what follows.
fn missed(owner: usize, puts: u32) -> (NodeId, Vec<(NodeId, usize, usize)>) {
    let mut network = Network::new(Shape {
        partitioning: Partitioning::Tokens { per_node: 1 },
        anti_entropy: true,
        ..still()
    });
    let list = network.list(KEY);
    for index in 0..40 {
        network.put(list[0], format!("key {index}").as_bytes(), "same", None);
    }
    for put in 1..=puts {
        let (_, context) = network.get(list[0], KEY);
        if put == puts {
            network.run_ms(1_000);
            network.log.clear();
            network.isolate(list[owner]);
        }
        let node = list[(owner + 1) % 3];
        network.put(node, KEY, &format!("{put}"), Some(&context));
    }
    network.heal();
    network.run_ms(3_000);
    assert_eq!(network.values(list[owner], KEY), [format!("{puts}")]);
    (list[owner], exchanges(&network))
}

#[test]
fn a_key_that_one_owner_lacks_is_sent_to_it_or_asked_for_and_not_both() {
    let mut asked = 0;
    for owner in 0..3 {
        let (lacking, exchanges) = missed(owner, 1);
        match exchanges[..] {
            [(holder, 1, 0)] => assert_ne!(holder, lacking),
            [(asker, 0, 1), (_, 1, 0)] => {
                assert_eq!(asker, lacking);
                asked += 1;
            }
            _ => panic!("{exchanges:?}"),
        }
    }
    assert!((1..3).contains(&asked), "either happens: {asked}");
}

#[test]
fn versions_that_say_it_all_are_answered_with_none() {
    let mut answered = 0;
    for owner in 0..3 {
        let (stale, exchanges) = missed(owner, 2);
        match exchanges[..] {
            [(newer, 1, 1)] => assert_ne!(newer, stale),
            [(asker, 1, 1), (_, 1, 0)] => {
                assert_eq!(asker, stale);
                answered += 1;
            }
            _ => panic!("{exchanges:?}"),
        }
    }
    assert!((1..3).contains(&answered), "either happens: {answered}");
}

#[test]
fn short_messages_refill_a_disk_within_a_round_however_much_it_lost() {
    let shape = Shape {
        nodes: 3,
        partitioning: Partitioning::Tokens { per_node: 1 },
        anti_entropy: true,
        ..still()
    };
    let mut network = Network::new(shape);
    for index in 0..2_000u32 {
        network.put(NodeId(index % 3), &index.to_be_bytes(), "v", None);
    }
    network.run_ms(1_000);
    let lost = NodeId(2);
    let before = network.node(lost).roots();
    network.crash(lost);
    network.disk(lost).retain(|key, _| key[0] == b's');
    network.restart(lost);
    network.log.clear();
    network.run_ms(300);
    assert_eq!(network.node(lost).roots(), before);
    let mut sent = 0;
    for (.., message) in &network.log {
        match message {
            Message::SyncNodes { nodes } => assert!(nodes.len() <= 64),
            Message::SyncStates { states, wanted } => {
                assert!(states.len().max(wanted.len()) <= 64);
                sent += states.len();
            }
            _ => {}
        }
    }
    assert_eq!(sent, 2_000, "each key once");
}

#[test]
fn a_lost_disk_is_filled_again_and_its_roots_agree() {
    let shape = Shape {
        anti_entropy: true,
        ..still()
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
