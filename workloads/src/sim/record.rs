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

#[cfg(test)]
mod tests {
    use super::*;

    fn about(keys: &[&str], request: Option<u128>) -> About {
        About {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            request,
            in_place_of: None,
        }
    }

    #[test]
    fn an_answer_is_about_what_was_asked_and_goes_back_to_whoever_asked() {
        let mut record = Record::default();
        record.sent(Time(1), 10, (0, 1), "ask", about(&["x"], Some(7)));
        record.sent(Time(1), 11, (2, 1), "ask", about(&["y"], Some(7)));
        record.heard(Time(2), 10);
        record.sent(Time(3), 12, (1, 2), "told", about(&[], Some(7)));
        record.sent(Time(3), 13, (1, 0), "told", about(&[], Some(7)));
        record.sent(Time(3), 14, (1, 0), "told", about(&[], Some(8)));
        record.heard(Time(4), 13);
        record.heard(Time(5), 13);
        let told = record.network().messages;
        let told: Vec<_> = told
            .iter()
            .map(|one| (one.to.0, one.key.as_str(), one.request, one.heard))
            .collect();
        assert_eq!(
            told,
            [
                (1, "x", Some(0), Some(Time(2))),
                (1, "y", Some(1), None),
                (2, "y", Some(1), None),
                (0, "x", Some(0), Some(Time(4))),
            ],
            "nobody asked for the last one"
        );
    }

    #[test]
    fn a_message_about_many_keys_is_told_of_each_and_one_about_none_is_not() {
        let mut record = Record::default();
        record.sent(Time(1), 10, (0, 1), "sync", about(&["x", "y"], None));
        record.sent(Time(1), 11, (0, 1), "sync", about(&[], None));
        record.heard(Time(2), 10);
        record.answered(Time(3), 5);
        record.answered(Time(4), 5);
        let network = record.network();
        assert!(
            network
                .messages
                .iter()
                .all(|one| one.heard == Some(Time(2)))
        );
        assert_eq!(network.messages.len(), 2);
        assert_eq!(network.answers, [(OpId(5), Time(3))].into());
    }
}
