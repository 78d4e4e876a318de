//! What is known of one get: who was asked, who answered what, and what the client is told.

use alloc::vec::Vec;

use super::port::{RequestId, Time};
use super::quorum::{Place, Quorum, StandIns};
use crate::clock::NodeId;
use crate::siblings::Siblings;
use crate::versioning::Versioning;

/// A get on its way.
#[derive(Clone, Debug, Hash)]
pub(super) struct Get {
    pub(super) client: RequestId,
    pub(super) key: Vec<u8>,
    pub(super) range: u32,
    pub(super) quorum: Quorum,
    pub(super) pinned: bool,
    pub(super) reply_by: Time,
    pub(super) replied: bool,
    pub(super) asked: Vec<Asked>,
    /// Whether an owner was asked twice, because who had the rest gave it away meanwhile.
    pub(super) again: bool,
    pub(super) stand_ins: StandIns,
    /// The owner that answered first.
    pub(super) fastest: Option<NodeId>,
    /// What R replicas hold together, once they have answered: this the client is told.
    pub(super) told: Option<Siblings>,
}

/// A replica that was asked.
#[derive(Clone, Debug, Hash)]
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) answer: Option<Siblings>,
    /// What it holds, but does not vouch for as all that it should.
    pub(super) partial: Option<Siblings>,
    /// Whether it is only asked for what an owner still lacks. No place for copies.
    pub(super) lends: bool,
    /// Whether its answer is part of what the client is told.
    pub(super) counted: bool,
    /// What is known of its copy of that.
    pub(super) copy: Copied,
    /// Until when word of it is waited for.
    pub(super) due: Option<Time>,
    /// Whether it is only asked once that is due.
    pub(super) later: bool,
}

/// Whether a replica has on disk what a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Copied {
    /// It has not answered.
    Unknown,
    /// It answered with something older.
    Stale,
    /// It was told to keep it.
    Sent,
    /// It has it on disk.
    Kept,
}

impl Asked {
    pub(super) fn new(place: Place, due: Option<Time>) -> Asked {
        Asked {
            place,
            answer: None,
            partial: None,
            lends: false,
            counted: false,
            copy: Copied::Unknown,
            due,
            later: false,
        }
    }

    fn is_silent(&self) -> bool {
        self.answer.is_none() && self.partial.is_none()
    }

    /// It said something: that is not yet word of a copy that it was sent.
    fn heard(&mut self) {
        self.later = false;
        if self.copy == Copied::Unknown {
            self.due = None;
        }
    }
}

impl Get {
    /// What the replicas that answered hold together.
    pub(super) fn merged(&self, versioning: Versioning) -> Siblings {
        let mut answers = self
            .asked
            .iter()
            .filter_map(|asked| asked.answer.as_ref().or(asked.partial.as_ref()));
        let mut merged = answers.next().cloned().unwrap_or_default();
        for answer in answers {
            versioning.merge(&mut merged, answer);
        }
        merged
    }

    /// Takes in the answer of a replica that was asked, if it is the first.
    pub(super) fn answered(&mut self, from: NodeId, siblings: Siblings) {
        let silent = |asked: &&mut Asked| asked.place.asked == from && asked.answer.is_none();
        if let Some(asked) = self.asked.iter_mut().find(silent) {
            asked.answer = Some(siblings);
            asked.heard();
            if asked.place.owner == from {
                self.fastest.get_or_insert(from);
            }
        }
    }

    /// Takes in part of an answer, if the replica said nothing before. Returns its place.
    pub(super) fn half_answered(&mut self, from: NodeId, siblings: Siblings) -> Option<Place> {
        let silent = |asked: &&mut Asked| asked.place.asked == from && asked.is_silent();
        let asked = self.asked.iter_mut().find(silent)?;
        asked.partial = Some(siblings);
        asked.heard();
        Some(asked.place)
    }

    /// Forgets one that has handed over what it was asked for, and the part of an answer that the
    /// owner gave. Returns the owner's place.
    pub(super) fn forget_lender(&mut self, lender: NodeId) -> Option<Place> {
        let lends = |asked: &Asked| asked.lends && asked.place.asked == lender;
        let index = self.asked.iter().position(lends)?;
        let owner = self.asked.remove(index).place.owner;
        let half = |asked: &Asked| asked.place.owner == owner && asked.partial.is_some();
        let index = self.asked.iter().position(half)?;
        Some(self.asked.remove(index).place)
    }

    /// Takes out whom to ask now that the time has come, if it is still of use.
    pub(super) fn ask_now(&mut self, now: Time) -> Vec<Place> {
        let told = self.told.is_some();
        let come =
            |asked: &mut Asked| !told && asked.later && asked.due.is_some_and(|due| due <= now);
        let come = self.asked.extract_if(.., come);
        come.map(|asked| asked.place).collect()
    }

    /// With R answers, what the client is told is fixed: what comes later is only mended. Where a
    /// part came from somebody else, the owner is the one that counts.
    pub(super) fn count(&mut self, versioning: Versioning) {
        let answers = self.asked.iter().filter(|asked| asked.answer.is_some());
        if self.told.is_some() || answers.clone().count() < self.quorum.r {
            return;
        }
        let owners = answers.map(|asked| (asked.lends, asked.place));
        let counted: Vec<NodeId> = owners
            .map(|(lends, place)| if lends { place.owner } else { place.asked })
            .collect();
        self.told = Some(self.merged(versioning));
        for asked in &mut self.asked {
            asked.counted = !asked.lends && counted.contains(&asked.place.asked);
        }
    }

    /// When the next silent replica is given up.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.asked.iter().filter_map(|asked| asked.due).min()
    }
}
