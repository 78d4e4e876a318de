//! What nobody in their right mind would say, beside what somebody might.

use std::collections::BTreeMap;

use dynamo_core::{
    Actor, Answer, Change, Confirmation, Context, Dot, Handover, Hint, Member, Membership, Message,
    Move, NodeId, Prefix, Range, Reason, Request, Ring, Siblings, Summary, Tag, Terms, Version,
    VersionVector, Written,
};

use crate::source::Source;

/// What there really is, to be named now and then.
#[derive(Clone, Default)]
pub(crate) struct Real {
    /// What the strange things are about.
    pub(crate) keys: Vec<Vec<u8>>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) contexts: Vec<Vec<u8>>,
    pub(crate) handovers: Vec<Handover>,
    pub(crate) siblings: Vec<Siblings>,
    pub(crate) ranges: Vec<Range>,
    pub(crate) marks: Vec<u64>,
    /// Whether changes of membership are made up as well.
    pub(crate) histories: bool,
}

impl Real {
    pub(crate) fn look_at(&mut self, ring: &Ring, mark: u64) {
        self.ranges = (0..ring.ranges())
            .filter_map(|index| ring.range(index))
            .collect();
        self.marks = vec![mark];
    }

    /// Remembers what a node says.
    pub(crate) fn hear(&mut self, message: &Message) {
        match message {
            Message::Forward { tag, .. } | Message::Fetch { tag, .. } => self.tags.push(*tag),
            Message::Replicate { tag, siblings, .. } => {
                self.tags.push(*tag);
                self.siblings.push(siblings.clone());
            }
            Message::Hint { siblings, .. } => self.siblings.push(siblings.clone()),
            Message::Offer { handover, .. }
            | Message::Claim { handover, .. }
            | Message::Keys { handover, .. } => self.handovers.push(handover.clone()),
            _ => {}
        }
    }

    pub(crate) fn key(&self, source: &mut Source<'_>) -> Vec<u8> {
        source.known(&self.keys).unwrap_or_else(|| {
            let mut key = source.bytes();
            key.insert(0, b'~');
            key
        })
    }

    fn tag(&self, source: &mut Source<'_>) -> Tag {
        source.known(&self.tags).unwrap_or_else(|| Tag {
            life: source.number(),
            number: source.number(),
        })
    }

    fn range(&self, source: &mut Source<'_>) -> Range {
        source.known(&self.ranges).unwrap_or_else(|| {
            let mut end = || u128::from(source.number()) << 64 | u128::from(source.number());
            Range {
                after: end(),
                to: end(),
            }
        })
    }

    fn mark(&self, source: &mut Source<'_>) -> u64 {
        source.known(&self.marks).unwrap_or_else(|| source.number())
    }

    fn handover(&self, source: &mut Source<'_>) -> Handover {
        source.known(&self.handovers).unwrap_or_else(|| Handover {
            range: self.range(source),
            from: node(source),
            to: node(source),
            gained: source.flip(),
            others: source.list(3, node),
        })
    }

    pub(crate) fn siblings(&self, source: &mut Source<'_>) -> Siblings {
        source.known(&self.siblings).unwrap_or_else(|| {
            let versions = source.list(3, version);
            versions.into_iter().collect()
        })
    }

    fn states(&self, source: &mut Source<'_>) -> Vec<(Vec<u8>, Siblings)> {
        source.list(3, |source| (self.key(source), self.siblings(source)))
    }

    fn written(&self, source: &mut Source<'_>) -> Written {
        Written {
            key: self.key(source),
            value: source.maybe(Source::bytes),
            context: Context {
                seen: vector(source),
                time: source.number(),
                fastest: source.maybe(node),
            },
            terms: terms(source),
        }
    }

    fn summary(&self, source: &mut Source<'_>) -> Summary {
        if source.flip() {
            let hash = |source: &mut Source<'_>| u128::from(source.number());
            return Summary::Children(Box::new(std::array::from_fn(|_| hash(source))));
        }
        let digests = source.list(20, |source| (self.key(source), u128::from(source.number())));
        Summary::Keys(digests)
    }

    pub(crate) fn message(&self, source: &mut Source<'_>) -> Message {
        match source.below(12) {
            0..=3 => self.about_a_request(source),
            4..=6 => self.about_a_range(source),
            7..=9 => self.about_a_tree(source),
            10 if self.histories => Message::History {
                changes: history(source),
                wanted: source.flip(),
            },
            10 => Message::History {
                changes: Membership::default(),
                wanted: source.flip(),
            },
            _ if source.flip() => Message::GossipAck,
            _ => Message::Gossip {
                view: self.mark(source),
            },
        }
    }

    fn about_a_request(&self, source: &mut Source<'_>) -> Message {
        let (tag, key) = (self.tag(source), self.key(source));
        match source.below(10) {
            0 => Message::Forward {
                tag,
                life: source.maybe(|source| source.number().min(self.tag(source).life)),
                written: self.written(source),
            },
            1 => Message::Forwarded {
                tag,
                answer: match source.below(3) {
                    0 => Answer::Stored,
                    1 => Answer::Unavailable,
                    _ => Answer::OtherLife(source.number()),
                },
            },
            2 => Message::Replicate {
                tag,
                view: self.mark(source),
                key,
                siblings: self.siblings(source),
                synced: source.flip(),
                hint: source.maybe(|source| Hint {
                    owner: node(source),
                    reason: source.pick(&[Reason::Suspected, Reason::Silent, Reason::Moved]),
                }),
            },
            3 => Message::Replicated {
                tag,
                view: self.mark(source),
            },
            4 => Message::Fetch {
                tag,
                view: self.mark(source),
                key,
                rest: source.flip(),
            },
            5 => Message::Fetched {
                tag,
                view: self.mark(source),
                siblings: self.siblings(source),
            },
            6 => Message::Repair {
                key,
                siblings: self.siblings(source),
            },
            7 => Message::Hint {
                key,
                siblings: self.siblings(source),
            },
            8 => Message::HintAck {
                key,
                digest: self.siblings(source).digest(),
            },
            _ => Message::NotYet {
                tag,
                view: self.mark(source),
                siblings: self.siblings(source),
                from: node(source),
            },
        }
    }

    fn about_a_range(&self, source: &mut Source<'_>) -> Message {
        let handover = self.handover(source);
        match source.below(5) {
            0 => Message::Offer {
                handover,
                view: self.mark(source),
            },
            1 => Message::Confirm {
                handover,
                answer: source.pick(&[
                    Confirmation::Wanted,
                    Confirmation::Had,
                    Confirmation::NotMine,
                ]),
                view: self.mark(source),
            },
            2 => Message::Claim {
                handover,
                view: self.mark(source),
            },
            3 => Message::Keys {
                handover,
                after: source.maybe(|source| self.key(source)),
                states: self.states(source),
                last: source.flip(),
                view: self.mark(source),
            },
            _ => Message::KeysAck {
                handover,
                upto: source.maybe(|source| self.key(source)),
                last: source.flip(),
                view: self.mark(source),
            },
        }
    }

    fn about_a_tree(&self, source: &mut Source<'_>) -> Message {
        match source.below(3) {
            0 => Message::SyncRoots {
                roots: source.list(8, |source| {
                    (self.range(source), u128::from(source.number()))
                }),
            },
            1 => Message::SyncNodes {
                nodes: source.list(4, |source| {
                    let prefix = Prefix::new(source.byte() % 40, source.number().into());
                    let prefix = source.known(&[Prefix::ROOT]).unwrap_or(prefix);
                    (self.range(source), prefix, self.summary(source))
                }),
            },
            _ => Message::SyncStates {
                states: self.states(source),
                wanted: source.list(6, |source| self.key(source)),
            },
        }
    }

    pub(crate) fn request(&self, source: &mut Source<'_>) -> Request {
        let (key, terms) = (self.key(source), terms(source));
        match source.below(8) {
            0 | 1 => Request::Get { key, terms },
            2..=4 => Request::Put {
                key,
                value: source.bytes(),
                context: source.maybe(|source| self.context(source)),
                terms,
            },
            5 => Request::Delete {
                key,
                context: source.maybe(|source| self.context(source)),
                terms,
            },
            6 if self.histories => {
                let node = node(source);
                if source.flip() {
                    let member = member(source);
                    Request::Join { node, member }
                } else {
                    Request::Leave { node }
                }
            }
            _ => Request::Members,
        }
    }

    /// Whole, truncated, garbled, of any key.
    fn context(&self, source: &mut Source<'_>) -> Vec<u8> {
        let mut context = source
            .known(&self.contexts)
            .unwrap_or_else(|| source.bytes());
        if source.rarely(4) {
            context.truncate(source.byte() as usize);
        }
        if source.rarely(4) && !context.is_empty() {
            let place = source.byte() as usize % context.len();
            context[place] ^= 1 << source.below(8);
        }
        context
    }
}

pub(crate) fn node(source: &mut Source<'_>) -> NodeId {
    NodeId(if source.rarely(16) {
        u32::MAX - source.below(2)
    } else {
        source.below(8)
    })
}

fn actor(source: &mut Source<'_>) -> Actor {
    let owner = Actor::owner(node(source));
    match source.below(3) {
        0 => owner,
        1 => owner.born(source.number()),
        _ => Actor::stand_in(owner.node, source.number()),
    }
}

fn dot(source: &mut Source<'_>) -> Dot {
    Dot {
        actor: actor(source),
        counter: source.number(),
    }
}

fn vector(source: &mut Source<'_>) -> VersionVector {
    let mut vector = VersionVector::new();
    for dot in source.list(4, dot) {
        vector.add_at(dot, source.number());
    }
    vector
}

fn version(source: &mut Source<'_>) -> Version {
    Version {
        dot: dot(source),
        past: vector(source),
        time: source.number(),
        value: source.maybe(Source::bytes),
    }
}

fn terms(source: &mut Source<'_>) -> Terms {
    if source.flip() {
        return Terms::default();
    }
    let mut count = || {
        source.maybe(|source| {
            if source.rarely(8) {
                u32::MAX
            } else {
                source.below(8)
            }
        })
    };
    Terms {
        n: count(),
        r: count(),
        w: count(),
        pinned: source.flip(),
    }
}

fn member(source: &mut Source<'_>) -> Member {
    let capacity = source.below(4);
    Member {
        capacity: if source.rarely(64) {
            u32::MAX
        } else {
            capacity
        },
        zone: source.below(3),
    }
}

pub(crate) fn history(source: &mut Source<'_>) -> Membership {
    source.list(4, change).into_iter().collect()
}

fn change(source: &mut Source<'_>) -> Change {
    Change {
        at: source.number(),
        by: node(source),
        node: node(source),
        what: if source.flip() {
            Move::Join(member(source))
        } else {
            Move::Leave
        },
    }
}

/// A disk with records that nobody wrote: of wrong names, garbled, or whole and absurd.
pub(crate) fn disk(source: &mut Source<'_>, real: &Real) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let records = source.list(6, |source| {
        if source.rarely(3) {
            let mut name = source.bytes();
            name.insert(0, source.pick(b"dhmtsx"));
            return (name, source.bytes());
        }
        let (name, body) = record(source, real);
        let mut value = sealed(&name, body);
        if source.rarely(4) {
            let place = source.byte() as usize % value.len();
            value[place] ^= 1 << source.below(8);
        }
        (name, value)
    });
    records.into_iter().collect()
}

fn record(source: &mut Source<'_>, real: &Real) -> (Vec<u8>, Vec<u8>) {
    let encoded = "numbers and bytes encode";
    let mut key = real.key(source);
    let (table, body) = match source.below(5) {
        0 => (b'd', postcard::to_allocvec(&real.siblings(source))),
        1 => {
            let owner = node(source);
            key.splice(0..0, owner.0.to_be_bytes());
            (b'h', postcard::to_allocvec(&(owner, real.siblings(source))))
        }
        2 => (b'm', postcard::to_allocvec(&change(source))),
        3 => (b't', postcard::to_allocvec(&real.handover(source))),
        _ => {
            key.clear();
            (
                b's',
                postcard::to_allocvec(&(source.number(), source.number())),
            )
        }
    };
    key.insert(0, table);
    (key, body.expect(encoded))
}

/// As the core seals records, so that only what they say is strange.
fn sealed(name: &[u8], mut body: Vec<u8>) -> Vec<u8> {
    use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};
    let checksum = xxh3_64_with_seed(&body, xxh3_64(name));
    body.extend_from_slice(&checksum.to_le_bytes());
    body
}
