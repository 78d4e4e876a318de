//! A client that finds its way by itself: client-driven coordination (§6.4).
//!
//! It asks a random node for the membership every so often, lays out the same ring as the nodes do,
//! and sends each request straight to a node that can coordinate it. That saves the hop from the
//! node that a load balancer happened to choose. What it knows is old by one interval at most, as
//! long as the node that it asked knows better; where it is wrong, a node that gets a put which is
//! not its own hands it on, so the client is slower then and never wrong.
//!
//! A put is sent to one node only. If no answer comes, it may have happened or may still happen, and
//! a second put would be a second event, a sibling of the first: so the caller is told
//! [`Reply::Unavailable`], and decides. Only where the put was certainly not applied, because it was
//! never sent or was refused for its address, another node is asked. Gets are asked again elsewhere.
//!
//! ```
//! use std::sync::Arc;
//! use dynamo_core::client::{Client, Habits, Input, Output};
//! use dynamo_core::{Config, Reply, Request, RequestId, Shape, Terms, Time};
//!
//! let config = Arc::new(Config::new(Shape::default())?);
//! let mut client = Client::new(7, config.clone(), Habits::default(), Time(0));
//! let mut out = Vec::new();
//! let request = Request::Get { key: b"cart".to_vec(), terms: Terms::default() };
//! client.handle(Time(1), Input::Call { id: RequestId(1), request }, &mut out);
//! let Some(Output::Ask { to, .. }) = out.pop() else { panic!() };
//! assert!(config.owners(config.ring().range_of(b"cart")).contains(&to));
//! # Ok::<(), dynamo_core::Invalid>(())
//! ```

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;

use xxhash_rust::xxh3::xxh3_64;

use crate::clock::NodeId;
use crate::config::Config;
use crate::detector::Detector;
use crate::membership::Membership;
use crate::node::{Refusal, Reply, Request, RequestId, Time};
use crate::view::View;

/// What a client does as it likes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Habits {
    /// Between two polls for the membership; the paper's 10 s. At least 1.
    pub poll_us: u64,
    /// How long a node may be silent on a poll or a get before another is asked. At least 1.
    pub patience_us: u64,
    /// How long a call may take in all. A little more than the nodes' own
    /// [`request_us`](crate::Timing::request_us), so that they have the last word.
    pub call_us: u64,
    /// How long a node that was silent is avoided. At least 1.
    pub suspicion_us: u64,
    /// Whether all calls about a key stay with one owner that takes part itself, as long as that
    /// can be reached: then the client reads its own writes. See [`Terms`](crate::Terms).
    pub pinned: bool,
}

impl Default for Habits {
    fn default() -> Self {
        Habits {
            poll_us: 10_000_000,
            patience_us: 100_000,
            call_us: 300_000,
            suspicion_us: 1_000_000,
            pinned: false,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time passed: [`Client::deadline`] is reached.
    Wake,
    /// The application calls. The id comes back with the end; each is for one call.
    Call {
        /// Chosen by the application.
        id: RequestId,
        /// What it wants.
        request: Request,
    },
    /// A node answered.
    Answer {
        /// Of the request that was asked.
        ask: RequestId,
        /// What it said.
        reply: Reply,
    },
    /// A node cannot be reached, and certainly nothing of the request went out to it.
    Unsent {
        /// Of the request.
        ask: RequestId,
    },
    /// The connection broke after something of the request may have gone out.
    Lost {
        /// Of the request.
        ask: RequestId,
    },
}

/// What the host must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Ask a node.
    Ask {
        /// Which node.
        to: NodeId,
        /// Comes back with the answer. Not the application's.
        ask: RequestId,
        /// What to ask.
        request: Request,
    },
    /// A call has come to its end.
    Done {
        /// The application's.
        id: RequestId,
        /// What became of it. [`Reply::Unavailable`] on a put leaves open whether it happened.
        reply: Reply,
    },
}

/// A client of a cluster, as a state machine: it has no clock, no socket and no luck of its own.
#[derive(Clone, Debug)]
pub struct Client {
    /// Tells it from others, so that not all poll the same node.
    number: u64,
    config: Arc<Config>,
    habits: Habits,
    view: Arc<View>,
    unreachable: Detector,
    asks: u64,
    /// What was asked and not answered, by the number of the ask.
    open: BTreeMap<u64, Asked>,
    /// Calls that wait for what the poll says.
    lost: Vec<Call>,
    next_poll: Time,
}

/// A request that a node was asked.
#[derive(Clone, Debug)]
struct Asked {
    to: NodeId,
    /// Until when it is waited for.
    due: Time,
    /// What it is for; `None` for a poll.
    call: Option<Call>,
}

/// A call that has not come to its end.
#[derive(Clone, Debug)]
struct Call {
    id: RequestId,
    request: Request,
    end: Time,
    /// Who was asked before by the present view, the one of this mark.
    tried: Vec<NodeId>,
    mark: u64,
    /// What the application is told if nobody is left to ask.
    last: Reply,
}

/// How an ask came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    /// It was certainly not obeyed.
    NotDone,
    /// It may have been.
    Open,
}

impl Client {
    /// A client that knows who founded the cluster, and asks at once how it is now.
    pub fn new(number: u64, config: Arc<Config>, habits: Habits, now: Time) -> Client {
        Client {
            number,
            view: config.view().clone(),
            config,
            habits,
            unreachable: Detector::default(),
            asks: 0,
            open: BTreeMap::new(),
            lost: Vec::new(),
            next_poll: now,
        }
    }

    /// Takes in what happened and appends what to do. No input makes it panic. Each call ends once.
    pub fn handle(&mut self, now: Time, input: Input, out: &mut Vec<Output>) {
        match input {
            Input::Wake => self.wake(now, out),
            Input::Call { id, request } => {
                let call = Call {
                    id,
                    request,
                    end: now.after(self.habits.call_us),
                    tried: Vec::new(),
                    mark: self.view.mark(),
                    last: Reply::Unavailable,
                };
                self.ask_for(now, call, out);
            }
            Input::Answer { ask, reply } => self.answered(now, ask, reply, out),
            Input::Unsent { ask } => self.failed(now, ask.0, Failure::NotDone, out),
            Input::Lost { ask } => self.failed(now, ask.0, Failure::Open, out),
        }
    }

    /// When to wake the client if nothing else happens.
    pub fn deadline(&self) -> Time {
        let due = self.open.values().map(|asked| asked.due);
        let poll = (!self.is_polling()).then_some(self.next_poll);
        due.chain(poll).min().unwrap_or(self.next_poll)
    }

    /// How it sees the cluster.
    pub fn view(&self) -> &View {
        &self.view
    }

    fn is_polling(&self) -> bool {
        self.open.values().any(|asked| asked.call.is_none())
    }

    fn wake(&mut self, now: Time, out: &mut Vec<Output>) {
        let open = self.open.iter();
        let due = open.filter(|(_, asked)| asked.due <= now);
        let due: Vec<u64> = due.map(|(ask, _)| *ask).collect();
        for ask in due {
            self.failed(now, ask, Failure::Open, out);
        }
        if self.next_poll <= now {
            self.poll(now, out);
        }
    }

    /// Asks somebody for the membership, unless that is under way.
    fn poll(&mut self, now: Time, out: &mut Vec<Output>) {
        if self.is_polling() {
            return;
        }
        self.next_poll = now.after(self.habits.poll_us.max(1));
        if let Some(to) = self.anybody(now) {
            let due = now.after(self.habits.patience_us.max(1));
            self.ask(to, due, Request::Members, None, out);
        }
    }

    /// A random node: a member that seems up, or else anyone who was ever heard of.
    fn anybody(&self, now: Time) -> Option<NodeId> {
        let members = self.view.membership().members();
        let up = |node: &NodeId| !self.unreachable.suspects(*node, now);
        let mut nodes: Vec<NodeId> = members.keys().copied().filter(up).collect();
        if nodes.is_empty() {
            let ever = self.view.membership().changes().map(|change| change.node);
            nodes = self
                .config
                .shape()
                .seeds
                .iter()
                .copied()
                .chain(ever)
                .collect();
            nodes.sort_unstable();
            nodes.dedup();
        }
        let chosen = self.chance(now).checked_rem(nodes.len() as u64)?;
        nodes.get(chosen as usize).copied()
    }

    /// A number that depends on nothing but what it is for: this client's next ask, now.
    fn chance(&self, now: Time) -> u64 {
        let mut bytes = [0; 24];
        for (place, part) in bytes
            .chunks_exact_mut(8)
            .zip([self.number, self.asks, now.0])
        {
            place.copy_from_slice(&part.to_le_bytes());
        }
        xxh3_64(&bytes)
    }

    fn ask(
        &mut self,
        to: NodeId,
        due: Time,
        request: Request,
        call: Option<Call>,
        out: &mut Vec<Output>,
    ) {
        self.asks += 1;
        let ask = RequestId(self.asks);
        self.open.insert(self.asks, Asked { to, due, call });
        out.push(Output::Ask { to, ask, request });
    }

    /// Asks the next node for what a call wants, or ends it if there is none or no time is left.
    fn ask_for(&mut self, now: Time, mut call: Call, out: &mut Vec<Output>) {
        if call.mark != self.view.mark() {
            call.mark = self.view.mark();
            call.tried.clear();
        }
        let to = self.whom(now, &call);
        let Some(to) = to.filter(|_| call.end > now) else {
            let (id, reply) = (call.id, call.last);
            return out.push(Output::Done { id, reply });
        };
        call.tried.push(to);
        let mut request = call.request.clone();
        let mut due = call.end;
        if let Request::Get { .. } = request {
            due = due.min(now.after(self.habits.patience_us.max(1)));
        }
        if let Request::Get { terms, .. }
        | Request::Put { terms, .. }
        | Request::Delete { terms, .. } = &mut request
        {
            terms.pinned |= self.habits.pinned;
        }
        self.ask(to, due, request, Some(call), out);
    }

    /// The first in the preference list that was not tried and seems up; with none that seems up,
    /// the first that was not tried. Where it must be an owner, only owners.
    fn whom(&self, now: Time, call: &Call) -> Option<NodeId> {
        let (Request::Get { key, terms }
        | Request::Put { key, terms, .. }
        | Request::Delete { key, terms, .. }) = &call.request
        else {
            let anybody = self.anybody(now);
            return anybody.filter(|node| !call.tried.contains(node));
        };
        let range = self.view.ring().range_of(key);
        let list = if self.habits.pinned || terms.pinned {
            self.view.owners(range)
        } else {
            self.view.ring().walk(range)
        };
        let mut untried = list.iter().filter(|node| !call.tried.contains(node));
        let first = untried.clone().next();
        let up = untried.find(|node| !self.unreachable.suspects(**node, now));
        up.or(first).copied()
    }

    fn answered(&mut self, now: Time, ask: RequestId, reply: Reply, out: &mut Vec<Output>) {
        let Some(asked) = self.open.remove(&ask.0) else {
            return;
        };
        self.unreachable.heard(asked.to);
        let Some(mut call) = asked.call else {
            if let Reply::Members(history) = reply {
                self.learn(&history);
            }
            return self.ask_for_the_lost(now, out);
        };
        match (&reply, &call.request) {
            (Reply::Unavailable, Request::Get { .. }) => self.ask_for(now, call, out),
            (Reply::Refused(Refusal::NotAnOwner), _) => {
                // The two see the cluster differently, and the client may be the one who is late.
                call.last = reply;
                self.lost.push(call);
                self.poll(now, out);
                if !self.is_polling() {
                    self.ask_for_the_lost(now, out);
                }
            }
            _ => out.push(Output::Done { id: call.id, reply }),
        }
    }

    /// The poll has come to its end: calls that were sent to the wrong node go on.
    fn ask_for_the_lost(&mut self, now: Time, out: &mut Vec<Output>) {
        for call in core::mem::take(&mut self.lost) {
            self.ask_for(now, call, out);
        }
    }

    /// Takes in what a node knows of the members, as far as the ring stays small enough.
    fn learn(&mut self, history: &Membership) {
        let mut known = self.view.membership().clone();
        if known.merge(history) && self.config.bears(&known) {
            self.view = self.view.with(known);
        }
    }

    /// A node could not be reached or was silent for too long. It is avoided for a while, the
    /// membership is looked up at once, and what may be asked elsewhere is.
    fn failed(&mut self, now: Time, ask: u64, failure: Failure, out: &mut Vec<Output>) {
        let Some(asked) = self.open.remove(&ask) else {
            return;
        };
        let until = now.after(self.habits.suspicion_us.max(1));
        self.unreachable.suspect(asked.to, until);
        let Some(call) = asked.call else {
            // Not at once, or two nodes that are both down would be asked in turn without end.
            let again = now.after(self.habits.patience_us.max(1));
            self.next_poll = self.next_poll.min(again);
            return self.ask_for_the_lost(now, out);
        };
        self.poll(now, out);
        let again = failure == Failure::NotDone || matches!(call.request, Request::Get { .. });
        if again {
            self.ask_for(now, call, out);
        } else {
            let (id, reply) = (call.id, Reply::Unavailable);
            out.push(Output::Done { id, reply });
        }
    }
}

#[cfg(test)]
mod tests;
