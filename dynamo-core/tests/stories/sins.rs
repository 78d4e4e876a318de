//! How a node with a flaw goes about it, told every word by hand.

use dynamo_core::{Flaw, Hint, Message, NodeId, Reason, Ring, Shape, View};

use crate::alone::{Alone, JOINER, OTHER, founders, joined};

fn alone(id: NodeId, flaw: Flaw) -> Alone {
    let shape = Shape {
        anti_entropy: false,
        gossip: false,
        flaw: Some(flaw),
        ..Shape::default()
    };
    Alone::of(id, shape)
}

/// Keys with their owners.
fn owned(view: &View) -> impl Iterator<Item = (Vec<u8>, Vec<NodeId>)> {
    let keys = (0..).map(|number: u32| number.to_be_bytes().to_vec());
    keys.map(|key| {
        let owners = view.owners_at(Ring::position(&key)).to_vec();
        (key, owners)
    })
}

fn hint(owner: NodeId) -> Hint {
    let reason = Reason::Silent;
    Hint { owner, reason }
}

#[test]
fn who_sends_a_hint_only_once_sends_each_of_them_once() {
    let (keeper, owner) = (NodeId(0), NodeId(1));
    let mut node = alone(keeper, Flaw::HintOnlyOnce);
    let view = founders(5);
    let of_owner = owned(&view).filter(|(_, owners)| owners.contains(&owner));
    for (key, _) in of_owner.take(3) {
        node.replicate_for(&key, Some(hint(owner)));
    }
    node.run_ms(2_000);
    let sent = node.said("hint");
    assert!(sent.iter().all(|(to, _)| *to == owner));
    let keys: Vec<&[u8]> = sent.iter().flat_map(|(_, said)| said.carries()).collect();
    let mut distinct = keys.clone();
    distinct.dedup();
    assert_eq!((keys.len(), distinct.len()), (3, 3));
}

#[test]
fn who_sends_hints_to_the_first_owner_sends_them_to_one_that_is_not_itself() {
    let keeper = NodeId(0);
    let view = founders(5);
    for place in [None, Some(0), Some(1)] {
        let here = |(_, owners): &(Vec<u8>, Vec<NodeId>)| {
            owners.iter().position(|owner| *owner == keeper) == place
        };
        let (key, owners) = owned(&view).find(here).expect("there is such a key");
        let mut node = alone(keeper, Flaw::HintToFirstOwner);
        node.replicate_for(&key, Some(hint(owners[2])));
        node.run_ms(200);
        let to: Vec<NodeId> = node.said("hint").iter().map(|(to, _)| *to).collect();
        let first = owners.iter().find(|owner| **owner != keeper);
        assert_eq!(to, first.copied().into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn who_takes_over_a_history_forgets_what_it_does_not_say() {
    let before = founders(5);
    let other = joined(&before, OTHER);
    for (wanted, knows_both) in [(true, false), (false, true)] {
        let mut node = alone(NodeId(0), Flaw::TakeRemoteHistory);
        node.adopt(&joined(&before, JOINER));
        let changes = other.membership().clone();
        node.hear(NodeId(1), Message::History { changes, wanted });
        let known = node.node.view().membership();
        assert!(known.is_member(OTHER));
        assert_eq!(known.is_member(JOINER), knows_both);
    }
}
