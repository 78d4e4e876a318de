//! A store that fits on a page, to show what the simulator does to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use checker::note::{Note, Version};
use checker::{Outcome, Time};

use crate::fault::{Fault, Window};
use crate::luck::Key;
use crate::replica::{Disk, Holding, Input, Output, Replica, Reply, Request};
use crate::sim::{Deployment, Layout, Sim};
use crate::subject::{Answer, Ask, Happening, Subject};

/// Keeps one value a key; a put is stored, acknowledged once it is durable, and copied to all others,
/// who do not answer. Every ten milliseconds each node pings the next.
#[derive(Debug)]
pub(crate) struct Toy {
    node: u32,
    nodes: u32,
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    storing: BTreeMap<u64, u64>,
    tickets: u64,
    ping_at: Time,
}

#[derive(Clone, Debug)]
pub(crate) enum Say {
    Copy(Vec<u8>, Vec<u8>),
    Ping,
    Answer(u64),
}

type Outputs = Vec<Output<Say>>;

impl Toy {
    fn store(&mut self, key: Vec<u8>, value: Vec<u8>, out: &mut Outputs) -> u64 {
        self.tickets += 1;
        self.values.insert(key.clone(), value.clone());
        out.push(Output::Store {
            ticket: self.tickets,
            writes: vec![(key, Some(value))],
        });
        self.tickets
    }

    /// Some keys are special, to provoke what a sane store seldom does.
    fn request(&mut self, id: u64, request: Request, out: &mut Outputs) {
        match request {
            Request::Get { key } if key == b"echo" => out.push(Output::Send {
                to: self.node,
                message: Say::Answer(id),
            }),
            Request::Get { key } if key == b"silence" => {}
            Request::Get { key } if key == b"twice" => {
                for _ in 0..2 {
                    let reply = Reply::Unavailable;
                    out.push(Output::Reply { id, reply });
                }
                out.push(Output::Reply {
                    id: id + 1000,
                    reply: Reply::Stored,
                });
                out.push(Output::Send {
                    to: 1000,
                    message: Say::Ping,
                });
            }
            Request::Get { key } if key == b"spin" => self.ping_at = Time(0),
            Request::Get { key } => out.push(Output::Reply {
                id,
                reply: Reply::Values {
                    values: self.values.get(&key).cloned().into_iter().collect(),
                    context: Vec::new(),
                },
            }),
            Request::Delete { .. } => out.push(Output::Reply {
                id,
                reply: Reply::Refused("toys are kept".into()),
            }),
            Request::Put { value, .. } if value.is_empty() => out.push(Output::Reply {
                id,
                reply: Reply::Refused("an empty value".into()),
            }),
            Request::Put { key, value, .. } => {
                for to in (0..self.nodes).filter(|to| *to != self.node) {
                    let message = Say::Copy(key.clone(), value.clone());
                    out.push(Output::Send { to, message });
                }
                let ticket = self.store(key, value, out);
                self.storing.insert(ticket, id);
            }
        }
    }
}

impl Replica for Toy {
    type Message = Say;

    fn handle(&mut self, now: Time, input: Input<Say>, out: &mut Outputs) {
        match input {
            Input::Wake => {
                if self.ping_at > Time(0) {
                    self.ping_at = Time(now.0 + 10_000);
                }
                out.push(Output::Send {
                    to: (self.node + 1) % self.nodes,
                    message: Say::Ping,
                });
            }
            Input::Request { id, request } => self.request(id, request, out),
            Input::Order { .. } => {}
            Input::Message { message, .. } => match message {
                Say::Copy(key, value) => {
                    self.store(key, value, out);
                }
                Say::Answer(id) => out.push(Output::Reply {
                    id,
                    reply: Reply::Stored,
                }),
                Say::Ping => {}
            },
            Input::Stored { ticket } => {
                if let Some(id) = self.storing.remove(&ticket) {
                    let reply = Reply::Stored;
                    out.push(Output::Reply { id, reply });
                }
            }
        }
    }

    fn deadline(&self) -> Option<Time> {
        Some(self.ping_at)
    }

    fn kind(message: &Say) -> &'static str {
        match message {
            Say::Copy(..) => "copy",
            Say::Ping => "ping",
            Say::Answer(_) => "answer",
        }
    }

    fn carries(message: &Say) -> Vec<String> {
        match message {
            Say::Copy(key, _) => vec![String::from_utf8_lossy(key).into_owned()],
            Say::Ping | Say::Answer(_) => Vec::new(),
        }
    }

    fn holding(record: &[u8], value: &[u8]) -> Option<Holding> {
        Some(Holding::Data {
            key: String::from_utf8_lossy(record).into_owned(),
            versions: vec![Version {
                value: Some(String::from_utf8_lossy(value).into_owned()),
                clock: None,
            }],
        })
    }

    fn roots(&self) -> Vec<(String, String)> {
        let root = |range: &str| (range.to_owned(), format!("{}", self.values.len()));
        vec![root("x"), root("unasked")]
    }
}

/// This many toys.
#[derive(Debug)]
pub(crate) struct Toys(pub(crate) u32);

impl Deployment for Toys {
    type Replica = Toy;

    fn start(&self, node: u32, disk: &Disk, now: Time) -> Toy {
        Toy {
            node,
            nodes: self.0,
            values: disk.clone(),
            storing: BTreeMap::new(),
            tickets: 0,
            ping_at: Time(now.0 + 10_000),
        }
    }

    fn setup(&self, _keys: &[String]) -> Vec<Note> {
        vec![Note::Healed]
    }

    fn layout(&self, _history: &BTreeSet<Vec<u8>>) -> Box<dyn Layout> {
        Box::new(Everywhere)
    }
}

/// All toys hold everything, by the first letter of the key.
#[derive(Debug)]
struct Everywhere;

impl Layout for Everywhere {
    fn is_member(&self, _node: u32) -> bool {
        true
    }

    fn owners(&self, _key: &str) -> Vec<u32> {
        Vec::new()
    }

    fn range(&self, key: &str) -> Option<String> {
        Some(key[..1].to_owned())
    }
}

/// Three toys.
pub(crate) fn toys(seed: u64) -> Sim<Toys> {
    Sim::new(Toys(3), 3, seed)
}

/// A call and its time, in milliseconds.
pub(crate) fn get(ms: u64, op: u64, via: u32, key: &str) -> (u64, Ask) {
    let key = key.into();
    ask(ms, op, via, Request::Get { key })
}

/// A call and its time, in milliseconds.
pub(crate) fn put(ms: u64, op: u64, via: u32, key: &str, value: &str) -> (u64, Ask) {
    let (key, value, context) = (key.into(), value.into(), None);
    ask(
        ms,
        op,
        via,
        Request::Put {
            key,
            value,
            context,
        },
    )
}

/// A call and its time, in milliseconds.
pub(crate) fn delete(
    ms: u64,
    op: u64,
    via: u32,
    key: &str,
    context: Option<Vec<u8>>,
) -> (u64, Ask) {
    let key = key.into();
    ask(ms, op, via, Request::Delete { key, context })
}

fn ask(ms: u64, op: u64, via: u32, request: Request) -> (u64, Ask) {
    let luck = Key::named("step").child(op).0;
    (
        ms * 1000,
        Ask {
            op,
            luck,
            via,
            request,
        },
    )
}

/// A fault from a time to a time, in milliseconds.
pub(crate) fn window(id: u32, from_ms: u64, until_ms: u64, fault: Fault) -> Window {
    Window {
        id,
        from: Time(from_ms * 1000),
        until: Time(until_ms * 1000),
        fault,
    }
}

/// Makes these calls while these windows open and close; ends two seconds after the last of them.
pub(crate) fn play<S: Subject>(
    sim: &mut S,
    asks: &[(u64, Ask)],
    windows: &[Window],
) -> Vec<Happening> {
    let mut edges: Vec<(Time, u8, usize)> = Vec::new();
    for (index, window) in windows.iter().enumerate() {
        edges.push((window.until, 0, index));
        edges.push((window.from, 1, index));
    }
    for (index, (at, _)) in asks.iter().enumerate() {
        edges.push((Time(*at), 2, index));
    }
    edges.sort_unstable();
    let mut out = Vec::new();
    let mut edges: VecDeque<_> = edges.into();
    let last = edges.back().map_or(0, |(at, ..)| at.0);
    while let Some((at, what, index)) = edges.pop_front() {
        while sim.advance(at, &mut out) < at {}
        match what {
            2 => sim.submit(asks[index].1.clone()),
            _ => sim
                .fault(windows[index].id, &windows[index].fault, what == 1)
                .expect("the simulator can do it all"),
        }
    }
    let end = Time(last + 2_000_000);
    while sim.advance(end, &mut out) < end {}
    out
}

/// The completion of a call: when, and in one word.
pub(crate) fn outcome(happenings: &[Happening], call: u64) -> (u64, String) {
    let mut found = happenings.iter().filter_map(|happening| match happening {
        Happening::Completion { op, at, outcome } if *op == call => {
            let word = match outcome {
                Outcome::Ok(Answer::Values { values, .. }) => values
                    .iter()
                    .map(|value| String::from_utf8_lossy(value).into_owned())
                    .collect::<Vec<_>>()
                    .join(" "),
                Outcome::Ok(Answer::Stored) => "stored".to_owned(),
                Outcome::Fail => "fail".to_owned(),
                Outcome::Unknown => "unknown".to_owned(),
            };
            Some((at.0, word))
        }
        _ => None,
    });
    let completion = found.next().expect("every call completes");
    assert_eq!(found.next(), None, "no call completes twice");
    completion
}

/// The notes, with their times.
pub(crate) fn notes(happenings: &[Happening]) -> Vec<(u64, &Note)> {
    happenings
        .iter()
        .filter_map(|happening| match happening {
            Happening::Noted { at, note } => Some((at.0, note)),
            Happening::Completion { .. } => None,
        })
        .collect()
}

/// Who received a copy of the key, and when.
pub(crate) fn copies(happenings: &[Happening], of: &str) -> Vec<(u64, u32)> {
    notes(happenings)
        .into_iter()
        .filter_map(|(at, note)| match note {
            Note::Transfer { to, key, .. } if key == of => Some((at, to.0)),
            _ => None,
        })
        .collect()
}

/// When the key became durable on a node, and the value.
pub(crate) fn durable(happenings: &[Happening], on: u32, of: &str) -> Vec<(u64, String)> {
    notes(happenings)
        .into_iter()
        .filter_map(|(at, note)| match note {
            Note::Durable {
                node,
                key,
                versions,
            } if node.0 == on && key == of => {
                let values = versions.iter().filter_map(|version| version.value.clone());
                Some((at, values.collect::<Vec<_>>().join(" ")))
            }
            _ => None,
        })
        .collect()
}
