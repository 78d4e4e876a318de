//! The clocks that a store gave to the writes of its keys, collected from its disks.

use rustc_hash::FxHashMap;

use crate::history::Time;
use crate::note::{Clock, Note, Version};
use crate::order::{Key, Order};

/// An event as the store names it.
pub(super) type Dot = (String, u64);

/// The clocks of one key.
#[derive(Debug, Default)]
pub(super) struct Clocks<'h> {
    /// For each write all its different clocks; for a delete those that can only be its own.
    pub(super) of: Vec<Vec<&'h Clock>>,
    /// Tombstones that more than one delete may have made.
    pub(super) nameless: Vec<&'h Clock>,
}

/// A tombstone with the time of its first sighting.
#[derive(Clone, Copy, Debug)]
struct Tombstone<'h> {
    clock: &'h Clock,
    since: Time,
}

/// The clocks of all keys, by key number, O(versions in notes).
pub(super) fn collect<'h>(order: &Order<'h>) -> Vec<Clocks<'h>> {
    let mut clocks: Vec<Clocks<'h>> = order
        .keys
        .iter()
        .map(|key| Clocks {
            of: vec![Vec::new(); key.writes.len()],
            nameless: Vec::new(),
        })
        .collect();
    let mut tombstones: Vec<Vec<Tombstone<'h>>> = vec![Vec::new(); order.keys.len()];
    for noted in &order.notes {
        let (Some(number), Some(versions)) = (noted.key, versions(noted.note)) else {
            continue;
        };
        let key = &order.keys[number];
        for version in versions {
            let Some(clock) = &version.clock else {
                continue;
            };
            let Some(value) = &version.value else {
                let known = &mut tombstones[number];
                if !known.iter().any(|tombstone| tombstone.clock == clock) {
                    known.push(Tombstone {
                        clock,
                        since: noted.at,
                    });
                }
                continue;
            };
            if let Some(write) = key.write_of(value) {
                let known = &mut clocks[number].of[write];
                if !known.contains(&clock) {
                    known.push(clock);
                }
            }
        }
    }
    for ((key, clocks), tombstones) in order.keys.iter().zip(&mut clocks).zip(tombstones) {
        attribute(key, clocks, &tombstones);
    }
    clocks
}

fn versions(note: &Note) -> Option<&[Version]> {
    match note {
        Note::Durable { versions, .. } | Note::Hint { versions, .. } => Some(versions),
        _ => None,
    }
}

/// Gives a tombstone to a delete where no other delete had been called when it was first seen.
fn attribute<'h>(key: &Key<'h>, clocks: &mut Clocks<'h>, tombstones: &[Tombstone<'h>]) {
    // The same event under another past was no later event.
    let mut since: FxHashMap<&Dot, Time> = FxHashMap::default();
    for tombstone in tombstones {
        since.entry(&tombstone.clock.dot).or_insert(tombstone.since);
    }
    for tombstone in tombstones {
        let since = since[&tombstone.clock.dot];
        let mut candidates = key.deletes().filter(|&delete| {
            let write = &key.writes[delete];
            write.invoked <= since
        });
        match (candidates.next(), candidates.next()) {
            (Some(delete), None) => clocks.of[delete].push(tombstone.clock),
            _ => clocks.nameless.push(tombstone.clock),
        }
    }
}
