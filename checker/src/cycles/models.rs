//! Consistency models: which follow from which, and which anomalies each forbids.
//!
//! Sources of the table, by the letters beside its rows:
//! - A: Adya, "Weak Consistency", 1999 (PL-1, PL-2, PL-CS, PL-2.99, PL-SI, PL-3, PL-SS).
//! - B: Bailis et al., "Highly Available Transactions", VLDB 2014, and "Scalable Atomic Visibility
//!   with RAMP Transactions", SIGMOD 2014.
//! - C: Cerone, Bernardi, Gotsman, "A Framework for Transactional Consistency Models with Atomic
//!   Visibility", CONCUR 2015; Cerone, Gotsman, "Analysing Snapshot Isolation", PODC 2016.
//! - D: Daudjee, Salem, "Lazy Database Replication with Snapshot Isolation", VLDB 2006.
//! - E: Kingsbury, Alvaro, "Elle", VLDB 2020, and the tables of its implementation.

use std::fmt;

use super::anomaly::{AnomalyKind, Extent, Shape};
use super::check::Sources;

/// What a store of transactions may promise, from the weakest to the strongest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ConsistencyModel {
    /// Writes are not interleaved.
    ReadUncommitted,
    /// Reads see what committed transactions left behind, and information flows one way.
    ReadCommitted,
    /// What was once seen of a transaction is not missed later in the reading one.
    MonotonicAtomicView,
    /// Who sees something of a transaction sees all of it.
    ReadAtomic,
    /// No update is lost between the read of a key and the write of the same key.
    CursorStability,
    /// What was read of single keys stays true until the commit.
    RepeatableRead,
    /// Each transaction reads from one snapshot, and of two concurrent writers of a key one commits.
    SnapshotIsolation,
    /// As if one transaction ran after the other.
    Serializable,
    /// Read uncommitted, in the order of each session.
    StrongSessionReadUncommitted,
    /// Read committed, in the order of each session.
    StrongSessionReadCommitted,
    /// Snapshot isolation whose snapshots contain what the session did before.
    StrongSessionSnapshotIsolation,
    /// Serializable, in the order of each session.
    StrongSessionSerializable,
    /// Snapshot isolation whose snapshots contain all that was acknowledged before.
    StrongSnapshotIsolation,
    /// Serializable, in the order of real time.
    #[default]
    StrictSerializable,
}

use ConsistencyModel::{
    CursorStability, MonotonicAtomicView, ReadAtomic, ReadCommitted, ReadUncommitted,
    RepeatableRead, Serializable, SnapshotIsolation, StrictSerializable,
    StrongSessionReadCommitted, StrongSessionReadUncommitted, StrongSessionSerializable,
    StrongSessionSnapshotIsolation, StrongSnapshotIsolation,
};

impl ConsistencyModel {
    /// Every model, the weaker before the stronger.
    pub const ALL: [ConsistencyModel; 14] = [
        ReadUncommitted,
        ReadCommitted,
        MonotonicAtomicView,
        ReadAtomic,
        CursorStability,
        RepeatableRead,
        SnapshotIsolation,
        Serializable,
        StrongSessionReadUncommitted,
        StrongSessionReadCommitted,
        StrongSessionSnapshotIsolation,
        StrongSessionSerializable,
        StrongSnapshotIsolation,
        StrictSerializable,
    ];

    /// The word for reports and flags.
    pub fn name(self) -> &'static str {
        match self {
            ReadUncommitted => "read-uncommitted",
            ReadCommitted => "read-committed",
            MonotonicAtomicView => "monotonic-atomic-view",
            ReadAtomic => "read-atomic",
            CursorStability => "cursor-stability",
            RepeatableRead => "repeatable-read",
            SnapshotIsolation => "snapshot-isolation",
            Serializable => "serializable",
            StrongSessionReadUncommitted => "strong-session-read-uncommitted",
            StrongSessionReadCommitted => "strong-session-read-committed",
            StrongSessionSnapshotIsolation => "strong-session-snapshot-isolation",
            StrongSessionSerializable => "strong-session-serializable",
            StrongSnapshotIsolation => "strong-snapshot-isolation",
            StrictSerializable => "strict-serializable",
        }
    }

    /// The models that directly follow from this one.
    fn weaker(self) -> &'static [ConsistencyModel] {
        match self {
            ReadUncommitted => &[],
            ReadCommitted => &[ReadUncommitted],     // A
            MonotonicAtomicView => &[ReadCommitted], // B
            ReadAtomic => &[MonotonicAtomicView],    // C
            CursorStability => &[ReadCommitted],     // A, B
            RepeatableRead => &[CursorStability, MonotonicAtomicView], // A, B
            SnapshotIsolation => &[CursorStability, ReadAtomic], // A, C
            Serializable => &[RepeatableRead, SnapshotIsolation], // A, B, C
            StrongSessionReadUncommitted => &[ReadUncommitted], // E
            StrongSessionReadCommitted => &[ReadCommitted, StrongSessionReadUncommitted], // E
            StrongSessionSnapshotIsolation => &[SnapshotIsolation, StrongSessionReadCommitted], // D
            StrongSessionSerializable => &[Serializable, StrongSessionSnapshotIsolation], // D
            StrongSnapshotIsolation => &[StrongSessionSnapshotIsolation], // D
            StrictSerializable => &[StrongSessionSerializable, StrongSnapshotIsolation], // A, D
        }
    }

    /// Whether a store that keeps this model keeps the other too. Every model implies itself.
    pub fn implies(self, other: ConsistencyModel) -> bool {
        self == other || self.weaker().iter().any(|weaker| weaker.implies(other))
    }

    /// Whether a store that keeps this model never shows an anomaly of this kind.
    pub fn forbids(self, kind: AnomalyKind) -> bool {
        weakest_denied(kind)
            .iter()
            .any(|&model| self.implies(model))
    }

    /// The orders that may be used against a store of this model: of how many calls, and whether also those
    /// that follow if transactions are seen whole.
    pub(super) fn looks(self) -> (Extent, bool) {
        let whole = self.implies(ReadAtomic) || self.implies(RepeatableRead);
        (self.extent(), whole)
    }

    /// From what the order of a register's values follows in a store that keeps this model: where one
    /// transaction runs after the other, and in the order of calls, they meet each key in that order.
    pub(super) fn sources(self, given: Sources) -> Sources {
        Sources {
            sessions: given.sessions || self.implies(StrongSessionSerializable),
            real_time: given.real_time || self.implies(StrictSerializable),
            ..given
        }
    }

    /// How much of the order of calls this model promises to keep.
    pub(super) fn extent(self) -> Extent {
        if self.implies(StrongSnapshotIsolation) {
            Extent::RealTime
        } else if self.implies(StrongSessionReadUncommitted) {
            Extent::Session
        } else {
            Extent::Data
        }
    }
}

impl fmt::Display for ConsistencyModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The weakest models that forbid an anomaly; all that imply one of them forbid it too.
///
/// A read before a write of the same key counts as one through a cursor. A cycle of single keys with
/// an anti-dependency is G2-item, so repeatable read forbids all three shapes.
pub(super) fn weakest_denied(kind: AnomalyKind) -> &'static [ConsistencyModel] {
    match kind {
        AnomalyKind::GarbageRead => &[ReadUncommitted], // A: a version has a writer
        AnomalyKind::DuplicateElements => &[ReadUncommitted], // E
        AnomalyKind::AbortedRead => &[ReadCommitted],   // A
        AnomalyKind::DirtyUpdate => &[ReadCommitted],   // E
        AnomalyKind::IntermediateRead => &[ReadCommitted], // A
        AnomalyKind::IncompatibleOrder => &[ReadCommitted], // E
        AnomalyKind::DisorderedAppends => &[ReadCommitted], // A: versions keep the order of a transaction
        AnomalyKind::FutureRead => &[ReadCommitted],        // E: a read of its own later write
        AnomalyKind::Internal => &[ReadAtomic],             // C: axiom INT
        AnomalyKind::ObservedVanishes => &[MonotonicAtomicView], // B
        AnomalyKind::FracturedRead => &[ReadAtomic],        // B
        AnomalyKind::LostUpdate => &[CursorStability],      // A, B
        AnomalyKind::Cycle(shape, extent) => match (extent, shape) {
            (Extent::Data, Shape::G0) => &[ReadUncommitted], // A
            (Extent::Data, Shape::G1c) => &[ReadCommitted],  // A
            (Extent::Data, Shape::GSingle) => &[RepeatableRead, SnapshotIsolation], // A
            (Extent::Data, Shape::GNonadjacent) => &[RepeatableRead, SnapshotIsolation], // A, C
            (Extent::Data, Shape::G2Item) => &[RepeatableRead], // A
            (Extent::Session, Shape::G0) => &[StrongSessionReadUncommitted], // E
            (Extent::Session, Shape::G1c) => &[StrongSessionReadCommitted], // E
            (Extent::Session, Shape::GSingle | Shape::GNonadjacent) => {
                &[StrongSessionSnapshotIsolation] // C
            }
            (Extent::Session, Shape::G2Item) => &[StrongSessionSerializable], // D
            (Extent::RealTime, Shape::G2Item) => &[StrictSerializable],       // A
            (Extent::RealTime, _) => &[StrongSnapshotIsolation],              // D, E
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stronger_models_forbid_what_weaker_ones_do() {
        for model in ConsistencyModel::ALL {
            assert!(StrictSerializable.implies(model));
            assert!(model.implies(ReadUncommitted));
            for weaker in model.weaker() {
                for kind in AnomalyKind::all() {
                    assert!(!weaker.forbids(kind) || model.forbids(kind));
                }
            }
        }
    }

    #[test]
    fn the_table_says_what_its_sources_say() {
        let denied = |shape, extent| {
            let kind = AnomalyKind::Cycle(shape, extent);
            ConsistencyModel::ALL.map(|model| model.forbids(kind))
        };
        let models = |which: &[ConsistencyModel]| {
            ConsistencyModel::ALL.map(|model| which.iter().any(|&weakest| model.implies(weakest)))
        };
        assert_eq!(
            denied(Shape::G2Item, Extent::Data),
            models(&[RepeatableRead])
        );
        assert!(!SnapshotIsolation.forbids(AnomalyKind::Cycle(Shape::G2Item, Extent::Data)));
        assert!(SnapshotIsolation.forbids(AnomalyKind::LostUpdate));
        assert!(!RepeatableRead.forbids(AnomalyKind::Internal));
        assert!(!Serializable.forbids(AnomalyKind::Cycle(Shape::G0, Extent::RealTime)));
        assert_eq!(Serializable.extent(), Extent::Data);
        assert_eq!(StrongSessionSerializable.extent(), Extent::Session);
        assert_eq!(StrictSerializable.extent(), Extent::RealTime);
    }
}
