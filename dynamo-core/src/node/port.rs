//! What passes the door of a node.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::NodeId;
use crate::membership::{Member, Membership};
use crate::message::Message;
use crate::record::Write;

/// Microseconds by the node's clock, which never goes back, not even over a restart.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// So many microseconds later.
    pub fn after(self, micros: u64) -> Time {
        Time(self.0.saturating_add(micros))
    }
}

/// One request to the disk.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Ticket(pub u64);

/// A client's request, as the host calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub u64);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time passed: [`Node::deadline`](crate::Node::deadline) is reached.
    Wake,
    /// A client asks. The id comes back with the reply.
    Request {
        /// Chosen by the host.
        id: RequestId,
        /// What is asked.
        request: Request,
    },
    /// A message arrived.
    Message {
        /// Who sent it, truly.
        from: NodeId,
        /// What it says.
        message: Message,
    },
    /// A store, and each one before it, will survive a crash.
    Stored {
        /// The ticket of the store.
        ticket: Ticket,
    },
}

/// What a client asks for (§4.1).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Request {
    /// The versions of a key and their context.
    Get {
        /// Opaque.
        key: Vec<u8>,
        /// How many replicas it takes.
        terms: Terms,
    },
    /// A new version of a key.
    ///
    /// To send a put again is to put again: it makes a version of its own, a sibling of the first if
    /// that took effect. Nothing inside the cluster ever does so.
    Put {
        /// Opaque.
        key: Vec<u8>,
        /// Opaque.
        value: Vec<u8>,
        /// From an earlier get of the key: the put replaces what that get returned. Without it, the
        /// put replaces nothing.
        context: Option<Vec<u8>>,
        /// How many replicas it takes.
        terms: Terms,
    },
    /// A node is to be a member from now on (§4.8.1). Any node can be told.
    Join {
        /// Which node.
        node: NodeId,
        /// What the ring should know of it.
        member: Member,
    },
    /// A node is to be a member no longer.
    Leave {
        /// Which node.
        node: NodeId,
    },
    /// How the node that is asked sees the cluster, for clients that find their way by themselves
    /// (§6.4).
    Members,
    /// A version of a key that says it is gone: a tombstone. It replaces what its context has seen,
    /// like a put; a concurrent value stays.
    Delete {
        /// Opaque.
        key: Vec<u8>,
        /// From an earlier get of the key. Without it, nothing is replaced, so nothing is deleted.
        context: Option<Vec<u8>>,
        /// How many replicas it takes.
        terms: Terms,
    },
}

/// How many replicas one request takes, where it wants other than what the cluster does.
///
/// What is not said is as in the cluster, but never more than N. A request of a smaller N is about
/// the first N owners of its key only: of the promises of R + W > N, it keeps those among requests of
/// the same N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// N: from 1 to the cluster's N.
    pub n: Option<u32>,
    /// R: from 1 to N.
    pub r: Option<u32>,
    /// W: from 1 to N.
    pub w: Option<u32>,
    /// Whether the node that is asked must itself be among the replicas that answer: a session that
    /// stays with one owner reads its own writes. Refused by nodes that are none of the N owners.
    pub pinned: bool,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reply {
    /// What R replicas hold together.
    Values {
        /// The concurrent values; none if the key was never put, or was deleted. Equal bytes from
        /// two puts are two.
        values: Vec<Vec<u8>>,
        /// Whether a tombstone is among the concurrent versions.
        deleted: bool,
        /// For the put that is to replace them. Opaque.
        context: Vec<u8>,
    },
    /// W nodes have the put on disk; or the change of membership is on the disk of the node asked.
    Stored,
    /// Who was told to join or leave.
    Members(Membership),
    /// The put was certainly not applied, and never will be.
    Refused(Refusal),
    /// No quorum answered in time. A put may or may not have taken effect, now or later.
    Unavailable,
}

/// Why a request was not even tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Refusal {
    /// The context is not what any get returned.
    GarbledContext,
    /// The context belongs to another key.
    ForeignContext,
    /// N, R or W are not within bounds.
    Terms,
    /// A pinned request came to a node that does not own the key.
    NotAnOwner,
    /// It is a member of that description.
    MemberAlready,
    /// It is no member.
    NotAMember,
    /// A ring has a member.
    LastMember,
    /// The ring would be too large.
    TooLarge,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Refusal::GarbledContext => "the context is not what any get returned",
            Refusal::ForeignContext => "the context belongs to another key",
            Refusal::Terms => "it must be 1 ≤ R, W ≤ N ≤ the cluster's N",
            Refusal::NotAnOwner => "this node does not own the key",
            Refusal::MemberAlready => "it is a member already",
            Refusal::NotAMember => "it is no member",
            Refusal::LastMember => "the last member cannot leave",
            Refusal::TooLarge => "the ring would be too large",
        })
    }
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send a message. It may get lost.
    Send {
        /// To whom.
        to: NodeId,
        /// What to say.
        message: Message,
    },
    /// Answer a client.
    Reply {
        /// The request.
        id: RequestId,
        /// The answer.
        reply: Reply,
    },
    /// Write to the disk, all or nothing, in the order in which stores were asked for, and then say
    /// [`Input::Stored`].
    Store {
        /// Comes back once it is durable.
        ticket: Ticket,
        /// The records, in order.
        writes: Vec<Write>,
    },
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use alloc::string::ToString;

    use super::Refusal;

    #[test]
    fn each_refusal_gives_a_reason_of_its_own() {
        let all = [
            Refusal::GarbledContext,
            Refusal::ForeignContext,
            Refusal::Terms,
            Refusal::NotAnOwner,
            Refusal::MemberAlready,
            Refusal::NotAMember,
            Refusal::LastMember,
            Refusal::TooLarge,
        ];
        let texts: BTreeSet<_> = all.iter().map(Refusal::to_string).collect();
        assert_eq!(texts.len(), all.len());
        assert!(texts.iter().all(|text| !text.is_empty()));
        assert_eq!(Refusal::NotAMember.to_string(), "it is no member");
    }
}
