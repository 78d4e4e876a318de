//! What the network carries, written down for a reader.

use std::collections::BTreeMap;

use checker::network::{Message, Network};
use checker::note::Node;
use checker::{OpId, Time};

use crate::replica::About;

/// The messages that are about keys, and when nodes answered clients.
#[derive(Debug, Default)]
pub(crate) struct Record {
    network: Network,
    /// By identity, the messages that nobody heard yet: one for each key.
    unheard: BTreeMap<u64, Vec<usize>>,
    /// By who made it and its number there, each request with what it is about.
    requests: BTreeMap<(u32, u128), (u32, Vec<String>)>,
}

impl Record {
    /// A message sets out.
    pub(crate) fn sent(
        &mut self,
        now: Time,
        identity: u64,
        (from, to): (u32, u32),
        kind: &str,
        about: About,
    ) {
        let About {
            keys,
            request,
            in_place_of,
        } = about;
        let (request, keys) = match request {
            None => (None, keys),
            // Who says which key makes the request; an answer goes back to whoever made it.
            Some(number) if keys.is_empty() => match self.requests.get(&(to, number)) {
                Some((request, keys)) => (Some(*request), keys.clone()),
                None => return,
            },
            Some(number) => {
                let next = self.requests.len() as u32;
                let made = self.requests.entry((from, number));
                let (request, _) = made.or_insert_with(|| (next, keys.clone()));
                (Some(*request), keys)
            }
        };
        for key in keys {
            let place = self.network.messages.len();
            self.unheard.entry(identity).or_default().push(place);
            self.network.messages.push(Message {
                from: Node(from),
                to: Node(to),
                kind: kind.to_owned(),
                key,
                request,
                in_place_of: in_place_of.map(Node),
                sent: now,
                heard: None,
            });
        }
    }

    /// A node hears a message; of one that comes twice the first time counts.
    pub(crate) fn heard(&mut self, now: Time, identity: u64) {
        for place in self.unheard.remove(&identity).unwrap_or_default() {
            self.network.messages[place].heard = Some(now);
        }
    }

    /// A node answers the client of this call.
    pub(crate) fn answered(&mut self, now: Time, op: u64) {
        self.network.answers.entry(OpId(op)).or_insert(now);
    }

    pub(crate) fn network(&self) -> Network {
        self.network.clone()
    }
}
