//! The order in which the steps of a history are looked at.

use super::index::Order;
use crate::graph::Link;

/// An order of all steps in which none needs what comes after it: writes where they are called, reads where
/// they are answered.
#[derive(Debug)]
pub(crate) enum Course {
    /// As they were recorded.
    Recorded,
    /// Otherwise, because times are equal and lines were recorded in another order.
    Turned(Turned),
    /// There is none: these operations need each other in a circle. Steps come as recorded then, and every
    /// write counts as there from the beginning.
    Circular(Vec<(usize, Link)>),
}

/// The places of all operations in such an order, and for each place where it stands there.
#[derive(Debug)]
pub(crate) struct Turned {
    pub(super) places: Vec<usize>,
    ranks: Vec<usize>,
}

/// A write or a read of one key, by its number among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Write(u32),
    Read(u32),
}

impl Course {
    /// The course of a history, O(1) where it is as recorded.
    pub(crate) fn of(order: &Order<'_>) -> Self {
        if order.forward {
            return Course::Recorded;
        }
        let graph = order.happens_before();
        if let Some(cycle) = graph.cycle() {
            return Course::Circular(cycle);
        }
        let places = graph.order();
        let mut ranks = vec![0; places.len()];
        for (rank, &place) in places.iter().enumerate() {
            ranks[place] = rank;
        }
        Course::Turned(Turned { places, ranks })
    }

    /// Where in the course an operation stands that is a step on this line.
    pub(super) fn rank(&self, place: usize, line: usize) -> usize {
        match self {
            Course::Turned(turned) => turned.ranks[place],
            Course::Recorded | Course::Circular(_) => line,
        }
    }

    /// All steps of one key with their ranks, in order, O(steps · log steps).
    pub(super) fn steps(&self, order: &Order<'_>, key: usize, steps: &mut Vec<(usize, Step)>) {
        let key = &order.keys[key];
        steps.clear();
        let writes = key.writes.iter().zip(0..);
        steps.extend(writes.map(|(write, number)| {
            let rank = self.rank(write.place, write.line);
            (rank, Step::Write(number))
        }));
        let reads = key.reads.iter().zip(0..);
        steps.extend(reads.map(|(read, number)| {
            let rank = self.rank(read.place, read.ended);
            (rank, Step::Read(number))
        }));
        steps.sort_unstable();
    }
}
