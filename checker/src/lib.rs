//! The judge: histories of replicated stores in, verdicts out.
//!
//! Nothing here knows how a store works inside. A [`History`] says what clients called and saw, and
//! what disks and networks recorded; a [`Checker`] holds one [`Promise`] against it.
//!
//! - [`history`]: [`History`], [`Op`], [`Entry`], [`Outcome`], [`Recorder`]: you record or load runs.
//! - [`note`]: white-box evidence: what was durable, delivered, crashed.
//! - [`kv`], [`register`], [`append`], [`set`], [`counter`], [`queue`], [`mutex`], [`txn`]: the
//!   alphabets of histories ([`Domain`]).
//! - [`import`], [`export`], [`picture`]: histories as files of others, as our own, as drawings.
//! - [`model`], [`linear`]: what objects do one call at a time, and the search for such an order.
//! - [`sequential`]: an order of each key that keeps the order of sessions, whatever the time.
//! - [`causality`], [`siblings`], [`convergence`], [`handoff`]: the four promises of a Dynamo.
//! - [`reconciliation`]: sets, counters and lists that clients merge out of siblings.
//! - [`session`], [`causal`], [`regular`], [`staleness`]: what sessions see, and how late.
//! - [`last_writer`]: what stores of single values promise: causal, sessions, regular.
//! - [`cycles`]: transactions that depend on themselves, and which consistency models that denies.
//! - [`network`]: what replicas said to one another, where that was recorded.
//! - [`decision`]: the moment at which a store went wrong.
//! - [`report`]: counterexamples as files and pictures.
//! - [`verdict`]: [`Verdict`], [`Counterexample`], [`Budget`], [`Promise`], [`Checker`].

pub mod append;
pub mod causal;
pub mod causality;
pub mod convergence;
pub mod counter;
pub mod cycles;
pub mod decision;
pub mod domain;
pub(crate) mod evidence;
pub mod export;
pub(crate) mod graph;
pub mod handoff;
pub mod history;
pub mod import;
pub mod kv;
pub mod last_writer;
pub mod linear;
#[cfg(test)]
pub(crate) mod luck;
pub mod model;
pub mod mutex;
pub mod network;
pub mod note;
pub(crate) mod order;
pub mod picture;
mod promises;
pub mod queue;
pub mod reconciliation;
pub mod register;
pub mod regular;
pub mod report;
pub mod sequential;
pub mod session;
pub mod set;
pub mod siblings;
pub mod staleness;
pub(crate) mod sync;
pub mod txn;
pub mod verdict;

pub use domain::Domain;
pub use history::{Entry, History, Line, Malformed, Op, OpId, Outcome, Process, Recorder, Time};
pub use note::Note;
pub use promises::{Unjudged, judge_all, promises};
pub use verdict::{
    Budget, Checker, Counterexample, Counters, Promise, Reason, Shortfall, Verdict, Witness,
};
