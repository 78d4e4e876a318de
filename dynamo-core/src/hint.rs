//! For whom a node keeps a copy that is not its own, and why (§4.6).

use serde::{Deserialize, Serialize};

use crate::clock::NodeId;

/// The owner whose copy this is, as the metadata of a hinted replica names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hint {
    /// For whom the copy is kept.
    pub owner: NodeId,
    /// Why the owner does not have it.
    pub reason: Reason,
}

/// Why a copy is not where it belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Reason {
    /// The owner seemed down, and was not asked.
    Suspected,
    /// The owner was asked, and did not answer in time.
    Silent,
    /// It was kept for another, who owns the key no more.
    Moved,
}
