//! What a store is held to: how it keeps versions, its quorums, its promises.

use std::time::Duration;

use checker::Promise;
use checker::note::Setup;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};

use crate::plan::{Partitioning, Shape};
use crate::preset::{MATRIX, PROMISES};

/// What becomes of versions of a key that do not replace one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versions {
    /// All of them are kept, until a write comes that has seen them.
    Siblings,
    /// One of them wins.
    LastWriter,
}

/// What a test says of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) versions: Versions,
    pub(super) nodes: u32,
    pub(super) quorum: Option<(u32, u32, u32)>,
    pub(super) promises: Option<Vec<Promise>>,
    pub(super) settle: Option<Duration>,
    pub(super) owners: bool,
}

/// What a store is held to, as a [`Bench`](super::Bench) needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The cluster: its size, quorums and way to resolve; what else a shape can say stays unsaid.
    pub shape: Shape,
    /// The promises that are judged, in the order of reports.
    pub promises: Vec<Promise>,
    /// What the history says of the cluster. Without it, the reads at the end must be complete.
    pub setup: Option<Setup>,
    /// How long the store may take to mend itself, in microseconds.
    pub settle_us: Option<u64>,
}

impl Terms {
    /// The terms of what was said.
    ///
    /// A store that keeps siblings is held to sibling preservation, and to clock causality where its
    /// disks show clocks; one in which the last writer wins to what is left of sibling preservation:
    /// nothing invented, nothing replaced comes back. Reads at the end must show every acknowledged
    /// write where quorums overlap, or where the store promises to converge: in any other store a quorum
    /// may never see it. All else is judged only where it is asked for.
    pub(super) fn of(said: &Said) -> Result<Terms, String> {
        let nodes = said.nodes;
        let (n, r, w) = said.quorum.unwrap_or_else(|| majority(nodes));
        if !(1..=64).contains(&nodes) {
            return Err(format!("a cluster of {nodes} nodes: there can be 1 to 64"));
        }
        let fits = |of: u32| (1..=n).contains(&of);
        if !(1..=nodes).contains(&n) || !fits(r) || !fits(w) {
            return Err(format!(
                "quorum({n}, {r}, {w}) of {nodes} nodes: it must be 1 ≤ r, w ≤ n ≤ nodes"
            ));
        }
        let usual = match said.versions {
            Versions::Siblings => &PROMISES[..2],
            Versions::LastWriter => &PROMISES[1..2],
        };
        let mut promises = said.promises.clone().unwrap_or_else(|| usual.to_vec());
        promises.sort_unstable();
        promises.dedup();
        let judged = judged(said.versions);
        if let Some(odd) = promises.iter().find(|one| !judged.contains(one)) {
            let names: Vec<&str> = judged.iter().map(|one| one.name()).collect();
            return Err(format!(
                "{odd} is not judged of such a store; there are {}",
                names.join(", ")
            ));
        }
        if promises.is_empty() {
            return Err("no promise is to be judged".into());
        }
        let converges = promises.contains(&Promise::Convergence);
        let hands_off = promises.contains(&Promise::HandoffDelivery);
        if (converges || hands_off) && !said.owners && n < nodes {
            return Err(format!(
                "{} is about the {n} owners of a key among {nodes} nodes: say who they are with owners(…)",
                if converges {
                    "convergence"
                } else {
                    "handoff-delivery"
                }
            ));
        }
        let may_lose = said.versions == Versions::LastWriter;
        let silent = !converges && !hands_off && !may_lose && r + w > n;
        let setup = (!silent).then_some(Setup {
            nodes,
            n,
            r,
            w,
            converges,
            hands_off,
            may_lose,
            may_revive: false,
            sampled: false,
        });
        Ok(Terms {
            shape: shape(said, (n, r, w), converges, hands_off),
            promises,
            setup,
            settle_us: said.settle.map(|time| time.as_micros() as u64),
        })
    }
}

/// The promises that can be judged of such a store, in the order of reports.
fn judged(versions: Versions) -> Vec<Promise> {
    match versions {
        Versions::Siblings => [&PROMISES[..], &[Promise::Reconciliation], &MATRIX[..7]].concat(),
        Versions::LastWriter => [&PROMISES[1..], &MATRIX[..]].concat(),
    }
}

/// Three replicas as far as there are nodes, and a majority of them for gets and for puts.
fn majority(nodes: u32) -> (u32, u32, u32) {
    let n = nodes.min(3);
    (n, n / 2 + 1, n / 2 + 1)
}

fn shape(said: &Said, (n, r, w): (u32, u32, u32), converges: bool, hands_off: bool) -> Shape {
    Shape {
        nodes: said.nodes,
        n,
        r,
        w,
        vnodes: 1,
        partitioning: Partitioning::Tokens,
        sloppy: false,
        hints: hands_off,
        anti_entropy: converges,
        read_repair: ReadRepair::Off,
        coordinator: Coordinator::Asked,
        read_from: ReadFrom::Healthy,
        causality: Causality::Dots,
        resolution: match said.versions {
            Versions::Siblings => Resolution::Client,
            Versions::LastWriter => Resolution::LastWriterWins,
        },
        reaping_us: None,
        durability: Durability::Synced,
        detection: Detection::Requests,
        yields: false,
        skew_us: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(versions: Versions) -> Said {
        Said {
            versions,
            nodes: 3,
            quorum: None,
            promises: None,
            settle: None,
            owners: false,
        }
    }

    fn refused(change: impl Fn(&mut Said)) -> String {
        let mut asked = said(Versions::Siblings);
        change(&mut asked);
        Terms::of(&asked).expect_err("it is refused")
    }

    #[test]
    fn a_store_is_held_to_what_follows_from_what_it_says() {
        let siblings = Terms::of(&said(Versions::Siblings)).expect("it is legal");
        assert_eq!(siblings.promises, PROMISES[..2]);
        assert_eq!(siblings.setup, None, "reads at the end are complete");
        let last = Terms::of(&said(Versions::LastWriter)).expect("it is legal");
        assert_eq!(last.promises, [Promise::SiblingPreservation]);
        assert!(
            last.setup
                .is_some_and(|setup| setup.may_lose && !setup.converges)
        );
        let weak = Said {
            quorum: Some((3, 1, 1)),
            ..said(Versions::Siblings)
        };
        let weak = Terms::of(&weak).expect("it is legal");
        assert!(
            weak.setup
                .is_some_and(|setup| !setup.converges && !setup.may_lose)
        );
        let converges = Said {
            promises: Some(vec![Promise::Convergence]),
            ..said(Versions::Siblings)
        };
        let converges = Terms::of(&converges).expect("it is legal");
        assert!(converges.setup.is_some_and(|setup| setup.converges));
        assert_eq!(converges.shape, converges.shape.legal());
    }

    #[test]
    fn what_cannot_be_judged_is_refused() {
        assert!(refused(|said| said.nodes = 0).contains("0 nodes"));
        assert!(refused(|said| said.quorum = Some((4, 2, 2))).contains("quorum(4, 2, 2) of 3"));
        assert!(refused(|said| said.quorum = Some((3, 0, 2))).contains("1 ≤ r"));
        let cycles = refused(|said| said.promises = Some(vec![Promise::Cycles]));
        assert!(cycles.starts_with("cycles is not judged"), "{cycles}");
        let none = refused(|said| said.promises = Some(Vec::new()));
        assert_eq!(none, "no promise is to be judged");
        let owners = refused(|said| {
            (said.nodes, said.promises) = (4, Some(vec![Promise::Convergence]));
        });
        assert!(owners.contains("owners(…)"), "{owners}");
    }
}
