//! Plans of client calls and faults, what runs them, and what makes the failing ones small.
//!
//! - [`prelude`]: the one import of a test of one's own store; [`harness`]: what is behind it.
//! - [`plan`], [`fault`]: a run before it happens, as data.
//! - [`load`]: plans out of seeds.
//! - [`strategy`]: the same as proptest strategies; a [`plan::Plan`] is quickcheck's `Arbitrary` too.
//! - [`luck`]: every chance event as a function of the seed and of what it is for.
//! - [`replica`]: [`replica::Replica`], the door through which any sans-IO node enters the simulator.
//! - [`sim`]: one thread, one virtual clock: network, disks, faults.
//! - [`subject`]: what a plan can be run against: the reference core, a live store, real processes.
//! - [`drive`]: plan in, history out; the only loop that runs anything.
//! - [`campaign`], [`target`], [`preset`]: many seeds, what is judged, what must be exercised; [`standing`]:
//!   what became of a promise.
//! - [`elsewhere`]: the same plans in another process.
//! - [`world`]: where plans are run: in the simulator, or on real processes.
//! - [`explore`]: every schedule of a few calls, and the shortest that breaks a promise.
//! - [`promised`], [`matrix`]: which promises a shape makes, and which its quorums and sessions do.
//! - [`shrink`], [`bundle`]: smaller plans, and the file that repeats one.
//! - [`schema`]: what its files look like, as JSON Schema.
//! - [`explain`]: what a failure needs, since when it was certain, and where the store went wrong.
//! - [`catalogue`]: the known flaws, and how they are hunted.
//! - [`cli`]: the `dyno` command, one file a subcommand.

mod arbitrary;
pub mod bundle;
pub mod campaign;
pub mod catalogue;
pub mod cli;
pub mod drive;
pub mod elsewhere;
pub mod explain;
pub mod explore;
pub mod fault;
pub mod harness;
pub mod load;
pub mod luck;
pub mod matrix;
mod merging;
pub mod plan;
pub mod prelude;
pub mod preset;
pub mod promised;
pub mod replica;
pub mod schema;
mod shape;
pub mod shrink;
pub mod sim;
pub mod standing;
pub mod strategy;
pub mod subject;
pub mod target;
mod units;
pub mod world;

/// The README's code runs as tests of the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
