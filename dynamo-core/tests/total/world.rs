//! One node that hears anything at all.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use dynamo_core::{
    Config, Input, Message, Node, NodeId, Output, Reply, RequestId, Ticket, Time, View, Write,
};

use crate::shapes::shape;
use crate::source::Source;
use crate::strange::{Real, disk, node};

/// A node, its disk, and the sum of what it was ever told.
pub(crate) struct World {
    config: Arc<Config>,
    id: NodeId,
    node: Node,
    now: Time,
    disk: BTreeMap<Vec<u8>, Vec<u8>>,
    writing: VecDeque<(Ticket, Vec<Write>)>,
    real: Real,
    requests: u64,
    /// What was asked in this life of the node.
    asked: BTreeSet<RequestId>,
    replied: BTreeSet<RequestId>,
    /// Bytes that came in, and those of each ring that followed from them.
    heard: usize,
}

/// What one input may bring about at most: so many bytes whatever was heard before.
const ALWAYS: usize = 1 << 10;

/// And so many bytes for each byte that was ever heard, or that a ring took: what is sent goes to
/// each of at most six owners, and a key that is asked for six times in one message is sent six
/// times.
const COPIES: usize = 8;

/// Bytes of a handover, with its name on disk.
const HANDOVER: usize = 128;

/// Letters that show a byte of memory, with the name of its field.
const LETTERS: usize = 16;

impl World {
    pub(crate) fn new(source: &mut Source<'_>) -> World {
        let config = Arc::new(Config::new(shape(source)).expect("the generator keeps every rule"));
        let mut real = Real {
            keys: [&b"a"[..], b"b", b"c", b""].map(<[u8]>::to_vec).to_vec(),
            histories: true,
            ..Real::default()
        };
        real.look_at(config.ring(), config.view().mark());
        let founder = NodeId(source.below(config.shape().nodes));
        let id = if source.rarely(8) {
            node(source)
        } else {
            founder
        };
        let now = Time(source.number());
        let disk = disk(source, &real);
        World {
            node: Node::start(id, Arc::clone(&config), &disk, now),
            heard: ring_size(config.view())
                + disk
                    .iter()
                    .map(|(name, value)| name.len() + value.len())
                    .sum::<usize>(),
            config,
            id,
            now,
            disk,
            writing: VecDeque::new(),
            real,
            requests: 0,
            asked: BTreeSet::new(),
            replied: BTreeSet::new(),
        }
    }

    /// Whatever the next bytes say.
    pub(crate) fn step(&mut self, source: &mut Source<'_>) {
        self.pass_time(source);
        match source.below(16) {
            0..=3 => {
                self.requests += 1;
                let (id, request) = (RequestId(self.requests), self.real.request(source));
                self.heard += size(&request);
                self.asked.insert(id);
                self.input(Input::Request { id, request });
            }
            4..=10 => {
                let from = if source.rarely(16) {
                    self.id
                } else {
                    node(source)
                };
                let message = self.real.message(source);
                self.heard += size(&message);
                self.input(Input::Message { from, message });
            }
            11 => self.input(Input::Wake),
            12 => self.input(Input::Stored {
                ticket: Ticket(source.number()),
            }),
            13 if source.rarely(4) => self.restart(),
            _ => self.sync(),
        }
    }

    fn pass_time(&mut self, source: &mut Source<'_>) {
        let now = self.now;
        self.now = match source.below(16) {
            0..=7 => now,
            8..=12 => self.node.deadline().unwrap_or(now).max(now),
            13 => now.after(source.number()),
            14 if source.rarely(8) => Time(u64::MAX),
            _ => now.after(1_000),
        };
    }

    fn input(&mut self, input: Input) {
        let mut out = Vec::new();
        self.node.handle(self.now, input, &mut out);
        let told: usize = out.iter().map(said).sum();
        let view = self.node.view();
        if !self.real.marks.contains(&view.mark()) {
            self.heard += ring_size(view);
        }
        let most = ALWAYS + COPIES * self.heard;
        assert!(
            told <= most,
            "{told} bytes of {} outputs, {most} at most",
            out.len()
        );
        self.real.look_at(view.ring(), view.mark());
        for output in out {
            match output {
                Output::Send { message, .. } => self.real.hear(&message),
                Output::Reply { id, reply } => {
                    assert!(
                        id.0 <= self.requests && self.replied.insert(id),
                        "one reply each"
                    );
                    if let Reply::Values { context, .. } = reply {
                        self.real.contexts.push(context);
                    }
                }
                Output::Store { ticket, writes } => self.writing.push_back((ticket, writes)),
            }
        }
    }

    /// The disk does what it was asked for first.
    fn sync(&mut self) {
        if let Some((ticket, writes)) = self.writing.pop_front() {
            for Write { key, value } in writes {
                match value {
                    Some(value) => self.disk.insert(key, value),
                    None => self.disk.remove(&key),
                };
            }
            self.input(Input::Stored { ticket });
        }
    }

    fn restart(&mut self) {
        self.writing.clear();
        self.asked.clear();
        self.node = Node::start(self.id, Arc::clone(&self.config), &self.disk, self.now);
    }

    /// At the end of time, whoever asked has been answered.
    pub(crate) fn check_replies(&mut self) {
        self.now = Time(u64::MAX);
        while !self.writing.is_empty() {
            self.sync();
        }
        for _ in 0..3 {
            self.input(Input::Wake);
            self.sync();
        }
        let left: Vec<_> = self.asked.difference(&self.replied).collect();
        assert!(left.is_empty(), "{left:?} wait for ever");
    }

    /// What the node remembers is not more than what it was told, times a constant.
    pub(crate) fn check_memory(&self) {
        let shown = format!("{:?}", self.node).len();
        let idle = Node::start(
            self.id,
            Arc::clone(&self.config),
            &BTreeMap::new(),
            self.now,
        );
        let ring = self.node.view().ring();
        let ring = format!("{ring:?}").len();
        let most = format!("{idle:?}").len() + 4 * ring + ALWAYS + LETTERS * COPIES * self.heard;
        assert!(shown <= most, "{shown} letters of memory, {most} at most");
    }
}

/// What a ring takes: each owner of each of its ranges may have to hand it over.
fn ring_size(view: &View) -> usize {
    let ranges = 0..view.ring().ranges();
    let owners: usize = ranges.map(|range| view.owners(range).len()).sum();
    HANDOVER * (owners + view.membership().len())
}

fn said(output: &Output) -> usize {
    match output {
        Output::Send { message, .. } => size(message),
        Output::Reply { reply, .. } => size(reply),
        Output::Store { writes, .. } => {
            let size = |write: &Write| write.key.len() + write.value.as_ref().map_or(0, Vec::len);
            writes.iter().map(size).sum()
        }
    }
}

fn size<T: serde::Serialize>(what: &T) -> usize {
    postcard::to_allocvec(what)
        .expect("numbers and bytes encode")
        .len()
}

/// A message may be of any kind; this names each, so that a new kind is not forgotten.
pub(crate) fn kinds() -> BTreeSet<&'static str> {
    let mut kinds = BTreeSet::new();
    let real = Real {
        keys: vec![b"a".to_vec()],
        histories: true,
        ..Real::default()
    };
    for seed in 0..4_000_u32 {
        let bytes: Vec<u8> = (0..400_u32)
            .map(|place| (seed.wrapping_mul(place + 1).wrapping_mul(0x9e37_79b9) >> 24) as u8)
            .collect();
        let message: Message = real.message(&mut Source::new(&bytes));
        kinds.insert(message.kind());
    }
    kinds
}
