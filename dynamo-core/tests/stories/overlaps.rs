//! Changes of membership that overtake one another: nothing is lost, and in the end all is in place.

use std::collections::BTreeSet;

use dynamo_core::{Member, NodeId, Partitioning, ReadRepair, Reply, Request, Shape};

use crate::network::Network;

const SPARES: u32 = 3;

fn keys() -> Vec<Vec<u8>> {
    let names = (0..40).map(|key| format!("key {key}").into_bytes());
    names.collect()
}

/// No get brings keys to where they belong.
fn shape(seed: u64) -> Shape {
    let partitionings = [
        Partitioning::Tokens { per_node: 3 },
        Partitioning::TokensOverPartitions {
            per_node: 3,
            partitions: 32,
        },
        Partitioning::Partitions { partitions: 32 },
    ];
    Shape {
        partitioning: partitionings[seed as usize % partitionings.len()],
        read_repair: ReadRepair::Off,
        ..Shape::default()
    }
}

/// Tells random nodes of a few joins and leaves, one after the other or all at once.
fn change(network: &mut Network) {
    let nodes = network.ids();
    let mut members: BTreeSet<NodeId> = (0..network.config.shape().nodes).map(NodeId).collect();
    for _ in 0..2 + network.luck.below(4) {
        let via = nodes[network.luck.below(nodes.len() as u64) as usize];
        let node = nodes[network.luck.below(nodes.len() as u64) as usize];
        let leaves = members.contains(&node);
        if leaves && members.len() == 3 {
            continue;
        }
        let member = Member::default();
        let request = if leaves {
            members.remove(&node);
            Request::Leave { node }
        } else {
            members.insert(node);
            Request::Join { node, member }
        };
        network.request(via, request);
        let pauses = [0, 3, 30, 300, 1_000, 2_000];
        let pause = pauses[network.luck.below(pauses.len() as u64) as usize];
        network.run_ms(pause);
    }
}

/// After a few changes, and long enough for all that they ask for.
fn changed(seed: u64, anti_entropy: bool) -> Network {
    let shape = Shape {
        anti_entropy,
        ..shape(seed)
    };
    let mut network = Network::with_spares(shape, SPARES);
    network.luck.state = seed;
    for key in keys() {
        assert_eq!(network.put(NodeId(0), &key, "v", None), Reply::Stored);
    }
    network.run_ms(500);
    change(&mut network);
    network.run_ms(20_000);
    let marks = network.ids().into_iter();
    let marks: BTreeSet<u64> = marks.map(|node| network.node(node).view().mark()).collect();
    assert_eq!(marks.len(), 1, "seed {seed}");
    for node in network.ids() {
        assert_eq!(network.node(node).moving(), 0, "seed {seed}, {node}");
    }
    network
}

/// The owners of a key that hold it, those that do not, and the others that do.
fn holders(network: &Network, key: &[u8]) -> [Vec<NodeId>; 3] {
    let owners = network.node(NodeId(0)).view().ring().owners(key, 3);
    let holds = |node: &NodeId| !network.held(*node, key).is_empty();
    let (hold, lack) = owners.iter().copied().partition(holds);
    let mut others = network.ids();
    others.retain(|node| holds(node) && !owners.contains(node));
    [hold, lack, others]
}

/// An owner may get a range from one that has given its own copy to another already, and so lack
/// what was in it; but no copy goes before there is another.
#[test]
fn handing_over_alone_loses_the_last_copy_of_nothing_and_leaves_none_with_others() {
    for seed in 0..200 {
        let network = changed(seed, false);
        for key in keys() {
            let [hold, _, others] = holders(&network, &key);
            assert!(!hold.is_empty(), "seed {seed}");
            assert_eq!(others, [], "seed {seed}");
        }
    }
}

#[test]
fn with_trees_compared_every_owner_has_everything_in_the_end() {
    for seed in 0..60 {
        let network = changed(seed, true);
        for key in keys() {
            let [_, lack, _] = holders(&network, &key);
            assert_eq!(lack, [], "seed {seed}");
        }
    }
}
