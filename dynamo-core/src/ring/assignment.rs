//! Strategy 3: equal partitions shared out among the members, moved as little as possible (§6.2).

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

use xxhash_rust::xxh3::xxh3_64;

use super::partitioning::Token;
use crate::clock::NodeId;
use crate::membership::{Membership, Move};

/// The partitions with the given ends as tokens of the members, clockwise.
///
/// The history is replayed in order, so that the outcome depends on it alone. After each change
/// every member has its share by capacity, rounded down or up; to get there no more partitions move
/// than must. A join takes from those with most over their share, a leave gives to those with most
/// missing. Of what could move, that moves which keeps the partitions of each member far apart,
/// since a member met twice within N steps makes others work for a range more. Ties are by hash.
/// With more members than partitions some have none.
pub(super) fn assigned(ends: &[u128], membership: &Membership) -> Vec<Token> {
    let mut assignment = Assignment::new(ends.len() as u32);
    for change in membership.changes() {
        let weight = match change.what {
            Move::Join(member) => u64::from(member.weight()),
            Move::Leave => 0,
        };
        assignment.change(change.node, weight);
    }
    assignment.tokens(ends)
}

struct Assignment {
    /// For each partition the index of its holder.
    owners: Vec<usize>,
    /// All who ever were members, and before them nobody, who has everything at first.
    holders: Vec<Holder>,
    index: BTreeMap<NodeId, usize>,
}

/// Somebody with partitions. Those of weight 0 keep theirs only while nobody else is there.
struct Holder {
    node: NodeId,
    weight: u64,
    /// In order.
    partitions: Vec<u32>,
}

impl Holder {
    fn new(node: NodeId) -> Holder {
        Holder {
            node,
            weight: 0,
            partitions: Vec::new(),
        }
    }
}

impl Assignment {
    fn new(partitions: u32) -> Assignment {
        let mut nobody = Holder::new(NodeId(0));
        nobody.partitions = (0..partitions).collect();
        Assignment {
            owners: vec![0; partitions as usize],
            holders: vec![nobody],
            index: BTreeMap::new(),
        }
    }

    /// Where there are members they have everything; without them, tokens are of no use to anybody.
    fn tokens(&self, ends: &[u128]) -> Vec<Token> {
        let owned = ends.iter().zip(&self.owners).enumerate();
        owned
            .map(|(number, (position, owner))| (number, position, &self.holders[*owner]))
            .map(|(number, position, holder)| Token {
                position: *position,
                node: holder.node,
                number: number as u32,
            })
            .collect()
    }

    fn change(&mut self, node: NodeId, weight: u64) {
        let next = self.holders.len();
        let holder = *self.index.entry(node).or_insert(next);
        if holder == next {
            self.holders.push(Holder::new(node));
        }
        if self.holders[holder].weight != weight {
            self.holders[holder].weight = weight;
            let shares = self.shares(node);
            self.hand_over(&shares, node);
        }
    }

    /// What everybody is to have. They keep what they have as far as their share allows, so the
    /// fewest possible partitions move.
    fn shares(&self, cause: NodeId) -> Vec<Share> {
        let partitions = self.owners.len() as u64;
        let total: u64 = self.holders.iter().map(|holder| holder.weight).sum();
        let mut shares: Vec<Share> = (0..self.holders.len())
            .map(|index| Share::new(index, &self.holders[index], partitions, total))
            .collect();
        let tie = |share: &Share| luck(cause, self.holders[share.holder].node.0);
        let targets: usize = shares.iter().map(|share| share.target).sum();
        shares.sort_by_cached_key(|share| (share.rest, tie(share)));
        let surplus = targets.saturating_sub(self.owners.len());
        let above = shares.iter_mut().filter(|share| share.target > share.down);
        for share in above.take(surplus) {
            share.target -= 1;
        }
        shares.sort_by_cached_key(|share| (Reverse(share.rest), tie(share)));
        let lack = self.owners.len().saturating_sub(targets);
        let below = shares.iter_mut().filter(|share| share.target < share.up);
        for share in below.take(lack) {
            share.target += 1;
        }
        shares
    }

    /// Moves partitions from those with too many to those with too few: first only to places far
    /// from what the taker has already, then ever closer.
    fn hand_over(&mut self, shares: &[Share], cause: NodeId) {
        let mut over = vec![0; self.holders.len()];
        let mut missing = Vec::new();
        let mut fewest = self.owners.len();
        for share in shares {
            over[share.holder] = share.has.saturating_sub(share.target);
            if share.target > share.has {
                missing.push((share.holder, share.target - share.has));
                fewest = fewest.min(share.target);
            }
        }
        if missing.is_empty() {
            return;
        }
        let mut offered = self.offered(&over, cause);
        let mut apart = self.owners.len() / fewest;
        // This ends: as much is over as is missing, and every place is at least one step away.
        while !missing.is_empty() {
            for (taker, count) in &mut missing {
                offered.retain(|partition| {
                    let owner = self.owners[*partition as usize];
                    let take =
                        *count > 0 && over[owner] > 0 && self.distance(*taker, *partition) >= apart;
                    if take {
                        *count -= 1;
                        over[owner] -= 1;
                        self.give(*partition, *taker);
                    }
                    !take
                });
            }
            missing.retain(|(_, count)| *count > 0);
            apart /= 2;
        }
    }

    /// The partitions of those with too many: those first that stand closest to another of the same
    /// owner.
    fn offered(&self, over: &[usize], cause: NodeId) -> Vec<u32> {
        let circle = self.owners.len();
        let mut nearest = vec![circle; circle];
        let mut last = vec![None; self.holders.len()];
        for partition in (0..circle).chain(0..circle) {
            if let Some(before) = last[self.owners[partition]].replace(partition) {
                let distance = steps(before, partition, circle);
                nearest[before] = distance.min(nearest[before]);
                nearest[partition] = distance.min(nearest[partition]);
            }
        }
        // Distance, luck and number in one: plain numbers sort several times faster than triples.
        let rank = |partition: usize| {
            let distance = nearest[partition].min(0xffff) as u64;
            let luck = luck(cause, partition as u32) & 0xffff;
            distance << 48 | luck << 32 | partition as u64
        };
        let mut offered: Vec<u64> = (0..circle)
            .filter(|partition| over[self.owners[*partition]] > 0)
            .map(rank)
            .collect();
        offered.sort_unstable();
        offered.into_iter().map(|rank| rank as u32).collect()
    }

    fn give(&mut self, partition: u32, taker: usize) {
        let owner = self.owners[partition as usize];
        let given = &mut self.holders[owner].partitions;
        if let Ok(place) = given.binary_search(&partition) {
            given.remove(place);
        }
        let taken = &mut self.holders[taker].partitions;
        if let Err(place) = taken.binary_search(&partition) {
            taken.insert(place, partition);
        }
        self.owners[partition as usize] = taker;
    }

    /// Steps round the circle, either way, to the nearest partition of a holder.
    fn distance(&self, holder: usize, partition: u32) -> usize {
        let own = &self.holders[holder].partitions;
        let (Ok(place) | Err(place)) = own.binary_search(&partition);
        let after = own.get(place).or(own.first());
        let before = own[..place].last().or(own.last());
        let (Some(after), Some(before)) = (after, before) else {
            return usize::MAX;
        };
        let circle = self.owners.len();
        let clockwise = steps(partition as usize, *after as usize, circle);
        clockwise.min(steps(*before as usize, partition as usize, circle))
    }
}

/// How far it is clockwise from one partition to another; once round to itself.
fn steps(from: usize, to: usize, circle: usize) -> usize {
    if from < to {
        to - from
    } else {
        circle - from + to
    }
}

/// What a holder has and is to have.
struct Share {
    holder: usize,
    has: usize,
    target: usize,
    down: usize,
    up: usize,
    /// What rounding down takes away, in parts of the total weight.
    rest: u64,
}

impl Share {
    fn new(holder: usize, of: &Holder, partitions: u64, total: u64) -> Share {
        let has = of.partitions.len();
        // Where nobody is a member, all stays where it is.
        let (down, up, rest) = match (partitions * of.weight).checked_div(total) {
            Some(down) => {
                let rest = partitions * of.weight % total;
                (down as usize, down as usize + usize::from(rest > 0), rest)
            }
            None => (has, has, 0),
        };
        Share {
            holder,
            has,
            target: has.clamp(down, up),
            down,
            up,
            rest,
        }
    }
}

/// A number that depends only on what it is for.
fn luck(cause: NodeId, about: u32) -> u64 {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&cause.0.to_le_bytes());
    bytes[4..].copy_from_slice(&about.to_le_bytes());
    xxh3_64(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::membership::Member;

    /// Steps to the next partition of the same owner, either way; once round if there is none.
    fn nearest(owners: &[usize], partition: usize) -> usize {
        let circle = owners.len();
        let owner = owners[partition];
        let mut steps = 1..circle;
        let same = |steps: &usize| {
            let (before, after) = (partition + circle - steps, partition + steps);
            owners[before % circle] == owner || owners[after % circle] == owner
        };
        steps.find(same).unwrap_or(circle)
    }

    #[test]
    fn partitions_are_offered_the_nearer_they_stand_to_another_of_their_owner_and_the_only_one_last()
     {
        for partitions in [1, 2, 7, 12, 40] {
            let mut assignment = Assignment::new(partitions);
            for node in 0..9 {
                let member = Member {
                    capacity: 1 + node % 4,
                    ..Member::default()
                };
                assignment.change(NodeId(node), member.weight().into());
                // All but every third owner have too many.
                let holders = assignment.holders.len();
                let over: Vec<usize> = (0..holders).map(|holder| holder % 3).collect();
                let offered = assignment.offered(&over, NodeId(node));
                let owners = &assignment.owners;
                let apart = offered.iter().map(|at| nearest(owners, *at as usize));
                assert!(apart.is_sorted(), "{owners:?}: {offered:?}");
                let mut each = offered.clone();
                each.sort_unstable();
                let expected = (0..partitions).filter(|at| over[owners[*at as usize]] > 0);
                assert!(each.into_iter().eq(expected));
            }
        }
    }
}
