//! What a cluster is made of: N, R, W and the rest; a `Config` that exists is valid.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::membership::{Member, Membership};
use crate::ring::{Partitioning, Ring};
use crate::versioning::{Causality, Versioning};

/// The choices of a cluster, not yet checked. All nodes must be given the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "three switches that are turned one by one"
)]
pub struct Shape {
    /// How many nodes are in the ring.
    pub nodes: u32,
    /// N: how many of them should hold a key.
    pub n: u32,
    /// R: how many must answer a get.
    pub r: u32,
    /// W: how many must have a put on disk.
    pub w: u32,
    /// Tokens per node.
    pub vnodes: u32,
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
            vnodes: 8,
            sloppy: true,
            hints: true,
            anti_entropy: true,
            read_repair: ReadRepair::After,
            versioning: Versioning::default(),
            reaping_us: None,
            coordinator: Coordinator::default(),
            read_from: ReadFrom::default(),
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
    /// The client waits until each replica whose answer counted holds what it is told.
    Responders,
    /// The client waits until W replicas hold what it is told.
    Quorum,
}

/// Which owner of a key coordinates a put (§5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coordinator {
    /// Whichever owner the client asked; a node that owns nothing hands the put to the first owner
    /// that seems up.
    #[default]
    Asked,
    /// Always the first owner that seems up. Puts follow one another, but the load is uneven.
    First,
    /// The owner that answered the preceding get fastest, as its context says; so a client is more
    /// likely to read what it wrote.
    Fastest,
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
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            replica_us: 50_000,
            request_us: 250_000,
            suspicion_us: 300_000,
            hint_scan_us: 200_000,
            anti_entropy_us: 250_000,
        }
    }
}

/// A cluster whose choices go together, with its ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    shape: Shape,
    ring: Ring,
}

impl Config {
    /// Checks the choices and lays out the ring.
    pub fn new(shape: Shape) -> Result<Config, Invalid> {
        check(&shape)?;
        let founders = (0..shape.nodes).map(|node| (NodeId(node), Member::default()));
        let partitioning = Partitioning::Tokens {
            per_node: shape.vnodes,
        };
        let ring = Ring::new(partitioning, &Membership::founded(founders));
        Ok(Config { shape, ring })
    }

    /// The choices.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Who keeps what. No flaw touches the ring.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// The nodes that should hold the keys of a range.
    pub fn owners(&self, range: u32) -> &[NodeId] {
        let walk = self.ring.walk(range);
        &walk[..walk.len().min(self.shape.n as usize)]
    }
}

/// The largest preference table, in entries, that a [`Config`] will lay out.
const TABLE_MAX: u64 = 1 << 24;

fn check(shape: &Shape) -> Result<(), Invalid> {
    let Shape { nodes, n, r, w, .. } = *shape;
    let timing = &shape.timing;
    if nodes == 0 {
        return Err(Invalid::NoNodes);
    }
    if shape.vnodes == 0 {
        return Err(Invalid::NoTokens);
    }
    let table = u64::from(nodes)
        .saturating_mul(u64::from(nodes))
        .saturating_mul(u64::from(shape.vnodes));
    if table > TABLE_MAX {
        return Err(Invalid::TooLarge);
    }
    if n == 0 || n > nodes {
        return Err(Invalid::Replicas { n, nodes });
    }
    if r == 0 || r > n {
        return Err(Invalid::ReadQuorum { r, n });
    }
    if w == 0 || w > n {
        return Err(Invalid::WriteQuorum { w, n });
    }
    if shape.sloppy && !shape.hints {
        return Err(Invalid::SloppyWithoutHints);
    }
    if shape.versioning.causality == (Causality::Truncated { pairs: 0 }) {
        return Err(Invalid::NoClock);
    }
    if [
        timing.replica_us,
        timing.suspicion_us,
        timing.hint_scan_us,
        timing.anti_entropy_us,
    ]
    .contains(&0)
    {
        return Err(Invalid::NoTime);
    }
    if timing.replica_us > timing.request_us {
        return Err(Invalid::Impatient);
    }
    Ok(())
}

/// The rule that a [`Shape`] breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalid {
    /// A cluster has a node.
    NoNodes,
    /// A node has a token.
    NoTokens,
    /// Nodes² times tokens is at most 2²⁴.
    TooLarge,
    /// 1 ≤ N ≤ nodes.
    Replicas {
        /// The N asked for.
        n: u32,
        /// The nodes there are.
        nodes: u32,
    },
    /// 1 ≤ R ≤ N.
    ReadQuorum {
        /// The R asked for.
        r: u32,
        /// The N asked for.
        n: u32,
    },
    /// 1 ≤ W ≤ N.
    WriteQuorum {
        /// The W asked for.
        w: u32,
        /// The N asked for.
        n: u32,
    },
    /// A stand-in needs a hint to know whom it stands in for.
    SloppyWithoutHints,
    /// A truncated clock keeps at least its writer's own entry.
    NoClock,
    /// Every wait takes time, or timers would fire without end.
    NoTime,
    /// A request outlasts the wait for one replica.
    Impatient,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::NoNodes => f.write_str("a cluster needs at least one node"),
            Invalid::NoTokens => f.write_str("a node needs at least one token"),
            Invalid::TooLarge => f.write_str("nodes² × tokens per node must be at most 16,777,216"),
            Invalid::Replicas { n, nodes } => {
                write!(f, "N is {n} but must be from 1 to the {nodes} nodes")
            }
            Invalid::ReadQuorum { r, n } => write!(f, "R is {r} but must be from 1 to N = {n}"),
            Invalid::WriteQuorum { w, n } => write!(f, "W is {w} but must be from 1 to N = {n}"),
            Invalid::SloppyWithoutHints => f.write_str("a sloppy quorum needs hints"),
            Invalid::NoClock => f.write_str("a truncated clock must keep at least one entry"),
            Invalid::NoTime => f.write_str("every wait must be longer than 0 µs"),
            Invalid::Impatient => {
                f.write_str("the wait for a request must be at least that for a replica")
            }
        }
    }
}

impl core::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl Fn(&mut Shape)) -> Option<Invalid> {
        let mut shape = Shape::default();
        change(&mut shape);
        Config::new(shape).err()
    }

    #[test]
    fn every_rule_is_kept_and_named() {
        assert_eq!(refusal(|_| ()), None);
        assert_eq!(refusal(|s| s.nodes = 0), Some(Invalid::NoNodes));
        assert_eq!(refusal(|s| s.vnodes = 0), Some(Invalid::NoTokens));
        assert_eq!(refusal(|s| s.nodes = 5_000), Some(Invalid::TooLarge));
        assert_eq!(
            refusal(|s| s.n = 6),
            Some(Invalid::Replicas { n: 6, nodes: 5 })
        );
        assert_eq!(
            refusal(|s| s.r = 4),
            Some(Invalid::ReadQuorum { r: 4, n: 3 })
        );
        assert_eq!(
            refusal(|s| s.r = 0),
            Some(Invalid::ReadQuorum { r: 0, n: 3 })
        );
        assert_eq!(
            refusal(|s| s.w = 4),
            Some(Invalid::WriteQuorum { w: 4, n: 3 })
        );
        assert_eq!(
            refusal(|s| s.hints = false),
            Some(Invalid::SloppyWithoutHints)
        );
        assert_eq!(
            refusal(|s| s.versioning.causality = Causality::Truncated { pairs: 0 }),
            Some(Invalid::NoClock)
        );
        assert_eq!(
            refusal(|s| s.timing.suspicion_us = 0),
            Some(Invalid::NoTime)
        );
        assert_eq!(
            refusal(|s| s.timing.request_us = 1),
            Some(Invalid::Impatient)
        );
    }

    #[test]
    fn the_smallest_cluster_is_one_node() {
        let small = Shape {
            nodes: 1,
            n: 1,
            r: 1,
            w: 1,
            vnodes: 1,
            ..Shape::default()
        };
        let config = Config::new(small).expect("one node is a cluster");
        assert_eq!(config.owners(0), [NodeId(0)]);
    }
}
