//! The simulated world: what is in it, and how each event changes it.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;

use checker::note::{Node, Note};
use checker::{Outcome, Time};

use crate::fault::{Fate, Fault};
use crate::luck::{Key, Luck, Purpose};
use crate::replica::{Disk, Output, Replica};
use crate::sim::admin::Admin;
use crate::sim::deployment::Deployment;
use crate::sim::disk::{Platter, Tail};
use crate::sim::event::{Arrival, Call, Event, Held, Seat, Stage};
use crate::sim::network::Network;
use crate::sim::pace::Pace;
use crate::sim::queue::{Queue, Rank};
use crate::sim::record::Record;
use crate::sim::trace::{Mark, Marked, Trace, departure};
use crate::subject::{Answer, Happening};

pub(crate) const THERE: Purpose = Purpose::named("client latency there");
pub(crate) const BACK: Purpose = Purpose::named("client latency back");

/// The messages of a deployment.
pub(crate) type MessageOf<D> = <<D as Deployment>::Replica as Replica>::Message;

/// Replicas with a network, disks and faults around them, in virtual time; a
/// [`Subject`](crate::subject::Subject).
///
/// Time stands still between calls of `advance`. What happens at the very time that `advance` is asked
/// to reach happens after it: a fault that begins at a time acts on everything sent at that time, and
/// one that ends there on nothing. Which fault windows are open leaves no trace but their effects.
pub struct Sim<D: Deployment> {
    pub(crate) deployment: D,
    pub(crate) luck: Luck,
    pub(crate) pace: Pace,
    pub(crate) now: Time,
    pub(crate) queue: Queue<Event<MessageOf<D>>>,
    pub(crate) network: Network,
    /// Kind and ends of the messages that chance did something to.
    pub(crate) struck: BTreeMap<u64, (&'static str, u32, u32)>,
    /// What clogged links hold back, in the order in which it was sent.
    pub(crate) held: Vec<Held<MessageOf<D>>>,
    pub(crate) seats: Vec<Seat<D::Replica>>,
    /// The disks as they were when these windows opened.
    pub(crate) backups: Vec<(u32, Disk)>,
    pub(crate) calls: Vec<Call>,
    pub(crate) begun: Vec<(u32, Fault)>,
    pub(crate) admin: Admin,
    pub(crate) ready: VecDeque<Happening>,
    pub(crate) trace: Trace,
    /// What the network carries, if that is written down.
    pub(crate) record: Option<Record>,
    pub(crate) events: u64,
    pub(crate) stuck: Option<String>,
    // Kept empty between events; their memory is used again.
    pub(crate) outputs: Vec<Output<MessageOf<D>>>,
    pub(crate) notes: Vec<Note>,
    pub(crate) sent: Vec<Key>,
}

impl<D: Deployment> fmt::Debug for Sim<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sim")
            .field("now", &self.now)
            .field("nodes", &self.seats.len())
            .field("calls", &self.calls.len())
            .field("events", &self.events)
            .field("stuck", &self.stuck)
            .finish_non_exhaustive()
    }
}

impl<D: Deployment> Sim<D> {
    /// Starts this many nodes, at least one, on empty disks at time zero.
    pub fn new(deployment: D, nodes: u32, seed: u64) -> Self {
        Sim::with_pace(deployment, nodes, seed, Pace::default())
    }

    /// As [`Sim::new`], with durations other than the usual ones.
    pub fn with_pace(deployment: D, nodes: u32, seed: u64, pace: Pace) -> Self {
        let nodes = nodes.max(1);
        let luck = Luck::new(seed);
        let reader = deployment.reader();
        let seat = |node| Seat::new(Platter::new(node, reader));
        let admin = Admin::new(nodes, &deployment);
        let mut sim = Sim {
            deployment,
            luck,
            pace,
            now: Time(0),
            queue: Queue::new(),
            network: Network::new(luck, nodes, &pace),
            struck: BTreeMap::new(),
            held: Vec::new(),
            backups: Vec::new(),
            seats: (0..nodes).map(seat).collect(),
            calls: Vec::new(),
            begun: Vec::new(),
            admin,
            ready: VecDeque::new(),
            trace: Trace::new(),
            record: None,
            events: 0,
            stuck: None,
            outputs: Vec::new(),
            notes: Vec::new(),
            sent: Vec::new(),
        };
        for node in 0..nodes {
            sim.start(node);
        }
        sim
    }

    /// What random loss, delay and repetition did to messages, in the order in which that was known.
    ///
    /// A plan with one [`Fault::Deliver`] for each of these, open from that time until a microsecond
    /// later, in place of the windows that [strike messages](Fault::strikes_messages), runs exactly the
    /// same way. What a cut or a crash swallowed is not listed.
    pub fn fates(&self) -> &[(Time, u64, Fate)] {
        self.network.fates()
    }

    /// Why the run was stopped: the replicas did not come to rest. All later calls end unknown.
    pub fn stuck(&self) -> Option<String> {
        self.stuck.clone()
    }

    /// From now on, events are written down, for [`Sim::departure`].
    pub fn keep_log(&mut self) {
        self.trace.keep();
    }

    /// From now on, what the network carries is written down, for [`Sim::network`]. Nothing goes another way.
    pub fn keep_network(&mut self) {
        self.record.get_or_insert_default();
    }

    /// What the network carried since [`Sim::keep_network`].
    pub fn network(&self) -> checker::network::Network {
        self.record
            .as_ref()
            .map(Record::network)
            .unwrap_or_default()
    }

    /// What was written down since [`Sim::keep_log`], each with the number after it.
    pub fn log(&self) -> Vec<String> {
        let log = self.trace.log().iter();
        log.map(Marked::numbered).collect()
    }

    /// The first event in which this run differs from another one, of those that were written down.
    pub fn departure(&self, other: &Self) -> Option<String> {
        departure(self.trace.log(), other.trace.log())
    }

    /// How many events have happened.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The present time.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Makes one event happen.
    pub(crate) fn step(&mut self, event: Event<MessageOf<D>>) {
        self.events += 1;
        if self.events > self.pace.events_max {
            self.give_up(&event);
            return;
        }
        match event {
            Event::Ask { call } => self.ask(call),
            Event::Message {
                from,
                to,
                key,
                message,
                carried,
            } => {
                if self.network.is_cut(from, to) || self.seats[to as usize].crashes > 0 {
                    self.trace.mark(self.now, Mark::Dropped, to, key.0);
                    return;
                }
                self.reach(
                    to,
                    key,
                    Arrival::Message {
                        from,
                        message,
                        carried,
                    },
                );
            }
            Event::Echo {
                node,
                epoch,
                key,
                message,
            } => {
                if self.seats[node as usize].epoch == epoch {
                    let (from, carried) = (node, Vec::new());
                    self.reach(
                        node,
                        key,
                        Arrival::Message {
                            from,
                            message,
                            carried,
                        },
                    );
                }
            }
            Event::Wake { node } => self.wake(node),
            Event::Order {
                member,
                serial,
                attempt,
            } => self.order(member, serial, attempt),
            Event::Served {
                node,
                epoch,
                key,
                arrival,
            } => {
                if self.seats[node as usize].epoch == epoch {
                    self.serve(node, key, arrival);
                }
            }
            Event::Resume { node } => self.resume(node),
            Event::Synced { node, epoch } => self.synced(node, epoch),
            Event::End { call, outcome } => self.end(call, outcome),
        }
    }

    fn ask(&mut self, call: usize) {
        let Call { key, node, .. } = self.calls[call];
        if self.seats[node as usize].crashes > 0 {
            // Refused before the store knew of it: the one failure that a client can be certain of.
            self.trace.mark(self.now, Mark::Refused, node, key.0);
            self.answer(call, Outcome::Fail);
            return;
        }
        self.calls[call].stage = Stage::Accepted;
        self.reach(node, key, Arrival::Ask { call });
    }

    /// Sends an answer to the client of a call.
    pub(crate) fn answer(&mut self, call: usize, outcome: Outcome<Answer>) {
        let asked = &mut self.calls[call];
        asked.stage = Stage::Answered;
        let (min, max) = (self.pace.client_us_min, self.pace.client_us_max);
        let latency = self.luck.between(asked.key, BACK, min, max);
        let at = Time(self.now.0.saturating_add(latency));
        self.queue
            .add_ranked(at, Rank::Last, Event::End { call, outcome });
    }

    fn synced(&mut self, node: u32, epoch: u32) {
        let seat = &mut self.seats[node as usize];
        if seat.epoch != epoch {
            return;
        }
        if seat.stalls > 0 {
            seat.stalled += 1;
            return;
        }
        let Some((ticket, key)) = seat.platter.sync(&mut self.trace, &mut self.notes) else {
            return;
        };
        self.trace.mark(self.now, Mark::Synced, node, key.0);
        self.learn(node);
        self.publish();
        self.reach(node, key, Arrival::Stored { ticket });
    }

    /// Ends a call, unless it is over.
    pub(crate) fn end(&mut self, call: usize, outcome: Outcome<Answer>) {
        let Call {
            op,
            key,
            node,
            stage,
            ..
        } = self.calls[call];
        if stage == Stage::Over {
            return;
        }
        self.calls[call].stage = Stage::Over;
        self.trace.mark(self.now, Mark::Ended, node, key.0);
        match &outcome {
            Outcome::Ok(Answer::Values { values, context }) => {
                for value in values {
                    self.trace.bytes(value);
                }
                self.trace.bytes(context);
            }
            Outcome::Ok(Answer::Stored) => self.trace.bytes(b"stored"),
            Outcome::Fail => self.trace.bytes(b"fail"),
            Outcome::Unknown => self.trace.bytes(b"unknown"),
        }
        self.ready.push_back(Happening::Completion {
            op,
            at: self.now,
            outcome,
        });
    }

    /// Hands out the notes that were collected.
    pub(crate) fn publish(&mut self) {
        if self.notes.is_empty() {
            return;
        }
        let at = self.now;
        self.ready.extend(
            self.notes
                .drain(..)
                .map(|note| Happening::Noted { at, note }),
        );
    }

    /// Begins a crash window.
    pub(crate) fn crash(&mut self, node: u32) {
        let seat = &mut self.seats[node as usize];
        seat.crashes += 1;
        if seat.crashes > 1 {
            return;
        }
        seat.replica = None;
        seat.wake = None;
        seat.epoch += 1;
        seat.waiting.clear();
        seat.busy_until = Time(0);
        seat.stalled = 0;
        let tail = if seat.scrambles > 0 {
            Tail::Scrambled
        } else {
            Tail::Prefix
        };
        seat.platter
            .crash(tail, self.luck, &mut self.trace, &mut self.notes);
        self.learn(node);
        self.notes.push(Note::Crash(Node(node)));
        self.trace.mark(self.now, Mark::Crashed, node, 0);
        self.publish();
        for call in 0..self.calls.len() {
            if self.calls[call].node == node && self.calls[call].stage == Stage::Accepted {
                self.end(call, Outcome::Unknown);
            }
        }
    }

    /// Ends a crash window.
    pub(crate) fn restart(&mut self, node: u32) {
        let seat = &mut self.seats[node as usize];
        seat.crashes -= 1;
        if seat.crashes == 0 {
            self.notes.push(Note::Restart(Node(node)));
            self.trace.mark(self.now, Mark::Restarted, node, 0);
            self.publish();
            self.start(node);
        }
    }

    /// Begins a pause window.
    pub(crate) fn pause(&mut self, node: u32) {
        self.trace.mark(self.now, Mark::Paused, node, 0);
        self.seats[node as usize].pauses += 1;
    }

    /// Ends a pause window.
    ///
    /// What waited is heard as an event of its own: other faults that begin now come first, and act on
    /// what the node will send.
    pub(crate) fn unpause(&mut self, node: u32) {
        self.seats[node as usize].pauses -= 1;
        self.queue
            .add_ranked(self.now, Rank::First, Event::Resume { node });
    }

    fn resume(&mut self, node: u32) {
        if self.seats[node as usize].pauses > 0 {
            return;
        }
        self.trace.mark(self.now, Mark::Resumed, node, 0);
        while let Some((key, arrival)) = self.seats[node as usize].waiting.pop_front() {
            self.hear(node, key, arrival);
        }
        self.rearm(node);
    }

    fn give_up(&mut self, next: &Event<MessageOf<D>>) {
        let busy = match next {
            Event::Wake { node } => format!("a wake of n{node}"),
            Event::Message { to, message, .. } => {
                format!("a {} message to n{to}", D::Replica::kind(message))
            }
            Event::Echo { node, .. } => format!("a message of n{node} to itself"),
            Event::Synced { node, .. } => format!("a store of n{node}"),
            Event::Served { node, .. } => format!("what n{node} got to"),
            Event::Resume { node } => format!("the end of a pause of n{node}"),
            Event::Order { member, .. } => format!("an order about n{member}"),
            Event::Ask { .. } | Event::End { .. } => "a client".into(),
        };
        self.stuck = Some(format!(
            "the replicas did not come to rest within {} events; at {} µs the next was {busy}",
            self.pace.events_max, self.now.0,
        ));
        for call in 0..self.calls.len() {
            self.end(call, Outcome::Unknown);
        }
    }
}
