//! What it costs two replicas to find and mend what differs, printed as a table.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use dynamo_core::{
    Actor, Config, Dot, Input, Message, Node, NodeId, Output, Shape, Siblings, Time, Version,
};

fn main() {
    print!("{}", table(100_000));
}

/// The table for replicas that hold so many keys, in Markdown. Of each key that differs, one of the
/// two missed the last put, in turn.
pub(crate) fn table(keys: u32) -> String {
    let mut nodes = [0, 1].map(|id| filled(id, keys));
    let mut table = String::from(
        "| keys that differ | messages | bytes | hashes | keys sent |\n\
         |---:|---:|---:|---:|---:|\n",
    );
    for (puts, differing) in (2..).zip([0, 1, 10, keys / 100, keys / 10]) {
        for turn in 0..differing {
            let (key, holder) = (turn * (keys / differing), turn % 2);
            let put = vec![held(key, puts)];
            take(&mut nodes[holder as usize], NodeId(1 - holder), put);
        }
        let cost = mended(&mut nodes);
        table.extend([
            format!("| {differing} | {} | {} ", cost.messages, cost.bytes),
            format!("| {} | {} |\n", cost.hashes, cost.keys),
        ]);
    }
    table
}

#[derive(Default)]
struct Cost {
    messages: usize,
    bytes: usize,
    hashes: u64,
    keys: usize,
}

/// The first replica compares once. Afterwards they are equal again.
fn mended(nodes: &mut [Node; 2]) -> Cost {
    let hashes = |nodes: &[Node; 2]| nodes.iter().map(Node::hashes).sum::<u64>();
    let (before, mut cost) = (hashes(nodes), Cost::default());
    let woken = nodes[0]
        .deadline()
        .expect("replicas compare from time to time");
    let mut inputs = VecDeque::from([(0, Input::Wake)]);
    while let Some((at, input)) = inputs.pop_front() {
        let mut out = Vec::new();
        nodes[at].handle(woken, input, &mut out);
        for output in out {
            match output {
                Output::Send { to, message } => {
                    cost.add(&message);
                    let from = NodeId(at as u32);
                    inputs.push_back((to.0 as usize, Input::Message { from, message }));
                }
                Output::Store { ticket, .. } => inputs.push_front((at, Input::Stored { ticket })),
                Output::Reply { .. } => unreachable!("no client has asked"),
            }
        }
    }
    cost.hashes = hashes(nodes) - before;
    assert_eq!(nodes[0].roots(), nodes[1].roots(), "one exchange mends all");
    cost
}

impl Cost {
    fn add(&mut self, message: &Message) {
        self.messages += 1;
        self.bytes += postcard::to_allocvec(message)
            .expect("messages encode")
            .len();
        self.keys += message.carries().len();
    }
}

fn filled(id: u32, keys: u32) -> Node {
    let shape = Shape {
        nodes: 2,
        n: 2,
        r: 1,
        w: 1,
        gossip: false,
        ..Shape::default()
    };
    let config = Arc::new(Config::new(shape).expect("two nodes, N = 2"));
    let mut node = Node::start(NodeId(id), config, &BTreeMap::new(), Time(0));
    let states = (0..keys).map(|key| held(key, 1)).collect();
    take(&mut node, NodeId(1 - id), states);
    node
}

/// A key with a value of a hundred bytes, as it is after so many puts.
fn held(key: u32, puts: u64) -> (Vec<u8>, Siblings) {
    let dot = |put: u64| Dot {
        actor: Actor::owner(NodeId(0)),
        counter: u64::from(key) * 10 + put,
    };
    let last = Version {
        dot: dot(puts),
        past: (1..puts).map(dot).collect(),
        time: 0,
        value: Some(vec![puts as u8; 100]),
    };
    (
        format!("key {key:06}").into_bytes(),
        [last].into_iter().collect(),
    )
}

/// A replica is given versions by the other, and has them on disk at once.
fn take(node: &mut Node, from: NodeId, states: Vec<(Vec<u8>, Siblings)>) {
    let message = Message::SyncStates {
        states,
        wanted: Vec::new(),
    };
    let mut out = Vec::new();
    node.handle(Time(0), Input::Message { from, message }, &mut out);
    for output in out {
        if let Output::Store { ticket, .. } = output {
            node.handle(Time(0), Input::Stored { ticket }, &mut Vec::new());
        }
    }
}
