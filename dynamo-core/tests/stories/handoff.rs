//! What is kept for a node that seems down reaches it.

use dynamo_core::{Input, Message, NodeId, ReadRepair, Reason, Record, Reply, Shape};

use crate::network::Network;

const KEY: &[u8] = b"cart";

/// Hints alone mend: nothing else may do their work.
fn hints_only() -> Network {
    let shape = Shape {
        anti_entropy: false,
        read_repair: ReadRepair::Off,
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
        read_repair: ReadRepair::Off,
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

/// A stand-in forgets what it handed over. If its next event were of the same actor, every context
/// that has seen it would claim to have seen the forgotten one too.
#[test]
fn a_stand_in_that_coordinates_twice_loses_neither_put() {
    let shape = Shape {
        nodes: 4,
        r: 1,
        w: 1,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    let (first, second, stand_in) = (list[0], list[1], list[3]);
    let only = |network: &mut Network, one: NodeId, other: NodeId| {
        network.heal();
        for pair in
            [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)].map(|(a, b)| (list[a], list[b]))
        {
            if pair != (one, other) {
                network.cut(pair.0, pair.1);
            }
        }
    };

    network.isolate(stand_in);
    assert_eq!(network.put(stand_in, KEY, "a", None), Reply::Stored);
    network.restart(stand_in);
    only(&mut network, first, stand_in);
    network.run_ms(1_000);
    assert_eq!(network.values(first, KEY), ["a"]);
    assert!(network.hints(stand_in).is_empty());

    network.restart(stand_in);
    network.isolate(stand_in);
    assert_eq!(network.put(stand_in, KEY, "b", None), Reply::Stored);
    network.run_ms(500);
    only(&mut network, second, stand_in);
    network.run_ms(1_000);
    assert_eq!(network.values(second, KEY), ["b"]);

    let (values, context) = network.get(second, KEY);
    assert_eq!(values, ["b"]);
    assert_eq!(network.put(second, KEY, "c", Some(&context)), Reply::Stored);
    network.heal();
    network.run_ms(2_000);
    assert_eq!(network.values(first, KEY), ["a", "c"], "c has not seen a");
}

/// Found by a campaign: what the stand-in noted for the silent owners was what it still had of the key.
#[test]
fn a_stand_in_that_has_handed_its_put_over_still_keeps_it_for_the_silent_owners() {
    let mut shape = Shape {
        nodes: 4,
        w: 1,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    };
    shape.timing.replica_us = 250_000;
    shape.timing.request_us = 5_000_000;
    shape.timing.suspicion_us = 550_000;
    shape.timing.hint_scan_us = 50_000;
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    let stand_in = list[3];
    network.isolate(stand_in);
    let put = network.start_put(stand_in, KEY, "a", None);
    network.run_ms(3 * 250 + 10);
    assert_eq!(network.reply(put), Some(&Reply::Stored));
    network.heal();
    for other in [list[1], list[2]] {
        network.cut(stand_in, other);
    }
    network.run_ms(200);
    assert_eq!(network.values(list[0], KEY), ["a"]);
    assert!(
        network.hints(stand_in).is_empty(),
        "handed over, and no timeout yet"
    );
    network.run_ms(100);
    let mut kept_for = network.hints(stand_in);
    kept_for.sort();
    let mut silent = [list[1], list[2]];
    silent.sort();
    assert_eq!(kept_for, silent);
    network.heal();
    network.run_ms(3_000);
    for owner in &list[..3] {
        assert_eq!(network.values(*owner, KEY), ["a"]);
    }
}

#[test]
fn a_stand_in_is_somebody_else_who_seems_up() {
    let shape = Shape {
        nodes: 6,
        w: 1,
        ..Shape::default()
    };
    let mut network = Network::new(shape);
    let list = network.list(KEY);
    for dead in [0, 1, 2, 4] {
        network.crash(list[dead]);
    }
    network.put(list[3], KEY, "a", None);
    network.run_ms(100);
    assert!(network.log.iter().all(|(from, to, _)| from != to));
    assert_eq!(network.hints(list[5]), [list[2]]);
    network.log.clear();
    network.put(list[3], KEY, "b", None);
    assert!(
        network.log.iter().all(|(_, to, _)| *to != list[4]),
        "it was silent just now"
    );
}

#[test]
fn a_node_that_is_heard_again_is_counted_on_at_once() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    network.put(list[0], KEY, "a", None);
    network.run_ms(60);
    network.restart(list[1]);
    network.get(list[1], b"another key to ask about");
    network.get(list[1], KEY);
    network.put(list[0], KEY, "b", None);
    network.run_ms(10);
    assert_eq!(network.values(list[1], KEY), ["a", "b"]);
}

#[test]
fn what_is_meant_for_owners_is_not_taken_by_others() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    let siblings = network.held(list[0], KEY);
    let key = KEY.to_vec();
    let messages = [
        Message::Hint {
            key: key.clone(),
            siblings: siblings.clone(),
        },
        Message::Repair {
            key: key.clone(),
            siblings: siblings.clone(),
        },
        Message::SyncStates {
            states: vec![(key, siblings)],
            wanted: vec![],
        },
    ];
    for message in messages {
        network.input(
            list[4],
            Input::Message {
                from: list[0],
                message,
            },
        );
    }
    network.run_ms(100);
    assert!(network.held(list[4], KEY).is_empty());
    assert_eq!(network.count("hint-ack"), 0);
}

#[test]
fn a_delete_is_kept_for_an_owner_like_any_put() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    network.crash(list[1]);
    let (_, context) = network.get(list[0], KEY);
    assert_eq!(network.delete(list[0], KEY, Some(&context)), Reply::Stored);
    network.run_ms(100);
    assert_eq!(network.hints(list[3]), [list[1]]);
    assert_eq!(network.values(list[1], KEY), ["a"]);
    network.restart(list[1]);
    network.run_ms(1_000);
    assert!(network.values(list[1], KEY).is_empty());
    assert_eq!(network.held(list[1], KEY), network.held(list[0], KEY));
    assert!(network.hints(list[3]).is_empty());
}

/// For whom a disk holds hints, and why.
fn reasons(network: &Network, node: NodeId) -> Vec<(NodeId, Reason)> {
    let hints = network.records(node).filter_map(|record| match record {
        Record::Hint { owner, reason, .. } => Some((owner, reason)),
        _ => None,
    });
    hints.collect()
}

#[test]
fn a_hint_says_whether_its_owner_was_silent_or_was_not_even_asked() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[1]);
    network.put(list[0], KEY, "a", None);
    network.run_ms(100);
    assert_eq!(
        reasons(&network, list[3]),
        [(list[1], Reason::Silent)],
        "the first put had to find out"
    );
    network.put(list[0], b"other key", "b", None);
    network.put(list[0], KEY, "b", None);
    network.run_ms(100);
    let told = network
        .log
        .iter()
        .filter_map(|(.., message)| match message {
            Message::Replicate { hint, .. } => *hint,
            _ => None,
        });
    let told: Vec<Reason> = told.map(|hint| hint.reason).collect();
    assert_eq!(told[0], Reason::Silent);
    assert_eq!(*told.last().expect("one more"), Reason::Suspected);
    assert_eq!(
        reasons(&network, list[3])[0],
        (list[1], Reason::Silent),
        "of two reasons the first counts"
    );
}

#[test]
fn a_coordinator_says_of_its_own_hints_why_it_keeps_them() {
    let mut network = Network::new(Shape {
        sloppy: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    });
    let list = network.list(KEY);
    network.isolate(list[0]);
    network.put(list[0], KEY, "a", None);
    let mut owners = [(list[1], Reason::Silent), (list[2], Reason::Silent)];
    owners.sort_by_key(|(owner, _)| *owner);
    assert_eq!(reasons(&network, list[0]), owners);

    let mut network = hints_only();
    network.isolate(list[4]);
    for turn in 0..4 {
        network.put(list[4], KEY, &format!("{turn}"), None);
    }
    let kept = reasons(&network, list[4]);
    assert!(kept.contains(&(list[0], Reason::Suspected)), "{kept:?}");
}

#[test]
fn hints_of_one_key_for_two_owners_each_find_their_way() {
    let mut network = hints_only();
    let list = network.list(KEY);
    network.crash(list[0]);
    network.crash(list[1]);
    for turn in 0..3 {
        let _ = network.put(list[2], KEY, &format!("{turn}"), None);
        network.run_ms(100);
    }
    for (owner, other) in [(list[1], list[0]), (list[0], list[1])] {
        network.restart(owner);
        network.run_ms(1_000);
        assert_eq!(network.values(owner, KEY), ["0", "1", "2"]);
        let left: Vec<NodeId> = network
            .ids()
            .into_iter()
            .flat_map(|node| network.hints(node))
            .collect();
        assert_eq!(left.contains(&other), !network.is_up(other));
        assert!(!left.contains(&owner));
    }
}
