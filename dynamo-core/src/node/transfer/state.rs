//! What is on its way from and to a node.

use alloc::collections::{BTreeSet, VecDeque};
use alloc::vec::Vec;

use crate::clock::NodeId;
use crate::message::Message;
use crate::node::Ticket;
use crate::node::machine::send;
use crate::node::port::{Output, Time};
use crate::ring::Range;
use crate::view::Handover;

/// How many claims an old owner may leave unanswered before the others are asked.
const CLAIMS_MAX: u32 = 30;

/// What is on its way from and to this node.
#[derive(Clone, Debug, Default, Hash)]
pub(in crate::node) struct Transfers {
    pub(super) duties: Vec<Duty>,
    pub(super) awaits: Vec<Await>,
    pub(super) arrived: BTreeSet<(Range, NodeId)>,
    pub(super) parked: VecDeque<(NodeId, Message)>,
}

/// A part that this node hands over.
#[derive(Clone, Debug, Hash)]
pub(super) struct Duty {
    pub(super) handover: Handover,
    /// The store after which this node acts by the new ring even if it crashes.
    pub(super) ticket: Ticket,
    /// When the receiver was last told something.
    pub(super) said: Option<Time>,
    /// How far it has been sent, once the receiver wants it.
    pub(super) sending: Option<Batched>,
}

/// The last key that was acknowledged, and what was sent since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Batched {
    pub(super) after: Option<Vec<u8>>,
    pub(super) upto: Option<Vec<u8>>,
    pub(super) last: bool,
}

/// A part that this node waits for.
#[derive(Clone, Debug, Hash)]
pub(super) struct Await {
    pub(super) handover: Handover,
    /// Whether the old owner is known to act by a ring in which it is none.
    pub(super) offered: bool,
    /// When it was last claimed, or when that was first thought of.
    pub(super) said: Option<Time>,
    pub(super) claims: u32,
    /// Which of the others have handed over their copies.
    pub(super) had: BTreeSet<NodeId>,
    /// Acknowledgements of writes that wait for the offer.
    pub(super) owed: Vec<(NodeId, Message)>,
}

impl Await {
    pub(super) fn new(handover: Handover) -> Await {
        Await {
            handover,
            offered: false,
            said: None,
            claims: 0,
            had: BTreeSet::new(),
            owed: Vec::new(),
        }
    }

    /// Asks who should have the range for it; after a while the others too.
    pub(super) fn claim(&mut self, view: u64, out: &mut Vec<Output>) {
        self.claims = self.claims.saturating_add(1);
        let late = self.claims > CLAIMS_MAX;
        let others = self.handover.others.iter().filter(|_| late);
        let from = core::iter::once(&self.handover.from).chain(others);
        for from in from.filter(|from| !self.had.contains(from)) {
            let handover = Handover {
                from: *from,
                ..self.handover.clone()
            };
            send(*from, Message::Claim { handover, view }, out);
        }
    }

    pub(super) fn complete(&self) -> bool {
        let has = |node: &NodeId| self.had.contains(node);
        has(&self.handover.from)
            || !self.handover.others.is_empty() && self.handover.others.iter().all(has)
    }
}

impl Transfers {
    /// What was under way when the node stopped.
    pub(in crate::node) fn resumed(node: NodeId, handovers: Vec<Handover>) -> Transfers {
        let (duties, awaits): (Vec<_>, Vec<_>) = handovers
            .into_iter()
            .partition(|handover| handover.from == node);
        Transfers {
            duties: duties
                .into_iter()
                .map(|handover| Duty::new(handover, Ticket::default()))
                .collect(),
            awaits: awaits.into_iter().map(Await::new).collect(),
            ..Transfers::default()
        }
    }

    pub(in crate::node) fn len(&self) -> usize {
        self.duties.len() + self.awaits.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.duties.is_empty() && self.awaits.is_empty()
    }

    /// Whether a key at this position is still to be handed over.
    pub(in crate::node) fn gives(&self, position: u128) -> bool {
        let mut duties = self.duties.iter();
        duties.any(|duty| duty.handover.range.contains(position))
    }

    /// Who has what this node still lacks at a position, and whether that one is known to act by
    /// the new ring.
    pub(in crate::node) fn awaited(&self, position: u128) -> Option<(NodeId, bool)> {
        let here = |awaited: &&Await| awaited.handover.range.contains(position);
        let awaited = self.awaits.iter().find(here)?;
        let unknown = self
            .awaits
            .iter()
            .filter(here)
            .any(|awaited| !awaited.offered);
        Some((awaited.handover.from, !unknown))
    }
}

impl Duty {
    pub(super) fn new(handover: Handover, ticket: Ticket) -> Duty {
        Duty {
            handover,
            ticket,
            said: None,
            sending: None,
        }
    }
}

impl Await {
    pub(super) fn expects(&self, from: NodeId) -> bool {
        self.handover.from == from || self.handover.others.contains(&from)
    }
}

/// Whether some position lies in both.
pub(super) fn overlap(one: Range, two: Range) -> bool {
    one.contains(two.to) || two.contains(one.to)
}

pub(super) fn pay(owed: &mut Vec<(NodeId, Message)>, out: &mut Vec<Output>) {
    for (to, message) in owed.drain(..) {
        send(to, message, out);
    }
}
