//! What a choice is, in words.

use super::world::{Choice, Flight, Rules, World};
use crate::plan;
use crate::replica::Replica;

impl<R: Replica> World<R> {
    /// One line for one choice that may be made in this state.
    pub(super) fn told<D>(&self, rules: &Rules<D>, choice: Choice) -> String {
        let message = |flight: u16| {
            let Flight {
                from, to, message, ..
            } = &*self.flights[usize::from(flight)];
            (R::kind(message), *from, *to)
        };
        match choice {
            Choice::Call(client) => {
                let client = usize::from(client);
                let step = &rules.queues[client][self.clients[client].next];
                let what = match &step.call {
                    plan::Call::Get { key } => format!("get {key}"),
                    // Programs forge and merge nothing, and do not try again.
                    plan::Call::Put { key, .. }
                    | plan::Call::PutForged { key, .. }
                    | plan::Call::Change { key, .. }
                    | plan::Call::Retry { key, .. } => format!("put {key} v{}", step.id),
                    plan::Call::Delete { key, .. } => format!("delete {key}"),
                };
                format!("s{client} asks n{}: {what} (op{})", step.via, step.id)
            }
            Choice::Deliver(flight) => {
                let (kind, from, to) = message(flight);
                format!("n{to} hears {kind} of n{from}")
            }
            Choice::Sync(node) => format!("n{node} has its next store on disk"),
            Choice::Timeout(node) => format!("n{node} has waited long enough"),
            Choice::Crash(node, kept) => {
                let pending = self.seats[usize::from(node)].platter.pending();
                match pending {
                    0 => format!("n{node} crashes and starts again"),
                    _ => format!(
                        "n{node} crashes and starts again; {kept} of {pending} stores were on disk"
                    ),
                }
            }
            Choice::Lose(flight) => {
                let (kind, from, to) = message(flight);
                format!("{kind} of n{from} to n{to} is lost")
            }
            Choice::Repeat(flight) => {
                let (kind, from, to) = message(flight);
                format!("n{to} hears {kind} of n{from}, which will come again")
            }
        }
    }
}
