//! The choices of a cluster: what the paper leaves open or lets each service decide.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::admission::Admission;
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::membership::Member;
use crate::ring::Partitioning;
use crate::versioning::Versioning;

/// The choices of a cluster, not yet checked. All nodes must be given the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches that are turned one by one"
)]
pub struct Shape {
    /// How many nodes found the cluster: those from 0 on. More may join.
    pub nodes: u32,
    /// N: how many of them should hold a key.
    pub n: u32,
    /// R: how many must answer a get.
    pub r: u32,
    /// W: how many must have a put on disk.
    pub w: u32,
    /// How the ring is cut into ranges.
    pub partitioning: Partitioning,
    /// What the ring should know of a founder, by number; of those not listed, the default.
    pub members: Vec<Member>,
    /// Whom the founders know at first.
    pub bootstrap: Bootstrap,
    /// Nodes that everybody knows through something other than this system (§4.8.2).
    pub seeds: Vec<NodeId>,
    /// Whether nodes tell one another of membership changes.
    pub gossip: bool,
    /// How a node finds out that another seems down.
    pub detection: Detection,
    /// Whether nodes beyond the first N stand in for those that seem down.
    pub sloppy: bool,
    /// Whether what an owner missed is kept for it.
    pub hints: bool,
    /// Whether replicas compare Merkle trees in the background.
    pub anti_entropy: bool,
    /// Whether a get mends the replicas that it found stale, and who waits for that.
    pub read_repair: ReadRepair,
    /// How versions are told apart, replaced and merged.
    pub versioning: Versioning,
    /// How long a tombstone is kept, in microseconds; `None` keeps it for good. A replica that was
    /// away for longer brings back what was deleted.
    pub reaping_us: Option<u64>,
    /// Which owner coordinates a put.
    pub coordinator: Coordinator,
    /// Who may answer a get.
    pub read_from: ReadFrom,
    /// When a write counts as kept.
    pub durability: Durability,
    /// How background work yields to requests.
    pub admission: Admission,
    /// What contexts are sealed with. Whoever does not know it cannot make one up.
    pub secret: u64,
    /// A sin to commit.
    pub flaw: Option<Flaw>,
    /// How long to wait for what.
    pub timing: Timing,
}

impl Default for Shape {
    /// Five nodes and the paper's common (3, 2, 2), everything on, without flaw.
    fn default() -> Self {
        Shape {
            nodes: 5,
            n: 3,
            r: 2,
            w: 2,
            partitioning: Partitioning::Tokens { per_node: 8 },
            members: Vec::new(),
            bootstrap: Bootstrap::default(),
            seeds: Vec::new(),
            gossip: true,
            detection: Detection::default(),
            sloppy: true,
            hints: true,
            anti_entropy: true,
            read_repair: ReadRepair::After,
            versioning: Versioning::default(),
            reaping_us: None,
            coordinator: Coordinator::default(),
            read_from: ReadFrom::default(),
            durability: Durability::default(),
            admission: Admission::default(),
            secret: 0,
            flaw: None,
            timing: Timing::default(),
        }
    }
}

/// Whether a get mends the replicas that it found stale (§5), and who waits for that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadRepair {
    /// It does not.
    Off,
    /// It does, once the client has its answer and late replicas had their time, as in the paper.
    #[default]
    After,
    /// The client waits until each replica whose answer counted holds what it is told. With a strict
    /// quorum and 2R > N, no get returns less than an earlier one.
    Responders,
    /// The client waits until W replicas hold what it is told. With a strict quorum and R + W > N, no
    /// get returns less than an earlier one.
    Quorum,
}

/// Which owner of a key coordinates a put (§5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coordinator {
    /// Whichever owner the client asked; another node hands the put to the first owner that seems
    /// up.
    #[default]
    Asked,
    /// Always the first owner that seems up. Puts follow one another, but the load is uneven.
    First,
    /// The owner that answered the preceding get fastest, as its context says, while it seems up: it
    /// has what was read, so a client is more likely to read what it wrote. An owner that
    /// coordinates a get is itself the fastest. Without a context, as for [`Coordinator::Asked`].
    Fastest,
}

/// When a write counts as kept (§6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// When it is on disk.
    #[default]
    Synced,
    /// When it is in memory; a writer brings it to disk a little later. A crash loses what it had
    /// not brought there yet, so the node comes back as a new actor. Hints, handed-over ranges and
    /// membership are synced all the same.
    Buffered {
        /// How many records are kept in memory before the disk is asked for all of them.
        writes: u32,
        /// Whether each put is on one of the disks before that node answers ("durable write"). With
        /// W below N, nobody waits for it.
        durable_write: bool,
    },
}

/// Who may answer a get (§4.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadFrom {
    /// The first N healthy nodes of the preference list, stand-ins included.
    #[default]
    Healthy,
    /// The owners only, even where puts go to stand-ins.
    Owners,
}

/// Whom a node knows that starts for the first time (§4.8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bootstrap {
    /// The founders know one another.
    #[default]
    Together,
    /// Each knows itself and the seeds. Without seeds, those that were told to join at different
    /// nodes may never hear of one another: a logical partition.
    Alone,
}

/// How a node finds out that another seems down (§4.8.3). Either way it decides for itself alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Detection {
    /// By requests that were not answered.
    #[default]
    Requests,
    /// By gossip that was not answered, too: so also while there are no requests.
    Heartbeats,
}

/// How long to wait for what, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// For one replica, before it is suspected and the next is asked.
    pub replica_us: u64,
    /// For a client's request as a whole.
    pub request_us: u64,
    /// How long a suspicion lasts without further word.
    pub suspicion_us: u64,
    /// Between two looks at the hints.
    pub hint_scan_us: u64,
    /// Between two Merkle exchanges.
    pub anti_entropy_us: u64,
    /// Between two rounds of gossip.
    pub gossip_us: u64,
    /// Between two attempts to hand over a range.
    pub transfer_us: u64,
    /// How long a record stays in a write buffer at most.
    pub flush_us: u64,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            replica_us: 50_000,
            request_us: 250_000,
            suspicion_us: 300_000,
            hint_scan_us: 200_000,
            anti_entropy_us: 250_000,
            gossip_us: 1_000_000,
            transfer_us: 100_000,
            flush_us: 100_000,
        }
    }
}
