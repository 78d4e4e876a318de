//! What the files that `dyno` writes look like, as JSON Schema (draft 2020-12), for those who read or write
//! them with other tools.
//!
//! The schemas are files of this package, written by hand and held against the types by tests, which ask
//! that reader and schema take and refuse the same. Deriving them would put an attribute for each sentence
//! on the types of both other packages, and a dependency into the judge.

/// Of a bundle, `dyno/1`: exactly what [`Bundle::read`](checker::report::Bundle::read) reads, with a plan that
/// [`plan`](crate::bundle::plan) reads. That histories are well formed is more than a schema can say.
pub const BUNDLE: &str = include_str!("../schema/bundle.json");

/// Of `hunt.json`, `dyno-campaigns/1`. More fields may come.
pub const HUNT: &str = include_str!("../schema/hunt.json");

/// Of `flaws.json`, `dyno-flaws/1`. More fields may come.
pub const FLAWS: &str = include_str!("../schema/flaws.json");
