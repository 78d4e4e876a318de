//! A few nodes, their disks and the network between them, on one virtual clock.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use dynamo_core::{
    Actor, Config, Dot, Input, Message, Node, NodeId, Output, ReadRepair, Record, Reply, Request,
    RequestId, Shape, Siblings, Terms, Ticket, Time, Version, VersionVector, Write,
};

/// How long a test waits at most for anything.
const PATIENCE_US: u64 = 1_000_000;

pub(crate) struct Network {
    pub(crate) config: Arc<Config>,
    pub(crate) now: Time,
    pub(crate) luck: Luck,
    /// How long a disk takes for a store.
    pub(crate) disk_us: u64,
    nodes: Vec<Option<Node>>,
    disks: Vec<BTreeMap<Vec<u8>, Vec<u8>>>,
    writing: Vec<VecDeque<(Time, Ticket, Vec<Write>)>>,
    mail: BTreeMap<(Time, u64), (NodeId, NodeId, Message)>,
    cut: BTreeSet<(NodeId, NodeId)>,
    stalled: BTreeSet<NodeId>,
    posted: u64,
    asked: u64,
    replies: BTreeMap<RequestId, Reply>,
    pub(crate) log: Vec<(NodeId, NodeId, Message)>,
    /// Every version that was ever on a disk as data or as a hint, and for whom.
    pub(crate) kept: Vec<(NodeId, Record)>,
}

/// What chance does to messages; none by default.
#[derive(Default)]
pub(crate) struct Luck {
    pub(crate) state: u64,
    pub(crate) lost_per_mille: u64,
    /// A kind of message that always gets lost.
    pub(crate) lost_kind: Option<&'static str>,
    pub(crate) doubled_per_mille: u64,
    pub(crate) jitter_us: u64,
}

impl Luck {
    /// The next number below `limit`; 0 if that is 0.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).checked_rem(limit).unwrap_or(0)
    }
}

impl Network {
    pub(crate) fn new(shape: Shape) -> Network {
        Network::with_spares(shape, 0)
    }

    /// With a few nodes more that are up but have not joined.
    pub(crate) fn with_spares(shape: Shape, spares: u32) -> Network {
        let count = (shape.nodes + spares) as usize;
        let mut network = Network {
            config: Arc::new(Config::new(shape).expect("the shape of a test is valid")),
            now: Time(0),
            luck: Luck::default(),
            disk_us: 500,
            nodes: vec![None; count],
            disks: vec![BTreeMap::new(); count],
            writing: vec![VecDeque::new(); count],
            mail: BTreeMap::new(),
            cut: BTreeSet::new(),
            stalled: BTreeSet::new(),
            posted: 0,
            asked: 0,
            replies: BTreeMap::new(),
            log: Vec::new(),
            kept: Vec::new(),
        };
        for node in network.ids() {
            network.restart(node);
        }
        network
    }

    pub(crate) fn ids(&self) -> Vec<NodeId> {
        (0..self.nodes.len() as u32).map(NodeId).collect()
    }

    /// The preference list of a key.
    pub(crate) fn list(&self, key: &[u8]) -> Vec<NodeId> {
        self.config.ring().preference_list(key)
    }

    pub(crate) fn crash(&mut self, node: NodeId) {
        self.nodes[node.0 as usize] = None;
        self.writing[node.0 as usize].clear();
    }

    pub(crate) fn restart(&mut self, node: NodeId) {
        self.crash(node);
        let disk = &self.disks[node.0 as usize];
        let started = Node::start(node, Arc::clone(&self.config), disk, self.now);
        self.nodes[node.0 as usize] = Some(started);
    }

    pub(crate) fn is_up(&self, node: NodeId) -> bool {
        self.nodes[node.0 as usize].is_some()
    }

    /// No message passes from one to the other, nor back.
    pub(crate) fn cut(&mut self, one: NodeId, other: NodeId) {
        self.cut.extend([(one, other), (other, one)]);
    }

    pub(crate) fn isolate(&mut self, node: NodeId) {
        for other in self.ids() {
            self.cut(node, other);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    /// The disk answers nothing until it is released.
    pub(crate) fn stall(&mut self, node: NodeId) {
        self.stalled.insert(node);
    }

    pub(crate) fn release(&mut self, node: NodeId) {
        self.stalled.remove(&node);
    }

    /// Lets so many milliseconds pass.
    pub(crate) fn run_ms(&mut self, ms: u64) {
        let until = self.now.after(ms * 1_000);
        while self.step(until) {}
        self.now = until;
    }

    pub(crate) fn request(&mut self, node: NodeId, request: Request) -> RequestId {
        self.asked += 1;
        let id = RequestId(self.asked);
        self.input(node, Input::Request { id, request });
        id
    }

    pub(crate) fn reply(&self, id: RequestId) -> Option<&Reply> {
        self.replies.get(&id)
    }

    pub(crate) fn wait(&mut self, id: RequestId) -> Reply {
        let until = self.now.after(PATIENCE_US);
        while !self.replies.contains_key(&id) && self.step(until) {}
        self.replies
            .get(&id)
            .cloned()
            .expect("every request is answered in time")
    }

    pub(crate) fn put(
        &mut self,
        node: NodeId,
        key: &[u8],
        value: &str,
        context: Option<&[u8]>,
    ) -> Reply {
        let id = self.start_put(node, key, value, context);
        self.wait(id)
    }

    pub(crate) fn start_put(
        &mut self,
        node: NodeId,
        key: &[u8],
        value: &str,
        context: Option<&[u8]>,
    ) -> RequestId {
        self.start_put_on(Terms::default(), node, key, value, context)
    }

    pub(crate) fn start_put_on(
        &mut self,
        terms: Terms,
        node: NodeId,
        key: &[u8],
        value: &str,
        context: Option<&[u8]>,
    ) -> RequestId {
        let request = Request::Put {
            key: key.to_vec(),
            value: value.into(),
            context: context.map(<[u8]>::to_vec),
            terms,
        };
        self.request(node, request)
    }

    pub(crate) fn delete(&mut self, node: NodeId, key: &[u8], context: Option<&[u8]>) -> Reply {
        let request = Request::Delete {
            key: key.to_vec(),
            context: context.map(<[u8]>::to_vec),
            terms: Terms::default(),
        };
        let id = self.request(node, request);
        self.wait(id)
    }

    pub(crate) fn start_get(&mut self, node: NodeId, key: &[u8]) -> RequestId {
        self.start_get_on(Terms::default(), node, key)
    }

    pub(crate) fn start_get_on(&mut self, terms: Terms, node: NodeId, key: &[u8]) -> RequestId {
        let key = key.to_vec();
        self.request(node, Request::Get { key, terms })
    }

    /// The values, sorted, and the context.
    pub(crate) fn get(&mut self, node: NodeId, key: &[u8]) -> (Vec<String>, Vec<u8>) {
        let id = self.start_get(node, key);
        self.values_of(id)
    }

    /// The values, sorted, and the context that a get is answered with.
    pub(crate) fn values_of(&mut self, get: RequestId) -> (Vec<String>, Vec<u8>) {
        match self.wait(get) {
            Reply::Values {
                values, context, ..
            } => (texts(values), context),
            other => panic!("{get:?} was answered {other:?}"),
        }
    }

    /// What a disk holds of a key as data.
    pub(crate) fn held(&self, node: NodeId, key: &[u8]) -> Siblings {
        let held = self.records(node).find_map(|record| match record {
            Record::Data {
                key: name,
                siblings,
            } if name == key => Some(siblings),
            _ => None,
        });
        held.unwrap_or_default()
    }

    /// What a disk holds of a key as data: the values, sorted.
    pub(crate) fn values(&self, node: NodeId, key: &[u8]) -> Vec<String> {
        texts(
            self.held(node, key)
                .iter()
                .filter_map(|version| version.value.clone())
                .collect(),
        )
    }

    /// The events that a disk holds of a key.
    pub(crate) fn dots(&self, node: NodeId, key: &[u8]) -> Vec<Dot> {
        let held = self.held(node, key);
        held.iter().map(|version| version.dot).collect()
    }

    /// A put that only one owner has, and its coordinator could not acknowledge.
    pub(crate) fn put_on_one(&mut self, owner: NodeId, key: &[u8]) {
        self.isolate(owner);
        assert_eq!(self.put(owner, key, "a", None), Reply::Unavailable);
        self.heal();
        self.run_ms(500);
    }

    /// For whom a disk holds hints.
    pub(crate) fn hints(&self, node: NodeId) -> Vec<NodeId> {
        let owners = self.records(node).filter_map(|record| match record {
            Record::Hint { owner, .. } => Some(owner),
            _ => None,
        });
        owners.collect()
    }

    pub(crate) fn records(&self, node: NodeId) -> impl Iterator<Item = Record> {
        let disk = self.disks[node.0 as usize].iter();
        disk.map(|(key, value)| Record::decode(key, value).expect("nodes write what can be read"))
    }

    pub(crate) fn disk(&mut self, node: NodeId) -> &mut BTreeMap<Vec<u8>, Vec<u8>> {
        &mut self.disks[node.0 as usize]
    }

    pub(crate) fn node(&self, node: NodeId) -> &Node {
        self.nodes[node.0 as usize]
            .as_ref()
            .expect("the node is up")
    }

    /// How many messages of a kind were sent.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.log
            .iter()
            .filter(|(.., message)| message.kind() == kind)
            .count()
    }

    pub(crate) fn input(&mut self, node: NodeId, input: Input) {
        let (index, now) = (node.0 as usize, self.now);
        let mut out = Vec::new();
        if let Some(machine) = &mut self.nodes[index] {
            machine.handle(now, input, &mut out);
        }
        for output in out {
            match output {
                Output::Send { to, message } => self.post(node, to, &message),
                Output::Reply { id, reply } => {
                    assert!(
                        self.replies.insert(id, reply).is_none(),
                        "one reply per request"
                    );
                }
                Output::Store { ticket, writes } => {
                    let at = now.after(self.disk_us + self.luck.below(self.luck.jitter_us));
                    self.writing[index].push_back((at, ticket, writes));
                }
            }
        }
    }

    fn post(&mut self, from: NodeId, to: NodeId, message: &Message) {
        self.log.push((from, to, message.clone()));
        let lost = self.luck.below(1_000) < self.luck.lost_per_mille
            || self.luck.lost_kind == Some(message.kind());
        if lost || self.cut.contains(&(from, to)) {
            return;
        }
        let copies = 1 + u64::from(self.luck.below(1_000) < self.luck.doubled_per_mille);
        for _ in 0..copies {
            self.posted += 1;
            let at = self.now.after(1_000 + self.luck.below(self.luck.jitter_us));
            self.mail
                .insert((at, self.posted), (from, to, message.clone()));
        }
    }

    /// Does the next thing, if it happens by then.
    fn step(&mut self, until: Time) -> bool {
        let mail = self.mail.keys().next().map(|(at, _)| *at);
        let ids = self.ids();
        let disk = ids.iter().filter(|id| !self.stalled.contains(id));
        let disk = disk
            .filter_map(|id| Some((self.writing[id.0 as usize].front()?.0, *id)))
            .min();
        let wake = ids
            .iter()
            .filter_map(|id| Some((self.nodes[id.0 as usize].as_ref()?.deadline()?, *id)));
        let wake = wake.min();
        let next = [mail, disk.map(|(at, _)| at), wake.map(|(at, _)| at)]
            .into_iter()
            .flatten()
            .min();
        let Some(next) = next.filter(|next| *next <= until) else {
            return false;
        };
        self.now = next.max(self.now);
        if mail == Some(next) {
            let (from, to, message) = self.mail.pop_first().expect("there is mail").1;
            if (to.0 as usize) < self.nodes.len() {
                self.input(to, Input::Message { from, message });
            }
        } else if let Some((_, id)) = disk.filter(|(at, _)| *at == next) {
            self.sync(id);
        } else if let Some((deadline, id)) = wake {
            self.input(id, Input::Wake);
            let after = self.node(id).deadline();
            assert!(
                after.is_none_or(|after| after > deadline),
                "a wake makes progress"
            );
        }
        true
    }

    fn sync(&mut self, node: NodeId) {
        let (_, ticket, writes) = self.writing[node.0 as usize]
            .pop_front()
            .expect("a store is on its way");
        for Write { key, value } in writes {
            if let Some(value) = value {
                let record = Record::decode(&key, &value).expect("nodes write what can be read");
                self.kept.push((node, record));
                self.disks[node.0 as usize].insert(key, value);
            } else {
                self.disks[node.0 as usize].remove(&key);
            }
        }
        self.input(node, Input::Stored { ticket });
    }
}

/// A strict quorum in which nothing mends.
pub(crate) fn still() -> Shape {
    Shape {
        sloppy: false,
        hints: false,
        anti_entropy: false,
        read_repair: ReadRepair::Off,
        ..Shape::default()
    }
}

/// The first event of a node, with nothing before it.
pub(crate) fn made_by(node: NodeId, value: &str) -> Siblings {
    let dot = Dot {
        actor: Actor::owner(node),
        counter: 1,
    };
    Siblings::from_iter([Version {
        dot,
        past: VersionVector::new(),
        time: 0,
        value: Some(value.into()),
    }])
}

fn texts(values: Vec<Vec<u8>>) -> Vec<String> {
    let text = |value| String::from_utf8(value).expect("tests write text");
    let mut texts: Vec<String> = values.into_iter().map(text).collect();
    texts.sort();
    texts
}
