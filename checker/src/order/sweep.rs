//! All writes and reads of a history, one after the other, before the eyes of several checks at once.

use super::frontier::Frontier;
use super::index::{Order, Slot};
use crate::graph::Link;

/// A read, and the writes that were there before it and that it does not cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) place: usize,
    pub(crate) key: usize,
    pub(crate) read: usize,
    pub(crate) uncovered: &'a [usize],
}

/// A check that follows a history.
pub(crate) trait Watch {
    /// A write was called.
    fn write(&mut self, order: &Order<'_>, place: usize);

    /// A read was answered. It covers everything where values repeat, for then nothing can be judged.
    fn read(&mut self, order: &Order<'_>, reading: Reading<'_>);

    /// Whether nothing that comes can change what is known.
    fn done(&self) -> bool;
}

/// An order of all steps in which none needs what comes after it.
#[derive(Debug)]
pub(crate) enum Course {
    /// As they were recorded.
    Recorded,
    /// Otherwise, because times are equal and lines were recorded in another order.
    Turned(Vec<usize>),
    /// There is none: these operations need each other in a circle.
    Circular(Vec<(usize, Link)>),
}

impl Course {
    /// The course of a history, O(1) where it is as recorded.
    pub(crate) fn of(order: &Order<'_>) -> Self {
        if order.forward {
            return Course::Recorded;
        }
        let graph = order.happens_before();
        match graph.cycle() {
            Some(cycle) => Course::Circular(cycle),
            None => Course::Turned(graph.order()),
        }
    }
}

/// Shows every step to every check, until all are done.
///
/// Where the course is circular the steps come as recorded, and every write counts as there from the
/// beginning.
pub(crate) fn sweep(order: &mut Order<'_>, course: &Course, watches: &mut [&mut dyn Watch]) {
    let mut frontier = match course {
        Course::Circular(_) => Frontier::whole(order),
        Course::Recorded | Course::Turned(_) => Frontier::new(order),
    };
    let mut step = |order: &mut Order<'_>, place: usize| {
        match order.slot(place) {
            Slot::Write(key, write) => {
                frontier.write(order, (key as usize, write as usize));
                for watch in &mut *watches {
                    watch.write(order, place);
                }
            }
            Slot::Read(key, read) => {
                let (key, read) = (key as usize, read as usize);
                // Nobody can say what such a read covers; it still takes place in its session.
                let uncovered = if order.keys[key].repeats {
                    &[]
                } else {
                    frontier.read(order, (key, read))
                };
                let reading = Reading {
                    place,
                    key,
                    read,
                    uncovered,
                };
                for watch in &mut *watches {
                    watch.read(order, reading);
                }
                return watches.iter().any(|watch| !watch.done());
            }
            Slot::Silent => {}
        }
        true
    };
    if let Course::Turned(places) = course {
        let _ = places.iter().all(|&place| step(order, place));
        return;
    }
    let lines = order.lines();
    let mut next = 0;
    for line in lines {
        let Some(place) = order.step(&line, &mut next) else {
            continue;
        };
        if !step(order, place) {
            return;
        }
    }
}
