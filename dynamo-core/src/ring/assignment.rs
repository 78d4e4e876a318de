//! Strategy 3: equal partitions shared out among the members, moved as little as possible (§6.2).

use alloc::collections::{BTreeMap, BTreeSet};
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
pub(super) fn assigned(ends: &[u128], membership: &Membership) -> Vec<Token> {
    let mut assignment = Assignment::new(ends.len() as u32);
    for change in membership.changes() {
        assignment.follow(change.node, change.what);
    }
    let owned = ends.iter().zip(&assignment.owners).enumerate();
    owned
        .filter_map(|(number, (position, owner))| {
            Some(Token {
                position: *position,
                node: (*owner)?,
                number: number as u32,
            })
        })
        .collect()
}

struct Assignment {
    owners: Vec<Option<NodeId>>,
    held: BTreeMap<NodeId, Holding>,
}

#[derive(Default)]
struct Holding {
    weight: u64,
    partitions: BTreeSet<u32>,
}

/// How many partitions some members are to give or get.
type Quota = BTreeMap<NodeId, usize>;

impl Assignment {
    fn new(partitions: u32) -> Assignment {
        Assignment {
            owners: (0..partitions).map(|_| None).collect(),
            held: BTreeMap::new(),
        }
    }

    fn follow(&mut self, node: NodeId, what: Move) {
        match what {
            Move::Join(member) => {
                self.held.entry(node).or_default().weight = u64::from(member.weight());
            }
            Move::Leave => {
                let left = self.held.remove(&node).unwrap_or_default();
                for partition in left.partitions {
                    self.owners[partition as usize] = None;
                }
            }
        }
        let (over, missing) = self.quotas(node);
        self.hand_over(over, missing, node);
    }

    /// Who has how many too many, and who has how many too few.
    ///
    /// A member keeps what it has as far as its share allows, so the fewest possible move.
    fn quotas(&self, cause: NodeId) -> (Quota, Quota) {
        let partitions = self.owners.len() as u64;
        let weight = self.held.values().map(|holding| holding.weight).sum();
        let mut shares: Vec<Share> = self
            .held
            .iter()
            .map(|(node, holding)| Share::new(*node, holding, partitions, weight))
            .collect();
        let total: usize = shares.iter().map(|share| share.target).sum();
        shares.sort_by_key(|share| (share.rest, luck(cause, share.node.0)));
        let surplus = total.saturating_sub(self.owners.len());
        let above = shares.iter_mut().filter(|share| share.target > share.down);
        for share in above.take(surplus) {
            share.target -= 1;
        }
        shares.sort_by_key(|share| (Reverse(share.rest), luck(cause, share.node.0)));
        let lack = self.owners.len().saturating_sub(total);
        let below = shares.iter_mut().filter(|share| share.target < share.up);
        for share in below.take(lack) {
            share.target += 1;
        }
        let quota = |difference: fn(&Share) -> usize| {
            let each = shares.iter().map(|share| (share.node, difference(share)));
            each.filter(|(_, count)| *count > 0).collect()
        };
        (
            quota(|share| share.has.saturating_sub(share.target)),
            quota(|share| share.target.saturating_sub(share.has)),
        )
    }

    /// Moves partitions from those with too many, and those that nobody has, to those with too few.
    ///
    /// First only to places far from what the taker has already, then ever closer; and first those
    /// that stand closest to another of the same owner.
    fn hand_over(&mut self, mut over: Quota, mut missing: Quota, cause: NodeId) {
        if missing.is_empty() {
            return;
        }
        let mut offered = self.offered(&over, cause);
        let fewest = missing
            .iter()
            .map(|(node, count)| count + self.count(*node));
        let mut apart = self.owners.len() / fewest.min().unwrap_or(1).max(1);
        while apart > 0 {
            for (taker, count) in &mut missing {
                offered.retain(|partition| {
                    let take = *count > 0
                        && self.distance(*taker, *partition) >= apart
                        && self.release(*partition, &mut over);
                    if take {
                        *count -= 1;
                        self.take(*taker, *partition);
                    }
                    !take
                });
            }
            missing.retain(|_, count| *count > 0);
            apart = if missing.is_empty() { 0 } else { apart / 2 };
        }
    }

    /// The partitions that may move, those first that should.
    fn offered(&self, over: &Quota, cause: NodeId) -> Vec<u32> {
        let mut offered: Vec<(usize, u64, u32)> = (0..self.owners.len() as u32)
            .filter_map(|partition| {
                let distance = match self.owners[partition as usize] {
                    None => 0,
                    Some(owner) if over.contains_key(&owner) => self.distance(owner, partition),
                    Some(_) => return None,
                };
                Some((distance, luck(cause, partition), partition))
            })
            .collect();
        offered.sort_unstable();
        offered
            .into_iter()
            .map(|(_, _, partition)| partition)
            .collect()
    }

    /// Takes a partition from its owner if that has too many.
    fn release(&mut self, partition: u32, over: &mut Quota) -> bool {
        let Some(owner) = self.owners[partition as usize] else {
            return true;
        };
        let Some(count) = over.get_mut(&owner).filter(|count| **count > 0) else {
            return false;
        };
        *count -= 1;
        if let Some(holding) = self.held.get_mut(&owner) {
            holding.partitions.remove(&partition);
        }
        true
    }

    fn take(&mut self, taker: NodeId, partition: u32) {
        self.owners[partition as usize] = Some(taker);
        let holding = self.held.entry(taker).or_default();
        holding.partitions.insert(partition);
    }

    fn count(&self, node: NodeId) -> usize {
        self.held
            .get(&node)
            .map_or(0, |holding| holding.partitions.len())
    }

    /// Steps round the circle, either way, to the nearest other partition of a member.
    fn distance(&self, node: NodeId, partition: u32) -> usize {
        let Some(holding) = self.held.get(&node) else {
            return usize::MAX;
        };
        let own = &holding.partitions;
        let circle = self.owners.len() as u32;
        let steps = |from: u32, to: u32| {
            if to > from {
                to - from
            } else {
                circle - from + to
            }
        };
        let after = own.range(partition + 1..).next().or_else(|| own.first());
        let before = own.range(..partition).next_back().or_else(|| own.last());
        let clockwise = after.map(|after| steps(partition, *after));
        let back = before.map(|before| steps(*before, partition));
        clockwise
            .min(back)
            .map_or(usize::MAX, |steps| steps as usize)
    }
}

/// What one member has and is to have.
struct Share {
    node: NodeId,
    has: usize,
    target: usize,
    down: usize,
    up: usize,
    /// What rounding down takes away, in parts of the total capacity.
    rest: u64,
}

impl Share {
    fn new(node: NodeId, holding: &Holding, partitions: u64, weight: u64) -> Share {
        let exact = partitions * holding.weight;
        let (down, rest) = (exact / weight, exact % weight);
        let (down, up) = (down as usize, down as usize + usize::from(rest > 0));
        let has = holding.partitions.len();
        Share {
            node,
            has,
            target: has.clamp(down, up),
            down,
            up,
            rest,
        }
    }
}

/// A number that only depends on what it is for.
fn luck(cause: NodeId, about: u32) -> u64 {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&cause.0.to_le_bytes());
    bytes[4..].copy_from_slice(&about.to_le_bytes());
    xxh3_64(&bytes)
}
