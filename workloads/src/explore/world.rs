//! One state of the explored world, and what each choice makes of it.

use std::collections::BTreeMap;
use std::hash::Hash;
use std::sync::Arc;

use checker::kv::{KvCall, KvRet};
use checker::note::{Node, Note};
use checker::{OpId, Outcome, Process, Time};

use super::digest::{Digest, Scribe};
use super::disk::{Noted, Platter};
use super::past::{Apart, Lane, Past};
use super::scope::Bounds;
use crate::drive::said;
use crate::plan::{self, Plan, Step};
use crate::replica::{Input, Output, Reader, Replica, Reply, Request};
use crate::sim::Deployment;
use crate::subject::text;

/// How far ahead a timer may be that strikes before everything has come to rest, in microseconds: those
/// that somebody waits for are nearer, those of background rounds are not.
const PATIENCE_US: u64 = 300_000;

/// What stays the same in all states of one exploration.
#[derive(Debug)]
pub(super) struct Rules<D> {
    pub(super) deployment: D,
    pub(super) reader: Reader,
    pub(super) plan: Plan,
    pub(super) keys: Vec<String>,
    /// The steps of each client, in order.
    pub(super) queues: Vec<Vec<Step>>,
    /// The keys that fall into each Merkle range.
    pub(super) ranges: BTreeMap<String, Vec<String>>,
}

/// One thing that may happen next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Choice {
    /// A client makes its next call, and its node hears it.
    Call(u8),
    /// A message arrives.
    Deliver(u16),
    /// The oldest store of a node becomes durable, and the node hears of it.
    Sync(u8),
    /// The next timer of a node strikes.
    Timeout(u8),
    /// A node crashes and starts again; so many of its stores reached the disk.
    Crash(u8, u8),
    /// A message is lost.
    Lose(u16),
    /// A message arrives, and will arrive again.
    Repeat(u16),
}

/// A message under way.
#[derive(Debug)]
pub(super) struct Flight<M> {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) message: M,
    digest: Digest,
}

/// A node and its disk.
#[derive(Clone, Debug)]
pub(super) struct Seat<R> {
    replica: R,
    pub(super) platter: Platter,
    /// `None` once it has changed.
    digest: Option<Digest>,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Client {
    process: u64,
    /// How many calls it has made.
    pub(super) next: usize,
    /// The call that is not answered yet.
    open: Option<u64>,
    /// What its answered gets returned, by step.
    contexts: Vec<(u32, Arc<Vec<u8>>)>,
}

/// One state.
#[derive(Debug)]
pub(super) struct World<R: Replica> {
    pub(super) now: Time,
    pub(super) seats: Vec<Arc<Seat<R>>>,
    pub(super) flights: Vec<Arc<Flight<R::Message>>>,
    pub(super) clients: Vec<Client>,
    pub(super) past: Past,
    pub(super) left: Bounds,
    processes: u64,
}

impl<R: Replica> Clone for World<R> {
    fn clone(&self) -> Self {
        World {
            now: self.now,
            seats: self.seats.clone(),
            flights: self.flights.clone(),
            clients: self.clients.clone(),
            past: self.past.clone(),
            left: self.left,
            processes: self.processes,
        }
    }
}

impl<R> World<R>
where
    R: Replica<Message: Hash> + Clone + Hash,
{
    /// All nodes on empty disks, and nobody has called yet.
    pub(super) fn new<D>(rules: &Rules<D>, bounds: Bounds, scribe: &mut Scribe) -> Self
    where
        D: Deployment<Replica = R>,
    {
        let nodes = rules.plan.shape.nodes;
        let now = Time(0);
        let seat = |node| {
            let platter = Platter::default();
            Arc::new(Seat {
                replica: rules.deployment.start(node, platter.records(), now),
                platter,
                digest: None,
            })
        };
        let client = |process| Client {
            process,
            next: 0,
            open: None,
            contexts: Vec::new(),
        };
        let clients = rules.queues.len() as u64;
        let mut past = Past::new(nodes);
        for note in rules.deployment.setup(&rules.keys) {
            past.note(now, Lane::All, note, 0, scribe);
        }
        let mut world = World {
            now,
            seats: (0..nodes).map(seat).collect(),
            flights: Vec::new(),
            clients: (0..clients).map(client).collect(),
            past,
            left: bounds,
            processes: clients,
        };
        world.seal(scribe);
        world
    }

    /// All that may happen next, in an order that depends on nothing but the way to this state.
    pub(super) fn choices<D>(&self, rules: &Rules<D>) -> Vec<Choice> {
        let mut choices = Vec::new();
        for (index, client) in (0..).zip(&self.clients) {
            if client.open.is_none() && client.next < rules.queues[usize::from(index)].len() {
                choices.push(Choice::Call(index));
            }
        }
        // Of equal messages it does not matter which arrives.
        let flights: Vec<u16> = (0..)
            .zip(&self.flights)
            .filter(|(index, flight)| {
                let before = &self.flights[..usize::from(*index)];
                !before.iter().any(|other| other.digest == flight.digest)
            })
            .map(|(index, _)| index)
            .collect();
        choices.extend(flights.iter().copied().map(Choice::Deliver));
        for (node, seat) in (0..).zip(&self.seats) {
            if seat.platter.pending() > 0 {
                choices.push(Choice::Sync(node));
            }
        }
        if self.left.timeouts > 0 {
            let near = |seat: &Arc<Seat<R>>| {
                let due = seat.replica.deadline();
                due.is_some_and(|due| due.0 <= self.now.0.saturating_add(PATIENCE_US))
            };
            let near = (0..).zip(&self.seats).filter(|(_, seat)| near(seat));
            choices.extend(near.map(|(node, _)| Choice::Timeout(node)));
        }
        if self.left.crashes > 0 {
            for (node, seat) in (0..).zip(&self.seats) {
                let kept = 0..=seat.platter.pending() as u8;
                choices.extend(kept.map(|kept| Choice::Crash(node, kept)));
            }
        }
        if self.left.losses > 0 {
            choices.extend(flights.iter().copied().map(Choice::Lose));
        }
        if self.left.repeats > 0 {
            choices.extend(flights.iter().copied().map(Choice::Repeat));
        }
        choices
    }

    /// Whether nothing is under way, and no client can go on: only timers or a crash could change
    /// anything.
    pub(super) fn is_at_rest<D>(&self, rules: &Rules<D>) -> bool {
        let mut clients = self.clients.iter().zip(&rules.queues);
        self.flights.is_empty()
            && self.seats.iter().all(|seat| seat.platter.pending() == 0)
            && clients.all(|(client, queue)| client.open.is_some() || client.next == queue.len())
    }

    /// Makes a choice.
    pub(super) fn choose<D>(&mut self, rules: &Rules<D>, choice: Choice, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        match choice {
            Choice::Call(client) => self.call(rules, usize::from(client), scribe),
            Choice::Deliver(flight) => self.deliver(rules, usize::from(flight), scribe),
            Choice::Sync(node) => self.sync(rules, u32::from(node), scribe),
            Choice::Timeout(node) => {
                self.left.timeouts -= 1;
                self.wake(rules, u32::from(node), scribe);
            }
            Choice::Crash(node, kept) => self.crash(rules, u32::from(node), kept, scribe),
            Choice::Lose(flight) => {
                self.left.losses -= 1;
                self.flights.remove(usize::from(flight));
            }
            Choice::Repeat(flight) => {
                self.left.repeats -= 1;
                let again = Arc::clone(&self.flights[usize::from(flight)]);
                self.deliver(rules, usize::from(flight), scribe);
                self.flights.push(again);
            }
        }
        self.seal(scribe);
    }

    /// What tells this state from others.
    pub(super) fn digest(&self, apart: Apart, scribe: &mut Scribe) -> Digest {
        let seats = self.seats.iter().map(|seat| seat.digest);
        let seats: Vec<Option<Digest>> = seats.collect();
        // Messages have no order.
        let flights = self.flights.iter().map(|flight| flight.digest);
        let flights = flights.fold(0, Digest::wrapping_add);
        let past = self.past.digest(apart, scribe);
        scribe.digest(&(self.now, seats, flights, &self.clients, past, self.left))
    }

    fn call<D>(&mut self, rules: &Rules<D>, client: usize, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        let step = &rules.queues[client][self.clients[client].next];
        let (call, request) = self.asked(client, step);
        let caller = &mut self.clients[client];
        caller.next += 1;
        let op = u64::from(step.id);
        caller.open = Some(op);
        let process = Process(caller.process);
        self.past.call(self.now, (OpId(op), process), call, scribe);
        self.hear(rules, step.via, Input::Request { id: op, request }, scribe);
    }

    /// What a step says to the history, and to the store. Programs forge nothing, and do not try again.
    fn asked(&self, client: usize, step: &Step) -> (KvCall, Request) {
        // A get that was never answered leaves no context.
        let mut contexts = self.clients[client].contexts.iter();
        let get = match step.call {
            plan::Call::Put { context, .. } | plan::Call::Delete { context, .. } => context,
            _ => None,
        };
        let read = get.and_then(|get| contexts.find(|(step, _)| *step == get));
        said(step, read.map(|(get, context)| (*get, context.as_slice())))
    }

    /// A call that is no step of the plan. It has a session of its own.
    pub(super) fn read<D>(
        &mut self,
        rules: &Rules<D>,
        (op, via): (u64, u32),
        key: &str,
        scribe: &mut Scribe,
    ) where
        D: Deployment<Replica = R>,
    {
        let process = self.processes;
        self.processes += 1;
        self.clients.push(Client {
            process,
            next: 0,
            open: Some(op),
            contexts: Vec::new(),
        });
        let name = key.to_owned();
        let names = (OpId(op), Process(process));
        self.past
            .call(self.now, names, KvCall::Get { key: name }, scribe);
        let key = key.as_bytes().to_vec();
        let request = Request::Get { key };
        self.hear(rules, via, Input::Request { id: op, request }, scribe);
    }

    /// Whether any call is not answered yet.
    pub(super) fn is_open(&self) -> bool {
        self.clients.iter().any(|client| client.open.is_some())
    }

    pub(super) fn deliver<D>(&mut self, rules: &Rules<D>, flight: usize, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        let flight = self.flights.remove(flight);
        let Flight {
            from, to, message, ..
        } = &*flight;
        for key in R::carries(message) {
            let kind = R::kind(message);
            let identity = scribe.digest(&(from, kind, &key));
            let note = Note::Transfer {
                from: Node(*from),
                to: Node(*to),
                kind: kind.into(),
                key,
            };
            let lane = Lane::Disk(*to);
            self.past.note(self.now, lane, note, identity, scribe);
        }
        let (from, message) = (*from, message.clone());
        self.hear(rules, *to, Input::Message { from, message }, scribe);
    }

    fn sync<D>(&mut self, rules: &Rules<D>, node: u32, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        let mut noted = Vec::new();
        let ticket = self
            .seat(node)
            .platter
            .sync((node, rules.reader), scribe, &mut noted);
        self.note_all(noted, scribe);
        if let Some(ticket) = ticket {
            self.hear(rules, node, Input::Stored { ticket }, scribe);
        }
    }

    /// The next timer of a node strikes: it is later than before, for all nodes.
    pub(super) fn wake<D>(&mut self, rules: &Rules<D>, node: u32, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        let due = self.seats[node as usize].replica.deadline();
        self.now = Time(self.now.0 + 1).max(due.unwrap_or_default());
        self.hear(rules, node, Input::Wake, scribe);
    }

    fn crash<D>(&mut self, rules: &Rules<D>, node: u32, kept: u8, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        self.left.crashes -= 1;
        // No two lives of a node begin at the same time.
        self.now = Time(self.now.0 + 1);
        let mut noted = Vec::new();
        let platter = &mut self.seat(node).platter;
        for _ in 0..kept {
            platter.sync((node, rules.reader), scribe, &mut noted);
        }
        platter.lose();
        self.note_all(noted, scribe);
        let lane = Lane::Disk(node);
        self.past
            .note(self.now, lane, Note::Crash(Node(node)), 0, scribe);
        for step in rules.queues.iter().flatten() {
            if step.via == node {
                let unknown = Outcome::Unknown;
                self.end(u64::from(step.id), unknown, None, scribe);
            }
        }
        self.past
            .note(self.now, lane, Note::Restart(Node(node)), 1, scribe);
        let now = self.now;
        let seat = self.seat(node);
        seat.replica = rules.deployment.start(node, seat.platter.records(), now);
        if self.left.crashes == 0 {
            for node in 0..self.seats.len() as u32 {
                self.sync_all(rules, node, scribe);
            }
        }
    }

    fn hear<D>(
        &mut self,
        rules: &Rules<D>,
        node: u32,
        input: Input<R::Message>,
        scribe: &mut Scribe,
    ) where
        D: Deployment<Replica = R>,
    {
        let mut outputs = Vec::new();
        let now = self.now;
        self.seat(node).replica.handle(now, input, &mut outputs);
        for output in outputs {
            match output {
                Output::Send { to, message } => self.send(node, to, message, scribe),
                Output::Reply { id, reply } => self.reply(id, reply, scribe),
                Output::Store { ticket, writes } => self.seat(node).platter.store(ticket, writes),
            }
        }
        if self.left.crashes == 0 {
            self.sync_all(rules, node, scribe);
        }
    }

    /// Where no crash can come any more, stores are durable at once.
    pub(super) fn sync_all<D>(&mut self, rules: &Rules<D>, node: u32, scribe: &mut Scribe)
    where
        D: Deployment<Replica = R>,
    {
        while self.seats[node as usize].platter.pending() > 0 {
            self.sync(rules, node, scribe);
        }
    }

    fn send(&mut self, from: u32, to: u32, message: R::Message, scribe: &mut Scribe) {
        if to as usize >= self.seats.len() {
            return;
        }
        let digest = scribe.digest(&(from, to, &message));
        self.flights.push(Arc::new(Flight {
            from,
            to,
            message,
            digest,
        }));
    }

    fn reply(&mut self, op: u64, reply: Reply, scribe: &mut Scribe) {
        let (outcome, context) = match reply {
            Reply::Values { values, context } => {
                let values = values.iter().map(|value| text(value)).collect();
                (Outcome::Ok(KvRet::Values(values)), Some(context))
            }
            Reply::Stored => (Outcome::Ok(KvRet::Stored), None),
            Reply::Refused(_) => (Outcome::Fail, None),
            Reply::Unavailable => (Outcome::Unknown, None),
        };
        self.end(op, outcome, context, scribe);
    }

    /// Ends a call, unless it is over.
    fn end(
        &mut self,
        op: u64,
        outcome: Outcome<KvRet>,
        context: Option<Vec<u8>>,
        scribe: &mut Scribe,
    ) {
        let clients = self.clients.len() as u64;
        let mut open = self.clients.iter_mut();
        let Some(client) = open.find(|client| client.open == Some(op)) else {
            return;
        };
        client.open = None;
        if outcome == Outcome::Unknown {
            client.process += clients;
            self.processes = self.processes.max(client.process + 1);
        }
        let identity = match &outcome {
            Outcome::Ok(KvRet::Values(values)) => scribe.digest(&(0_u8, values, &context)),
            Outcome::Ok(KvRet::Stored) => 1,
            Outcome::Fail => 2,
            Outcome::Unknown => 3,
        };
        if let (Some(context), Ok(step)) = (context, u32::try_from(op)) {
            client.contexts.push((step, Arc::new(context)));
        }
        self.past.end(self.now, OpId(op), outcome, identity, scribe);
    }

    fn note_all(&mut self, noted: Vec<Noted>, scribe: &mut Scribe) {
        for (lane, note, identity) in noted {
            self.past.note(self.now, lane, note, identity, scribe);
        }
    }

    /// A node that is about to change.
    fn seat(&mut self, node: u32) -> &mut Seat<R> {
        let seat = Arc::make_mut(&mut self.seats[node as usize]);
        seat.digest = None;
        seat
    }

    /// Takes the digests of nodes that have changed.
    fn seal(&mut self, scribe: &mut Scribe) {
        for seat in self.seats.iter_mut().filter(|seat| seat.digest.is_none()) {
            let seat = Arc::make_mut(seat);
            seat.digest = Some(scribe.digest(&(&seat.replica, &seat.platter)));
        }
    }

    /// The node that wakes next, and when.
    pub(super) fn next_wake(&self) -> Option<(Time, u32)> {
        let due = (0..)
            .zip(&self.seats)
            .filter_map(|(node, seat)| Some((seat.replica.deadline()?, node)));
        due.min()
    }

    /// The roots of each node's Merkle trees.
    pub(super) fn roots(&self) -> Vec<(u32, Vec<(String, String)>)> {
        let seats = (0..).zip(&self.seats);
        seats
            .map(|(node, seat)| (node, seat.replica.roots()))
            .collect()
    }
}

/// The steps of a plan by client.
pub(super) fn queues(plan: &Plan) -> Vec<Vec<Step>> {
    let mut queues: Vec<Vec<Step>> = Vec::new();
    for step in &plan.steps {
        let client = step.client as usize;
        if queues.len() <= client {
            queues.resize_with(client + 1, Vec::new);
        }
        queues[client].push(step.clone());
    }
    queues
}
