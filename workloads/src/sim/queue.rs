//! What is going to happen, in the order of virtual time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use checker::Time;

const SLOT_BITS: u32 = 24;
const RANK_BIT: u32 = 62;

/// Which of the events of one time come first.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rank {
    /// Before all others.
    First,
    /// Most events.
    Middle,
    /// After all others.
    Last,
}

/// Events in the order of their times; equal times by rank, then in the order they were added. Adding
/// and taking cost O(log n).
#[derive(Debug)]
pub(crate) struct Queue<E> {
    // Time, rank, sequence number and slot in one number: a comparison is one instruction or two.
    heap: BinaryHeap<Reverse<u128>>,
    slots: Vec<Option<E>>,
    free: Vec<u32>,
    added: u64,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Queue {
            heap: BinaryHeap::with_capacity(64),
            slots: Vec::with_capacity(64),
            free: Vec::new(),
            added: 0,
        }
    }

    /// Adds an event of middle rank.
    pub(crate) fn add(&mut self, at: Time, event: E) {
        self.add_ranked(at, Rank::Middle, event);
    }

    /// Adds an event.
    pub(crate) fn add_ranked(&mut self, at: Time, rank: Rank, event: E) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(event);
            slot
        } else {
            self.slots.push(Some(event));
            self.slots.len() as u32 - 1
        };
        assert!(slot < 1 << SLOT_BITS, "fewer than 16 million events wait");
        assert!(
            self.added < 1 << (RANK_BIT - SLOT_BITS),
            "fewer than 274 billion events in a run"
        );
        let order = ((rank as u64) << RANK_BIT) | (self.added << SLOT_BITS) | u64::from(slot);
        self.added += 1;
        self.heap
            .push(Reverse((u128::from(at.0) << 64) | u128::from(order)));
    }

    /// Takes the next event, if its time is before this one.
    pub(crate) fn take_before(&mut self, until: Time) -> Option<(Time, E)> {
        let Reverse(next) = *self.heap.peek()?;
        let at = Time((next >> 64) as u64);
        if at >= until {
            return None;
        }
        self.heap.pop();
        let slot = next as u32 & ((1 << SLOT_BITS) - 1);
        self.free.push(slot);
        let event = self.slots[slot as usize].take();
        Some((at, event.expect("a slot in the heap is filled")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &mut Queue<&'static str>, until: u64) -> Vec<(u64, &'static str)> {
        std::iter::from_fn(|| queue.take_before(Time(until)))
            .map(|(at, event)| (at.0, event))
            .collect()
    }

    #[test]
    fn events_come_by_time_then_by_the_order_they_were_added() {
        let mut queue = Queue::new();
        queue.add(Time(20), "c");
        queue.add(Time(10), "a");
        queue.add(Time(10), "b");
        assert_eq!(drain(&mut queue, 99), [(10, "a"), (10, "b"), (20, "c")]);
    }

    #[test]
    fn an_event_at_the_limit_stays() {
        let mut queue = Queue::new();
        queue.add(Time(10), "a");
        assert_eq!(drain(&mut queue, 10), []);
        assert_eq!(drain(&mut queue, 11), [(10, "a")]);
    }

    #[test]
    fn rank_decides_among_events_of_one_time() {
        let mut queue = Queue::new();
        queue.add_ranked(Time(10), Rank::Last, "answer");
        queue.add_ranked(Time(11), Rank::First, "later");
        queue.add(Time(10), "store");
        queue.add_ranked(Time(10), Rank::First, "resume");
        assert_eq!(
            drain(&mut queue, 99),
            [(10, "resume"), (10, "store"), (10, "answer"), (11, "later")]
        );
    }

    #[test]
    fn slots_are_used_again() {
        let mut queue = Queue::new();
        for round in 0..1000 {
            queue.add(Time(round), "x");
            queue.add(Time(round), "y");
            assert_eq!(drain(&mut queue, round + 1).len(), 2);
        }
        assert_eq!(queue.slots.len(), 2);
    }
}
