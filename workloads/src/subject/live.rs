//! Any async client of a running store as a subject, in real time.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use checker::note::{Note, Setup};
use checker::{Outcome, Time};
use thiserror::Error;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::{Answer, Ask, Happening, Subject, Unsupported};
use crate::fault::Fault;
use crate::replica::Request;

/// Any async client of a running store: one connection, one call at a time.
///
/// A call may be dropped before it is done. Its client is then dropped too, because the answer that
/// is still on its way would be taken for the answer to the next call.
pub trait Client: Send + 'static {
    /// All versions of the key.
    fn get(&mut self, key: &[u8]) -> impl Future<Output = Result<Answered, ClientError>> + Send;

    /// A new version of the key, which replaces what the context of an earlier answer has seen.
    fn put(
        &mut self,
        key: &[u8],
        value: &[u8],
        context: Option<&[u8]>,
    ) -> impl Future<Output = Result<(), ClientError>> + Send;

    /// Deletes what the context of an earlier answer has seen. A client that does not say how refuses.
    fn delete(
        &mut self,
        _key: &[u8],
        _context: Option<&[u8]>,
    ) -> impl Future<Output = Result<(), ClientError>> + Send {
        let refused = ClientError::DidNotHappen("this client does not delete".into());
        std::future::ready(Err(refused))
    }
}

/// What a get was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// One value a version; none if the key has none.
    pub values: Vec<Vec<u8>>,
    /// Opaque; to be passed to a put.
    pub context: Vec<u8>,
}

/// Why a call has no answer, and what that says about its effect.
///
/// No error converts into this by itself: whoever writes a client must choose. A write that is said
/// not to have happened and did is a false alarm, so when in doubt it is [`ClientError::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ClientError {
    /// It certainly took no effect and never will: nothing was sent, or the store says so.
    #[error("{0}")]
    DidNotHappen(String),
    /// It may have taken effect, or may yet: no answer, a broken connection, an unclear error.
    #[error("{0}; it may have happened")]
    Unknown(String),
}

/// A running store, asked through its own client. One of these serves one plan.
///
/// A microsecond of the plan is a microsecond of real time since the first call. Nothing it does is
/// repeatable: the same plan gives another history each time. It must not be used inside of async
/// code, because it waits.
pub struct Live<C, Connect> {
    connect: Arc<Connect>,
    nodes: u32,
    limit: Duration,
    setup: Option<Setup>,
    start: Option<Instant>,
    idle: BTreeMap<u32, Vec<C>>,
    sender: UnboundedSender<Done<C>>,
    done: UnboundedReceiver<Done<C>>,
    errors: Vec<(u64, ClientError)>,
    runtime: Runtime,
}

impl<C, Connect> fmt::Debug for Live<C, Connect> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("nodes", &self.nodes)
            .field("limit", &self.limit)
            .field("setup", &self.setup)
            .field("errors", &self.errors)
            .finish_non_exhaustive()
    }
}

impl<C, Connect, Connecting> Live<C, Connect>
where
    C: Client,
    Connect: Fn(u32) -> Connecting + Send + Sync + 'static,
    Connecting: Future<Output = Result<C, ClientError>> + Send + 'static,
{
    /// A store of this many nodes, to whose nodes `connect` opens connections, as many as there are
    /// calls at once.
    ///
    /// The limit is what a call may take, its connection included; a call that takes longer has an
    /// unknown outcome. It must be below a minute, after which the driver takes a call for hung.
    ///
    /// # Errors
    /// When the system has no room for another event loop.
    pub fn new(nodes: u32, limit: Duration, connect: Connect) -> std::io::Result<Self> {
        let (sender, done) = unbounded_channel();
        Ok(Live {
            connect: Arc::new(connect),
            nodes: nodes.max(1),
            limit,
            setup: None,
            start: None,
            idle: BTreeMap::new(),
            sender,
            done,
            errors: Vec::new(),
            runtime: Builder::new_current_thread().enable_all().build()?,
        })
    }

    /// What the store promises, for checkers that ask.
    #[must_use]
    pub fn promising(mut self, setup: Setup) -> Self {
        self.setup = Some(setup);
        self
    }

    /// Why calls had no answer, by the driver's names, in the order in which they ended.
    pub fn errors(&self) -> &[(u64, ClientError)] {
        &self.errors
    }

    /// Since the first call.
    pub(super) fn now(&mut self) -> Time {
        self.clock().now()
    }

    /// Waits for something beside; calls under way go on meanwhile.
    pub(super) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    fn clock(&mut self) -> Clock {
        Clock(*self.start.get_or_insert_with(Instant::now))
    }

    /// A client whose call was answered serves again; after any other end its connection is closed.
    fn completed(&mut self, done: Done<C>) -> Happening {
        let outcome = match done.result {
            Ok(answer) => {
                let idle = self.idle.entry(done.node).or_default();
                idle.extend(done.client);
                Outcome::Ok(answer)
            }
            Err(error) => {
                let outcome = match error {
                    ClientError::DidNotHappen(_) => Outcome::Fail,
                    ClientError::Unknown(_) => Outcome::Unknown,
                };
                self.errors.push((done.op, error));
                outcome
            }
        };
        Happening::Completion {
            op: done.op,
            at: done.at,
            outcome,
        }
    }
}

impl<C, Connect, Connecting> Subject for Live<C, Connect>
where
    C: Client,
    Connect: Fn(u32) -> Connecting + Send + Sync + 'static,
    Connecting: Future<Output = Result<C, ClientError>> + Send + 'static,
{
    fn setup(&mut self, _keys: &[String]) -> Vec<Note> {
        self.setup.clone().map(Note::Setup).into_iter().collect()
    }

    /// The request leaves with the next [`Subject::advance`].
    fn submit(&mut self, ask: Ask) {
        let node = ask.via % self.nodes;
        let idle = self.idle.get_mut(&node).and_then(Vec::pop);
        let pending = Pending {
            op: ask.op,
            node,
            clock: self.clock(),
            result: None,
            client: None,
            sender: self.sender.clone(),
        };
        let connect = Arc::clone(&self.connect);
        self.runtime
            .spawn(call(pending, idle, connect, ask.request, self.limit));
    }

    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time {
        let clock = self.clock();
        let mut next = self.runtime.block_on(async {
            // What was submitted leaves now, even if there is no time to wait.
            tokio::task::yield_now().await;
            // A timer of no length would run for up to a millisecond.
            match until.0.saturating_sub(clock.now().0) {
                0 => self.done.try_recv().ok(),
                left => {
                    let first = timeout(Duration::from_micros(left), self.done.recv());
                    first.await.ok().flatten()
                }
            }
        });
        while let Some(done) = next {
            let happening = self.completed(done);
            out.push(happening);
            next = self.done.try_recv().ok();
        }
        // Calls go on only while something is waited for above, so no completion that is still to
        // come out can have been stamped before this.
        clock.now()
    }

    fn fault(&mut self, _window: u32, fault: &Fault, _begins: bool) -> Result<(), Unsupported> {
        Err(Unsupported(fault.to_string()))
    }

    fn inspect(&mut self, _keys: &[String]) -> Vec<Note> {
        Vec::new()
    }

    /// Always 0: a live store is not deterministic, and equal numbers say nothing here.
    fn trace(&self) -> u64 {
        0
    }
}

/// Real time since the first call.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> Time {
        Time(self.0.elapsed().as_micros() as u64)
    }
}

/// A call that ended.
struct Done<C> {
    op: u64,
    node: u32,
    at: Time,
    result: Result<Answer, ClientError>,
    client: Option<C>,
}

/// A call under way. It reports its end when it is dropped, so a client that panics cannot hide it.
struct Pending<C> {
    op: u64,
    node: u32,
    clock: Clock,
    result: Option<Result<Answer, ClientError>>,
    client: Option<C>,
    sender: UnboundedSender<Done<C>>,
}

impl<C> Drop for Pending<C> {
    fn drop(&mut self) {
        let panicked = || Err(ClientError::Unknown("the client panicked".into()));
        let done = Done {
            op: self.op,
            node: self.node,
            at: self.clock.now(),
            result: self.result.take().unwrap_or_else(panicked),
            client: self.client.take(),
        };
        // Nobody listens any more when the whole subject is dropped.
        let _ = self.sender.send(done);
    }
}

async fn call<C, Connect, Connecting>(
    mut pending: Pending<C>,
    idle: Option<C>,
    connect: Arc<Connect>,
    request: Request,
    limit: Duration,
) where
    C: Client,
    Connect: Fn(u32) -> Connecting,
    Connecting: Future<Output = Result<C, ClientError>>,
{
    let mut asked = false;
    let answered = timeout(limit, async {
        let mut client = match idle {
            Some(client) => client,
            None => connect(pending.node).await?,
        };
        asked = true;
        let answer = ask(&mut client, &request).await?;
        Ok((answer, client))
    });
    pending.result = Some(match answered.await {
        Ok(Ok((answer, client))) => {
            pending.client = Some(client);
            Ok(answer)
        }
        Ok(Err(error)) => Err(error),
        Err(_) if asked => Err(ClientError::Unknown(format!("no answer within {limit:?}"))),
        Err(_) => Err(ClientError::DidNotHappen(format!(
            "no connection within {limit:?}"
        ))),
    });
}

async fn ask<C: Client>(client: &mut C, request: &Request) -> Result<Answer, ClientError> {
    match request {
        Request::Get { key } => {
            let Answered { values, context } = client.get(key).await?;
            Ok(Answer::Values { values, context })
        }
        Request::Put {
            key,
            value,
            context,
        } => {
            client.put(key, value, context.as_deref()).await?;
            Ok(Answer::Stored)
        }
        Request::Delete { key, context } => {
            client.delete(key, context.as_deref()).await?;
            Ok(Answer::Stored)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Does what the key says.
    struct Fickle {
        used: u32,
    }

    impl Client for Fickle {
        async fn get(&mut self, key: &[u8]) -> Result<Answered, ClientError> {
            self.used += 1;
            match key {
                b"refuse" => Err(ClientError::DidNotHappen("refused".into())),
                b"break" => Err(ClientError::Unknown("connection reset".into())),
                b"panic" => panic!("a client of poor quality"),
                b"hang" => std::future::pending().await,
                _ => Ok(Answered {
                    values: vec![vec![self.used as u8]],
                    context: Vec::new(),
                }),
            }
        }

        async fn put(
            &mut self,
            _key: &[u8],
            _value: &[u8],
            _context: Option<&[u8]>,
        ) -> Result<(), ClientError> {
            tokio::time::sleep(Duration::from_millis(3)).await;
            Ok(())
        }
    }

    const LIMIT: Duration = Duration::from_millis(20);

    fn fickle() -> impl Subject {
        Live::new(2, LIMIT, async |_| Ok(Fickle { used: 0 })).expect("an event loop")
    }

    fn get(op: u64, key: &str) -> Ask {
        let request = Request::Get { key: key.into() };
        Ask {
            op,
            luck: 0,
            via: 0,
            request,
        }
    }

    fn put(op: u64) -> Ask {
        let request = Request::Put {
            key: b"k".into(),
            value: b"v".into(),
            context: None,
        };
        Ask {
            op,
            luck: 0,
            via: 0,
            request,
        }
    }

    /// Lets time pass until this many calls have ended.
    fn wait(live: &mut impl Subject, calls: usize) -> Vec<(u64, Time, Outcome<Answer>)> {
        let (mut out, mut now) = (Vec::new(), Time(0));
        while out.len() < calls && now < Time(10_000_000) {
            now = live.advance(Time(10_000_000), &mut out);
        }
        let ended = out.into_iter().map(|happening| match happening {
            Happening::Completion { op, at, outcome } => (op, at, outcome),
            Happening::Noted { .. } => panic!("a live store leaves no evidence"),
        });
        ended.collect()
    }

    fn once(key: &str) -> Outcome<Answer> {
        let mut live = fickle();
        live.submit(get(1, key));
        wait(&mut live, 1).remove(0).2
    }

    #[test]
    fn only_a_client_that_says_so_makes_a_call_fail() {
        assert_eq!(once("refuse"), Outcome::Fail);
        assert_eq!(once("break"), Outcome::Unknown);
        assert_eq!(once("panic"), Outcome::Unknown);
        assert_eq!(once("hang"), Outcome::Unknown);
    }

    #[test]
    fn a_client_that_does_not_delete_refuses_and_serves_again() {
        let mut live = fickle();
        let request = Request::Delete {
            key: b"k".into(),
            context: None,
        };
        live.submit(Ask {
            request,
            ..get(1, "k")
        });
        assert_eq!(wait(&mut live, 1)[0].2, Outcome::Fail);
        live.submit(get(2, "k"));
        assert!(matches!(wait(&mut live, 1)[0].2, Outcome::Ok(_)));
    }

    #[test]
    fn a_connection_that_was_never_made_carried_no_request() {
        let nowhere = |_| std::future::pending::<Result<Fickle, ClientError>>();
        let mut live = Live::new(1, LIMIT, nowhere).expect("an event loop");
        live.submit(put(1));
        assert_eq!(wait(&mut live, 1)[0].2, Outcome::Fail);
        assert_eq!(live.errors().len(), 1);
    }

    #[test]
    fn time_passes_until_then_or_until_a_call_ends() {
        let (mut live, mut out) = (fickle(), Vec::new());
        let reached = live.advance(Time(2_000), &mut out);
        assert!(reached >= Time(2_000) && out.is_empty());
        live.submit(put(1));
        let ended = live.advance(Time(60_000_000), &mut out);
        assert!(ended < Time(60_000_000));
        let [
            Happening::Completion {
                op: 1,
                at,
                outcome: Outcome::Ok(Answer::Stored),
            },
        ] = out[..]
        else {
            panic!("not the end of the put: {out:?}");
        };
        assert!(Time(reached.0 + 3_000) <= at && at <= ended);
        assert!(
            live.advance(Time(0), &mut out) >= ended,
            "time does not step back"
        );
    }

    #[test]
    fn calls_at_once_end_in_the_order_of_their_times() {
        let mut live = fickle();
        for op in 0..20 {
            live.submit(if op % 3 == 0 { put(op) } else { get(op, "k") });
        }
        let ended = wait(&mut live, 20);
        let mut names: Vec<u64> = ended.iter().map(|(op, ..)| *op).collect();
        names.sort_unstable();
        assert_eq!(names, (0..20).collect::<Vec<_>>());
        assert!(ended.is_sorted_by_key(|(_, at, _)| *at));
    }

    #[test]
    fn a_client_serves_again_only_after_an_answer() {
        let opened = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&opened);
        let mut live = Live::new(2, LIMIT, move |node| {
            book.lock().expect("no test panics here").push(node);
            std::future::ready(Ok(Fickle { used: 0 }))
        })
        .expect("an event loop");
        let mut uses = |key: &str, via| {
            live.submit(Ask { via, ..get(1, key) });
            match wait(&mut live, 1).remove(0).2 {
                Outcome::Ok(Answer::Values { values, .. }) => values[0][0],
                _ => 0,
            }
        };
        assert_eq!([uses("k", 0), uses("k", 2), uses("k", 1)], [1, 2, 1]);
        assert_eq!([uses("hang", 0), uses("k", 0)], [0, 1]);
        assert_eq!([uses("refuse", 0), uses("k", 0)], [0, 1]);
        assert_eq!(*opened.lock().expect("no test panics here"), [0, 1, 0, 0]);
    }

    #[test]
    fn a_fault_is_refused_by_name() {
        let refused = fickle().fault(0, &Fault::Crash { node: 1 }, true);
        let why = refused.map_err(|unsupported| unsupported.to_string());
        assert_eq!(why, Err("this target cannot crash n1".into()));
    }

    #[test]
    fn the_promises_come_first() {
        let setup = Setup {
            nodes: 1,
            n: 1,
            r: 1,
            w: 1,
            converges: true,
            hands_off: false,
            may_lose: false,
            may_revive: false,
            sampled: false,
        };
        let mut live =
            Live::new(1, LIMIT, async |_| Ok(Fickle { used: 0 })).expect("an event loop");
        assert_eq!(live.setup(&[]), []);
        assert_eq!(
            live.promising(setup.clone()).setup(&[]),
            [Note::Setup(setup)]
        );
    }
}
