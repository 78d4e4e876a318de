//! A replica of one's own under every fault, and its twin with a bug.
//!
//! Three nodes keep siblings, wait for a quorum, and gossip, in some two hundred lines.
//!
//! `cargo test -p dynamometer --example replica` runs the tests, `cargo run --example replica` says what
//! was exercised.

use std::collections::{BTreeMap, BTreeSet};

use dynamometer::prelude::*;
use serde::{Deserialize, Serialize};

/// An event of one life of one node: nodes forget their counters when they crash.
type Dot = (u64, u64);

/// What is known of a key: its present versions, and all there ever were.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cell {
    versions: Vec<(Dot, String)>,
    seen: BTreeSet<Dot>,
}

impl Cell {
    /// Takes over what the other has seen: its versions, and the end of those that it no longer has.
    fn merge(&mut self, other: &Cell) {
        let kept = |dot: &Dot, there: &Cell| {
            !there.seen.contains(dot) || there.versions.iter().any(|(known, _)| known == dot)
        };
        let mut versions = self.versions.clone();
        versions.retain(|(dot, _)| kept(dot, other));
        let news = other.versions.iter();
        versions.extend(news.filter(|(dot, _)| !self.seen.contains(dot)).cloned());
        self.versions = versions;
        self.seen.extend(&other.seen);
    }
}

/// What replicas say to one another, and about which call.
#[derive(Clone, Debug)]
enum Wire {
    Keep(u64, Vec<u8>, Cell),
    Ask(u64, Vec<u8>),
    Done(u64, Cell),
}

/// The name of no call: what gossip is about.
const GOSSIP: u64 = u64::MAX;

/// A call that waits for this many nodes.
struct Waits {
    needs: u32,
    writes: bool,
    done: BTreeSet<u32>,
    cell: Cell,
}

struct Node {
    me: u32,
    nodes: u32,
    quorum: (u32, u32),
    /// This life of this node, and how many versions it made.
    life: u64,
    made: u64,
    cells: BTreeMap<Vec<u8>, Cell>,
    waits: BTreeMap<u64, Waits>,
    /// Who asked for each store, and in which call.
    storing: Vec<(u32, u64)>,
    gossip_at: Time,
}

type Out = Vec<Output<Wire>>;

impl Node {
    fn start(boot: &Boot<'_>) -> Self {
        let decode = |bytes: &Vec<u8>| serde_json::from_slice(bytes).expect("own records");
        let cells = boot.disk.iter();
        Node {
            me: boot.node,
            nodes: boot.nodes,
            quorum: (boot.r, boot.w),
            life: boot.now.0 * 64 + u64::from(boot.node),
            made: 0,
            cells: cells
                .map(|(key, cell)| (key.clone(), decode(cell)))
                .collect(),
            waits: BTreeMap::new(),
            storing: Vec::new(),
            gossip_at: Time(boot.now.0 + 200_000),
        }
    }

    fn call(&mut self, id: u64, request: Request, out: &mut Out) {
        let (needs, writes) = match request {
            Request::Get { .. } => (self.quorum.0, false),
            _ => (self.quorum.1, true),
        };
        let (done, cell) = (BTreeSet::new(), Cell::default());
        self.waits.insert(
            id,
            Waits {
                needs,
                writes,
                done,
                cell,
            },
        );
        let message = match request {
            Request::Get { key } => Wire::Ask(id, key),
            Request::Put {
                key,
                value,
                context,
            } => {
                let change = self.change(Some(value), context);
                Wire::Keep(id, key, change)
            }
            Request::Delete { key, context } => Wire::Keep(id, key, self.change(None, context)),
        };
        (0..self.nodes).for_each(|to| self.tell(to, message.clone(), out));
    }

    /// A new version, if there is a value, and the end of what the context has seen.
    fn change(&mut self, value: Option<Vec<u8>>, context: Option<Vec<u8>>) -> Cell {
        let seen = context.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let (mut seen, mut versions): (BTreeSet<Dot>, _) = (seen.unwrap_or_default(), Vec::new());
        if let Some(value) = value {
            self.made += 1;
            seen.insert((self.life, self.made));
            let value = String::from_utf8_lossy(&value).into_owned();
            versions.push(((self.life, self.made), value));
        }
        Cell { versions, seen }
    }

    /// Says something to a node, which may be this one.
    fn tell(&mut self, to: u32, message: Wire, out: &mut Out) {
        if to == self.me {
            self.hear(to, message, out);
        } else {
            out.push(Output::Send { to, message });
        }
    }

    fn hear(&mut self, from: u32, message: Wire, out: &mut Out) {
        match message {
            Wire::Keep(call, key, cell) => {
                let mine = self.cells.entry(key.clone()).or_default();
                let before = mine.clone();
                mine.merge(&cell);
                if call != GOSSIP || *mine != before {
                    let ticket = self.storing.len() as u64;
                    self.storing.push((from, call));
                    let bytes = serde_json::to_vec(mine).expect("cells are plain data");
                    let writes = vec![(key, Some(bytes))];
                    out.push(Output::Store { ticket, writes });
                }
            }
            Wire::Ask(call, key) => {
                let cell = self.cells.get(&key).cloned().unwrap_or_default();
                self.tell(from, Wire::Done(call, cell), out);
            }
            Wire::Done(call, cell) => self.done(from, call, &cell, out),
        }
    }

    /// Another node is done with its part of a call.
    fn done(&mut self, by: u32, id: u64, cell: &Cell, out: &mut Out) {
        let Some(waits) = self.waits.get_mut(&id) else {
            return;
        };
        waits.done.insert(by);
        waits.cell.merge(cell);
        if waits.done.len() as u32 == waits.needs {
            let Waits { writes, cell, .. } = self.waits.remove(&id).expect("it waits");
            let values = cell
                .versions
                .into_iter()
                .map(|(_, value)| value.into_bytes());
            let values = values.collect();
            let context = serde_json::to_vec(&cell.seen).expect("dots are plain data");
            let answer = Reply::Values { values, context };
            let reply = if writes { Reply::Stored } else { answer };
            out.push(Output::Reply { id, reply });
        }
    }
}

impl Replica for Node {
    type Message = Wire;

    fn handle(&mut self, now: Time, input: Input<Wire>, out: &mut Out) {
        match input {
            Input::Request { id, request } => self.call(id, request, out),
            Input::Message { from, message } => self.hear(from, message, out),
            Input::Stored { ticket } => {
                let (asked, call) = self.storing[ticket as usize];
                self.tell(asked, Wire::Done(call, Cell::default()), out);
            }
            Input::Wake => {
                self.gossip_at = Time(now.0 + 200_000);
                for (key, cell) in self.cells.clone() {
                    let to = (self.me + 1) % self.nodes;
                    self.tell(to, Wire::Keep(GOSSIP, key, cell), out);
                }
            }
            Input::Order { .. } => {}
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.gossip_at)
    }

    fn kind(message: &Wire) -> &'static str {
        match message {
            Wire::Keep(GOSSIP, ..) => "gossip",
            Wire::Keep(..) => "keep",
            Wire::Ask(..) => "ask",
            Wire::Done(..) => "done",
        }
    }

    /// So that reports can say which messages went where, and which got lost.
    fn about(message: &Wire) -> Option<About> {
        let (keys, call) = match message {
            Wire::Keep(call, key, _) | Wire::Ask(call, key) => (vec![key], *call),
            Wire::Done(call, _) => (Vec::new(), *call),
        };
        let text = |key: &Vec<u8>| String::from_utf8_lossy(key).into_owned();
        Some(About {
            keys: keys.into_iter().map(text).collect(),
            request: (call != GOSSIP).then_some(u128::from(call)),
            ..About::default()
        })
    }

    /// What a record says: evidence from the disks, where the node has no say.
    fn holding(record: &[u8], value: &[u8]) -> Option<Holding> {
        let key = String::from_utf8_lossy(record).into_owned();
        let cell: Cell = serde_json::from_slice(value).ok()?;
        let values = cell.versions.into_iter().map(|(_, value)| Some(value));
        let version = |value| Version { value, clock: None };
        let versions = values.map(version).collect();
        Some(Holding::Data { key, versions })
    }
}

/// What this store promises, and how its nodes start.
fn store(start: impl Fn(&Boot<'_>) -> Node) -> Test<impl Bench> {
    let promises = [Promise::SiblingPreservation, Promise::Convergence];
    simulate(start).keeps_siblings().promises(promises)
}

fn main() {
    store(Node::start).check();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The twin: a node that has crashed counts its versions from one again, under its old name.
    fn forgetful(boot: &Boot<'_>) -> Node {
        Node {
            life: u64::from(boot.node),
            ..Node::start(boot)
        }
    }

    #[test]
    fn the_replica_keeps_its_promises_under_every_fault() {
        let held = store(Node::start).runs(60).seed_base(1).check();
        for chances in held.promises.values() {
            assert!(chances.held >= 10, "{held}");
        }
        for fault in [
            "cut",
            "cut-one-way",
            "cut-links",
            "crash",
            "pause",
            "slow",
            "stall",
            "lose",
            "delay",
            "reorder",
            "repeat",
            "clog",
            "narrow",
            "rank",
        ] {
            assert!(
                held.happened.get(fault).is_some_and(|times| *times > 0),
                "{fault}: {held}"
            );
        }
    }

    #[test]
    fn a_twin_that_counts_from_one_after_a_crash_is_caught() {
        let failed = store(forgetful).runs(300).seed_base(1).run();
        let failed = failed.expect_err("versions of two lives have one name");
        println!("{failed}");
        assert_eq!(failed.cause(), Cause::Broken);
        let said = failed.to_string();
        assert!(said.contains("✂ crash n"), "{said}");
        assert!(said.contains("1 fault, 3 nodes (from "), "{said}");
        assert!(said.lines().count() <= 40, "{said}");
        let page = failed.bundle().map(|bundle| bundle.with_extension("html"));
        let page = std::fs::read_to_string(page.expect("it was saved")).expect("it was written");
        for kind in ["keep", "done"] {
            let message = format!("\"kind\":\"{kind}\"");
            assert!(
                page.contains(&message),
                "the page knows of messages: {kind}"
            );
        }
    }
}
