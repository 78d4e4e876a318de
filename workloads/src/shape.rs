//! A cluster: its size, its quorums, and which mechanism of the paper does what in it.

use std::fmt;

use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};
use serde::{Deserialize, Deserializer, Serialize};

/// A cluster: its size, quorums and mechanisms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches that are turned one by one"
)]
pub struct Shape {
    /// Nodes.
    pub nodes: u32,
    /// Replicas of a key.
    pub n: u32,
    /// Answers a get waits for.
    pub r: u32,
    /// Durable copies a put waits for.
    pub w: u32,
    /// Tokens of each node on the ring; and a quarter of the equal ranges that there are for it.
    pub vnodes: u32,
    /// How the ring is cut into ranges.
    #[serde(default)]
    pub partitioning: Partitioning,
    /// Whether fallbacks stand in for nodes that do not answer.
    pub sloppy: bool,
    /// Whether hints are kept for nodes that do not answer.
    pub hints: bool,
    /// Whether replicas compare Merkle trees.
    pub anti_entropy: bool,
    /// Whether a get mends the replicas it found stale, and who waits for that. Plans of old say only
    /// whether.
    #[serde(deserialize_with = "mode_or_switch")]
    pub read_repair: ReadRepair,
    /// Which owner coordinates a put.
    #[serde(default)]
    pub coordinator: Coordinator,
    /// Who may answer a get.
    #[serde(default)]
    pub read_from: ReadFrom,
    /// How versions are known to replace one another.
    #[serde(default)]
    pub causality: Causality,
    /// Who resolves those that do not.
    #[serde(default)]
    pub resolution: Resolution,
    /// How long tombstones are kept, in microseconds; for good, if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reaping_us: Option<u64>,
    /// When a write counts as kept.
    #[serde(default)]
    pub durability: Durability,
    /// How a node finds out that another seems down.
    #[serde(default)]
    pub detection: Detection,
    /// Whether background work yields to puts that wait for the disk.
    #[serde(default)]
    pub yields: bool,
    /// By how much the clock of each node is ahead of that of the node before it, in microseconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skew_us: u64,
}

/// How the ring is cut into ranges (§6.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Partitioning {
    /// A range ends at each random token: strategy 1.
    #[default]
    Tokens,
    /// Equal ranges, each kept by the owners of the next random tokens: strategy 2.
    TokensOverPartitions,
    /// Equal ranges, shared out evenly: strategy 3.
    Partitions,
}

/// The most that a clock may be ahead of the one before it, as a plan may ask for it: an hour.
const SKEW_US_MAX: u64 = 3_600_000_000;

/// The least time that tombstones are kept, as a plan may ask for it: nodes look for them that often.
const REAPING_US_MIN: u64 = 1_000;

/// The most records in a write buffer, as a plan may ask for them.
const BUFFERED_MAX: u32 = 1_000;

/// The most entries of a truncated clock, as a plan may ask for them.
const PAIRS_MAX: u32 = 64;

impl Shape {
    /// The nearest legal shape: at most 64 nodes, n ≤ nodes, r and w ≤ n, all at least 1, sloppy only
    /// with hints, truncated clocks of 1 to 64 entries.
    #[must_use]
    pub fn legal(self) -> Self {
        let nodes = self.nodes.clamp(1, 64);
        let n = self.n.clamp(1, nodes);
        let causality = match self.causality {
            Causality::Truncated { pairs } => Causality::Truncated {
                pairs: pairs.clamp(1, PAIRS_MAX),
            },
            other => other,
        };
        let durability = match self.durability {
            Durability::Buffered {
                writes,
                durable_write,
            } => Durability::Buffered {
                writes: writes.clamp(1, BUFFERED_MAX),
                durable_write,
            },
            Durability::Synced => Durability::Synced,
        };
        Shape {
            nodes,
            n,
            r: self.r.clamp(1, n),
            w: self.w.clamp(1, n),
            vnodes: self.vnodes.clamp(1, 64),
            sloppy: self.sloppy && self.hints,
            causality,
            durability,
            reaping_us: self.reaping_us.map(|us| us.max(REAPING_US_MIN)),
            skew_us: self.skew_us.min(SKEW_US_MAX),
            ..self
        }
    }

    /// How long a healed cluster may take to mend itself, in microseconds.
    ///
    /// Suspicions run out, hints are scanned for, and each node compares its trees with each peer
    /// three times.
    #[must_use]
    pub fn settle(self) -> u64 {
        1_500_000 + 3 * 250_000 * u64::from(self.legal().nodes - 1)
    }

    /// Whether each version is an event of its own and all that are concurrent are kept: then clocks
    /// can be held against what clients saw.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self.causality == Causality::Dots && self.resolution == Resolution::Client
    }

    /// How long it may take until who left has joined again, and every range is where it belongs, in
    /// microseconds.
    ///
    /// All hear of it by gossip; then ranges are offered, taken and dropped, one wait for another at
    /// times; and all of that may have to wait for who was last to hear of an earlier change.
    #[must_use]
    pub fn resettle(self) -> u64 {
        2_000_000 + 250_000 * u64::from(self.legal().nodes)
    }

    /// How versions are kept, in words, where that is not as usual; empty where it is.
    #[must_use]
    pub fn versioning(self) -> String {
        let mut words = Vec::new();
        match self.causality {
            Causality::Dots => {}
            Causality::Clocks => words.push("clocks".to_owned()),
            Causality::Truncated { pairs } => words.push(format!("clocks of {pairs}")),
            Causality::Vectors => words.push("vectors".to_owned()),
        }
        if self.resolution == Resolution::LastWriterWins {
            words.push("last writer wins".to_owned());
        }
        if let Some(us) = self.reaping_us {
            words.push(format!("reaping after {} ms", us / 1_000));
        }
        words.join(", ")
    }
}

impl fmt::Display for Shape {
    /// What is on, in one line: `5 nodes, n 3 r 2 w 2, hints, repair after, clocks`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape { nodes, n, r, w, .. } = self;
        write!(f, "{nodes} nodes, n {n} r {r} w {w}")?;
        for (on, word) in [
            (self.sloppy, "sloppy"),
            (self.hints, "hints"),
            (self.anti_entropy, "anti-entropy"),
        ] {
            if on {
                write!(f, ", {word}")?;
            }
        }
        match self.read_repair {
            ReadRepair::Off => {}
            ReadRepair::After => f.write_str(", repair after")?,
            ReadRepair::Responders => f.write_str(", repair of responders")?,
            ReadRepair::Quorum => f.write_str(", repair of a quorum")?,
        }
        match self.coordinator {
            Coordinator::Asked => {}
            Coordinator::First => f.write_str(", puts by the first")?,
            Coordinator::Fastest => f.write_str(", puts by the fastest")?,
        }
        if self.read_from == ReadFrom::Owners {
            f.write_str(", reads from owners")?;
        }
        match self.partitioning {
            Partitioning::Tokens => {}
            Partitioning::TokensOverPartitions => f.write_str(", tokens over partitions")?,
            Partitioning::Partitions => f.write_str(", equal shares")?,
        }
        match self.durability {
            Durability::Synced => {}
            Durability::Buffered {
                durable_write: false,
                ..
            } => f.write_str(", write buffer")?,
            Durability::Buffered { .. } => f.write_str(", write buffer and durable write")?,
        }
        if self.detection == Detection::Heartbeats {
            f.write_str(", heartbeats")?;
        }
        if self.yields {
            f.write_str(", background yields")?;
        }
        if self.skew_us > 0 {
            write!(f, ", clocks {} ms apart", self.skew_us.div_ceil(1_000))?;
        }
        let versioning = self.versioning();
        if versioning.is_empty() {
            Ok(())
        } else {
            write!(f, ", {versioning}")
        }
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde asks for"
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn mode_or_switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ReadRepair, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Said {
        Switch(bool),
        Mode(ReadRepair),
    }
    Ok(match Said::deserialize(deserializer)? {
        Said::Switch(false) => ReadRepair::Off,
        Said::Switch(true) => ReadRepair::After,
        Said::Mode(mode) => mode,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = r#"{"nodes":5,"n":3,"r":2,"w":2,"vnodes":8,"sloppy":true,"hints":true,
        "anti_entropy":true,"read_repair":true}"#;

    fn old() -> Shape {
        serde_json::from_str(OLD).expect("old plans stay readable")
    }

    #[test]
    fn a_shape_of_old_is_what_it_was() {
        let shape = old();
        assert_eq!(shape.read_repair, ReadRepair::After);
        assert!(shape.is_exact() && shape.reaping_us.is_none());
        assert_eq!(shape.partitioning, Partitioning::Tokens);
        assert_eq!(
            (shape.coordinator, shape.read_from),
            (Coordinator::Asked, ReadFrom::Healthy)
        );
        let off = OLD.replace("\"read_repair\":true", "\"read_repair\":false");
        let off: Shape = serde_json::from_str(&off).expect("a switch is read");
        assert_eq!(off.read_repair, ReadRepair::Off);
        let odd = OLD.replace("\"read_repair\":true", "\"read_repair\":\"often\"");
        assert!(serde_json::from_str::<Shape>(&odd).is_err());
    }

    #[test]
    fn every_choice_is_read_back_by_its_name() {
        let shape = Shape {
            read_repair: ReadRepair::Quorum,
            coordinator: Coordinator::Fastest,
            read_from: ReadFrom::Owners,
            causality: Causality::Truncated { pairs: 3 },
            resolution: Resolution::LastWriterWins,
            reaping_us: Some(250_000),
            partitioning: Partitioning::TokensOverPartitions,
            durability: Durability::Buffered {
                writes: 9,
                durable_write: true,
            },
            detection: Detection::Heartbeats,
            ..old()
        };
        let json = serde_json::to_string(&shape).expect("a shape has text keys");
        for said in [
            r#""read_repair":"quorum""#,
            r#""coordinator":"fastest""#,
            r#""read_from":"owners""#,
            r#""causality":{"truncated":{"pairs":3}}"#,
            r#""resolution":"last-writer-wins""#,
            r#""reaping_us":250000"#,
            r#""partitioning":"tokens-over-partitions""#,
            r#""durability":{"buffered":{"writes":9,"durable_write":true}}"#,
            r#""detection":"heartbeats""#,
        ] {
            assert!(json.contains(said), "{said} in {json}");
        }
        assert_eq!(
            serde_json::from_str::<Shape>(&json).expect("it is read"),
            shape
        );
    }

    #[test]
    fn a_shape_is_said_in_one_line() {
        assert_eq!(
            old().to_string(),
            "5 nodes, n 3 r 2 w 2, sloppy, hints, anti-entropy, repair after"
        );
        let shape = Shape {
            sloppy: false,
            read_repair: ReadRepair::Off,
            coordinator: Coordinator::First,
            read_from: ReadFrom::Owners,
            causality: Causality::Truncated { pairs: 3 },
            resolution: Resolution::LastWriterWins,
            reaping_us: Some(250_000),
            partitioning: Partitioning::Partitions,
            durability: Durability::Buffered {
                writes: 9,
                durable_write: false,
            },
            detection: Detection::Heartbeats,
            yields: true,
            skew_us: 20_000,
            ..old()
        };
        assert_eq!(
            shape.to_string(),
            "5 nodes, n 3 r 2 w 2, hints, anti-entropy, puts by the first, reads from owners, \
             equal shares, write buffer, heartbeats, background yields, clocks 20 ms apart, clocks of 3, last writer wins, reaping after 250 ms"
        );
    }

    #[test]
    fn a_truncated_clock_keeps_its_writer() {
        for (asked, legal) in [(0, 1), (3, 3), (u32::MAX, PAIRS_MAX)] {
            let shape = Shape {
                causality: Causality::Truncated { pairs: asked },
                ..old()
            };
            let pairs = Causality::Truncated { pairs: legal };
            assert_eq!(shape.legal().causality, pairs);
        }
    }
}
