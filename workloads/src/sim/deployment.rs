//! What the simulator asks about the store inside.

use checker::Time;
use checker::note::Note;

use crate::replica::{Disk, Replica};

/// A store whose nodes can live in the simulator: how they start, and what it promises.
pub trait Deployment {
    /// Its node.
    type Replica: Replica;

    /// Starts a node on the records that its disk holds: none at first, later what a crash left.
    fn start(&self, node: u32, disk: &Disk, now: Time) -> Self::Replica;

    /// What a history should know before anything happens: setup, and the owners of these keys.
    fn setup(&self, keys: &[String]) -> Vec<Note>;

    /// The name of the Merkle range that a key falls into, if the store has such ranges.
    fn range(&self, _key: &str) -> Option<String> {
        None
    }
}
