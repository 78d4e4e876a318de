//! One line of a history: a call, a return, or a note.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Domain;
use crate::note::Note;

/// An instant of the one clock that stamped the whole history.
///
/// The unit is that of the recorder: microseconds in our own runs; importers of logs that give an
/// order but no times count lines. Two entries with equal times are concurrent.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Time(pub u64);

/// The name of one operation, unique in its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OpId(pub u64);

/// A sequential client: it has at most one call open at a time. One process is one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Process(pub u64);

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

impl fmt::Display for OpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op {}", self.0)
    }
}

/// How a call ended.
///
/// Converting an error gives [`Outcome::Unknown`]: a timeout never means "did not happen".
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome<R> {
    /// It took effect between call and return, and this was the answer.
    Ok(R),
    /// It certainly never took effect and never will.
    Fail,
    /// Nobody knows: it may take effect at any time after the call, once, or never.
    Unknown,
}

impl<R, E> From<Result<R, E>> for Outcome<R> {
    fn from(result: Result<R, E>) -> Self {
        result.map_or(Outcome::Unknown, Outcome::Ok)
    }
}

impl<R> Outcome<R> {
    /// The answer, if there is one.
    pub fn ok(&self) -> Option<&R> {
        match self {
            Outcome::Ok(ret) => Some(ret),
            Outcome::Fail | Outcome::Unknown => None,
        }
    }
}

/// One line of a history, in the order of the recorder's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
#[serde(bound = "")]
pub enum Entry<D: Domain> {
    /// A process asks something of the store.
    Invoke {
        /// The operation that begins here.
        op: OpId,
        /// Stamped before the request leaves.
        at: Time,
        /// Who asks.
        process: Process,
        /// What is asked.
        call: D::Call,
    },
    /// The call of this operation ended.
    Return {
        /// The operation that ends here.
        op: OpId,
        /// Stamped after the answer arrived.
        at: Time,
        /// How it ended.
        outcome: Outcome<D::Ret>,
    },
    /// White-box evidence, or a fault that began or ended.
    Note {
        /// When it was recorded.
        at: Time,
        /// What was recorded.
        note: Note,
    },
}

impl<D: Domain> Entry<D> {
    /// When this line was stamped.
    pub fn at(&self) -> Time {
        match self {
            Entry::Invoke { at, .. } | Entry::Return { at, .. } | Entry::Note { at, .. } => *at,
        }
    }

    /// The same line, stamped at another time.
    #[cfg(test)]
    pub(crate) fn stamped(mut self, stamp: impl FnOnce(Time) -> Time) -> Self {
        let (Entry::Invoke { at, .. } | Entry::Return { at, .. } | Entry::Note { at, .. }) =
            &mut self;
        *at = stamp(*at);
        self
    }
}
