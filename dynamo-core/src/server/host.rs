//! The host of a node: time, disk, replicas and clients around one state machine.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{Notify, oneshot, watch};

use super::disk::{Disk, Found};
use super::frames;
use super::metrics::Metrics;
use super::settings::Settings;
use crate::shared::{Gate, GroupCommit, Outbox, Published, Pushed, Stepper};
use crate::{
    Config, Input, Message, Node, NodeId, Output, Reply, Request, RequestId, Ticket, Time, View,
    Write,
};

/// How many messages may wait on the way to one replica.
const OUTBOX_MAX: usize = 4096;

/// What waits for the disk.
enum Work {
    Store(Ticket, Vec<Write>),
    /// All that came before is to be synced.
    Flush,
}

impl Work {
    fn store(&self) -> Option<(Ticket, &[Write])> {
        match self {
            Work::Store(ticket, writes) => Some((*ticket, writes)),
            Work::Flush => None,
        }
    }
}

/// How often an unsynced disk is synced all the same.
const FLUSH: Duration = Duration::from_secs(1);

/// The node and all that its threads share.
pub(super) struct Host {
    pub(super) settings: Settings,
    /// What marks the cluster.
    pub(super) cluster: u64,
    pub(super) metrics: Metrics,
    /// Clients pass it, until the node stops.
    pub(super) gate: Gate,
    /// The cluster as the node sees it.
    pub(super) ring: Published<View>,
    /// There is a node to which there was no way before.
    pub(super) newcomer: Notify,
    stopping: watch::Sender<bool>,
    clock: Clock,
    node: Stepper<Node>,
    commit: GroupCommit<Work>,
    /// Whoever syncs it lets go of it in the end.
    disk: Weak<Disk>,
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
        self.began + Duration::from_micros(since)
    }
}

impl Host {
    /// A node that has started from what its disk holds, and the disk.
    pub(super) fn start(
        settings: Settings,
        config: Arc<Config>,
        found: Found,
    ) -> (Host, Arc<Disk>) {
        let Found {
            disk,
            records,
            clock,
        } = found;
        let disk = Arc::new(disk);
        let clock = Clock::after(clock);
        let node = Node::start(settings.id, config, &records, clock.now());
        let peers = settings.peers.iter();
        let peers =
            peers.map(|(id, address)| (*id, Arc::new(Peer::new(*id, Some(address.clone())))));
        let host = Host {
            cluster: mark(&settings),
            metrics: Metrics::default(),
            gate: Gate::new(),
            ring: Published::new(node.view().membership().len() as u64, node.view().clone()),
            newcomer: Notify::new(),
            stopping: watch::Sender::new(false),
            clock,
            due: AtomicU64::new(node.deadline().map_or(u64::MAX, |due| due.0)),
            node: Stepper::new(node),
            commit: GroupCommit::new(),
            disk: Arc::downgrade(&disk),
            peers: Mutex::new(peers.collect()),
            waiting: Mutex::default(),
            requests: AtomicU64::new(0),
            sooner: Notify::new(),
            failed: watch::Sender::new(None),
            settings,
        };
        (host, disk)
    }

    /// Tells the node what happened, and does what it says.
    ///
    /// Stores reach the disk in the order in which they were asked for. Messages and answers may overtake
    /// those of other steps, as they may on any network, so they are seen to when the next step may come.
    pub(super) fn step(&self, input: Input) {
        let (out, sooner) = self.node.step(|node| {
            let mut out = Vec::new();
            node.handle(self.clock.now(), input, &mut out);
            for output in out.extract_if(.., |output| matches!(output, Output::Store { .. })) {
                self.route(output);
            }
            if node.view().mark() != self.ring.load().mark() {
                // History only grows.
                let version = node.view().membership().len() as u64;
                self.ring.publish(version, node.view().clone());
            }
            let due = node.deadline().map_or(u64::MAX, |due| due.0);
            (out, due < self.due.swap(due, Ordering::Relaxed))
        });
        if sooner {
            self.sooner.notify_one();
        }
        for output in out {
            self.route(output);
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
                self.commit.push(Work::Store(ticket, writes));
            }
        }
    }

    fn send(&self, to: NodeId, message: &Message) {
        let most = self.settings.limits.outbox_bytes;
        let sent = self.peer(to, None).is_some_and(|peer| {
            frames::encode(message).is_some_and(|frame| peer.push(frame, most))
        });
        let counted = if sent {
            &self.metrics.sent
        } else {
            &self.metrics.dropped
        };
        counted.fetch_add(1, Ordering::Relaxed);
    }

    /// The way to a node, which is made where there is none and room for one; `address` is where it says
    /// that it is.
    pub(super) fn peer(&self, id: NodeId, address: Option<&str>) -> Option<Arc<Peer>> {
        let mut peers = locked(&self.peers);
        if !peers.contains_key(&id) && peers.len() >= self.settings.limits.peers {
            return None;
        }
        let peer = peers.entry(id).or_insert_with(|| {
            self.newcomer.notify_one();
            Arc::new(Peer::new(id, None))
        });
        if let Some(address) = address
            && !self.settings.peers.contains_key(&id)
        {
            *locked(&peer.address) = Some(address.to_owned());
            peer.wake.notify_one();
        }
        Some(Arc::clone(peer))
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
        while let Some((work, upto)) = self.commit.take() {
            let flush = work.iter().any(|work| matches!(work, Work::Flush));
            let stores: Vec<_> = work.iter().filter_map(Work::store).collect();
            let writes = stores.iter().flat_map(|(_, writes)| *writes);
            let sync = self.settings.sync || flush;
            if let Err(why) = disk.apply(writes, self.clock.now(), sync) {
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
        if let Err(why) = disk.apply(std::iter::empty(), self.clock.now(), true) {
            self.fail(format!("the disk: {why}"));
        }
    }

    /// Has the disk synced now and then.
    pub(super) async fn keep_flushing(&self) {
        loop {
            tokio::time::sleep(FLUSH).await;
            self.commit.push(Work::Flush);
        }
    }

    /// Reads the disk, once all that the node has given it is on it and synced. Blocks for that long. `None`:
    /// the node stops.
    pub(super) fn read<R>(&self, at: impl FnOnce(&Disk) -> R) -> Option<R> {
        let position = self.commit.push(Work::Flush);
        let synced = self.commit.wait(position);
        let disk = self.disk.upgrade().filter(|_| synced)?;
        Some(at(&disk))
    }

    /// No store comes after this.
    pub(super) fn close_disk(&self) {
        self.commit.close();
    }

    /// The time by the clock of the node.
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// No client is let in from now on. Those who wait for an answer get it.
    pub(super) fn close(&self) {
        self.gate.close();
        self.stopping.send_replace(true);
    }

    /// Waits until the node is to stop.
    pub(super) fn stopping(&self) -> impl Future<Output = ()> + 'static {
        let mut stopping = self.stopping.subscribe();
        async move {
            // A host that is gone has stopped too.
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
    }

    /// The node must not go on.
    pub(super) fn fail(&self, why: String) {
        self.failed.send_modify(|failed| {
            failed.get_or_insert(why);
        });
        self.close();
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
