//! Promises of Dynamometer that need two crates; see `suite/main.rs` and `loom/main.rs`.
