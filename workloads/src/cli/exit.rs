//! Exit codes: what a script can tell apart.

use std::process::ExitCode;

use crate::standing::Standing;

/// How a command ended. The worst comes first when several apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// The target could not be built or driven.
    Target,
    /// A promise is violated, or a flaw of the catalogue was missed.
    Violated,
    /// A run is not deterministic, or equal sources do not reproduce their own bundle.
    TwoWays,
    /// It was asked to end early; what it says is of what was done until then.
    Interrupted,
    /// Nothing is violated, but something is undecided, or an exploration was cut short.
    Undecided,
    /// A promise that was asked for had no chance to be broken.
    Idle,
    /// Nothing is violated.
    Fine,
}

impl Exit {
    /// How one promise alone would have it.
    pub(super) fn of(standing: &Standing) -> Self {
        if standing.broken > 0 {
            Exit::Violated
        } else if standing.undecided > 0 {
            Exit::Undecided
        } else if standing.held == 0 {
            Exit::Idle
        } else {
            Exit::Fine
        }
    }

    pub(super) fn number(self) -> u8 {
        match self {
            Exit::Target => 12,
            Exit::Violated => 10,
            Exit::TwoWays => 13,
            Exit::Interrupted => 130,
            Exit::Undecided => 11,
            Exit::Idle => 14,
            Exit::Fine => 0,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.number())
    }
}

/// Bad usage, or input that cannot be read.
pub(super) const USAGE: u8 = 2;

/// A broken invariant of our own.
pub(super) const INTERNAL: u8 = 70;

/// What `--help` says about exit codes.
pub(super) const HELP: &str = "\
Exit codes: 0 nothing violated, 10 violated, 11 undecided, 12 target could not be driven,
13 not deterministic or not reproduced, 14 nothing exercised or left open, 2 usage or unreadable input,
70 internal error, 130 interrupted: what is said is of what was done until then. The worst wins.
merge: 12 a shard is missing.
shrink: 10 the bundle that was written fails as before, 0 nothing to shrink, 13 as with explain.
replay: 10 reproduced, 0 the promise now holds.
flaws: 0 each was found, 10 one was missed.
report: 0 written.
explain: 10 explained, 0 nothing to explain, 13 it does not fail that way any more.";
