//! What happened to whom, in the order of the record, for formats that draw a line for each host.

use std::collections::BTreeMap;
use std::fmt;

use super::causes::Causes;
use crate::domain::Domain;
use crate::history::{History, Line, Op, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::network::{Message, Network};
use crate::note::{Node, Note, Version};
use crate::report::Bundle;
use crate::report::steps::contents;

/// Whose line an event stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    Client(Process),
    Node(Node),
    /// What goes wrong from outside.
    Faults,
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Client(process) => process.fmt(f),
            Host::Node(node) => node.fmt(f),
            Host::Faults => f.write_str("faults"),
        }
    }
}

/// Something that happened to one host.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) host: Host,
    pub(super) text: String,
    /// When, if that was recorded.
    pub(super) at: Option<Time>,
    /// Which entry of the history tells of it, or tells of the last thing before it; then a number that
    /// orders events of one entry.
    place: (usize, usize),
    /// Events of other hosts that came before it, by number.
    pub(super) after: Vec<usize>,
}

/// All events, each behind those that came before it. See [`Causes`] for what comes before what.
pub(super) fn events(bundle: &Bundle, history: &History<Kv>) -> Vec<Event> {
    let mut teller = Teller {
        bundle,
        events: Vec::new(),
        returns: BTreeMap::new(),
        causes: Causes::new(history),
        line: 0,
        ends: ends(&bundle.network),
        sent: BTreeMap::new(),
    };
    for (line, entry) in history.lines().enumerate() {
        let at = match &entry {
            Line::Invoke(op) => op.invoked,
            Line::Return(_, at) | Line::Note(at, _) => *at,
        };
        teller.messages((at, End::Heard));
        teller.line = line + 1;
        match entry {
            Line::Invoke(op) => teller.call(op),
            Line::Return(op, at) => teller.answer(op, at),
            Line::Note(at, note) => teller.note(at, note),
        }
    }
    teller.messages((Time(u64::MAX), End::Sent));
    for transfer in teller.causes.transfers() {
        teller.events[transfer.sent].place.0 = transfer.sent_after;
    }
    sorted(&teller.events)
}

/// An end of a message. What is heard at a moment comes before what else happens then, and what is sent after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum End {
    Heard,
    Sent,
}

/// When which messages were sent and heard, the latest first.
fn ends(network: &Network) -> Vec<(Time, End, usize)> {
    let messages = network.messages.iter().enumerate();
    let mut ends: Vec<(Time, End, usize)> = messages
        .flat_map(|(number, message)| {
            let heard = message.heard.map(|at| (at, End::Heard, number));
            std::iter::once((message.sent, End::Sent, number)).chain(heard)
        })
        .collect();
    ends.sort_unstable_by(|one, two| two.cmp(one));
    ends
}

/// The events in the order of their places, with numbers that are right there.
fn sorted(events: &[Event]) -> Vec<Event> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|event| events[*event].place);
    let mut number = vec![0; events.len()];
    for (place, event) in order.iter().enumerate() {
        number[*event] = place;
    }
    let in_order = order.iter().map(|event| {
        let mut event = events[*event].clone();
        for before in &mut event.after {
            *before = number[*before];
        }
        event.after.sort_unstable();
        event.after.dedup();
        event
    });
    in_order.collect()
}

struct Teller<'h> {
    bundle: &'h Bundle,
    events: Vec<Event>,
    /// The events at which operations returned.
    returns: BTreeMap<OpId, usize>,
    causes: Causes,
    line: usize,
    /// The ends of messages that are still to be told, the next one last.
    ends: Vec<(Time, End, usize)>,
    /// The events at which messages were sent.
    sent: BTreeMap<usize, usize>,
}

impl Teller<'_> {
    fn push(&mut self, host: Host, at: Option<Time>, text: String, after: Vec<usize>) -> usize {
        let number = self.events.len();
        self.events.push(Event {
            host,
            text,
            at,
            place: (self.line, number),
            after,
        });
        number
    }

    /// Tells of the messages that were sent or heard until then, where that was recorded.
    fn messages(&mut self, until: (Time, End)) {
        while let Some((at, end, number)) = self.ends.pop_if(|(at, end, _)| (*at, *end) <= until) {
            let message = &self.bundle.network.messages[number];
            let Message { from, to, .. } = message;
            let what = format!("{} of {}", message.kind, message.key);
            if end == End::Heard {
                let text = format!("receives {what} from {from}");
                let after = self.sent.get(&number).copied().into_iter().collect();
                self.push(Host::Node(*to), Some(at), text, after);
                continue;
            }
            let lost = match message.heard {
                Some(_) => "",
                None => ", which never arrives",
            };
            let text = format!("sends {what} to {to}{lost}");
            let event = self.push(Host::Node(*from), Some(at), text, Vec::new());
            self.sent.insert(number, event);
        }
    }

    fn call(&mut self, op: &Op<Kv>) {
        let seen = op.call.context().iter();
        let after = seen.filter_map(|seen| self.returns.get(seen).copied());
        let after: Vec<usize> = after.collect();
        let via = self.bundle.via.get(&op.id);
        let asks = via.map_or_else(String::new, |node| format!(", asks {node}"));
        let text = format!("{}{asks}", Kv::call_label(&op.call));
        let event = self.push(Host::Client(op.process), Some(op.invoked), text, after);
        self.causes.called(op, event);
    }

    fn answer(&mut self, op: &Op<Kv>, at: Time) {
        let label = match &op.outcome {
            Outcome::Ok(ret) => Kv::ret_label(ret),
            Outcome::Fail => "refused".into(),
            Outcome::Unknown => "no answer in time".into(),
        };
        let text = format!("{} → {label}", Kv::call_label(&op.call));
        let after = match (&op.outcome, &op.call) {
            (Outcome::Ok(KvRet::Stored), KvCall::Put { key, value, .. }) => {
                self.causes.of_acknowledgement(key, value)
            }
            (Outcome::Ok(KvRet::Values(values)), call) => self.causes.of_answer(call.key(), values),
            _ => Vec::new(),
        };
        let event = self.push(Host::Client(op.process), Some(at), text, after);
        self.returns.insert(op.id, event);
    }

    fn note(&mut self, at: Time, note: &Note) {
        match note {
            Note::Durable {
                node,
                key,
                versions,
            } => self.stores(at, *node, key, versions),
            Note::Hint {
                holder,
                owner,
                key,
                versions,
            } => {
                let held = contents(versions);
                let text = format!("keeps a hint of {key} for {owner}: {held}");
                let after = self.causes.of_versions(key, versions, &[]);
                let event = self.push(Host::Node(*holder), Some(at), text, after);
                let place = (event, self.line);
                self.causes.hinted((*holder, *owner), key, versions, place);
            }
            Note::HintDropped { holder, owner, key } => {
                self.causes.unhinted(*holder, *owner, key);
                let text = format!("drops its hint of {key} for {owner}");
                self.push(Host::Node(*holder), Some(at), text, Vec::new());
            }
            Note::HintExpired { holder, owner, key } => {
                self.causes.unhinted(*holder, *owner, key);
                let text = format!("lets its hint of {key} for {owner} expire");
                self.push(Host::Node(*holder), Some(at), text, Vec::new());
            }
            Note::Transfer {
                from,
                to,
                kind,
                key,
            } => self.transfer(at, (*from, *to), kind, key),
            Note::Counted {
                key,
                value: Some(value),
                nodes,
                ..
            } => self.causes.counted(key, value, nodes),
            Note::Crash(node) => {
                self.push(Host::Node(*node), Some(at), "crashes".into(), Vec::new());
            }
            Note::Restart(node) => {
                self.push(Host::Node(*node), Some(at), "restarts".into(), Vec::new());
            }
            Note::Fault { .. } | Note::Healed | Note::Quiet => self.fault(at, note),
            Note::Setup(_)
            | Note::Owners { .. }
            | Note::Informed(_)
            | Note::Context { .. }
            | Note::Counted { .. }
            | Note::Served { .. }
            | Note::Root { .. } => {}
        }
    }

    fn stores(&mut self, at: Time, node: Node, key: &str, versions: &[Version]) {
        let before = self.causes.held(node, key);
        if before == versions {
            return;
        }
        let text = format!("holds of {key}: {}", contents(versions));
        let after = self.causes.of_versions(key, versions, &before);
        let event = self.push(Host::Node(node), Some(at), text, after);
        self.causes
            .stored(at, node, key, versions, (event, self.line));
    }

    /// A delivery of which nothing else was recorded.
    fn transfer(&mut self, at: Time, (from, to): (Node, Node), kind: &str, key: &str) {
        let network = &self.bundle.network;
        if network.delivered(at, (from, to), kind, key).is_some() {
            return;
        }
        let text = format!("sends {kind} of {key} to {to}, here or later");
        let sent = self.push(Host::Node(from), None, text, Vec::new());
        let text = format!("receives {kind} of {key} from {from}");
        self.push(Host::Node(to), Some(at), text, vec![sent]);
        self.causes.transferred(at, (from, to), kind, key, sent);
    }

    fn fault(&mut self, at: Time, note: &Note) {
        let text = match note {
            Note::Fault { what, begins: true } => format!("begins: {what}"),
            Note::Fault { what, .. } => format!("ends: {what}"),
            Note::Healed => "all faults have ended".into(),
            _ => "the cluster has had time to mend".into(),
        };
        self.push(Host::Faults, Some(at), text, Vec::new());
    }
}
