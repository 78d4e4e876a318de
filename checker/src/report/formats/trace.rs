//! A run in the Trace Event format, which `ui.perfetto.dev` and `chrome://tracing` open.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::domain::Domain;
use crate::history::{History, Line, Op, Outcome, Process, Time};
use crate::kv::Kv;
use crate::network::Message;
use crate::note::{Node, Note};
use crate::report::Bundle;
use crate::report::steps::contents;

const CLIENTS: u32 = 1;
const NODES: u32 = 2;
const FAULTS: u32 = 3;

/// How long the slices at both ends of a message are, in microseconds.
const MESSAGE_US: u64 = 1;

/// The run as Trace Event JSON, an event a line, in microseconds.
///
/// The process `clients` has a track for each client, with a slice for each call; one of unknown outcome
/// lasts until the client gave up, or to the end. The process `nodes` has a track for each node: what its
/// disk holds, hints, crashes and restarts are instants; a message is a slice on either side, joined by a
/// flow; where it was not recorded when it was sent, both are at the time of its delivery. The process `faults` has their windows, on as many
/// tracks as overlap. Slices of a track never overlap.
pub fn trace_events(bundle: &Bundle, history: &History<Kv>) -> String {
    let end = history.lines().map(|line| at(&line)).max();
    let mut tracer = Tracer {
        bundle,
        end: end.unwrap_or_default(),
        events: Vec::new(),
        tracks: BTreeSet::new(),
        flows: 0,
        held: BTreeMap::new(),
        open: Vec::new(),
        windows: Vec::new(),
    };
    for message in &bundle.network.messages {
        tracer.message(message);
    }
    let mut given_up = BTreeMap::new();
    for line in history.lines() {
        match line {
            Line::Return(op, at) if op.returned.is_none() => {
                given_up.insert(op.id, at);
            }
            Line::Note(at, note) => tracer.note(at, note),
            Line::Invoke(_) | Line::Return(..) => {}
        }
    }
    let clients: BTreeSet<Process> = history.ops().iter().map(|op| op.process).collect();
    // Tracks are numbered from 1 without a gap: readers keep 32 bits of a number, and 0 for no track.
    let tracks: BTreeMap<Process, u64> = clients.into_iter().zip(1..).collect();
    for op in history.ops() {
        let end = op.returned.or(given_up.get(&op.id).copied());
        tracer.call(op, tracks[&op.process], end);
    }
    tracer.faults();
    tracer.decision();
    tracer.written()
}

fn at(line: &Line<'_, Kv>) -> Time {
    match line {
        Line::Invoke(op) => op.invoked,
        Line::Return(_, at) | Line::Note(at, _) => *at,
    }
}

/// A window of a fault: begin, end, and what it is.
type Window = (Time, Time, String);

struct Tracer<'b> {
    bundle: &'b Bundle,
    end: Time,
    events: Vec<(Time, Value)>,
    /// Process and track, in the order in which they are shown, and the name of the track.
    tracks: BTreeSet<(u32, u64, String)>,
    flows: u64,
    held: BTreeMap<(Node, String), String>,
    /// Faults that have begun and not ended.
    open: Vec<(Time, String)>,
    windows: Vec<Window>,
}

impl Tracer<'_> {
    fn push(&mut self, at: Time, (pid, tid): (u32, u64), mut event: Value) {
        event["ts"] = at.0.into();
        event["pid"] = pid.into();
        event["tid"] = tid.into();
        self.events.push((at, event));
    }

    fn node(&mut self, node: Node) -> (u32, u64) {
        let track = (NODES, u64::from(node.0) + 1);
        self.tracks.insert((track.0, track.1, node.to_string()));
        track
    }

    fn call(&mut self, op: &Op<Kv>, track: u64, end: Option<Time>) {
        let track = (CLIENTS, track);
        let name = op.process.to_string();
        self.tracks.insert((track.0, track.1, name));
        let outcome = match &op.outcome {
            Outcome::Ok(_) => "ok",
            Outcome::Fail => "refused",
            Outcome::Unknown => "unknown",
        };
        let mut args = json!({"op": op.id.0, "key": op.call.key(), "outcome": outcome});
        if let Some(node) = self.bundle.via.get(&op.id) {
            args["asks"] = node.to_string().into();
        }
        if !op.call.context().is_empty() {
            args["context"] = op.call.context().iter().map(|seen| seen.0).collect();
        }
        let dur = end.unwrap_or(self.end).0 - op.invoked.0;
        let name = Kv::label(&op.call, &op.outcome);
        let event = json!({"ph": "X", "cat": "call", "name": name, "dur": dur, "args": args});
        self.push(op.invoked, track, event);
    }

    fn instant(&mut self, at: Time, track: (u32, u64), cat: &str, name: &str) {
        let event = json!({"ph": "i", "s": "t", "cat": cat, "name": name});
        self.push(at, track, event);
    }

    fn on_node(&mut self, at: Time, node: Node, cat: &str, name: &str) {
        let track = self.node(node);
        self.instant(at, track, cat, name);
    }

    fn note(&mut self, at: Time, note: &Note) {
        match note {
            Note::Setup(setup) => {
                for node in 0..setup.nodes {
                    self.node(Node(node));
                }
            }
            Note::Fault { what, begins } => self.fault(at, what, *begins),
            Note::Crash(node) => self.on_node(at, *node, "crash", "crash"),
            Note::Restart(node) => self.on_node(at, *node, "crash", "restart"),
            Note::Durable {
                node,
                key,
                versions,
            } => {
                let name = format!("{key}: {}", contents(versions));
                let before = self.held.insert((*node, key.clone()), name.clone());
                if before.as_ref() != Some(&name) {
                    self.on_node(at, *node, "disk", &name);
                }
            }
            Note::Hint {
                holder,
                owner,
                key,
                versions,
            } => {
                let name = format!("hint of {key} for {owner}: {}", contents(versions));
                self.on_node(at, *holder, "hint", &name);
            }
            Note::HintDropped { holder, owner, key } => {
                let name = format!("hint of {key} for {owner} dropped");
                self.on_node(at, *holder, "hint", &name);
            }
            Note::HintExpired { holder, owner, key } => {
                let name = format!("hint of {key} for {owner} expired");
                self.on_node(at, *holder, "hint", &name);
            }
            Note::Transfer {
                from,
                to,
                kind,
                key,
            } => self.transfer(at, (*from, *to), kind, key),
            Note::Healed => self.instant(at, (FAULTS, 1), "run", "all faults have ended"),
            Note::Quiet => {
                self.instant(at, (FAULTS, 1), "run", "the cluster has had time to mend");
            }
            Note::Owners { .. }
            | Note::Informed(_)
            | Note::Context { .. }
            | Note::Counted { .. }
            | Note::Served { .. }
            | Note::Root { .. } => {}
        }
    }

    /// A delivery of which nothing else was recorded.
    fn transfer(&mut self, at: Time, (from, to): (Node, Node), kind: &str, key: &str) {
        let network = &self.bundle.network;
        if network.delivered(at, (from, to), kind, key).is_none() {
            self.message(&Message {
                from,
                to,
                kind: kind.to_owned(),
                key: key.to_owned(),
                request: None,
                in_place_of: None,
                sent: at,
                heard: Some(at),
            });
        }
    }

    fn message(&mut self, message: &Message) {
        let Message {
            from,
            to,
            kind,
            key,
            sent,
            heard,
            ..
        } = message;
        self.flows += 1;
        let flow = json!({"cat": "message", "name": kind, "id": self.flows});
        let slice = json!({"ph": "X", "cat": "message", "dur": MESSAGE_US,
            "args": {"key": key, "from": from.to_string(), "to": to.to_string()}});
        let lost = if heard.is_some() { "" } else { ", lost" };
        let sending = (*from, *sent, "s", format!("{kind} of {key} → {to}{lost}"));
        let hearing = heard.map(|at| (*to, at, "f", format!("{kind} of {key} ← {from}")));
        for (node, at, ph, name) in std::iter::once(sending).chain(hearing) {
            let track = self.node(node);
            let (mut slice, mut flow) = (slice.clone(), flow.clone());
            slice["name"] = name.into();
            self.push(at, track, slice);
            if heard.is_none() {
                continue;
            }
            flow["ph"] = ph.into();
            if ph == "f" {
                // It ends at the slice around it, not at the next one.
                flow["bp"] = "e".into();
            }
            self.push(at, track, flow);
        }
    }

    fn fault(&mut self, at: Time, what: &str, begins: bool) {
        if begins {
            self.open.push((at, what.into()));
        } else if let Some(place) = self.open.iter().position(|(_, open)| open == what) {
            let (from, what) = self.open.remove(place);
            self.windows.push((from, at, what));
        }
    }

    /// Windows on tracks on which they do not overlap.
    fn faults(&mut self) {
        let open = std::mem::take(&mut self.open);
        let mut windows = std::mem::take(&mut self.windows);
        windows.extend(open.into_iter().map(|(from, what)| (from, self.end, what)));
        windows.sort();
        let mut ends: Vec<Time> = Vec::new();
        for (from, until, what) in windows {
            let free = ends.iter().position(|end| *end <= from);
            let track = free.unwrap_or_else(|| {
                ends.push(until);
                ends.len() - 1
            });
            ends[track] = until;
            let dur = until.0 - from.0;
            let event = json!({"ph": "X", "cat": "fault", "name": what, "dur": dur});
            self.push(from, (FAULTS, track as u64 + 1), event);
        }
        for track in 1..=ends.len().max(1) {
            self.tracks.insert((FAULTS, track as u64, "faults".into()));
        }
    }

    /// Where the store went wrong.
    fn decision(&mut self) {
        let explanation = self.bundle.explanation.as_ref();
        let Some(decision) = explanation.and_then(|all| all.decision.clone()) else {
            return;
        };
        let name = format!("✗ {}", decision.sentence);
        match decision.node {
            Some(node) => self.on_node(decision.at, node, "decision", &name),
            None => self.instant(decision.at, (FAULTS, 1), "decision", &name),
        }
    }

    /// Tracks, then events in the order of time.
    fn written(mut self) -> String {
        let mut all = Vec::new();
        for (pid, name) in [(CLIENTS, "clients"), (NODES, "nodes"), (FAULTS, "faults")] {
            all.push(
                json!({"ph": "M", "name": "process_name", "pid": pid, "tid": 0,
                "args": {"name": name}}),
            );
            all.push(
                json!({"ph": "M", "name": "process_sort_index", "pid": pid, "tid": 0,
                "args": {"sort_index": pid}}),
            );
        }
        for (pid, tid, name) in &self.tracks {
            all.push(
                json!({"ph": "M", "name": "thread_name", "pid": pid, "tid": tid,
                "args": {"name": name}}),
            );
            all.push(
                json!({"ph": "M", "name": "thread_sort_index", "pid": pid, "tid": tid,
                "args": {"sort_index": tid}}),
            );
        }
        self.events.sort_by_key(|(at, _)| *at);
        all.extend(self.events.into_iter().map(|(_, event)| event));
        let lines: Vec<String> = all.iter().map(Value::to_string).collect();
        let found = self.bundle.counterexample.as_ref();
        let about = json!({
            "fingerprint": self.bundle.fingerprint(),
            "seed": format!("{:#018x}", self.bundle.seed),
            "sentence": found.map(|found| found.sentence.as_str()),
            "source": self.bundle.source,
            "target": self.bundle.target,
        });
        format!(
            "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[\n{}\n]}}\n",
            lines.join(",\n")
        )
    }
}
