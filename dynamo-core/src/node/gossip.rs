//! Membership: told by an administrator, spread by gossip, kept on disk (§4.8).

use alloc::sync::Arc;
use alloc::vec::Vec;

use xxhash_rust::xxh3::xxh3_64;

use super::machine::{Node, reply, send};
use super::port::{Output, Refusal, Reply, RequestId, Time};
use super::timers::Timer;
use crate::batch::{After, Batch};
use crate::clock::NodeId;
use crate::flaw::Flaw;
use crate::membership::{Membership, Move};
use crate::message::Message;
use crate::shape::Detection;

/// One round of gossip in so many goes to a seed.
const SEED_ROUNDS: u64 = 3;

impl Node {
    /// An administrator tells this node of a member that joins or leaves. Answered once it is on
    /// disk; the others hear of it by gossip.
    pub(super) fn request_move(
        &mut self,
        now: Time,
        id: RequestId,
        node: NodeId,
        what: Move,
        out: &mut Vec<Output>,
    ) {
        let view = self.store.view();
        let members = view.membership().members();
        let refusal = match what {
            Move::Leave if !members.contains_key(&node) => Some(Refusal::NotAMember),
            Move::Leave if members.len() == 1 => Some(Refusal::LastMember),
            Move::Join(member) if members.get(&node) == Some(&member) => {
                Some(Refusal::MemberAlready)
            }
            _ => None,
        };
        if let Some(refusal) = refusal {
            return reply(id, Reply::Refused(refusal), out);
        }
        let mut history = view.membership().clone();
        history.record(now.0, self.id, node, what);
        if self.config.bears(&history) {
            self.adopt(now, history, Some(After::Reply(id)), out);
        } else {
            reply(id, Reply::Refused(Refusal::TooLarge), out);
        }
    }

    /// Sees to it that there is gossip. Nodes begin one after the other, not all at once.
    pub(super) fn schedule_gossip(&mut self, now: Time) {
        let shape = self.config.shape();
        if shape.gossip {
            let interval = shape.timing.gossip_us;
            let share = chance(self.id, 0) % interval;
            self.timers.set(Timer::Gossip, now.after(1).after(share));
        }
    }

    /// Tells a random peer how this node sees the cluster.
    pub(super) fn gossip(&mut self, now: Time, out: &mut Vec<Output>) {
        let interval = self.config.shape().timing.gossip_us;
        self.timers.set(Timer::Gossip, now.after(interval));
        if let Some(silent) = self.greeted.take() {
            self.suspect(now, silent);
        }
        let Some(peer) = self.random_peer(now) else {
            return;
        };
        if self.config.shape().detection == Detection::Heartbeats {
            self.greeted = Some(peer);
        }
        let view = self.store.view().mark();
        send(peer, Message::Gossip { view }, out);
    }

    /// Someone to gossip with: anyone who was ever told to join, now and then a seed, so that those
    /// who were told of at different nodes hear of one another (§4.8.2).
    fn random_peer(&self, now: Time) -> Option<NodeId> {
        let interval = self.config.shape().timing.gossip_us;
        let round = now.0 / interval;
        let seeds = &self.config.shape().seeds;
        let to_a_seed =
            round.is_multiple_of(SEED_ROUNDS) && seeds.iter().any(|seed| *seed != self.id);
        let peers = if to_a_seed {
            seeds
        } else {
            self.store.view().known()
        };
        let mut others = peers.iter().filter(|peer| **peer != self.id);
        let chosen = chance(self.id, now.0).checked_rem(others.clone().count() as u64)?;
        others.nth(chosen as usize).copied()
    }

    /// A peer tells how it sees the cluster.
    pub(super) fn gossiped(&mut self, now: Time, from: NodeId, view: u64, out: &mut Vec<Output>) {
        if self.store.view().mark() != view {
            self.send_history(now, from, out);
        } else if self.config.shape().detection == Detection::Heartbeats {
            send(from, Message::GossipAck, out);
        }
    }

    /// Tells a peer all there is to know of the members, and asks for the same. Not again while the
    /// answer may be on its way: where much is asked across views, one history is enough.
    pub(super) fn send_history(&mut self, now: Time, to: NodeId, out: &mut Vec<Output>) {
        let mark = self.store.view().mark();
        let patience = self.config.shape().timing.replica_us;
        let told = self.told.get(&to).copied();
        if told.is_some_and(|(view, at)| view == mark && at.after(patience) > now) {
            return;
        }
        self.told.insert(to, (mark, now));
        let changes = self.store.view().membership().clone();
        let wanted = true;
        send(to, Message::History { changes, wanted }, out);
    }

    /// A peer tells of changes.
    pub(super) fn history(
        &mut self,
        now: Time,
        from: NodeId,
        changes: &Membership,
        wanted: bool,
        out: &mut Vec<Output>,
    ) {
        let mut known = self.store.view().membership().clone();
        let lacking: Membership = changes.lacks(&known).into_iter().collect();
        if wanted && !lacking.is_empty() {
            let answer = Message::History {
                changes: lacking,
                wanted: false,
            };
            send(from, answer, out);
        }
        let news = if wanted && self.flaw(Flaw::TakeRemoteHistory) {
            let other = known != *changes;
            known = changes.clone();
            other
        } else {
            known.merge(changes)
        };
        if news && self.config.bears(&known) {
            self.adopt(now, known, None, out);
        }
    }

    /// Takes a longer history: from now on this node acts by it. What it must hand over or wait for
    /// goes to disk with it, all or nothing.
    fn adopt(&mut self, now: Time, known: Membership, after: Option<After>, out: &mut Vec<Output>) {
        let old = Arc::clone(self.store.view());
        let new = old.with(known);
        let mut batch = Batch::default();
        for change in old.membership().lacks(new.membership()) {
            if !self.flaw(Flaw::ForgetChanges) {
                batch.change(&change);
            }
        }
        let handovers = old.handovers(&new);
        self.store.follow(Arc::clone(&new));
        self.plan_handovers(handovers, &mut batch);
        self.store.move_hints(&old, &mut batch);
        self.commit(now, batch, after.or(Some(After::HandOver)), out);
        self.replan(now, out);
        self.hear_parked(now, out);
    }

    /// What this node coordinates goes on with the owners that there are now.
    fn replan(&mut self, now: Time, out: &mut Vec<Output>) {
        let gets: Vec<u64> = self.gets.keys().copied().collect();
        for number in gets {
            self.replan_get(now, number, out);
        }
        let puts: Vec<u64> = self.puts.keys().copied().collect();
        for number in puts {
            self.replan_put(now, number, out);
        }
        let forwardings: Vec<u64> = self.forwardings.keys().copied().collect();
        for number in forwardings {
            self.forward_again(now, number, out);
        }
    }
}

/// A number that depends on nothing but what it is for.
fn chance(node: NodeId, about: u64) -> u64 {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&node.0.to_le_bytes());
    bytes[4..].copy_from_slice(&about.to_le_bytes());
    xxh3_64(&bytes)
}
