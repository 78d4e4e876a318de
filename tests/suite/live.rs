//! A running store, asked through its own client over TCP, keeps its promise or is found out.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use checker::note::Setup;
use checker::{Budget, Counters, Outcome, Promise, Time, Verdict};
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};
use dynamometer::drive::{Run, Undriven, drive};
use dynamometer::fault::{Fault, FaultSchedule, Window};
use dynamometer::plan::{Call, Partitioning, Plan, Shape, Step};
use dynamometer::subject::live::{Answered, Client, ClientError, Live};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What is wrong with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sin {
    None,
    /// Every second put is acknowledged and then dropped.
    ForgetPuts,
    /// Every second put is stored, but its answer never leaves: the connection is closed instead.
    SwallowAnswers,
    /// Every second put stays without an answer on an open connection, but is stored.
    HoldAnswers,
}

/// The one copy of all keys.
///
/// A context is the number of the newest version of any key at the time of the read: the reader has seen
/// the versions of its key up to that one.
#[derive(Default)]
struct Copy {
    versions: BTreeMap<String, Vec<(u64, String)>>,
    newest: u64,
    puts: u64,
}

impl Copy {
    fn get(&self, key: &str) -> String {
        let mut words = vec![self.newest.to_string()];
        let versions = self.versions.get(key).into_iter().flatten();
        words.extend(versions.map(|(_, value)| value.clone()));
        words.join(" ") + "\n"
    }

    fn put(&mut self, key: &str, value: &str, seen: u64) {
        self.newest += 1;
        let versions = self.versions.entry(key.into()).or_default();
        versions.retain(|(version, _)| *version > seen);
        versions.push((self.newest, value.into()));
    }

    /// The answer to one line: `get KEY` or `put KEY VALUE CONTEXT`. `None`: there is none.
    fn answer(&mut self, line: &str, sin: Sin) -> Option<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["get", key] => Some(self.get(key)),
            ["put", key, value, seen] => {
                self.puts += 1;
                let second = self.puts.is_multiple_of(2);
                if !(second && sin == Sin::ForgetPuts) {
                    self.put(key, value, seen.parse().expect("contexts are numbers"));
                }
                let silent = second && matches!(sin, Sin::SwallowAnswers | Sin::HoldAnswers);
                (!silent).then(|| "stored\n".into())
            }
            _ => panic!("not a request: {line:?}"),
        }
    }
}

/// A server on a thread of its own, which ends with it.
struct Server {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(sin: Sin) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("the listener is bound");
        listener.set_nonblocking(true).expect("tokio wants it so");
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            runtime.expect("an event loop").block_on(async {
                let listener = TcpListener::from_std(listener).expect("an event loop runs");
                tokio::select! {
                    () = serve(listener, sin) => {}
                    _ = ended => {}
                }
            });
        });
        Server {
            address,
            end: Some(end),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.end.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            std::thread::panicking() || !matches!(ended, Some(Err(_))),
            "the server panicked"
        );
    }
}

async fn serve(listener: TcpListener, sin: Sin) {
    let copy = Arc::new(Mutex::new(Copy::default()));
    while let Ok((stream, _)) = listener.accept().await {
        let copy = Arc::clone(&copy);
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            while matches!(stream.read_line(&mut line).await, Ok(1..)) {
                let answer = copy.lock().expect("no request panics").answer(&line, sin);
                line.clear();
                match answer {
                    Some(answer) => {
                        if stream.write_all(answer.as_bytes()).await.is_err() {
                            return;
                        }
                    }
                    None if sin == Sin::HoldAnswers => {}
                    None => return,
                }
            }
        });
    }
}

/// The client that came with the server.
struct Connection {
    stream: BufReader<TcpStream>,
    /// What it takes a broken connection for.
    broken: fn(String) -> ClientError,
}

impl Connection {
    async fn ask(&mut self, request: String) -> Result<String, ClientError> {
        let broken = self.broken;
        let sent = self.stream.write_all(request.as_bytes()).await;
        sent.map_err(|why| broken(why.to_string()))?;
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(_) if line.ends_with('\n') => Ok(line),
            Ok(_) => Err(broken("closed amid a call".into())),
            Err(why) => Err(broken(why.to_string())),
        }
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("plans are text")
}

impl Client for Connection {
    async fn get(&mut self, key: &[u8]) -> Result<Answered, ClientError> {
        let line = self.ask(format!("get {}\n", text(key))).await?;
        let mut words = line.split_whitespace().map(|word| word.as_bytes().to_vec());
        let context = words.next().unwrap_or_default();
        Ok(Answered {
            values: words.collect(),
            context,
        })
    }

    async fn put(
        &mut self,
        key: &[u8],
        value: &[u8],
        context: Option<&[u8]>,
    ) -> Result<(), ClientError> {
        let (key, value, seen) = (text(key), text(value), text(context.unwrap_or(b"0")));
        match &*self.ask(format!("put {key} {value} {seen}\n")).await? {
            "stored\n" => Ok(()),
            other => Err(ClientError::Unknown(format!("not an answer: {other:?}"))),
        }
    }
}

/// Three clients on two keys. To `log` they only add; in `cart` they read and replace, at first all
/// three the same version.
fn plan() -> Plan {
    let mut steps = Vec::new();
    for round in 0..7 {
        for client in 0..3 {
            let id = round * 3 + client;
            let cart = || "cart".to_owned();
            let call = match round {
                0 | 3 => Call::Get { key: cart() },
                1 | 4 => Call::Put {
                    key: cart(),
                    context: Some(id - 3),
                },
                6 => Call::Get { key: "log".into() },
                _ => Call::Put {
                    key: "log".into(),
                    context: None,
                },
            };
            let at = Time(u64::from(round) * 5_000);
            steps.push(Step {
                id,
                at,
                client,
                via: 0,
                call,
            });
        }
    }
    let shape = Shape {
        nodes: 1,
        n: 1,
        r: 1,
        w: 1,
        vnodes: 1,
        partitioning: Partitioning::default(),
        sloppy: false,
        hints: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        coordinator: Coordinator::Asked,
        read_from: ReadFrom::Healthy,
        causality: Causality::Dots,
        resolution: Resolution::Client,
        reaping_us: None,
        durability: Durability::Synced,
        detection: Detection::Requests,
        yields: false,
        skew_us: 0,
    };
    Plan {
        seed: 0,
        shape,
        steps,
        faults: FaultSchedule::default(),
    }
}

/// Runs a plan against a server, whose client takes broken connections for this.
fn run(plan: &Plan, sin: Sin, broken: fn(String) -> ClientError) -> Result<Run, Undriven> {
    let server = Server::start(sin);
    let address = server.address;
    let limit = match sin {
        Sin::HoldAnswers => Duration::from_millis(100),
        _ => Duration::from_secs(20),
    };
    let live = Live::new(1, limit, move |_| async move {
        let stream = TcpStream::connect(address).await;
        let stream = stream.map_err(|why| ClientError::DidNotHappen(why.to_string()))?;
        Ok(Connection {
            stream: BufReader::new(stream),
            broken,
        })
    });
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
    drive(plan, &mut live.expect("an event loop").promising(setup))
}

fn judged(run: &Run) -> Verdict {
    let promises = checker::promises();
    let asked = promises
        .iter()
        .find(|checker| checker.promise() == Promise::SiblingPreservation);
    asked
        .expect("it is one of the promises")
        .check(&run.history, Budget::default())
}

fn exercised(verdict: Verdict) -> Counters {
    match verdict {
        Verdict::Valid(witness) => witness.exercised,
        other => panic!("not valid: {other:?}"),
    }
}

fn unknown(run: &Run) -> usize {
    let ops = run.history.ops();
    ops.iter()
        .filter(|op| op.outcome == Outcome::Unknown)
        .count()
}

#[test]
fn a_live_store_preserves_siblings() {
    let run = run(&plan(), Sin::None, ClientError::Unknown).expect("the plan has no faults");
    assert_eq!(unknown(&run), 0);
    let exercised = exercised(judged(&run));
    assert_eq!(exercised["acknowledged writes"], 12);
    assert!(
        exercised["replacing writes"] >= 3,
        "those of the second round on the cart"
    );
    assert!(
        exercised["reads of several siblings"] >= 1,
        "the last one of the log"
    );
    assert_eq!(exercised["final reads"], 2);
}

#[test]
fn a_live_store_that_forgets_acknowledged_puts_is_found_out() {
    let run = run(&plan(), Sin::ForgetPuts, ClientError::Unknown).expect("the plan has no faults");
    let verdict = judged(&run);
    let found = verdict
        .counterexample()
        .expect("nobody replaced what was dropped");
    assert_eq!(found.title(), "sibling-preservation (lost write)");
}

#[test]
fn a_put_whose_answer_was_lost_is_unknown_and_may_be_read() {
    let run = run(&plan(), Sin::SwallowAnswers, ClientError::Unknown).expect("no faults");
    assert_eq!(unknown(&run), 6);
    assert!(exercised(judged(&run))["final reads"] > 0);
}

#[test]
fn a_client_that_takes_a_lost_answer_for_a_failure_blames_a_sound_store() {
    let run = run(&plan(), Sin::SwallowAnswers, ClientError::DidNotHappen).expect("no faults");
    let verdict = judged(&run);
    let found = verdict.counterexample().expect("puts that failed are read");
    assert_eq!(found.title(), "sibling-preservation (invention)");
}

#[test]
fn a_put_that_takes_too_long_is_unknown_and_may_be_read() {
    // Whatever the client thinks of broken connections: it is not asked about the limit.
    let run = run(&plan(), Sin::HoldAnswers, ClientError::DidNotHappen).expect("no faults");
    assert!(unknown(&run) >= 6);
    assert!(exercised(judged(&run))["final reads"] > 0);
}

#[test]
fn a_plan_with_a_fault_is_refused_and_not_run_without_it() {
    let fault = Fault::Crash { node: 0 };
    let window = Window {
        id: 99,
        from: Time(0),
        until: Time(10),
        fault,
    };
    let plan = Plan {
        faults: FaultSchedule(vec![window]),
        ..plan()
    };
    let refused = run(&plan, Sin::None, ClientError::Unknown);
    let why = refused.map_err(|undriven| undriven.to_string());
    assert_eq!(why, Err("this target cannot crash n0".into()));
}
