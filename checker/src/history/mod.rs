//! What happened: calls, returns and notes, well formed once built.

mod entry;
mod index;
mod recorder;

pub use entry::{Entry, OpId, Outcome, Process, Time};
pub use index::{History, Line, Malformed, Op, Why};
pub use recorder::Recorder;
