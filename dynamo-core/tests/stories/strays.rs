//! What is not a node's own: ranges that it holds and does not own, hints, puts of keys that nobody
//! owns.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dynamo_core::{
    Bootstrap, Config, Input, Member, Node, NodeId, Output, Reply, Request, RequestId, Shape,
    Terms, Time,
};

use crate::network::{Network, still};

const KEYS: u32 = 20;

fn key(number: u32) -> Vec<u8> {
    format!("key {number}").into_bytes()
}

/// Somebody forgot to hand them over: they are on the disk of one that does not own them, of nobody
/// else, and nobody is known to wait for them.
#[test]
fn keys_that_only_a_stranger_holds_come_to_all_their_owners_with_the_next_change() {
    let mut network = Network::with_spares(still(), 1);
    for number in 0..KEYS {
        let owner = network.list(&key(number))[0];
        network.put(owner, &key(number), "v", None);
    }
    network.run_ms(100);
    for number in 0..KEYS {
        let (list, name) = (
            network.list(&key(number)),
            [b"d", &key(number)[..]].concat(),
        );
        for owner in &list[..3] {
            let record = network.disk(*owner).remove(&name).expect("it is stored");
            network.disk(list[3]).insert(name.clone(), record);
        }
    }
    for node in network.ids() {
        network.restart(node);
    }
    network.run_ms(3_000);
    assert_eq!(network.count("offer"), 0, "so far all is as it was");
    let (node, member) = (NodeId(5), Member::default());
    let id = network.request(NodeId(0), Request::Join { node, member });
    assert_eq!(network.wait(id), Reply::Stored);
    network.run_ms(5_000);
    for number in 0..KEYS {
        let view = network.node(NodeId(0)).view();
        let owners = view.owners(view.ring().range_of(&key(number))).to_vec();
        for node in network.ids() {
            let found = network.values(node, &key(number)) == ["v"];
            assert_eq!(found, owners.contains(&node), "{node} of {owners:?}");
        }
    }
    assert!(
        network
            .ids()
            .iter()
            .all(|id| network.node(*id).moving() == 0)
    );
}

#[test]
fn a_node_names_the_hints_that_it_keeps_on_disk() {
    let mut network = Network::new(Shape {
        anti_entropy: false,
        ..Shape::default()
    });
    let away = NodeId(2);
    network.crash(away);
    for number in 0..KEYS {
        let node = NodeId(number % 2);
        let _ = network.start_put(node, &key(number), "v", None);
        network.run_ms(100);
    }
    network.run_ms(500);
    let mut hinted = BTreeSet::new();
    for node in [0, 1, 3, 4].map(NodeId) {
        let kept: Vec<(NodeId, &[u8])> = network.node(node).hints().collect();
        let owners: Vec<NodeId> = kept.iter().map(|(owner, _)| *owner).collect();
        assert_eq!(owners, network.hints(node));
        hinted.extend(kept.into_iter().map(|(_, key)| key.to_vec()));
    }
    let owned = |number: &u32| network.list(&key(*number))[..3].contains(&away);
    let missed: BTreeSet<Vec<u8>> = (0..KEYS).filter(owned).map(key).collect();
    assert!(!missed.is_empty());
    assert_eq!(hinted, missed);
    network.restart(away);
    network.run_ms(1_000);
    assert!(
        [0, 1, 3, 4]
            .iter()
            .all(|id| network.node(NodeId(*id)).hints().next().is_none())
    );
}

/// It may have been started before anybody told it of the cluster.
#[test]
fn where_no_member_is_known_a_put_is_neither_kept_nor_acknowledged() {
    for w in 1..=3 {
        let config = Config::new(Shape {
            bootstrap: Bootstrap::Alone,
            ..Shape::default()
        });
        let config = Arc::new(config.expect("a valid shape"));
        let mut node = Node::start(NodeId(9), config, &BTreeMap::new(), Time(0));
        let request = Request::Put {
            key: key(0),
            value: b"v".to_vec(),
            context: None,
            terms: Terms {
                w: Some(w),
                ..Terms::default()
            },
        };
        let (id, mut out) = (RequestId(1), Vec::new());
        node.handle(Time(0), Input::Request { id, request }, &mut out);
        let reply = Reply::Unavailable;
        assert_eq!(out, [Output::Reply { id, reply }]);
    }
}
