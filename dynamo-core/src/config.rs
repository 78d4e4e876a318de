//! Which choices go together: a `Config` that exists is valid.

use alloc::sync::Arc;
use core::fmt;

use crate::admission::Admission;
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::membership::Membership;
use crate::ring::{Partitioning, Ring};
use crate::shape::{Bootstrap, Shape};
use crate::versioning::Causality;
use crate::view::View;

/// A cluster whose choices go together, as its founders see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    shape: Shape,
    view: Arc<View>,
}

impl Config {
    /// Checks the choices and lays out the ring of the founders.
    pub fn new(shape: Shape) -> Result<Config, Invalid> {
        check(&shape)?;
        let founders = (0..shape.nodes).map(NodeId);
        let view = Arc::new(founded(&shape, founders));
        Ok(Config { shape, view })
    }

    /// The choices.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The cluster when all founders know one another. No flaw touches the ring.
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The ring of the founders.
    pub fn ring(&self) -> &Ring {
        self.view.ring()
    }

    /// The founders that should hold the keys of a range.
    pub fn owners(&self, range: u32) -> &[NodeId] {
        self.view.owners(range)
    }

    /// What a node knows of the cluster before it hears or reads anything.
    pub(crate) fn first_view(&self, node: NodeId) -> Arc<View> {
        let view = match self.shape.bootstrap {
            Bootstrap::Together => Arc::clone(&self.view),
            Bootstrap::Alone => {
                let founder = (node.0 < self.shape.nodes).then_some(node);
                Arc::new(founded(&self.shape, founder.into_iter()))
            }
        };
        match self.shape.flaw {
            Some(Flaw::TailViolation) => Arc::new(view.with_late_tail()),
            _ => view,
        }
    }

    /// Whether a ring of such a history is small enough to lay out.
    pub(crate) fn bears(&self, membership: &Membership) -> bool {
        let members = membership.members();
        let capacity = members.values().map(|member| u64::from(member.weight()));
        let ranges = self.shape.partitioning.ranges(capacity.sum());
        ranges.saturating_mul(members.len() as u64) <= TABLE_MAX
    }
}

fn founded(shape: &Shape, founders: impl Iterator<Item = NodeId>) -> View {
    let described = |node: NodeId| shape.members.get(node.0 as usize).copied();
    let founders = founders.map(|node| (node, described(node).unwrap_or_default()));
    View::new(shape.partitioning, shape.n, Membership::founded(founders))
}

/// The largest preference table, in entries, that a ring may have.
const TABLE_MAX: u64 = 1 << 24;

fn check(shape: &Shape) -> Result<(), Invalid> {
    let Shape { nodes, n, r, w, .. } = *shape;
    let timing = &shape.timing;
    if nodes == 0 {
        return Err(Invalid::NoNodes);
    }
    check_ring(shape)?;
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
        timing.gossip_us,
        timing.transfer_us,
        timing.flush_us,
    ]
    .contains(&0)
    {
        return Err(Invalid::NoTime);
    }
    if timing.replica_us > timing.request_us {
        return Err(Invalid::Impatient);
    }
    if let Admission::Feedback {
        threshold_us,
        window_us,
        slices_max,
    } = shape.admission
        && (threshold_us == 0 || window_us == 0 || slices_max == 0)
    {
        return Err(Invalid::NoSlices);
    }
    Ok(())
}

fn check_ring(shape: &Shape) -> Result<(), Invalid> {
    let (tokens, partitions) = match shape.partitioning {
        Partitioning::Tokens { per_node } => (per_node, 1),
        Partitioning::TokensOverPartitions {
            per_node,
            partitions,
        } => (per_node, partitions),
        Partitioning::Partitions { partitions } => (1, partitions),
    };
    if tokens == 0 {
        return Err(Invalid::NoTokens);
    }
    if partitions == 0 {
        return Err(Invalid::NoPartitions);
    }
    if shape.members.iter().any(|member| member.capacity == 0) {
        return Err(Invalid::NoCapacity);
    }
    let nodes = u64::from(shape.nodes);
    let listed = shape.members.iter().take(shape.nodes as usize);
    let more: u64 = listed
        .map(|member| u64::from(member.weight()).saturating_sub(1))
        .sum();
    let ranges = shape.partitioning.ranges(nodes.saturating_add(more));
    let tokens = nodes.saturating_add(more).saturating_mul(u64::from(tokens));
    if ranges.max(tokens).saturating_mul(nodes) > TABLE_MAX {
        return Err(Invalid::TooLarge);
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
    /// A ring has a partition.
    NoPartitions,
    /// A member has a capacity.
    NoCapacity,
    /// Nodes times ranges, and nodes times tokens, is at most 2²⁴.
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
    /// Feedback on background work has a threshold, a window and a slice.
    NoSlices,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Invalid::NoNodes => f.write_str("a cluster needs at least one node"),
            Invalid::NoTokens => f.write_str("a node needs at least one token"),
            Invalid::NoPartitions => f.write_str("a ring needs at least one partition"),
            Invalid::NoCapacity => f.write_str("a member needs a capacity of at least 1"),
            Invalid::TooLarge => {
                f.write_str("nodes × ranges and nodes × tokens must be at most 16,777,216")
            }
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
            Invalid::NoSlices => {
                f.write_str("admission by feedback needs a threshold, a window and a slice")
            }
        }
    }
}

impl core::error::Error for Invalid {}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::membership::Member;

    fn refusal(change: impl Fn(&mut Shape)) -> Option<Invalid> {
        let mut shape = Shape::default();
        change(&mut shape);
        Config::new(shape).err()
    }

    #[test]
    fn every_rule_is_kept_and_named() {
        assert_eq!(refusal(|_| ()), None);
        assert_eq!(refusal(|s| s.nodes = 0), Some(Invalid::NoNodes));
        assert_eq!(
            refusal(|s| s.partitioning = Partitioning::Tokens { per_node: 0 }),
            Some(Invalid::NoTokens)
        );
        let partitions = |partitions| Partitioning::Partitions { partitions };
        assert_eq!(
            refusal(|s| s.partitioning = partitions(0)),
            Some(Invalid::NoPartitions)
        );
        assert_eq!(
            refusal(|s| s.partitioning = partitions(u32::MAX)),
            Some(Invalid::TooLarge)
        );
        assert_eq!(
            refusal(|s| s.members = vec![Member {
                capacity: 0,
                zone: 0
            }]),
            Some(Invalid::NoCapacity)
        );
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
    fn feedback_with_nothing_to_measure_or_to_give_is_refused() {
        let refused = |threshold_us, window_us, slices_max| {
            refusal(|shape| {
                shape.admission = Admission::Feedback {
                    threshold_us,
                    window_us,
                    slices_max,
                }
            })
        };
        assert_eq!(refused(1, 1, 1), None);
        for (threshold_us, window_us, slices_max) in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
            let refused = refused(threshold_us, window_us, slices_max);
            assert_eq!(refused, Some(Invalid::NoSlices));
        }
        assert_eq!(refusal(|shape| shape.admission = Admission::PAPER), None);
    }

    #[test]
    fn the_smallest_cluster_is_one_node() {
        let small = Shape {
            nodes: 1,
            n: 1,
            r: 1,
            w: 1,
            partitioning: Partitioning::Tokens { per_node: 1 },
            ..Shape::default()
        };
        let config = Config::new(small).expect("one node is a cluster");
        assert_eq!(config.owners(0), [NodeId(0)]);
    }

    #[test]
    fn a_history_that_no_ring_can_bear_is_known_before_it_is_laid_out() {
        let config = Config::new(Shape::default()).expect("the default is valid");
        let member = Member {
            capacity: u32::MAX,
            zone: 0,
        };
        let members = |count| Membership::founded((0..count).map(|node| (NodeId(node), member)));
        assert!(config.bears(&members(90)));
        assert!(!config.bears(&members(91)));
    }
}
