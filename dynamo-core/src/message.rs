//! What replicas say to one another.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::clock::NodeId;
use crate::context::Context;
use crate::merkle::{Children, Digests, Root};
use crate::node::Terms;
use crate::siblings::Siblings;

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// All that the coordinator of a put holds of its key.
    Replicate {
        /// The sender's request.
        tag: Tag,
        /// The client's key.
        key: Vec<u8>,
        /// What to merge.
        siblings: Siblings,
        /// The owner in whose place the receiver stands, if it does.
        hint: Option<NodeId>,
    },
    /// What was replicated is on the sender's disk.
    Replicated {
        /// The request it answers.
        tag: Tag,
    },
    /// Asks for all that the receiver holds of a key.
    Fetch {
        /// The sender's request.
        tag: Tag,
        /// The client's key.
        key: Vec<u8>,
    },
    /// All that the sender's disk holds of the key.
    Fetched {
        /// The request it answers.
        tag: Tag,
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
    /// Anti-entropy, first step: the roots of the ranges that both own.
    SyncRoots {
        /// By range.
        roots: Vec<(u32, Root)>,
    },
    /// Second step: the branches of ranges whose roots differ.
    SyncBranches {
        /// By range.
        branches: Vec<(u32, Children)>,
    },
    /// Third step: the leaves of branches that differ.
    SyncLeaves {
        /// By range and branch.
        leaves: Vec<(u32, u8, Children)>,
    },
    /// Fourth step: the keys of leaves that differ, with their digests.
    SyncKeys {
        /// By range and leaf.
        keys: Vec<(u32, u8, Digests)>,
    },
    /// Last step, and its answer: versions of keys that differ.
    SyncStates {
        /// What to merge, by key.
        states: Vec<(Vec<u8>, Siblings)>,
        /// The keys whose versions the sender asks for in return.
        wanted: Vec<Vec<u8>>,
    },
}

/// What a put says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

/// What became of a forwarded put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// W nodes have it on disk.
    Stored,
    /// Fewer than W have it on disk in time; it may still take effect.
    Unavailable,
    /// Nothing was done: the put was addressed to another life. This is the present one.
    OtherLife(u64),
}

impl Message {
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
            Message::SyncRoots { .. } => "sync-roots",
            Message::SyncBranches { .. } => "sync-branches",
            Message::SyncLeaves { .. } => "sync-leaves",
            Message::SyncKeys { .. } => "sync-keys",
            Message::SyncStates { .. } => "sync-states",
        }
    }

    /// The keys whose versions it takes from replica to replica to mend them: by read repair, hint
    /// or anti-entropy. None for all other messages.
    pub fn carries(&self) -> Vec<&[u8]> {
        match self {
            Message::Repair { key, .. } | Message::Hint { key, .. } => Vec::from([key.as_slice()]),
            Message::SyncStates { states, .. } => {
                states.iter().map(|(key, _)| key.as_slice()).collect()
            }
            _ => Vec::new(),
        }
    }
}
