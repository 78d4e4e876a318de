//! What a node keeps: what it means to have, and what its disk holds.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use crate::batch::{After, Batch, Commit, Effect};
use crate::clock::{Actor, Dot, NodeId, VersionVector};
use crate::config::Config;
use crate::flaw::Flaw;
use crate::hint::Hint;
use crate::merkle::Tree;
use crate::node::{Ticket, Time};
use crate::record::Record;
use crate::ring::{Range, Ring};
use crate::shape::Durability;
use crate::siblings::Siblings;
use crate::versioning::{Causality, Versioning};
use crate::view::{Handover, View};

mod ranges;
#[cfg(test)]
mod tests;

use ranges::membership;

/// More events than a node can ever have issued. What names a later one was made up, and if it were
/// believed, the sequence would be at its end and each new event would be the same as the last.
const ISSUED_MAX: u64 = 1 << 63;

/// The data, hints and event sequence of one node.
///
/// Each is known twice: `current` with all that was asked of the disk, `durable` with what the disk
/// has answered for. New events build on the current state; only durable state leaves the node. So
/// what a crash takes back, nobody has seen.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    id: NodeId,
    config: Arc<Config>,
    view: Arc<View>,
    data: BTreeMap<Vec<u8>, Datum>,
    hints: BTreeMap<Vec<u8>, BTreeMap<NodeId, Hinted>>,
    /// Of the ranges that this node owns, and of those of which it still holds something.
    trees: BTreeMap<Range, Tree>,
    /// With whom this node owns which ranges, by its view.
    shared: Arc<BTreeMap<NodeId, Vec<Range>>>,
    /// Tombstones that were made up to then, in microseconds, are not taken in again once they have
    /// been forgotten.
    reaped_before_us: Option<u64>,
    /// When this node began to keep its events: part of its name in clocks.
    born: u64,
    /// Whether the disk was damaged and only shows it by records that may be written over.
    unnamed: bool,
    sequence: u64,
    last: Ticket,
    pending: BTreeMap<Ticket, Pending>,
}

#[derive(Clone, Debug, Default, Hash)]
struct Held {
    current: Siblings,
    durable: Siblings,
    /// The store that made `current` what it is.
    ticket: Ticket,
}

#[derive(Clone, Debug, Hash)]
struct Datum {
    held: Held,
    position: u128,
    /// The versions on disk in the order in which they came.
    arrived: Vec<Dot>,
}

#[derive(Clone, Debug, Hash)]
struct Hinted {
    hint: Hint,
    held: Held,
}

/// What takes effect, and may happen, once a store is durable.
#[derive(Clone, Debug, Hash)]
struct Pending {
    effects: Vec<Effect>,
    after: Vec<After>,
}

impl Hash for Store {
    /// All that its behaviour depends on, but for the choices of the cluster.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Store {
            id,
            config: _,
            view,
            data,
            hints,
            trees,
            shared: _,
            reaped_before_us,
            born,
            unnamed,
            sequence,
            last,
            pending,
        } = self;
        (id, view.mark(), data, hints, trees).hash(state);
        (reaped_before_us, born, unnamed, sequence, last, pending).hash(state);
    }
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
        let mut store = Store {
            id,
            trees: BTreeMap::new(),
            shared: Arc::default(),
            view: config.first_view(id),
            config,
            data: BTreeMap::new(),
            hints: BTreeMap::new(),
            reaped_before_us: None,
            born: now.0,
            unnamed: false,
            sequence: 0,
            last: Ticket(now.0),
            pending: BTreeMap::new(),
        };
        if store.flaw(Flaw::KeepNameAfterWipe) {
            store.born = 0;
        }
        let view = membership(&store.view, &store.config, disk);
        store.follow(view);
        let mut whole = None;
        for (key, value) in disk {
            match Record::decode(key, value) {
                Ok(Record::Data { siblings, .. })
                    if siblings.is_deleted() && store.flaw(Flaw::ForgetTombstones) => {}
                Ok(Record::Data { key, siblings }) => store.load_data(&key, siblings),
                Ok(Record::Hint { .. }) if store.flaw(Flaw::ForgetHints) => {}
                Ok(Record::Hint {
                    owner,
                    reason,
                    key,
                    siblings,
                }) => store.load_hint(Hint { owner, reason }, key, siblings),
                // Read before, and by the node: see `membership` and `handovers`.
                Ok(Record::Change(_) | Record::Handover(_)) => {}
                Ok(Record::Sequence { last, .. }) if last > ISSUED_MAX => whole = Some(None),
                Ok(Record::Sequence { born, last }) => {
                    store.sequence = last;
                    whole = whole.or(Some(Some(born)));
                }
                Err(_) if store.flaw(Flaw::TrustDamagedDisk) => whole = whole.or(Some(Some(0))),
                Err(_) => whole = Some(None),
            }
        }
        // What a buffer held when it crashed is not on the disk, however whole that is.
        let synced = store.config.shape().durability == Durability::Synced;
        match whole {
            Some(Some(born)) if synced => store.born = born,
            Some(None) => store.unnamed = true,
            _ => {}
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
        let dots = versioning.causality == Causality::Dots;
        let actor = if owner || !dots || self.flaw(Flaw::StandInAsOwner) {
            Actor::owner(self.id)
        } else {
            Actor::stand_in(self.id, self.sequence.saturating_add(1))
        };
        let actor = actor.born(self.born);
        let before = if self.flaw(Flaw::CountFromContext) {
            context.last(actor)
        } else {
            self.sequence
        };
        let dot = versioning.event(actor, before, held, context);
        if self.pending.is_empty() || !self.flaw(Flaw::CountIdleOnly) {
            self.sequence = self.sequence.max(dot.counter);
        }
        dot
    }

    /// How versions are written and merged.
    pub(crate) fn versioning(&self) -> Versioning {
        self.config.shape().versioning
    }

    /// Where a key lies on the circle; known without hashing if the key is held.
    pub(crate) fn position_of(&self, key: &[u8]) -> u128 {
        match self.data.get(key) {
            Some(datum) => datum.position,
            None => Ring::position(key),
        }
    }

    /// The range of a key.
    pub(crate) fn range_of(&self, key: &[u8]) -> u32 {
        self.view.ring().range_at(self.position_of(key))
    }

    /// Whether this node is an owner of the range.
    pub(crate) fn owns(&self, range: u32) -> bool {
        self.view.owners(range).contains(&self.id)
    }

    /// What was to be handed over or waited for, by this disk.
    pub(crate) fn handovers(disk: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Handover> {
        let read = disk.iter().map(|(key, value)| Record::decode(key, value));
        let handovers = read.filter_map(|record| match record {
            Ok(Record::Handover(handover)) => Some(handover),
            _ => None,
        });
        handovers.collect()
    }

    /// What this node believes of the cluster.
    pub(crate) fn view(&self) -> &Arc<View> {
        &self.view
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

    /// Merges versions into what is kept of a key: as data, or for another.
    pub(crate) fn merge(
        &mut self,
        hint: Option<Hint>,
        key: &[u8],
        siblings: &Siblings,
        batch: &mut Batch,
    ) {
        match hint {
            None => self.merge_data(key, siblings, batch),
            Some(hint) => self.merge_hint(hint, key, siblings, batch),
        }
    }

    /// What is kept of a key becomes what a put has left of it. To merge that would bring back what
    /// the put replaced, where the new clock was truncated and does not say so any more.
    pub(crate) fn put(
        &mut self,
        hint: Option<Hint>,
        key: &[u8],
        siblings: &Siblings,
        batch: &mut Batch,
    ) {
        let slot = hint.map(|hint| self.slot(hint.owner));
        let held = match slot {
            None => self.data.get_mut(key).map(|datum| &mut datum.held),
            Some(slot) => {
                let hints = self.hints.get_mut(key);
                hints.and_then(|hints| Some(&mut hints.get_mut(&slot)?.held))
            }
        };
        if let Some(held) = held {
            held.current = Siblings::new();
        }
        self.merge(hint, key, siblings, batch);
    }

    /// Merges versions into the data of a key.
    pub(crate) fn merge_data(&mut self, key: &[u8], siblings: &Siblings, batch: &mut Batch) {
        if siblings.is_empty() {
            return;
        }
        let (ticket, versioning) = (self.next_ticket(), self.versioning());
        let flaw = self.config.shape().flaw;
        let datum = self.datum(key);
        datum.held.current.before_merge(siblings, flaw);
        if datum.held.merge(siblings, versioning, ticket) {
            datum.held.current.after_merge(flaw);
            batch.data(key, datum.held.current.clone());
        } else if flaw != Some(Flaw::AckKnownEarly) {
            batch.wait_for(datum.held.ticket);
        }
    }

    /// Merges versions into what is kept of a key for an owner. Of several reasons the first counts.
    pub(crate) fn merge_hint(
        &mut self,
        hint: Hint,
        key: &[u8],
        siblings: &Siblings,
        batch: &mut Batch,
    ) {
        if siblings.is_empty() || siblings.is_deleted() && self.flaw(Flaw::NoHintForDelete) {
            return;
        }
        let (ticket, slot) = (self.next_ticket(), self.slot(hint.owner));
        let versioning = self.versioning();
        let [in_memory, early] =
            [Flaw::HintsInMemory, Flaw::AckKnownEarly].map(|flaw| self.flaw(flaw));
        let hints = self.hints.entry(key.to_vec()).or_default();
        let kept = hints.entry(slot).or_insert_with(|| Hinted::new(hint));
        if kept.hint.owner != hint.owner {
            kept.held.current = Siblings::new();
        }
        if kept.held.current.is_empty() {
            kept.hint = hint;
        }
        let grown = kept.held.merge(siblings, versioning, ticket);
        if in_memory {
            kept.held.durable = kept.held.current.clone();
        } else if grown {
            batch.hint(slot, kept.hint, key, kept.held.current.clone());
        } else if !early {
            batch.wait_for(kept.held.ticket);
        }
    }

    /// Deletes the hint that is kept for an owner of a key, if it is exactly what was delivered.
    pub(crate) fn drop_hint(&mut self, owner: NodeId, key: &[u8], digest: u128, batch: &mut Batch) {
        let (ticket, slot) = (self.next_ticket(), self.slot(owner));
        let grown_too = self.flaw(Flaw::DropGrownHint);
        let Some(kept) = self
            .hints
            .get_mut(key)
            .and_then(|hints| hints.get_mut(&slot))
        else {
            return;
        };
        let held = &mut kept.held;
        let same = held.current.digest() == digest || grown_too;
        if kept.hint.owner == owner && !held.current.is_empty() && same {
            held.current = Siblings::new();
            held.ticket = ticket;
            batch.hint(slot, kept.hint, key, Siblings::new());
        }
    }

    /// Makes all events minted so far durable with the batch.
    pub(crate) fn write_sequence(&self, batch: &mut Batch) {
        batch.sequence(self.born, self.sequence);
    }

    /// The hints that are on disk and not about to go: for whom, of what, what.
    pub(crate) fn kept(&self) -> impl Iterator<Item = (NodeId, &[u8], &Siblings)> {
        let hints = self.hints.iter().flat_map(|(key, hints)| {
            let hints = hints.values();
            hints.map(move |Hinted { hint, held }| (hint.owner, key.as_slice(), held))
        });
        hints
            .filter(|(_, _, held)| !held.durable.is_empty() && !held.current.is_empty())
            .map(|(owner, key, held)| (owner, key, &held.durable))
    }

    /// The same, to be sent.
    pub(crate) fn hints(&self) -> Vec<(NodeId, Vec<u8>, Siblings)> {
        let kept = self.kept();
        kept.map(|(owner, key, siblings)| (owner, key.to_vec(), siblings.clone()))
            .collect()
    }

    /// Whether any hint is kept.
    pub(crate) fn has_hints(&self) -> bool {
        !self.hints.is_empty()
    }

    /// Closes a batch. `after` is handed back once all that was asked for is durable.
    pub(crate) fn commit(&mut self, mut batch: Batch, after: Option<After>) -> Commit {
        if self.unnamed && !batch.writes.is_empty() {
            self.write_sequence(&mut batch);
        }
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
            effects: batch.effects,
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
        // With any store since the start, the new name is on the disk.
        self.unnamed = false;
        let later = self.flaw(Flaw::SyncCoversLater);
        while let Some(first) = self.pending.first_entry()
            && (*first.key() <= ticket || later)
        {
            let pending = first.remove();
            for effect in pending.effects {
                self.apply(effect);
            }
            after.extend(pending.after);
        }
        after
    }

    fn apply(&mut self, effect: Effect) {
        match effect {
            Effect::Data {
                key,
                siblings,
                digest,
            } => self.apply_data(&key, siblings, digest),
            Effect::Hint {
                slot,
                key,
                siblings,
            } => self.apply_hint(slot, &key, siblings),
        }
    }

    fn apply_data(&mut self, key: &[u8], siblings: Siblings, digest: u128) {
        let flaw = self.config.shape().flaw;
        let Some(datum) = self.data.get_mut(key) else {
            return;
        };
        datum.arrived.retain(|dot| siblings.contains(*dot));
        for version in siblings.iter() {
            if !datum.arrived.contains(&version.dot) {
                datum.arrived.push(version.dot);
            }
        }
        if siblings.is_empty() {
            self.apply_nothing(key);
            return;
        }
        let digest = match flaw {
            Some(Flaw::HashArrivalOrder) => siblings.digest_in(datum.arrived.iter()),
            Some(Flaw::HashOldState) => datum.held.durable.digest(),
            Some(Flaw::HashCountOnly) => siblings.len() as u128,
            _ => digest,
        };
        let left_out = siblings.is_deleted() && flaw == Some(Flaw::HashNoTombstones);
        datum.held.durable = siblings;
        let position = datum.position;
        let tree = self.tree_at(position);
        if left_out {
            tree.remove(position, key);
        } else {
            tree.set(position, key, digest);
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
        if self.flaw(Flaw::TreeNotReadBack) {
            self.datum(key).held.durable = siblings;
            return;
        }
        let digest = siblings.digest();
        self.apply_data(key, siblings, digest);
    }

    fn load_hint(&mut self, hint: Hint, key: Vec<u8>, siblings: Siblings) {
        self.saw_own(&siblings);
        let slot = self.slot(hint.owner);
        let kept = Hinted {
            hint,
            held: Held {
                current: siblings.clone(),
                durable: siblings,
                ticket: Ticket::default(),
            },
        };
        self.hints.entry(key).or_default().insert(slot, kept);
    }

    /// Versions on disk may name a later event than a sequence record that was lost or garbled.
    fn saw_own(&mut self, siblings: &Siblings) {
        for dot in siblings.context().iter() {
            if dot.actor.node == self.id && dot.counter <= ISSUED_MAX {
                self.sequence = self.sequence.max(dot.counter);
            }
        }
    }

    fn datum(&mut self, key: &[u8]) -> &mut Datum {
        self.data.entry(key.to_vec()).or_insert_with(|| Datum {
            held: Held::default(),
            position: Ring::position(key),
            arrived: Vec::new(),
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

    /// Whether a store, and with it all before, has been answered for.
    pub(crate) fn is_durable(&self, ticket: Ticket) -> bool {
        self.pending.range(..=ticket).next().is_none()
    }

    /// Whether some store before this one has not been answered for.
    pub(crate) fn is_behind(&self, ticket: Ticket) -> bool {
        self.pending.range(..ticket).next().is_some()
    }

    /// The ticket of the next store.
    pub(crate) fn next_ticket(&self) -> Ticket {
        Ticket(self.last.0.wrapping_add(1))
    }

    /// Whether this flaw is on.
    pub(crate) fn flaw(&self, flaw: Flaw) -> bool {
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

impl Hinted {
    fn new(hint: Hint) -> Hinted {
        Hinted {
            hint,
            held: Held::default(),
        }
    }
}
