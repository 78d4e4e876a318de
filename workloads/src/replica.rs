//! The door through which the sans-IO node of any store enters the simulator.

use std::collections::BTreeMap;
use std::fmt::Debug;

use checker::Time;
use checker::note::Version;

/// The durable records of one node.
pub type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

/// Says what a record and its value hold, as [`Replica::holding`] does.
pub type Reader = fn(&[u8], &[u8]) -> Option<Holding>;

/// A node without input or output of its own: the host tells it what happens and when.
///
/// The host promises: stores become durable in the order they were issued, and [`Input::Stored`]
/// says so; a message arrives at most once unless a fault repeats it; [`Input::Wake`] comes when the
/// deadline has passed. A crash forgets the replica; the next one starts from the disk.
pub trait Replica {
    /// What replicas say to one another.
    type Message: Clone + Debug;

    /// Something happened.
    fn handle(
        &mut self,
        now: Time,
        input: Input<Self::Message>,
        out: &mut Vec<Output<Self::Message>>,
    );

    /// When it wants to be woken next; never, if it does not say.
    fn deadline(&self) -> Option<Time> {
        None
    }

    /// The kind of a message in one word, for luck, faults and reports. Where kinds are told apart, the
    /// luck of one message depends less on how many others there were.
    fn kind(_message: &Self::Message) -> &'static str {
        "message"
    }

    /// The keys whose versions a message carries from replica to replica to mend them; evidence.
    fn carries(_message: &Self::Message) -> Vec<String> {
        Vec::new()
    }

    /// What a message is about, so that reports can say who asked whom and on whose word an answer rested.
    /// `None`: nothing that concerns a key.
    fn about(_message: &Self::Message) -> Option<About> {
        None
    }

    /// What a disk record holds, so that disks can serve as evidence. `None`: nothing of interest.
    fn holding(_record: &[u8], _value: &[u8]) -> Option<Holding> {
        None
    }

    /// The roots of its Merkle trees, by range: its claim, held against the disks.
    fn roots(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// What a message between replicas is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The keys it speaks of; none for an answer, which is about what was asked.
    pub keys: Vec<String>,
    /// The request that it makes or answers, by a number that whoever made the request uses once.
    pub request: Option<u128>,
    /// The owner in whose place its receiver is asked.
    pub in_place_of: Option<u32>,
}

/// What a node is told.
#[derive(Clone, Debug)]
pub enum Input<M> {
    /// The deadline has passed.
    Wake,
    /// A client asks.
    Request {
        /// The host's name for the request, repeated in the reply.
        id: u64,
        /// What it asks.
        request: Request,
    },
    /// An administrator says who is to be a member. There is no answer: the disks show what came of it.
    Order {
        /// Which replica it is about.
        member: u32,
        /// Whether it is to join; else to leave.
        joins: bool,
    },
    /// Another replica says something.
    Message {
        /// Which replica.
        from: u32,
        /// What it says.
        message: M,
    },
    /// Everything of this store, and of those before it, is durable.
    Stored {
        /// The ticket it was issued under.
        ticket: u64,
    },
}

/// What a node does.
#[derive(Clone, Debug)]
pub enum Output<M> {
    /// To another replica.
    Send {
        /// Which replica.
        to: u32,
        /// What to say.
        message: M,
    },
    /// To a client.
    Reply {
        /// The request answered.
        id: u64,
        /// The answer.
        reply: Reply,
    },
    /// To the disk: all records of one store become durable together.
    Store {
        /// The node's name for this store.
        ticket: u64,
        /// Records and their new values; `None` removes the record.
        writes: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    },
}

/// What a client asks of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// All versions of the key.
    Get {
        /// Which key.
        key: Vec<u8>,
    },
    /// A new version.
    Put {
        /// Which key.
        key: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
        /// The opaque context of an earlier answer.
        context: Option<Vec<u8>>,
    },
    /// A tombstone, which replaces what the context has seen.
    Delete {
        /// Which key.
        key: Vec<u8>,
        /// The opaque context of an earlier answer.
        context: Option<Vec<u8>>,
    },
}

/// What a node answers a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The values of all versions, and a context that has seen them.
    Values {
        /// One value a version.
        values: Vec<Vec<u8>>,
        /// Opaque; to be passed to a put or delete.
        context: Vec<u8>,
    },
    /// The put or delete is durable on as many nodes as were asked for.
    Stored,
    /// It certainly did not happen and never will.
    Refused(String),
    /// It may have happened, or may yet.
    Unavailable,
}

/// What one disk record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holding {
    /// Versions of a key that the node keeps as its own.
    Data {
        /// Which key.
        key: String,
        /// All versions under this record.
        versions: Vec<Version>,
    },
    /// Versions of a key that the node keeps for another.
    Hint {
        /// For whom.
        owner: u32,
        /// Which key.
        key: String,
        /// All versions under this record.
        versions: Vec<Version>,
    },
    /// A line of the membership history, in the words of the store.
    Change(Vec<u8>),
}
