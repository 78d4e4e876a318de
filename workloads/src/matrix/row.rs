//! Which row of the matrix a cluster belongs to.

use std::fmt;

use dynamo_core::{Causality, Coordinator, Durability, ReadFrom, ReadRepair, Resolution};

use crate::plan::Shape;

/// A configuration of which the matrix says something: S with siblings, L where the last writer wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "Row::words says what each of them is")]
pub enum Row {
    S1,
    S2,
    S3,
    S4,
    S5,
    S6,
    S7,
    S8,
    S9,
    S10,
    S11,
    L1,
    L2,
    L3,
    L3w,
    L4,
    L5,
    L6,
    L7,
    L8,
}

impl Row {
    /// In the order of the table.
    pub const ALL: [Row; 20] = [
        Row::S1,
        Row::S2,
        Row::S3,
        Row::S4,
        Row::S5,
        Row::S6,
        Row::S7,
        Row::S8,
        Row::S9,
        Row::S10,
        Row::S11,
        Row::L1,
        Row::L2,
        Row::L3,
        Row::L3w,
        Row::L4,
        Row::L5,
        Row::L6,
        Row::L7,
        Row::L8,
    ];

    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Row::S1 => "S1",
            Row::S2 => "S2",
            Row::S3 => "S3",
            Row::S4 => "S4",
            Row::S5 => "S5",
            Row::S6 => "S6",
            Row::S7 => "S7",
            Row::S8 => "S8",
            Row::S9 => "S9",
            Row::S10 => "S10",
            Row::S11 => "S11",
            Row::L1 => "L1",
            Row::L2 => "L2",
            Row::L3 => "L3",
            Row::L3w => "L3w",
            Row::L4 => "L4",
            Row::L5 => "L5",
            Row::L6 => "L6",
            Row::L7 => "L7",
            Row::L8 => "L8",
        }
    }

    /// Its configuration in words.
    pub fn words(self) -> &'static str {
        match self {
            Row::S1 => "siblings, strict R2 W2, no repair or after",
            Row::S2 => "siblings, strict R2 W2, repair before the answer",
            Row::S3 => "siblings, strict R1 W3, no repair, after, or of responders",
            Row::S4 => "siblings, strict R1 W3, write-back to W",
            Row::S5 => "siblings, strict R3 W1",
            Row::S6 => "siblings, strict R1 W1 or R1 W2",
            Row::S7 => "siblings, R1 W1, each session at one owner",
            Row::S8 => "siblings, R1 W3, each session at one owner",
            Row::S9 => "siblings, R2 W2, each session at one owner",
            Row::S10 => "siblings, sloppy, reads from whoever is healthy",
            Row::S11 => "siblings, sloppy R2 W2, reads from owners, repair of responders",
            Row::L1 => "last writer, strict R2 W2, no repair or after",
            Row::L2 => "last writer, strict R2 W2, repair before the answer",
            Row::L3 => "last writer, strict R1 W3, no repair, after, or of responders",
            Row::L3w => "last writer, strict R1 W3, write-back to W",
            Row::L4 => "last writer, strict R3 W1",
            Row::L5 => "last writer, strict, R + W ≤ 3",
            Row::L6 => "last writer, R1 W1, each session at one owner",
            Row::L7 => "last writer, strict R2 W2, repair before the answer, clocks apart",
            Row::L8 => "last writer, sloppy",
        }
    }

    /// Whether sessions of this row stay at one owner of their keys, which serves and keeps what they
    /// ask for.
    pub fn is_pinned(self) -> bool {
        matches!(self, Row::S7 | Row::S8 | Row::S9 | Row::L6)
    }

    /// Whether versions that do not replace one another are all kept.
    pub fn keeps_siblings(self) -> bool {
        self <= Row::S11
    }

    /// The row of a cluster, if the matrix has one: three replicas, on disk before they count, dots, no
    /// reaping. `pinned` says that each session asks one node only.
    ///
    /// An owner that is asked coordinates, counts itself first and, with R = 1 or W = 1, itself alone. So
    /// where all nodes are owners, a session that asks one node is pinned to an owner.
    pub fn of(shape: Shape, pinned: bool) -> Option<Row> {
        let shape = shape.legal();
        let synced = shape.durability == Durability::Synced;
        if shape.n != 3 || !synced || shape.reaping_us.is_some() {
            return None;
        }
        let pinned = pinned && shape.nodes == 3 && shape.coordinator == Coordinator::Asked;
        match shape.resolution {
            _ if shape.causality != Causality::Dots => None,
            Resolution::Client if shape.skew_us > 0 => None,
            Resolution::Client => siblings(shape, pinned),
            Resolution::LastWriterWins => last_writer(shape, pinned),
        }
    }
}

fn siblings(shape: Shape, pinned: bool) -> Option<Row> {
    let before = matches!(
        shape.read_repair,
        ReadRepair::Responders | ReadRepair::Quorum
    );
    Some(match (shape.sloppy, shape.r, shape.w) {
        (true, 2, 2)
            if shape.read_from == ReadFrom::Owners
                && shape.read_repair == ReadRepair::Responders =>
        {
            Row::S11
        }
        (true, ..) => Row::S10,
        (_, 2, 2) if before => Row::S2,
        (_, 2, 2) if pinned => Row::S9,
        (_, 2, 2) => Row::S1,
        (_, 1, 3) if shape.read_repair == ReadRepair::Quorum => Row::S4,
        (_, 1, 3) if pinned => Row::S8,
        (_, 1, 3) => Row::S3,
        (_, 3, 1) => Row::S5,
        (_, 1, 1) if pinned => Row::S7,
        (_, 1, 1 | 2) => Row::S6,
        _ => return None,
    })
}

fn last_writer(shape: Shape, pinned: bool) -> Option<Row> {
    let before = matches!(
        shape.read_repair,
        ReadRepair::Responders | ReadRepair::Quorum
    );
    Some(match (shape.sloppy, shape.r, shape.w) {
        (false, 2, 2) if before && shape.skew_us > 0 => Row::L7,
        _ if shape.skew_us > 0 => return None,
        (true, ..) => Row::L8,
        (_, 2, 2) if before => Row::L2,
        (_, 2, 2) => Row::L1,
        (_, 1, 3) if shape.read_repair == ReadRepair::Quorum => Row::L3w,
        (_, 1, 3) => Row::L3,
        (_, 3, 1) => Row::L4,
        (_, 1, 1) if pinned => Row::L6,
        (_, r, w) if r + w <= 3 => Row::L5,
        _ => return None,
    })
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    #[test]
    fn the_rows_stand_in_the_order_of_the_table() {
        assert!(Row::ALL.is_sorted());
    }

    #[test]
    fn each_row_is_the_row_of_its_own_shapes() {
        for row in Row::ALL {
            for seed in 0..200 {
                let shape = load::row_shape(row, seed);
                assert_eq!(shape, shape.legal(), "{row} seed {seed}");
                assert_eq!(Row::of(shape, row.is_pinned()), Some(row), "{shape}");
            }
        }
    }

    #[test]
    fn nothing_is_said_of_clusters_that_the_table_does_not_know() {
        let change = |change: fn(&mut Shape)| {
            let mut shape = load::row_shape(Row::S2, 1);
            change(&mut shape);
            Row::of(shape, false)
        };
        assert_eq!(change(|_| ()), Some(Row::S2));
        assert_eq!(change(|shape| shape.n = 2), None);
        assert_eq!(change(|shape| (shape.r, shape.w) = (3, 3)), None);
        assert_eq!(change(|shape| shape.reaping_us = Some(1)), None);
        assert_eq!(change(|shape| shape.skew_us = 1), None);
        assert_eq!(change(|shape| shape.causality = Causality::Vectors), None);
        assert_eq!(
            change(|shape| {
                shape.durability = Durability::Buffered {
                    writes: 1,
                    durable_write: true,
                };
            }),
            None
        );
    }
}
