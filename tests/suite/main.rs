//! Table of contents of the promises that need two crates.
