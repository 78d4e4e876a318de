//! A put that arrives at a node which is no owner of the key is handed to one, at most once (§4.5).
//!
//! To coordinate a put twice would make two events of it, and they would be siblings for ever. So a
//! coordinator obeys each forward once, remembers that for the rest of its life, and does not obey a
//! forward that is addressed to another life; and whoever forwards never does so a second time while
//! the first may have been obeyed. Asking for a life is no forward: while nobody answers that, the
//! next owner is tried, and in the end this node stands in. Nor is one that is refused because the two
//! see the cluster in different ways: once they see it alike, or after a while, the put is routed anew.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::machine::{Node, reply, send};
use super::port::{Output, Reply, RequestId, Time};
use super::put::Client;
use super::quorum::Quorum;
use super::timers::Timer;
use crate::clock::NodeId;
use crate::context::Context;
use crate::flaw::Flaw;
use crate::message::{Answer, Message, Tag, Written};

/// A put that another node coordinates for a client of this one.
#[derive(Clone, Debug, Hash)]
pub(super) struct Forwarding {
    client: RequestId,
    reply_by: Time,
    to: NodeId,
    stage: Stage,
    written: Written,
}

/// How far a forwarded put has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// Only the life of the owner was asked for.
    Asked,
    /// It is addressed to this life, which may have obeyed.
    Sent(u64),
    /// It was not obeyed, as one of the two does not know of a change yet.
    Refused,
}

impl Forwarding {
    /// The life that it is addressed to, once that is known. It may have obeyed.
    fn life(&self) -> Option<u64> {
        match self.stage {
            Stage::Sent(life) => Some(life),
            Stage::Asked | Stage::Refused => None,
        }
    }
}

/// The forwards of one peer that were obeyed.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Obeyed {
    /// The life of the peer.
    life: u64,
    /// Forwards numbered below are too old to be told apart, and not obeyed.
    floor: u64,
    numbers: BTreeSet<u64>,
}

/// How many forwards of one peer are told apart.
const OBEYED_MAX: usize = 1024;

impl Obeyed {
    /// Whether the forward is a new one.
    fn admit(&mut self, tag: Tag) -> bool {
        if tag.life > self.life {
            *self = Obeyed {
                life: tag.life,
                ..Obeyed::default()
            };
        }
        if tag.life < self.life || tag.number < self.floor || !self.numbers.insert(tag.number) {
            return false;
        }
        if self.numbers.len() > OBEYED_MAX
            && let Some(oldest) = self.numbers.pop_first()
        {
            self.floor = oldest + 1;
        }
        true
    }
}

impl Node {
    /// Hands a put to an owner and waits for what becomes of it.
    pub(super) fn forward(
        &mut self,
        now: Time,
        (client, reply_by): (RequestId, Time),
        to: NodeId,
        written: Written,
        out: &mut Vec<Output>,
    ) {
        let number = self.next_tag().number;
        let forwarding = Forwarding {
            client,
            reply_by,
            to,
            stage: match self.lives.get(&to) {
                Some(life) => Stage::Sent(*life),
                None => Stage::Asked,
            },
            written,
        };
        let sent = forwarding.life().is_some();
        let due = if sent && !self.flaw(Flaw::CoordinateTwice) {
            reply_by
        } else {
            self.patience(now, reply_by)
        };
        self.send_forward(number, &forwarding, out);
        if sent && self.flaw(Flaw::AnswerOnForward) {
            return reply(client, Reply::Stored, out);
        }
        self.timers.set(Timer::Forward(number), due);
        self.forwardings.insert(number, forwarding);
    }

    /// Until when an answer is waited for that leaves time for another try.
    fn patience(&self, now: Time, reply_by: Time) -> Time {
        now.after(self.config.shape().timing.replica_us)
            .min(reply_by)
    }

    fn send_forward(&self, number: u64, forwarding: &Forwarding, out: &mut Vec<Output>) {
        let mut written = forwarding.written.clone();
        if self.flaw(Flaw::ForwardWithoutContext) {
            written.context = Context::default();
        }
        let message = Message::Forward {
            tag: self.tag(number),
            life: forwarding.life(),
            written,
        };
        send(forwarding.to, message, out);
    }

    /// Coordinates a put for a peer, if this node owns the key and the forward is new and meant for
    /// this life.
    pub(super) fn obey(
        &mut self,
        now: Time,
        (from, tag): (NodeId, Tag),
        life: Option<u64>,
        written: Written,
        out: &mut Vec<Output>,
    ) {
        if life != Some(self.life) {
            let answer = Answer::OtherLife(self.life);
            send(from, Message::Forwarded { tag, answer }, out);
            return;
        }
        let Ok(quorum) = Quorum::new(written.terms, self.config.shape()) else {
            // Whoever takes requests refuses such terms, so no peer of this cluster sent it.
            return;
        };
        let range = self.store.range_of(&written.key);
        let new = self.obeyed.entry(from).or_default().admit(tag);
        if self.store.owns(range) && (new || self.flaw(Flaw::ObeyAgain)) {
            // A little less than the peer waits, so that a failure is told in time.
            let timing = &self.config.shape().timing;
            let patience = timing.replica_us.max(timing.request_us - timing.replica_us);
            let client = (Client::Peer(from, tag), now.after(patience));
            self.coordinate(now, client, quorum, written, out);
        } else if new {
            let answer = Answer::NotMine;
            send(from, Message::Forwarded { tag, answer }, out);
            self.send_history(now, from, out);
        }
    }

    /// The coordinator tells what became of a put.
    pub(super) fn forwarded(
        &mut self,
        now: Time,
        from: NodeId,
        tag: Tag,
        answer: Answer,
        out: &mut Vec<Output>,
    ) {
        if tag.life != self.life {
            return;
        }
        if let Answer::OtherLife(life) = answer {
            let known = self.lives.entry(from).or_default();
            *known = life.max(*known);
        }
        let Some(forwarding) = self.forwardings.get_mut(&tag.number) else {
            return;
        };
        if forwarding.to != from {
            return;
        }
        let end = match (answer, forwarding.stage) {
            (Answer::Stored, _) => Reply::Stored,
            (Answer::Unavailable, _) => Reply::Unavailable,
            (Answer::NotMine, _) => {
                forwarding.stage = Stage::Refused;
                let reply_by = forwarding.reply_by;
                let due = self.patience(now, reply_by);
                self.timers.set(Timer::Forward(tag.number), due);
                return self.forward_again(now, tag.number, out);
            }
            (Answer::OtherLife(life), Stage::Asked) => {
                // What asked for the life was not obeyed, so this is still the first time.
                forwarding.stage = Stage::Sent(life);
                let forwarding = forwarding.clone();
                self.timers
                    .set(Timer::Forward(tag.number), forwarding.reply_by);
                self.send_forward(tag.number, &forwarding, out);
                return;
            }
            (Answer::OtherLife(life), Stage::Sent(meant)) if life > meant => Reply::Unavailable,
            (Answer::OtherLife(_), _) => return,
        };
        self.end_forwarding(tag.number, end, out);
    }

    /// Routes a put anew that was refused, if who refused it is no owner by what is known here either.
    pub(super) fn forward_again(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(forwarding) = self.forwardings.get(&number) else {
            return;
        };
        let range = self.store.range_of(&forwarding.written.key);
        let owns = self.store.view().owners(range).contains(&forwarding.to);
        if forwarding.stage != Stage::Refused || owns {
            return;
        }
        self.timers.clear(Timer::Forward(number));
        if let Some(forwarding) = self.forwardings.remove(&number) {
            let client = (forwarding.client, forwarding.reply_by);
            self.route_put(now, client, forwarding.written, out);
        }
    }

    /// The owner was silent for too long.
    pub(super) fn forwarding_is_due(&mut self, now: Time, number: u64, out: &mut Vec<Output>) {
        let Some(forwarding) = self.forwardings.remove(&number) else {
            return;
        };
        if forwarding.stage != Stage::Refused {
            self.suspect(now, forwarding.to);
        }
        let not_obeyed = forwarding.life().is_none() || self.flaw(Flaw::CoordinateTwice);
        let Forwarding {
            client, reply_by, ..
        } = forwarding;
        if not_obeyed && reply_by > now {
            self.route_put(now, (client, reply_by), forwarding.written, out);
        } else {
            reply(client, Reply::Unavailable, out);
        }
    }

    fn end_forwarding(&mut self, number: u64, end: Reply, out: &mut Vec<Output>) {
        self.timers.clear(Timer::Forward(number));
        if let Some(forwarding) = self.forwardings.remove(&number) {
            reply(forwarding.client, end, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the note says, in another way: all that was ever asked, and nothing forgotten.
    fn is_new(asked: &BTreeSet<Tag>, obeyed: &BTreeSet<Tag>, tag: Tag) -> bool {
        let later_life = asked.iter().any(|other| other.life > tag.life);
        let later = obeyed
            .iter()
            .filter(|other| other.life == tag.life && other.number > tag.number);
        !later_life && !obeyed.contains(&tag) && later.count() <= OBEYED_MAX
    }

    #[test]
    fn a_forward_is_admitted_once_unless_it_is_too_old_to_tell() {
        // Numbers come in an order that goes back by less and by more than what is told apart.
        for stride in [1, 601, 1_201] {
            let numbers = (0..2_400_u64).map(|nth| 1 + nth * stride % 2_400);
            let (mut peer, mut asked, mut obeyed) =
                (Obeyed::default(), BTreeSet::new(), BTreeSet::new());
            for (nth, number) in numbers.enumerate() {
                let life = [0, 0, 0, 7, 7, 3, 9][nth / 343];
                for again in [
                    number,
                    number,
                    number / 2,
                    number.saturating_sub(OBEYED_MAX as u64),
                ] {
                    let tag = Tag {
                        life,
                        number: again,
                    };
                    let new = is_new(&asked, &obeyed, tag);
                    assert_eq!(peer.admit(tag), new, "{tag:?}, stride {stride}");
                    asked.insert(tag);
                    if new {
                        obeyed.insert(tag);
                    }
                }
            }
        }
    }
}
