//! What a write may supersede, whether or not its contexts prove it: answers hide tombstones.

use super::key::Key;
use super::vectors::{Vector, Vectors};

/// For each write what it may supersede, itself included.
#[derive(Debug)]
pub(super) struct Possible {
    vectors: Vectors,
    pasts: Vec<Vector>,
}

impl Possible {
    /// Of all writes of a key, O(contexts · log chains + deletes since what was returned was deleted).
    pub(super) fn new(key: &Key<'_>) -> Self {
        let mut possible = Possible {
            vectors: Vectors::default(),
            pasts: vec![Vector::default(); key.writes.len()],
        };
        let order = key.bottom_up();
        // Once is enough unless a write may supersede one that was looked at after it.
        while possible.pass(key, &order) {}
        possible
    }

    /// Whether `above` may supersede `below`, or is the same.
    pub(super) fn covers(&self, key: &Key<'_>, above: usize, below: usize) -> bool {
        let of = &key.writes[below];
        self.vectors.get(self.pasts[above], of.chain as usize) >= of.height
    }

    /// Looks at all writes; whether that must be done once more, because some grew and not all that they may
    /// supersede had been looked at before them.
    fn pass(&mut self, key: &Key<'_>, order: &[usize]) -> bool {
        let mut looked = vec![false; key.writes.len()];
        let (mut again, mut grown) = (false, false);
        // What the first deletes may supersede together, as far as all of them were looked at.
        let mut together = vec![Vector::default()];
        for &write in order {
            let mut past = self.pasts[write];
            for &seen in key.seen(write) {
                again |= !looked[seen];
                past = self.vectors.join(past, self.pasts[seen]);
            }
            for &read in key.glimpses(write) {
                let (safe, called) = key.hidden_by_time(read);
                let known = safe.min(together.len() - 1);
                past = self.vectors.join(past, together[known]);
                for (number, &delete) in key.deletes[..called].iter().enumerate().skip(known) {
                    let delete = delete as usize;
                    if number < safe || !key.shows_before(read, delete) {
                        again |= !looked[delete];
                        past = self.vectors.join(past, self.pasts[delete]);
                    }
                }
            }
            let of = &key.writes[write];
            if self.vectors.get(past, of.chain as usize) < of.height {
                past = self.vectors.set(past, of.chain as usize, of.height);
            }
            looked[write] = true;
            grown |= past != self.pasts[write];
            self.pasts[write] = past;
            while let Some(&delete) = key.deletes.get(together.len() - 1)
                && looked[delete as usize]
            {
                let last = together[together.len() - 1];
                together.push(self.vectors.join(last, self.pasts[delete as usize]));
            }
        }
        again && grown
    }
}
