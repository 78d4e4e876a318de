//! The host of a node: time, disk, replicas and clients around one state machine.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot, watch};

use super::disk::{Disk, Found};
use super::frames;
use super::metrics::Metrics;
use super::settings::Settings;
use crate::shared::{Gate, GroupCommit, Outbox, Pushed, Stepper};
use crate::{
    Config, Input, Message, Node, NodeId, Output, Reply, Request, RequestId, Ticket, Time, Write,
};

/// How many messages may wait on the way to one replica.
const OUTBOX_MAX: usize = 4096;

/// A store that waits for the disk.
type Stored = (Ticket, Vec<Write>);

/// The node and all that its threads share.
pub(super) struct Host {
    pub(super) settings: Settings,
    /// What marks the cluster.
    pub(super) cluster: u64,
    pub(super) metrics: Metrics,
    pub(super) gate: Gate,
    clock: Clock,
    node: Stepper<Node>,
    commit: GroupCommit<Stored>,
    peers: Mutex<BTreeMap<NodeId, Arc<Peer>>>,
    waiting: Mutex<BTreeMap<RequestId, oneshot::Sender<Reply>>>,
    requests: AtomicU64,
    /// When the node is to be woken; `u64::MAX`: never.
    due: AtomicU64,
    sooner: Notify,
    failed: watch::Sender<Option<String>>,
}

/// The way to another node.
pub(super) struct Peer {
    pub(super) id: NodeId,
    /// Where it is; told by the settings, or by itself.
    address: Mutex<Option<String>>,
    outbox: Outbox<Bytes>,
    waiting_bytes: AtomicUsize,
    pub(super) wake: Notify,
}

/// Microseconds that never go back: of the wall clock at first, of the steady clock from there.
struct Clock {
    base: Time,
    began: Instant,
}

impl Clock {
    /// Later than all that the node has done before.
    fn after(last: Time) -> Clock {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH);
        let wall = wall.map_or(0, |since| since.as_micros() as u64);
        Clock {
            base: Time(wall.max(last.0.saturating_add(1))),
            began: Instant::now(),
        }
    }

    fn now(&self) -> Time {
        self.base.after(self.began.elapsed().as_micros() as u64)
    }

    fn instant(&self, time: Time) -> Instant {
        let since = time.0.saturating_sub(self.base.0);
        self.began + std::time::Duration::from_micros(since)
    }
}

impl Host {
    /// A node that has started from what its disk holds, and the disk.
    pub(super) fn start(settings: Settings, config: Arc<Config>, found: Found) -> (Host, Disk) {
        let Found {
            disk,
            records,
            clock,
        } = found;
        let clock = Clock::after(clock);
        let node = Node::start(settings.id, Arc::clone(&config), &records, clock.now());
        let peers = settings.peers.iter();
        let peers =
            peers.map(|(id, address)| (*id, Arc::new(Peer::new(*id, Some(address.clone())))));
        let host = Host {
            cluster: mark(&settings),
            metrics: Metrics::default(),
            gate: Gate::new(),
            clock,
            due: AtomicU64::new(node.deadline().map_or(u64::MAX, |due| due.0)),
            node: Stepper::new(node),
            commit: GroupCommit::new(),
            peers: Mutex::new(peers.collect()),
            waiting: Mutex::default(),
            requests: AtomicU64::new(0),
            sooner: Notify::new(),
            failed: watch::Sender::new(None),
            settings,
        };
        (host, disk)
    }

    /// Tells the node what happened, and does what it says, in the order in which it says it.
    pub(super) fn step(&self, input: Input) {
        let sooner = self.node.step(|node| {
            let mut out = Vec::new();
            node.handle(self.clock.now(), input, &mut out);
            for output in out {
                self.route(output);
            }
            let due = node.deadline().map_or(u64::MAX, |due| due.0);
            due < self.due.swap(due, Ordering::Relaxed)
        });
        if sooner {
            self.sooner.notify_one();
        }
    }

    /// Looks at the node as it is between two steps.
    pub(super) fn look<R>(&self, at: impl FnOnce(&Node) -> R) -> R {
        self.node.look(at)
    }

    fn route(&self, output: Output) {
        match output {
            Output::Send { to, message } => self.send(to, &message),
            Output::Reply { id, reply } => {
                let waiting = locked(&self.waiting).remove(&id);
                // Whoever asked may have gone.
                waiting.map(|waiting| waiting.send(reply));
            }
            Output::Store { ticket, writes } => {
                self.commit.push((ticket, writes));
            }
        }
    }

    fn send(&self, to: NodeId, message: &Message) {
        let peer = self.peer(to, None);
        let frame = frames::encode(message);
        let sent = frame.is_some_and(|frame| peer.push(frame, self.settings.limits.outbox_bytes));
        let counted = if sent {
            &self.metrics.sent
        } else {
            &self.metrics.dropped
        };
        counted.fetch_add(1, Ordering::Relaxed);
    }

    /// The way to a node, which is made where there is none; `address` is where it says that it is.
    pub(super) fn peer(&self, id: NodeId, address: Option<&str>) -> Arc<Peer> {
        let mut peers = locked(&self.peers);
        let peer = peers
            .entry(id)
            .or_insert_with(|| Arc::new(Peer::new(id, None)));
        if let Some(address) = address
            && !self.settings.peers.contains_key(&id)
        {
            *locked(&peer.address) = Some(address.to_owned());
            peer.wake.notify_one();
        }
        Arc::clone(peer)
    }

    /// All ways to other nodes that there are so far.
    pub(super) fn peers(&self) -> Vec<Arc<Peer>> {
        locked(&self.peers).values().cloned().collect()
    }

    /// Asks the node. The answer comes when it comes; a request that is given up is forgotten.
    pub(super) fn ask(&self, request: Request) -> Asked<'_> {
        let id = RequestId(self.requests.fetch_add(1, Ordering::Relaxed));
        let (sender, reply) = oneshot::channel();
        locked(&self.waiting).insert(id, sender);
        let asked = Asked {
            host: self,
            id,
            reply,
        };
        self.step(Input::Request { id, request });
        asked
    }

    /// Wakes the node whenever it wants to be woken.
    pub(super) async fn keep_time(&self) {
        loop {
            let due = self.due.load(Ordering::Relaxed);
            if due <= self.clock.now().0 {
                self.step(Input::Wake);
                tokio::task::yield_now().await;
                continue;
            }
            let sooner = self.sooner.notified();
            if due == u64::MAX {
                sooner.await;
            } else {
                let until = self.clock.instant(Time(due)).into();
                let _ = tokio::time::timeout_at(until, sooner).await;
            }
        }
    }

    /// Brings stores to the disk, as many at once as have come, until there will be no more. A disk that
    /// fails once is not asked again: nobody knows what it holds.
    pub(super) fn keep_disk(&self, disk: &Disk) {
        while let Some((stores, upto)) = self.commit.take() {
            let writes = stores.iter().flat_map(|(_, writes)| writes);
            if let Err(why) = disk.apply(writes, self.clock.now()) {
                self.commit.fail();
                return self.fail(format!("the disk: {why}"));
            }
            self.metrics.synced(stores.len());
            self.commit.done(upto);
            // It stands for all before it.
            if let Some((ticket, _)) = stores.last() {
                self.step(Input::Stored { ticket: *ticket });
            }
        }
        if let Err(why) = disk.flush(self.clock.now()) {
            self.fail(format!("the disk: {why}"));
        }
    }

    /// No store comes after this.
    pub(super) fn close_disk(&self) {
        self.commit.close();
    }

    /// The time by the clock of the node.
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// The node must not go on.
    pub(super) fn fail(&self, why: String) {
        self.failed.send_modify(|failed| {
            failed.get_or_insert(why);
        });
        self.gate.close();
    }

    /// Why the node must not go on, once that is so.
    pub(super) fn failed(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }
}

impl Peer {
    fn new(id: NodeId, address: Option<String>) -> Peer {
        Peer {
            id,
            address: Mutex::new(address),
            outbox: Outbox::new(OUTBOX_MAX),
            waiting_bytes: AtomicUsize::new(0),
            wake: Notify::new(),
        }
    }

    /// Where it is, as far as is known.
    pub(super) fn address(&self) -> Option<String> {
        locked(&self.address).clone()
    }

    /// Whether there was room.
    fn push(&self, frame: Bytes, most: usize) -> bool {
        let bytes = frame.len();
        if self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > most {
            self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        match self.outbox.push(frame) {
            Pushed::First => self.wake.notify_one(),
            Pushed::Queued => {}
            Pushed::Dropped => {
                self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
                return false;
            }
        }
        true
    }

    /// What waits on the way to it. It counts as waiting no more.
    pub(super) fn drain(&self) -> Vec<Bytes> {
        let frames = self.outbox.drain();
        let bytes = frames.iter().map(Bytes::len).sum();
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
        frames
    }
}

/// A request under way.
pub(super) struct Asked<'h> {
    host: &'h Host,
    id: RequestId,
    reply: oneshot::Receiver<Reply>,
}

impl Asked<'_> {
    /// The answer; `None` if there will be none.
    pub(super) async fn reply(&mut self) -> Option<Reply> {
        (&mut self.reply).await.ok()
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        locked(&self.host.waiting).remove(&self.id);
    }
}

/// What marks a cluster: all its choices but a flaw, which may be one node's own.
fn mark(settings: &Settings) -> u64 {
    let mut shape = settings.shape.clone();
    shape.flaw = None;
    let bytes = postcard::to_allocvec(&shape).unwrap_or_default();
    xxhash_rust::xxh3::xxh3_64(&bytes)
}

/// Nothing is left halfway under these locks, whoever panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
