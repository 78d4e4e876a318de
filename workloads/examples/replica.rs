//! A replica of one's own, a hundred lines long, under every fault; and its twin with a bug.
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

/// What replicas say to one another.
#[derive(Clone, Debug)]
enum Wire {
    Keep { call: u64, key: Vec<u8>, cell: Cell },
    Kept { call: u64 },
    Ask { call: u64, key: Vec<u8> },
    Tell { call: u64, cell: Cell },
    Gossip { key: Vec<u8>, cell: Cell },
}

/// A put or get that waits for others.
enum Waits {
    Copies { on: BTreeSet<u32> },
    Answers { from: BTreeSet<u32>, cell: Cell },
}

struct Node {
    me: u32,
    nodes: u32,
    r: u32,
    w: u32,
    /// This life of this node, and how many versions it made.
    life: u64,
    made: u64,
    cells: BTreeMap<Vec<u8>, Cell>,
    waits: BTreeMap<u64, Waits>,
    /// Whom to answer when a store is durable; nobody, for gossip.
    storing: BTreeMap<u64, Option<(u32, u64)>>,
    gossip_at: Time,
}

impl Node {
    fn start(boot: &Boot<'_>) -> Self {
        let decode = |bytes: &Vec<u8>| serde_json::from_slice(bytes).expect("own records");
        let cells = boot
            .disk
            .iter()
            .map(|(key, cell)| (key.clone(), decode(cell)));
        Node {
            me: boot.node,
            nodes: boot.nodes,
            r: boot.r,
            w: boot.w,
            life: boot.now.0 * 64 + u64::from(boot.node),
            made: 0,
            cells: cells.collect(),
            waits: BTreeMap::new(),
            storing: BTreeMap::new(),
            gossip_at: Time(boot.now.0 + 200_000),
        }
    }

    /// Writes a cell to the disk; when it is there, `then` hears of it.
    fn store(&mut self, key: &[u8], then: Option<(u32, u64)>, out: &mut Vec<Output<Wire>>) {
        let ticket = self.storing.len() as u64;
        self.storing.insert(ticket, then);
        let cell = serde_json::to_vec(&self.cells[key]).expect("cells are plain data");
        let writes = vec![(key.to_vec(), Some(cell))];
        out.push(Output::Store { ticket, writes });
    }

    /// Puts a value, or deletes: ends what the context has seen, and tells everyone.
    fn write(
        &mut self,
        call: u64,
        key: Vec<u8>,
        value: Option<Vec<u8>>,
        context: Option<Vec<u8>>,
        out: &mut Vec<Output<Wire>>,
    ) {
        let seen = context.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let mut change = Cell {
            versions: Vec::new(),
            seen: seen.unwrap_or_default(),
        };
        if let Some(value) = value {
            self.made += 1;
            let dot = (self.life, self.made);
            change.seen.insert(dot);
            change
                .versions
                .push((dot, String::from_utf8_lossy(&value).into_owned()));
        }
        let cell = self.cells.entry(key.clone()).or_default();
        cell.merge(&change);
        let cell = cell.clone();
        self.waits.insert(
            call,
            Waits::Copies {
                on: BTreeSet::new(),
            },
        );
        self.store(&key, Some((self.me, call)), out);
        let keep = Wire::Keep { call, key, cell };
        self.tell_others(&keep, out);
    }

    fn tell_others(&self, message: &Wire, out: &mut Vec<Output<Wire>>) {
        let others = (0..self.nodes).filter(|to| *to != self.me);
        out.extend(others.map(|to| Output::Send {
            to,
            message: message.clone(),
        }));
    }

    fn copied(&mut self, by: u32, id: u64, out: &mut Vec<Output<Wire>>) {
        let Some(Waits::Copies { on }) = self.waits.get_mut(&id) else {
            return;
        };
        on.insert(by);
        if on.len() == self.w as usize {
            self.waits.remove(&id);
            out.push(Output::Reply {
                id,
                reply: Reply::Stored,
            });
        }
    }

    fn told(&mut self, by: u32, id: u64, told: &Cell, out: &mut Vec<Output<Wire>>) {
        let Some(Waits::Answers { from, cell }) = self.waits.get_mut(&id) else {
            return;
        };
        cell.merge(told);
        from.insert(by);
        if from.len() == self.r as usize {
            let values = cell
                .versions
                .iter()
                .map(|(_, value)| value.clone().into_bytes())
                .collect();
            let context = serde_json::to_vec(&cell.seen).expect("dots are plain data");
            self.waits.remove(&id);
            out.push(Output::Reply {
                id,
                reply: Reply::Values { values, context },
            });
        }
    }

    fn hear(&mut self, from: u32, message: Wire, out: &mut Vec<Output<Wire>>) {
        match message {
            Wire::Keep { call, key, cell } => {
                self.cells.entry(key.clone()).or_default().merge(&cell);
                self.store(&key, Some((from, call)), out);
            }
            Wire::Gossip { key, cell } => {
                let mine = self.cells.entry(key.clone()).or_default();
                let before = mine.clone();
                mine.merge(&cell);
                if *mine != before {
                    self.store(&key, None, out);
                }
            }
            Wire::Ask { call, key } => {
                let cell = self.cells.get(&key).cloned().unwrap_or_default();
                out.push(Output::Send {
                    to: from,
                    message: Wire::Tell { call, cell },
                });
            }
            Wire::Kept { call } => self.copied(from, call, out),
            Wire::Tell { call, cell } => self.told(from, call, &cell, out),
        }
    }
}

impl Replica for Node {
    type Message = Wire;

    fn handle(&mut self, now: Time, input: Input<Wire>, out: &mut Vec<Output<Wire>>) {
        match input {
            Input::Request {
                id,
                request: Request::Get { key },
            } => {
                let cell = self.cells.get(&key).cloned().unwrap_or_default();
                self.waits.insert(
                    id,
                    Waits::Answers {
                        from: BTreeSet::new(),
                        cell: Cell::default(),
                    },
                );
                self.told(self.me, id, &cell, out);
                self.tell_others(&Wire::Ask { call: id, key }, out);
            }
            Input::Request {
                id,
                request:
                    Request::Put {
                        key,
                        value,
                        context,
                    },
            } => {
                self.write(id, key, Some(value), context, out);
            }
            Input::Request {
                id,
                request: Request::Delete { key, context },
            } => {
                self.write(id, key, None, context, out);
            }
            Input::Message { from, message } => self.hear(from, message, out),
            Input::Stored { ticket } => match self.storing.get(&ticket) {
                Some(&Some((to, call))) if to == self.me => self.copied(to, call, out),
                Some(&Some((to, call))) => out.push(Output::Send {
                    to,
                    message: Wire::Kept { call },
                }),
                _ => {}
            },
            Input::Wake => {
                self.gossip_at = Time(now.0 + 200_000);
                for (key, cell) in &self.cells {
                    let gossip = Wire::Gossip {
                        key: key.clone(),
                        cell: cell.clone(),
                    };
                    self.tell_others(&gossip, out);
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
            Wire::Keep { .. } => "keep",
            Wire::Kept { .. } => "kept",
            Wire::Ask { .. } => "ask",
            Wire::Tell { .. } => "tell",
            Wire::Gossip { .. } => "gossip",
        }
    }

    fn holding(record: &[u8], value: &[u8]) -> Option<Holding> {
        let cell: Cell = serde_json::from_slice(value).ok()?;
        let versions = cell.versions.into_iter();
        let version = |(_, value)| Version {
            value: Some(value),
            clock: None,
        };
        Some(Holding::Data {
            key: String::from_utf8_lossy(record).into_owned(),
            versions: versions.map(version).collect(),
        })
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
            "crash",
            "pause",
            "lose",
            "delay",
            "reorder",
            "repeat",
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
    }
}
