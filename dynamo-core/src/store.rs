//! What a node keeps: what it means to have, and what its disk holds.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::batch::{After, Batch, Change, Commit};
use crate::clock::{Actor, Dot, NodeId, VersionVector};
use crate::config::Config;
use crate::flaw::Flaw;
use crate::merkle::Tree;
use crate::node::{Ticket, Time};
use crate::record::Record;
use crate::ring::Ring;
use crate::siblings::Siblings;
use crate::versioning::{Causality, Versioning};

/// The data, hints and event sequence of one node.
///
/// Each is known twice: `current` with all that was asked of the disk, `durable` with what the disk
/// has answered for. New events build on the current state; only durable state leaves the node. So
/// what a crash takes back, nobody has seen.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    id: NodeId,
    config: Arc<Config>,
    data: BTreeMap<Vec<u8>, Datum>,
    hints: BTreeMap<Vec<u8>, BTreeMap<NodeId, Hint>>,
    trees: BTreeMap<u32, Tree>,
    /// When this node began to keep its events: part of its name in clocks.
    born: u64,
    sequence: u64,
    last: Ticket,
    pending: BTreeMap<Ticket, Pending>,
}

#[derive(Clone, Debug, Default)]
struct Held {
    current: Siblings,
    durable: Siblings,
    /// The store that made `current` what it is.
    ticket: Ticket,
}

#[derive(Clone, Debug)]
struct Datum {
    held: Held,
    position: u128,
    range: u32,
    /// The versions on disk in the order in which they came.
    arrived: Vec<Dot>,
}

#[derive(Clone, Debug)]
struct Hint {
    owner: NodeId,
    held: Held,
}

/// What takes effect, and may happen, once a store is durable.
#[derive(Clone, Debug)]
struct Pending {
    changes: Vec<Change>,
    after: Vec<After>,
}

impl Store {
    /// What the disk holds. Tickets count from after `now`. Records that cannot be read stay where
    /// they are and count for nothing.
    ///
    /// A disk that is new, or of which something cannot be read, does not hold all events that this
    /// node ever issued. So from now on it issues them under a new name, see
    /// [`Actor`](crate::Actor).
    pub(crate) fn start(
        id: NodeId,
        config: Arc<Config>,
        disk: &BTreeMap<Vec<u8>, Vec<u8>>,
        now: Time,
    ) -> Store {
        let hosted =
            (0..config.ring().ranges()).filter(|range| config.owners(*range).contains(&id));
        let mut store = Store {
            id,
            trees: hosted.map(|range| (range, Tree::new())).collect(),
            config,
            data: BTreeMap::new(),
            hints: BTreeMap::new(),
            born: now.0,
            sequence: 0,
            last: Ticket(now.0),
            pending: BTreeMap::new(),
        };
        let mut whole = None;
        for (key, value) in disk {
            match Record::decode(key, value) {
                Ok(Record::Data { key, siblings }) => store.load_data(&key, siblings),
                Ok(Record::Hint { .. }) if store.flaw(Flaw::ForgetHints) => {}
                Ok(Record::Hint {
                    owner,
                    key,
                    siblings,
                }) => store.load_hint(owner, key, siblings),
                Ok(Record::Sequence { born, last }) => {
                    store.sequence = last;
                    whole = whole.or(Some(Some(born)));
                }
                Err(_) => whole = Some(None),
            }
        }
        if let Some(Some(born)) = whole {
            store.born = born;
        }
        if store.flaw(Flaw::ForgetSequence) {
            store.sequence = 0;
        }
        store
    }

    /// A new event of this node on a key of which it holds this and the writer had seen that.
    /// Durable with the next batch that [`Store::write_sequence`] joins. Of an owner of the key, or
    /// else of a stand-in.
    pub(crate) fn mint(&mut self, owner: bool, held: &Siblings, context: &VersionVector) -> Dot {
        let versioning = self.versioning();
        let actor = if owner || versioning.causality != Causality::Dots {
            Actor::owner(self.id)
        } else {
            Actor::stand_in(self.id, self.sequence + 1)
        };
        let dot = versioning.event(actor.born(self.born), self.sequence, held, context);
        self.sequence = self.sequence.max(dot.counter);
        dot
    }

    /// How versions are written and merged.
    pub(crate) fn versioning(&self) -> Versioning {
        self.config.shape().versioning
    }

    /// The range of a key; known without hashing if the key is held.
    pub(crate) fn range_of(&self, key: &[u8]) -> u32 {
        match self.data.get(key) {
            Some(datum) => datum.range,
            None => self.config.ring().range_of(key),
        }
    }

    /// Whether this node is an owner of the range.
    pub(crate) fn owns(&self, range: u32) -> bool {
        self.trees.contains_key(&range)
    }

    /// All that this node means to have of a key: data and hints.
    pub(crate) fn current(&self, key: &[u8]) -> Siblings {
        self.all(key, |held| &held.current)
    }

    /// All that the disk holds of a key: data and hints.
    pub(crate) fn durable(&self, key: &[u8]) -> Siblings {
        self.all(key, |held| &held.durable)
    }

    /// What the disk holds of a key as data.
    pub(crate) fn data(&self, key: &[u8]) -> Option<&Siblings> {
        self.data.get(key).map(|datum| &datum.held.durable)
    }

    /// The hash trees of the ranges that this node owns, by range. They show what is durable.
    pub(crate) fn trees(&self) -> &BTreeMap<u32, Tree> {
        &self.trees
    }

    /// Merges versions into the data of a key.
    pub(crate) fn merge_data(&mut self, key: &[u8], siblings: &Siblings, batch: &mut Batch) {
        if siblings.is_empty() {
            return;
        }
        let (ticket, versioning) = (self.next_ticket(), self.versioning());
        let datum = self.datum(key);
        if datum.held.merge(siblings, versioning, ticket) {
            batch.data(key, datum.held.current.clone());
        } else {
            batch.wait_for(datum.held.ticket);
        }
    }

    /// Merges versions into the hint that is kept for an owner of a key.
    pub(crate) fn merge_hint(
        &mut self,
        owner: NodeId,
        key: &[u8],
        siblings: &Siblings,
        batch: &mut Batch,
    ) {
        if siblings.is_empty() {
            return;
        }
        let (ticket, slot) = (self.next_ticket(), self.slot(owner));
        let versioning = self.versioning();
        let hints = self.hints.entry(key.to_vec()).or_default();
        let hint = hints.entry(slot).or_insert_with(|| Hint::new(owner));
        if hint.owner != owner {
            (hint.owner, hint.held.current) = (owner, Siblings::new());
        }
        if hint.held.merge(siblings, versioning, ticket) {
            batch.hint(slot, owner, key, hint.held.current.clone());
        } else {
            batch.wait_for(hint.held.ticket);
        }
    }

    /// Deletes the hint that is kept for an owner of a key, if it is exactly what was delivered.
    pub(crate) fn drop_hint(&mut self, owner: NodeId, key: &[u8], digest: u128, batch: &mut Batch) {
        let (ticket, slot) = (self.next_ticket(), self.slot(owner));
        let Some(hint) = self
            .hints
            .get_mut(key)
            .and_then(|hints| hints.get_mut(&slot))
        else {
            return;
        };
        let held = &mut hint.held;
        if hint.owner == owner && !held.current.is_empty() && held.current.digest() == digest {
            held.current = Siblings::new();
            held.ticket = ticket;
            batch.hint(slot, owner, key, Siblings::new());
        }
    }

    /// Makes all events minted so far durable with the batch.
    pub(crate) fn write_sequence(&self, batch: &mut Batch) {
        batch.sequence(self.born, self.sequence);
    }

    /// The hints that are on disk and not about to go: for whom, of what, what.
    pub(crate) fn hints(&self) -> Vec<(NodeId, Vec<u8>, Siblings)> {
        let mut due = Vec::new();
        for (key, hints) in &self.hints {
            for Hint { owner, held } in hints.values() {
                if !held.durable.is_empty() && !held.current.is_empty() {
                    due.push((*owner, key.clone(), held.durable.clone()));
                }
            }
        }
        due
    }

    /// Whether any hint is kept.
    pub(crate) fn has_hints(&self) -> bool {
        !self.hints.is_empty()
    }

    /// Closes a batch. `after` is handed back once all that was asked for is durable.
    pub(crate) fn commit(&mut self, batch: Batch, after: Option<After>) -> Commit {
        if batch.writes.is_empty() {
            return match self.pending.get_mut(&batch.awaits) {
                Some(pending) => {
                    pending.after.extend(after);
                    Commit::Waits
                }
                None => Commit::Done(after),
            };
        }
        self.last = self.next_ticket();
        let pending = Pending {
            changes: batch.changes,
            after: Vec::from_iter(after),
        };
        self.pending.insert(self.last, pending);
        Commit::Write(self.last, batch.writes)
    }

    /// A store, and with it each earlier one, is durable. Returns what waited for them, in order;
    /// nothing for a ticket that is not pending.
    pub(crate) fn stored(&mut self, ticket: Ticket) -> Vec<After> {
        let mut after = Vec::new();
        if !self.pending.contains_key(&ticket) {
            return after;
        }
        while let Some(first) = self.pending.first_entry()
            && *first.key() <= ticket
        {
            let pending = first.remove();
            for change in pending.changes {
                self.apply(change);
            }
            after.extend(pending.after);
        }
        after
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Data { key, siblings } => self.apply_data(&key, siblings),
            Change::Hint {
                slot,
                key,
                siblings,
            } => self.apply_hint(slot, &key, siblings),
        }
    }

    fn apply_data(&mut self, key: &[u8], siblings: Siblings) {
        let by_arrival = self.flaw(Flaw::HashArrivalOrder);
        let Some(datum) = self.data.get_mut(key) else {
            return;
        };
        datum.arrived.retain(|dot| siblings.contains(*dot));
        for version in siblings.iter() {
            if !datum.arrived.contains(&version.dot) {
                datum.arrived.push(version.dot);
            }
        }
        let digest = if by_arrival {
            siblings.digest_in(datum.arrived.iter())
        } else {
            siblings.digest()
        };
        datum.held.durable = siblings;
        if let Some(tree) = self.trees.get_mut(&datum.range) {
            tree.set(datum.position, key, digest);
        }
    }

    fn apply_hint(&mut self, slot: NodeId, key: &[u8], siblings: Siblings) {
        let Some(hints) = self.hints.get_mut(key) else {
            return;
        };
        if let Some(hint) = hints.get_mut(&slot) {
            hint.held.durable = siblings;
            if hint.held.durable.is_empty() && hint.held.current.is_empty() {
                hints.remove(&slot);
            }
        }
        if hints.is_empty() {
            self.hints.remove(key);
        }
    }

    fn load_data(&mut self, key: &[u8], siblings: Siblings) {
        self.saw_own(&siblings);
        self.datum(key).held.current = siblings.clone();
        self.apply_data(key, siblings);
    }

    fn load_hint(&mut self, owner: NodeId, key: Vec<u8>, siblings: Siblings) {
        self.saw_own(&siblings);
        let slot = self.slot(owner);
        let hint = Hint {
            owner,
            held: Held {
                current: siblings.clone(),
                durable: siblings,
                ticket: Ticket::default(),
            },
        };
        self.hints.entry(key).or_default().insert(slot, hint);
    }

    /// Versions on disk may name a later event than a sequence record that was lost or garbled.
    fn saw_own(&mut self, siblings: &Siblings) {
        for dot in siblings.context().iter() {
            if dot.actor.node == self.id {
                self.sequence = self.sequence.max(dot.counter);
            }
        }
    }

    fn datum(&mut self, key: &[u8]) -> &mut Datum {
        let ring = self.config.ring();
        self.data.entry(key.to_vec()).or_insert_with(|| {
            let position = Ring::position(key);
            Datum {
                held: Held::default(),
                position,
                range: ring.range_at(position),
                arrived: Vec::new(),
            }
        })
    }

    fn all(&self, key: &[u8], side: impl Fn(&Held) -> &Siblings) -> Siblings {
        let data = self.data.get(key).map(|datum| side(&datum.held).clone());
        let mut all = data.unwrap_or_default();
        for hint in self.hints.get(key).into_iter().flat_map(BTreeMap::values) {
            self.versioning().merge(&mut all, side(&hint.held));
        }
        all
    }

    /// Where in the hint table the hints for an owner are.
    fn slot(&self, owner: NodeId) -> NodeId {
        if self.flaw(Flaw::HintKeyWithoutOwner) {
            NodeId(0)
        } else {
            owner
        }
    }

    fn next_ticket(&self) -> Ticket {
        Ticket(self.last.0.wrapping_add(1))
    }

    fn flaw(&self, flaw: Flaw) -> bool {
        self.config.shape().flaw == Some(flaw)
    }
}

impl Held {
    /// Says whether there is something new to write.
    fn merge(&mut self, siblings: &Siblings, versioning: Versioning, ticket: Ticket) -> bool {
        let grown = versioning.merge(&mut self.current, siblings);
        if grown {
            self.ticket = ticket;
        }
        grown
    }
}

impl Hint {
    fn new(owner: NodeId) -> Hint {
        Hint {
            owner,
            held: Held::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::config::Shape;
    use crate::record::Write;
    use crate::siblings::Version;

    type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

    const ME: NodeId = NodeId(0);

    fn start(flaw: Option<Flaw>, disk: &Disk) -> Store {
        let shape = Shape {
            nodes: 3,
            flaw,
            ..Shape::default()
        };
        let config = Config::new(shape).expect("three nodes, N = 3");
        Store::start(ME, Arc::new(config), disk, Time(0))
    }

    fn version(dot: Dot, value: u8) -> Version {
        Version {
            dot,
            past: VersionVector::new(),
            time: 0,
            value: Some(vec![value]),
        }
    }

    fn next(store: &mut Store) -> u64 {
        let (held, context) = (Siblings::new(), VersionVector::new());
        store.mint(true, &held, &context).counter
    }

    fn put(store: &mut Store, key: &[u8], value: u8) -> (Ticket, Vec<Write>) {
        let mut held = store.current(key);
        let dot = store.mint(true, &held, &VersionVector::new());
        store.versioning().put(&mut held, version(dot, value));
        let mut batch = Batch::default();
        store.merge_data(key, &held, &mut batch);
        store.write_sequence(&mut batch);
        match store.commit(batch, Some(After::Replicate(u64::from(value)))) {
            Commit::Write(ticket, writes) => (ticket, writes),
            other => panic!("a put writes: {other:?}"),
        }
    }

    fn sync(disk: &mut Disk, writes: Vec<Write>) {
        for Write { key, value } in writes {
            match value {
                Some(value) => disk.insert(key, value),
                None => disk.remove(&key),
            };
        }
    }

    fn replicated(after: Vec<After>) -> Vec<u64> {
        let numbers = after.into_iter().filter_map(|after| match after {
            After::Replicate(number) => Some(number),
            After::Send { .. } => None,
        });
        numbers.collect()
    }

    #[test]
    fn what_is_not_durable_does_not_show() {
        let mut store = start(None, &Disk::new());
        let (first, _) = put(&mut store, b"x", 1);
        let (second, _) = put(&mut store, b"x", 2);
        assert_eq!(
            (store.current(b"x").len(), store.durable(b"x").len()),
            (2, 0)
        );
        assert_eq!(replicated(store.stored(first)), [1]);
        assert_eq!(store.durable(b"x").len(), 1);
        assert_eq!(replicated(store.stored(second)), [2]);
        assert_eq!(store.durable(b"x").len(), 2);
        assert!(store.stored(second).is_empty(), "a ticket is good once");
    }

    #[test]
    fn a_later_store_vouches_for_the_earlier_ones() {
        let mut store = start(None, &Disk::new());
        put(&mut store, b"x", 1);
        let (second, _) = put(&mut store, b"y", 2);
        assert!(store.stored(Ticket(99)).is_empty());
        assert_eq!(replicated(store.stored(second)), [1, 2]);
    }

    #[test]
    fn what_is_about_to_be_durable_is_waited_for_and_not_written_again() {
        let mut store = start(None, &Disk::new());
        let (ticket, _) = put(&mut store, b"x", 1);
        let again = |store: &mut Store| {
            let (held, mut batch) = (store.current(b"x"), Batch::default());
            store.merge_data(b"x", &held, &mut batch);
            store.commit(batch, Some(After::Replicate(9)))
        };
        assert!(matches!(again(&mut store), Commit::Waits));
        assert_eq!(replicated(store.stored(ticket)), [1, 9]);
        assert!(matches!(again(&mut store), Commit::Done(Some(_))));
    }

    #[test]
    fn a_restart_finds_data_sequence_and_trees_as_they_were() {
        let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
        for (key, value) in [(b"x", 1), (b"y", 2), (b"x", 3)] {
            let (ticket, writes) = put(&mut store, key, value);
            sync(&mut disk, writes);
            store.stored(ticket);
        }
        let mut again = start(None, &disk);
        assert_eq!(again.trees(), store.trees());
        assert_eq!(again.durable(b"x"), store.durable(b"x"));
        assert_eq!(next(&mut again), 4);
        assert_eq!(next(&mut start(Some(Flaw::ForgetSequence), &disk)), 1);
    }

    #[test]
    fn a_garbled_sequence_record_does_not_make_a_dot_twice() {
        let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
        let (_, writes) = put(&mut store, b"x", 1);
        sync(&mut disk, writes);
        disk.insert(vec![b's'], vec![0; 9]);
        assert_eq!(next(&mut start(None, &disk)), 2);
    }

    fn keep_hint(store: &mut Store, owner: NodeId, counter: u64, disk: &mut Disk) {
        let (dot, mut batch) = (
            Dot {
                actor: Actor::owner(ME),
                counter,
            },
            Batch::default(),
        );
        let siblings = Siblings::from_iter([version(dot, 1)]);
        store.merge_hint(owner, b"x", &siblings, &mut batch);
        if let Commit::Write(ticket, writes) = store.commit(batch, None) {
            sync(disk, writes);
            store.stored(ticket);
        }
    }

    #[test]
    fn a_hint_goes_only_if_it_is_what_was_delivered_and_was_kept_for_the_deliverer() {
        let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
        keep_hint(&mut store, NodeId(1), 1, &mut disk);
        let old = store.hints()[0].2.digest();
        keep_hint(&mut store, NodeId(1), 2, &mut disk);
        let new = store.hints()[0].2.digest();
        for (owner, digest) in [(1, old), (2, new)] {
            let mut batch = Batch::default();
            store.drop_hint(NodeId(owner), b"x", digest, &mut batch);
            assert!(matches!(store.commit(batch, None), Commit::Done(None)));
        }
        let mut batch = Batch::default();
        store.drop_hint(NodeId(1), b"x", new, &mut batch);
        let Commit::Write(ticket, writes) = store.commit(batch, None) else {
            panic!("a deletion is written");
        };
        assert!(store.hints().is_empty(), "it is not delivered once more");
        sync(&mut disk, writes);
        store.stored(ticket);
        assert!(!store.has_hints());
        assert!(disk.is_empty());
    }

    #[test]
    fn hints_of_one_key_for_two_owners_are_two_unless_the_table_forgets_the_owner() {
        for (flaw, kept) in [(None, 2), (Some(Flaw::HintKeyWithoutOwner), 1)] {
            let (mut store, mut disk) = (start(flaw, &Disk::new()), Disk::new());
            keep_hint(&mut store, NodeId(1), 1, &mut disk);
            keep_hint(&mut store, NodeId(2), 1, &mut disk);
            assert_eq!((store.hints().len(), disk.len()), (kept, kept));
            assert_eq!(start(flaw, &disk).hints().len(), kept);
        }
        let (mut store, mut disk) = (start(None, &Disk::new()), Disk::new());
        keep_hint(&mut store, NodeId(1), 1, &mut disk);
        assert!(start(Some(Flaw::ForgetHints), &disk).hints().is_empty());
    }
}
