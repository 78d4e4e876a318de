//! What the network carried in one run: who asked whom, who answered, and what was lost.
//!
//! Nothing of this is held against a promise; it shows on what an answer rested.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::history::{OpId, Time};
use crate::note::Node;

/// The messages of a run that are about keys, in the order in which they were sent, and when nodes answered
/// clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Between replicas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// When the node that a client asked sent its answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<OpId, Time>,
}

impl Network {
    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.answers.is_empty()
    }

    /// The message of this kind that a node heard then from another about a key.
    pub(crate) fn delivered(
        &self,
        at: Time,
        (from, to): (Node, Node),
        kind: &str,
        key: &str,
    ) -> Option<&Message> {
        let mut messages = self.messages.iter();
        messages.find(|message| {
            (message.from, message.to, message.heard) == (from, to, Some(at))
                && message.kind == kind
                && message.key == key
        })
    }
}

/// A message from one replica to another that is about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who sent it.
    pub from: Node,
    /// To whom.
    pub to: Node,
    /// What kind, in the store's word. `forward` hands a client's call to a node that is to see to it.
    pub kind: String,
    /// What about.
    pub key: String,
    /// The request that it makes or answers: a number that all messages of one request share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u32>,
    /// The owner in whose place its receiver is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<Node>,
    /// When it was sent.
    pub sent: Time,
    /// When its receiver heard it first; `None` if it was lost, or nobody was there to hear it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<Time>,
}

impl Message {
    /// As a reader says it: `replicate n1 → n2 of k0 in the place of n3`.
    pub fn label(&self) -> String {
        let Message {
            from,
            to,
            kind,
            key,
            in_place_of,
            ..
        } = self;
        let place =
            in_place_of.map_or_else(String::new, |owner| format!(" in the place of {owner}"));
        format!("{kind} {from} → {to} of {key}{place}")
    }
}

/// What is known of a run beside its history.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// Which node each operation asked, where that is known.
    pub via: Option<&'a BTreeMap<OpId, Node>>,
    /// What the network carried, where that was recorded.
    pub network: Option<&'a Network>,
}
