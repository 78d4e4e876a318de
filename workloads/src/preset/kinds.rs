//! The presets: what a campaign runs, what it promises, and what it must exercise.

use checker::Promise;

use super::happened::HAPPENED;
use super::marks::{MARKS, RETRIED};
use crate::load;
use crate::matrix::{self, Cell, Contexts, Row};
use crate::plan::Plan;
use crate::promised::promised;

/// The promises of a Dynamo, in the order of reports. Which of them a shape makes,
/// [`promised`](crate::promised::promised) says.
pub const PROMISES: [Promise; 4] = [
    Promise::ClockCausality,
    Promise::SiblingPreservation,
    Promise::Convergence,
    Promise::HandoffDelivery,
];

/// The promises of the matrix, in the order of reports.
pub const MATRIX: [Promise; 9] = [
    Promise::Linearizable,
    Promise::Regular,
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::Causal,
    Promise::CausalConvergence,
    Promise::CausalMemory,
];

/// How many of them siblings can keep: of all that are causal, the one kind.
const OF_SIBLINGS: usize = 7;

/// A kind of cluster and the load for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Every cluster that keeps all versions, of any size and quorum, under the four promises.
    #[default]
    Dynamo,
    /// The same clusters, whose clients keep sets, counters and lists that they merge out of siblings.
    Objects,
    /// One row of the matrix, under the promises that it makes; what it does not promise is counted.
    Row(Row),
}

impl Preset {
    /// All of them, those of the matrix in its order.
    pub fn all() -> impl Iterator<Item = Preset> {
        let rows = Row::ALL.into_iter().map(Preset::Row);
        [Preset::Dynamo, Preset::Objects].into_iter().chain(rows)
    }

    /// The word for flags and reports.
    pub fn name(self) -> &'static str {
        let row = match self {
            Preset::Dynamo => return "dynamo",
            Preset::Objects => return "objects",
            Preset::Row(row) => row,
        };
        match row {
            Row::S1 => "strict-siblings",
            Row::S2 => "strict-siblings-repair",
            Row::S3 => "r1w3",
            Row::S4 => "r1w3-repair",
            Row::S5 => "r3w1",
            Row::S6 => "weak",
            Row::S7 => "pinned-r1w1",
            Row::S8 => "pinned-r1w3",
            Row::S9 => "pinned-r2w2",
            Row::S10 => "sloppy",
            Row::S11 => "sloppy-owners",
            Row::L1 => "last-writer",
            Row::L2 => "last-writer-linearizable",
            Row::L3 => "last-writer-r1w3",
            Row::L3w => "last-writer-r1w3-repair",
            Row::L4 => "last-writer-r3w1",
            Row::L5 => "last-writer-weak",
            Row::L6 => "last-writer-pinned",
            Row::L7 => "last-writer-skewed",
            Row::L8 => "last-writer-sloppy",
        }
    }

    /// What it is, in one line.
    pub fn about(self) -> String {
        match self {
            Preset::Dynamo => "clusters of every size and quorum that keep all versions".into(),
            Preset::Objects => {
                "sets, counters and lists that clients merge out of siblings, on the same clusters"
                    .into()
            }
            Preset::Row(row) => format!("{}; row {row} of the matrix", row.words()),
        }
    }

    /// The plan of this seed.
    pub fn plan(self, seed: u64) -> Plan {
        match self {
            Preset::Dynamo => load::plan(seed),
            Preset::Objects => load::object_plan(seed),
            Preset::Row(row) => load::row_plan(row, seed),
        }
    }

    /// The promises that its clusters make, each at least for some of its sessions.
    pub fn promises(self) -> Vec<Promise> {
        let row = match self {
            Preset::Dynamo => return PROMISES.to_vec(),
            Preset::Objects => return [&PROMISES[..], &[Promise::Reconciliation]].concat(),
            Preset::Row(row) => row,
        };
        let mut made = Vec::new();
        for seed in 0..SHAPES {
            let shape = load::row_shape(row, seed);
            made.extend(promised(shape).promises);
            let pinned = row.is_pinned();
            for keys in [1, 2] {
                let said = matrix::expectations(shape, pinned, Contexts::ReadFirst, keys);
                let must = said.into_iter().filter(|(_, cell)| *cell == Cell::Must);
                made.extend(must.map(|(promise, _)| promise));
            }
        }
        made.sort_unstable();
        made.dedup();
        made
    }

    /// Whether versions that do not replace one another are all kept.
    pub fn keeps_siblings(self) -> bool {
        match self {
            Preset::Dynamo | Preset::Objects => true,
            Preset::Row(row) => row.keeps_siblings(),
        }
    }

    /// What is counted where it is not promised.
    pub fn measured(self) -> &'static [Promise] {
        match self {
            Preset::Dynamo | Preset::Objects => &[],
            Preset::Row(row) if row.keeps_siblings() => &MATRIX[..OF_SIBLINGS],
            Preset::Row(_) => &MATRIX,
        }
    }

    /// What must have happened in its runs, whatever is judged.
    pub fn exercises(self) -> Vec<&'static str> {
        let row = match self {
            Preset::Dynamo => return HAPPENED.iter().chain(&MARKS).copied().collect(),
            Preset::Objects => return OBJECTS_HAPPENED.to_vec(),
            Preset::Row(row) => row,
        };
        let mut names = ROW_HAPPENED.to_vec();
        if self.keeps_siblings() {
            names.push("reads of several siblings");
        }
        if row.cell(matrix::Column::Regular) != Cell::Must && row != Row::L7 {
            names.push("stale reads");
        }
        if matches!(
            row,
            Row::S2 | Row::S4 | Row::S11 | Row::L2 | Row::L3w | Row::L7
        ) {
            names.push("repairs before answers");
        }
        names
    }
}

/// How many shapes of a row are looked at to see what it promises.
const SHAPES: u64 = 64;

/// What must have happened in the runs of sets, counters and lists.
const OBJECTS_HAPPENED: [&str; 22] = [
    "acknowledged puts",
    "puts of unknown outcome",
    "puts with a context",
    "blind puts",
    RETRIED,
    "reads of several siblings",
    "changes of a set",
    "changes of a counter",
    "changes of a list",
    "cut",
    "cut-one-way",
    "crash",
    "pause",
    "depart",
    "lose",
    "delay",
    "reorder",
    "repeat",
    "hints kept",
    "read repairs",
    "keys synchronized",
    "keys handed over",
];

/// What must have happened in the runs of one row of the matrix.
const ROW_HAPPENED: [&str; 13] = [
    "acknowledged puts",
    "puts of unknown outcome",
    "puts with a context",
    "blind puts",
    "overlapping reads",
    "cut",
    "cut-one-way",
    "crash",
    "pause",
    "lose",
    "delay",
    "reorder",
    "repeat",
];

/// Whether it is a promise of what becomes of versions, and not one of the matrix.
pub fn is_of_versions(promise: Promise) -> bool {
    PROMISES.contains(&promise) || promise == Promise::Reconciliation
}

/// Which of several broken promises of one run to report first: what the user loses before why.
pub fn rank(promise: Promise) -> u8 {
    match promise {
        Promise::SiblingPreservation => 0,
        Promise::Reconciliation => 1,
        Promise::HandoffDelivery => 2,
        Promise::Convergence => 3,
        Promise::ClockCausality => 4,
        // The session guarantees say more of what went wrong than what they add up to.
        Promise::Causal | Promise::CausalConvergence | Promise::CausalMemory => 6,
        Promise::Linearizable => 7,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_preset_has_a_name_of_its_own_and_promises_something() {
        let names: BTreeSet<&str> = Preset::all().map(Preset::name).collect();
        assert_eq!(names.len(), 2 + Row::ALL.len());
        for preset in Preset::all() {
            assert!(!preset.promises().is_empty(), "{}", preset.name());
            assert_eq!(preset.plan(7), preset.plan(7), "{}", preset.name());
        }
    }

    #[test]
    fn a_preset_promises_exactly_what_its_row_keeps() {
        for preset in Preset::all() {
            let promises = preset.promises();
            let linearizable = promises.contains(&Promise::Linearizable);
            let Preset::Row(row) = preset else {
                assert_eq!(promises[..4], PROMISES);
                let merges = promises.contains(&Promise::Reconciliation);
                assert_eq!(merges, preset == Preset::Objects);
                continue;
            };
            let said = row.cell(matrix::Column::Linearizable) == Cell::Must;
            assert_eq!(linearizable, said, "{row}");
            let clocks = promises.contains(&Promise::ClockCausality);
            assert_eq!(clocks, row.keeps_siblings(), "{row}");
        }
    }
}
