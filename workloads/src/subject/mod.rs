//! What a plan can be run against.

#[cfg(unix)]
pub mod cluster;
pub mod live;
mod peer;
pub mod reference;

use checker::note::Note;
use checker::{Outcome, Time};
use thiserror::Error;

use crate::fault::{Fate, Fault};
use crate::replica::Request;

/// A store under test, with the network and disks around it.
///
/// It must not block: [`Subject::submit`] starts a call, [`Subject::advance`] lets time pass.
pub trait Subject {
    /// What the history should know before anything happens: setup and owners of these keys.
    fn setup(&mut self, keys: &[String]) -> Vec<Note>;

    /// Starts a call now. Its completion comes out of [`Subject::advance`], exactly once.
    fn submit(&mut self, ask: Ask);

    /// Lets time pass until the given time, or until just after the first completion.
    ///
    /// Returns the time reached; everything that happened until then is in `out`, in order.
    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time;

    /// Begins or ends a fault now.
    ///
    /// # Errors
    /// When this subject cannot do that; the run is then not what the plan says.
    fn fault(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Unsupported>;

    /// What the disks hold, where that is not noted all along: asked for when the faults have ended, and again
    /// once the store counts as mended; then what is new since. `None`: they could not be seen as they were in
    /// one moment.
    fn disks(&mut self, _keys: &[String], _mended: bool) -> Option<Vec<Note>> {
        None
    }

    /// Evidence that is only taken when asked for, after the last look at the disks: claims about Merkle roots.
    fn inspect(&mut self, keys: &[String]) -> Vec<Note>;

    /// How long it takes to mend itself once all faults are over, in microseconds; `None`: as long as the
    /// plan says.
    fn settle_us(&self) -> Option<u64> {
        None
    }

    /// What windows of chance (loss, delay, reordering, repetition) did to single messages so far:
    /// when each was sent, its identity, its fate.
    fn fates(&self) -> Vec<(Time, u64, Fate)> {
        Vec::new()
    }

    /// What one of those messages was, for readers; empty where it is not known.
    fn message(&self, _identity: u64) -> String {
        String::new()
    }

    /// From now on chance falls as it would with this seed, and fates of single messages count no more.
    /// What was drawn before stays. A subject whose chance is not ours does nothing.
    fn reseed(&mut self, _seed: u64) {}

    /// A number that two runs share exactly if they went the same way.
    fn trace(&self) -> u64;
}

/// One call, as it is handed to a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The driver's name for the call, repeated in its completion.
    pub op: u64,
    /// The root of the call's luck: equal for the same step in every plan that has it.
    pub luck: u64,
    /// Which node is asked; wraps around.
    pub via: u32,
    /// What is asked.
    pub request: Request,
}

/// What came of letting time pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A call ended.
    Completion {
        /// The call.
        op: u64,
        /// When.
        at: Time,
        /// How.
        outcome: Outcome<Answer>,
    },
    /// Evidence was recorded.
    Noted {
        /// When.
        at: Time,
        /// What.
        note: Note,
    },
}

/// What a call was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// To a get.
    Values {
        /// One value a version.
        values: Vec<Vec<u8>>,
        /// Opaque; to be passed to a put or delete.
        context: Vec<u8>,
    },
    /// To a put or delete.
    Stored,
}

/// A fault that a subject cannot inflict.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this target cannot {0}")]
pub struct Unsupported(pub String);

/// Bytes as text; those that are none are shown as hex.
pub(crate) fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), str::to_owned)
}

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    String::from_utf8(digits.collect()).expect("digits are ASCII")
}
