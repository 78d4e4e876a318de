//! The things that happen in a simulated world, and the calls they belong to.

use std::collections::VecDeque;

use checker::{Outcome, Time};

use crate::luck::Key;
use crate::replica::{Replica, Request};
use crate::sim::clock::Clock;
use crate::sim::disk::Platter;
use crate::subject::Answer;

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Event<M> {
    /// A request reaches its node.
    Ask { call: usize },
    /// A message reaches its node, if its link is open.
    Message {
        from: u32,
        to: u32,
        key: Key,
        message: M,
        carried: Vec<String>,
    },
    /// What a node said to itself comes back to it, if it has not crashed since.
    Echo {
        node: u32,
        epoch: u32,
        key: Key,
        message: M,
    },
    /// A node wanted to be woken now.
    Wake { node: u32 },
    /// The oldest store of a node becomes durable, if it has not crashed since.
    Synced { node: u32, epoch: u32 },
    /// An administrator looks whether the last order about a node is carried out, and says it again.
    Order {
        member: u32,
        serial: u32,
        attempt: u64,
    },
    /// A slow node gets to what reached it, if it has not crashed since.
    Served {
        node: u32,
        epoch: u32,
        key: Key,
        arrival: Arrival<M>,
    },
    /// A node hears what waited while it was paused, unless it is paused again.
    Resume { node: u32 },
    /// An answer reaches its client, or the client's patience ends.
    End {
        call: usize,
        outcome: Outcome<Answer>,
    },
}

/// What has reached a node and may have to wait there.
#[derive(Debug)]
pub(crate) enum Arrival<M> {
    Ask {
        call: usize,
    },
    Message {
        from: u32,
        message: M,
        carried: Vec<String>,
    },
    Stored {
        ticket: u64,
    },
}

/// One node's place in the world: its replica while it runs, and what stays when it crashes.
#[derive(Debug)]
pub(crate) struct Seat<R: Replica> {
    /// `None` while crashed.
    pub(crate) replica: Option<R>,
    /// How many open windows crash the node.
    pub(crate) crashes: u32,
    /// How many open windows pause the node.
    pub(crate) pauses: u32,
    /// By how much the node is slow, by window.
    pub(crate) slow: Vec<(u32, u64)>,
    /// When a slow node will have done what has reached it.
    pub(crate) busy_until: Time,
    /// How many open windows stall its disk, and how many stores would be durable without them.
    pub(crate) stalls: u32,
    pub(crate) stalled: u32,
    /// How many open windows scramble what it had not synced.
    pub(crate) scrambles: u32,
    /// Its clock.
    pub(crate) clock: Clock,
    /// How often the node has crashed.
    pub(crate) epoch: u32,
    /// When the next wake is due. Wakes in the queue for other times are stale.
    pub(crate) wake: Option<Time>,
    /// Its disk.
    pub(crate) platter: Platter,
    /// What reached the node while it was paused, in order.
    pub(crate) waiting: VecDeque<(Key, Arrival<R::Message>)>,
}

impl<R: Replica> Seat<R> {
    /// A node that was never started, on an empty disk.
    pub(crate) fn new(platter: Platter) -> Self {
        Seat {
            replica: None,
            crashes: 0,
            pauses: 0,
            slow: Vec::new(),
            busy_until: Time(0),
            stalls: 0,
            stalled: 0,
            scrambles: 0,
            clock: Clock::default(),
            epoch: 0,
            wake: None,
            platter,
            waiting: VecDeque::new(),
        }
    }
}

/// A message that a clogged link holds back.
#[derive(Debug)]
pub(crate) struct Held<M> {
    pub(crate) window: u32,
    pub(crate) since: Time,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) key: Key,
    pub(crate) message: M,
    pub(crate) carried: Vec<String>,
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Its request is under way.
    Asked,
    /// Its node has it.
    Accepted,
    /// Its answer is under way.
    Answered,
    /// Its completion was handed out.
    Over,
}

/// One call of a client.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) op: u64,
    pub(crate) key: Key,
    pub(crate) node: u32,
    pub(crate) stage: Stage,
    /// Until the node is told.
    pub(crate) request: Option<Request>,
}
