//! Queues whose values repeat: more of one value was taken out than can have been put in by then.

use rustc_hash::FxHashMap;

use super::items::BY;
use crate::history::{Op, OpId};
use crate::model::moments::{contradicted, end, fact, returned};
use crate::model::sequential::Shortcut;
use crate::queue::{Queue, QueueAction, QueueRet};
use crate::register::Value;

/// The calls about one value: those that put it in by their calls, those that took it out.
struct Calls<'h> {
    value: &'h Value,
    puts: Vec<&'h Op<Queue>>,
    takes: Vec<&'h Op<Queue>>,
}

/// A value of which more was taken out than put in, at some moment; `None` if there is none, which
/// decides nothing. O(n log n).
pub(super) fn taken_too_often(ops: &[&Op<Queue>]) -> Option<Shortcut> {
    let mut all: Vec<Calls<'_>> = Vec::new();
    let mut places: FxHashMap<&Value, usize> = FxHashMap::default();
    for &op in ops {
        let (value, puts) = match (&op.call.action, op.outcome.ok()) {
            (QueueAction::Enqueue(value), _) => (value, true),
            (QueueAction::Dequeue, Some(QueueRet::Value(value))) => (value, false),
            (QueueAction::Dequeue, _) => continue,
        };
        let place = *places.entry(value).or_insert_with(|| {
            all.push(Calls {
                value,
                puts: Vec::new(),
                takes: Vec::new(),
            });
            all.len() - 1
        });
        let calls = &mut all[place];
        if puts {
            calls.puts.push(op);
        } else {
            calls.takes.push(op);
        }
    }
    all.into_iter().find_map(Calls::contradiction)
}

impl Calls<'_> {
    fn contradiction(mut self) -> Option<Shortcut> {
        self.takes.sort_by_key(|take| end(take));
        let puts_by = |take: &Op<Queue>| {
            let called = |put: &&Op<Queue>| put.invoked <= end(take);
            self.puts.partition_point(called)
        };
        let mut taken = self.takes.iter().enumerate();
        let (place, last) = taken.find(|(place, take)| puts_by(take) <= *place)?;
        let (value, until) = (self.value, end(last).0);
        let ids = |ops: &[&Op<Queue>]| -> Vec<OpId> { ops.iter().map(|op| op.id).collect() };
        let (puts, takes) = (ids(&self.puts[..place]), ids(&self.takes[..=place]));
        let told = if place == 0 {
            returned(last)
        } else {
            let text = format!(
                "{} dequeues of {value} had returned by {until}",
                takes.len()
            );
            fact(text, takes.clone())
        };
        let few = match place {
            0 => format!("no call can have enqueued {value} by {until}"),
            1 => format!("only one call can have enqueued {value} by {until}"),
            _ => format!("only {place} calls can have enqueued {value} by {until}"),
        };
        let kind = match (place, self.puts.is_empty()) {
            (0, true) => "value nobody enqueued",
            (0, false) => "value of the future",
            _ => "value taken too often",
        };
        let facts = vec![told, fact(few, puts.clone())];
        Some(contradicted(BY, kind, [puts, takes].concat(), facts))
    }
}
