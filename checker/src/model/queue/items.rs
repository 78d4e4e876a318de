//! The values of a queue, each with the calls that put it in and took it out.

use rustc_hash::FxHashMap;

use super::counts::taken_too_often;
use crate::history::{Op, Time};
use crate::model::moments::{FOREVER, called, contradicted, end, fact, name, returned};
use crate::model::sequential::Shortcut;
use crate::queue::{Queue, QueueAction, QueueRet};
use crate::register::Value;

/// The special case, as reports name it.
pub(super) const BY: &str = "unique values";

/// A value that was enqueued, once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'h> {
    pub(super) enqueue: &'h Op<Queue>,
    pub(super) dequeue: Option<&'h Op<Queue>>,
    /// When it was certainly in, unless it was out again.
    pub(super) from: Time,
    /// When it was certainly not out yet.
    pub(super) to: Time,
    /// For a value that no answer gives away its place among those, by the end of their enqueues.
    pub(super) untold: Option<usize>,
}

impl Item<'_> {
    /// Until when it may have been taken out.
    pub(super) fn taken_until(&self) -> Time {
        self.dequeue.map_or(FOREVER, end)
    }
}

/// What a part of a history says of a queue whose values are unique.
#[derive(Debug, Default)]
pub(super) struct Items<'h> {
    pub(super) values: Vec<Item<'h>>,
    pub(super) empties: Vec<&'h Op<Queue>>,
    /// Dequeues of unknown outcome, by their calls.
    pub(super) takers: Vec<&'h Op<Queue>>,
}

/// Finds out which calls belong together; `None` if an answer is none of a queue, or if a value was
/// enqueued twice and none was taken out more often than it can have been put in.
///
/// A value that no answer gives away may have been taken by a dequeue of unknown outcome. All such
/// dequeues can take any of them at any time after their calls, and the earlier a value was in, the
/// earlier it has to be out. So the first call takes what was in first, which leaves the least in the
/// queue at every moment. Enqueues of unknown outcome whose value nobody got are left out.
pub(super) fn items<'h>(ops: &[&'h Op<Queue>]) -> Option<Result<Items<'h>, Shortcut>> {
    let mut known: FxHashMap<&Value, usize> = FxHashMap::default();
    let mut puts: Vec<(&'h Op<Queue>, Option<&'h Op<Queue>>)> = Vec::with_capacity(ops.len() / 2);
    let mut all = Items::default();
    let mut repeated = false;
    for &op in ops {
        match (&op.call.action, op.outcome.ok()) {
            (QueueAction::Enqueue(value), None | Some(QueueRet::Done)) => {
                repeated |= known.insert(value, puts.len()).is_some();
                puts.push((op, None));
            }
            (QueueAction::Dequeue, None) => all.takers.push(op),
            (QueueAction::Dequeue, Some(QueueRet::Empty)) => all.empties.push(op),
            (QueueAction::Dequeue, Some(QueueRet::Value(_))) => {}
            _ => return None,
        }
    }
    if repeated {
        return taken_too_often(ops).map(Err);
    }
    for &op in ops {
        let Some(QueueRet::Value(value)) = op.outcome.ok() else {
            continue;
        };
        let Some(&place) = known.get(value) else {
            let facts = vec![returned(op), fact(format!("no call enqueues {value}"), [])];
            let kind = "value nobody enqueued";
            return Some(Err(contradicted(BY, kind, vec![op.id], facts)));
        };
        let (put, taken) = &mut puts[place];
        if end(op) < put.invoked {
            let facts = vec![returned(op), called(put)];
            let kind = "value of the future";
            return Some(Err(contradicted(BY, kind, vec![op.id, put.id], facts)));
        }
        if let Some(other) = taken.replace(op) {
            let ops = vec![put.id, other.id, op.id];
            let facts = vec![
                fact(format!("only {} enqueues {value}", name(put)), [put.id]),
                fact(format!("{} took it", name(other)), [other.id]),
                fact(format!("{} took it too", name(op)), [op.id]),
            ];
            return Some(Err(contradicted(BY, "value taken twice", ops, facts)));
        }
    }
    all.pair(puts);
    Some(Ok(all))
}

impl<'h> Items<'h> {
    fn pair(&mut self, puts: Vec<(&'h Op<Queue>, Option<&'h Op<Queue>>)>) {
        self.takers.sort_by_key(|taker| taker.invoked);
        let mut untold: Vec<&'h Op<Queue>> = Vec::new();
        for (put, taken) in puts {
            if let Some(taken) = taken {
                self.values.push(Item {
                    enqueue: put,
                    dequeue: Some(taken),
                    from: end(put),
                    to: taken.invoked,
                    untold: None,
                });
            } else if put.returned.is_some() {
                untold.push(put);
            }
        }
        untold.sort_by_key(|put| end(put));
        for (place, put) in untold.into_iter().enumerate() {
            let taker = self.takers.get(place).copied();
            self.values.push(Item {
                enqueue: put,
                dequeue: taker,
                from: end(put),
                to: taker.map_or(FOREVER, |taker| taker.invoked),
                untold: Some(place),
            });
        }
    }

    /// The values that no answer gives away, by the ends of their enqueues, up to this place.
    pub(super) fn untold(&self, up_to: usize) -> Vec<&Item<'h>> {
        let told = self.values.len()
            - self
                .values
                .iter()
                .rev()
                .take_while(|item| item.untold.is_some())
                .count();
        self.values[told..=told + up_to].iter().collect()
    }
}
