//! The node as a whole: what happened goes in, what to do comes out.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

use super::answers::Get;
use super::buffer::Buffer;
use super::forward::{Forwarding, Obeyed};
use super::port::{Input, Output, Reply, Request, RequestId, Ticket, Time};
use super::put::Put;
use super::timers::{Timer, Timers};
use super::transfer::Transfers;
use crate::admission::Controller;
use crate::batch::{After, Batch, Commit};
use crate::clock::NodeId;
use crate::config::Config;
use crate::detector::Detector;
use crate::flaw::Flaw;
use crate::membership::Move;
use crate::merkle::Root;
use crate::message::{Message, Tag};
use crate::ring::RangeName;
use crate::store::Store;
use crate::view::View;

/// One node of a Dynamo.
///
/// The host calls [`Node::handle`] with whatever happens and does what comes out, and wakes the node
/// when [`Node::deadline`] is reached. To crash a node is to drop it; to restart it is to
/// [`Node::start`] it from what its disk had synced.
#[derive(Clone, Debug)]
pub struct Node {
    pub(super) id: NodeId,
    pub(super) config: Arc<Config>,
    /// When this life began. No two lives of a node begin at the same time.
    pub(super) life: u64,
    pub(super) requests: u64,
    pub(super) store: Store,
    pub(super) detector: Detector,
    pub(super) timers: Timers,
    /// Boxed, as they come and go with each answer.
    pub(super) gets: BTreeMap<u64, Box<Get>>,
    pub(super) puts: BTreeMap<u64, Box<Put>>,
    pub(super) forwardings: BTreeMap<u64, Forwarding>,
    /// The lives of peers, as far as heard of.
    pub(super) lives: BTreeMap<NodeId, u64>,
    /// What was already done for peers.
    pub(super) obeyed: BTreeMap<NodeId, Obeyed>,
    /// The owners to whom hints are on the way, and since when.
    pub(super) delivering: BTreeMap<NodeId, Time>,
    /// How much may be done unasked.
    pub(super) admission: Controller,
    /// The last hint that was sent, if not all may be sent at once.
    pub(super) delivered: Option<(Vec<u8>, NodeId)>,
    /// The peer with whom trees were compared last.
    pub(super) compared: NodeId,
    /// Whom this node told its whole history: of which view, and when.
    pub(super) told: BTreeMap<NodeId, (u64, Time)>,
    /// The peer who was told something in the last round of gossip and has said nothing since.
    pub(super) greeted: Option<NodeId>,
    /// What the disk has not been asked for yet.
    pub(super) buffer: Buffer,
    /// The ranges on their way from and to this node.
    pub(super) transfers: Transfers,
}

impl Hash for Node {
    /// All that its behaviour depends on, but for the choices of the cluster: nodes of one
    /// configuration that hash alike do alike, whatever happens to both.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Node {
            id,
            config: _,
            life,
            requests,
            store,
            detector,
            timers,
            gets,
            puts,
            forwardings,
            lives,
            obeyed,
            delivering,
            admission,
            delivered,
            compared,
            told,
            greeted,
            buffer,
            transfers,
        } = self;
        (id, life, requests, store, detector, timers).hash(state);
        (gets, puts, forwardings, lives, obeyed).hash(state);
        (delivering, admission, delivered, compared).hash(state);
        (told, greeted, buffer, transfers).hash(state);
    }
}

impl Node {
    /// A node that starts, for the first time or again, with what its disk has synced.
    ///
    /// Records that cannot be read are left alone. An id beyond the ring makes a node that owns
    /// nothing and only passes requests on.
    pub fn start(
        id: NodeId,
        config: Arc<Config>,
        disk: &BTreeMap<Vec<u8>, Vec<u8>>,
        now: Time,
    ) -> Node {
        let mut node = Node {
            id,
            life: now.0,
            requests: 0,
            store: Store::start(id, Arc::clone(&config), disk, now),
            admission: Controller::new(config.shape().admission),
            delivered: None,
            config,
            detector: Detector::default(),
            timers: Timers::default(),
            gets: BTreeMap::new(),
            puts: BTreeMap::new(),
            forwardings: BTreeMap::new(),
            lives: BTreeMap::new(),
            obeyed: BTreeMap::new(),
            delivering: BTreeMap::new(),
            compared: id,
            told: BTreeMap::new(),
            greeted: None,
            buffer: Buffer::default(),
            transfers: Transfers::resumed(id, Store::handovers(disk)),
        };
        node.schedule_hints(now);
        node.schedule_entropy(now);
        node.schedule_gossip(now);
        node.schedule_transfers(now);
        node.schedule_reaping(now);
        node
    }

    /// Takes in what happened and appends what to do. No input makes it panic.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Wake => self.wake(now, out),
            Input::Request { id, request } => self.request(now, id, request, out),
            Input::Message { from, message } => {
                if from != self.id {
                    self.detector.heard(from);
                    self.greeted = self.greeted.filter(|greeted| *greeted != from);
                    self.receive(now, from, message, out);
                }
            }
            Input::Stored { ticket } => self.stored(now, ticket, out),
        }
    }

    /// When to wake the node if nothing else happens; `None` if there is nothing to wait for.
    pub fn deadline(&self) -> Option<Time> {
        self.timers.earliest()
    }

    /// The Merkle roots of the ranges that this node owns, by range name. Nodes whose roots of a
    /// range are equal hold the same versions of all its keys on disk.
    pub fn roots(&self) -> Vec<(RangeName, Root)> {
        let ring = self.store.view().ring();
        let trees = self.store.trees();
        trees
            .map(|(index, _, tree)| (ring.range_name(index), tree.root()))
            .collect()
    }

    fn request(&mut self, now: Time, id: RequestId, request: Request, out: &mut Vec<Output>) {
        match request {
            Request::Get { key, terms } => self.request_get(now, id, key, terms, out),
            Request::Put {
                key,
                value,
                context,
                terms,
            } => self.request_put(now, id, (key, Some(value)), context, terms, out),
            Request::Delete {
                key,
                context,
                terms,
            } => self.request_put(now, id, (key, None), context, terms, out),
            Request::Join { node, member } => {
                self.request_move(now, id, node, Move::Join(member), out);
            }
            Request::Leave { node } => self.request_move(now, id, node, Move::Leave, out),
            Request::Members => {
                let history = self.store.view().membership().clone();
                reply(id, Reply::Members(history), out);
            }
        }
    }

    /// How many keys this node holds on disk, as an owner or to hand them over.
    pub fn keys(&self) -> u64 {
        self.store.keys()
    }

    /// The hints that this node keeps on disk: for whom, of which key.
    pub fn hints(&self) -> impl Iterator<Item = (NodeId, &[u8])> {
        self.store.kept().map(|(owner, key, _)| (owner, key))
    }

    /// How many parts of the circle are on their way from this node or to it. While there are none
    /// at any node, an administrator may tell the next change without the two getting mixed up.
    pub fn moving(&self) -> usize {
        self.transfers.len()
    }

    /// How this node sees the cluster.
    pub fn view(&self) -> &View {
        self.store.view()
    }

    /// Whether this node, for itself, takes another for down (§4.8.3). Others may see it otherwise.
    pub fn suspects(&self, peer: NodeId, now: Time) -> bool {
        self.detector.suspects(peer, now)
    }

    /// How many hashes the Merkle trees of this node have taken since it started.
    pub fn hashes(&self) -> u64 {
        self.store.trees().map(|(_, _, tree)| tree.hashes()).sum()
    }

    fn wake(&mut self, now: Time, out: &mut Vec<Output>) {
        let due = self.timers.due(now);
        for timer in due.iter().copied() {
            match timer {
                Timer::Get(number) => self.get_is_due(now, number, out),
                Timer::Put(number) => self.put_is_due(now, number, out),
                Timer::Forward(number) => self.forwarding_is_due(now, number, out),
                Timer::Hints => self.deliver_hints(now, out),
                Timer::Entropy => self.compare_trees(now, out),
                Timer::Gossip => self.gossip(now, out),
                Timer::Transfers => self.see_to_transfers(now, out),
                Timer::Flush => self.flush(out),
                Timer::Reaping => self.reap(now, out),
            }
        }
        self.timers.keep(due);
    }

    pub(super) fn receive(
        &mut self,
        now: Time,
        from: NodeId,
        message: Message,
        out: &mut Vec<Output>,
    ) {
        let mark = self.store.view().mark();
        if message.view().is_some_and(|view| view != mark) {
            return self.park(now, from, message, out);
        }
        match message {
            Message::Forward { tag, life, written } => {
                self.obey(now, (from, tag), life, written, out);
            }
            Message::Forwarded { tag, answer } => self.forwarded(now, from, tag, answer, out),
            Message::Replicate {
                tag,
                key,
                siblings,
                synced,
                hint,
                ..
            } => self.replicate_for(now, (from, tag), (&key, &siblings), hint, synced, out),
            // A put or a get has that number, never both.
            Message::Replicated { tag, view } => {
                self.replicated(from, (tag, view), out);
                self.written_back(now, from, (tag, view), out);
            }
            Message::Fetch { tag, key, rest, .. } => {
                self.fetch_for(from, tag, (&key, rest), out);
            }
            Message::Fetched {
                tag,
                view,
                siblings,
            } => self.fetched(now, from, (tag, view), siblings, out),
            Message::NotYet {
                tag,
                view,
                siblings,
                from: holder,
            } => self.not_yet(now, (from, holder), (tag, view), siblings, out),
            Message::Repair { key, siblings } => self.repaired(now, &key, &siblings, out),
            Message::Hint { key, siblings } => self.take_hint(now, from, key, &siblings, out),
            Message::HintAck { key, digest } => self.hint_taken(now, from, &key, digest, out),
            other => self.receive_aside(now, from, other, out),
        }
    }

    /// What is about no request: members, ranges, trees.
    fn receive_aside(&mut self, now: Time, from: NodeId, message: Message, out: &mut Vec<Output>) {
        match message {
            Message::Gossip { view } => self.gossiped(now, from, view, out),
            Message::GossipAck => {}
            Message::History { changes, wanted } => {
                self.history(now, from, &changes, wanted, out);
            }
            Message::Offer { handover, view } => self.offered(from, handover, view, out),
            Message::Confirm {
                handover,
                answer,
                view,
            } => self.confirmed(now, from, (&handover, view), answer, out),
            Message::Claim { handover, view } => self.claimed(now, from, handover, view, out),
            Message::Keys {
                handover,
                states,
                last,
                view,
                ..
            } => self.take_keys(now, from, (handover, view), &states, last, out),
            Message::KeysAck {
                handover,
                upto,
                last,
                view,
            } => self.keys_taken(now, from, (&handover, view), (upto, last), out),
            Message::SyncRoots { roots } => self.sync_roots(from, &roots, out),
            Message::SyncNodes { nodes } => self.sync_nodes(from, &nodes, out),
            Message::SyncStates { states, wanted } => {
                self.sync_states(now, from, &states, &wanted, out);
            }
            // Each of these was taken care of.
            Message::Forward { .. }
            | Message::Forwarded { .. }
            | Message::Replicate { .. }
            | Message::Replicated { .. }
            | Message::Fetch { .. }
            | Message::Fetched { .. }
            | Message::NotYet { .. }
            | Message::Repair { .. }
            | Message::Hint { .. }
            | Message::HintAck { .. } => {}
        }
    }

    /// Has a batch written, if there is anything to write, and does `after` once it is durable.
    pub(super) fn commit(
        &mut self,
        now: Time,
        batch: Batch,
        after: Option<After>,
        out: &mut Vec<Output>,
    ) {
        let hasty = batch.hasty;
        let foreground = after.as_ref().is_some_and(After::is_foreground);
        match self.store.commit(batch, after) {
            Commit::Write(ticket, writes) => {
                if foreground {
                    self.admission.asked(now, ticket);
                }
                self.write(now, ticket, writes, hasty, out);
            }
            Commit::Done(Some(after)) => self.proceed(now, after, out),
            Commit::Done(None) | Commit::Waits => {}
        }
        self.schedule_hints(now);
        self.schedule_transfers(now);
    }

    pub(super) fn stored(&mut self, now: Time, ticket: Ticket, out: &mut Vec<Output>) {
        self.admission.answered(now, ticket);
        for after in self.store.stored(ticket) {
            self.proceed(now, after, out);
        }
    }

    fn proceed(&mut self, now: Time, after: After, out: &mut Vec<Output>) {
        match after {
            After::Replicate(number) => self.replicate(now, number, out),
            After::WriteBack(number) => self.written_back_here(now, number, out),
            After::Send { to, message } => send(to, message, out),
            After::Vouch {
                to,
                position,
                message,
            } => self.vouch(to, position, message, out),
            After::Reply(id) => {
                reply(id, Reply::Stored, out);
                self.see_to_transfers(now, out);
            }
            After::HandOver => self.see_to_transfers(now, out),
            After::Landed {
                handover,
                view,
                upto,
                last,
            } => self.landed(now, (handover, view), upto, last, out),
        }
    }

    /// A number for a new request of this life.
    pub(super) fn next_tag(&mut self) -> Tag {
        self.requests += 1;
        Tag {
            life: self.life,
            number: self.requests,
        }
    }

    /// The tag of a request of this life.
    pub(super) fn tag(&self, number: u64) -> Tag {
        Tag {
            life: self.life,
            number,
        }
    }

    /// A peer did not answer in time. It may have restarted, so its life is no longer known.
    pub(super) fn suspect(&mut self, now: Time, peer: NodeId) {
        let until = now.after(self.config.shape().timing.suspicion_us);
        self.detector.suspect(peer, until);
        self.lives.remove(&peer);
    }

    pub(super) fn flaw(&self, flaw: Flaw) -> bool {
        self.config.shape().flaw == Some(flaw)
    }
}

pub(super) fn reply(id: RequestId, reply: Reply, out: &mut Vec<Output>) {
    out.push(Output::Reply { id, reply });
}

pub(super) fn send(to: NodeId, message: Message, out: &mut Vec<Output>) {
    out.push(Output::Send { to, message });
}
