//! Which writes of a key a read does not cover, out of those that were there before it.

use super::course::Course;
use super::key::{Key, Status};
use super::vectors::Vector;

/// The writes of a key that came so far, as a set that holds with each write all it supersedes.
///
/// A read covers the writes that it returned, those that they supersede, and whatever a delete had seen
/// that may hide behind the answer: one called before the answer and superseding nothing returned.
#[derive(Clone, Debug, Default)]
pub(super) struct Frontier {
    /// What came so far and is known to have taken effect.
    came: Vector,
    /// Whether a write comes before whoever reads it.
    forward: bool,
    /// For each number of first deletes what they have seen together.
    deleted: Vec<Vector>,
    lows: Vec<Vector>,
}

impl Frontier {
    /// Nothing came so far, or, in a circle, everything that ever takes effect, O(writes).
    pub(super) fn new(key: &mut Key<'_>, course: &Course, forward: bool) -> Self {
        let mut frontier = Frontier {
            forward,
            ..Frontier::default()
        };
        frontier.bury(key);
        if let Course::Circular(_) = course {
            for write in 0..key.writes.len() {
                frontier.write(key, write);
            }
            for read in 0..key.reads.len() {
                frontier.meet(key, read);
            }
        }
        frontier
    }

    /// A write came. One that may not have taken effect counts when it is read.
    pub(super) fn write(&mut self, key: &mut Key<'_>, write: usize) {
        if key.writes[write].status == Status::Acknowledged {
            self.came = key.vectors.join(self.came, key.writes[write].past);
        }
    }

    /// The writes that came and that this read does not cover, in no order that matters,
    /// O(changed chains + deletes since what was returned was deleted).
    ///
    /// Among them may be some of unknown or no effect, where something that took effect had seen them.
    pub(super) fn read(&mut self, key: &mut Key<'_>, read: usize, uncovered: &mut Vec<usize>) {
        uncovered.clear();
        // Nobody can say what such a read covers.
        if key.repeats {
            return;
        }
        self.meet(key, read);
        let later = if self.deleted.is_empty() {
            &[]
        } else {
            let (safe, called) = key.hidden_by_time(read);
            self.lows.push(self.deleted[safe]);
            &key.deletes[safe..called]
        };
        let chains = &key.chains;
        key.vectors
            .above(self.came, &self.lows, &mut |chain, high, low| {
                let missed = &chains[chain][low as usize..high as usize];
                uncovered.extend(missed.iter().map(|&write| write as usize));
            });
        if !later.is_empty() && !uncovered.is_empty() {
            uncover(key, uncovered, read, later);
        }
    }

    /// What was read took effect, with all that it supersedes.
    fn meet(&mut self, key: &mut Key<'_>, read: usize) {
        let (from, to) = key.reads[read].writes;
        self.lows.clear();
        for link in from as usize..to as usize {
            let write = &key.writes[key.links[link]];
            let past = write.past;
            self.lows.push(past);
            if !self.forward || write.status != Status::Acknowledged {
                self.came = key.vectors.join(self.came, past);
            }
        }
    }

    /// Finds what the first deletes have seen together.
    fn bury(&mut self, key: &mut Key<'_>) {
        let mut all = Vector::default();
        if !key.deletes.is_empty() {
            self.deleted.push(all);
        }
        for &delete in &key.deletes {
            all = key.vectors.join(all, key.writes[delete as usize].past);
            self.deleted.push(all);
        }
    }
}

/// Leaves out what a delete had seen that may hide behind an answer.
fn uncover(key: &Key<'_>, uncovered: &mut Vec<usize>, read: usize, deletes: &[u32]) {
    for delete in deletes.iter().map(|&delete| delete as usize) {
        if !key.shows_before(read, delete) {
            uncovered.retain(|&write| !key.covers(delete, write));
        }
    }
}
