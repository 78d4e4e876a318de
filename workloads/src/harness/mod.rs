//! Tests of one's own store: what [`prelude`](crate::prelude) hands out, room by room.

mod bench;
pub mod env;
mod failed;
mod held;
mod history;
mod place;
pub(crate) mod recorded;
mod running;
mod session;
mod simulated;
mod terms;
mod test;

pub use bench::{Bench, endured};
pub use failed::{Cause, Failed};
pub use held::Held;
pub use history::{Judged, Outcome, check, recording};
pub use running::{Running, live};
pub use simulated::{Boot, Simulated, simulate};
pub use terms::{Terms, Versions};
pub use test::{Test, Undeclared};
