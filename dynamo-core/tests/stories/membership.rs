//! Nodes join and leave: who hears of it, and where the keys go.

use std::collections::BTreeSet;

use dynamo_core::{
    Bootstrap, Member, NodeId, Partitioning, ReadRepair, Refusal, Reply, Request, Shape,
};

use crate::network::Network;

const JOINER: NodeId = NodeId(5);

fn shapes() -> [Shape; 3] {
    let partitionings = [
        Partitioning::Tokens { per_node: 4 },
        Partitioning::TokensOverPartitions {
            per_node: 4,
            partitions: 64,
        },
        Partitioning::Partitions { partitions: 64 },
    ];
    partitionings.map(|partitioning| Shape {
        partitioning,
        // Nothing but handing over may bring keys to where they belong.
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    })
}

fn keys() -> Vec<Vec<u8>> {
    (0..60)
        .map(|key| format!("key {key}").into_bytes())
        .collect()
}

fn join(network: &mut Network, via: NodeId, node: NodeId) -> Reply {
    let member = Member::default();
    let id = network.request(via, Request::Join { node, member });
    network.wait(id)
}

fn leave(network: &mut Network, via: NodeId, node: NodeId) -> Reply {
    let id = network.request(via, Request::Leave { node });
    network.wait(id)
}

/// By the view of the first node, and all agree.
fn owners(network: &Network, key: &[u8]) -> Vec<NodeId> {
    let ring = network.node(NodeId(0)).view().ring();
    ring.owners(key, network.config.shape().n)
}

fn assert_all_agree(network: &Network) {
    let marks: BTreeSet<u64> = network
        .ids()
        .into_iter()
        .map(|node| network.node(node).view().mark())
        .collect();
    assert_eq!(marks.len(), 1, "every node sees the cluster alike");
}

/// Each key is on the disks of its owners, and on no other.
fn assert_all_in_place(network: &Network) {
    for key in keys() {
        let owners: BTreeSet<NodeId> = owners(network, &key).into_iter().collect();
        let holders: BTreeSet<NodeId> = network
            .ids()
            .into_iter()
            .filter(|node| !network.held(*node, &key).is_empty())
            .collect();
        assert_eq!(holders, owners, "{:?}", String::from_utf8_lossy(&key));
    }
}

fn filled(shape: Shape) -> Network {
    let mut network = Network::with_spares(shape, 1);
    for key in keys() {
        assert_eq!(network.put(NodeId(0), &key, "v", None), Reply::Stored);
    }
    network.run_ms(500);
    network
}

#[test]
fn keys_follow_a_node_that_joins_and_stay_when_it_leaves() {
    for shape in shapes() {
        let mut network = filled(shape);
        assert_all_in_place(&network);
        let before: Vec<_> = keys().iter().map(|key| owners(&network, key)).collect();

        assert_eq!(join(&mut network, NodeId(2), JOINER), Reply::Stored);
        network.run_ms(8_000);
        assert_all_agree(&network);
        assert_all_in_place(&network);
        let joined: Vec<_> = keys().iter().map(|key| owners(&network, key)).collect();
        assert!(joined.iter().any(|owners| owners.contains(&JOINER)));
        assert_ne!(before, joined);

        assert_eq!(leave(&mut network, NodeId(1), NodeId(3)), Reply::Stored);
        network.run_ms(8_000);
        assert_all_agree(&network);
        assert_all_in_place(&network);
        for key in keys() {
            assert!(!owners(&network, &key).contains(&NodeId(3)));
            assert_eq!(network.get(NodeId(4), &key).0, ["v"]);
        }
    }
}

#[test]
fn a_range_is_handed_over_once_and_not_again() {
    for shape in shapes() {
        let mut network = filled(shape);
        network.log.clear();
        join(&mut network, NodeId(2), JOINER);
        network.run_ms(8_000);
        let mut carried = BTreeSet::new();
        for (from, to, message) in &network.log {
            if message.kind() == "keys" {
                for key in message.carries() {
                    assert!(
                        carried.insert((*from, *to, key.to_vec())),
                        "{from} to {to} again"
                    );
                }
            }
        }
        assert!(!carried.is_empty());
        assert!(carried.iter().all(|(_, to, _)| *to == JOINER));
    }
}

#[test]
fn a_node_that_crashes_while_it_hands_over_or_takes_goes_on_afterwards() {
    for shape in shapes() {
        for victim in [NodeId(0), NodeId(1), JOINER] {
            for after_ms in [3, 700, 1_500, 2_500] {
                let mut network = filled(shape.clone());
                join(&mut network, NodeId(2), JOINER);
                network.run_ms(after_ms);
                network.crash(victim);
                network.run_ms(400);
                network.restart(victim);
                network.run_ms(9_000);
                assert_all_agree(&network);
                assert_all_in_place(&network);
            }
        }
    }
}

#[test]
fn a_node_that_is_removed_while_it_is_down_is_replaced_from_the_others() {
    for shape in shapes() {
        let mut network = filled(shape);
        network.crash(NodeId(3));
        assert_eq!(leave(&mut network, NodeId(1), NodeId(3)), Reply::Stored);
        network.run_ms(15_000);
        for key in keys() {
            for owner in owners(&network, &key) {
                assert_ne!(owner, NodeId(3));
                assert_eq!(network.values(owner, &key), ["v"]);
            }
        }
    }
}

#[test]
fn an_owner_that_waits_for_its_range_is_no_answer_by_itself() {
    for shape in shapes() {
        let mut network = filled(Shape {
            r: 1,
            w: 3,
            sloppy: false,
            ..shape
        });
        join(&mut network, JOINER, JOINER);
        // The joiner acts by the new ring at once, and has nothing yet.
        let mut asked = 0;
        for key in keys() {
            let ring = network.node(JOINER).view().ring();
            if ring.owners(&key, 3).contains(&JOINER) {
                asked += 1;
                assert_eq!(network.get(JOINER, &key).0, ["v"]);
            }
        }
        assert!(asked > 0);
    }
}

#[test]
fn an_administrator_is_told_what_makes_no_sense() {
    let mut network = Network::with_spares(Shape::default(), 1);
    let refused = |refusal| Reply::Refused(refusal);
    assert_eq!(
        join(&mut network, NodeId(0), NodeId(1)),
        refused(Refusal::MemberAlready)
    );
    assert_eq!(
        leave(&mut network, NodeId(0), JOINER),
        refused(Refusal::NotAMember)
    );
    for node in [1, 2, 3, 4].map(NodeId) {
        assert_eq!(leave(&mut network, NodeId(0), node), Reply::Stored);
    }
    assert_eq!(
        leave(&mut network, NodeId(0), NodeId(0)),
        refused(Refusal::LastMember)
    );
}

#[test]
fn membership_survives_a_restart_and_reaches_nodes_that_were_away() {
    let mut network = Network::with_spares(Shape::default(), 1);
    network.crash(NodeId(4));
    join(&mut network, NodeId(1), JOINER);
    network.restart(NodeId(1));
    assert!(
        network
            .node(NodeId(1))
            .view()
            .membership()
            .is_member(JOINER)
    );
    network.run_ms(3_000);
    network.restart(NodeId(4));
    network.run_ms(6_000);
    assert_all_agree(&network);
}

/// A and B are told separately to be members. Neither knows the other, so neither will ever tell.
#[test]
fn without_seeds_nodes_that_joined_apart_never_hear_of_one_another() {
    for (seeds, members) in [(vec![], 1), (vec![NodeId(0)], 3)] {
        let shape = Shape {
            nodes: 3,
            bootstrap: Bootstrap::Alone,
            seeds,
            ..Shape::default()
        };
        let mut network = Network::new(shape);
        network.run_ms(20_000);
        for node in network.ids() {
            let known = network.node(node).view().membership().members();
            assert_eq!(known.len(), members, "{node} knows {known:?}");
        }
    }
}
