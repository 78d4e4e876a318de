//! One node that gives ranges or takes them, and is told every word by hand.

use std::collections::BTreeSet;

use dynamo_core::{Confirmation, Handover, Hint, Message, Move, NodeId, Reason, Record, Ring};

use crate::alone::{Alone, JOINER, KEYS, OTHER, founders, giver, joined, keys_of, next, taker};

#[test]
fn a_range_is_offered_only_once_the_change_is_on_disk() {
    let (mut giver, _, duty) = giver();
    giver.run_ms(1_000);
    assert!(giver.said("offer").is_empty());
    giver.sync();
    let offers = giver.said("offer");
    assert!(offers.iter().any(|(to, _)| *to == duty.to));
}

#[test]
fn a_range_that_two_wait_for_stays_until_both_have_it() {
    let (mut giver, after, duty) = giver();
    let claim = Handover {
        to: OTHER,
        ..duty.clone()
    };
    let (handover, view) = (claim.clone(), after.mark());
    giver.hear(OTHER, Message::Claim { handover, view });
    giver.sync();
    giver.confirm(&claim, Confirmation::Had);
    giver.sync();
    assert_eq!(giver.node.keys(), KEYS as u64);
    giver.said.clear();
    giver.confirm(&duty, Confirmation::Wanted);
    assert!(giver.said("keys").iter().all(|(to, _)| *to == JOINER));
    giver.confirm(&duty, Confirmation::Had);
    giver.sync();
    assert_eq!(giver.node.keys(), 0);
}

#[test]
fn an_acknowledgement_of_anything_but_what_was_sent_last_moves_nothing() {
    let (mut giver, after, duty) = giver();
    giver.sync();
    giver.confirm(&duty, Confirmation::Wanted);
    let first: Vec<Vec<u8>> = giver.said("keys")[0]
        .1
        .carries()
        .into_iter()
        .map(<[u8]>::to_vec)
        .collect();
    let moving = giver.node.moving();
    let ack = |upto, last| Message::KeysAck {
        handover: duty.clone(),
        upto,
        last,
        view: after.mark(),
    };
    giver.hear(JOINER, ack(None, true));
    assert!(giver.said("keys").is_empty());
    assert_eq!(giver.node.moving(), moving);

    let upto = first.last().cloned();
    giver.hear(JOINER, ack(upto.clone(), false));
    let rest = giver.said("keys");
    let rest = rest[0].1.carries();
    let carried: BTreeSet<&[u8]> = first
        .iter()
        .map(Vec::as_slice)
        .chain(rest.clone())
        .collect();
    assert_eq!((carried.len(), first.len() + rest.len()), (KEYS, KEYS));

    // In another view the receiver may have dropped what it had: all of it is offered again.
    let same = joined(&after, NodeId(0));
    giver.adopt(&same);
    giver.sync();
    giver.run_ms(500);
    assert!(
        giver
            .said
            .iter()
            .all(|(_, message)| message.kind() != "keys")
    );
    assert!(giver.said("offer").iter().any(|(to, _)| *to == JOINER));
}

#[test]
fn what_is_still_waited_for_is_not_offered_to_the_next() {
    let (mut middle, after, _) = taker();
    let before = founders(5);
    let next = joined(&after, OTHER);
    let awaits = before.handovers(&after);
    let duties = after.handovers(&next);
    let waits = |duty: &&Handover| {
        let owners = next.owners_at(duty.range.to);
        duty.from == JOINER
            && awaits.iter().any(|awaited| {
                awaited.range.contains(duty.range.to)
                    && awaited.to == JOINER
                    && awaited.from != duty.to
                    && (owners.contains(&JOINER) || !owners.contains(&awaited.from))
            })
    };
    assert!(duties.iter().filter(waits).count() > 0);
    middle.adopt(&next);
    middle.sync();
    middle.run_ms(1_000);
    for (_, message) in middle.said("offer") {
        let Message::Offer { handover, .. } = message else {
            continue;
        };
        assert!(!duties.iter().filter(waits).any(|duty| *duty == handover));
    }
}

#[test]
fn without_its_giver_a_range_has_come_only_when_all_the_others_gave_their_copies() {
    let (mut taker, _, awaited) = taker();
    let moving = taker.node.moving();
    let others = awaited.others.clone();
    assert_eq!(others.len(), 2);
    for (from, left) in others.into_iter().zip([moving, moving - 1]) {
        let handover = Handover {
            from,
            ..awaited.clone()
        };
        taker.hand_over(&handover);
        taker.sync();
        assert_eq!(taker.node.moving(), left);
    }
}

#[test]
fn a_write_is_acknowledged_once_the_old_owner_is_known_to_follow_the_new_ring() {
    for offers in [true, false] {
        let (mut taker, _, awaited) = taker();
        taker.replicate(&keys_of(&awaited)[0]);
        assert!(taker.said("replicated").is_empty());
        let other = Handover {
            from: awaited.others[0],
            ..awaited.clone()
        };
        taker.offer(&other);
        assert!(
            taker.said("replicated").is_empty(),
            "that one is not to cease"
        );
        if offers {
            taker.offer(&awaited);
        } else {
            taker.hand_over(&awaited);
            taker.sync();
        }
        assert_eq!(taker.said("replicated").len(), 1);
    }
}

#[test]
fn what_has_come_is_not_wanted_again_until_the_view_changes() {
    let answer = |taker: &mut Alone, handover: &Handover| {
        taker.offer(handover);
        match taker.said("confirm").pop() {
            Some((_, Message::Confirm { answer, .. })) => answer,
            other => panic!("an offer was answered {other:?}"),
        }
    };
    let (mut taker, after, awaited) = taker();
    taker.hand_over(&awaited);
    taker.sync();
    assert_eq!(answer(&mut taker, &awaited), Confirmation::Had);
    let again = joined(&after, NodeId(0));
    taker.adopt(&again);
    taker.sync();
    assert_eq!(answer(&mut taker, &awaited), Confirmation::Wanted);
    let gone = next(&again, JOINER, Move::Leave);
    taker.adopt(&gone);
    taker.sync();
    assert_eq!(answer(&mut taker, &awaited), Confirmation::NotMine);
}

#[test]
fn what_a_second_change_cuts_anew_is_the_same_after_a_restart() {
    let (giver, after, _) = giver();
    let (taker, ..) = taker();
    for mut node in [giver, taker] {
        node.adopt(&joined(&after, OTHER));
        node.sync();
        let moving = node.node.moving();
        assert!(moving > 0);
        node.restart();
        assert_eq!(node.node.moving(), moving, "{}", node.id);
    }
}

#[test]
fn an_owner_that_is_only_given_copies_waits_for_nothing() {
    let before = founders(3);
    let after = next(&before, NodeId(2), Move::Leave);
    let handovers = before.handovers(&after);
    assert!(handovers.iter().all(|handover| !handover.gained));
    let mut owner = Alone::new(handovers[0].to, 3);
    owner.adopt(&after);
    assert_eq!(owner.node.moving(), 0);
}

#[test]
fn a_peer_is_told_what_is_new_at_once_and_the_same_again_only_later() {
    let before = founders(5);
    let mut node = Alone::new(NodeId(0), 5);
    let gossip = || Message::Gossip { view: 0 };
    for told in [1, 0] {
        node.hear(NodeId(1), gossip());
        assert_eq!(node.said("history").len(), told);
    }
    node.adopt(&joined(&before, JOINER));
    node.said.clear();
    for told in [1, 0] {
        node.hear(NodeId(1), gossip());
        assert_eq!(node.said("history").len(), told);
    }
    for (ms, told) in [(49, 0), (1, 1)] {
        node.run_ms(ms);
        node.hear(NodeId(1), gossip());
        assert_eq!(node.said("history").len(), told);
    }
}

#[test]
fn hints_for_an_owner_that_leaves_are_moved_with_the_change() {
    let before = founders(5);
    let mut keeper = Alone::new(NodeId(0), 5);
    let after = next(&before, NodeId(1), Move::Leave);
    let moves = |key: &[u8]| {
        let position = Ring::position(key);
        let (was, is) = (before.owners_at(position), after.owners_at(position));
        was.contains(&NodeId(1)) && !is.contains(&NodeId(0))
    };
    let keys = (0..).map(|number: u32| number.to_be_bytes().to_vec());
    let key = keys.into_iter().find(|key| moves(key));
    let hint = Some(Hint {
        owner: NodeId(1),
        reason: Reason::Silent,
    });
    keeper.replicate_for(&key.expect("there is such a key"), hint);
    keeper.adopt(&after);
    keeper.sync();
    let owners = keeper.disk.iter().filter_map(|(key, value)| {
        match Record::decode(key, value).expect("nodes write what can be read") {
            Record::Hint { owner, .. } => Some(owner),
            _ => None,
        }
    });
    let owners: Vec<NodeId> = owners.collect();
    assert!(owners.len() == 1 && owners[0] != NodeId(1), "{owners:?}");
}
