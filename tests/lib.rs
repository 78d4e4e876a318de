//! Promises of Dynamometer that need two crates; see `suite/main.rs`, `hunt/main.rs` and `loom/main.rs`.
//! Here is what several of them share.

pub mod disks;
