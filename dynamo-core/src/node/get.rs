//! One get: ask the first N healthy nodes, answer after R, then mend (§4.5, §5).

use alloc::vec::Vec;

use super::machine::{Node, reply, send};
use super::port::{Output, Reply, RequestId, Terms, Time};
use super::timers::Timer;
use crate::clock::NodeId;
use crate::context::{self, Context};
use crate::message::{Message, Tag};
use crate::siblings::{Siblings, Version};
use crate::versioning::Versioning;

/// A get on its way.
#[derive(Clone, Debug)]
pub(super) struct Get {
    client: RequestId,
    pub(super) key: Vec<u8>,
    pub(super) range: u32,
    reply_by: Time,
    replied: bool,
    pub(super) asked: Vec<Asked>,
    /// Where in the preference list to look for the next stand-in.
    next: usize,
}

/// A replica that was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) node: NodeId,
    pub(super) answer: Option<Siblings>,
    /// Until when it is waited for; `None` once that has passed.
    due: Option<Time>,
}

impl Get {
    /// What the replicas that answered hold together.
    pub(super) fn merged(&self, versioning: Versioning) -> Siblings {
        let mut answers = self.asked.iter().filter_map(|asked| asked.answer.as_ref());
        let mut merged = answers.next().cloned().unwrap_or_default();
        for answer in answers {
            versioning.merge(&mut merged, answer);
        }
        merged
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
        let _ = terms;
        let tag = self.next_tag();
        let range = self.store.range_of(&key);
        let shape = self.config.shape();
        let mut get = Get {
            client,
            key,
            range,
            reply_by: now.after(shape.timing.request_us),
            replied: false,
            asked: Vec::with_capacity(shape.n as usize),
            next: shape.n as usize,
        };
        for index in 0..self.store.view().owners(range).len() {
            let owner = self.store.view().owners(range)[index];
            let avoid = self.config.shape().sloppy && self.detector.suspects(owner, now);
            // With nobody to stand in, a suspected owner is better than nobody.
            let stand_in = if avoid {
                self.stand_in(now, range, &mut get.next)
            } else {
                None
            };
            self.ask(now, tag, &mut get, stand_in.unwrap_or(owner), out);
        }
        self.settle_get(tag.number, get, now, out);
    }

    /// A replica answers.
    pub(super) fn fetched(
        &mut self,
        now: Time,
        from: NodeId,
        tag: Tag,
        siblings: Siblings,
        out: &mut Vec<Output>,
    ) {
        if tag.life != self.life {
            return;
        }
        let Some(mut get) = self.gets.remove(&tag.number) else {
            return;
        };
        let silent = get
            .asked
            .iter_mut()
            .find(|asked| asked.node == from && asked.answer.is_none());
        if let Some(asked) = silent {
            asked.answer = Some(siblings);
        }
        self.settle_get(tag.number, get, now, out);
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
            let silent = asked.node;
            self.suspect(now, silent);
            if self.config.shape().sloppy
                && !get.replied
                && let Some(node) = self.stand_in(now, get.range, &mut get.next)
            {
                self.ask(now, self.tag(number), &mut get, node, out);
            }
        }
        self.settle_get(number, get, now, out);
    }

    fn ask(&self, now: Time, tag: Tag, get: &mut Get, node: NodeId, out: &mut Vec<Output>) {
        let here = node == self.id;
        let key = &get.key;
        get.asked.push(Asked {
            node,
            answer: here.then(|| self.store.durable(key)),
            due: Some(now.after(self.config.shape().timing.replica_us)),
        });
        if !here {
            let key = key.clone();
            send(node, Message::Fetch { tag, key }, out);
        }
    }

    /// What the client is told.
    fn values(&self, get: &Get) -> Reply {
        let shape = self.config.shape();
        let merged = get.merged(shape.versioning);
        let context = Context {
            seen: shape.versioning.context(&merged),
            time: merged.time(),
            fastest: None,
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
        if !get.replied && get.answers() >= self.config.shape().r as usize {
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
