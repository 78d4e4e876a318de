//! One node with nobody around it, and the changes it hears of.

use std::collections::BTreeMap;
use std::sync::Arc;

use dynamo_core::{
    Config, Confirmation, Handover, Hint, Input, Member, Membership, Message, Move, Node, NodeId,
    Output, Reply, Ring, Shape, Siblings, Tag, Ticket, Time, View, Write,
};

use crate::network::made_by;

pub(crate) const JOINER: NodeId = NodeId(5);
pub(crate) const OTHER: NodeId = NodeId(6);

/// More keys than fit into one message.
pub(crate) const KEYS: usize = 70;

/// A node with nobody around it, on a disk that syncs when it is told to.
pub(crate) struct Alone {
    pub(crate) id: NodeId,
    config: Arc<Config>,
    pub(crate) node: Node,
    pub(crate) now: Time,
    pub(crate) disk: BTreeMap<Vec<u8>, Vec<u8>>,
    writing: Vec<(Ticket, Vec<Write>)>,
    pub(crate) said: Vec<(NodeId, Message)>,
    pub(crate) replies: Vec<Reply>,
}

impl Alone {
    pub(crate) fn new(id: NodeId, nodes: u32) -> Alone {
        let shape = Shape {
            nodes,
            anti_entropy: false,
            gossip: false,
            ..Shape::default()
        };
        Alone::of(id, shape)
    }

    pub(crate) fn of(id: NodeId, shape: Shape) -> Alone {
        let config = Arc::new(Config::new(shape).expect("the shape of a test is valid"));
        Alone {
            id,
            node: Node::start(id, Arc::clone(&config), &BTreeMap::new(), Time(0)),
            config,
            now: Time(0),
            disk: BTreeMap::new(),
            writing: Vec::new(),
            said: Vec::new(),
            replies: Vec::new(),
        }
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut out = Vec::new();
        self.node.handle(self.now, input, &mut out);
        for output in out {
            match output {
                Output::Send { to, message } => self.said.push((to, message)),
                Output::Store { ticket, writes } => self.writing.push((ticket, writes)),
                Output::Reply { reply, .. } => self.replies.push(reply),
            }
        }
    }

    pub(crate) fn hear(&mut self, from: NodeId, message: Message) {
        self.input(Input::Message { from, message });
    }

    pub(crate) fn adopt(&mut self, view: &View) {
        let changes = view.membership().clone();
        let wanted = false;
        self.hear(OTHER, Message::History { changes, wanted });
        assert_eq!(self.node.view().mark(), view.mark());
    }

    pub(crate) fn confirm(&mut self, handover: &Handover, answer: Confirmation) {
        let message = Message::Confirm {
            handover: handover.clone(),
            answer,
            view: self.node.view().mark(),
        };
        self.hear(handover.to, message);
    }

    pub(crate) fn offer(&mut self, handover: &Handover) {
        let message = Message::Offer {
            handover: handover.clone(),
            view: self.node.view().mark(),
        };
        self.hear(handover.from, message);
    }

    /// The last keys of a range come; here, none.
    pub(crate) fn hand_over(&mut self, handover: &Handover) {
        let message = Message::Keys {
            handover: handover.clone(),
            after: None,
            states: Vec::new(),
            last: true,
            view: self.node.view().mark(),
        };
        self.hear(handover.from, message);
    }

    pub(crate) fn replicate(&mut self, key: &[u8]) {
        self.replicate_for(key, None);
    }

    pub(crate) fn replicate_for(&mut self, key: &[u8], hint: Option<Hint>) {
        let message = Message::Replicate {
            tag: Tag { life: 0, number: 1 },
            view: self.node.view().mark(),
            synced: false,
            key: key.to_vec(),
            siblings: version(),
            hint,
        };
        self.hear(NodeId(9), message);
        self.sync();
    }

    pub(crate) fn sync(&mut self) {
        while !self.writing.is_empty() {
            for (ticket, writes) in core::mem::take(&mut self.writing) {
                for Write { key, value } in writes {
                    match value {
                        Some(value) => self.disk.insert(key, value),
                        None => self.disk.remove(&key),
                    };
                }
                self.input(Input::Stored { ticket });
            }
        }
    }

    pub(crate) fn restart(&mut self) {
        self.writing.clear();
        self.now = self.now.after(1);
        self.node = Node::start(self.id, Arc::clone(&self.config), &self.disk, self.now);
    }

    pub(crate) fn run_ms(&mut self, ms: u64) {
        let until = self.now.after(ms * 1_000);
        while let Some(at) = self.node.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.input(Input::Wake);
        }
        self.now = until;
    }

    /// What it has said of a kind since it was last asked, and to whom.
    pub(crate) fn said(&mut self, kind: &str) -> Vec<(NodeId, Message)> {
        let said = core::mem::take(&mut self.said);
        let of_kind = said.into_iter();
        of_kind
            .filter(|(_, message)| message.kind() == kind)
            .collect()
    }
}

/// What is put everywhere here.
pub(crate) fn version() -> Siblings {
    made_by(NodeId(0), "v")
}

pub(crate) fn founders(nodes: u32) -> View {
    let members = (0..nodes).map(|node| (NodeId(node), Member::default()));
    let shape = Shape::default();
    View::new(shape.partitioning, 3, Membership::founded(members))
}

pub(crate) fn next(view: &View, node: NodeId, what: Move) -> View {
    let mut membership = view.membership().clone();
    membership.record(1, NodeId(0), node, what);
    View::new(Shape::default().partitioning, 3, membership)
}

pub(crate) fn joined(view: &View, node: NodeId) -> View {
    next(view, node, Move::Join(Member::default()))
}

/// The widest part that a founder ceases to own and the joiner gets, and the views around it.
pub(crate) fn change() -> (View, View, Handover) {
    let before = founders(5);
    let after = joined(&before, JOINER);
    let ring = after.ring();
    // No end of the ring within it, so that no later change cuts it without need.
    let ceases = |handover: &Handover| {
        !after.owners_at(handover.range.to).contains(&handover.from)
            && ring.range(ring.range_at(handover.range.to)) == Some(handover.range)
    };
    let widest = before
        .handovers(&after)
        .into_iter()
        .filter(ceases)
        .max_by_key(|handover| handover.range.to.wrapping_sub(handover.range.after))
        .expect("the joiner gets something");
    (before, after, widest)
}

pub(crate) fn keys_of(handover: &Handover) -> Vec<Vec<u8>> {
    let keys = (0..).map(|number: u32| number.to_be_bytes().to_vec());
    keys.filter(|key| handover.range.contains(Ring::position(key)))
        .take(KEYS)
        .collect()
}

/// The one that is to give the range, with keys in it; it has heard of the change.
pub(crate) fn giver() -> (Alone, View, Handover) {
    let (_, after, duty) = change();
    let mut giver = Alone::new(duty.from, 5);
    for key in keys_of(&duty) {
        giver.replicate(&key);
    }
    assert_eq!(giver.node.keys(), KEYS as u64);
    giver.adopt(&after);
    giver.said.clear();
    (giver, after, duty)
}

/// The one that waits for the range; the change is on its disk.
pub(crate) fn taker() -> (Alone, View, Handover) {
    let (_, after, awaited) = change();
    let mut taker = Alone::new(JOINER, 5);
    taker.adopt(&after);
    taker.sync();
    taker.said.clear();
    (taker, after, awaited)
}

/// The whole range has been taken by its new owner.
pub(crate) fn handed_over(mut node: Alone, handover: &Handover) -> Alone {
    node.sync();
    node.confirm(handover, Confirmation::Wanted);
    loop {
        let keys = node.said("keys").pop();
        let Some((
            _,
            Message::Keys {
                handover,
                states,
                last,
                view,
                ..
            },
        )) = keys
        else {
            panic!("keys are sent");
        };
        let upto = states.last().map(|(key, _)| key.clone());
        let from = handover.to;
        let ack = Message::KeysAck {
            handover,
            upto,
            last,
            view,
        };
        node.hear(from, ack);
        node.sync();
        if last {
            return node;
        }
    }
}
