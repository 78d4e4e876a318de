//! Calls are answered while members come and go: by the nodes that know of a change and by those that do
//! not yet.

use dynamo_core::{
    Confirmation, Handover, Input, Member, Message, NodeId, Reply, Request, RequestId, Ring, Shape,
    Siblings, Tag, Terms,
};

use crate::alone::{Alone, JOINER, change, keys_of};
use crate::network::Network;

const KEY: &[u8] = b"cart";

/// How many messages of another view wait until that is known.
const PARKED_MAX: usize = 256;

/// Less than it takes until a silent node is given up.
const AT_ONCE_MS: u64 = 40;

/// A cluster in which a node far from the key has just put it, so it knows the life of the first owner;
/// returns the owners and then the others.
fn acquainted() -> (Network, Vec<NodeId>) {
    let mut network = Network::new(Shape {
        nodes: 6,
        ..Shape::default()
    });
    let list = network.list(KEY);
    network.run_ms(1);
    assert_eq!(network.put(list[5], KEY, "a", None), Reply::Stored);
    network.run_ms(100);
    network.log.clear();
    (network, list)
}

/// The administrator speaks to that node alone.
fn leave(network: &mut Network, node: NodeId) {
    let leaves = network.request(node, Request::Leave { node });
    assert_eq!(network.wait(leaves), Reply::Stored);
}

fn forwards(network: &Network) -> Vec<(NodeId, NodeId, Message)> {
    let log = network.log.iter();
    log.filter(|(.., message)| matches!(message, Message::Forward { life: Some(_), .. }))
        .cloned()
        .collect()
}

#[test]
fn a_put_handed_to_one_that_has_left_goes_to_an_owner_as_soon_as_that_is_known() {
    let (mut network, list) = acquainted();
    leave(&mut network, list[0]);
    let began = network.now;
    assert_eq!(network.put(list[5], KEY, "b", None), Reply::Stored);
    assert!(network.now.0 - began.0 < AT_ONCE_MS * 1_000);
    let asked: Vec<NodeId> = forwards(&network).iter().map(|(_, to, _)| *to).collect();
    assert_eq!(asked[0], list[0]);
    assert!(
        asked.len() > 1 && !asked[1..].contains(&list[0]),
        "{asked:?}"
    );
    network.run_ms(2_000);
    assert_eq!(network.values(list[1], KEY), ["a", "b"], "each put once");
    let suspects = |node: &NodeId| network.node(list[5]).suspects(*node, network.now);
    assert!(!list.iter().any(suspects), "everybody answered");
}

/// Until it is known, who refused may be the owner still, and is asked once in a while only.
#[test]
fn a_refused_put_waits_for_news_and_no_longer_than_for_a_silent_node() {
    let (mut network, list) = acquainted();
    leave(&mut network, list[0]);
    network.luck.lost_kind = Some("history");
    let put = network.start_put(list[5], KEY, "b", None);
    network.run_ms(AT_ONCE_MS);
    assert_eq!(forwards(&network).len(), 1);
    network.run_ms(60);
    assert_eq!(forwards(&network).len(), 2);
    assert_eq!(network.reply(put), None);
    network.luck.lost_kind = None;
    assert_eq!(network.wait(put), Reply::Stored);
    network.run_ms(2_000);
    assert_eq!(network.values(list[1], KEY), ["a", "b"], "each put once");
}

/// A copy of the message may be on its way for long.
#[test]
fn what_was_refused_once_is_not_obeyed_later() {
    let (mut network, list) = acquainted();
    leave(&mut network, list[0]);
    assert_eq!(network.put(list[5], KEY, "b", None), Reply::Stored);
    let (from, to, message) = forwards(&network)[0].clone();
    assert_eq!(to, list[0]);
    let member = Member::default();
    let joins = network.request(list[1], Request::Join { node: to, member });
    network.wait(joins);
    network.run_ms(2_000);
    network.log.clear();
    network.input(to, Input::Message { from, message });
    network.run_ms(500);
    for owner in &network.list(KEY)[..3] {
        assert_eq!(network.values(*owner, KEY), ["a", "b"], "each put once");
    }
    let of_puts = |message: &Message| matches!(message, Message::Forwarded { .. });
    let answered = network.log.iter().any(|(.., message)| of_puts(message));
    assert!(!answered, "nor is it refused again");
}

fn replicates(taker: &Alone, view: u64, key: &[u8], number: u64) -> Message {
    assert_ne!(taker.node.view().mark(), view);
    Message::Replicate {
        tag: Tag { life: 0, number },
        view,
        synced: true,
        key: key.to_vec(),
        siblings: Siblings::new(),
        hint: None,
    }
}

#[test]
fn an_offer_that_comes_before_its_change_is_answered_when_that_is_known() {
    let (_, after, handover) = change();
    let mut taker = Alone::new(JOINER, 5);
    let view = after.mark();
    let offer = || Message::Offer {
        handover: handover.clone(),
        view,
    };
    taker.hear(handover.from, offer());
    assert_eq!(taker.said("confirm"), [], "it knows of no such view");
    taker.adopt(&after);
    let confirms = taker.said("confirm");
    assert_eq!(confirms.len(), 1);
    let answer = Confirmation::Wanted;
    let confirm = Message::Confirm {
        handover: handover.clone(),
        answer,
        view,
    };
    assert_eq!(confirms[0], (handover.from, confirm));
}

/// An offer is made again; what a client waits for is not.
#[test]
fn offers_do_not_drive_out_what_waits_for_a_view() {
    let (_, after, handover) = change();
    let mut taker = Alone::new(JOINER, 5);
    let (view, key) = (after.mark(), &keys_of(&handover)[0]);
    for number in 0..PARKED_MAX as u64 {
        let message = replicates(&taker, view, key, number);
        taker.hear(NodeId(1), message);
        let offer = Message::Offer {
            handover: handover.clone(),
            view,
        };
        taker.hear(handover.from, offer);
    }
    taker.adopt(&after);
    taker.sync();
    assert_eq!(taker.said("confirm"), []);
    taker.offer(&handover);
    assert_eq!(taker.said("replicated").len(), PARKED_MAX);
}

/// A put of every owner, coordinated by the new one; and its key.
fn put_at_joiner(network: &mut Network, handover: &Handover) -> (RequestId, Vec<u8>) {
    let pinned = Terms {
        w: Some(3),
        pinned: true,
        ..Terms::default()
    };
    let key = keys_of(handover)[0].clone();
    let put = network.start_put_on(pinned, JOINER, &key, "a", None);
    network.run_ms(AT_ONCE_MS);
    assert_eq!(network.values(JOINER, &key), ["a"]);
    (put, key)
}

fn join(network: &mut Network) {
    let (node, member) = (JOINER, Member::default());
    network.request(JOINER, Request::Join { node, member });
    // Who is to give has been asked for it by then, and so has heard of it.
    network.run_ms(250);
}

/// It may coordinate puts as soon as it knows that it owns the key.
#[test]
fn a_new_owner_counts_its_own_copy_once_the_old_one_is_known_to_have_ceased() {
    let (_, _, handover) = change();
    let mut network = Network::with_spares(Shape::default(), 1);
    network.stall(handover.from);
    // The range itself never comes.
    network.luck.lost_kind = Some("keys");
    join(&mut network);
    let (put, _) = put_at_joiner(&mut network, &handover);
    assert_eq!(network.reply(put), None, "the old one may act as an owner");
    network.release(handover.from);
    network.run_ms(AT_ONCE_MS);
    assert_eq!(network.reply(put), Some(&Reply::Stored));
}

/// After a restart it knows of no offer, and is not made the same again by one that sends already.
#[test]
fn a_new_owner_counts_its_own_copy_once_the_range_has_come_if_nobody_offered_it() {
    let (_, _, handover) = change();
    let mut network = Network::with_spares(Shape::default(), 1);
    network.luck.lost_kind = Some("keys");
    join(&mut network);
    network.restart(JOINER);
    network.log.clear();
    let (put, key) = put_at_joiner(&mut network, &handover);
    assert_eq!(network.reply(put), None);
    network.luck.lost_kind = None;
    network.run_ms(150);
    assert_eq!(network.reply(put), Some(&Reply::Stored));
    let position = Ring::position(&key);
    let offers = |message: &Message| matches!(message, Message::Offer { handover, .. } if handover.range.contains(position));
    assert!(!network.log.iter().any(|(.., message)| offers(message)));
}

/// That its range has been offered says nothing of its own disk.
#[test]
fn a_new_owner_does_not_count_a_copy_that_is_not_on_its_disk_yet() {
    let (_, _, handover) = change();
    let mut network = Network::with_spares(Shape::default(), 1);
    network.stall(handover.from);
    network.luck.lost_kind = Some("keys");
    join(&mut network);
    network.stall(JOINER);
    let pinned = Terms {
        w: Some(1),
        pinned: true,
        ..Terms::default()
    };
    let key = &keys_of(&handover)[0];
    let put = network.start_put_on(pinned, JOINER, key, "a", None);
    network.release(handover.from);
    network.run_ms(AT_ONCE_MS);
    let confirms = network.log.iter().filter(|(from, to, message)| {
        (*from, *to, message.kind()) == (JOINER, handover.from, "confirm")
    });
    assert!(confirms.count() > 0, "the offer has come");
    assert_eq!(network.reply(put), None);
    network.release(JOINER);
    network.run_ms(AT_ONCE_MS);
    assert_eq!(network.reply(put), Some(&Reply::Stored));
}
