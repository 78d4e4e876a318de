//! Which nodes a request takes: its N owners, or who stands in for one, and how many must answer
//! (§4.5, §4.6).

use alloc::vec::Vec;

use super::machine::Node;
use super::port::{Refusal, Terms, Time};
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::hint::{Hint, Reason};
use crate::shape::Shape;

/// N, R and W of one request: 1 ≤ R, W ≤ N ≤ the cluster's N.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Quorum {
    pub(super) n: usize,
    pub(super) r: usize,
    pub(super) w: usize,
}

impl Quorum {
    /// What a request asks for, and the cluster's choice where it asks for nothing.
    pub(super) fn new(terms: Terms, shape: &Shape) -> Result<Quorum, Refusal> {
        let n = terms.n.unwrap_or(shape.n);
        let r = terms.r.unwrap_or(shape.r.min(n));
        let w = terms.w.unwrap_or(shape.w.min(n));
        let within = |number: u32, most: u32| (1..=most).contains(&number);
        if within(n, shape.n) && within(r, n) && within(w, n) {
            let [n, r, w] = [n, r, w].map(|number| number as usize);
            let less = usize::from(r > 1 && shape.flaw == Some(Flaw::ReadOffByOne));
            Ok(Quorum { n, r: r - less, w })
        } else {
            Err(Refusal::Terms)
        }
    }
}

/// A copy of a key that should be on some node.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Place {
    /// Whose copy it is.
    pub(super) owner: NodeId,
    /// Who is asked for it: the owner or a stand-in.
    pub(super) asked: NodeId,
    /// Why the owner is not counted on, if it is not.
    pub(super) reason: Option<Reason>,
}

impl Place {
    /// What a stand-in is told beside the copy.
    pub(super) fn hint(self) -> Option<Hint> {
        let Place { owner, asked, .. } = self;
        let reason = self.reason.filter(|_| asked != owner)?;
        Some(Hint { owner, reason })
    }

    /// What a node keeps on its own account for an owner that did not answer. The first reason
    /// counts.
    pub(super) fn given_up(self) -> Hint {
        Hint {
            owner: self.owner,
            reason: self.reason.unwrap_or(Reason::Silent),
        }
    }

    /// The same copy, asked of another node because this one did not answer.
    pub(super) fn moved_to(self, asked: NodeId) -> Place {
        Place {
            owner: self.owner,
            asked,
            reason: Some(self.given_up().reason),
        }
    }
}

/// The nodes beyond the owners, in the order in which they stand in, each at most once.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct StandIns {
    range: u32,
    /// Where in the preference list to go on.
    next: usize,
    /// One that has a copy of its own.
    except: Option<NodeId>,
}

impl StandIns {
    /// Nobody: a strict quorum.
    pub(super) fn none() -> StandIns {
        StandIns {
            range: u32::MAX,
            next: 0,
            except: None,
        }
    }
}

impl Node {
    /// The owners of a range that a request of this N is about: the first of them.
    pub(super) fn owners(&self, range: u32, n: usize) -> &[NodeId] {
        let owners = self.store.view().owners(range);
        &owners[..owners.len().min(n)]
    }

    /// Who may stand in for an owner of the range.
    pub(super) fn stand_ins(&self, range: u32, except: Option<NodeId>) -> StandIns {
        if !self.config.shape().sloppy {
            return StandIns::none();
        }
        StandIns {
            range,
            next: self.store.view().owners(range).len(),
            except,
        }
    }

    /// Whom to ask for the copy of each of these owners: a stand-in where the owner seems down. With
    /// nobody to stand in, a suspected owner is better than nobody.
    pub(super) fn plan(
        &self,
        now: Time,
        owners: impl Iterator<Item = NodeId>,
        stand_ins: &mut StandIns,
    ) -> Vec<Place> {
        let place = |owner| {
            let stand_in = if self.seems_up(owner, now) {
                None
            } else {
                self.stand_in(now, stand_ins)
            };
            Place {
                owner,
                asked: stand_in.unwrap_or(owner),
                reason: stand_in.map(|_| Reason::Suspected),
            }
        };
        owners.map(place).collect()
    }

    /// The next node that may stand in and seems up.
    pub(super) fn stand_in(&self, now: Time, stand_ins: &mut StandIns) -> Option<NodeId> {
        let walk = self.store.view().ring().walk(stand_ins.range);
        while let Some(node) = walk.get(stand_ins.next).copied() {
            stand_ins.next += 1;
            if stand_ins.except != Some(node) && self.seems_up(node, now) {
                return Some(node);
            }
        }
        None
    }

    /// Whether to count on a node. A node counts on itself.
    pub(super) fn seems_up(&self, node: NodeId, now: Time) -> bool {
        node == self.id || !self.detector.suspects(node, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quorum(n: Option<u32>, r: Option<u32>, w: Option<u32>) -> Result<[usize; 3], Refusal> {
        let terms = Terms {
            n,
            r,
            w,
            pinned: false,
        };
        Quorum::new(terms, &Shape::default()).map(|Quorum { n, r, w }| [n, r, w])
    }

    #[test]
    fn terms_change_what_they_name_and_stay_within_the_cluster() {
        assert_eq!(quorum(None, None, None), Ok([3, 2, 2]));
        assert_eq!(quorum(None, Some(3), Some(1)), Ok([3, 3, 1]));
        assert_eq!(quorum(Some(1), None, None), Ok([1, 1, 1]));
        assert_eq!(quorum(Some(2), Some(1), None), Ok([2, 1, 2]));
        for [n, r, w] in [
            [0, 0, 0],
            [0, 1, 1],
            [3, 0, 1],
            [3, 1, 0],
            [2, 3, 1],
            [2, 1, 3],
            [4, 1, 1],
            [u32::MAX; 3],
        ] {
            assert_eq!(quorum(Some(n), Some(r), Some(w)), Err(Refusal::Terms));
        }
    }
}
