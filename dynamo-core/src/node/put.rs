//! One put: a new event, here first, then on W nodes in all (§4.5, §4.6).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::machine::{Node, reply, send};
use super::port::{Output, Reply, RequestId, Time};
use super::quorum::{Place, Quorum, StandIns};
use super::timers::Timer;
use crate::batch::{After, Batch};
use crate::clock::{NodeId, VersionVector};
use crate::flaw::{Flaw, PRUNED};
use crate::hint::{Hint, Reason};
use crate::message::{Answer, Message, Tag, Written};
use crate::ring::Range;
use crate::shape::Durability;
use crate::siblings::{Siblings, Version};

/// Who waits for a put.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) enum Client {
    /// A client of this node.
    Here(RequestId),
    /// A peer that forwarded it.
    Peer(NodeId, Tag),
}

/// A put on its way.
#[derive(Clone, Debug, Hash)]
pub(super) struct Put {
    client: Client,
    key: Vec<u8>,
    range: u32,
    made: Made,
    quorum: Quorum,
    reply_by: Time,
    replied: bool,
    /// Whether this node keeps it as a hint, in place of the first owner.
    stands_in: bool,
    /// Whether this node has it on disk, and the others were told.
    sent: bool,
    /// Whose copies are on disk: this node's, and those of owners, on their own or on that of a stand-in.
    kept: Vec<NodeId>,
    /// How many they are.
    count: usize,
    copies: Vec<Copy>,
    stand_ins: StandIns,
}

/// What the event has made of the key.
#[derive(Clone, Debug, Hash)]
struct Made {
    siblings: Siblings,
    /// Whether this node was an owner then, and has been since: its data hold the event.
    by_owner: bool,
}

/// A copy of the put that some other node was asked to keep.
#[derive(Clone, Debug, Hash)]
struct Copy {
    place: Place,
    /// Who was asked before, and was silent: each may have it all the same.
    before: Vec<NodeId>,
    /// Until when an answer is waited for; `None` once the copy is kept somewhere.
    due: Option<Time>,
}

impl Put {
    /// Tells whoever waits what became of it.
    fn tell(&mut self, answer: Answer, out: &mut Vec<Output>) {
        self.replied = true;
        match (self.client, answer) {
            (Client::Peer(from, tag), answer) => {
                send(from, Message::Forwarded { tag, answer }, out);
            }
            (Client::Here(id), Answer::Stored) => reply(id, Reply::Stored, out),
            (Client::Here(id), _) => reply(id, Reply::Unavailable, out),
        }
    }

    /// The copy of a node is on disk.
    fn count_copy(&mut self, of: NodeId) {
        if !self.kept.contains(&of) {
            self.kept.push(of);
            self.count += 1;
        }
    }

    /// Whose copy a node keeps that has it on disk. That of an owner and that of its stand-in are one: the
    /// stand-in hands its own over, and an owner may answer late.
    fn copy_on(&self, node: NodeId) -> NodeId {
        let mut copies = self.copies.iter();
        let copy = copies.find(|copy| copy.place.asked == node || copy.before.contains(&node));
        copy.map_or(node, |copy| copy.place.owner)
    }

    /// When the next silent replica is given up.
    fn next_due(&self) -> Option<Time> {
        self.copies.iter().filter_map(|copy| copy.due).min()
    }
}

impl Node {
    /// Makes the event and has it written here. A node that is no owner stands in for the first: it
    /// keeps the version as a hint for it, under an actor of its own, see [`Actor`](crate::Actor).
    pub(super) fn coordinate(
        &mut self,
        now: Time,
        (client, reply_by): (Client, Time),
        quorum: Quorum,
        written: Written,
        out: &mut Vec<Output>,
    ) {
        let key = written.key;
        let range = self.store.range_of(&key);
        let owns = self.store.owns(range);
        let mut siblings = self.store.current(&key);
        let delete = written.value.is_none();
        let past = self.past(written.context.seen, &siblings, delete);
        let versioning = self.store.versioning();
        let time = versioning.time(now.0, &siblings, written.context.time);
        let reaped = delete && self.tombstones_kept_us().is_some();
        let version = Version {
            // An owner that still waits for the range does not have all of its own events yet.
            dot: self.store.mint(
                owns && self.holder_of_rest(&key).is_none(),
                &siblings,
                &past,
            ),
            time: if reaped { time.max(now.0) } else { time },
            past,
            value: written.value,
        };
        versioning.put(&mut siblings, version);
        let mut batch = Batch {
            hasty: owns,
            ..Batch::default()
        };
        let first = self.store.view().owners(range).first().filter(|_| !owns);
        let hint = first.map(|owner| Hint {
            owner: *owner,
            reason: Reason::Suspected,
        });
        self.store.put(hint, &key, &siblings, &mut batch);
        self.store.write_sequence(&mut batch);
        let number = self.next_tag().number;
        let put = Box::new(Put {
            client,
            key,
            range,
            made: Made {
                siblings,
                by_owner: owns,
            },
            quorum,
            reply_by,
            replied: false,
            stands_in: !owns,
            sent: false,
            kept: Vec::with_capacity(quorum.n),
            count: 0,
            copies: Vec::new(),
            // This node holds a copy already.
            stand_ins: self.stand_ins(range, Some(self.id)),
        });
        self.timers.set(Timer::Put(number), put.reply_by);
        self.puts.insert(number, put);
        if self.flaw(Flaw::CoordinateEarly) {
            self.replicate(now, number, out);
            return self.commit(now, batch, None, out);
        }
        self.commit(now, batch, Some(After::Replicate(number)), out);
    }

    /// What a new version replaces: its context, exactly.
    fn past(&self, context: VersionVector, held: &Siblings, delete: bool) -> VersionVector {
        let mut past = context;
        let sighted = !past.is_empty();
        if self.flaw(Flaw::DominateSameContext) && sighted {
            held.iter()
                .filter(|version| version.dot.actor.node == self.id)
                .for_each(|version| past.add(version.dot));
        }
        if self.flaw(Flaw::CoverWholeContext) && held.iter().any(|version| past.covers(version.dot))
        {
            past.join(&held.context());
        }
        let created_again = !delete && !held.is_empty() && held.is_deleted();
        match self.config.shape().flaw {
            Some(Flaw::DeleteUnseen) if delete && sighted => past.join(&held.context()),
            Some(Flaw::DeleteWithoutPast) if delete => past.truncate(0),
            Some(Flaw::PruneTombstone) if delete => past.truncate(1),
            Some(Flaw::RecreateWithoutPast) if created_again => past.truncate(0),
            Some(Flaw::PruneAtPut) => past.truncate(PRUNED),
            _ => {}
        }
        past
    }

    /// The put is on this disk: the others get all that the disk holds of the key.
    pub(super) fn replicate(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut put) = self.puts.remove(&number) else {
            return;
        };
        put.sent = true;
        let stands_in = put.stands_in;
        if stands_in {
            put.count_copy(self.id);
        }
        self.count_own_copy(&mut put);
        self.spread(now, number, put, usize::from(stands_in), out);
    }

    /// Asks the owners beyond the first few to keep a copy.
    fn spread(
        &mut self,
        now: Time,
        number: u64,
        mut put: Box<Put>,
        beyond: usize,
        out: &mut Vec<Output>,
    ) {
        let owners = self.owners(put.range, put.quorum.n).iter().copied();
        let others = owners.skip(beyond).filter(|owner| *owner != self.id);
        let due = Some(now.after(self.config.shape().timing.replica_us));
        let places = self.plan(now, others, &mut put.stand_ins);
        let synced = self.durable_write(number, places.len());
        for (index, place) in places.into_iter().enumerate() {
            self.send_replicate(number, &put, place, synced == Some(index), out);
            let before = Vec::new();
            put.copies.push(Copy { place, before, due });
        }
        self.settle_put(number, put, out);
    }

    /// Which of the other replicas has the put on disk before it answers, where memory would do
    /// (§6.1).
    fn durable_write(&self, number: u64, others: usize) -> Option<usize> {
        match self.config.shape().durability {
            Durability::Buffered {
                durable_write: true,
                ..
            } => (number as usize).checked_rem(others),
            _ => None,
        }
    }

    /// The cluster is seen in another way: copies are asked of its owners, and only theirs count. The
    /// event stays the same.
    pub(super) fn replan_put(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut put) = self.puts.remove(&number) else {
            return;
        };
        put.range = self.store.range_of(&put.key);
        put.stand_ins = self.stand_ins(put.range, Some(self.id));
        put.stands_in = false;
        put.made.by_owner &= self.store.owns(put.range);
        if !put.sent {
            self.puts.insert(number, put);
            return;
        }
        put.copies.clear();
        put.kept.clear();
        if !self.flaw(Flaw::CountFormerOwners) {
            put.count = 0;
        }
        self.count_own_copy(&mut put);
        self.spread(now, number, put, 0, out);
    }

    /// What this node has held as an owner all the time counts as a copy, if it vouches for it. A hint
    /// does not, even if its holder has become an owner, nor does what may have been handed over.
    fn count_own_copy(&self, put: &mut Put) {
        let holds = put.made.by_owner && self.store.owns(put.range);
        if holds && self.vouches_for(&put.key) {
            put.count_copy(self.id);
        }
    }

    /// An old owner is known to act by the new ring: this node vouches for what of the range it has on
    /// disk already.
    pub(super) fn count_own(&mut self, range: Range, out: &mut Vec<Output>) {
        let within = |put: &Put| put.sent && range.contains(self.store.position_of(&put.key));
        let puts = self.puts.iter().filter(|(_, put)| within(put));
        let numbers: Vec<u64> = puts.map(|(number, _)| *number).collect();
        for number in numbers {
            if let Some(mut put) = self.puts.remove(&number) {
                self.count_own_copy(&mut put);
                self.settle_put(number, put, out);
            }
        }
    }

    /// A replica has the put on disk.
    pub(super) fn replicated(
        &mut self,
        from: NodeId,
        (tag, view): (Tag, u64),
        out: &mut Vec<Output>,
    ) {
        let here = tag.life == self.life || self.flaw(Flaw::AcceptOldLife);
        if !here || view != self.store.view().mark() {
            return;
        }
        let Some(mut put) = self.puts.remove(&tag.number) else {
            return;
        };
        let of = put.copy_on(from);
        if self.flaw(Flaw::CountTwice) {
            put.kept.retain(|kept| *kept != of);
        }
        put.count_copy(of);
        for copy in &mut put.copies {
            if copy.place.owner == of {
                copy.due = None;
            }
        }
        self.settle_put(tag.number, put, out);
    }

    /// Some replica was silent for too long, or the client has waited for too long.
    pub(super) fn put_is_due(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut put) = self.puts.remove(&number) else {
            return;
        };
        let mut batch = Batch::default();
        for index in 0..put.copies.len() {
            let Copy { place, before, due } = &mut put.copies[index];
            if due.is_none_or(|due| due > now) {
                continue;
            }
            self.suspect(now, place.asked);
            let stand_in = self.stand_in(now, &mut put.stand_ins);
            *due = stand_in.map(|_| now.after(self.config.shape().timing.replica_us));
            let silent = *place;
            if let Some(asked) = stand_in {
                before.push(silent.asked);
                *place = silent.moved_to(asked);
                let place = *place;
                self.send_replicate(number, &put, place, false, out);
            } else if self.config.shape().hints && !self.flaw(Flaw::NoHintForSilent) {
                put.count += usize::from(self.flaw(Flaw::CountOwnHint));
                let held = self.copy_of(&put, self.store.durable(&put.key));
                self.store
                    .merge_hint(silent.given_up(), &put.key, &held, &mut batch);
            }
        }
        self.commit(now, batch, None, out);
        if !put.replied && put.reply_by <= now {
            let late = if self.flaw(Flaw::AnswerOnTimeout) {
                Answer::Stored
            } else {
                Answer::Unavailable
            };
            put.tell(late, out);
        }
        self.settle_put(number, put, out);
    }

    fn settle_put(&mut self, number: u64, mut put: Box<Put>, out: &mut Vec<Output>) {
        let less = usize::from(put.quorum.w > 1 && self.flaw(Flaw::QuorumOffByOne));
        if !put.replied && put.count >= put.quorum.w - less {
            put.tell(Answer::Stored, out);
        }
        let next = put.next_due();
        if put.replied && put.sent && next.is_none() {
            self.timers.clear(Timer::Put(number));
            return;
        }
        let end = if put.replied {
            None
        } else {
            Some(put.reply_by)
        };
        if let Some(at) = next.into_iter().chain(end).min() {
            self.timers.set(Timer::Put(number), at);
        }
        self.puts.insert(number, put);
    }

    /// What the others are to keep: all that this node holds of the key, and the put itself. A stand-in
    /// may have handed its copy over by now, and a former owner the whole range.
    fn copy_of(&self, put: &Put, mut held: Siblings) -> Siblings {
        let Made { siblings, by_owner } = &put.made;
        if !by_owner || !self.store.owns(put.range) {
            self.store.versioning().merge(&mut held, siblings);
        }
        held
    }

    fn send_replicate(
        &self,
        number: u64,
        put: &Put,
        place: Place,
        synced: bool,
        out: &mut Vec<Output>,
    ) {
        let message = Message::Replicate {
            tag: self.tag(number),
            view: self.store.view().mark(),
            synced,
            key: put.key.clone(),
            siblings: self.copy_of(put, self.store.shown(&put.key, Flaw::CoordinateEarly)),
            hint: place.hint(),
        };
        send(place.asked, message, out);
    }
}
