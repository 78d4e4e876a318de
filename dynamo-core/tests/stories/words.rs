//! One node that gives ranges or takes them, and hears words twice, late, or not meant for it.

use std::collections::BTreeSet;

use dynamo_core::{
    Confirmation, Handover, Input, Message, Move, NodeId, Range, Request, RequestId, Ring, Tag,
    Terms, View,
};

use crate::alone::{
    Alone, JOINER, KEYS, OTHER, founders, giver, joined, keys_of, next, taker, version,
};

/// Between two attempts to hand over a range, in milliseconds.
const ATTEMPT_MS: u64 = 100;

/// A giver whose range is wanted, and the keys that it has sent of it.
fn sending() -> (Alone, u64, Handover, Vec<Vec<u8>>) {
    let (mut giver, after, duty) = giver();
    giver.sync();
    giver.confirm(&duty, Confirmation::Wanted);
    let sent = carried(&giver.said("keys"));
    assert!(!sent.is_empty() && sent.len() < KEYS);
    (giver, after.mark(), duty, sent)
}

fn carried(said: &[(NodeId, Message)]) -> Vec<Vec<u8>> {
    let carried = said.iter().flat_map(|(_, message)| message.carries());
    carried.map(<[u8]>::to_vec).collect()
}

/// What was offered of a range, and to whom.
fn offers(node: &mut Alone, range: Range) -> Vec<(NodeId, Handover)> {
    let said = node.said("offer").into_iter();
    let offered = said.filter_map(|(to, message)| match message {
        Message::Offer { handover, .. } => Some((to, handover)),
        _ => None,
    });
    offered
        .filter(|(_, handover)| handover.range == range)
        .collect()
}

/// A history in which another node than the joiner has taken the place of the giver, and that node.
fn replaced(after: &View, duty: &Handover) -> (View, NodeId) {
    let left = next(after, JOINER, Move::Leave);
    let fits = |heir: u32| {
        let view = joined(&left, NodeId(heir));
        let ring = view.ring();
        let whole = ring.range(ring.range_at(duty.range.to));
        let whole = whole.is_some_and(|range| !duty.range.contains(range.after));
        let owners = view.owners_at(duty.range.to).to_vec();
        let takes = |owner: &NodeId| *owner == duty.from || duty.others.contains(owner);
        let begun: Vec<NodeId> = owners
            .iter()
            .copied()
            .filter(|owner| !takes(owner))
            .collect();
        let fits = whole && !owners.contains(&duty.from) && begun == [NodeId(heir)];
        fits.then_some((view, NodeId(heir)))
    };
    let found = (6..1_000).find_map(fits);
    found.expect("somebody lands there sooner or later")
}

/// Who was asked for a range.
fn claims(node: &mut Alone, range: Range) -> Vec<NodeId> {
    let said = node.said("claim").into_iter();
    let of_range = said.filter(|(_, message)| {
        matches!(message, Message::Claim { handover, .. } if handover.range == range)
    });
    of_range.map(|(to, _)| to).collect()
}

fn answer(node: &mut Alone, handover: &Handover) -> Option<Confirmation> {
    node.said.clear();
    node.offer(handover);
    node.said("confirm").pop().and_then(|(_, said)| match said {
        Message::Confirm { answer, .. } => Some(answer),
        _ => None,
    })
}

#[test]
fn a_range_is_offered_again_only_after_a_while_whatever_else_happens() {
    let (mut giver, after, duty) = giver();
    giver.sync();
    assert_eq!(offers(&mut giver, duty.range).len(), 1);
    let handover = Handover {
        to: OTHER,
        ..duty.clone()
    };
    let view = after.mark();
    giver.hear(OTHER, Message::Claim { handover, view });
    giver.sync();
    let to: Vec<NodeId> = offers(&mut giver, duty.range)
        .into_iter()
        .map(|(to, _)| to)
        .collect();
    assert_eq!(to, [OTHER], "the other was told just now");
    giver.run_ms(ATTEMPT_MS);
    assert_eq!(offers(&mut giver, duty.range).len(), 2);
}

#[test]
fn a_range_is_not_offered_to_one_that_seems_down() {
    let (mut giver, _, duty) = giver();
    // Nobody answers the put, so all who should have it are suspected, and it owns more with the joiner.
    let ring = giver.node.view().ring().clone();
    let keys = (0..).map(|number: u32| number.to_be_bytes().to_vec());
    let shared = keys.into_iter().find(|key| {
        let owners = ring.owners(key, 3);
        owners.contains(&giver.id) && owners.contains(&JOINER)
    });
    let request = Request::Put {
        key: shared.expect("they own something together"),
        value: Vec::new(),
        context: None,
        terms: Terms::default(),
    };
    let id = RequestId(1);
    giver.input(Input::Request { id, request });
    giver.sync();
    giver.run_ms(60);
    assert!(giver.node.suspects(JOINER, giver.now));
    giver.said.clear();
    giver.run_ms(ATTEMPT_MS);
    assert_eq!(offers(&mut giver, duty.range), []);
    giver.hear(JOINER, Message::GossipAck);
    giver.run_ms(ATTEMPT_MS);
    assert_eq!(offers(&mut giver, duty.range).len(), 1);
}

#[test]
fn a_range_that_is_wanted_twice_is_sent_once() {
    let (mut giver, view, duty, sent) = sending();
    giver.confirm(&duty, Confirmation::Wanted);
    assert_eq!(carried(&giver.said("keys")), Vec::<Vec<u8>>::new());
    let ack = Message::KeysAck {
        handover: duty.clone(),
        upto: sent.last().cloned(),
        last: false,
        view,
    };
    giver.hear(JOINER, ack);
    assert_eq!(carried(&giver.said("keys")).len(), KEYS - sent.len());
    giver.confirm(&duty, Confirmation::Wanted);
    assert_eq!(carried(&giver.said("keys")), Vec::<Vec<u8>>::new());
}

/// Found by changes that overtake one another: the rest of a range stayed for good when another had
/// waited for a part of it.
#[test]
fn a_range_of_which_another_waits_for_a_part_goes_but_for_that_part() {
    let (mut giver, after, duty) = giver();
    giver.sync();
    let middle = duty.range.to.wrapping_sub(duty.range.after) / 2;
    let part = Handover {
        range: Range {
            after: duty.range.after.wrapping_add(middle),
            to: duty.range.to,
        },
        to: OTHER,
        ..duty.clone()
    };
    let (handover, view) = (part.clone(), after.mark());
    giver.hear(OTHER, Message::Claim { handover, view });
    giver.sync();
    giver.confirm(&duty, Confirmation::Had);
    giver.sync();
    let mut within = keys_of(&duty);
    within.retain(|key| part.range.contains(Ring::position(key)));
    assert!(!within.is_empty() && within.len() < KEYS);
    assert_eq!(giver.node.keys(), within.len() as u64);
    giver.confirm(&part, Confirmation::Had);
    giver.sync();
    assert_eq!(giver.node.keys(), 0);
}

#[test]
fn half_an_acknowledgement_is_none() {
    let (mut giver, view, duty, sent) = sending();
    let whole = (sent.last().cloned(), false);
    let halves = [(whole.0.clone(), true), (Some(sent[0].clone()), whole.1)];
    let moving = giver.node.moving();
    for (upto, last) in halves {
        let handover = duty.clone();
        giver.hear(
            JOINER,
            Message::KeysAck {
                handover,
                upto,
                last,
                view,
            },
        );
        giver.sync();
        assert_eq!(giver.said("keys"), []);
        assert_eq!(giver.node.moving(), moving);
        assert_eq!(giver.node.keys(), KEYS as u64);
    }
}

#[test]
fn a_claim_that_is_not_the_claimants_own_or_not_of_this_node_is_none() {
    let (mut giver, after, duty) = giver();
    giver.sync();
    giver.said.clear();
    let moving = giver.node.moving();
    let of_another = Handover {
        from: NodeId(9),
        to: OTHER,
        ..duty.clone()
    };
    let for_another = Handover {
        to: NodeId(9),
        ..duty
    };
    for handover in [of_another, for_another] {
        let view = after.mark();
        giver.hear(OTHER, Message::Claim { handover, view });
        giver.sync();
        assert_eq!(giver.node.moving(), moving);
    }
    assert_eq!(giver.said, []);
}

#[test]
fn an_offer_that_is_not_the_givers_own_or_not_for_this_node_is_not_answered() {
    let (mut taker, after, awaited) = taker();
    let view = after.mark();
    let for_another = Handover {
        to: OTHER,
        ..awaited.clone()
    };
    for (from, handover) in [(OTHER, awaited.clone()), (awaited.from, for_another)] {
        taker.hear(from, Message::Offer { handover, view });
        assert_eq!(taker.said, []);
    }
}

#[test]
fn keys_that_are_not_the_givers_own_or_not_for_this_node_or_of_another_view_are_not_taken() {
    let (mut taker, after, awaited) = taker();
    let states = vec![(keys_of(&awaited)[0].clone(), version())];
    let for_another = Handover {
        to: OTHER,
        ..awaited.clone()
    };
    let keys = |handover, view| Message::Keys {
        handover,
        after: None,
        states: states.clone(),
        last: true,
        view,
    };
    let moving = taker.node.moving();
    for (from, message) in [
        (OTHER, keys(awaited.clone(), after.mark())),
        (awaited.from, keys(for_another, after.mark())),
        (awaited.from, keys(awaited.clone(), founders(5).mark())),
    ] {
        taker.hear(from, message);
        taker.sync();
        assert_eq!((taker.node.keys(), taker.node.moving()), (0, moving));
    }
    assert_eq!(taker.said, []);
    taker.hear(awaited.from, keys(awaited.clone(), after.mark()));
    taker.sync();
    assert_eq!((taker.node.keys(), taker.node.moving()), (1, moving - 1));
}

#[test]
fn a_range_that_is_waited_for_is_claimed_after_a_while_and_then_once_each_time() {
    let (_, after, awaited) = taker();
    let mut taker = Alone::new(JOINER, 5);
    taker.adopt(&after);
    taker.sync();
    assert_eq!(claims(&mut taker, awaited.range), [], "it may be offered");
    // What else arrives is no reason to ask at once.
    let elsewhere = Handover {
        from: NodeId(9),
        ..awaited.clone()
    };
    for _ in 0..3 {
        taker.run_ms(ATTEMPT_MS);
        taker.hand_over(&elsewhere);
        taker.sync();
        assert_eq!(claims(&mut taker, awaited.range), [awaited.from]);
    }
}

#[test]
fn the_others_are_asked_once_the_giver_has_left_thirty_claims_unanswered() {
    let (mut taker, _, awaited) = taker();
    for claim in 1..=40 {
        taker.run_ms(ATTEMPT_MS);
        let mut asked = vec![awaited.from];
        if claim > 30 {
            asked.extend(&awaited.others);
        }
        assert_eq!(claims(&mut taker, awaited.range), asked, "claim {claim}");
    }
}

#[test]
fn a_giver_answers_for_a_range_until_the_other_has_it() {
    let (mut giver, after, duty) = giver();
    giver.sync();
    let fetch = |number| Message::Fetch {
        tag: Tag { life: 0, number },
        view: after.mark(),
        key: keys_of(&duty)[0].clone(),
        rest: true,
    };
    giver.hear(JOINER, fetch(1));
    assert_eq!(giver.said("fetched").len(), 1);
    giver.confirm(&duty, Confirmation::Had);
    giver.sync();
    giver.hear(JOINER, fetch(2));
    assert_eq!(giver.said("not-yet").len(), 1);
}

#[test]
fn a_giver_that_restarts_offers_again_and_a_taker_claims_again() {
    let (mut giver, _, duty) = giver();
    let (mut taker, _, awaited) = taker();
    giver.sync();
    for node in [&mut giver, &mut taker] {
        node.said.clear();
        node.restart();
        node.run_ms(3 * ATTEMPT_MS);
    }
    let to = offers(&mut giver, duty.range);
    assert!(!to.is_empty() && to.iter().all(|offer| *offer == (JOINER, duty.clone())));
    let asked = claims(&mut taker, awaited.range);
    assert!(!asked.is_empty() && asked.iter().all(|from| *from == awaited.from));
}

#[test]
fn what_a_stranger_gave_is_not_wanted_from_it_again_though_the_giver_is_still_waited_for() {
    let (mut taker, _, awaited) = taker();
    let moving = taker.node.moving();
    let given = Handover {
        from: OTHER,
        ..awaited.clone()
    };
    assert_eq!(answer(&mut taker, &given), Some(Confirmation::Wanted));
    taker.hand_over(&given);
    taker.sync();
    assert_eq!(answer(&mut taker, &given), Some(Confirmation::Had));
    assert_eq!(taker.node.moving(), moving);
    assert_eq!(answer(&mut taker, &awaited), Some(Confirmation::Wanted));
}

/// The receiver never heard of the change by which it was to get the range.
#[test]
fn a_range_whose_receiver_was_passed_over_goes_to_the_one_that_took_its_place() {
    let (mut giver, after, duty) = giver();
    let (last, heir) = replaced(&after, &duty);
    giver.adopt(&last);
    giver.sync();
    giver.said.clear();
    let moving = giver.node.moving();
    giver.confirm(&duty, Confirmation::NotMine);
    giver.sync();
    assert_eq!(giver.node.moving(), moving);
    let to = heir;
    let gained = false;
    let passed_on = Handover { to, gained, ..duty };
    assert_eq!(
        offers(&mut giver, passed_on.range),
        [(heir, passed_on.clone())]
    );
    giver.confirm(&passed_on, Confirmation::Had);
    giver.sync();
    assert_eq!(giver.node.keys(), 0);
    giver.restart();
    assert_eq!(giver.node.moving(), moving - 1);
}

#[test]
fn a_range_of_which_nothing_is_held_goes_to_nobody_in_the_place_of_its_receiver() {
    let (_, after, duty) = giver();
    let (last, _) = replaced(&after, &duty);
    let mut giver = Alone::new(duty.from, 5);
    giver.adopt(&after);
    giver.adopt(&last);
    giver.sync();
    giver.said.clear();
    let moving = giver.node.moving();
    giver.confirm(&duty, Confirmation::NotMine);
    giver.sync();
    assert_eq!(giver.node.moving(), moving - 1);
    assert_eq!(giver.said, []);
}

#[test]
fn a_range_goes_to_all_its_owners_where_none_of_them_began_to_be_one() {
    let before = founders(3);
    let after = joined(&before, JOINER);
    let ceases = |duty: &Handover| !after.owners_at(duty.range.to).contains(&duty.from);
    let duty = before.handovers(&after).into_iter().find(ceases);
    let duty = duty.expect("the joiner gets something");
    let mut giver = Alone::new(duty.from, 3);
    giver.replicate(&keys_of(&duty)[0]);
    giver.adopt(&after);
    let alone = next(&after, JOINER, Move::Leave);
    giver.adopt(&next(&alone, duty.from, Move::Leave));
    giver.sync();
    giver.said.clear();
    giver.confirm(&duty, Confirmation::NotMine);
    giver.sync();
    let offered = offers(&mut giver, duty.range);
    let to: BTreeSet<NodeId> = offered.into_iter().map(|(to, _)| to).collect();
    assert_eq!(to, duty.others.iter().copied().collect());
}

#[test]
fn keys_that_come_to_one_that_does_not_own_them_go_on_to_all_that_do() {
    let view = founders(5);
    let ring = view.ring();
    let stranger = (0..ring.ranges()).find(|range| !view.owners(*range).contains(&NodeId(0)));
    let range = stranger.and_then(|range| ring.range(range));
    let range = range.expect("three of five own a range");
    let came = Handover {
        range,
        from: OTHER,
        to: NodeId(0),
        gained: true,
        others: Vec::new(),
    };
    let mut node = Alone::new(NodeId(0), 5);
    let keys = keys_of(&came);
    node.hear(
        OTHER,
        Message::Keys {
            handover: came,
            after: None,
            states: vec![(keys[0].clone(), version())],
            last: true,
            view: view.mark(),
        },
    );
    node.sync();
    let mut left = view.owners_at(range.to).to_vec();
    let goes = |to: NodeId| Handover {
        range,
        from: NodeId(0),
        to,
        gained: false,
        others: Vec::new(),
    };
    let expected: Vec<_> = left.iter().map(|to| (*to, goes(*to))).collect();
    assert_eq!(offers(&mut node, range), expected);
    while let Some(to) = left.pop() {
        assert_eq!((node.node.keys(), node.node.moving()), (1, left.len() + 1));
        node.confirm(&goes(to), Confirmation::Had);
        node.sync();
    }
    assert_eq!((node.node.keys(), node.node.moving()), (0, 0));
}

/// What came by the view before may not be on disk yet, and would not be among the keys that are sent.
#[test]
fn a_duty_that_outlives_a_change_is_offered_once_that_is_on_disk() {
    let (mut giver, after, _) = giver();
    giver.sync();
    assert!(!giver.said("offer").is_empty());
    giver.adopt(&joined(&after, OTHER));
    giver.run_ms(300);
    assert_eq!(giver.said("offer"), []);
    giver.sync();
    assert!(!giver.said("offer").is_empty());
}
