//! The simulator as something that a plan can be run against.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use checker::note::{Node, Note};
use checker::{Outcome, Time};

use crate::fault::{Fate, Fault};
use crate::luck::{Key, Luck};
use crate::replica::Replica;
use crate::sim::deployment::Deployment;
use crate::sim::event::{Call, Event, Stage};
use crate::sim::queue::Rank;
use crate::sim::world::{Sim, THERE};
use crate::subject::{Ask, Happening, Subject, Unsupported};

impl<D: Deployment> Sim<D> {
    /// Hands out what is ready, up to the first completion; says whether there was one.
    fn hand_out(&mut self, out: &mut Vec<Happening>) -> bool {
        while let Some(happening) = self.ready.pop_front() {
            let completion = matches!(happening, Happening::Completion { .. });
            out.push(happening);
            if completion {
                return true;
            }
        }
        false
    }
}

impl<D: Deployment> Subject for Sim<D> {
    fn setup(&mut self, keys: &[String]) -> Vec<Note> {
        self.admin.watch(keys);
        self.deployment.setup(keys)
    }

    fn submit(&mut self, ask: Ask) {
        let call = self.calls.len();
        let key = Key(ask.luck);
        self.calls.push(Call {
            op: ask.op,
            key,
            node: ask.via % self.seats.len() as u32,
            stage: Stage::Asked,
            request: Some(ask.request),
        });
        if self.stuck.is_some() {
            self.end(call, Outcome::Unknown);
            return;
        }
        let (min, max) = (self.pace.client_us_min, self.pace.client_us_max);
        let latency = self.luck.between(key, THERE, min, max);
        let after = |us| Time(self.now.0.saturating_add(us));
        self.queue.add(after(latency), Event::Ask { call });
        let outcome = Outcome::Unknown;
        self.queue.add_ranked(
            after(self.pace.patience_us),
            Rank::Last,
            Event::End { call, outcome },
        );
    }

    fn advance(&mut self, until: Time, out: &mut Vec<Happening>) -> Time {
        loop {
            if self.hand_out(out) {
                return self.now;
            }
            let next = match self.stuck {
                None => self.queue.take_before(until),
                Some(_) => None,
            };
            let Some((at, event)) = next else {
                self.now = self.now.max(until);
                return self.now;
            };
            self.now = at;
            self.step(event);
        }
    }

    fn fault(&mut self, window: u32, fault: &Fault, begins: bool) -> Result<(), Unsupported> {
        if matches!(fault.unaimed(), Fault::Depart { .. })
            && self.deployment.members_min().is_none()
        {
            return Err(Unsupported(fault.to_string()));
        }
        if begins {
            self.begun.push((window, fault.clone()));
        } else {
            let same = |begun: &(u32, Fault)| begun.0 == window && begun.1 == *fault;
            let Some(index) = self.begun.iter().position(same) else {
                return Ok(());
            };
            self.begun.remove(index);
        }
        let mut fault = fault.clone();
        fault.wrap(self.seats.len() as u32);
        if begins {
            self.network.begin(window, &fault);
            self.strike(window, fault.unaimed());
        } else {
            self.network.end(window, &fault);
            self.unclog(window);
            self.relieve(window, fault.unaimed());
        }
        Ok(())
    }

    fn inspect(&mut self, keys: &[String]) -> Vec<Note> {
        let mut ranges: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for key in keys {
            if let Some(range) = self.admin.layout.range(key) {
                ranges.entry(range).or_default().push(key.clone());
            }
        }
        let mut notes = Vec::new();
        for (node, seat) in (0..).zip(&self.seats) {
            let Some(replica) = &seat.replica else {
                continue;
            };
            for (range, hash) in replica.roots() {
                if let Some(keys) = ranges.get(&range) {
                    notes.push(Note::Root {
                        node: Node(node),
                        range,
                        keys: keys.clone(),
                        hash,
                    });
                }
            }
        }
        notes
    }

    fn settle_us(&self) -> Option<u64> {
        self.deployment.settle_us()
    }

    fn fates(&self) -> Vec<(Time, u64, Fate)> {
        self.network.fates().to_vec()
    }

    fn message(&self, identity: u64) -> String {
        let said = self.struck.get(&identity);
        said.map_or_else(String::new, |(kind, from, to)| carried(kind, *from, *to))
    }

    fn reseed(&mut self, seed: u64) {
        self.luck = Luck::new(seed);
        self.network.reseed(self.luck);
    }

    fn trace(&self) -> u64 {
        self.trace.value()
    }
}

/// What a message was. Lossy links tell it of every other message: formatting would be felt.
fn carried(kind: &str, from: u32, to: u32) -> String {
    let mut said = String::with_capacity(kind.len() + 16);
    said.push_str(kind);
    for (before, node) in [(" n", from), (" → n", to)] {
        said.push_str(before);
        match char::from_digit(node, 10) {
            Some(digit) => said.push(digit),
            None => write!(said, "{node}").expect("a string takes everything"),
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_by_its_kind_and_ends() {
        assert_eq!(carried("hint", 0, 9), "hint n0 → n9");
        assert_eq!(carried("hint", 10, 63), "hint n10 → n63");
    }
}
