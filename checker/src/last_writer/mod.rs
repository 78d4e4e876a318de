//! What a store of single values, of which the last writer's stays, promises its sessions and clients.

#[cfg(test)]
mod agreement;
mod causal;
mod chains;
mod explain;
mod known;
mod memory;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod oracles;
mod overwritten;
mod pasts;
mod path;
mod regular;
#[cfg(test)]
mod rows;
mod sessions;
mod single;
mod staleness;
mod study;
mod trace;
mod walk;

pub use causal::{Causal, CausalConvergence};
pub use memory::CausalMemory;
pub use regular::Regular;
pub use sessions::{MonotonicReads, MonotonicWrites, ReadYourWrites, WritesFollowReads};
pub use single::{NotSingle, registers};
pub use staleness::{RegisterStaleness, staleness};
