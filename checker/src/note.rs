//! What was recorded beside the clients' calls: faults, and white-box evidence.
//!
//! Evidence comes from outside the store under test: from the disks it wrote to and the network that
//! carried its messages. The one exception is [`Note::Root`], a claim of the store that is held
//! against the disks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A member of the cluster, by its position in the run's setup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Node(pub u32);

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0)
    }
}

/// One version of a key as a disk holds it, with the store's own clock for it, where decoded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Its value; `None` for a tombstone.
    pub value: Option<String>,
    /// The event that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
}

/// The store's claim about one version: the event that made it, and the events it had seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Actor and counter of the event itself.
    pub dot: (String, u64),
    /// For each actor, the highest counter seen: every event of the actor up to it counts as seen.
    pub past: Vec<(String, u64)>,
}

impl Clock {
    /// Whether this version claims to have seen that event.
    pub fn saw(&self, dot: &(String, u64)) -> bool {
        self.past
            .iter()
            .any(|(actor, counter)| *actor == dot.0 && *counter >= dot.1)
    }
}

/// Something recorded beside the calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Note {
    /// The cluster and what it promises; at most once, before everything else.
    Setup(Setup),
    /// From now on these nodes should hold this key, in order of preference, distinct. A node that
    /// begins to may still have to be given what others hold. Said of every key again whenever the
    /// members change.
    Owners {
        /// Which key.
        key: String,
        /// The first N nodes of its preference list.
        nodes: Vec<Node>,
    },
    /// From now on, and until members change again, the disk of the node says as much of the members as
    /// all disks together. Before, the node may see other owners.
    Informed(Node),
    /// A fault began or ended.
    Fault {
        /// The fault as a reader says it: `cut {n0} | {n1 n2}`.
        what: String,
        /// Whether it begins here.
        begins: bool,
    },
    /// The node lost its memory and what its disk had not synced.
    Crash(Node),
    /// The node runs again, on the disk it had.
    Restart(Node),
    /// From now on the disk of the node holds exactly these versions of the key as its own.
    Durable {
        /// Whose disk.
        node: Node,
        /// Which key.
        key: String,
        /// All versions of the key on this disk.
        versions: Vec<Version>,
    },
    /// From now on the disk of the holder keeps exactly these versions for the owner.
    Hint {
        /// Whose disk.
        holder: Node,
        /// For whom.
        owner: Node,
        /// Which key.
        key: String,
        /// All versions kept under this hint.
        versions: Vec<Version>,
    },
    /// The disk of the holder no longer keeps a hint for the owner.
    HintDropped {
        /// Whose disk.
        holder: Node,
        /// For whom.
        owner: Node,
        /// Which key.
        key: String,
    },
    /// The disk of the holder no longer keeps a hint for the owner, and the hint had become as old as
    /// the store lets hints become: nobody owes its delivery any more.
    HintExpired {
        /// Whose disk.
        holder: Node,
        /// For whom.
        owner: Node,
        /// Which key.
        key: String,
    },
    /// What the disk of the node holds of the key has this context: an opaque text, equal where contexts
    /// are. It counts until the disk holds something else.
    Context {
        /// Whose disk.
        node: Node,
        /// Which key.
        key: String,
        /// The context.
        context: String,
    },
    /// A coordinator acknowledges a write on the word of these nodes.
    Counted {
        /// Which key.
        key: String,
        /// What was put; `None` for a delete.
        value: Option<String>,
        /// How many different nodes it takes.
        needed: u32,
        /// Whose answers were counted, each as often as it was.
        nodes: Vec<Node>,
    },
    /// A node answered a read that asks owners only, with these versions as its own.
    Served {
        /// Who answered.
        node: Node,
        /// Which key.
        key: String,
        /// What it answered.
        versions: Vec<Version>,
    },
    /// A message that carries versions of a key from one replica to another was delivered.
    Transfer {
        /// The sender.
        from: Node,
        /// The receiver.
        to: Node,
        /// What kind of message, in the store's word: `repair`, `hint`, `sync`; `keys` for those that
        /// move because owners change.
        kind: String,
        /// Which key.
        key: String,
    },
    /// A node's claim about a range of keys that it shares with others: the root of its Merkle tree.
    Root {
        /// Who claims it.
        node: Node,
        /// The range, by a name that is equal on every node.
        range: String,
        /// The keys known to the run that fall into the range.
        keys: Vec<String>,
        /// The root.
        hash: String,
    },
    /// All faults have ended; from now on the store must mend itself.
    Healed,
    /// The store had the time it asked for; what follows was read from a mended store.
    Quiet,
}

/// The cluster under test and what it promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each promise is made or not made by itself"
)]
pub struct Setup {
    /// How many nodes.
    pub nodes: u32,
    /// How many replicas a key has.
    pub n: u32,
    /// How many answers a get waits for.
    pub r: u32,
    /// How many durable copies an acknowledged put has.
    pub w: u32,
    /// Whether replicas promise to become equal without being read once the cluster is healed.
    pub converges: bool,
    /// Whether a node that stands in for another promises to keep and deliver a hint.
    pub hands_off: bool,
    /// Whether an acknowledged write may disappear although nothing that had seen it took effect: the
    /// last writer wins, or clocks tell too little.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_lose: bool,
    /// Whether what was replaced or deleted may come back: tombstones are reaped, or clocks forget.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_revive: bool,
    /// Whether disks are only looked at now and then: a note about one says what it holds at that
    /// moment, not since when, and what came and went between two looks is told nowhere. Each look is
    /// at all disks. Hints that expire would look like hints that get lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sampled: bool,
}
