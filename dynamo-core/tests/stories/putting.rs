//! Puts that meet a change of members, and what a coordinator writes besides what it was given.

use dynamo_core::{
    Flaw, Input, Message, Move, NodeId, Reply, Request, RequestId, Shape, Siblings, Terms, Version,
};

use crate::alone::{Alone, JOINER, change, handed_over, keys_of, next};
use crate::network::Network;

const KEY: &[u8] = b"cart";

fn put(node: &mut Alone, key: &[u8]) {
    let terms = Terms {
        w: Some(3),
        ..Terms::default()
    };
    let request = Request::Put {
        key: key.to_vec(),
        value: b"v".to_vec(),
        context: None,
        terms,
    };
    let id = RequestId(1);
    node.input(Input::Request { id, request });
}

/// What others were told to keep since that was last asked.
fn copies(node: &mut Alone) -> Vec<Siblings> {
    let copies = node.said("replicate").into_iter();
    let siblings = copies.map(|(_, message)| match message {
        Message::Replicate { siblings, .. } => siblings,
        _ => panic!("it replicates"),
    });
    siblings.collect()
}

fn all_hold_it(copies: &[Siblings]) -> bool {
    let holds = |siblings: &Siblings| {
        let mut values = siblings.iter().map(|version| version.value.as_deref());
        values.any(|value| value == Some(b"v"))
    };
    !copies.is_empty() && copies.iter().all(holds)
}

#[test]
fn a_coordinator_that_has_handed_the_range_over_still_tells_what_was_put() {
    let (_, after, handover) = change();
    let mut node = Alone::new(handover.from, 5);
    put(&mut node, &keys_of(&handover)[0]);
    node.sync();
    assert!(all_hold_it(&copies(&mut node)));
    node.adopt(&after);
    let mut node = handed_over(node, &handover);
    assert_eq!(node.node.keys(), 0);
    node.said.clear();
    // Nobody answers, so others are asked.
    node.run_ms(60);
    assert!(all_hold_it(&copies(&mut node)));
}

#[test]
fn a_stand_in_that_becomes_an_owner_still_tells_what_was_put() {
    let (_, after, handover) = change();
    let mut node = Alone::new(JOINER, 5);
    put(&mut node, &keys_of(&handover)[0]);
    // One owner after the other stays silent.
    node.run_ms(200);
    node.sync();
    node.said.clear();
    node.adopt(&after);
    let asked = node.said.clone();
    assert!(all_hold_it(&copies(&mut node)));
    node.sync();
    node.offer(&handover);
    acknowledge(&mut node, &asked);
    assert_eq!(node.replies, [], "what it has itself is a hint, which goes");
}

/// All who were asked for copies have them on disk.
fn acknowledge(node: &mut Alone, asked: &[(NodeId, Message)]) {
    let mut count = 0;
    for (from, message) in asked {
        if let Message::Replicate { tag, view, .. } = message {
            let (tag, view) = (*tag, *view);
            node.hear(*from, Message::Replicated { tag, view });
            count += 1;
        }
    }
    assert_eq!(count, 2, "all owners but this node");
}

/// For whom each is asked to keep a copy: itself, or another.
fn asked(node: &mut Alone) -> Vec<(NodeId, NodeId, Message)> {
    let said = node.said("replicate").into_iter();
    let asked = said.map(|(to, message)| match &message {
        Message::Replicate {
            tag, view, hint, ..
        } => {
            let (tag, view) = (*tag, *view);
            let owner = hint.map_or(to, |hint| hint.owner);
            (to, owner, Message::Replicated { tag, view })
        }
        _ => panic!("it replicates"),
    });
    asked.collect()
}

/// §4.6: a stand-in hands its copy over, so it and an owner that answers late have one copy in the end.
#[test]
fn an_owner_and_who_stands_in_for_it_count_as_one() {
    let (_, _, handover) = change();
    let began = || {
        let mut node = Alone::new(handover.from, 5);
        put(&mut node, &keys_of(&handover)[0]);
        node.sync();
        let owners = asked(&mut node);
        node.run_ms(60);
        let stand_ins = asked(&mut node);
        assert_eq!((owners.len(), stand_ins.len()), (2, 2));
        (node, owners, stand_ins)
    };
    for (first, other) in [(0, 1), (1, 0)] {
        let (mut node, owners, stand_ins) = began();
        let (late, _, word) = owners[first].clone();
        let for_it = stand_ins.iter().find(|(_, owner, _)| *owner == late);
        let (stand_in, ..) = for_it.expect("somebody stands in");
        node.hear(*stand_in, word.clone());
        node.hear(late, word.clone());
        assert_eq!(node.replies, [], "two copies, and this node has one");
        node.hear(owners[other].0, word);
        assert_eq!(node.replies, [Reply::Stored]);
    }
    // Each of two owners has one, whoever keeps it.
    let (mut node, owners, stand_ins) = began();
    for (stand_in, owner, word) in stand_ins {
        assert!(owners.iter().any(|(to, ..)| *to == owner));
        node.hear(stand_in, word);
    }
    assert_eq!(node.replies, [Reply::Stored]);
}

#[test]
fn a_coordinator_that_owns_the_range_again_does_not_count_what_it_gave_away() {
    let (_, after, handover) = change();
    let mut node = Alone::new(handover.from, 5);
    put(&mut node, &keys_of(&handover)[0]);
    node.sync();
    node.adopt(&after);
    let mut node = handed_over(node, &handover);
    let back = next(&after, JOINER, Move::Leave);
    let id = node.id;
    let returns = after.handovers(&back).into_iter().find(|back| {
        (back.from, back.to) == (JOINER, id) && back.range.contains(handover.range.to)
    });
    node.said.clear();
    node.adopt(&back);
    let asked = node.said.clone();
    node.sync();
    node.offer(&returns.expect("it gets it back"));
    acknowledge(&mut node, &asked);
    assert_eq!(node.replies, []);
}

/// The only version of the key on the disk of its first owner.
fn only(network: &Network) -> Version {
    let held = network.held(network.list(KEY)[0], KEY);
    assert_eq!(held.iter().count(), 1);
    held.iter().next().cloned().expect("there is one")
}

/// A time stays in contexts for ever; here no versions are compared by it.
#[test]
fn only_a_tombstone_that_goes_one_day_says_when_it_was_made() {
    for reaping_us in [None, Some(60_000_000)] {
        let mut network = Network::new(Shape {
            reaping_us,
            ..Shape::default()
        });
        let owner = network.list(KEY)[0];
        network.run_ms(10);
        network.put(owner, KEY, "a", None);
        network.run_ms(10);
        assert_eq!(only(&network).time, 0, "{reaping_us:?}");
        let (_, context) = network.get(owner, KEY);
        let now = network.now.0;
        network.delete(owner, KEY, Some(&context));
        network.run_ms(10);
        let time = if reaping_us.is_some() { now } else { 0 };
        assert_eq!(only(&network).time, time, "{reaping_us:?}");
    }
}

#[test]
fn who_dominates_the_same_context_replaces_its_own_versions_only() {
    for (flaw, left) in [
        (None, &["b", "c", "d"][..]),
        (Some(Flaw::DominateSameContext), &["c", "d"]),
    ] {
        let mut network = Network::new(Shape {
            flaw,
            ..Shape::default()
        });
        let list = network.list(KEY);
        network.put(list[0], KEY, "a", None);
        let (_, context) = network.get(list[0], KEY);
        for (owner, value) in [(list[0], "b"), (list[1], "c"), (list[0], "d")] {
            let reply = network.put(owner, KEY, value, Some(&context));
            assert_eq!(reply, Reply::Stored);
            network.run_ms(10);
        }
        let mut values = network.values(list[0], KEY);
        values.sort();
        assert_eq!(values, left, "{flaw:?}");
    }
}

#[test]
fn who_creates_again_without_a_past_leaves_the_tombstone_and_nothing_else() {
    for (flaw, left) in [(None, 1), (Some(Flaw::RecreateWithoutPast), 2)] {
        let mut network = Network::new(Shape {
            flaw,
            ..Shape::default()
        });
        let owner = network.list(KEY)[0];
        let count = |network: &Network, node: NodeId| network.held(node, KEY).iter().count();
        network.put(owner, KEY, "a", None);
        let (_, context) = network.get(owner, KEY);
        network.put(owner, KEY, "b", Some(&context));
        network.run_ms(10);
        assert_eq!(count(&network, owner), 1, "nothing was deleted yet");
        let (_, context) = network.get(owner, KEY);
        network.delete(owner, KEY, Some(&context));
        let (_, context) = network.get(owner, KEY);
        network.put(owner, KEY, "c", Some(&context));
        network.run_ms(10);
        assert_eq!(count(&network, owner), left, "{flaw:?}");
    }
}
