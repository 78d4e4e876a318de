//! Orders that are right but for a few operations, put right by a search of what stands around them.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::loose::Tentative;
use crate::history::{Op, OpId, Time};
use crate::linear::part::Step;
use crate::linear::search::Search;
use crate::model::Registers;
use crate::register::{Action, Register, RegisterRet, Value};

/// The time of what never ends.
const NEVER: Time = Time(u64::MAX);

/// How many operations on either side of one that does not fit are searched, one size after the other.
pub(super) const SIZES: [usize; 4] = [16, 64, 256, 1024];

/// How many configurations the search of a window may visit for each of its operations.
const STATES_EACH: u64 = 64;

/// How many configurations all searches may visit and how many operations they may be given together, for each
/// operation of the part, and besides.
const WORK_EACH: u64 = 8;
const WORK: u64 = 100_000;

/// How many operations of unknown outcome that are in no order yet are offered to the search of a window.
const UNKNOWN_OFFERED: usize = 16;

/// An order in which everything fits, if windows of the tentative one can be put right one by one.
///
/// A window is a run of operations in the order. Any other order of the same operations may take its place
/// that begins in the state in which the window begins, respects their calls and returns, and explains their
/// answers: what stands in front and what stands behind keeps its place towards each of them. The window ends
/// in front of a write, so nothing behind it depends on the state in which it ends.
pub(super) fn settle(
    initial: &Value,
    ops: &[&Op<Register>],
    tentative: &Tentative,
    sizes: &[usize],
) -> Option<Vec<OpId>> {
    let mut order = Order::new(initial, ops, tentative);
    for &misfit in &tentative.misfits {
        if order.settled <= misfit as usize {
            order.settle(misfit as usize, sizes)?;
        }
    }
    let rest = order.open[order.settled..].iter();
    Some(order.done.iter().chain(rest).map(|op| op.id).collect())
}

/// An order that is right up to some place.
struct Order<'h> {
    initial: &'h Value,
    /// The order from its begin to `settled`, in which everything fits.
    done: Vec<&'h Op<Register>>,
    /// The tentative order, of which what stands behind `settled` counts.
    open: Vec<&'h Op<Register>>,
    settled: usize,
    /// The earliest return of all in the tentative order from this place on.
    earliest_return: Vec<Time>,
    /// The operations of unknown outcome, in the order of their calls.
    unknown: Vec<&'h Op<Register>>,
    /// Those of them that stand nowhere in the order, by their places there.
    unused: BTreeSet<usize>,
    /// Their places there.
    places: FxHashMap<OpId, usize>,
    /// How many configurations may still be visited and operations given to a search.
    left: u64,
}

impl<'h> Order<'h> {
    fn new(initial: &'h Value, ops: &[&'h Op<Register>], tentative: &Tentative) -> Self {
        let op = |&place: &u32| ops[place as usize];
        let open: Vec<&Op<Register>> = tentative.order.iter().map(op).collect();
        let mut earliest = NEVER;
        let mut earliest_return: Vec<Time> = open
            .iter()
            .rev()
            .map(|op| {
                earliest = earliest.min(op.returned.unwrap_or(NEVER));
                earliest
            })
            .collect();
        earliest_return.reverse();
        let is_unknown = |op: &&&Op<Register>| op.outcome.ok().is_none();
        let unknown: Vec<&Op<Register>> = ops.iter().filter(is_unknown).copied().collect();
        let places: FxHashMap<OpId, usize> = unknown.iter().map(|op| op.id).zip(0..).collect();
        let mut unused: BTreeSet<usize> = (0..unknown.len()).collect();
        for op in open.iter().filter(is_unknown) {
            unused.remove(&places[&op.id]);
        }
        Order {
            initial,
            done: Vec::with_capacity(open.len()),
            settled: 0,
            earliest_return,
            unknown,
            unused,
            places,
            left: WORK + WORK_EACH * ops.len() as u64,
            open,
        }
    }

    /// Puts right the smallest window around the operation at this place that can be.
    fn settle(&mut self, misfit: usize, sizes: &[usize]) -> Option<()> {
        self.done.extend(&self.open[self.settled..misfit]);
        self.settled = misfit;
        sizes.iter().find_map(|&size| self.window(size))
    }

    /// Puts right the window of this size around the first operation that is not settled.
    fn window(&mut self, size: usize) -> Option<()> {
        let begin = self.done.len().saturating_sub(size);
        let writes = |op: &&Op<Register>| matches!(op.call.action, Action::Write(_));
        let least = self.open.len().min(self.settled + 1 + size);
        let end = self.open[least..].iter().position(writes);
        let end = end.map_or(self.open.len(), |behind| least + behind);
        let mut window = self.done[begin..].to_vec();
        window.extend(&self.open[self.settled..end]);
        let within = window.len() as u64;
        self.left = self.left.checked_sub(within)?;
        self.offer(end, &mut window);
        let key = |op: &Op<Register>| (op.invoked, op.id);
        window.sort_unstable_by_key(|op| key(op));
        let steps: Vec<_> = window.iter().filter_map(|op| Step::recorded(op)).collect();
        let initial = self.state(begin).clone();
        let model = Registers { initial };
        let mut search = Search::new(&model, &steps);
        let limit = (STATES_EACH * within).min(self.left);
        let found = search.advance(limit);
        self.left = self.left.saturating_sub(search.visited());
        if found != Some(true) {
            return None;
        }
        let places = window.iter().filter_map(|op| self.places.get(&op.id));
        self.unused.extend(places);
        self.done.truncate(begin);
        for taken in search.taken() {
            let op = window
                .binary_search_by_key(&key(taken), |op| key(op))
                .ok()?;
            self.done.push(window[op]);
            if let Some(place) = self.places.get(&window[op].id) {
                self.unused.remove(place);
            }
        }
        self.settled = end;
        Some(())
    }

    /// Adds operations of unknown outcome that may take effect in front of this place, those called last.
    fn offer(&self, end: usize, window: &mut Vec<&'h Op<Register>>) {
        let last = window.iter().filter_map(|op| op.returned).max();
        let behind = self.earliest_return.get(end).copied();
        let until = last.unwrap_or(NEVER).min(behind.unwrap_or(NEVER));
        let called = self.unknown.partition_point(|op| op.invoked <= until);
        let unused = self.unused.range(..called).rev();
        let offered = unused.map(|&place| self.unknown[place]);
        window.extend(offered.take(UNKNOWN_OFFERED));
    }

    /// The state behind so many operations of those that are settled.
    fn state(&self, count: usize) -> &'h Value {
        let told = |op: &&'h Op<Register>| match (&op.call.action, op.outcome.ok()) {
            (Action::Read, Some(RegisterRet::Value(seen))) => Some(seen),
            (Action::Write(value), _) => Some(value),
            (Action::Cas(_, to), None | Some(RegisterRet::Done)) => Some(to),
            (Action::Read | Action::Cas(..), _) => None,
        };
        let last = self.done[..count].iter().rev().find_map(told);
        last.unwrap_or(self.initial)
    }
}
