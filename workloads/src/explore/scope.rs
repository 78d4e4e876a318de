//! How far an exploration goes.

use std::fmt;

use checker::Promise;
use dynamo_core::Flaw;

use super::past::Apart;
use crate::plan::Shape;

/// How often something may go wrong in one schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bounds {
    /// A node crashes and starts again.
    pub crashes: u8,
    /// A timer of a node strikes although not everything has come to rest.
    pub timeouts: u8,
    /// A message is lost for good.
    pub losses: u8,
    /// A message comes twice.
    pub repeats: u8,
}

/// What is explored, and how far.
#[derive(Clone, Debug)]
pub struct Scope {
    /// The cluster.
    pub shape: Shape,
    /// Its flaw, if any.
    pub flaw: Option<Flaw>,
    /// What may go wrong.
    pub bounds: Bounds,
    /// How many states of one program are kept apart at most.
    pub states_max: u64,
    /// The promises that are judged, of those that the cluster makes; all of these, if none is named.
    pub promises: Vec<Promise>,
    /// What keeps two states apart that differ in nothing but their past.
    pub apart: Apart,
    /// Whether to go on after the first schedule that breaks a promise.
    pub goes_on: bool,
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Bounds {
            crashes,
            timeouts,
            losses,
            repeats,
        } = self;
        write!(
            f,
            "crashes {crashes}   timeouts {timeouts}   losses {losses}   repeats {repeats}"
        )
    }
}
