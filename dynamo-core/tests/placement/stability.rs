//! A change of membership disturbs only what it must (§4.2, §4.9, §6.2).

use dynamo_core::{Member, Membership, Move, NodeId, Partitioning, Ring};

use crate::histories::{ByShares, ByTokens, Described, History, STRANGER, owners, points};
use crate::law;

/// A history and the same after one more change, with whom it is about.
struct Turn {
    before: Membership,
    after: Membership,
    node: NodeId,
}

fn join(before: Membership, member: Member) -> Turn {
    let mut after = before.clone();
    after.record(9, STRANGER, STRANGER, Move::Join(member));
    Turn {
        before,
        after,
        node: STRANGER,
    }
}

/// Some member leaves; nobody if there is none.
fn leave(before: Membership, which: usize) -> Option<Turn> {
    let members: Vec<NodeId> = before.members().into_keys().collect();
    let node = *members.get(which.checked_rem(members.len())?)?;
    let mut after = before.clone();
    after.record(9, node, node, Move::Leave);
    Some(Turn {
        before,
        after,
        node,
    })
}

/// Whether at every point where anything could change, those who gain it and those who lose it obey
/// the rule.
fn everywhere(
    before: &Ring,
    after: &Ring,
    n: usize,
    rule: impl Fn(&[NodeId], &[NodeId]) -> bool,
) -> bool {
    points(&[before, after])
        .into_iter()
        .all(|point| rule(owners(before, point, n), owners(after, point, n)))
}

#[test]
fn with_random_tokens_only_the_joiner_becomes_an_owner() {
    law::<fn((ByTokens, History, Described, usize)) -> bool>(|(by, history, joiner, n)| {
        let turn = join(history.told(), joiner.0);
        let [before, after] = [&turn.before, &turn.after].map(|told| Ring::new(by.0, told));
        everywhere(&before, &after, n % 6, |old, new| {
            new.iter()
                .all(|node| *node == turn.node || old.contains(node))
        })
    });
}

#[test]
fn with_random_tokens_only_the_leaver_ceases_to_be_an_owner() {
    law::<fn((ByTokens, History, usize, usize)) -> bool>(|(by, history, which, n)| {
        let Some(turn) = leave(history.told(), which) else {
            return true;
        };
        let [before, after] = [&turn.before, &turn.after].map(|told| Ring::new(by.0, told));
        everywhere(&before, &after, n % 6, |old, new| {
            old.iter()
                .all(|node| *node == turn.node || new.contains(node))
        })
    });
}

#[test]
fn with_random_tokens_others_keep_their_order() {
    law::<fn((ByTokens, History, usize)) -> bool>(|(by, history, which)| {
        let Some(turn) = leave(history.of_equals(), which) else {
            return true;
        };
        let [before, after] = [&turn.before, &turn.after].map(|told| Ring::new(by.0, told));
        everywhere(&before, &after, usize::MAX, |old, new| {
            let rest = old.iter().filter(|node| **node != turn.node);
            after.ranges() == 0 || rest.eq(new)
        })
    });
}

#[test]
fn with_shares_owners_change_only_where_the_joiner_is_one() {
    law::<fn((ByShares, History, usize)) -> bool>(|(by, history, n)| {
        let turn = join(history.of_equals(), Member::default());
        let [before, after] = [&turn.before, &turn.after].map(|told| by.ring(told));
        everywhere(&before, &after, n % 6, |old, new| {
            old == new || new.contains(&turn.node)
        })
    });
}

#[test]
fn with_shares_owners_change_only_where_the_leaver_was_one() {
    law::<fn((ByShares, History, usize, usize)) -> bool>(|(by, history, which, n)| {
        let Some(turn) = leave(history.of_equals(), which) else {
            return true;
        };
        let [before, after] = [&turn.before, &turn.after].map(|told| by.ring(told));
        everywhere(&before, &after, n % 6, |old, new| {
            old == new || old.contains(&turn.node)
        })
    });
}

/// By shares a joiner may take two partitions within reach of one range, and then a node is drawn in
/// that had nothing to do with it. Partitions that are taken far apart leave no room for that.
#[test]
fn with_shares_and_partitions_enough_only_the_joiner_becomes_an_owner() {
    for (nodes, partitions) in [(5, 40), (10, 160), (30, 480), (100, 1_600)] {
        for name in 0..8 {
            let founders =
                (0..nodes).map(|node| (NodeId(1_000 * (name + 1) + node), Member::default()));
            let turn = join(Membership::founded(founders), Member::default());
            let partitioning = Partitioning::Partitions { partitions };
            let [before, after] =
                [&turn.before, &turn.after].map(|told| Ring::new(partitioning, told));
            let kept = everywhere(&before, &after, 3, |old, new| {
                new.iter()
                    .all(|node| *node == turn.node || old.contains(node))
            });
            assert!(
                kept,
                "{nodes} nodes, {partitions} partitions, names from {name}"
            );
        }
    }
}

#[test]
fn a_node_that_grows_takes_keys_and_gives_none() {
    law::<fn((ByTokens, History, usize)) -> bool>(|(by, history, which)| {
        let before = history.told();
        let members: Vec<(NodeId, Member)> = before.members().into_iter().collect();
        let Some((node, member)) = which.checked_rem(members.len()).map(|at| members[at]) else {
            return true;
        };
        let mut grown = before.clone();
        let larger = Member {
            capacity: member.capacity + 1,
            ..member
        };
        grown.record(9, node, node, Move::Join(larger));
        let [before, after] = [&before, &grown].map(|told| Ring::new(by.0, told));
        everywhere(&before, &after, 1, |old, new| old == new || new == [node])
            && after.ranges() >= before.ranges()
    });
}
