//! On what an answer rested: who saw to the call, whom it asked, who had answered by then.

use std::collections::BTreeSet;

use super::Decision;
use crate::domain::Domain;
use crate::evidence::contents;
use crate::history::{History, Op, OpId, Outcome, Time};
use crate::kv::{Kv, KvCall};
use crate::network::{Beside, Message, Network};
use crate::note::{Node, Note, Version};
use crate::verdict::Counterexample;

/// Kinds of messages, in the words of [`Message::kind`].
const FORWARD: &str = "forward";
const REPLICATE: &str = "replicate";
const FETCH: &str = "fetch";

/// What the answer to a call rested on, by the record of the network and the disks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    /// The node that the client asked.
    pub(crate) asked: Node,
    /// The node that saw to it.
    pub(crate) coordinator: Node,
    /// How the first handed it on to the second, if they are two.
    pub(crate) handed: Option<Request>,
    /// When the node that was asked answered.
    pub(crate) answered: Time,
    /// The coordinator, then the replicas that it asked, in that order.
    pub(crate) replicas: Vec<Replica>,
}

/// A request of one node to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) to: Node,
    pub(crate) in_place_of: Option<Node>,
    pub(crate) sent: Time,
    /// When it reached the other node, if ever.
    pub(crate) reached: Option<Time>,
    /// When the answer to it was heard, if ever.
    pub(crate) heard: Option<Time>,
}

/// What one replica did for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Replica {
    pub(crate) node: Node,
    /// How it was asked; the coordinator asks itself nothing.
    pub(crate) request: Option<Request>,
    /// Since when its disk had what was put, and for whom, if not as its own.
    pub(crate) kept: Option<(Time, Option<Node>)>,
}

impl Rest {
    /// What is known of an answered call; `None` where the network was not recorded, or two calls cannot be
    /// told apart.
    pub(crate) fn of(history: &History<Kv>, op: &Op<Kv>, beside: Beside<'_>) -> Option<Rest> {
        let network = beside.network.filter(|network| !network.is_empty())?;
        let asked = *beside.via?.get(&op.id)?;
        let answered = *network.answers.get(&op.id)?;
        if !matches!(op.outcome, Outcome::Ok(_)) || has_double(history, op) {
            return None;
        }
        let key = op.call.key();
        let made = |by: Node, since: Time, kind: &str| {
            requests(network, key, (by, kind), (since, answered))
        };
        // Only writes are handed on: whoever asks several nodes at once what they hold needs no other for it.
        let forwards = if op.call.writes() {
            made(asked, op.invoked, FORWARD)?
        } else {
            Vec::new()
        };
        let (handed, coordinator, since) = match &forwards[..] {
            [] => (None, asked, op.invoked),
            // Of several nodes that were tried one after the other, the last was told to do it.
            [.., last] => (Some(*last), last.to, last.sent),
        };
        let kind = if op.call.writes() { REPLICATE } else { FETCH };
        let mut replicas = vec![Replica {
            node: coordinator,
            request: None,
            kept: kept(history, op, coordinator),
        }];
        let asks = made(coordinator, since, kind)?;
        replicas.extend(asks.into_iter().map(|request| Replica {
            node: request.to,
            request: Some(request),
            kept: kept(history, op, request.to),
        }));
        Some(Rest {
            asked,
            coordinator,
            handed,
            answered,
            replicas,
        })
    }

    /// Whether the client was answered before the node that was to see to it had answered.
    pub(crate) fn is_unawaited(&self) -> bool {
        let heard = |request: &Request| request.heard.is_some_and(|at| at <= self.answered);
        self.handed.as_ref().is_some_and(|handed| !heard(handed))
    }

    /// What the coordinator held instead of what was put, in a sentence; nothing if it has had that, or held
    /// nothing.
    fn instead(&self, history: &History<Kv>, op: &Op<Kv>) -> String {
        let own = self.replicas.first();
        if own.is_none_or(|own| own.kept.is_some()) {
            return String::new();
        }
        let held = held_at(history, op.call.key(), self.coordinator, self.answered);
        if held.is_empty() {
            return String::new();
        }
        let held = contents(held);
        format!(" The disk of {} held {held} then.", self.coordinator)
    }

    /// The replicas whose answers had been heard when the client was answered.
    pub(crate) fn heard(&self) -> impl Iterator<Item = Node> {
        let by_then = |replica: &&Replica| {
            let heard = replica.request.and_then(|request| request.heard);
            heard.is_some_and(|at| at <= self.answered)
        };
        self.replicas
            .iter()
            .filter(by_then)
            .map(|replica| replica.node)
    }

    /// What each node had done by the time of the answer, in sentences.
    pub(crate) fn facts(&self, writes: bool) -> Vec<String> {
        let mut facts = Vec::new();
        if let Some(handed) = &self.handed {
            let back = match handed.heard.filter(|at| *at <= self.answered) {
                Some(at) => format!("and heard of it at {}", at.0),
                None => "and had heard nothing of it when it answered".into(),
            };
            facts.push(format!(
                "the client asked {}, which handed it on to {} at {}, {back}",
                self.asked, handed.to, handed.sent.0
            ));
        }
        let shown = self.replicas.iter();
        facts.extend(shown.filter_map(|replica| self.fact(replica, writes)));
        facts.push(format!("{} answered at {}", self.asked, self.answered.0));
        facts
    }

    fn fact(&self, replica: &Replica, writes: bool) -> Option<String> {
        let Replica {
            node,
            request,
            kept,
        } = replica;
        let stored = match kept {
            Some((at, whose)) => {
                let whose =
                    whose.map_or_else(String::new, |owner| format!(" as a hint for {owner}"));
                let late = if *at > self.answered {
                    ", after the answer"
                } else {
                    ""
                };
                format!("had it on its disk{whose} at {}{late}", at.0)
            }
            None => "never had it on its disk".into(),
        };
        let Some(request) = request else {
            return writes.then(|| format!("{node}, which saw to it, {stored}"));
        };
        let place = request
            .in_place_of
            .map_or_else(String::new, |owner| format!(", in the place of {owner},"));
        let way = match (request.reached, request.heard) {
            (None, _) => "it never got there".into(),
            (Some(at), None) => format!("it got there at {}; no answer came back", at.0),
            (Some(_), Some(at)) if at > self.answered => {
                format!("its answer came at {}, too late to count", at.0)
            }
            (Some(_), Some(at)) => format!("its answer came at {}", at.0),
        };
        let stored = if writes && request.reached.is_some() {
            format!(", and it {stored}")
        } else {
            String::new()
        };
        Some(format!(
            "{node}{place} was asked at {}: {way}{stored}",
            request.sent.0
        ))
    }
}

/// What a write was acknowledged on, as the decision that it was; `None` if that is not known.
pub(super) fn acknowledged(
    history: &History<Kv>,
    op: OpId,
    shown: &Counterexample,
    beside: Beside<'_>,
) -> Option<Decision> {
    let op = history.op(op)?;
    let rest = Rest::of(history, op, beside)?;
    let label = Kv::call_label(&op.call);
    let few = shown.sentence.split_once(": ").map_or("", |(_, few)| few);
    let instead = rest.instead(history, op);
    let (node, sentence) = match rest.handed {
        Some(handed) if rest.is_unawaited() => (
            rest.asked,
            format!(
                "{} acknowledged {label} with too few copies, before {} had answered, to which it had handed it on: \
                 {few}{instead}",
                rest.asked, handed.to
            ),
        ),
        _ => (
            rest.coordinator,
            format!(
                "{} acknowledged {label} with too few copies: {few}{instead}",
                rest.coordinator
            ),
        ),
    };
    Some(Decision {
        at: rest.answered,
        node: Some(node),
        op: Some(op.id),
        sentence,
        facts: rest.facts(true),
    })
}

/// Whether disks cannot tell a write from another one: the same value put twice, or several deletes of a key.
fn has_double(history: &History<Kv>, op: &Op<Kv>) -> bool {
    let same = |other: &&Op<Kv>| match (&op.call, &other.call) {
        (KvCall::Put { value, .. }, KvCall::Put { value: other, .. }) => value == other,
        (KvCall::Delete { .. }, KvCall::Delete { .. }) => true,
        _ => false,
    };
    let of_key = history
        .ops()
        .iter()
        .filter(|other| other.call.key() == op.call.key());
    of_key.filter(same).count() > 1
}

/// The requests of this kind that a node made about a key in a span of time; `None` if they belong to more
/// than one call.
fn requests(
    network: &Network,
    key: &str,
    (by, kind): (Node, &str),
    (since, until): (Time, Time),
) -> Option<Vec<Request>> {
    let own = |message: &&Message| {
        message.from == by
            && message.kind == kind
            && message.key == key
            && (since..=until).contains(&message.sent)
    };
    let made: Vec<&Message> = network.messages.iter().filter(own).collect();
    let numbers: BTreeSet<Option<u32>> = made.iter().map(|message| message.request).collect();
    if numbers.len() > 1 || numbers.contains(&None) {
        return None;
    }
    Some(
        made.into_iter()
            .map(|message| request(network, message))
            .collect(),
    )
}

fn request(network: &Network, message: &Message) -> Request {
    let answer = |other: &&Message| {
        other.request == message.request
            && (other.from, other.to) == (message.to, message.from)
            && other.sent >= message.heard.unwrap_or(Time(u64::MAX))
    };
    let answers = network.messages.iter().filter(answer);
    Request {
        to: message.to,
        in_place_of: message.in_place_of,
        sent: message.sent,
        reached: message.heard,
        heard: answers.filter_map(|answer| answer.heard).min(),
    }
}

/// What a disk held of a key at a moment.
pub(super) fn held_at<'h>(history: &'h History<Kv>, of: &str, on: Node, at: Time) -> &'h [Version] {
    let told = history.notes().filter_map(|(when, note)| match note {
        Note::Durable {
            node,
            key,
            versions,
        } if *node == on && key == of && when <= at => Some(versions.as_slice()),
        _ => None,
    });
    told.last().unwrap_or_default()
}

/// Since when a disk has had what a write put, and for whom.
fn kept(history: &History<Kv>, op: &Op<Kv>, on: Node) -> Option<(Time, Option<Node>)> {
    let value = match &op.call {
        KvCall::Put { value, .. } => Some(value.as_str()),
        KvCall::Delete { .. } => None,
        KvCall::Get { .. } => return None,
    };
    let has = |versions: &[Version]| versions.iter().any(|one| one.value.as_deref() == value);
    history.notes().find_map(|(at, note)| match note {
        _ if at < op.invoked => None,
        Note::Durable {
            node,
            key,
            versions,
        } if *node == on && key == op.call.key() => has(versions).then_some((at, None)),
        Note::Hint {
            holder,
            owner,
            key,
            versions,
        } if *holder == on && key == op.call.key() => has(versions).then_some((at, Some(*owner))),
        _ => None,
    })
}
