//! A running store, asked through an async client of one's own, as something to test.

use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use checker::Time;
use checker::note::Note;

use super::bench::{Bench, endured};
use super::terms::Terms;
use super::test::{Test, Undeclared};
use crate::drive::{Run, Undriven, drive};
use crate::fault::{Fault, FaultSchedule};
use crate::plan::Plan;
use crate::replica::Request;
use crate::subject::live::{Client, ClientError, Live};
use crate::subject::{Ask, Happening, Subject, Unsupported};

/// How long a call may take unless the test says so.
const LIMIT: Duration = Duration::from_secs(5);

/// How long a running store may take until reads are complete, unless the test says so.
const SETTLE_US: u64 = 1_000_000;

/// Real time is dear: pauses between calls are so many times shorter than in the simulator.
const HASTE: u64 = 8;

/// Runs to find a smaller plan; each takes a second or more.
const REPLAYS: u32 = 20;

/// A running store behind an async client. It is not deterministic, and nothing breaks it on purpose.
pub struct Running<C, Connect> {
    connect: Arc<Connect>,
    limit: Duration,
    /// Why the first call without an answer had none.
    complaint: RefCell<Option<String>>,
    client: PhantomData<fn() -> C>,
}

/// A test of a running store of this many nodes, to which `connect` opens connections; say next what
/// becomes of concurrent writes.
///
/// Unless said otherwise its quorums are those of a majority of its nodes, at most two of three. Each run
/// uses keys of its own, so that what others left behind does no harm. It must not be called inside of
/// async code, because it waits.
pub fn live<C, Connect, Connecting>(nodes: u32, connect: Connect) -> Undeclared<Running<C, Connect>>
where
    C: Client,
    Connect: Fn(u32) -> Connecting + Send + Sync + 'static,
    Connecting: Future<Output = Result<C, ClientError>> + Send + 'static,
{
    Undeclared::new(
        nodes,
        Running {
            connect: Arc::new(connect),
            limit: LIMIT,
            complaint: RefCell::new(None),
            client: PhantomData,
        },
    )
}

impl<C, Connect, Connecting> Test<Running<C, Connect>>
where
    C: Client,
    Connect: Fn(u32) -> Connecting + Send + Sync + 'static,
    Connecting: Future<Output = Result<C, ClientError>> + Send + 'static,
{
    /// What a call may take, its connection included, below a minute; then its outcome is unknown.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.bench.limit = limit.min(Duration::from_secs(59));
        self
    }
}

impl<C, Connect> fmt::Debug for Running<C, Connect> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl<C, Connect, Connecting> Bench for Running<C, Connect>
where
    C: Client,
    Connect: Fn(u32) -> Connecting + Send + Sync + 'static,
    Connecting: Future<Output = Result<C, ClientError>> + Send + 'static,
{
    fn run(&self, plan: &Plan, terms: &Terms) -> Result<Run, Undriven> {
        let connect = Arc::clone(&self.connect);
        let live = Live::new(terms.shape.nodes, self.limit, move |node| connect(node));
        let live = live.map_err(|why| Undriven::Stuck(format!("no event loop: {why}")))?;
        let live = match &terms.setup {
            Some(setup) => live.promising(setup.clone()),
            None => live,
        };
        let mut subject = Apart {
            live,
            prefix: prefix(),
            settle_us: terms.settle_us.unwrap_or(SETTLE_US),
        };
        let run = drive(plan, &mut subject);
        if let Some((_, why)) = subject.live.errors().first() {
            let mut complaint = self.complaint.borrow_mut();
            complaint.get_or_insert_with(|| why.to_string());
        }
        run
    }

    fn fitted(&self, plan: Plan) -> Plan {
        let mut plan = endured(plan);
        plan.faults = FaultSchedule::default();
        for step in &mut plan.steps {
            step.at = Time(step.at.0 / HASTE);
        }
        plan
    }

    fn repeats(&self) -> bool {
        false
    }

    fn replays(&self) -> u32 {
        REPLAYS
    }

    fn complaint(&self) -> Option<String> {
        self.complaint.borrow().clone()
    }
}

/// What no other run begins its keys with, in this process or in any other.
fn prefix() -> String {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let run = RUNS.fetch_add(1, Ordering::Relaxed);
    format!("dyno-{:016x}-", RandomState::new().hash_one(run))
}

/// A live store whose keys are those of this run alone.
struct Apart<C, Connect> {
    live: Live<C, Connect>,
    prefix: String,
    settle_us: u64,
}

impl<C, Connect, Connecting> Subject for Apart<C, Connect>
where
    C: Client,
    Connect: Fn(u32) -> Connecting + Send + Sync + 'static,
    Connecting: Future<Output = Result<C, ClientError>> + Send + 'static,
{
    fn setup(&mut self, keys: &[String]) -> Vec<Note> {
        self.live.setup(keys)
    }

    fn submit(&mut self, mut ask: Ask) {
        let (Request::Get { key } | Request::Put { key, .. } | Request::Delete { key, .. }) =
            &mut ask.request;
        key.splice(..0, self.prefix.bytes());
        self.live.submit(ask);
    }

    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time {
        self.live.advance(until, out)
    }

    fn fault(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Unsupported> {
        self.live.fault(window, fault, begins)
    }

    fn inspect(&mut self, keys: &[String]) -> Vec<Note> {
        self.live.inspect(keys)
    }

    fn settle_us(&self) -> Option<u64> {
        Some(self.settle_us)
    }

    fn trace(&self) -> u64 {
        self.live.trace()
    }
}
