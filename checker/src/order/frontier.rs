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
        let key = &mut order.keys[number];
        let reached = &mut self.keys[number];
        self.uncovered.clear();
        let before = key.vectors.len();
        let mut covered = Vector::default();
        for index in 0..key.written(&key.reads[read]).len() {
            let write = key.written(&key.reads[read])[index];
            covered = key.vectors.join(covered, key.writes[write].past);
        }
        let came = key.vectors.join(reached.came, covered);
        let grown = came != reached.came;
        reached.came = came;
        if !reached.deleted.is_empty() {
            covered = key.hide(reached, read, covered);
        }
        let uncovered = &mut self.uncovered;
        let chains = &key.chains;
        key.vectors.above(came, covered, &mut |chain, high, low| {
            let missed = &chains[chain][low as usize..high as usize];
            uncovered.extend(missed.iter().map(|&write| write as usize));
        });
        if !grown {
            key.vectors.truncate(before);
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
            self.vectors.above(past, all, &mut |chain, high, low| {
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

    /// What a read covers together with the deletes that may hide behind its answer.
    fn hide(&mut self, reached: &Reached, read: usize, covered: Vector) -> Vector {
        let read = &self.reads[read];
        let (from, to) = read.writes;
        let called = |&delete: &u32| self.writes[delete as usize].invoked <= read.returned;
        let called = self.deletes.partition_point(called);
        let answer = &self.links[from as usize..to as usize];
        let first = answer.iter().map(|&write| reached.buried[write] as usize);
        let safe = first.min().unwrap_or(called).min(called);
        let hidden: Vec<u32> = self.deletes[safe..called]
            .iter()
            .copied()
            .filter(|&delete| {
                let above = |&write: &usize| self.before(write, delete as usize);
                !answer.iter().any(above)
            })
            .collect();
        let mut covered = self.vectors.join(covered, reached.deleted[safe]);
        for delete in hidden {
            let past = self.writes[delete as usize].past;
            covered = self.vectors.join(covered, past);
        }
        covered
    }
}
