//! The matrix configuration × promise: what a cluster of each kind keeps, and what it may break.
//!
//! Three replicas of a key, members that stay the same, disks that keep what they synced. **✓** must
//! hold; a cell with a scenario may be broken, and the scenario is the smallest way to break it; **✗**
//! may be broken too. "with" are sessions whose every put after the first carries a context that covers
//! what the session wrote and read of the key; "read first" are sessions that read a key just before
//! each put and pass that context; "blind" are all others.
//!
//! | row | configuration | regular | RYW | MR | no inversion | MW with | MW blind | WFR with | WFR blind | causal, one key, with | … blind | causal, keys, read first | … not | linearizable |
//! |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
//! | S1 | siblings, strict R2 W2, no repair or after | ✓ | ✓ | V1 | V1 | ✓ | V3 | ✓¹ | V4 | V1 | V1 | V5 | V5 | V1 |
//! | S2 | siblings, strict R2 W2, repair before the answer | ✓ | ✓ | ✓ | ✓ | ✓ | V3 | ✓ | V4 | ✓ | V3 | ✓ | V6 | V7 |
//! | S3 | siblings, strict R1 W3, no repair, after, or of responders | ✓ | ✓ | V2 | V2 | ✓ | ✓ | ✓¹ | ✗ | V2 | V2 | V5 | V5 | V2 |
//! | S4 | siblings, strict R1 W3, write-back to W | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | V8 |
//! | S5 | siblings, strict R3 W1 | ✓ | ✓ | ✓ | ✓ | ✓ | V3 | ✓ | ✗ | ✓ | V3 | ✓ | V6 | V7 |
//! | S6 | siblings, strict R1 W1 or R1 W2 | V9 | V9 | ✗ | ✗ | ✓¹ | ✗ | ✓¹ | ✗ | V9 | V9 | ✗ | ✗ | V9 |
//! | S7 | siblings, R1 W1, each session at one owner | ✗ | ✓ | ✓ | ✗ | ✓ | ✗ | ✓ | ✗ | ✓ | ✗ | V10 | V10 | ✗ |
//! | S8 | siblings, R1 W3, each session at one owner | ✓ | ✓ | ✓ | ✗ | ✓ | ✓ | ✓ | ✗ | ✓ | ✗ | V5 | V5 | ✗ |
//! | S9 | siblings, R2 W2, each session at one owner | ✓ | ✓ | V1 | ✗ | ✓ | ✗ | ✓¹ | ✗ | ✗ | ✗ | ✗ | ✗ | ✗ |
//! | S10 | siblings, sloppy, reads from whoever is healthy | V11 | V11 | ✗ | ✗ | ✓¹ | ✗ | ✓¹ | ✗ | V11 | V11 | ✗ | ✗ | V11 |
//! | S11 | siblings, sloppy R2 W2, reads from owners, repair of responders | V11 | V11 | ✓ | ✓ | ✓ | ✗ | ✓ | ✗ | ✗ | ✗ | ✗ | ✗ | ✗ |
//! | L1 | last writer, strict R2 W2, no repair or after | ✓ | ✓ | V1 | V1 | – | – | – | – | V1 | V1 | V5 | V5 | V1 |
//! | L2 | last writer, strict R2 W2, repair before the answer | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ |
//! | L3 | last writer, strict R1 W3, no repair, after, or of responders | ✓ | ✓ | V2 | ✗ | – | – | – | – | ✗ | ✗ | ✗ | ✗ | ✗ |
//! | L3w | last writer, strict R1 W3, write-back to W | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ |
//! | L4 | last writer, strict R3 W1 | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ | ✓ |
//! | L5 | last writer, strict, R + W ≤ 3 | V9 | ✗ | ✗ | ✗ | – | – | – | – | ✗ | ✗ | ✗ | ✗ | ✗ |
//! | L6 | last writer, R1 W1, each session at one owner | ✗ | ✓ | ✓ | ✗ | – | – | – | – | ✓ | ✓ | V10 | V10 | ✗ |
//! | L7 | last writer, strict R2 W2, repair before the answer, clocks apart | V12 | V12 | – | – | – | – | – | – | V12 | V12 | ✗ | ✗ | V12 |
//! | L8 | last writer, sloppy | V11 | V11 | ✗ | ✗ | – | – | – | – | ✗ | ✗ | ✗ | ✗ | ✗ |
//!
//! **✓¹** holds of each answer by itself, since a context carries the past: whoever is shown a write is
//! shown what its session knew. But the judge goes by all that a session has seen; where reads may go
//! back, a session that loses sight of a write loses what was to follow it too. So it is not promised.
//!
//! The columns MW and WFR are about one key. Across keys a context tells nothing: there MW is promised
//! only where reads are regular too, and WFR only where there is no inversion.
//!
//! Nothing is said where a "–" stands. Where everything is linearizable, every other promise follows.
//!
//! What versions, hints and disks keep does not depend on quorums; that is
//! [`promised`](crate::promised::promised).

mod contexts;
mod expect;
mod inversion;
mod judge;
mod row;
mod table;

pub use contexts::{Contexts, contexts};
pub use expect::{Expectations, expectations, expected, made};
pub use inversion::inversion;
pub use judge::judge;
pub use row::Row;
pub use table::{Cell, Column};
