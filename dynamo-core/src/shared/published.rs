//! The latest snapshot of something that changes seldom and is read often.

use crate::sync::{Arc, PoisonError, RwLock};

/// A snapshot that many read and a few replace.
///
/// A reader keeps what it loaded for as long as it likes; who loads later never sees an older version.
#[derive(Debug)]
pub struct Published<T> {
    latest: RwLock<Latest<T>>,
}

#[derive(Debug)]
struct Latest<T> {
    version: u64,
    snapshot: Arc<T>,
}

impl<T> Published<T> {
    /// The first snapshot, and its version.
    pub fn new(version: u64, snapshot: T) -> Self {
        Published {
            latest: RwLock::new(Latest {
                version,
                snapshot: Arc::new(snapshot),
            }),
        }
    }

    /// The latest snapshot.
    pub fn load(&self) -> Arc<T> {
        // A writer replaces the whole or nothing, so a panic leaves nothing half done.
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&latest.snapshot)
    }

    /// Replaces the snapshot, unless it is of this version already, or of a later one. Says whether it
    /// did.
    ///
    /// So writers may come in any order: what they took their snapshots of decides.
    pub fn publish(&self, version: u64, snapshot: T) -> bool {
        let new = Latest {
            version,
            snapshot: Arc::new(snapshot),
        };
        let old = {
            let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
            if latest.version >= version {
                return false;
            }
            core::mem::replace(&mut *latest, new)
        };
        // It may be large, and nobody should wait for the lock while it is taken apart.
        drop(old);
        true
    }
}
