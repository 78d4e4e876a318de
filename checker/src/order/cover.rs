//! Sets of writes that hold with each write all that it supersedes.

use super::key::Key;

/// Such a set, as one height for each chain.
#[derive(Clone, Debug)]
pub(crate) struct Cover {
    heights: Vec<u32>,
}

impl Cover {
    /// These writes and all that they supersede, O(writes · chains) at most: what is in it already costs nothing,
    /// so that the newest should come first.
    pub(crate) fn of(key: &Key<'_>, writes: impl Iterator<Item = usize>) -> Self {
        let mut cover = Cover {
            heights: vec![0; key.chains.len()],
        };
        for write in writes {
            cover.add(key, write);
        }
        cover
    }

    fn add(&mut self, key: &Key<'_>, write: usize) {
        if self.has(key, write) {
            return;
        }
        let past = key.writes[write].past;
        key.vectors.above(past, &[], &mut |chain, high, _| {
            self.heights[chain] = self.heights[chain].max(high);
        });
    }

    /// Whether a write is in it.
    pub(crate) fn has(&self, key: &Key<'_>, write: usize) -> bool {
        let of = &key.writes[write];
        self.heights[of.chain as usize] >= of.height
    }

    /// All writes that are not in it, in order.
    pub(crate) fn rest(&self, key: &Key<'_>) -> Vec<usize> {
        let chains = key.chains.iter().zip(&self.heights);
        let rest = chains.flat_map(|(chain, &height)| &chain[height as usize..]);
        let mut rest: Vec<usize> = rest.map(|&write| write as usize).collect();
        rest.sort_unstable();
        rest
    }
}
