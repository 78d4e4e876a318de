//! One get: ask the first N healthy nodes, answer after R, then mend (§4.5, §5).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::answers::{Asked, Get};
use super::machine::{Node, reply, send};
use super::port::{Output, Refusal, Reply, RequestId, Terms, Time};
use super::quorum::{Place, Quorum, StandIns};
use super::timers::Timer;
use crate::clock::{NodeId, VersionVector};
use crate::context::{self, Context};
use crate::flaw::{Flaw, PRUNED};
use crate::message::{Message, Tag};
use crate::shape::{Coordinator, ReadFrom};
use crate::siblings::{Siblings, Version};

/// How long an owner has for the rest of a range before it is asked a third time, in microseconds.
const AGAIN_US: u64 = 5_000;

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
        let number = self.next_tag().number;
        let get = Box::new(Get {
            client,
            range: self.store.range_of(&key),
            key,
            quorum,
            pinned: terms.pinned,
            reply_by: now.after(self.config.shape().timing.request_us),
            replied: false,
            asked: Vec::with_capacity(quorum.n),
            again: false,
            stand_ins: StandIns::none(),
            fastest: None,
            told: None,
        });
        self.begin_get(now, number, get, out);
    }

    /// The cluster is seen in another way: a get that has no answer yet begins anew.
    pub(super) fn replan_get(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        self.timers.clear(Timer::Get(number));
        let Some(mut get) = self.gets.remove(&number).filter(|get| !get.replied) else {
            return;
        };
        get.range = self.store.range_of(&get.key);
        get.asked.clear();
        get.again = false;
        (get.fastest, get.told) = (None, None);
        self.begin_get(now, number, get, out);
    }

    fn begin_get(&mut self, now: Time, number: u64, mut get: Box<Get>, out: &mut Vec<Output>) {
        let owners = self.owners(get.range, get.quorum.n);
        if get.pinned && !owners.contains(&self.id) {
            return reply(get.client, Reply::Refused(Refusal::NotAnOwner), out);
        }
        get.stand_ins = self.stand_ins(get.range, None);
        let mut nobody = StandIns::none();
        let may_answer = match self.config.shape().read_from {
            ReadFrom::Healthy => &mut get.stand_ins,
            ReadFrom::Owners => &mut nobody,
        };
        for place in self.plan(now, owners.iter().copied(), may_answer) {
            self.ask(now, number, &mut get, Asked::new(place, None), out);
        }
        self.settle_get(now, number, get, out);
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
        self.settle_get(now, tag.number, get, out);
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
        if from == holder {
            self.ask_owner_again(now, tag.number, &mut get, from, out);
        } else {
            self.ask_for_rest(now, tag.number, &mut get, (from, holder), siblings, out);
        }
        self.settle_get(now, tag.number, get, out);
    }

    /// Who was asked for the rest has handed it over meanwhile: now the owner has it all, or soon will.
    fn ask_owner_again(
        &self,
        now: Time,
        number: u64,
        get: &mut Get,
        lender: NodeId,
        out: &mut Vec<Output>,
    ) {
        let Some(place) = get.forget_lender(lender) else {
            return;
        };
        let mut owner = Asked::new(place, None);
        if core::mem::replace(&mut get.again, true) {
            // Neither has it all: one has not heard of the other's last word.
            owner.later = true;
            owner.due = Some(now.after(AGAIN_US));
            get.asked.push(owner);
        } else {
            self.ask(now, number, get, owner, out);
        }
    }

    fn ask_for_rest(
        &self,
        now: Time,
        number: u64,
        get: &mut Get,
        (from, holder): (NodeId, NodeId),
        siblings: Siblings,
        out: &mut Vec<Output>,
    ) {
        let known = get.asked.iter().any(|asked| asked.place.asked == holder);
        let Some(place) = get.half_answered(from, siblings) else {
            return;
        };
        if !known && get.told.is_none() {
            let lender = Asked {
                lends: true,
                ..Asked::new(place.moved_to(holder), None)
            };
            self.ask(now, number, get, lender, out);
        }
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
        for place in get.ask_now(now) {
            self.ask(now, number, &mut get, Asked::new(place, None), out);
        }
        for index in 0..get.asked.len() {
            let asked = &mut get.asked[index];
            if asked.due.is_none_or(|due| due > now) {
                continue;
            }
            asked.due = None;
            let silent = asked.place;
            let was_asked = !core::mem::take(&mut asked.later);
            if silent.asked != self.id && was_asked {
                self.suspect(now, silent.asked);
            }
            if self.flaw(Flaw::SilenceIsNotFound) {
                get.answered(silent.asked, Siblings::new());
            }
            if get.replied {
                continue;
            }
            if get.told.is_some() {
                self.write_back_again(now, number, &mut get, index, out);
            } else if self.config.shape().read_from == ReadFrom::Healthy
                && let Some(node) = self.stand_in(now, &mut get.stand_ins)
            {
                let place = silent.moved_to(node);
                self.ask(now, number, &mut get, Asked::new(place, None), out);
            }
        }
        self.settle_get(now, number, get, out);
    }

    /// An owner that coordinates answers itself at once, and so is the fastest: it has what was read,
    /// and no other owner spares the put that follows a hop.
    pub(super) fn ask(
        &self,
        now: Time,
        number: u64,
        get: &mut Get,
        mut asked: Asked,
        out: &mut Vec<Output>,
    ) {
        let Place { asked: node, .. } = asked.place;
        asked.due = Some(now.after(self.config.shape().timing.replica_us));
        let rest = asked.lends;
        get.asked.push(asked);
        if node == self.id && rest && !self.lends(&get.key) {
            self.ask_owner_again(now, number, get, node, out);
        } else if node == self.id {
            let held = self.store.shown(&get.key, Flaw::ReadUnsynced);
            match self.holder_of_rest(&get.key) {
                None => get.answered(node, held),
                Some(holder) => {
                    self.ask_for_rest(now, number, get, (node, holder), held, out);
                }
            }
        } else {
            let (tag, key) = (self.tag(number), get.key.clone());
            let view = self.store.view().mark();
            let fetch = Message::Fetch {
                tag,
                view,
                key,
                rest,
            };
            send(node, fetch, out);
        }
    }

    /// What the client is told.
    fn values(&self, get: &Get, told: &Siblings) -> Reply {
        let shape = self.config.shape();
        let prefers_fastest = shape.coordinator == Coordinator::Fastest;
        let context = Context {
            seen: self.seen(&get.key, told),
            time: told.time(),
            fastest: get.fastest.filter(|_| prefers_fastest),
        };
        Reply::Values {
            values: told
                .iter()
                .filter_map(|version| version.value.clone())
                .collect(),
            deleted: told.iter().any(Version::is_tombstone),
            context: context::encode(shape.secret, &get.key, context),
        }
    }

    /// What the put that follows replaces: what the client is told, exactly.
    fn seen(&self, key: &[u8], told: &Siblings) -> VersionVector {
        let shape = self.config.shape();
        let first = || told.iter().take(1).cloned().collect();
        let mut seen = match shape.flaw {
            Some(Flaw::ContextOfFirst) => shape.versioning.context(&first()),
            _ => shape.versioning.context(told),
        };
        match shape.flaw {
            Some(Flaw::PruneContext) => seen.truncate(PRUNED),
            Some(Flaw::ContextAheadOfValues) => seen.join(&self.store.current(key).context()),
            _ => {}
        }
        seen
    }

    pub(super) fn settle_get(
        &mut self,
        now: Time,
        number: u64,
        mut get: Box<Get>,
        out: &mut Vec<Output>,
    ) {
        get.count(self.store.versioning());
        if self.flaw(Flaw::FirstAnswerOnly) && get.told.is_some() {
            get.told = get.asked.iter().find_map(|asked| asked.answer.clone());
        }
        if let Some(told) = get.told.clone().filter(|_| !get.replied)
            && self.write_back(now, number, &mut get, &told, out)
        {
            reply(get.client, self.values(&get, &told), out);
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
        self.write_back_here(now, number, out);
    }
}
