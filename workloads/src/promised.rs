//! What a shape promises, and a plan: which mechanism keeps which promise, as data.
//!
//! Quorums do not matter here: what a put leaves behind and what mends it does.

use checker::Promise;
use dynamo_core::{Causality, Durability, Resolution};

use crate::fault::Fault;
use crate::plan::{Plan, Shape};

/// The promises of one shape, and what it does not promise within them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promised {
    /// In the order of reports.
    pub promises: Vec<Promise>,
    /// Whether acknowledged writes may disappear that nothing replaced.
    pub may_lose: bool,
    /// Whether what was replaced or deleted may come back.
    pub may_revive: bool,
}

impl Promised {
    /// Those of these promises that the shape makes.
    pub fn among(&self, asked: &[Promise]) -> Vec<Promise> {
        let makes = |promise: &&Promise| self.promises.contains(promise);
        asked.iter().filter(makes).copied().collect()
    }

    /// Whether every version stays until one replaces it.
    fn is_kept(&self) -> bool {
        !self.may_lose && !self.may_revive
    }

    /// Whether it makes this promise.
    pub fn makes(&self, promise: Promise) -> bool {
        self.promises.contains(&promise)
    }
}

/// What a cluster of this shape promises, while its disks keep what they synced.
///
/// | versions | acknowledged writes | what was replaced |
/// |---|---|---|
/// | dots | stay | stays away |
/// | plain clocks | may get lost: two puts with one context through one node | stays away |
/// | truncated clocks | may get lost | may come back |
/// | one vector a key | stay, unless stand-ins count anew | may come back |
/// | last writer wins | concurrent ones get lost, by design | stays away |
/// | tombstones reaped | may get lost | may come back |
/// | write buffer | may get lost in a crash | may come back with it |
///
/// A shape of which both columns say "may" does not promise sibling preservation. Clock causality is
/// the promise of dots. Replicas become equal where they compare trees, and hints arrive where hints
/// are kept, whatever the versions are; but with a write buffer a copy that was acknowledged may not
/// be on a disk, so nothing is promised of hints and copies.
pub fn promised(shape: Shape) -> Promised {
    let shape = shape.legal();
    let buffers = shape.durability != Durability::Synced;
    let reaps = shape.reaping_us.is_some() || buffers;
    let last_writer = shape.resolution == Resolution::LastWriterWins;
    let (may_lose, may_revive) = match shape.causality {
        // Whatever the clocks say, a put is later than what it replaces.
        _ if last_writer => (true, false),
        Causality::Dots => (false, false),
        Causality::Clocks => (true, false),
        Causality::Truncated { .. } => (true, true),
        // A stand-in that has delivered its hint knows nothing of the key, so it counts anew, and its
        // next event looks old.
        Causality::Vectors => (shape.sloppy, true),
    };
    let (may_lose, may_revive) = (may_lose || reaps, may_revive || reaps);
    let makes = |promise: &Promise| match promise {
        Promise::ClockCausality => shape.is_exact(),
        Promise::SiblingPreservation => !(may_lose && may_revive),
        Promise::Convergence => shape.anti_entropy,
        Promise::HandoffDelivery => shape.hints && !buffers,
        _ => false,
    };
    Promised {
        promises: crate::preset::PROMISES.into_iter().filter(makes).collect(),
        may_lose,
        may_revive,
    }
}

/// What a cluster of the plan's shape promises, whatever of its faults befalls it.
///
/// A disk that loses what it had synced, all of it or some records, to rot or to writes that land at the place of
/// another record, comes back as a new actor (see
/// [`dynamo_core::Actor`]), so clocks stay right, and replicas become equal again. Hints on it are gone. Every
/// acknowledged write is on W disks, so that fewer losses lose none, where no data is on the move between
/// owners. A disk from a backup makes events anew that others know: nothing is promised then.
pub fn promised_in(plan: &Plan) -> Promised {
    let whole = promised(plan.shape);
    let windows = plan
        .faults
        .0
        .iter()
        .filter(|window| window.from < window.until);
    let faults: Vec<&Fault> = windows.map(|window| window.fault.unaimed()).collect();
    let losses = faults.iter().filter(|fault| fault.loses_disk()).count();
    if losses == 0 {
        return whole;
    }
    let moves = |fault: &&&Fault| matches!(fault, Fault::Depart { .. });
    let returns = |fault: &&&Fault| matches!(fault, Fault::Restore { .. });
    let safe = losses < plan.shape.legal().w as usize
        && whole.is_kept()
        && faults.iter().find(moves).is_none();
    let backup = faults.iter().any(|fault| returns(&fault));
    let keeps = |promise: &Promise| match promise {
        Promise::HandoffDelivery => false,
        Promise::SiblingPreservation => safe && !backup,
        _ => !backup,
    };
    Promised {
        promises: whole.promises.into_iter().filter(keeps).collect(),
        may_lose: whole.may_lose || !safe || backup,
        may_revive: whole.may_revive || !safe || backup,
    }
}

#[cfg(test)]
mod tests {
    use dynamo_core::ReadRepair;

    use super::*;
    use crate::load;

    const FOUR: [Promise; 4] = crate::preset::PROMISES;

    fn shape(causality: Causality, resolution: Resolution) -> Shape {
        Shape {
            nodes: 5,
            n: 3,
            r: 2,
            w: 2,
            sloppy: true,
            hints: true,
            anti_entropy: true,
            read_repair: ReadRepair::After,
            causality,
            resolution,
            reaping_us: None,
            ..load::shape(1)
        }
    }

    #[test]
    fn each_way_to_keep_versions_promises_what_the_table_says() {
        use Promise::{ClockCausality, SiblingPreservation};
        use Resolution::{Client, LastWriterWins};
        let truncated = Causality::Truncated { pairs: 3 };
        for (causality, resolution, lose, revive, siblings) in [
            (Causality::Dots, Client, false, false, true),
            (Causality::Dots, LastWriterWins, true, false, true),
            (Causality::Clocks, Client, true, false, true),
            (Causality::Clocks, LastWriterWins, true, false, true),
            (truncated, Client, true, true, false),
            (truncated, LastWriterWins, true, false, true),
            (Causality::Vectors, Client, true, true, false),
            (Causality::Vectors, LastWriterWins, true, false, true),
        ] {
            let promised = promised(shape(causality, resolution));
            assert_eq!(
                (promised.may_lose, promised.may_revive),
                (lose, revive),
                "{causality:?} {resolution:?}"
            );
            let makes = |promise| promised.promises.contains(&promise);
            assert_eq!(makes(SiblingPreservation), siblings);
            let exact = causality == Causality::Dots && resolution == Client;
            assert_eq!(makes(ClockCausality), exact);
        }
        let strict = Shape {
            sloppy: false,
            ..shape(Causality::Vectors, Client)
        };
        let promised = promised(strict);
        assert_eq!((promised.may_lose, promised.may_revive), (false, true));
    }

    #[test]
    fn convergence_and_handoff_are_promised_where_their_mechanism_is_on() {
        let all = shape(Causality::Dots, Resolution::Client);
        assert_eq!(promised(all).promises, FOUR);
        let without = |change: fn(&mut Shape)| {
            let mut shape = all;
            change(&mut shape);
            promised(shape).promises
        };
        assert_eq!(without(|shape| shape.hints = false), FOUR[..3]);
        assert_eq!(
            without(|shape| shape.anti_entropy = false),
            [FOUR[0], FOUR[1], FOUR[3]]
        );
        assert_eq!(
            without(|shape| shape.reaping_us = Some(1)),
            [FOUR[0], FOUR[2], FOUR[3]]
        );
        let asked = [Promise::HandoffDelivery, Promise::SiblingPreservation];
        assert_eq!(promised(all).among(&asked), asked);
    }

    #[test]
    fn the_healthy_campaign_draws_only_shapes_that_keep_versions() {
        for seed in 0..500 {
            let promised = promised(load::shape(seed));
            assert!(!promised.may_lose && !promised.may_revive, "seed {seed}");
        }
    }
}
