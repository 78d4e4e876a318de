//! What can go wrong between transactions, and what was found.

use std::fmt;

use super::models::ConsistencyModel;
use crate::history::OpId;
use crate::verdict::Reason;

/// Which dependencies a cycle is made of. The names are Adya's and Elle's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Shape {
    /// Writes that follow one another in a circle.
    G0,
    /// Writes and reads of them in a circle.
    G1c,
    /// Exactly one step is a read that missed a write: read skew.
    GSingle,
    /// Several reads missed a write, no two of them in a row.
    GNonadjacent,
    /// Several reads missed a write, two of them in a row: write skew.
    G2Item,
}

/// Which orders beside the data a cycle uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Extent {
    /// None.
    Data,
    /// The order of the calls of one session.
    Session,
    /// That one transaction had returned before the other was called.
    RealTime,
}

/// A kind of anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AnomalyKind {
    /// A read of what nobody wrote.
    GarbageRead,
    /// A list with an element twice that was appended once.
    DuplicateElements,
    /// G1a: a read of what a failed transaction wrote.
    AbortedRead,
    /// A committed write upon a write of a failed transaction.
    DirtyUpdate,
    /// G1b: a read of a write that its transaction replaced before it committed.
    IntermediateRead,
    /// Two reads of a list of which neither is the beginning of the other.
    IncompatibleOrder,
    /// A list in which what a transaction appended stands in another order than it was appended, or of
    /// which the beginning is missing.
    DisorderedAppends,
    /// A read of what the same transaction writes later.
    FutureRead,
    /// A transaction that contradicts what it read or wrote itself before.
    Internal,
    /// A transaction was seen, and later in the same reading transaction it was not.
    ObservedVanishes,
    /// A part of a transaction was seen and another part was not.
    FracturedRead,
    /// Two transactions replaced the same version of a key, of which one or both had read it.
    LostUpdate,
    /// Transactions that come before themselves.
    Cycle(Shape, Extent),
}

/// The names of all kinds, from the gravest down.
pub(super) const NAMES: [&str; 27] = [
    "garbage-read",
    "duplicate-elements",
    "G0",
    "G1a",
    "dirty-update",
    "G1b",
    "incompatible-order",
    "disordered-appends",
    "future-read",
    "G1c",
    "internal",
    "OTV",
    "fractured-read",
    "lost-update",
    "G-single",
    "G-nonadjacent",
    "G2-item",
    "G0-process",
    "G1c-process",
    "G-single-process",
    "G-nonadjacent-process",
    "G2-item-process",
    "G0-realtime",
    "G1c-realtime",
    "G-single-realtime",
    "G-nonadjacent-realtime",
    "G2-item-realtime",
];

impl AnomalyKind {
    /// Every kind, from the gravest down.
    pub fn all() -> impl Iterator<Item = AnomalyKind> {
        use AnomalyKind as Kind;
        let cycles = |extent| {
            [
                Kind::Cycle(Shape::G0, extent),
                Kind::Cycle(Shape::G1c, extent),
                Kind::Cycle(Shape::GSingle, extent),
                Kind::Cycle(Shape::GNonadjacent, extent),
                Kind::Cycle(Shape::G2Item, extent),
            ]
        };
        let [g0, g1c, skews @ ..] = cycles(Extent::Data);
        [Kind::GarbageRead, Kind::DuplicateElements, g0]
            .into_iter()
            .chain([Kind::AbortedRead, Kind::DirtyUpdate, Kind::IntermediateRead])
            .chain([Kind::IncompatibleOrder, Kind::DisorderedAppends])
            .chain([Kind::FutureRead, g1c])
            .chain([Kind::Internal, Kind::ObservedVanishes])
            .chain([Kind::FracturedRead, Kind::LostUpdate])
            .chain(skews)
            .chain(cycles(Extent::Session))
            .chain(cycles(Extent::RealTime))
    }

    /// How grave it is among all kinds: the lower, the graver.
    pub(super) fn rank(self) -> usize {
        Self::all()
            .position(|kind| kind == self)
            .expect("`all` names every kind")
    }

    /// Its name in the literature: `G1a`, `lost-update`, `G-single-realtime`.
    pub fn name(self) -> &'static str {
        NAMES[self.rank()]
    }

    /// The anomaly in words, to stand at the beginning of a sentence.
    pub(super) fn words(self) -> &'static str {
        match self {
            AnomalyKind::GarbageRead => "A transaction read what nobody wrote",
            AnomalyKind::DuplicateElements => "A list held an element twice",
            AnomalyKind::AbortedRead => "A transaction read what a failed one had written",
            AnomalyKind::DirtyUpdate => "A transaction built on what a failed one had written",
            AnomalyKind::IntermediateRead => {
                "A transaction read what another had written on its way to something else"
            }
            AnomalyKind::IncompatibleOrder => "Two reads show one list in two orders",
            AnomalyKind::DisorderedAppends => {
                "A list does not hold what a transaction appended in its order"
            }
            AnomalyKind::FutureRead => "A transaction read what it wrote only later",
            AnomalyKind::Internal => "A transaction contradicts what it knew itself",
            AnomalyKind::ObservedVanishes => {
                "A transaction saw another, and later no longer saw it"
            }
            AnomalyKind::FracturedRead => "A transaction saw another only in part",
            AnomalyKind::LostUpdate => {
                "Two transactions replaced the same version, so one of them was lost"
            }
            AnomalyKind::Cycle(shape, _) => match shape {
                Shape::G0 => "Writes of transactions follow one another in a circle",
                Shape::G1c => "Information flows in a circle between transactions",
                Shape::GSingle => {
                    "A transaction missed a write of one that it must come after (read skew)"
                }
                Shape::GNonadjacent => {
                    "Transactions missed writes of others that they must come after (long fork)"
                }
                Shape::G2Item => "Transactions missed one another's writes (write skew)",
            },
        }
    }
}

impl fmt::Display for AnomalyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Something that was found in a history, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    /// What kind.
    pub kind: AnomalyKind,
    /// One sentence for the top of a report.
    pub sentence: String,
    /// The key it happened to, if it happened to one.
    pub key: Option<String>,
    /// The transactions that explain it.
    pub ops: Vec<OpId>,
    /// Facts, each of which can be checked in the history. The last one is the contradiction.
    pub reasons: Vec<Reason>,
}

impl Anomaly {
    /// The models that a store with this anomaly does not keep, the weaker first.
    pub fn denies(&self) -> impl Iterator<Item = ConsistencyModel> {
        let kind = self.kind;
        let models = ConsistencyModel::ALL.into_iter();
        models.filter(move |model| model.forbids(kind))
    }
}

/// The first anomaly of each kind.
#[derive(Debug, Default)]
pub(super) struct Found {
    all: Vec<Anomaly>,
}

impl Found {
    /// Keeps the first of each kind; later ones are not even made.
    pub(super) fn report(&mut self, kind: AnomalyKind, anomaly: impl FnOnce() -> Anomaly) {
        if !self.has(kind) {
            self.all.push(anomaly());
        }
    }

    pub(super) fn has(&self, kind: AnomalyKind) -> bool {
        self.all.iter().any(|known| known.kind == kind)
    }

    /// All of them, the gravest first.
    pub(super) fn sorted(mut self) -> Vec<Anomaly> {
        self.all.sort_by_key(|anomaly| anomaly.kind.rank());
        self.all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        let names: Vec<&str> = AnomalyKind::all().map(AnomalyKind::name).collect();
        assert_eq!(names, NAMES);
        let kind = AnomalyKind::Cycle(Shape::GSingle, Extent::RealTime);
        assert_eq!(kind.name(), "G-single-realtime");
        assert_eq!(AnomalyKind::LostUpdate.name(), "lost-update");
        assert_eq!(AnomalyKind::Cycle(Shape::G1c, Extent::Data).name(), "G1c");
    }
}
