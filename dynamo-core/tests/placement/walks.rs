//! The laws of every ring: ranges fill the circle, and walks are as an oracle walks.

use std::collections::{BTreeMap, BTreeSet};

use dynamo_core::{Member, Membership, NodeId, Partitioning, Ring};

use crate::histories::{Any, ByTokens, History, owners, points};
use crate::law;

#[test]
fn every_point_lies_in_one_range_and_ranges_follow_one_another() {
    law::<fn((Any, History, u128)) -> bool>(|(Any(partitioning), history, point)| {
        let ring = Ring::new(partitioning, &history.told());
        let ranges: Vec<_> = (0..ring.ranges())
            .filter_map(|range| ring.range(range))
            .collect();
        let follow = (0..ranges.len())
            .all(|range| ranges[(range + 1) % ranges.len()].after == ranges[range].to);
        let located = points(&[&ring]).into_iter().chain([point]).all(|point| {
            let around = (0..ring.ranges())
                .zip(&ranges)
                .filter(|(_, range)| range.contains(point));
            let around: Vec<u32> = around.map(|(range, _)| range).collect();
            ranges.is_empty() || around == [ring.range_at(point)]
        });
        ranges.len() == ring.ranges() as usize && follow && located
    });
}

#[test]
fn a_preference_list_names_every_member_once() {
    law::<fn((Any, History, Vec<u8>, usize)) -> bool>(|(any, history, key, n)| {
        let members = history.told().members();
        let ring = Ring::new(any.0, &history.told());
        let list = ring.preference_list(&key);
        let distinct: BTreeSet<NodeId> = list.iter().copied().collect();
        let n = n % 10;
        list.len() == distinct.len()
            && distinct == members.keys().copied().collect()
            && ring.owners(&key, n as u32) == list[..n.min(members.len())]
            && ring.walk(ring.range_of(&key)) == list
    });
}

#[test]
fn the_owners_span_as_many_zones_as_there_are() {
    law::<fn((Any, History, usize)) -> bool>(|(any, history, n)| {
        let members = history.told().members();
        let zones = |nodes: &[NodeId]| {
            let zones = nodes.iter().map(|node| members[node].zone);
            zones.collect::<BTreeSet<_>>().len()
        };
        let everybody: Vec<NodeId> = members.keys().copied().collect();
        let (ring, n) = (Ring::new(any.0, &history.told()), n % 5);
        points(&[&ring])
            .into_iter()
            .all(|point| zones(owners(&ring, point, n)) == n.min(zones(&everybody)))
    });
}

#[test]
fn all_who_know_the_same_changes_lay_out_the_same_ring() {
    law::<fn((Any, History, Vec<bool>)) -> bool>(|(any, history, split)| {
        let (mut one, mut two) = (Membership::default(), Membership::default());
        for (index, change) in history.0.iter().rev().enumerate() {
            let first = split.get(index).copied().unwrap_or_default();
            if first { &mut one } else { &mut two }.add(*change);
        }
        two.merge(&one);
        Ring::new(any.0, &two) == Ring::new(any.0, &history.told())
    });
}

#[test]
fn a_ring_of_random_tokens_depends_on_the_members_alone() {
    law::<fn((ByTokens, History)) -> bool>(|(ByTokens(partitioning), history)| {
        let founded = Membership::founded(history.told().members());
        Ring::new(partitioning, &history.told()) == Ring::new(partitioning, &founded)
    });
}

/// Goes round token by token, by the distance from where it starts, and takes zones by turn.
fn oracle(
    from: u128,
    tokens: &[(u128, NodeId)],
    members: &BTreeMap<NodeId, Member>,
) -> Vec<NodeId> {
    let distance = |node: NodeId| {
        let own = tokens.iter().filter(|token| token.1 == node);
        own.map(|token| token.0.wrapping_sub(from)).min()
    };
    let mut left: Vec<NodeId> = members.keys().copied().collect();
    left.sort_by_key(|node| (distance(*node).is_none(), distance(*node)));
    let mut walk = Vec::new();
    while !left.is_empty() {
        let mut zones = BTreeSet::new();
        let (round, rest) = left
            .into_iter()
            .partition(|node| zones.insert(members[node].zone));
        walk.extend::<Vec<NodeId>>(round);
        left = rest;
    }
    walk
}

#[test]
fn walks_go_clockwise_from_the_end_of_the_range_and_take_zones_by_turn() {
    law::<fn((Any, History)) -> bool>(|(Any(partitioning), history)| {
        let members = history.told().members();
        let ring = Ring::new(partitioning, &history.told());
        let end = |range: u32| ring.range(range).map_or(0, |range| range.to);
        let tokens: Vec<(u128, NodeId)> = match partitioning {
            Partitioning::Tokens { per_node }
            | Partitioning::TokensOverPartitions { per_node, .. } => members
                .iter()
                .flat_map(|(node, member)| {
                    let name = move |number| format!("node-{}-{number}", node.0);
                    let positions = (0..per_node * member.capacity).map(name);
                    positions.map(|name| (Ring::position(name.as_bytes()), *node))
                })
                .collect(),
            Partitioning::Partitions { .. } => (0..ring.ranges())
                .filter_map(|range| Some((end(range), *ring.walk(range).first()?)))
                .collect(),
        };
        (0..ring.ranges()).all(|range| ring.walk(range) == oracle(end(range), &tokens, &members))
    });
}

/// Worked out by another program.
#[test]
fn five_nodes_with_eight_tokens_each_keep_two_known_keys_where_they_always_did() {
    let members = (0..5).map(|node| (NodeId(node), Member::default()));
    let partitioning = Partitioning::Tokens { per_node: 8 };
    let ring = Ring::new(partitioning, &Membership::founded(members));
    let found = [b"cart".as_slice(), b"session"].map(|key| {
        let list = ring.preference_list(key);
        let nodes = list.iter().map(|node| node.0);
        (
            ring.range_name(ring.range_of(key)),
            nodes.collect::<Vec<_>>(),
        )
    });
    assert_eq!(
        found,
        [
            ("n3/5".to_owned(), vec![3, 2, 1, 0, 4]),
            ("n1/2".to_owned(), vec![1, 2, 3, 0, 4])
        ]
    );
}
