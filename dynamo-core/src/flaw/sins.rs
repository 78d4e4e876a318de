//! What some flaws do to the versions of a key, and to what a node keeps of them.

use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Flaw;
use crate::batch::Batch;
use crate::hint::Hint;
use crate::siblings::{Siblings, Version};
use crate::store::Store;

/// How many entries are left of what a version replaces, where a flaw prunes.
pub(crate) const PRUNED: usize = 2;

impl Siblings {
    /// The same versions; if that is the flaw, they remember two entries at most of what they replace.
    pub(crate) fn pruned_if(&self, flaw: bool) -> Siblings {
        if flaw {
            self.pruned(PRUNED)
        } else {
            self.clone()
        }
    }

    fn pruned(&self, pairs: usize) -> Siblings {
        let mut pruned = self.clone();
        for version in &mut pruned.held_mut().versions {
            Arc::make_mut(version).past.truncate(pairs);
        }
        pruned
    }

    /// What is left of versions before others are merged into them.
    pub(crate) fn before_merge(&mut self, other: &Siblings, flaw: Option<Flaw>) {
        if flaw != Some(Flaw::CompareByPosition) {
            return;
        }
        let counters = |version: &Version| -> Vec<u64> {
            version.clock().iter().map(|dot| dot.counter).collect()
        };
        let ahead = |new: &Version, old: &Version| {
            let (new, old) = (counters(new), counters(old));
            new.len() >= old.len() && new.iter().zip(&old).all(|(new, old)| new > old)
        };
        let versions = &mut self.held_mut().versions;
        versions.retain(|old| !other.iter().any(|new| ahead(new, old)));
    }

    /// What is left of versions that were merged.
    pub(crate) fn after_merge(&mut self, flaw: Option<Flaw>) {
        let several = self.len() > 1;
        match flaw {
            Some(Flaw::KeepOneSibling) if several => {
                let last = self.iter().last().cloned();
                *self = last.into_iter().collect();
            }
            Some(Flaw::ForgetPastOnMerge) if several => *self = self.pruned(0),
            Some(Flaw::TombstoneWins) if self.iter().any(Version::is_tombstone) => {
                self.held_mut()
                    .versions
                    .retain(|version| version.is_tombstone());
            }
            _ => {}
        }
    }
}

impl Store {
    /// What others may see of a key: all that the disk holds, unless this flaw shows more.
    pub(crate) fn shown(&self, key: &[u8], flaw: Flaw) -> Siblings {
        if self.flaw(flaw) {
            self.current(key)
        } else {
            self.durable(key)
        }
    }

    /// Replaces what is kept of a key by what comes, as some flaws do; whether this one did.
    pub(crate) fn overwrite(
        &mut self,
        flaw: Flaw,
        hint: Option<Hint>,
        (key, siblings): (&[u8], &Siblings),
        batch: &mut Batch,
    ) -> bool {
        let overwrites = self.flaw(flaw);
        if overwrites {
            self.put(hint, key, siblings, batch);
        }
        overwrites
    }
}
