//! One put: a new event, here first, then on W nodes in all (§4.5, §4.6).

use alloc::vec::Vec;

use super::machine::{Node, reply, send};
use super::port::{Output, Reply, RequestId, Terms, Time};
use super::timers::Timer;
use crate::batch::{After, Batch};
use crate::clock::{NodeId, VersionVector};
use crate::context::{self, Context};
use crate::flaw::Flaw;
use crate::message::{Answer, Message, Tag, Written};
use crate::siblings::{Siblings, Version};

/// Who waits for a put.
#[derive(Clone, Copy, Debug)]
pub(super) enum Client {
    /// A client of this node.
    Here(RequestId),
    /// A peer that forwarded it.
    Peer(NodeId, Tag),
}

/// A put on its way.
#[derive(Clone, Debug)]
pub(super) struct Put {
    client: Client,
    key: Vec<u8>,
    range: u32,
    reply_by: Time,
    replied: bool,
    /// Whether this node has it on disk, and the others were told.
    sent: bool,
    /// The nodes that have it on disk.
    holders: Vec<NodeId>,
    /// How many they are.
    count: usize,
    places: Vec<Place>,
    /// Where in the preference list to look for the next stand-in.
    next: usize,
}

/// A copy of the put that should be on some node.
#[derive(Clone, Debug)]
struct Place {
    /// Whose copy it is.
    owner: NodeId,
    /// Who was asked to keep it: the owner or a stand-in.
    asked: NodeId,
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

    /// When the next silent replica is given up.
    fn next_due(&self) -> Option<Time> {
        self.places.iter().filter_map(|place| place.due).min()
    }
}

impl Node {
    /// A client puts, or deletes with no value: this node coordinates if it owns the key, or else
    /// hands the put to an owner.
    pub(super) fn request_put(
        &mut self,
        now: Time,
        id: RequestId,
        (key, value): (Vec<u8>, Option<Vec<u8>>),
        context: Option<Vec<u8>>,
        terms: Terms,
        out: &mut Vec<Output>,
    ) {
        let secret = self.config.shape().secret;
        let context = match context.map(|bytes| context::decode(secret, &key, &bytes)) {
            None => Context::default(),
            Some(Ok(context)) => context,
            Some(Err(refusal)) => return reply(id, Reply::Refused(refusal), out),
        };
        let reply_by = now.after(self.config.shape().timing.request_us);
        let written = Written {
            key,
            value,
            context,
            terms,
        };
        self.route_put(now, (id, reply_by), written, out);
    }

    /// Coordinates a put or hands it to the first owner that seems up. With none of them up, a
    /// sloppy quorum does without owners.
    pub(super) fn route_put(
        &mut self,
        now: Time,
        (id, reply_by): (RequestId, Time),
        written: Written,
        out: &mut Vec<Output>,
    ) {
        let range = self.store.range_of(&written.key);
        let owners = self.store.view().owners(range);
        let healthy = owners
            .iter()
            .find(|owner| !self.detector.suspects(**owner, now));
        let alone = healthy.is_none() && self.config.shape().sloppy;
        if self.store.owns(range) || alone {
            self.coordinate(now, (Client::Here(id), reply_by), range, written, out);
        } else if let Some(owner) = healthy.or(owners.first()).copied() {
            self.forward(now, (id, reply_by), owner, written, out);
        }
    }

    /// Makes the event and has it written here. A node that is no owner stands in for the first: it
    /// keeps the version as a hint for it, under an actor of its own, see [`Actor`](crate::Actor).
    pub(super) fn coordinate(
        &mut self,
        now: Time,
        (client, reply_by): (Client, Time),
        range: u32,
        written: Written,
        out: &mut Vec<Output>,
    ) {
        let owns = self.store.owns(range);
        let key = written.key;
        let mut siblings = self.store.current(&key);
        let past = self.past(written.context.seen, &siblings);
        let versioning = self.store.versioning();
        let time = versioning.time(now.0, &siblings, written.context.time);
        let reaped = written.value.is_none() && self.config.shape().reaping_us.is_some();
        let version = Version {
            dot: self.store.mint(owns, &siblings, &past),
            time: if reaped { time.max(now.0) } else { time },
            past,
            value: written.value,
        };
        versioning.put(&mut siblings, version);
        let mut batch = Batch::default();
        match self.store.view().owners(range).first().copied() {
            Some(first) if !owns => self.store.merge_hint(first, &key, &siblings, &mut batch),
            _ => self.store.merge_data(&key, &siblings, &mut batch),
        }
        self.store.write_sequence(&mut batch);
        let number = self.next_tag().number;
        let shape = self.config.shape();
        let put = Put {
            client,
            key,
            range,
            reply_by,
            replied: false,
            sent: false,
            holders: Vec::with_capacity(shape.n as usize),
            count: 0,
            places: Vec::new(),
            next: shape.n as usize,
        };
        self.timers.set(Timer::Put(number), put.reply_by);
        self.puts.insert(number, put);
        self.commit(now, batch, Some(After::Replicate(number)), out);
    }

    /// What a new version replaces: its context, exactly.
    fn past(&self, context: VersionVector, held: &Siblings) -> VersionVector {
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
        past
    }

    /// The put is on this disk: the others get all that the disk holds of the key.
    pub(super) fn replicate(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut put) = self.puts.remove(&number) else {
            return;
        };
        put.sent = true;
        put.holders.push(self.id);
        put.count += 1;
        let stands_in = !self.store.owns(put.range);
        let owners = self.store.view().owners(put.range).iter().copied();
        let others: Vec<NodeId> = owners
            .skip(usize::from(stands_in))
            .filter(|owner| *owner != self.id)
            .collect();
        for owner in others {
            let avoid = self.config.shape().sloppy && self.detector.suspects(owner, now);
            // With nobody to stand in, a suspected owner is better than nobody.
            let stand_in = if avoid {
                self.other_stand_in(now, &mut put)
            } else {
                None
            };
            let asked = stand_in.unwrap_or(owner);
            self.send_replicate(number, &put, owner, asked, out);
            let due = Some(now.after(self.config.shape().timing.replica_us));
            put.places.push(Place { owner, asked, due });
        }
        self.settle_put(number, put, out);
    }

    /// A replica has the put on disk.
    pub(super) fn replicated(&mut self, from: NodeId, tag: Tag, out: &mut Vec<Output>) {
        if tag.life != self.life {
            return;
        }
        let Some(mut put) = self.puts.remove(&tag.number) else {
            return;
        };
        if !put.holders.contains(&from) || self.flaw(Flaw::CountTwice) {
            put.holders.push(from);
            put.count += 1;
        }
        for place in &mut put.places {
            if place.asked == from || place.owner == from {
                place.due = None;
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
        for index in 0..put.places.len() {
            let Place { owner, asked, due } = put.places[index];
            if due.is_none_or(|due| due > now) {
                continue;
            }
            self.suspect(now, asked);
            let sloppy = self.config.shape().sloppy;
            let stand_in = if sloppy {
                self.other_stand_in(now, &mut put)
            } else {
                None
            };
            let due = stand_in.map(|_| now.after(self.config.shape().timing.replica_us));
            put.places[index].due = due;
            if let Some(asked) = stand_in {
                put.places[index].asked = asked;
                self.send_replicate(number, &put, owner, asked, out);
            } else if self.config.shape().hints {
                let held = self.store.durable(&put.key);
                self.store.merge_hint(owner, &put.key, &held, &mut batch);
            }
        }
        self.commit(now, batch, None, out);
        if !put.replied && put.reply_by <= now {
            put.tell(Answer::Unavailable, out);
        }
        self.settle_put(number, put, out);
    }

    fn settle_put(&mut self, number: u64, mut put: Put, out: &mut Vec<Output>) {
        if !put.replied && put.count >= self.config.shape().w as usize {
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

    fn send_replicate(
        &self,
        number: u64,
        put: &Put,
        owner: NodeId,
        asked: NodeId,
        out: &mut Vec<Output>,
    ) {
        let message = Message::Replicate {
            tag: self.tag(number),
            key: put.key.clone(),
            siblings: self.store.durable(&put.key),
            hint: (asked != owner).then_some(owner),
        };
        send(asked, message, out);
    }

    /// A stand-in that is not this node: this one holds a copy already.
    fn other_stand_in(&self, now: Time, put: &mut Put) -> Option<NodeId> {
        let found = self.stand_in(now, put.range, &mut put.next);
        if found == Some(self.id) {
            self.stand_in(now, put.range, &mut put.next)
        } else {
            found
        }
    }
}
