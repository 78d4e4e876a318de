//! What the simulator asks about the store inside.

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

    /// The name of the Merkle range that a key falls into, if the store has such ranges.
    fn range(&self, _key: &str) -> Option<String> {
        None
    }
}
