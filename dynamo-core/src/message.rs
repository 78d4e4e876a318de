//! What replicas say to one another.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::clock::NodeId;
use crate::context::Context;
use crate::hint::Hint;
use crate::membership::Membership;
use crate::merkle::{Prefix, Root, Summary};
use crate::node::Terms;
use crate::ring::Range;
use crate::siblings::Siblings;
use crate::view::Handover;

/// The number under which a node knows a request that it coordinates.
///
/// A node counts anew after a restart, so the number goes with the life of the node: an answer to a
/// request that died with an earlier life is nobody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Tag {
    /// When the node started, in microseconds.
    pub life: u64,
    /// Counted within that life.
    pub number: u64,
}

/// A message from one node to another.
///
/// Each may be lost, doubled, late or out of order without harm: what carries versions is merged,
/// what counts toward a quorum counts a node once, and a put is handed to one life of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Message {
    /// A put for an owner to coordinate. It is obeyed at most once, and only in the life named.
    Forward {
        /// The sender's request.
        tag: Tag,
        /// The life of the receiver, as the sender knows it; unknown, it only asks for it.
        life: Option<u64>,
        /// What to write.
        written: Written,
    },
    /// What became of a forwarded put.
    Forwarded {
        /// The request it answers.
        tag: Tag,
        /// What became of it.
        answer: Answer,
    },
    /// All that the coordinator of a put holds of its key, or what a get read and its client must
    /// wait for.
    Replicate {
        /// The sender's request.
        tag: Tag,
        /// How the sender sees the cluster.
        view: u64,
        /// The client's key.
        key: Vec<u8>,
        /// What to merge.
        siblings: Siblings,
        /// Whether memory is not enough, though it may be for others.
        synced: bool,
        /// The owner in whose place the receiver stands, if it does.
        hint: Option<Hint>,
    },
    /// What was replicated is on the sender's disk.
    Replicated {
        /// The request it answers.
        tag: Tag,
        /// How its receiver saw the cluster then.
        view: u64,
    },
    /// Asks for all that the receiver holds of a key.
    Fetch {
        /// The sender's request.
        tag: Tag,
        /// How the sender sees the cluster.
        view: u64,
        /// The client's key.
        key: Vec<u8>,
        /// Whether it is only asked for what a new owner still waits for.
        rest: bool,
    },
    /// All that the sender's disk holds of the key.
    Fetched {
        /// The request it answers.
        tag: Tag,
        /// How the sender sees the cluster.
        view: u64,
        /// What it holds.
        siblings: Siblings,
    },
    /// Versions that a get found the receiver to lack.
    Repair {
        /// The client's key.
        key: Vec<u8>,
        /// What to merge.
        siblings: Siblings,
    },
    /// Versions kept for the receiver while it seemed down.
    Hint {
        /// The client's key.
        key: Vec<u8>,
        /// What to merge.
        siblings: Siblings,
    },
    /// A hint is on its owner's disk.
    HintAck {
        /// The client's key.
        key: Vec<u8>,
        /// The digest of the siblings that arrived: if the hint has grown since, it stays.
        digest: u128,
    },
    /// How the sender sees the cluster, by the mark of its membership history (§4.8.1).
    Gossip {
        /// The mark.
        view: u64,
    },
    /// The sender sees the cluster alike, and is there.
    GossipAck,
    /// Changes of membership.
    History {
        /// All that the sender knows; or if nothing is wanted, what the receiver lacked.
        changes: Membership,
        /// Whether the sender asks for what it lacks itself.
        wanted: bool,
    },
    /// The sender has a range for the receiver, and no longer acts as its owner (§4.9).
    Offer {
        /// What it hands over.
        handover: Handover,
        /// How it sees the cluster.
        view: u64,
    },
    /// What the receiver of an offer says to it.
    Confirm {
        /// The one that was offered.
        handover: Handover,
        /// Whether it wants it.
        answer: Confirmation,
        /// How both see the cluster: words of an earlier view count for nothing.
        view: u64,
    },
    /// The sender waits for a range that the receiver has, as far as it knows.
    Claim {
        /// What it waits for.
        handover: Handover,
        /// How it sees the cluster.
        view: u64,
    },
    /// Some of the keys of a range, in the order of the keys.
    Keys {
        /// The range and its way.
        handover: Handover,
        /// The last key of what was sent before; none for the first.
        after: Option<Vec<u8>>,
        /// What to merge.
        states: Vec<(Vec<u8>, Siblings)>,
        /// Whether there is no more.
        last: bool,
        /// How both see the cluster.
        view: u64,
    },
    /// Keys of a range are on the sender's disk.
    KeysAck {
        /// The range and its way.
        handover: Handover,
        /// The last key of those; none if there were none.
        upto: Option<Vec<u8>>,
        /// Whether they were the last.
        last: bool,
        /// How both see the cluster.
        view: u64,
    },
    /// What an owner holds of a key whose range it is still waiting for: less than it should.
    NotYet {
        /// The request it answers.
        tag: Tag,
        /// How the sender sees the cluster.
        view: u64,
        /// What it holds.
        siblings: Siblings,
        /// Who has the rest; the sender itself, if it has handed over what it was asked for.
        from: NodeId,
    },
    /// Anti-entropy, first step: the roots of the ranges that both own.
    SyncRoots {
        /// By range.
        roots: Vec<(Range, Root)>,
    },
    /// All steps between: what the sender shows of subtrees that differ. At most 64 of them.
    SyncNodes {
        /// By range and place in its tree.
        nodes: Vec<(Range, Prefix, Summary)>,
    },
    /// Last step, and its answer: versions of keys that differ. At most 64 keys.
    SyncStates {
        /// What to merge, by key.
        states: Vec<(Vec<u8>, Siblings)>,
        /// The keys whose versions the sender asks for in return.
        wanted: Vec<Vec<u8>>,
    },
}

/// What a put says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Written {
    /// The client's key.
    pub key: Vec<u8>,
    /// The client's value; `None` deletes.
    pub value: Option<Vec<u8>>,
    /// What the client had seen.
    pub context: Context,
    /// How many replicas it takes.
    pub terms: Terms,
}

/// What the receiver of an offer says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Confirmation {
    /// It waits for it.
    Wanted,
    /// It has it already.
    Had,
    /// The range is not its own.
    NotMine,
}

/// What became of a forwarded put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Answer {
    /// W nodes have it on disk.
    Stored,
    /// Fewer than W have it on disk in time; it may still take effect.
    Unavailable,
    /// Nothing was done: the put was addressed to another life. This is the present one.
    OtherLife(u64),
    /// Nothing was done, nor will it be: by the view of the node that was asked, it does not own the
    /// key.
    NotMine,
}

impl Message {
    /// The view by which it was sent, if it only makes sense to one who shares it.
    pub(crate) fn view(&self) -> Option<u64> {
        match self {
            Message::Replicate { view, .. }
            | Message::Fetch { view, .. }
            | Message::Offer { view, .. } => Some(*view),
            _ => None,
        }
    }

    /// A word for its kind, for traces.
    pub fn kind(&self) -> &'static str {
        match self {
            Message::Forward { .. } => "forward",
            Message::Forwarded { .. } => "forwarded",
            Message::Replicate { .. } => "replicate",
            Message::Replicated { .. } => "replicated",
            Message::Fetch { .. } => "fetch",
            Message::Fetched { .. } => "fetched",
            Message::Repair { .. } => "repair",
            Message::Hint { .. } => "hint",
            Message::HintAck { .. } => "hint-ack",
            Message::Gossip { .. } => "gossip",
            Message::GossipAck => "gossip-ack",
            Message::History { .. } => "history",
            Message::Offer { .. } => "offer",
            Message::Confirm { .. } => "confirm",
            Message::Claim { .. } => "claim",
            Message::Keys { .. } => "keys",
            Message::KeysAck { .. } => "keys-ack",
            Message::NotYet { .. } => "not-yet",
            Message::SyncRoots { .. } => "sync-roots",
            Message::SyncNodes { .. } => "sync-nodes",
            Message::SyncStates { .. } => "sync-states",
        }
    }

    /// The keys whose versions it takes from replica to replica to mend them: by read repair, hint,
    /// anti-entropy or handover. None for all other messages.
    pub fn carries(&self) -> Vec<&[u8]> {
        match self {
            Message::Repair { key, .. } | Message::Hint { key, .. } => Vec::from([key.as_slice()]),
            Message::SyncStates { states, .. } | Message::Keys { states, .. } => {
                states.iter().map(|(key, _)| key.as_slice()).collect()
            }
            _ => Vec::new(),
        }
    }
}
