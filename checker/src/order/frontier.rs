//! Which writes a read does not cover, out of those that were there before it.

use super::index::Order;
use super::key::{Key, Status};
use super::vectors::Vector;

/// For each key the writes that came so far, as a set that holds with each write all it supersedes.
///
/// A read covers the writes that it returned, those that they supersede, and whatever a delete had seen
/// that may hide behind the answer: one called before the answer and superseding nothing returned.
#[derive(Debug)]
pub(crate) struct Frontier {
    keys: Vec<Reached>,
    uncovered: Vec<usize>,
    lows: Vec<Vector>,
}

#[derive(Clone, Debug, Default)]
struct Reached {
    /// What came so far and is known to have taken effect.
    came: Vector,
    /// For each number of first deletes what they have seen together.
    deleted: Vec<Vector>,
    /// For each write the number of the first delete that supersedes it.
    buried: Vec<u32>,
}

impl Frontier {
    /// Nothing came so far, O(writes).
    pub(crate) fn new(order: &mut Order<'_>) -> Self {
        let keys = order.keys.iter_mut().map(Key::bury).collect();
        Frontier {
            keys,
            uncovered: Vec::new(),
            lows: Vec::new(),
        }
    }

    /// Everything that ever takes effect is there from the beginning.
    pub(crate) fn whole(order: &mut Order<'_>) -> Self {
        let mut frontier = Frontier::new(order);
        for number in 0..order.keys.len() {
            for write in 0..order.keys[number].writes.len() {
                frontier.write(order, (number, write));
            }
            for read in 0..order.keys[number].reads.len() {
                frontier.read(order, (number, read));
            }
        }
        frontier
    }

    /// A write came. One that may not have taken effect counts when it is read.
    pub(crate) fn write(&mut self, order: &mut Order<'_>, (number, write): (usize, usize)) {
        let key = &mut order.keys[number];
        if key.writes[write].status == Status::Acknowledged {
            let came = &mut self.keys[number].came;
            *came = key.vectors.join(*came, key.writes[write].past);
        }
    }

    /// The writes that came and that this read does not cover, in no order that matters,
    /// O(changed chains + deletes since what was returned was deleted).
    ///
    /// Among them may be some of unknown or no effect, where something that took effect had seen them.
    pub(crate) fn read(
        &mut self,
        order: &mut Order<'_>,
        (number, read): (usize, usize),
    ) -> &[usize] {
        let forward = order.forward;
        let key = &mut order.keys[number];
        let reached = &mut self.keys[number];
        let (from, to) = key.reads[read].writes;
        self.lows.clear();
        for link in from as usize..to as usize {
            let write = &key.writes[key.links[link]];
            let past = write.past;
            self.lows.push(past);
            // Elsewhere a write comes before whoever reads it.
            if !forward || write.status != Status::Acknowledged {
                reached.came = key.vectors.join(reached.came, past);
            }
        }
        let later = if reached.deleted.is_empty() {
            &[]
        } else {
            let (before, later) = key.hidden_by_time(reached, read);
            self.lows.push(before);
            later
        };
        self.uncovered.clear();
        let (uncovered, chains) = (&mut self.uncovered, &key.chains);
        key.vectors
            .above(reached.came, &self.lows, &mut |chain, high, low| {
                let missed = &chains[chain][low as usize..high as usize];
                uncovered.extend(missed.iter().map(|&write| write as usize));
            });
        if !later.is_empty() && !self.uncovered.is_empty() {
            key.uncover(&mut self.uncovered, (from, to), later);
        }
        &self.uncovered
    }
}

impl Key<'_> {
    /// Which writes are superseded by which deletes.
    fn bury(&mut self) -> Reached {
        let mut reached = Reached::default();
        if self.deletes.is_empty() {
            return reached;
        }
        reached.buried = vec![u32::MAX; self.writes.len()];
        let mut all = Vector::default();
        reached.deleted.push(all);
        for number in 0..self.deletes.len() {
            let delete = self.deletes[number];
            let past = self.writes[delete as usize].past;
            let (chains, buried) = (&self.chains, &mut reached.buried);
            self.vectors.above(past, &[all], &mut |chain, high, low| {
                for &write in &chains[chain][low as usize..high as usize] {
                    let first = &mut buried[write as usize];
                    if write != delete && *first == u32::MAX {
                        *first = number as u32;
                    }
                }
            });
            all = self.vectors.join(all, past);
            reached.deleted.push(all);
        }
        reached
    }

    /// The deletes that were called before an answer: what those before the first that supersedes anything
    /// returned have seen together, and the others, which may supersede something returned.
    fn hidden_by_time(&self, reached: &Reached, read: usize) -> (Vector, &[u32]) {
        let read = &self.reads[read];
        let called = |&delete: &u32| self.writes[delete as usize].invoked <= read.returned;
        let called = self.deletes.partition_point(called);
        let first = self.written(read).iter();
        let first = first.map(|&write| reached.buried[write] as usize);
        let safe = first.min().unwrap_or(called).min(called);
        (reached.deleted[safe], &self.deletes[safe..called])
    }

    /// Leaves out what a delete had seen that may hide behind an answer.
    fn uncover(&self, uncovered: &mut Vec<usize>, (from, to): (u32, u32), deletes: &[u32]) {
        let answer = &self.links[from as usize..to as usize];
        for delete in deletes.iter().map(|&delete| delete as usize) {
            if !answer.iter().any(|&write| self.before(write, delete)) {
                uncovered.retain(|&write| !self.covers(delete, write));
            }
        }
    }
}
