//! One node of the reference core behind the simulator's door.

use std::hash::{Hash, Hasher};

use checker::Time;
use checker::note::{Clock, Version};
use dynamo_core as core;
use dynamo_core::{NodeId, Record};

use super::{hex, text};
use crate::replica::{About, Holding, Input, Output, Replica, Reply, Request};

/// One node of the reference core behind the simulator's door.
#[derive(Clone, Debug)]
pub struct Peer {
    node: core::Node,
    /// By how much its clock is ahead.
    ahead_us: u64,
    // Empty between inputs; its memory is used again.
    outputs: Vec<core::Output>,
}

impl Peer {
    pub(super) fn new(node: core::Node, ahead_us: u64) -> Self {
        Peer {
            node,
            ahead_us,
            outputs: Vec::new(),
        }
    }
}

impl Hash for Peer {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Peer {
            node,
            ahead_us,
            outputs: _,
        } = self;
        (node, ahead_us).hash(state);
    }
}

impl Replica for Peer {
    type Message = core::Message;

    fn handle(
        &mut self,
        now: Time,
        input: Input<core::Message>,
        out: &mut Vec<Output<core::Message>>,
    ) {
        let input = match input {
            Input::Wake => core::Input::Wake,
            Input::Request { id, request } => core::Input::Request {
                id: core::RequestId(id),
                request: asked(request),
            },
            Input::Order { member, joins } => core::Input::Request {
                id: core::RequestId(ORDER),
                request: ordered(NodeId(member), joins),
            },
            Input::Message { from, message } => core::Input::Message {
                from: NodeId(from),
                message,
            },
            Input::Stored { ticket } => core::Input::Stored {
                ticket: core::Ticket(ticket),
            },
        };
        let now = core::Time(now.0).after(self.ahead_us);
        self.node.handle(now, input, &mut self.outputs);
        out.extend(self.outputs.drain(..).map(output));
    }

    fn deadline(&self) -> Option<Time> {
        let due = self.node.deadline()?;
        Some(Time(due.0.saturating_sub(self.ahead_us)))
    }

    fn kind(message: &core::Message) -> &'static str {
        message.kind()
    }

    fn carries(message: &core::Message) -> Vec<String> {
        message.carries().into_iter().map(text).collect()
    }

    fn about(message: &core::Message) -> Option<About> {
        about(message)
    }

    fn holding(record: &[u8], value: &[u8]) -> Option<Holding> {
        match Record::decode(record, value).ok()? {
            Record::Data { key, siblings } => Some(Holding::Data {
                key: text(&key),
                versions: versions(&siblings),
            }),
            Record::Hint {
                owner,
                key,
                siblings,
                ..
            } => Some(Holding::Hint {
                owner: owner.0,
                key: text(&key),
                versions: versions(&siblings),
            }),
            Record::Change(change) => {
                let line = serde_json::to_vec(&change).expect("plain numbers encode");
                Some(Holding::Change(line))
            }
            _ => None,
        }
    }

    fn roots(&self) -> Vec<(String, String)> {
        let roots = self.node.roots().into_iter();
        roots
            .map(|(range, root)| (range, hex(&root.to_be_bytes())))
            .collect()
    }
}

/// As [`Peer::holding`], for stores whose clocks claim less than dots do.
pub(super) fn without_clocks(record: &[u8], value: &[u8]) -> Option<Holding> {
    let mut holding = Peer::holding(record, value)?;
    if let Holding::Data { versions, .. } | Holding::Hint { versions, .. } = &mut holding {
        for version in versions {
            version.clock = None;
        }
    }
    Some(holding)
}

/// The name of all orders: no call of a client has it, so that nobody hears the answers.
const ORDER: u64 = u64::MAX;

/// Who joins again is what it was.
fn ordered(node: NodeId, joins: bool) -> core::Request {
    let member = core::Member::default();
    if joins {
        core::Request::Join { node, member }
    } else {
        core::Request::Leave { node }
    }
}

fn asked(request: Request) -> core::Request {
    let terms = core::Terms::default();
    match request {
        Request::Get { key } => core::Request::Get { key, terms },
        Request::Put {
            key,
            value,
            context,
        } => core::Request::Put {
            key,
            value,
            context,
            terms,
        },
        Request::Delete { key, context } => core::Request::Delete {
            key,
            context,
            terms,
        },
    }
}

/// What a message is about; of those that concern no key in particular nothing is told.
fn about(message: &core::Message) -> Option<About> {
    use core::Message as M;
    let asks = |tag: &core::Tag, key: Option<&[u8]>| About {
        keys: key.into_iter().map(text).collect(),
        request: Some((u128::from(tag.life) << 64) | u128::from(tag.number)),
        in_place_of: None,
    };
    let tells = |keys: Vec<String>| About {
        keys,
        ..About::default()
    };
    Some(match message {
        M::Forward { tag, written, .. } => asks(tag, Some(written.key.as_slice())),
        M::Fetch { tag, key, .. } => asks(tag, Some(key.as_slice())),
        M::Replicate { tag, key, hint, .. } => About {
            in_place_of: hint.map(|hint| hint.owner.0),
            ..asks(tag, Some(key.as_slice()))
        },
        M::Forwarded { tag, .. }
        | M::Replicated { tag, .. }
        | M::Fetched { tag, .. }
        | M::NotYet { tag, .. } => asks(tag, None),
        M::Repair { key, .. } | M::Hint { key, .. } | M::HintAck { key, .. } => {
            tells(vec![text(key)])
        }
        M::SyncStates { states, .. } | M::Keys { states, .. } => {
            tells(states.iter().map(|(key, _)| text(key)).collect())
        }
        _ => return None,
    })
}

fn output(output: core::Output) -> Output<core::Message> {
    match output {
        core::Output::Send { to, message } => Output::Send { to: to.0, message },
        core::Output::Reply { id, reply } => Output::Reply {
            id: id.0,
            reply: match reply {
                core::Reply::Values {
                    values, context, ..
                } => Reply::Values { values, context },
                core::Reply::Stored => Reply::Stored,
                core::Reply::Refused(refusal) => Reply::Refused(refusal.to_string()),
                // Whatever else a node may say leaves the outcome open.
                _ => Reply::Unavailable,
            },
        },
        core::Output::Store { ticket, writes } => Output::Store {
            ticket: ticket.0,
            writes: writes
                .into_iter()
                .map(|write| (write.key, write.value))
                .collect(),
        },
    }
}

fn versions(siblings: &core::Siblings) -> Vec<Version> {
    siblings
        .iter()
        .map(|version| Version {
            value: version.value.as_deref().map(text),
            clock: Some(Clock {
                dot: (actor(version.dot.actor), version.dot.counter),
                past: version
                    .past
                    .iter()
                    .map(|seen| (actor(seen.actor), seen.counter))
                    .collect(),
            }),
        })
        .collect()
}

/// The name of an actor in the clocks of the evidence.
fn actor(actor: core::Actor) -> String {
    // Evidence is made of these names; formatting each anew would cost a tenth of a run.
    const NAMES: [&str; 8] = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7"];
    match NAMES.get(actor.node.0 as usize) {
        Some(name) if actor == core::Actor::owner(actor.node) => (*name).to_owned(),
        _ => actor.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_shown_as_hex() {
        assert_eq!(text("Käse".as_bytes()), "Käse");
        assert_eq!(text(&[0xff, 0x0a]), "ff0a");
        assert_eq!(
            (
                actor(core::Actor::owner(NodeId(7))),
                actor(core::Actor::stand_in(NodeId(8), 3))
            ),
            ("n7".into(), "n8.3".into())
        );
    }
}
