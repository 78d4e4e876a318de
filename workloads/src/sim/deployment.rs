//! What the simulator asks about the store inside.

use std::collections::BTreeSet;
use std::fmt::Debug;

use checker::Time;
use checker::note::Note;

use crate::replica::{Disk, Reader, Replica};

/// A store whose nodes can live in the simulator: how they start, and what it promises.
pub trait Deployment {
    /// Its node.
    type Replica: Replica;

    /// Starts a node on the records that its disk holds: none at first, later what a crash left.
    fn start(&self, node: u32, disk: &Disk, now: Time) -> Self::Replica;

    /// What a history should know before anything happens: setup, and the owners of these keys.
    fn setup(&self, keys: &[String]) -> Vec<Note>;

    /// What reads the disks for evidence. A store that can be set up so that its clocks claim less
    /// than others may answer with a reader that leaves them out.
    fn reader(&self) -> Reader {
        Self::Replica::holding
    }

    /// The cluster as these lines of its membership history make it; see
    /// [`Holding::Change`](crate::replica::Holding).
    fn layout(&self, history: &BTreeSet<Vec<u8>>) -> Box<dyn Layout>;

    /// How long a healed cluster may take to mend itself, in microseconds; `None` leaves that to the plan.
    fn settle_us(&self) -> Option<u64> {
        None
    }

    /// How many members there must be at any time; `None` if they never change.
    fn members_min(&self) -> Option<u32> {
        None
    }
}

/// Who is a member and who owns what, from outside the nodes.
pub trait Layout: Debug {
    /// Whether the node belongs to the cluster.
    fn is_member(&self, node: u32) -> bool;

    /// The nodes that should hold a key, in order of preference.
    fn owners(&self, key: &str) -> Vec<u32>;

    /// The name of the Merkle range that a key falls into, if the store has such ranges.
    fn range(&self, key: &str) -> Option<String>;
}
