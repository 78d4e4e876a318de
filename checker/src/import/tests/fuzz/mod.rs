//! Every importer under a fuzzer.

mod changes;
mod laws;
mod targets;
