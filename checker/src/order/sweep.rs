//! All writes and reads of a history, one after the other, before the eyes of several checks at once.

use super::course::{Course, Step};
use super::frontier::Frontier;
use super::index::{Order, Slot};
use super::misses::Misses;
use super::watch::{Reading, Watch, Written};

/// Shows every step to every check, key by key, each key in the order of the course, until all are done.
pub(crate) fn survey(order: &mut Order<'_>, course: &Course, watches: &mut [&mut dyn Watch]) {
    let (mut steps, mut uncovered) = (Vec::new(), Vec::new());
    for key in 0..order.keys.len() {
        course.steps(order, key, &mut steps);
        let forward = order.forward;
        let of = &mut order.keys[key];
        let nodes = of.vectors.len();
        let mut frontier = Frontier::new(of, course, forward);
        for &(at, step) in &steps {
            if watches.iter().all(|watch| watch.done(at)) {
                break;
            }
            match step {
                Step::Write(write) => {
                    let write = write as usize;
                    let of = &mut order.keys[key];
                    frontier.write(of, write);
                    let place = of.writes[write].place;
                    show(order, watches, Written { place, key, write });
                }
                Step::Read(read) => {
                    let read = read as usize;
                    let of = &mut order.keys[key];
                    frontier.read(of, read, &mut uncovered);
                    let reading = Reading {
                        at,
                        place: of.reads[read].place,
                        key,
                        read,
                        uncovered: &uncovered,
                    };
                    for watch in &mut *watches {
                        watch.read(order, reading);
                    }
                }
            }
        }
        order.keys[key].vectors.truncate(nodes);
    }
}

/// Shows every step to every check in the order of the course, until all are done. What reads miss is known
/// from a survey of the same course, or found once more where that was too much to keep.
pub(crate) fn sweep(
    order: &mut Order<'_>,
    course: &Course,
    misses: &Misses,
    watches: &mut [&mut dyn Watch],
) {
    let mut gaps = Gaps::new(order, course, misses);
    if let Course::Turned(turned) = course {
        for (at, &place) in turned.places.iter().enumerate() {
            if watches.iter().all(|watch| watch.done(at)) {
                return;
            }
            gaps.step(order, (at, place), watches);
        }
        return;
    }
    let mut next = 0;
    for (index, line) in order.lines().enumerate() {
        let Some(place) = order.step(&line, &mut next) else {
            continue;
        };
        if watches.iter().all(|watch| watch.done(index + 1)) {
            return;
        }
        gaps.step(order, (index + 1, place), watches);
    }
}

/// What the next reads miss.
struct Gaps<'m> {
    known: Option<&'m Misses>,
    /// How many of the known ones were shown.
    shown: usize,
    frontiers: Vec<Frontier>,
    uncovered: Vec<usize>,
}

impl<'m> Gaps<'m> {
    fn new(order: &mut Order<'_>, course: &Course, misses: &'m Misses) -> Self {
        let known = (!misses.too_many()).then_some(misses);
        let forward = order.forward;
        let mut frontiers = Vec::new();
        if known.is_none() {
            let new = |key| Frontier::new(key, course, forward);
            frontiers.extend(order.keys.iter_mut().map(new));
        }
        Gaps {
            known,
            shown: 0,
            frontiers,
            uncovered: Vec::new(),
        }
    }

    fn step(
        &mut self,
        order: &mut Order<'_>,
        (at, place): (usize, usize),
        watches: &mut [&mut dyn Watch],
    ) {
        match order.slot(place) {
            Slot::Write(key, write) => {
                let (key, write) = (key as usize, write as usize);
                if self.known.is_none() {
                    self.frontiers[key].write(&mut order.keys[key], write);
                }
                show(order, watches, Written { place, key, write });
            }
            Slot::Read(key, read) => {
                let (key, read) = (key as usize, read as usize);
                self.uncovered.clear();
                match self.known.map(|misses| misses.nth(self.shown)) {
                    Some(Some((next, missed))) if next == at => {
                        self.uncovered.extend_from_slice(missed);
                        self.shown += 1;
                    }
                    Some(_) => {}
                    None => {
                        let of = &mut order.keys[key];
                        self.frontiers[key].read(of, read, &mut self.uncovered);
                    }
                }
                let reading = Reading {
                    at,
                    place,
                    key,
                    read,
                    uncovered: &self.uncovered,
                };
                for watch in watches {
                    watch.read(order, reading);
                }
            }
            Slot::Silent => {}
        }
    }
}

fn show(order: &Order<'_>, watches: &mut [&mut dyn Watch], written: Written) {
    for watch in watches {
        watch.write(order, written);
    }
}
