//! When a coordinator may take it that a copy holds what it is about to tell the client.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynamo_core::{
    Config, Input, Member, Message, Node, NodeId, Output, ReadRepair, Reply, Request, RequestId,
    Shape, Siblings, Tag, Terms, Time,
};

use crate::network::{Network, made_by, still};

/// A strict quorum whose gets wait for the replicas that answered.
fn strict() -> Shape {
    Shape {
        read_repair: ReadRepair::Responders,
        ..still()
    }
}

#[test]
fn only_this_life_and_this_view_hear_that_something_was_written_back() {
    let key = b"cart".to_vec();
    let config = Arc::new(Config::new(strict()).expect("a valid shape"));
    let list = config.ring().preference_list(&key);
    let (view, now) = (config.view().mark(), Time(7));
    let mut node = Node::start(list[4], config, &BTreeMap::new(), now);
    let mut out = Vec::new();
    let (id, terms) = (RequestId(1), Terms::default());
    let request = Request::Get { key, terms };
    node.handle(now, Input::Request { id, request }, &mut out);
    let tag = out.iter().find_map(|output| match output {
        Output::Send {
            message: Message::Fetch { tag, .. },
            ..
        } => Some(*tag),
        _ => None,
    });
    let tag = tag.expect("the owners are asked");
    let mut hear = |from, message| {
        let mut out = Vec::new();
        node.handle(now, Input::Message { from, message }, &mut out);
        out
    };
    for (from, siblings) in [
        (list[0], made_by(NodeId(9), "a")),
        (list[1], Siblings::new()),
    ] {
        let fetched = Message::Fetched {
            tag,
            view,
            siblings,
        };
        out = hear(from, fetched);
    }
    let [
        Output::Send {
            to,
            message: Message::Replicate { tag, .. },
        },
    ] = out[..]
    else {
        panic!("what one lacks is written back to it: {out:?}");
    };
    assert_eq!(to, list[1]);
    for (life, view) in [(6, view), (8, view), (7, !view), (6, !view)] {
        let tag = Tag { life, ..tag };
        let out = hear(to, Message::Replicated { tag, view });
        assert!(out.is_empty(), "life {life}: {out:?}");
    }
    let out = hear(to, Message::Replicated { tag, view });
    assert!(matches!(
        out[..],
        [Output::Reply {
            reply: Reply::Values { .. },
            ..
        }]
    ));
}

/// The old owner may still acknowledge puts by itself, so a later get need not meet this copy.
#[test]
fn an_owner_does_not_count_its_own_copy_until_the_old_owner_is_known_to_have_ceased() {
    let mut asked = 0;
    for number in 0..12 {
        let mut network = Network::with_spares(strict(), 1);
        let (joiner, key) = (NodeId(5), format!("key {number}").into_bytes());
        let old = network.list(&key);
        assert_eq!(network.put(old[0], &key, "a", None), Reply::Stored);
        network.luck.lost_kind = Some("offer");
        let (node, member) = (joiner, Member::default());
        let id = network.request(NodeId(0), Request::Join { node, member });
        assert_eq!(network.wait(id), Reply::Stored);
        network.run_ms(2_000);
        let new = network.node(joiner).view().ring().owners(&key, 3);
        let stay: Vec<NodeId> = old[..3]
            .iter()
            .copied()
            .filter(|id| new.contains(id))
            .collect();
        if !new.contains(&joiner) || stay.len() < 2 {
            continue;
        }
        asked += 1;
        network.crash(stay[0]);
        let get = network.start_get(joiner, &key);
        network.run_ms(60);
        assert_eq!(network.values(joiner, &key), ["a"], "the copy is there");
        assert_eq!(network.reply(get), None, "but does not count");
        network.luck.lost_kind = None;
        assert_eq!(network.values_of(get).0, ["a"], "looked at again in time");
    }
    assert!(asked > 2, "{asked}");
}
