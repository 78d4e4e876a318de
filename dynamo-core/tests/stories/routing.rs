//! Which owner coordinates a put, and that nobody else does so too.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Coordinator, Dot, Message, NodeId, Record, Reply, Shape, Terms};

use crate::network::Network;

const KEY: &[u8] = b"cart";

fn by(coordinator: Coordinator) -> Network {
    Network::new(Shape {
        coordinator,
        ..Shape::default()
    })
}

/// Who made the version of this value.
fn maker(network: &Network, value: &str) -> NodeId {
    let makers: BTreeSet<Dot> = dots(network).remove(value.as_bytes()).unwrap_or_default();
    assert_eq!(makers.len(), 1, "one event made {value}");
    makers.first().expect("there is one").actor.node
}

/// The events of each value that ever was on a disk.
fn dots(network: &Network) -> BTreeMap<Vec<u8>, BTreeSet<Dot>> {
    let mut dots: BTreeMap<Vec<u8>, BTreeSet<Dot>> = BTreeMap::new();
    for (_, record) in &network.kept {
        if let Record::Data { siblings, .. } | Record::Hint { siblings, .. } = record {
            for version in siblings.iter() {
                let value = version.value.clone().unwrap_or_default();
                dots.entry(value).or_default().insert(version.dot);
            }
        }
    }
    dots
}

#[test]
fn the_owner_that_is_asked_coordinates_unless_the_cluster_prefers_the_first() {
    for (coordinator, maker_of_b) in [(Coordinator::Asked, 1), (Coordinator::First, 0)] {
        let mut network = by(coordinator);
        let list = network.list(KEY);
        for (node, value) in [(0, "a"), (1, "b"), (4, "c")] {
            assert_eq!(network.put(list[node], KEY, value, None), Reply::Stored);
        }
        assert_eq!(maker(&network, "a"), list[0]);
        assert_eq!(maker(&network, "b"), list[maker_of_b], "{coordinator:?}");
        assert_eq!(maker(&network, "c"), list[0]);
    }
}

#[test]
fn when_the_first_owner_is_silent_the_next_one_coordinates_and_only_once() {
    let mut network = by(Coordinator::First);
    let list = network.list(KEY);
    network.crash(list[0]);
    for (node, value) in [(2, "a"), (4, "b"), (1, "c")] {
        assert_eq!(network.put(list[node], KEY, value, None), Reply::Stored);
        assert_eq!(maker(&network, value), list[1]);
    }
    network.crash(list[1]);
    network.restart(list[2]);
    assert_eq!(network.put(list[2], KEY, "d", None), Reply::Stored);
    assert_eq!(maker(&network, "d"), list[2]);
}

#[test]
fn a_coordinator_that_may_have_obeyed_is_not_replaced() {
    let mut network = by(Coordinator::First);
    let list = network.list(KEY);
    network.put(list[1], KEY, "a", None);
    network.stall(list[0]);
    let put = network.start_put(list[1], KEY, "b", None);
    assert_eq!(network.wait(put), Reply::Unavailable);
    network.release(list[0]);
    network.run_ms(1_000);
    assert_eq!(maker(&network, "b"), list[0]);
    assert_eq!(network.get(list[2], KEY).0, ["a", "b"]);
}

/// A context in which this owner was the fastest: nobody else could answer.
fn context_from(network: &mut Network, owner: NodeId) -> Vec<u8> {
    let list = network.list(KEY);
    for other in list[..3].iter().filter(|other| **other != owner) {
        network.cut(list[4], *other);
    }
    let one = Terms {
        r: Some(1),
        ..Terms::default()
    };
    let get = network.start_get_on(one, list[4], KEY);
    let (_, context) = network.values_of(get);
    network.heal();
    network.run_ms(500);
    context
}

#[test]
fn the_owner_that_answered_fastest_coordinates_the_put_that_follows() {
    let mut network = by(Coordinator::Fastest);
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    for (turn, fastest) in [2, 1, 0, 2].into_iter().enumerate() {
        let context = context_from(&mut network, list[fastest]);
        let value = format!("{turn}");
        for node in [0, 3] {
            let value = format!("{value} by {node}");
            let put = network.put(list[node], KEY, &value, Some(&context));
            assert_eq!(put, Reply::Stored);
            assert_eq!(maker(&network, &value), list[fastest]);
        }
    }
    network.put(list[1], KEY, "blind", None);
    assert_eq!(maker(&network, "blind"), list[1]);
}

#[test]
fn an_owner_that_coordinates_a_get_is_the_fastest_itself() {
    let mut network = by(Coordinator::Fastest);
    let list = network.list(KEY);
    let (_, context) = network.get(list[2], KEY);
    network.put(list[0], KEY, "a", Some(&context));
    assert_eq!(maker(&network, "a"), list[2]);
}

#[test]
fn the_fastest_is_passed_over_when_it_seems_down_or_is_none_of_the_n() {
    let mut network = by(Coordinator::Fastest);
    let list = network.list(KEY);
    let context = context_from(&mut network, list[2]);
    let first_only = Terms {
        n: Some(1),
        ..Terms::default()
    };
    let put = network.start_put_on(first_only, list[4], KEY, "a", Some(&context));
    assert_eq!(network.wait(put), Reply::Stored);
    assert_eq!(maker(&network, "a"), list[0]);

    network.crash(list[2]);
    for (node, value) in [(3, "b"), (3, "c")] {
        let put = network.put(list[node], KEY, value, Some(&context));
        assert_eq!(put, Reply::Stored);
        assert_eq!(maker(&network, value), list[0]);
    }
}

#[test]
fn a_pinned_put_is_coordinated_by_the_node_that_was_asked_whatever_the_cluster_prefers() {
    for coordinator in [Coordinator::First, Coordinator::Fastest] {
        let mut network = by(coordinator);
        let list = network.list(KEY);
        let context = context_from(&mut network, list[2]);
        let pinned = Terms {
            pinned: true,
            ..Terms::default()
        };
        let put = network.start_put_on(pinned, list[1], KEY, "a", Some(&context));
        assert_eq!(network.wait(put), Reply::Stored);
        assert_eq!(maker(&network, "a"), list[1]);
    }
}

#[test]
fn readers_of_the_same_versions_get_the_same_context_where_speed_does_not_matter() {
    for (coordinator, contexts) in [
        (Coordinator::Asked, 1),
        (Coordinator::First, 1),
        (Coordinator::Fastest, 3),
    ] {
        let mut network = by(coordinator);
        network.put(NodeId(0), KEY, "a", None);
        network.run_ms(100);
        let owners = network.list(KEY)[..3].to_vec();
        let distinct: BTreeSet<Vec<u8>> = owners
            .into_iter()
            .map(|owner| network.get(owner, KEY).1)
            .collect();
        assert_eq!(distinct.len(), contexts, "{coordinator:?}");
    }
}

#[test]
fn a_client_that_tries_again_puts_again() {
    let mut network = by(Coordinator::Asked);
    let list = network.list(KEY);
    let (_, context) = network.get(list[0], KEY);
    for node in [list[0], list[0], list[3]] {
        network.put(node, KEY, "a", Some(&context));
    }
    assert_eq!(network.get(list[1], KEY).0, ["a", "a", "a"]);
}

#[test]
fn a_put_is_one_event_whatever_is_lost_doubled_or_restarted_on_its_way() {
    for (seed, coordinator) in [Coordinator::Asked, Coordinator::First, Coordinator::Fastest]
        .into_iter()
        .cycle()
        .take(30)
        .enumerate()
    {
        let mut network = by(coordinator);
        network.luck.state = seed as u64;
        network.luck.lost_per_mille = 250;
        network.luck.doubled_per_mille = 250;
        network.luck.jitter_us = 30_000;
        let (mut contexts, mut gets) = (vec![None], Vec::new());
        for turn in 0..40 {
            let node = NodeId(network.luck.below(5) as u32);
            gets.push(network.start_get(node, KEY));
            let context = network.luck.below(contexts.len() as u64) as usize;
            let context = contexts[context].clone();
            let node = NodeId(network.luck.below(5) as u32);
            let _ = network.start_put(node, KEY, &format!("{turn}"), context.as_deref());
            network.run_ms(20);
            if network.luck.below(5) == 0 {
                network.restart(node);
            }
            contexts.extend(gets.iter().filter_map(|get| match network.reply(*get) {
                Some(Reply::Values { context, .. }) => Some(Some(context.clone())),
                _ => None,
            }));
        }
        network.run_ms(2_000);
        assert!(dots(&network).values().all(|dots| dots.len() == 1));
        let asked_again = network
            .log
            .iter()
            .filter(|(.., message)| matches!(message, Message::Forward { life: None, .. }));
        assert!(asked_again.count() > 0, "some puts were handed on");
    }
}
