//! What the threads of a server share: each file a leaf, with locks and nothing else under it.
//!
//! The locks come from one file, `sync.rs`. So the workspace compiles these files a second time, against
//! locks that try every interleaving, and judges what came of them (`tests/loom/` there).
//!
//! - [`Stepper`]: one machine, of which every step is atomic.
//! - [`GroupCommit`]: many wait for a disk, one syncs for all of them.
//! - [`Outbox`]: what one peer is yet to be sent.
//! - [`Published`]: the latest snapshot of what seldom changes.
//! - [`Gate`]: who is still at work, while a server stops.

mod commit;
mod gate;
mod outbox;
mod published;
mod stepper;

pub use commit::GroupCommit;
pub use gate::{Gate, Pass};
pub use outbox::{Outbox, Pushed};
pub use published::Published;
pub use stepper::Stepper;
