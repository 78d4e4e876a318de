//! The paper's own choices that look like sins: each is a setting, with what a cluster gives up for it.

use std::collections::BTreeSet;

use checker::Promise;
use dynamo_core::{Causality, Durability, ReadFrom, Resolution};

use crate::load;
use crate::matrix::{Cell, Contexts, Row, expectations};
use crate::plan::Shape;
use crate::promised::{Promised, promised};

/// A choice, and what it costs, as the code that says what is promised has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// In words.
    pub name: &'static str,
    /// The setting of [`dynamo_core::Shape`].
    pub setting: &'static str,
    /// Where the paper makes it.
    pub section: &'static str,
    /// What a cluster that makes all promises no longer makes with it, in the order of reports. Of what depends
    /// on quorums, only if the matrix has a row of such clusters.
    pub gives_up: Vec<Promise>,
    /// Whether acknowledged writes may disappear that nothing replaced.
    pub may_lose: bool,
    /// Whether what was replaced or deleted may come back.
    pub may_revive: bool,
    /// The row of the matrix, if there is one.
    pub row: Option<Row>,
}

/// A way to change one setting.
type Change = fn(&mut Shape);

const CHOICES: [(&str, &str, &str, Change); 8] = [
    (
        "plain vector clocks",
        "versioning.causality = clocks",
        "§4.4, figure 3",
        |shape| shape.causality = Causality::Clocks,
    ),
    (
        "clocks that are truncated",
        "versioning.causality = truncated",
        "§4.4",
        |shape| shape.causality = Causality::Truncated { pairs: 10 },
    ),
    (
        "one vector for all versions of a key",
        "versioning.causality = vectors",
        "Riak 1.x",
        |shape| shape.causality = Causality::Vectors,
    ),
    (
        "last writer wins",
        "versioning.resolution = last-writer-wins",
        "§6, §2.3",
        |shape| shape.resolution = Resolution::LastWriterWins,
    ),
    (
        "tombstones are reaped",
        "reaping_us",
        "not in the paper; gc_grace, delete_mode",
        |shape| shape.reaping_us = Some(1_000_000),
    ),
    ("write buffer", "durability = buffered", "§6.1", |shape| {
        shape.durability = Durability::Buffered {
            writes: 100,
            durable_write: false,
        };
    }),
    (
        "write buffer and durable write",
        "durability = buffered, durable_write",
        "§6.1",
        |shape| {
            shape.durability = Durability::Buffered {
                writes: 100,
                durable_write: true,
            };
        },
    ),
    ("sloppy quorum", "sloppy", "§4.6", |shape| {
        shape.sloppy = true;
        shape.read_from = ReadFrom::Healthy;
    }),
];

/// The choices, each held against the same cluster without it: three replicas of a key, strict R2 W2 that waits
/// for read repair, dots, hints and anti-entropy, and sessions that pass what they read.
pub fn choices() -> Vec<Choice> {
    let mut best = load::row_shape(Row::S2, 1);
    (best.hints, best.anti_entropy) = (true, true);
    let whole = all(best, &promised(best));
    let choice = |(name, setting, section, change): (_, _, _, Change)| {
        let mut shape = best;
        change(&mut shape);
        let promised = promised(shape);
        let row = Row::of(shape, false);
        let kept = all(shape, &promised);
        let said = |promise: &Promise| row.is_some() || !crate::preset::MATRIX.contains(promise);
        let gone = whole.difference(&kept).copied().filter(said);
        Choice {
            name,
            setting,
            section,
            gives_up: gone.collect(),
            may_lose: promised.may_lose,
            may_revive: promised.may_revive,
            row,
        }
    };
    CHOICES.into_iter().map(choice).collect()
}

/// All that a shape promises.
fn all(shape: Shape, promised: &Promised) -> BTreeSet<Promise> {
    let said = expectations(shape, false, Contexts::ReadFirst, 1);
    let must = said.into_iter().filter(|(_, cell)| *cell == Cell::Must);
    let must = must.map(|(promise, _)| promise);
    promised.promises.iter().copied().chain(must).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_choice_costs_something_and_the_cluster_without_it_promises_everything() {
        let mut best = load::row_shape(Row::S2, 1);
        (best.hints, best.anti_entropy) = (true, true);
        assert_eq!(promised(best).promises, crate::preset::PROMISES);
        for choice in choices() {
            let costs = !choice.gives_up.is_empty() || choice.may_lose || choice.may_revive;
            assert!(costs, "{choice:?}");
        }
    }

    #[test]
    fn a_sloppy_quorum_gives_up_what_quorums_promise_and_keeps_all_versions() {
        let choices = choices();
        let sloppy = choices.iter().find(|choice| choice.setting == "sloppy");
        let sloppy = sloppy.expect("it is a choice");
        assert!(sloppy.gives_up.contains(&Promise::Regular));
        assert!(!sloppy.gives_up.contains(&Promise::SiblingPreservation));
        assert!(!sloppy.may_lose && !sloppy.may_revive);
    }
}
