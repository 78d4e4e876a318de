//! The judge: histories of replicated stores in, verdicts out.
//!
//! Nothing here knows how a store works inside. A [`History`] says what clients called and saw, and
//! what disks and networks recorded; a [`Checker`] holds one [`Promise`] against it.
//!
//! - [`history`]: [`History`], [`Op`], [`Entry`], [`Outcome`], [`Recorder`]: you record or load runs.
//! - [`note`]: white-box evidence: what was durable, delivered, crashed.
//! - [`kv`], [`register`], [`append`]: the alphabets of histories ([`Domain`]).
//! - [`verdict`]: [`Verdict`], [`Counterexample`], [`Budget`], [`Promise`], [`Checker`].

pub mod append;
pub mod domain;
pub mod history;
pub mod kv;
pub mod note;
pub mod register;
pub(crate) mod sync;
pub mod verdict;

pub use domain::Domain;
pub use history::{Entry, History, Malformed, Op, OpId, Outcome, Process, Recorder, Time};
pub use note::Note;
pub use verdict::{
    Budget, Checker, Counterexample, Counters, Promise, Reason, Shortfall, Verdict, Witness,
};
