//! One get: ask the first N healthy nodes, answer after R, then mend (§4.5, §5).

use alloc::vec::Vec;

use super::machine::{Node, reply, send};
use super::port::{Output, Refusal, Reply, RequestId, Terms, Time};
use super::quorum::{Place, Quorum, StandIns};
use super::timers::Timer;
use crate::clock::NodeId;
use crate::context::{self, Context};
use crate::message::{Message, Tag};
use crate::shape::Coordinator;
use crate::siblings::{Siblings, Version};
use crate::versioning::Versioning;

/// A get on its way.
#[derive(Clone, Debug)]
pub(super) struct Get {
    client: RequestId,
    pub(super) key: Vec<u8>,
    pub(super) range: u32,
    quorum: Quorum,
    reply_by: Time,
    replied: bool,
    pub(super) asked: Vec<Asked>,
    stand_ins: StandIns,
    /// The owner that answered first.
    fastest: Option<NodeId>,
}

/// A replica that was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) place: Place,
    pub(super) answer: Option<Siblings>,
    /// What it holds, but does not vouch for as all that it should.
    partial: Option<Siblings>,
    /// Until when it is waited for; `None` once that has passed.
    due: Option<Time>,
}

impl Get {
    /// What the replicas that answered hold together.
    pub(super) fn merged(&self, versioning: Versioning) -> Siblings {
        let mut answers = self
            .asked
            .iter()
            .filter_map(|asked| asked.answer.as_ref().or(asked.partial.as_ref()));
        let mut merged = answers.next().cloned().unwrap_or_default();
        for answer in answers {
            versioning.merge(&mut merged, answer);
        }
        merged
    }

    /// Takes in the answer of a replica that was asked, if it is the first.
    fn answered(&mut self, from: NodeId, siblings: Siblings) {
        let silent = self
            .asked
            .iter_mut()
            .find(|asked| asked.place.asked == from && asked.answer.is_none());
        if let Some(asked) = silent {
            asked.answer = Some(siblings);
            if asked.place.owner == from {
                self.fastest.get_or_insert(from);
            }
        }
    }

    fn answers(&self) -> usize {
        self.asked
            .iter()
            .filter(|asked| asked.answer.is_some())
            .count()
    }

    /// When the next silent replica is given up.
    fn next_due(&self) -> Option<Time> {
        let silent = self.asked.iter().filter(|asked| asked.answer.is_none());
        silent.filter_map(|asked| asked.due).min()
    }
}

impl Node {
    /// A client asks for a key; this node coordinates, whether it holds the key or not.
    pub(super) fn request_get(
        &mut self,
        now: Time,
        client: RequestId,
        key: Vec<u8>,
        terms: Terms,
        out: &mut Vec<Output>,
    ) {
        let quorum = match Quorum::new(terms, self.config.shape()) {
            Ok(quorum) => quorum,
            Err(refusal) => return reply(client, Reply::Refused(refusal), out),
        };
        let range = self.store.range_of(&key);
        let owners = self.owners(range, quorum.n);
        if terms.pinned && !owners.contains(&self.id) {
            return reply(client, Reply::Refused(Refusal::NotAnOwner), out);
        }
        let mut stand_ins = self.stand_ins(range, None);
        let places = self.plan(now, owners.iter().copied(), &mut stand_ins);
        let tag = self.next_tag();
        let mut get = Get {
            client,
            key,
            range,
            quorum,
            reply_by: now.after(self.config.shape().timing.request_us),
            replied: false,
            asked: Vec::with_capacity(quorum.n),
            stand_ins,
            fastest: None,
        };
        for place in places {
            self.ask(now, tag, &mut get, place, out);
        }
        self.settle_get(tag.number, get, now, out);
    }

    /// A replica answers.
    pub(super) fn fetched(
        &mut self,
        now: Time,
        from: NodeId,
        (tag, view): (Tag, u64),
        siblings: Siblings,
        out: &mut Vec<Output>,
    ) {
        if tag.life != self.life || view != self.store.view().mark() {
            return;
        }
        let Some(mut get) = self.gets.remove(&tag.number) else {
            return;
        };
        get.answered(from, siblings);
        self.settle_get(tag.number, get, now, out);
    }

    /// An owner still waits for the range of the key: what it has and what the holder of the rest has
    /// make one answer.
    pub(super) fn not_yet(
        &mut self,
        now: Time,
        (from, holder): (NodeId, NodeId),
        (tag, view): (Tag, u64),
        siblings: Siblings,
        out: &mut Vec<Output>,
    ) {
        if tag.life != self.life || view != self.store.view().mark() {
            return;
        }
        let Some(mut get) = self.gets.remove(&tag.number) else {
            return;
        };
        self.ask_for_rest(now, tag, &mut get, (from, holder), siblings, out);
        self.settle_get(tag.number, get, now, out);
    }

    fn ask_for_rest(
        &self,
        now: Time,
        tag: Tag,
        get: &mut Get,
        (from, holder): (NodeId, NodeId),
        siblings: Siblings,
        out: &mut Vec<Output>,
    ) {
        let known = get.asked.iter().any(|asked| asked.place.asked == holder);
        let silent = get.asked.iter_mut().find(|asked| {
            asked.place.asked == from && asked.answer.is_none() && asked.partial.is_none()
        });
        let Some(asked) = silent else {
            return;
        };
        asked.partial = Some(siblings);
        asked.due = None;
        let place = asked.place.moved_to(holder);
        if !known && !get.replied {
            self.ask(now, tag, get, place, out);
        }
    }

    /// The cluster is seen in another way: a get that has no answer yet begins anew.
    pub(super) fn replan_get(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut get) = self.gets.remove(&number) else {
            return;
        };
        if get.replied {
            self.timers.clear(Timer::Get(number));
            return;
        }
        get.range = self.store.range_of(&get.key);
        get.asked.clear();
        get.stand_ins = self.stand_ins(get.range, None);
        let owners = self.owners(get.range, get.quorum.n).iter().copied();
        for place in self.plan(now, owners, &mut get.stand_ins) {
            self.ask(now, self.tag(number), &mut get, place, out);
        }
        self.settle_get(number, get, now, out);
    }

    /// Some replica was silent for too long, or the client has waited for too long.
    pub(super) fn get_is_due(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(mut get) = self.gets.remove(&number) else {
            return;
        };
        if !get.replied && get.reply_by <= now {
            reply(get.client, Reply::Unavailable, out);
            return;
        }
        for index in 0..get.asked.len() {
            let asked = &mut get.asked[index];
            if asked.answer.is_some() || asked.due.is_none_or(|due| due > now) {
                continue;
            }
            asked.due = None;
            let silent = asked.place;
            self.suspect(now, silent.asked);
            if !get.replied
                && let Some(asked) = self.stand_in(now, &mut get.stand_ins)
            {
                let place = silent.moved_to(asked);
                self.ask(now, self.tag(number), &mut get, place, out);
            }
        }
        self.settle_get(number, get, now, out);
    }

    /// An owner that coordinates answers itself at once, and so is the fastest: it has what was read,
    /// and no other owner spares the put that follows a hop.
    fn ask(&self, now: Time, tag: Tag, get: &mut Get, place: Place, out: &mut Vec<Output>) {
        let due = Some(now.after(self.config.shape().timing.replica_us));
        get.asked.push(Asked {
            place,
            answer: None,
            partial: None,
            due,
        });
        let key = &get.key;
        if place.asked == self.id {
            let held = self.store.durable(key);
            match self.holder_of_rest(key) {
                None => get.answered(self.id, held),
                Some(holder) => {
                    self.ask_for_rest(now, tag, get, (self.id, holder), held, out);
                }
            }
        } else {
            let (key, view) = (key.clone(), self.store.view().mark());
            send(place.asked, Message::Fetch { tag, view, key }, out);
        }
    }

    /// What the client is told.
    fn values(&self, get: &Get) -> Reply {
        let shape = self.config.shape();
        let merged = get.merged(shape.versioning);
        let prefers_fastest = shape.coordinator == Coordinator::Fastest;
        let context = Context {
            seen: shape.versioning.context(&merged),
            time: merged.time(),
            fastest: get.fastest.filter(|_| prefers_fastest),
        };
        Reply::Values {
            values: merged
                .iter()
                .filter_map(|version| version.value.clone())
                .collect(),
            deleted: merged.iter().any(Version::is_tombstone),
            context: context::encode(shape.secret, &get.key, context),
        }
    }

    fn settle_get(&mut self, number: u64, mut get: Get, now: Time, out: &mut Vec<Output>) {
        if !get.replied && get.answers() >= get.quorum.r {
            reply(get.client, self.values(&get), out);
            get.replied = true;
        }
        let next = get.next_due();
        if get.replied && next.is_none() {
            self.timers.clear(Timer::Get(number));
            self.repair(now, &get, out);
            return;
        }
        let end = if get.replied {
            None
        } else {
            Some(get.reply_by)
        };
        if let Some(at) = next.into_iter().chain(end).min() {
            self.timers.set(Timer::Get(number), at);
        }
        self.gets.insert(number, get);
    }
}
