//! A hundred nodes find one another, take a hundred thousand keys, and go through a join and a leave;
//! and what a put costs a node that already holds many keys. Prints what happened and how long it
//! took. Other sizes: `--example scale NODES KEYS`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use dynamo_core::{
    Bootstrap, Config, Input, Member, Message, Node, NodeId, Output, Partitioning, Reply, Request,
    RequestId, Shape, Terms, Ticket, Time, Write,
};

const MESSAGE_US: u64 = 500;
const SYNC_US: u64 = 200;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|word| word.parse());
    let mut next = |usual| numbers.next().unwrap_or(Ok(usual));
    match (next(100), next(100_000)) {
        (Ok(nodes), Ok(keys)) if nodes > 4 => {
            print!("{}", life(nodes, keys));
            print!("{}", puts());
        }
        _ => eprintln!("scale: takes a number of nodes above 4 and a number of keys"),
    }
}

/// A cluster from its first gossip to its last handover.
fn life(nodes: u32, keys: u32) -> String {
    let shape = Shape {
        nodes,
        partitioning: Partitioning::Tokens { per_node: 8 },
        bootstrap: Bootstrap::Alone,
        seeds: (0..3).map(NodeId).collect(),
        ..Shape::default()
    };
    let mut world = World::new(shape, 1);
    let mut said = String::from("| what | virtual s | CPU s | messages |\n|---|---:|---:|---:|\n");
    said += &world.timed(
        &format!("{nodes} nodes that know only seeds find one another"),
        |world| {
            world.run_until(300, World::agree);
        },
    );
    said += &world.timed(&format!("{keys} keys are put, N = 3, W = 2"), |world| {
        world.load(keys);
    });
    said += &world.timed(
        "a node joins, and all keys are where they belong",
        |world| {
            let node = NodeId(nodes);
            let member = Member::default();
            world.request(NodeId(4), Request::Join { node, member });
            world.run_until(300, World::is_settled);
        },
    );
    said += &world.timed(
        "a node leaves, and all keys are where they belong",
        |world| {
            world.request(NodeId(2), Request::Leave { node: NodeId(3) });
            world.run_until(300, World::is_settled);
        },
    );
    assert_eq!(world.stored, keys + 2, "every request was acknowledged");
    said
}

/// What the ten thousandth put of a node costs, and the hundred thousandth.
fn puts() -> String {
    let shape = Shape {
        nodes: 1,
        n: 1,
        r: 1,
        w: 1,
        ..Shape::default()
    };
    let mut world = World::new(shape, 0);
    let mut said = String::from("\n| keys held | ns a put |\n|---:|---:|\n");
    let mut key = 0;
    for keys in [1_000, 10_000, 100_000] {
        while key < keys {
            world.put(key);
            key += 1;
        }
        let start = Instant::now();
        for again in 0..2_000 {
            world.put(again * (keys / 2_000).max(1) % keys);
        }
        let each = start.elapsed().as_nanos() / 2_000;
        said.extend([format!("| {keys} | {each} |\n")]);
    }
    said
}

/// Nodes, their disks, and the network between them.
struct World {
    now: Time,
    nodes: Vec<Node>,
    mail: VecDeque<(Time, NodeId, Input)>,
    syncs: VecDeque<(Time, NodeId, Ticket)>,
    wakes: BTreeSet<(Time, NodeId)>,
    due: Vec<Option<Time>>,
    sent: u64,
    asked: u64,
    stored: u32,
    keys: u32,
    out: Vec<Output>,
}

impl World {
    fn new(shape: Shape, spares: u32) -> World {
        let count = shape.nodes + spares;
        let config = Arc::new(Config::new(shape).expect("the shapes here are valid"));
        let start =
            |node| Node::start(NodeId(node), Arc::clone(&config), &BTreeMap::new(), Time(0));
        let mut world = World {
            now: Time(0),
            nodes: (0..count).map(start).collect(),
            mail: VecDeque::new(),
            syncs: VecDeque::new(),
            wakes: BTreeSet::new(),
            due: vec![None; count as usize],
            sent: 0,
            asked: 0,
            stored: 0,
            keys: 0,
            out: Vec::new(),
        };
        for node in 0..count {
            world.rearm(NodeId(node));
        }
        world
    }

    fn timed(&mut self, what: &str, step: impl FnOnce(&mut World)) -> String {
        let (from, sent, start) = (self.now.0, self.sent, Instant::now());
        step(self);
        let took = start.elapsed().as_secs_f64();
        let passed = (self.now.0 - from) as f64 / 1e6;
        format!(
            "| {what} | {passed:.1} | {took:.1} | {} |\n",
            self.sent - sent
        )
    }

    fn request(&mut self, node: NodeId, request: Request) {
        self.asked += 1;
        let id = RequestId(self.asked);
        self.input(node, Input::Request { id, request });
    }

    /// A put that runs to its end before anything else is asked.
    fn put(&mut self, key: u32) {
        let node = NodeId(key % self.nodes.len() as u32);
        let request = Request::Put {
            key: format!("key {key}").into_bytes(),
            value: vec![7; 100],
            context: None,
            terms: Terms::default(),
        };
        let before = self.stored;
        self.request(node, request);
        while self.stored == before {
            self.step();
        }
    }

    /// Puts come at every node, a hundred at a time.
    fn load(&mut self, keys: u32) {
        self.keys = keys;
        let before = self.stored;
        for key in 0..keys {
            let node = NodeId(key % (self.nodes.len() as u32 - 1));
            let request = Request::Put {
                key: format!("key {key}").into_bytes(),
                value: vec![7; 100],
                context: None,
                terms: Terms::default(),
            };
            self.request(node, request);
            while self.stored + 100 < before + key {
                self.step();
            }
        }
        while self.stored < before + keys {
            self.step();
        }
    }

    fn run_until(&mut self, most_s: u64, done: impl Fn(&World) -> bool) {
        let end = self.now.after(most_s * 1_000_000);
        while !done(self) {
            assert!(
                self.now < end,
                "it takes more than {most_s} virtual seconds"
            );
            let next = self.now.after(500_000);
            while self.now < next {
                self.step();
            }
        }
    }

    fn agree(&self) -> bool {
        let marks: BTreeSet<u64> = self.founders().map(|node| node.view().mark()).collect();
        let members = self.nodes[0].view().membership().members().len();
        marks.len() == 1 && members + 1 >= self.nodes.len()
    }

    fn founders(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().take(self.nodes.len() - 1)
    }

    /// Every node sees the cluster alike, holds all keys of its ranges and no others, and agrees on
    /// them with the other owners.
    fn is_settled(&self) -> bool {
        let marks: BTreeSet<u64> = self.nodes.iter().map(|node| node.view().mark()).collect();
        if marks.len() > 1 {
            return false;
        }
        let held: u64 = self.nodes.iter().map(Node::keys).sum();
        let mut roots: BTreeMap<String, u128> = BTreeMap::new();
        let mut claims = self.nodes.iter().flat_map(Node::roots);
        held == 3 * u64::from(self.keys)
            && claims.all(|(range, root)| *roots.entry(range).or_insert(root) == root)
    }

    /// Does the next thing.
    fn step(&mut self) {
        let mail = self.mail.front().map(|(at, ..)| *at);
        let sync = self.syncs.front().map(|(at, ..)| *at);
        let wake = self.wakes.first().map(|(at, _)| *at);
        let Some(next) = [mail, sync, wake].into_iter().flatten().min() else {
            return;
        };
        self.now = self.now.max(next);
        if sync == Some(next) {
            let (_, node, ticket) = self.syncs.pop_front().expect("it was just seen");
            self.input(node, Input::Stored { ticket });
        } else if mail == Some(next) {
            let (_, node, input) = self.mail.pop_front().expect("it was just seen");
            self.input(node, input);
        } else {
            let (_, node) = self.wakes.pop_first().expect("it was just seen");
            self.due[node.0 as usize] = None;
            self.input(node, Input::Wake);
        }
    }

    fn input(&mut self, node: NodeId, input: Input) {
        let mut out = core::mem::take(&mut self.out);
        self.nodes[node.0 as usize].handle(self.now, input, &mut out);
        for output in out.drain(..) {
            self.output(node, output);
        }
        self.out = out;
        self.rearm(node);
    }

    fn output(&mut self, node: NodeId, output: Output) {
        match output {
            Output::Send { to, message } if (to.0 as usize) < self.nodes.len() => {
                self.post(node, to, message);
            }
            Output::Store { ticket, writes } => self.sync(node, ticket, &writes),
            Output::Reply { reply, .. } => {
                assert_eq!(reply, Reply::Stored, "nothing fails here");
                self.stored += 1;
            }
            Output::Send { .. } => {}
        }
    }

    fn post(&mut self, from: NodeId, to: NodeId, message: Message) {
        self.sent += 1;
        let input = Input::Message { from, message };
        self.mail.push_back((self.now.after(MESSAGE_US), to, input));
    }

    /// Nobody crashes, so the disks need not keep anything.
    fn sync(&mut self, node: NodeId, ticket: Ticket, _writes: &[Write]) {
        self.syncs
            .push_back((self.now.after(SYNC_US), node, ticket));
    }

    fn rearm(&mut self, node: NodeId) {
        let slot = &mut self.due[node.0 as usize];
        let due = self.nodes[node.0 as usize].deadline();
        if *slot == due {
            return;
        }
        if let Some(old) = slot.take() {
            self.wakes.remove(&(old, node));
        }
        *slot = due;
        if let Some(at) = due {
            self.wakes.insert((at, node));
        }
    }
}
