//! Who seems down to whom: each node decides for itself, and changes its mind (§4.8.3).

use dynamo_core::{Detection, NodeId, Shape, Timing};

use crate::network::Network;

const KEY: &[u8] = b"cart";

fn network(nodes: u32, detection: Detection) -> Network {
    Network::new(Shape {
        nodes,
        n: nodes.min(3),
        r: 1,
        w: 1,
        detection,
        timing: Timing {
            gossip_us: 100_000,
            ..Timing::default()
        },
        ..Shape::default()
    })
}

fn suspects(network: &Network, who: NodeId, whom: NodeId) -> bool {
    network.node(who).suspects(whom, network.now)
}

/// Whether one comes to suspect the other before so many milliseconds have passed.
fn comes_to_suspect(network: &mut Network, who: NodeId, whom: NodeId, ms: u64) -> bool {
    (0..ms).any(|_| {
        network.run_ms(1);
        suspects(network, who, whom)
    })
}

#[test]
fn without_requests_nobody_needs_to_know_who_is_down() {
    let mut network = network(3, Detection::Requests);
    network.run_ms(500);
    network.crash(NodeId(2));
    for _ in 0..3_000 {
        network.run_ms(1);
        assert!(!suspects(&network, NodeId(0), NodeId(2)));
        assert!(!suspects(&network, NodeId(1), NodeId(2)));
    }
    let coordinator = NodeId(0);
    network.get(coordinator, KEY);
    assert!(comes_to_suspect(&mut network, coordinator, NodeId(2), 60));
}

#[test]
fn heartbeats_find_a_crash_within_two_rounds_without_any_request() {
    let mut network = network(2, Detection::Heartbeats);
    for _ in 0..1_000 {
        network.run_ms(1);
        assert!(!suspects(&network, NodeId(0), NodeId(1)), "it answers");
    }
    network.crash(NodeId(1));
    assert!(comes_to_suspect(&mut network, NodeId(0), NodeId(1), 201));
}

#[test]
fn heartbeats_go_to_everybody_in_turn_by_chance() {
    for who in 0..4 {
        let mut network = network(5, Detection::Heartbeats);
        network.run_ms(500);
        network.crash(NodeId(4));
        let noticed = comes_to_suspect(&mut network, NodeId(who), NodeId(4), 5_000);
        assert!(noticed, "by {who}");
    }
}

#[test]
fn one_node_suspects_another_while_a_third_does_not() {
    let mut network = network(3, Detection::Heartbeats);
    let [one, cut_off, third] = [0, 1, 2].map(NodeId);
    network.run_ms(500);
    network.cut(one, cut_off);
    let mut seen = [false; 2];
    for _ in 0..3_000 {
        network.run_ms(1);
        seen[0] |= suspects(&network, one, cut_off);
        seen[1] |= suspects(&network, cut_off, one);
        assert!(!suspects(&network, third, one) && !suspects(&network, third, cut_off));
        assert!(!suspects(&network, one, third) && !suspects(&network, cut_off, third));
    }
    assert_eq!(seen, [true; 2], "both sides of the cut");
}

#[test]
fn a_suspicion_runs_out_and_the_peer_is_tried_again() {
    let mut network = network(3, Detection::Requests);
    let [one, other] = [0, 1].map(NodeId);
    network.cut(one, other);
    network.get(one, KEY);
    assert!(comes_to_suspect(&mut network, one, other, 60));
    network.log.clear();
    let asked = |network: &Network| {
        let fetches = network.log.iter();
        let mut fetches = fetches.filter(|(_, _, message)| message.kind() == "fetch");
        fetches.any(|(from, to, _)| (*from, *to) == (one, other))
    };
    let suspicion_ms = network.config.shape().timing.suspicion_us / 1_000;
    network.run_ms(suspicion_ms);
    assert!(!suspects(&network, one, other), "nothing was heard of it");
    network.get(one, KEY);
    assert!(asked(&network));
    assert!(comes_to_suspect(&mut network, one, other, 60), "still cut");
    network.heal();
    network.run_ms(suspicion_ms);
    network.get(one, KEY);
    assert!(!comes_to_suspect(&mut network, one, other, 1_000));
}

#[test]
fn a_word_from_a_suspect_ends_the_suspicion_at_once() {
    let mut network = network(3, Detection::Requests);
    let [one, other] = [0, 1].map(NodeId);
    network.cut(one, other);
    network.get(one, KEY);
    assert!(comes_to_suspect(&mut network, one, other, 60));
    network.heal();
    network.get(other, KEY);
    network.run_ms(2);
    assert!(!suspects(&network, one, other));
}
