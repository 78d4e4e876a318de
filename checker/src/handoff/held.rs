//! What a node has ever held of a key, and whether that covers a version.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::evidence::Marks;
use crate::history::Time;
use crate::note::{Node, Note, Version};
use crate::order::{Key, Order};

/// Some versions of one key, as writes where their writes are known.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held<'h> {
    /// Writes of values, sorted.
    writes: Vec<usize>,
    /// Tombstones, and values that nobody put.
    others: Vec<&'h Version>,
}

impl<'h> Held<'h> {
    /// Adds versions to what is held.
    pub(crate) fn add(&mut self, key: &Key<'h>, versions: &'h [Version]) {
        for version in versions {
            let write = version.value.as_deref().and_then(|one| key.write_of(one));
            if let Some(write) = write {
                if let Err(place) = self.writes.binary_search(&write) {
                    self.writes.insert(place, write);
                }
            } else if !self.others.contains(&version) {
                self.others.push(version);
            }
        }
    }

    /// Adds the tombstones that were held before.
    pub(crate) fn add_tombstones(&mut self, before: &Held<'h>) {
        let tombstones = before.others.iter().filter(|one| one.value.is_none());
        self.others.extend(tombstones);
    }

    /// Whether it is not certain that nothing here is this version or supersedes it.
    pub(crate) fn covers(&self, sight: &Sight<'h>, key: &Key<'h>, version: &Version) -> bool {
        if self.wins(sight) {
            return true;
        }
        match version.value.as_deref() {
            Some(value) => match key.write_of(value) {
                Some(write) => self.covers_write(sight, key, write),
                None => self.others.contains(&version),
            },
            None => {
                self.others.contains(&version)
                    || self.clocks_cover(version)
                    || sight.deletes(key, version).any(|delete| {
                        let above = |&write: &usize| key.possibly_before(delete, write);
                        self.writes.iter().any(above)
                    })
            }
        }
    }

    /// Whether it is not certain that nothing here is this write or supersedes it.
    ///
    /// What is certain costs least, and goes first. Only hidden deletes make the rest possible.
    pub(crate) fn covers_write(&self, sight: &Sight<'h>, key: &Key<'h>, write: usize) -> bool {
        if self.surely_covers(sight, key, write) {
            return true;
        }
        if key.deletes().next().is_none() {
            return false;
        }
        let tombstones = self.others.iter().filter(|other| other.value.is_none());
        let deletes = tombstones.flat_map(|tombstone| sight.deletes(key, tombstone));
        let deletes: BTreeSet<usize> = deletes.collect();
        let deletes: Vec<usize> = deletes.into_iter().collect();
        key.covered(write, &deletes)
            || deletes
                .iter()
                .chain(&self.writes)
                .any(|&above| key.possibly_before(write, above))
    }

    /// Whether it takes no hidden delete for that.
    pub(crate) fn surely_covers(&self, sight: &Sight<'h>, key: &Key<'h>, write: usize) -> bool {
        self.wins(sight) || key.covered(write, &self.writes)
    }

    /// Whether what is held may have won over anything else, seen or not.
    fn wins(&self, sight: &Sight<'h>) -> bool {
        sight.may_lose && !(self.writes.is_empty() && self.others.is_empty())
    }

    /// Tombstones replace each other unseen by clients; only their clocks tell.
    fn clocks_cover(&self, version: &Version) -> bool {
        let Some(clock) = &version.clock else {
            return self.others.iter().any(|other| other.value.is_none());
        };
        let mut clocks = self.others.iter().filter_map(|other| other.clock.as_ref());
        clocks.any(|other| other.saw(&clock.dot))
    }
}

/// What each node ever held of each key.
#[derive(Debug, Default)]
pub(crate) struct Holdings<'h>(Vec<Vec<(Node, Held<'h>)>>);

impl<'h> Holdings<'h> {
    /// What this node ever held of this key, if anything.
    pub(crate) fn of(&self, key: usize, node: Node) -> Option<&Held<'h>> {
        let of_key = self.0.get(key)?;
        let found = of_key.iter().find(|(known, _)| *known == node);
        found.map(|(_, held)| held)
    }

    /// The tombstones of a key that any node ever held.
    pub(crate) fn tombstones(&self, key: usize) -> Held<'h> {
        let mut all = Held::default();
        for (_, held) in self.0.get(key).into_iter().flatten() {
            all.add_tombstones(held);
        }
        all
    }

    /// Adds versions to what this node held of the key of this number.
    pub(crate) fn add(
        &mut self,
        (number, key): (usize, &Key<'h>),
        node: Node,
        versions: &'h [Version],
    ) {
        if self.0.len() <= number {
            self.0.resize_with(number + 1, Vec::new);
        }
        let of_key = &mut self.0[number];
        let place = of_key.iter().position(|(known, _)| *known == node);
        let place = place.unwrap_or_else(|| {
            of_key.push((node, Held::default()));
            of_key.len() - 1
        });
        of_key[place].1.add(key, versions);
    }
}

/// When each tombstone was first seen on any disk.
#[derive(Debug, Default)]
pub(crate) struct Sight<'h> {
    since: FxHashMap<(&'h str, &'h (String, u64)), Time>,
    /// Whether writes get lost by design.
    may_lose: bool,
}

impl<'h> Sight<'h> {
    /// Reads all notes once.
    pub(crate) fn new(order: &Order<'h>, marks: &Marks<'h>) -> Self {
        let mut sight = Sight {
            may_lose: marks.may_lose(),
            ..Sight::default()
        };
        for noted in &order.notes {
            let (Note::Durable { key, versions, .. } | Note::Hint { key, versions, .. }) =
                noted.note
            else {
                continue;
            };
            let tombstones = versions.iter().filter(|version| version.value.is_none());
            for clock in tombstones.filter_map(|version| version.clock.as_ref()) {
                let first = sight.since.entry((key, &clock.dot));
                first.or_insert(noted.at);
            }
        }
        sight
    }

    /// The deletes that may have made this tombstone: those called before it was first seen.
    pub(crate) fn deletes<'a>(
        &'a self,
        key: &'a Key<'h>,
        tombstone: &'a Version,
    ) -> impl Iterator<Item = usize> + 'a {
        let clock = tombstone.clock.as_ref();
        let since = clock.and_then(|clock| self.since.get(&(key.name, &clock.dot)));
        key.deletes().filter(move |&delete| {
            let write = &key.writes[delete];
            since.is_none_or(|&since| write.invoked <= since)
        })
    }
}
