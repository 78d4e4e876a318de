//! How a node hears what reaches it, and how what it does takes effect.

use checker::note::{Node, Note};
use checker::{Outcome, Time};

use crate::fault::BACKLOG_US_MAX;
use crate::luck::{Key, Purpose};
use crate::replica::{Input, Output, Replica, Reply};
use crate::sim::deployment::Deployment;
use crate::sim::disk::Writes;
use crate::sim::event::{Arrival, Event, Held, Stage};
use crate::sim::network::Sent;
use crate::sim::trace::Mark;
use crate::sim::world::{MessageOf, Sim};
use crate::subject::Answer;

const WAKE: Key = Key::named("wake");
const SYNC: Purpose = Purpose::named("sync latency");

// Parts of an input's key, apart from the kinds of its messages.
const STORE: u64 = 1;
const AGAIN: u64 = 2;

impl<D: Deployment> Sim<D> {
    /// Starts the node on what its disk holds.
    pub(crate) fn start(&mut self, node: u32) {
        let seat = &mut self.seats[node as usize];
        let now = seat.clock.starts(self.now);
        let replica = self.deployment.start(node, &seat.platter.disk(), now);
        seat.replica = Some(replica);
        self.rearm(node);
    }

    /// Something has reached the node; it hears it now, or when it gets to it.
    pub(crate) fn reach(&mut self, node: u32, key: Key, arrival: Arrival<MessageOf<D>>) {
        let seat = &mut self.seats[node as usize];
        let by: u64 = seat.slow.iter().map(|(_, by)| by).sum();
        if by == 0 && seat.busy_until <= self.now {
            self.serve(node, key, arrival);
            return;
        }
        let done = seat.busy_until.max(self.now).0.saturating_add(by);
        let last = self.now.0.saturating_add(BACKLOG_US_MAX);
        seat.busy_until = seat.busy_until.max(Time(done.min(last)));
        let (at, epoch) = (seat.busy_until, seat.epoch);
        let served = Event::Served {
            node,
            epoch,
            key,
            arrival,
        };
        self.queue.add(at, served);
    }

    /// The node gets to something; it hears it, or when it is no longer paused.
    pub(crate) fn serve(&mut self, node: u32, key: Key, arrival: Arrival<MessageOf<D>>) {
        let seat = &mut self.seats[node as usize];
        if seat.pauses > 0 {
            self.trace.mark(self.now, Mark::Waits, node, key.0);
            seat.waiting.push_back((key, arrival));
        } else {
            self.hear(node, key, arrival);
        }
    }

    /// The node hears something.
    pub(crate) fn hear(&mut self, node: u32, key: Key, arrival: Arrival<MessageOf<D>>) {
        match arrival {
            Arrival::Ask { call } => {
                let Some(request) = self.calls[call].request.take() else {
                    return;
                };
                self.trace.mark(self.now, Mark::Asked, node, key.0);
                let id = call as u64;
                self.handle(node, key, Input::Request { id, request });
            }
            Arrival::Message {
                from,
                message,
                carried,
            } => {
                self.trace.mark(self.now, Mark::Message, node, key.0);
                if let Some(record) = &mut self.record {
                    record.heard(self.now, key.0);
                }
                let kind = D::Replica::kind(&message);
                for carried in carried {
                    self.notes.push(Note::Transfer {
                        from: Node(from),
                        to: Node(node),
                        kind: kind.into(),
                        key: carried,
                    });
                }
                self.publish();
                self.handle(node, key, Input::Message { from, message });
            }
            Arrival::Stored { ticket } => {
                self.trace.mark(self.now, Mark::Stored, node, key.0);
                self.handle(node, key, Input::Stored { ticket });
            }
        }
    }

    /// A wake is due, unless it is stale or the replica has put it off.
    pub(crate) fn wake(&mut self, node: u32) {
        let seat = &mut self.seats[node as usize];
        if seat.wake != Some(self.now) {
            return;
        }
        seat.wake = None;
        let Some(replica) = &seat.replica else {
            return;
        };
        if seat.pauses > 0 {
            return;
        }
        if seat.busy_until > self.now {
            let at = seat.busy_until;
            seat.wake = Some(at);
            self.queue.add(at, Event::Wake { node });
            return;
        }
        let says = seat.clock.says(self.now);
        if replica.deadline().is_some_and(|due| due <= says) {
            let key = WAKE.child(u64::from(node)).child(self.now.0);
            self.trace.mark(self.now, Mark::Wake, node, key.0);
            self.handle(node, key, Input::Wake);
        } else {
            self.rearm(node);
        }
    }

    /// Sees to it that a wake comes no later than the deadline, and at least a microsecond from now.
    ///
    /// A wake that has become too early stays in the queue; when it comes the deadline is looked at
    /// again. That is cheaper than a new wake for every input.
    pub(crate) fn rearm(&mut self, node: u32) {
        let seat = &mut self.seats[node as usize];
        let Some(due) = seat.replica.as_ref().and_then(Replica::deadline) else {
            return;
        };
        let due = seat.clock.when(self.now, due);
        let at = due.max(Time(self.now.0.saturating_add(1)));
        if seat.wake.is_none_or(|earlier| at < earlier) {
            seat.wake = Some(at);
            self.queue.add(at, Event::Wake { node });
        }
    }

    pub(crate) fn handle(&mut self, node: u32, key: Key, input: Input<MessageOf<D>>) {
        let seat = &mut self.seats[node as usize];
        let Some(replica) = &mut seat.replica else {
            return;
        };
        let mut outputs = std::mem::take(&mut self.outputs);
        replica.handle(seat.clock.says(self.now), input, &mut outputs);
        let mut stores = 0;
        for output in outputs.drain(..) {
            match output {
                Output::Send { to, message } => self.send(node, to, key, message),
                Output::Reply { id, reply } => self.reply(node, id, reply),
                Output::Store { ticket, writes } => {
                    let key = key.child(STORE).child(stores);
                    stores += 1;
                    self.store(node, ticket, key, writes);
                }
            }
        }
        self.sent.clear();
        self.outputs = outputs;
        self.rearm(node);
    }

    /// The identity of a message that an input caused: equal in every run in which that input causes
    /// it, whatever else happens.
    fn identity(&mut self, cause: Key, to: u32, kind: &str, carried: &[String]) -> Key {
        let mut same = cause.child_named(kind).child(u64::from(to));
        for key in carried {
            same = same.child_named(key);
        }
        let ordinal = self.sent.iter().filter(|sent| **sent == same).count();
        self.sent.push(same);
        same.child(ordinal as u64)
    }

    /// Writes down that a message sets out, if that is asked for.
    fn write_down(&mut self, key: Key, link: (u32, u32), message: &MessageOf<D>) {
        if let Some(record) = &mut self.record
            && let Some(about) = D::Replica::about(message)
        {
            let kind = D::Replica::kind(message);
            record.sent(self.now, key.0, link, kind, about);
        }
    }

    fn send(&mut self, node: u32, to: u32, cause: Key, message: MessageOf<D>) {
        if to as usize >= self.seats.len() {
            return;
        }
        let carried = D::Replica::carries(&message);
        let key = self.identity(cause, to, D::Replica::kind(&message), &carried);
        self.write_down(key, (node, to), &message);
        if to == node {
            let epoch = self.seats[node as usize].epoch;
            self.queue.add(
                Time(self.now.0.saturating_add(1)),
                Event::Echo {
                    node,
                    epoch,
                    key,
                    message,
                },
            );
            return;
        }
        let kind = D::Replica::kind(&message);
        let fates = self.network.fates().len();
        let sent = self.network.send(self.now, (node, to), kind, key);
        if self.network.fates().len() > fates {
            self.struck.insert(key.0, (kind, node, to));
        }
        let passage = match sent {
            Sent::Carried(passage) => passage,
            Sent::Held(window) => {
                self.held.push(Held {
                    window,
                    since: self.now,
                    from: node,
                    to,
                    key,
                    message,
                    carried,
                });
                return;
            }
            Sent::Lost => {
                self.trace.mark(self.now, Mark::Dropped, to, key.0);
                return;
            }
        };
        for (ordinal, at) in passage.again.iter().enumerate() {
            self.queue.add(
                *at,
                Event::Message {
                    from: node,
                    to,
                    key: key.child(AGAIN).child(ordinal as u64),
                    message: message.clone(),
                    carried: carried.clone(),
                },
            );
        }
        self.queue.add(
            passage.at,
            Event::Message {
                from: node,
                to,
                key,
                message,
                carried,
            },
        );
    }

    /// What this window held back sets out.
    pub(crate) fn unclog(&mut self, window: u32) {
        let (free, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|held: &Held<_>| held.window == window);
        self.held = held;
        for message in free {
            let kind = D::Replica::kind(&message.message);
            if let Some(window) = self.network.clogged((message.from, message.to), kind) {
                self.held.push(Held { window, ..message });
                continue;
            }
            let Held {
                since,
                from,
                to,
                key,
                message,
                carried,
                ..
            } = message;
            let at = self.network.release(self.now, since, key);
            self.struck.insert(key.0, (kind, from, to));
            let message = Event::Message {
                from,
                to,
                key,
                message,
                carried,
            };
            self.queue.add(at, message);
        }
    }

    fn reply(&mut self, node: u32, id: u64, reply: Reply) {
        // An answer to a call that the node does not have, or has answered, reaches nobody.
        let call = id as usize;
        let open =
            |call: &crate::sim::event::Call| call.node == node && call.stage == Stage::Accepted;
        if !self.calls.get(call).is_some_and(open) {
            return;
        }
        if let Some(record) = &mut self.record {
            record.answered(self.now, self.calls[call].op);
        }
        let outcome = match reply {
            Reply::Values { values, context } => Outcome::Ok(Answer::Values { values, context }),
            Reply::Stored => Outcome::Ok(Answer::Stored),
            Reply::Refused(_) => Outcome::Fail,
            Reply::Unavailable => Outcome::Unknown,
        };
        self.answer(call, outcome);
    }

    fn store(&mut self, node: u32, ticket: u64, key: Key, writes: Writes) {
        let (min, max) = (self.pace.sync_us_min, self.pace.sync_us_max);
        let latency = self.luck.mostly_low(key, SYNC, min, max);
        let seat = &mut self.seats[node as usize];
        let earliest = Time(self.now.0.saturating_add(latency));
        let at = seat.platter.store(earliest, ticket, key, writes);
        let epoch = seat.epoch;
        self.queue.add(at, Event::Synced { node, epoch });
    }
}
