//! Strategy 3: everybody has a share by capacity, and no more moves than must (§6.2).

use std::collections::BTreeMap;

use dynamo_core::{Member, Membership, Move, NodeId, Partitioning, Ring};

use crate::histories::{ByShares, History, Told, counts};
use crate::law;

/// For each member its exact share, rounded down and up.
fn bounds(partitions: u32, members: &BTreeMap<NodeId, Member>) -> BTreeMap<NodeId, (usize, usize)> {
    let total: u32 = members.values().map(|member| member.capacity).sum();
    let share = |member: &Member| {
        let exact = partitions * member.capacity;
        ((exact / total) as usize, exact.div_ceil(total) as usize)
    };
    members
        .iter()
        .map(|(node, member)| (*node, share(member)))
        .collect()
}

#[test]
fn after_any_history_everybody_has_a_share_by_capacity() {
    law::<fn((ByShares, History)) -> bool>(|(by, history)| {
        let members = history.told().members();
        let counts = counts(&by.ring(&history.told()), &members);
        let bounds = bounds(by.0, &members);
        let all = if members.is_empty() { 0 } else { by.0 as usize };
        counts.values().sum::<usize>() == all
            && counts.keys().eq(bounds.keys())
            && counts
                .iter()
                .all(|(node, count)| bounds[node].0 <= *count && *count <= bounds[node].1)
    });
}

/// What members have too little of must come, and what they have too much of must go; what a leaver
/// had must go as well. The larger of the two is enough.
#[test]
fn no_change_moves_more_partitions_than_it_must() {
    law::<fn((ByShares, History, Told, u8)) -> bool>(|(by, history, told, node)| {
        let before = history.told();
        let mut after = before.clone();
        after.record(9, NodeId(0), NodeId((node % 10).into()), told.0);
        if before.members().is_empty() || after.members().is_empty() {
            return true;
        }
        let [old, new] = [&before, &after].map(|told| by.ring(told));
        let moved = (0..by.0).filter(|range| old.walk(*range)[0] != new.walk(*range)[0]);
        let bounds = bounds(by.0, &after.members());
        let has = counts(&old, &after.members());
        let must_come = bounds
            .iter()
            .map(|(node, (down, _))| down.saturating_sub(has[node]));
        let must_go = has
            .iter()
            .map(|(node, count)| count.saturating_sub(bounds.get(node).map_or(0, |(_, up)| *up)));
        moved.count() == must_come.sum::<usize>().max(must_go.sum())
    });
}

/// Who rounds down is decided by what rounding takes away, among those who lose one and might have
/// kept it as among those who might have got one.
#[test]
fn those_with_most_over_give_and_those_with_most_missing_get() {
    law::<fn((ByShares, History, Told, u8)) -> bool>(|(by, history, told, node)| {
        let before = history.told();
        let mut after = before.clone();
        after.record(9, NodeId(0), NodeId((node % 10).into()), told.0);
        let members = after.members();
        let total: u32 = members.values().map(|member| member.capacity).sum();
        let rest = |node: NodeId| by.0 * members[&node].capacity % total;
        let has = counts(&by.ring(&before), &members);
        let gets = counts(&by.ring(&after), &members);
        let uneven = bounds(by.0, &members)
            .into_iter()
            .filter(|(_, (down, up))| down < up);
        let (above, below): (Vec<_>, Vec<_>) = uneven.partition(|(node, (_, up))| has[node] >= *up);
        [above, below].into_iter().all(|alike| {
            let (up, down): (Vec<_>, Vec<_>) = alike
                .into_iter()
                .partition(|(node, (_, up))| gets[node] == *up);
            let least = up.iter().map(|(node, _)| rest(*node)).min();
            let most = down.iter().map(|(node, _)| rest(*node)).max();
            least.is_none() || most <= least
        })
    });
}

#[test]
fn among_equals_partitions_move_only_to_the_joiner_and_from_the_leaver() {
    law::<fn((ByShares, History, Told, u8)) -> bool>(|(by, history, told, node)| {
        let before = history.of_equals();
        let node = NodeId((node % 10).into());
        let mut after = before.clone();
        let what = match told.0 {
            Move::Join(_) => Move::Join(Member::default()),
            Move::Leave => Move::Leave,
        };
        after.record(9, node, node, what);
        let [old, new] = [&before, &after].map(|told| by.ring(told));
        (0..by.0).all(|range| {
            let (old, new) = (old.walk(range).first(), new.walk(range).first());
            old == new || [old, new].contains(&Some(&node))
        })
    });
}

#[test]
fn with_more_members_than_partitions_some_have_none_but_all_stand_by() {
    let members = (0..5).map(|node| (NodeId(node), Member::default()));
    let founded = Membership::founded(members);
    let ring = Ring::new(Partitioning::Partitions { partitions: 3 }, &founded);
    let counts = counts(&ring, &founded.members());
    assert_eq!(counts.values().filter(|count| **count == 1).count(), 3);
    assert_eq!(counts.values().filter(|count| **count == 0).count(), 2);
    assert!((0..3).all(|range| ring.walk(range).len() == 5));
}

#[test]
fn a_joiner_takes_from_everybody_and_all_round_the_circle() {
    let founders = (0..9).map(|node| (NodeId(node), Member::default()));
    let mut membership = Membership::founded(founders);
    let partitioning = Partitioning::Partitions { partitions: 900 };
    let before = Ring::new(partitioning, &membership);
    membership.record(1, NodeId(9), NodeId(9), Move::Join(Member::default()));
    let after = Ring::new(partitioning, &membership);
    let taken: Vec<u32> = (0..900)
        .filter(|range| after.walk(*range)[0] == NodeId(9))
        .collect();
    let mut from: BTreeMap<NodeId, usize> = BTreeMap::new();
    for range in &taken {
        *from.entry(before.walk(*range)[0]).or_default() += 1;
    }
    assert_eq!(taken.len(), 90);
    assert!(
        from.len() == 9 && from.values().all(|count| *count == 10),
        "{from:?}"
    );
    let gaps = taken.windows(2).map(|pair| pair[1] - pair[0]);
    let (closest, widest) = (gaps.clone().min(), gaps.max());
    assert!(
        closest >= Some(3) && widest <= Some(30),
        "{closest:?} to {widest:?}"
    );
}

#[test]
fn which_partitions_a_joiner_takes_depends_on_its_name() {
    let founders = (0..9).map(|node| (NodeId(node), Member::default()));
    let founded = Membership::founded(founders);
    let taken = |joiner| {
        let mut membership = founded.clone();
        membership.record(1, joiner, joiner, Move::Join(Member::default()));
        let ring = Ring::new(Partitioning::Partitions { partitions: 90 }, &membership);
        (0..90)
            .filter(|range| ring.walk(*range)[0] == joiner)
            .collect::<Vec<u32>>()
    };
    assert_ne!(taken(NodeId(20)), taken(NodeId(21)));
}
