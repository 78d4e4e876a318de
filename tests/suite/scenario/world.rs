//! A few nodes, their disks and the network between them, on one virtual clock.
//!
//! Nothing here is left to chance: a message takes a millisecond, a disk half of one, and what falls
//! on the same moment happens in the order in which it was begun.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dynamo_core::{
    Config, Input, Invalid, Message, Node, NodeId, Output, Record, Reply, Request, RequestId,
    Shape, Ticket, Time, Write,
};

const MESSAGE_US: u64 = 1_000;
const SYNC_US: u64 = 500;
const RESTART_US: u64 = 1_000;
/// How much longer than promised a client waits for its answer.
const PATIENCE_US: u64 = 100_000;

/// The records of one node, by name; all of them synced.
pub(super) type Disk = BTreeMap<Vec<u8>, Vec<u8>>;

/// A cluster in a box.
pub(super) struct World {
    config: Arc<Config>,
    now: Time,
    hosts: Vec<Host>,
    /// What is under way, by when it happens and then by when it was begun.
    coming: BTreeMap<(Time, u64), Event>,
    begun: u64,
    cut: BTreeSet<(NodeId, NodeId)>,
    asked: u64,
    replies: BTreeMap<RequestId, Reply>,
    sent: BTreeMap<&'static str, usize>,
}

/// A machine: a disk, a clock, and a node while it is up.
#[derive(Default)]
struct Host {
    node: Option<Node>,
    disk: Disk,
    /// How far its clock is ahead of the true time.
    ahead_us: u64,
    /// How often it went down. What a node asked of its disk in an earlier life is lost.
    crashes: u64,
}

enum Event {
    Arrival {
        from: NodeId,
        to: NodeId,
        message: Message,
    },
    Sync {
        node: NodeId,
        crashes: u64,
        ticket: Ticket,
        writes: Vec<Write>,
    },
}

impl World {
    /// All nodes up, all disks empty. The spares run, but have not joined.
    pub(super) fn new(shape: Shape, spares: u32) -> Result<World, Invalid> {
        let nodes = shape.nodes.saturating_add(spares);
        let config = Arc::new(Config::new(shape)?);
        let mut world = World {
            now: Time(0),
            hosts: Vec::new(),
            coming: BTreeMap::new(),
            begun: 0,
            cut: BTreeSet::new(),
            asked: 0,
            replies: BTreeMap::new(),
            sent: BTreeMap::new(),
            config,
        };
        world.hosts = (0..nodes).map(|_| Host::default()).collect();
        for id in world.ids() {
            world.start(id);
        }
        Ok(world)
    }

    /// The node, while it is up.
    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.host(id).node.as_ref()
    }

    /// The memory is gone, and with it all that was not synced.
    pub(super) fn crash(&mut self, id: NodeId) {
        let host = self.host_mut(id);
        host.node = None;
        host.crashes += 1;
    }

    /// The node begins a new life with what its disk holds.
    pub(super) fn restart(&mut self, id: NodeId) {
        self.run(RESTART_US);
        self.start(id);
    }

    pub(super) fn disk(&self, id: NodeId) -> &Disk {
        &self.host(id).disk
    }

    /// Changes what a disk holds behind the back of its node, which is down meanwhile.
    pub(super) fn tamper(&mut self, id: NodeId, change: impl FnOnce(&mut Disk)) {
        let was_up = self.node(id).is_some();
        self.crash(id);
        change(&mut self.host_mut(id).disk);
        if was_up {
            self.restart(id);
        }
    }

    /// What a disk holds. Records that cannot be read are passed over, as the node does.
    pub(super) fn records(&self, id: NodeId) -> impl Iterator<Item = Record> {
        let records = self.disk(id).iter();
        records.filter_map(|(name, value)| Record::decode(name, value).ok())
    }

    /// No message passes from one to the other, nor back.
    pub(super) fn cut(&mut self, one: NodeId, other: NodeId) {
        self.cut.extend([(one, other), (other, one)]);
    }

    pub(super) fn heal(&mut self) {
        self.cut.clear();
    }

    /// How many messages of each kind were sent since this was last asked.
    pub(super) fn take_sent(&mut self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.sent)
    }

    /// Lets so much time pass.
    pub(super) fn run(&mut self, micros: u64) {
        let until = self.now.after(micros);
        while self.step(until) {}
        self.now = until;
    }

    /// A client asks a node and waits; `None` if it was never answered.
    pub(super) fn ask(&mut self, id: NodeId, request: Request) -> Option<Reply> {
        self.asked += 1;
        let (number, timing) = (RequestId(self.asked), &self.config.shape().timing);
        let until = self.now.after(timing.request_us).after(PATIENCE_US);
        let id_and_request = Input::Request {
            id: number,
            request,
        };
        self.input(id, id_and_request);
        while !self.replies.contains_key(&number) && self.step(until) {}
        self.replies.remove(&number)
    }

    /// From now on, the clock of a node runs ahead by so much more.
    pub(super) fn put_ahead(&mut self, id: NodeId, micros: u64) {
        let host = self.host_mut(id);
        host.ahead_us = host.ahead_us.saturating_add(micros);
    }

    fn clock(&self, id: NodeId) -> Time {
        self.now.after(self.host(id).ahead_us)
    }

    /// When a node is to be woken, by the true time.
    fn wakes(&self, id: NodeId) -> Option<Time> {
        let Time(due) = self.node(id)?.deadline()?;
        Some(Time(due.saturating_sub(self.host(id).ahead_us)))
    }

    fn ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.hosts.len() as u32).map(NodeId)
    }

    fn host(&self, id: NodeId) -> &Host {
        &self.hosts[id.0 as usize]
    }

    fn host_mut(&mut self, id: NodeId) -> &mut Host {
        &mut self.hosts[id.0 as usize]
    }

    fn start(&mut self, id: NodeId) {
        let config = Arc::clone(&self.config);
        let node = Node::start(id, config, self.disk(id), self.clock(id));
        self.host_mut(id).node = Some(node);
    }

    /// Does the next thing, if it happens by then.
    fn step(&mut self, until: Time) -> bool {
        let event = self.coming.first_key_value().map(|((at, _), _)| *at);
        let wake = self
            .ids()
            .filter_map(|id| Some((self.wakes(id)?, id)))
            .min();
        let next = event.into_iter().chain(wake.map(|(at, _)| at)).min();
        let Some(next) = next.filter(|next| *next <= until) else {
            return false;
        };
        self.now = self.now.max(next);
        if event == Some(next) {
            if let Some((_, event)) = self.coming.pop_first() {
                self.happen(event);
            }
        } else if let Some((due, id)) = wake {
            self.input(id, Input::Wake);
            let again = self.wakes(id);
            assert!(again.is_none_or(|at| at > due), "a wake makes progress");
        }
        true
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrival { from, to, message } => {
                if !self.cut.contains(&(from, to)) {
                    self.input(to, Input::Message { from, message });
                }
            }
            Event::Sync {
                node,
                crashes,
                ticket,
                writes,
            } => {
                let host = self.host_mut(node);
                if host.crashes != crashes {
                    return;
                }
                for Write { key, value } in writes {
                    match value {
                        Some(value) => host.disk.insert(key, value),
                        None => host.disk.remove(&key),
                    };
                }
                self.input(node, Input::Stored { ticket });
            }
        }
    }

    fn input(&mut self, id: NodeId, input: Input) {
        let (now, mut out) = (self.clock(id), Vec::new());
        let host = self.host_mut(id);
        let crashes = host.crashes;
        if let Some(node) = &mut host.node {
            node.handle(now, input, &mut out);
        }
        for output in out {
            match output {
                Output::Send { to, message } => self.send(id, to, message),
                Output::Reply { id, reply } => {
                    let earlier = self.replies.insert(id, reply);
                    assert!(earlier.is_none(), "a request is answered once");
                }
                Output::Store { ticket, writes } => {
                    let sync = Event::Sync {
                        node: id,
                        crashes,
                        ticket,
                        writes,
                    };
                    self.begin(SYNC_US, sync);
                }
            }
        }
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: Message) {
        *self.sent.entry(message.kind()).or_default() += 1;
        if !self.cut.contains(&(from, to)) {
            self.begin(MESSAGE_US, Event::Arrival { from, to, message });
        }
    }

    fn begin(&mut self, micros: u64, event: Event) {
        self.begun += 1;
        self.coming
            .insert((self.now.after(micros), self.begun), event);
    }
}
