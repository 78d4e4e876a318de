//! Known sins that can be switched on, one line each at the place of the sin.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// A way in which a real store broke its promises. At most one is on; none by default.
///
/// Each is quiet while calls come one after the other and nothing fails, and shows itself once there
/// are crashes, cuts, lost messages or concurrent clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Flaw {
    /// A restarted node begins its event sequence again at 1, so dots name two versions.
    /// Bug 3: Riak KV 679.
    ForgetSequence,
    /// Read repair makes new events for what it repairs instead of a pure join.
    /// Bug 21: Riak KV pull requests 93 and 95.
    MintOnRepair,
    /// A put with an old context also replaces the coordinator's own newer versions, as plain
    /// per-server clocks do.
    /// Bug 2: dotted version vectors, README "Server IDs".
    DominateSameContext,
    /// A put whose context covers one sibling replaces all siblings that the coordinator holds, the
    /// unseen ones too.
    /// Bug 16: Riak KV pull request 746.
    CoverWholeContext,
    /// A node acknowledges before its disk has synced.
    /// Bug 50: Riak KV 1356, and the write buffer of the paper's §6.1.
    AckBeforeSync,
    /// Anti-entropy finds one differing key in a range not worth repairing.
    /// Bug 90: CASSANDRA-924.
    SkipSmallDifferences,
    /// A Merkle leaf depends on the order in which siblings arrived at this node.
    /// Bug 84: Riak KV 1189.
    HashArrivalOrder,
    /// Hints on disk are not read back after a restart.
    /// Bug 53: Riak Core 154.
    ForgetHints,
    /// The hint table is keyed without the owner, so hints of one key for two owners overwrite each
    /// other.
    /// Bug 56: Voldemort 5d0e8fbcb.
    HintKeyWithoutOwner,
    /// A hint is deleted when it is sent, not when its owner acknowledges it.
    /// Bug 55 in reverse: Riak KV 847.
    DropHintOnSend,
    /// An acknowledgement that comes twice counts as two nodes.
    /// Bug 37: Riak KV pull request 1663 (`node_confirms`).
    CountTwice,
}

impl Flaw {
    /// Every flaw, by the promise it breaks.
    pub const ALL: [Flaw; 11] = [
        Flaw::ForgetSequence,
        Flaw::MintOnRepair,
        Flaw::DominateSameContext,
        Flaw::CoverWholeContext,
        Flaw::AckBeforeSync,
        Flaw::SkipSmallDifferences,
        Flaw::HashArrivalOrder,
        Flaw::ForgetHints,
        Flaw::HintKeyWithoutOwner,
        Flaw::DropHintOnSend,
        Flaw::CountTwice,
    ];

    /// The word for flags and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Flaw::ForgetSequence => "forget-sequence",
            Flaw::MintOnRepair => "mint-on-repair",
            Flaw::DominateSameContext => "dominate-same-context",
            Flaw::CoverWholeContext => "cover-whole-context",
            Flaw::AckBeforeSync => "ack-before-sync",
            Flaw::SkipSmallDifferences => "skip-small-differences",
            Flaw::HashArrivalOrder => "hash-arrival-order",
            Flaw::ForgetHints => "forget-hints",
            Flaw::HintKeyWithoutOwner => "hint-key-without-owner",
            Flaw::DropHintOnSend => "drop-hint-on-send",
            Flaw::CountTwice => "count-twice",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Flaw {
    type Err = UnknownFlaw;

    fn from_str(name: &str) -> Result<Flaw, UnknownFlaw> {
        Flaw::ALL
            .into_iter()
            .find(|flaw| flaw.name() == name)
            .ok_or_else(|| UnknownFlaw(name.into()))
    }
}

/// A name that no flaw has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownFlaw(pub String);

impl fmt::Display for UnknownFlaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no flaw {:?}", self.0)
    }
}

impl core::error::Error for UnknownFlaw {}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_flaw_is_found_by_its_name_and_by_no_other() {
        let names: BTreeSet<&str> = Flaw::ALL.iter().map(|flaw| flaw.name()).collect();
        assert_eq!(names.len(), Flaw::ALL.len());
        for flaw in Flaw::ALL {
            assert_eq!(flaw.name().parse(), Ok(flaw));
        }
        assert_eq!("none".parse::<Flaw>(), Err(UnknownFlaw("none".into())));
    }
}
