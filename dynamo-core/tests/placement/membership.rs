//! The laws of membership histories (§4.8.1).

use std::collections::BTreeMap;

use dynamo_core::{Change, Member, Membership, Move, NodeId};

use crate::histories::{History, Told};
use crate::law;

fn merged(one: &Membership, two: &Membership) -> Membership {
    let mut both = one.clone();
    both.merge(two);
    both
}

#[test]
fn merge_is_commutative_associative_and_idempotent() {
    law::<fn((History, History, History)) -> bool>(|(a, b, c)| {
        let (a, b, c) = (a.told(), b.told(), c.told());
        merged(&a, &b) == merged(&b, &a)
            && merged(&merged(&a, &b), &c) == merged(&a, &merged(&b, &c))
            && merged(&a, &a) == a
            && merged(&merged(&a, &b), &b) == merged(&a, &b)
    });
}

#[test]
fn merge_keeps_every_change_of_both_and_says_whether_one_was_new() {
    law::<fn((History, History)) -> bool>(|(a, b)| {
        let mut both = a.told();
        let changed = both.merge(&b.told());
        let all = a.0.iter().chain(&b.0);
        changed == (both != a.told())
            && both.is_empty() == (a.0.is_empty() && b.0.is_empty())
            && all
                .clone()
                .all(|change| both.changes().any(|known| known == change))
            && both
                .changes()
                .all(|known| all.clone().any(|change| known == change))
    });
}

#[test]
fn what_a_history_lacks_is_all_it_takes_to_catch_up() {
    law::<fn((History, History)) -> bool>(|(a, b)| {
        let (a, b) = (a.told(), b.told());
        let mut caught_up = a.clone();
        let all_new = a.lacks(&b).into_iter().all(|change| caught_up.add(change));
        all_new && caught_up == merged(&a, &b) && caught_up.lacks(&b).is_empty()
    });
}

#[test]
fn what_is_recorded_takes_effect_at_once_whatever_the_clock_says() {
    law::<fn((History, Told, u8, u8, u8)) -> bool>(|(history, told, now, by, node)| {
        let (now, by, node) = (
            u64::from(now % 8),
            NodeId(by.into()),
            NodeId((node % 9).into()),
        );
        let mut after = history.told();
        let line = after.record(now, by, node, told.0);
        let expected = match told.0 {
            Move::Join(member) => Some(member),
            Move::Leave => None,
        };
        let mut others = history.told().members();
        let mut members = after.members();
        let effect =
            members.remove(&node) == expected && after.is_member(node) == expected.is_some();
        others.remove(&node);
        effect
            && members == others
            && line.at >= now
            && after == merged(&history.told(), &[line].into_iter().collect())
    });
}

/// The oracle asks, node by node, for the change that no other of it comes after.
#[test]
fn the_last_change_of_each_node_decides() {
    law::<fn(History) -> bool>(|history| {
        let later =
            |one: &Change, two: &Change| (one.at, one.by, one.what) > (two.at, two.by, two.what);
        let expected: BTreeMap<NodeId, Member> = history
            .0
            .iter()
            .filter(|change| {
                let mut same = history.0.iter().filter(|other| other.node == change.node);
                !same.any(|other| later(other, change))
            })
            .filter_map(|change| match change.what {
                Move::Join(member) => Some((change.node, member)),
                Move::Leave => None,
            })
            .collect();
        let told = history.told();
        let each = (0..9).map(NodeId);
        told.members() == expected
            && each
                .into_iter()
                .all(|node| told.is_member(node) == expected.contains_key(&node))
    });
}

#[test]
fn equal_histories_and_only_they_have_equal_views() {
    law::<fn((History, History, Told)) -> bool>(|(a, b, told)| {
        let (one, two) = (merged(&a.told(), &b.told()), merged(&b.told(), &a.told()));
        let mut longer = one.clone();
        longer.record(0, NodeId(0), NodeId(0), told.0);
        one.view() == two.view()
            && one.view() != longer.view()
            && (a.told() == b.told()) == (a.told().view() == b.told().view())
    });
}

#[test]
fn histories_are_read_back_as_written() {
    law::<fn(History) -> bool>(|history| {
        let bytes = postcard::to_allocvec(&history.told()).expect("plain numbers encode");
        postcard::from_bytes::<Membership>(&bytes) == Ok(history.told())
    });
}
