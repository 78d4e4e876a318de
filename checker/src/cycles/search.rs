//! Which kinds of cycles there are, from the gravest down, and a shortest one of each.
//!
//! Whether a model that looks at cycles is denied is decided by strongly connected components alone,
//! in linear time; the budget only limits how long a shorter cycle is looked for, and whether one with
//! a single anti-dependency is found where others are.

use std::cell::OnceCell;

use super::anomaly::{AnomalyKind, Extent, Shape};
use super::edges::{Graph, Link};
use super::knots::{Knot, knots};
use super::walk::{Cycle, shortest};

const EXTENTS: [Extent; 3] = [Extent::Data, Extent::Session, Extent::RealTime];
const SHAPES: [Shape; 5] = [
    Shape::G0,
    Shape::G1c,
    Shape::GSingle,
    Shape::GNonadjacent,
    Shape::G2Item,
];
/// How many searches may share the budget.
const SEARCHES: u64 = (EXTENTS.len() * SHAPES.len()) as u64;

/// The knots of a history, to be searched for one kind of cycle after the other.
#[derive(Debug)]
pub(super) struct Search {
    /// Tied by all links.
    all: Vec<Knot>,
    by_data: OnceCell<Vec<Knot>>,
    by_sessions: OnceCell<Vec<Knot>>,
    budget: u64,
}

impl Search {
    /// Finds the knots, O(nodes + edges).
    pub(super) fn new(graph: &Graph, budget: u64) -> Self {
        Search {
            all: knots(graph),
            by_data: OnceCell::new(),
            by_sessions: OnceCell::new(),
            budget: budget / SEARCHES,
        }
    }

    /// The knots that the links of an extent tie.
    pub(super) fn tied(&self, extent: Extent) -> &[Knot] {
        let loosened = || {
            let loosened = self
                .all
                .iter()
                .flat_map(|knot| knot.loosened(links(extent)));
            let mut loosened: Vec<Knot> = loosened.collect();
            loosened.sort_by_key(|knot| (knot.nodes.len(), knot.nodes[0]));
            loosened
        };
        match extent {
            Extent::Data => self.by_data.get_or_init(loosened),
            Extent::Session => self.by_sessions.get_or_init(loosened),
            Extent::RealTime => &self.all,
        }
    }

    /// All searches, in the order of the gravity of what they look for.
    pub(super) fn searches() -> impl Iterator<Item = (Shape, Extent)> {
        EXTENTS
            .into_iter()
            .flat_map(|extent| SHAPES.into_iter().map(move |shape| (shape, extent)))
    }

    /// A cycle of this kind, or of a kind that denies more.
    pub(super) fn search(&self, shape: Shape, extent: Extent) -> Option<Cycle> {
        let tied = self.tied(extent);
        let through = |links: u8| match extent {
            Extent::Data => links,
            Extent::Session => Link::Session.bit(),
            Extent::RealTime => Link::RealTime.bit(),
        };
        let without = |gone: u8| -> Vec<Knot> {
            let links = links(extent) & !gone;
            tied.iter().flat_map(|knot| knot.loosened(links)).collect()
        };
        let (wr, rw, update) = (Link::Wr.bit(), Link::Rw.bit(), Link::Update.bit());
        let missed = rw | update | Link::Whole.bit();
        let cycle = match shape {
            Shape::G0 => shortest(
                &without(wr | missed),
                through(Link::Ww.bit()),
                0,
                self.budget,
            ),
            Shape::G1c => shortest(&without(missed), through(wr), 0, self.budget),
            Shape::GSingle => shortest(tied, missed, rw, self.budget),
            Shape::GNonadjacent => {
                let apart: Vec<Knot> = tied.iter().flat_map(Knot::apart).collect();
                shortest(&apart, through(missed), 0, self.budget)
            }
            Shape::G2Item => shortest(tied, through(missed), 0, self.budget),
        };
        cycle.map(turned)
    }

    /// A cycle of reads and of writes that replaced one another, if every transaction was seen whole.
    pub(super) fn in_part(&self) -> Option<Cycle> {
        let links = links(Extent::Data) & !(Link::Rw.bit() | Link::Update.bit());
        let tied = self.tied(Extent::Data).iter();
        let tied: Vec<Knot> = tied.flat_map(|knot| knot.loosened(links)).collect();
        shortest(&tied, Link::Whole.bit(), 0, self.budget).map(turned)
    }
}

/// All links that may stand in cycles of this extent.
fn links(extent: Extent) -> u8 {
    let missed = Link::Rw.bit() | Link::Update.bit() | Link::Whole.bit();
    let data = Link::Ww.bit() | Link::Wr.bit() | missed | Link::Pass.bit();
    match extent {
        Extent::Data => data,
        Extent::Session => data | Link::Session.bit(),
        Extent::RealTime => data | Link::Session.bit() | Link::RealTime.bit(),
    }
}

/// The same cycle, from its earliest transaction on.
fn turned(mut cycle: Cycle) -> Cycle {
    let first = (0..cycle.len()).min_by_key(|&place| cycle[place].0);
    cycle.rotate_left(first.unwrap_or(0));
    cycle
}

/// What kind of cycle it is.
pub(super) fn kind(cycle: &Cycle) -> AnomalyKind {
    let has = |link: Link| cycle.iter().any(|&(_, one)| one == link);
    let missed = |place: usize| cycle[place % cycle.len()].1 == Link::Rw;
    let shape = match (0..cycle.len()).filter(|&place| missed(place)).count() {
        // What was missed by one that updates the key counts as missed once, and as replaced else. What
        // was seen in part was missed by the one that saw it.
        0 if has(Link::Update) || has(Link::Whole) => Shape::GSingle,
        0 if has(Link::Wr) => Shape::G1c,
        0 => Shape::G0,
        1 => Shape::GSingle,
        _ if (0..cycle.len()).any(|place| missed(place) && missed(place + 1)) => Shape::G2Item,
        _ => Shape::GNonadjacent,
    };
    let extent = match (has(Link::RealTime), has(Link::Session)) {
        (true, _) => Extent::RealTime,
        (_, true) => Extent::Session,
        _ => Extent::Data,
    };
    AnomalyKind::Cycle(shape, extent)
}
