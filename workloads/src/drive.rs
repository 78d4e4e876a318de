//! Plan in, history out: the only loop that runs anything.
//!
//! A run ends quietly: all faults are over, the store has the time it asked for, replicas are
//! compared before anything reads (reading repairs), then every key is read at every node.

mod edges;
mod said;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use checker::kv::{Kv, KvCall, KvRet};
use checker::note::Setup;
use checker::{Entry, History, Note, OpId, Outcome, Process, Promise, Time};
use thiserror::Error;

use edges::{Edge, edges};
use said::forged;
pub(crate) use said::said;

use crate::fault::{Fate, Fault};
use crate::luck::Key;
use crate::merging::{Merging, valued};
use crate::plan::{Call, Plan, Step};
use crate::promised::promised_in;
use crate::replica::Request;
use crate::subject::{Answer, Ask, Happening, Subject, Unsupported, text};

/// What came of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Everything that was recorded.
    pub history: History<Kv>,
    /// When each step was really made, in the order of the steps.
    pub made: BTreeMap<u32, Time>,
    /// What windows of chance did to single messages: when each was sent, what it was, its fate.
    pub fates: Vec<(Time, Message, Fate)>,
    /// Two runs share it exactly if they went the same way.
    pub trace: u64,
}

/// One message, as a plan can speak of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The identity that the subject gives it.
    pub identity: u64,
    /// What it was, for readers.
    pub what: String,
}

/// Why a plan could not be run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Undriven {
    /// The subject cannot inflict a fault of the plan.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Calls that never completed, although each has a time limit.
    #[error("the target never completed {0} calls")]
    Hung(usize),
    /// Two steps or windows of the plan share a name.
    #[error("the plan has two {0}s of the name {1}")]
    Ambiguous(&'static str, u32),
    /// The target went on without time passing.
    #[error("the target is stuck: {0}")]
    Stuck(String),
    /// A part of the target did not come up, or ended by itself.
    #[error("the target broke down: {0}")]
    Broken(String),
}

/// Runs a plan against a subject and records what happened.
///
/// The same plan on the same deterministic subject gives the same run, byte for byte.
///
/// # Errors
/// When the subject cannot do what the plan asks; a run is never silently something else.
pub fn drive(plan: &Plan, subject: &mut dyn Subject) -> Result<Run, Undriven> {
    drive_turned(plan, subject, None)
}

/// A moment from which on chance falls another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What is drawn from then on has other luck.
    pub at: Time,
    /// The luck it has.
    pub seed: u64,
}

/// As [`drive`], but from a moment on with other luck: calls and faults stay as the plan has them, and
/// so does all that was drawn before. Fates of single messages are luck; those that were not met by
/// then are forgotten.
///
/// # Errors
/// When the subject cannot do what the plan asks.
pub fn drive_turned(
    plan: &Plan,
    subject: &mut dyn Subject,
    turn: Option<Turn>,
) -> Result<Run, Undriven> {
    let mut driver = Driver::new(plan, subject)?;
    driver.turn = turn;
    driver.play()?;
    driver.settle()?;
    driver.read_everything()?;
    Ok(driver.finish())
}

/// The first name of operations that are not steps of the plan, if no step has a later one: reads at the
/// quiet end.
pub(crate) const FINAL_READS: u64 = 1 << 20;

struct Driver<'a> {
    plan: &'a Plan,
    subject: &'a mut dyn Subject,
    keys: Vec<String>,
    now: Time,
    entries: Vec<Entry<Kv>>,
    clients: Vec<Client<'a>>,
    open: BTreeMap<u64, usize>,
    contexts: BTreeMap<u32, Vec<u8>>,
    /// The gets whose contexts were passed by puts that were not acknowledged, or not yet.
    unacknowledged: BTreeMap<u32, Option<u32>>,
    merging: Merging,
    made: BTreeMap<u32, Time>,
    processes: u64,
    turn: Option<Turn>,
    turned: bool,
}

struct Client<'a> {
    process: Process,
    queue: VecDeque<&'a Step>,
    busy: bool,
    free_at: Time,
}

impl<'a> Driver<'a> {
    fn new(plan: &'a Plan, subject: &'a mut dyn Subject) -> Result<Self, Undriven> {
        let mut queues: BTreeMap<u32, VecDeque<&Step>> = BTreeMap::new();
        let mut keys: Vec<String> = Vec::new();
        let mut steps: Vec<&Step> = plan.steps.iter().collect();
        steps.sort_by_key(|step| (step.at, step.id));
        let mut names = BTreeSet::new();
        for step in steps {
            if !names.insert(step.id) {
                return Err(Undriven::Ambiguous("step", step.id));
            }
            queues.entry(step.client).or_default().push_back(step);
            keys.push(step.call.key().to_owned());
        }
        let mut names = BTreeSet::new();
        if let Some(window) = plan.faults.0.iter().find(|window| !names.insert(window.id)) {
            return Err(Undriven::Ambiguous("fault", window.id));
        }
        keys.sort();
        keys.dedup();
        // Clients keep their numbers while others are shrunk away.
        let last = queues.keys().max().map_or(0, |&client| u64::from(client));
        let clients = queues
            .into_iter()
            .map(|(client, queue)| Client {
                process: Process(u64::from(client)),
                queue,
                busy: false,
                free_at: Time(0),
            })
            .collect();
        let entries = subject
            .setup(&keys)
            .into_iter()
            .map(|note| Entry::Note {
                at: Time(0),
                note: befallen(note, plan),
            })
            .collect();
        Ok(Driver {
            plan,
            subject,
            keys,
            now: Time(0),
            entries,
            clients,
            open: BTreeMap::new(),
            contexts: BTreeMap::new(),
            unacknowledged: BTreeMap::new(),
            merging: Merging::new(plan),
            made: BTreeMap::new(),
            processes: last + 1,
            turn: None,
            turned: false,
        })
    }

    /// All steps and all faults, up to the moment when every fault has ended.
    fn play(&mut self) -> Result<(), Undriven> {
        let mut edges = edges(self.plan);
        loop {
            let call = self.next_call();
            let edge = edges.front().map(|edge| edge.at);
            match (call, edge) {
                (None, None) if self.open.is_empty() => return Ok(()),
                (None, None) => self.wait_for_completion()?,
                (Some((at, _)), Some(edge_at)) if edge_at <= at => self.edge(&mut edges)?,
                (None, Some(_)) => self.edge(&mut edges)?,
                (Some((at, client)), _) => {
                    if self.advance(at) {
                        self.call(client);
                    }
                }
            }
        }
    }

    /// The earliest call that a free client wants to make.
    fn next_call(&self) -> Option<(Time, usize)> {
        self.clients
            .iter()
            .enumerate()
            .filter(|(_, client)| !client.busy)
            .filter_map(|(index, client)| {
                client
                    .queue
                    .front()
                    .map(|step| (step.at.max(client.free_at), index))
            })
            .min()
    }

    fn edge(&mut self, edges: &mut VecDeque<Edge>) -> Result<(), Undriven> {
        let Some(edge) = edges.front().copied() else {
            return Ok(());
        };
        if !self.advance(edge.at) {
            return Ok(());
        }
        edges.pop_front();
        let window = &self.plan.faults.0[edge.window];
        if self.turned && matches!(window.fault, Fault::Deliver { .. }) {
            return Ok(());
        }
        self.subject.fault(window.id, &window.fault, edge.begins)?;
        // The fate of one message has a moment, not a span.
        if edge.begins || !matches!(window.fault, Fault::Deliver { .. }) {
            let what = window.fault.to_string();
            self.note(Note::Fault {
                what,
                begins: edge.begins,
            });
        }
        Ok(())
    }

    fn wait_for_completion(&mut self) -> Result<(), Undriven> {
        let limit = Time(self.now.0 + 60_000_000);
        if self.advance(limit) {
            return Err(Undriven::Hung(self.open.len()));
        }
        Ok(())
    }

    /// Whether the time was reached without a completion in between.
    fn advance(&mut self, until: Time) -> bool {
        if let Some(turn) = self.turn.filter(|turn| turn.at <= until) {
            if !self.pass(turn.at) {
                return false;
            }
            self.subject.reseed(turn.seed);
            self.turn = None;
            self.turned = true;
        }
        self.pass(until)
    }

    fn pass(&mut self, until: Time) -> bool {
        let until = until.max(self.now);
        let mut happenings = Vec::new();
        self.now = self.subject.advance(until, &mut happenings);
        let mut completed = false;
        for happening in happenings {
            match happening {
                Happening::Noted { at, note } => self.entries.push(Entry::Note { at, note }),
                Happening::Completion { op, at, outcome } => {
                    completed = true;
                    self.complete(op, at, outcome);
                }
            }
        }
        !completed && self.now >= until
    }

    fn complete(&mut self, op: u64, at: Time, outcome: Outcome<Answer>) {
        let Some(client) = self.open.remove(&op) else {
            return;
        };
        let outcome = match outcome {
            Outcome::Ok(Answer::Stored) => {
                if let Ok(step) = u32::try_from(op) {
                    self.unacknowledged.remove(&step);
                }
                Outcome::Ok(KvRet::Stored)
            }
            Outcome::Ok(Answer::Values { values, context }) => {
                let values: Vec<String> = values.iter().map(|value| text(value)).collect();
                if let Ok(step) = u32::try_from(op) {
                    self.contexts.insert(step, context);
                    self.merging.answered(step, &values);
                }
                Outcome::Ok(KvRet::Values(values))
            }
            Outcome::Fail => {
                if let Ok(step) = u32::try_from(op) {
                    self.merging.failed(step);
                }
                Outcome::Fail
            }
            Outcome::Unknown => Outcome::Unknown,
        };
        let client = &mut self.clients[client];
        client.busy = false;
        // Equal times are concurrent, and a client's own calls are not.
        client.free_at = Time(at.0 + 1);
        if outcome == Outcome::Unknown {
            client.process = Process(self.processes);
            self.processes += 1;
        }
        self.entries.push(Entry::Return {
            op: OpId(op),
            at,
            outcome,
        });
    }

    fn call(&mut self, client: usize) {
        let Some(step) = self.clients[client].queue.pop_front() else {
            return;
        };
        let Some((call, request)) = self.asked(step) else {
            return;
        };
        match step.call {
            Call::Put { context, .. } => {
                self.unacknowledged.insert(step.id, context);
            }
            Call::Change { .. } => {
                // A get that is answered later was not passed.
                let passed = call.context().first();
                let passed = passed.and_then(|get| u32::try_from(get.0).ok());
                self.unacknowledged.insert(step.id, passed);
            }
            _ => {}
        }
        self.made.insert(step.id, self.now);
        let op = u64::from(step.id);
        self.submit(
            client,
            op,
            Key::named("step").child(u64::from(step.id)).0,
            step.via,
            call,
            request,
        );
    }

    /// What a step says to the history, and to the store; `None` if there is nothing to be said.
    fn asked(&mut self, step: &Step) -> Option<(KvCall, Request)> {
        let (Call::Put { context, .. } | Call::Delete { context, .. }) = step.call else {
            return match step.call {
                Call::Retry { of, .. } => {
                    let context = *self.unacknowledged.get(&of)?;
                    let put = said(step, self.read(context));
                    Some(match self.merging.again(step.id, of) {
                        Some(value) => valued(put, &value),
                        None => put,
                    })
                }
                Call::Change { of, context, .. } => {
                    let read = context.filter(|get| self.merging.has(*get));
                    let put = said(step, self.read(read));
                    Some(valued(put, &self.merging.change(step, of, read)))
                }
                Call::PutForged { context, .. } => {
                    let (call, mut request) = said(step, None);
                    if let Request::Put {
                        context: passed, ..
                    } = &mut request
                    {
                        let context = self.contexts.get(&context);
                        *passed = context.map(|context| forged(context, step.id));
                    }
                    Some((call, request))
                }
                _ => Some(said(step, None)),
            };
        };
        Some(said(step, self.read(context)))
    }

    /// A get and its context. One that was never answered leaves none.
    fn read(&self, get: Option<u32>) -> Option<(u32, &[u8])> {
        get.and_then(|get| Some((get, self.contexts.get(&get)?.as_slice())))
    }

    fn submit(
        &mut self,
        client: usize,
        op: u64,
        luck: u64,
        via: u32,
        call: KvCall,
        request: Request,
    ) {
        let process = self.clients[client].process;
        self.entries.push(Entry::Invoke {
            op: OpId(op),
            at: self.now,
            process,
            call,
        });
        self.clients[client].busy = true;
        self.open.insert(op, client);
        self.subject.submit(Ask {
            op,
            luck,
            via,
            request,
        });
    }

    /// Heals, waits, and takes evidence before anything reads.
    fn settle(&mut self) -> Result<(), Undriven> {
        let healed = self.now.max(self.plan.faults.quiet_from());
        self.advance(healed);
        let place = self.entries.len();
        let before = self.look(false);
        self.note(Note::Healed);
        let settle = self.subject.settle_us();
        let quiet = Time(healed.0 + settle.unwrap_or_else(|| self.plan.settle()));
        self.advance(quiet);
        if !self.open.is_empty() {
            return Err(Undriven::Hung(self.open.len()));
        }
        // A first look that no second one follows says nothing of what is there now.
        if let Some(after) = self.look(true) {
            drop(
                self.entries
                    .splice(place..place, before.unwrap_or_default()),
            );
            self.entries.extend(after);
        }
        for note in self.subject.inspect(&self.keys) {
            self.note(note);
        }
        self.note(Note::Quiet);
        Ok(())
    }

    /// What the disks hold, in an instant of its own: within one, nobody knows what came first.
    fn look(&mut self, mended: bool) -> Option<Vec<Entry<Kv>>> {
        let at = self.now;
        let held = self.subject.disks(&self.keys, mended)?;
        self.advance(Time(at.0 + 1));
        let noted = |note| Entry::Note { at, note };
        Some(held.into_iter().map(noted).collect())
    }

    /// Reads every key at every node, one after the other, each read a session of its own.
    fn read_everything(&mut self) -> Result<(), Undriven> {
        // A read at the same instant as the last write's answer would count as concurrent with it.
        self.advance(Time(self.now.0 + 1));
        let last = self.plan.steps.iter().map(|step| u64::from(step.id)).max();
        let mut op = last.map_or(FINAL_READS, |last| FINAL_READS.max(last + 1));
        for key in self.keys.clone() {
            for node in 0..self.plan.shape.legal().nodes {
                self.clients.push(Client {
                    process: Process(self.processes),
                    queue: VecDeque::new(),
                    busy: false,
                    free_at: self.now,
                });
                self.processes += 1;
                let call = KvCall::Get { key: key.clone() };
                let request = Request::Get {
                    key: key.clone().into_bytes(),
                };
                let luck = Key::named("final read")
                    .child_named(&key)
                    .child(u64::from(node))
                    .0;
                self.submit(self.clients.len() - 1, op, luck, node, call, request);
                while !self.open.is_empty() {
                    self.wait_for_completion()?;
                }
                self.advance(Time(self.now.0 + 1));
                op += 1;
            }
        }
        Ok(())
    }

    fn finish(self) -> Run {
        let trace = self.subject.trace();
        let fates = self
            .subject
            .fates()
            .into_iter()
            .map(|(at, identity, fate)| {
                let what = self.subject.message(identity);
                (at, Message { identity, what }, fate)
            });
        let fates = fates.collect();
        let history = History::new(self.entries)
            .expect("the driver keeps one open call per process and a clock that goes forward");
        Run {
            history,
            made: self.made,
            fates,
            trace,
        }
    }

    fn note(&mut self, note: Note) {
        self.entries.push(Entry::Note { at: self.now, note });
    }
}

/// What is promised of a cluster to which the faults of the plan happen.
fn befallen(note: Note, plan: &Plan) -> Note {
    let lost = |fault: &Fault| fault.unaimed().loses_disk();
    match note {
        Note::Setup(setup) if plan.faults.0.iter().any(|window| lost(&window.fault)) => {
            let promised = promised_in(plan);
            Note::Setup(Setup {
                hands_off: setup.hands_off && promised.makes(Promise::HandoffDelivery),
                converges: setup.converges && promised.makes(Promise::Convergence),
                may_lose: setup.may_lose || promised.may_lose,
                may_revive: setup.may_revive || promised.may_revive,
                ..setup
            })
        }
        note => note,
    }
}
