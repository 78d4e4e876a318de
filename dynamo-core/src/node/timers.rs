//! When a node must be woken, and for what.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::port::Time;

/// What a node wakes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Timer {
    /// A get that it coordinates.
    Get(u64),
    /// A put that it coordinates.
    Put(u64),
    /// A put that it handed to an owner.
    Forward(u64),
    /// To look at its hints.
    Hints,
    /// To compare Merkle trees with a peer.
    Entropy,
    /// To tell a peer how it sees the cluster.
    Gossip,
    /// To see to the ranges that are handed over.
    Transfers,
    /// To bring what is in memory to the disk.
    Flush,
    /// To look for tombstones that have grown old.
    Reaping,
}

/// The alarms that are set, each at most once.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Timers {
    set: BTreeMap<Timer, Time>,
    order: BTreeSet<(Time, Timer)>,
    /// Empty; its memory is used again.
    spare: Vec<Timer>,
}

impl Timers {
    /// Sets an alarm in place of the one that was set for the same.
    pub(super) fn set(&mut self, timer: Timer, at: Time) {
        if let Some(old) = self.set.insert(timer, at) {
            self.order.remove(&(old, timer));
        }
        self.order.insert((at, timer));
    }

    /// Takes an alarm back.
    pub(super) fn clear(&mut self, timer: Timer) {
        if let Some(old) = self.set.remove(&timer) {
            self.order.remove(&(old, timer));
        }
    }

    /// Whether the alarm is set.
    pub(super) fn is_set(&self, timer: Timer) -> bool {
        self.set.contains_key(&timer)
    }

    /// The next alarm.
    pub(super) fn earliest(&self) -> Option<Time> {
        self.order.first().map(|(at, _)| *at)
    }

    /// Takes the alarms that are due, earliest first. Whoever has seen to them may hand the list back.
    pub(super) fn due(&mut self, now: Time) -> Vec<Timer> {
        let mut due = core::mem::take(&mut self.spare);
        while let Some((at, timer)) = self.order.first().copied()
            && at <= now
        {
            self.clear(timer);
            due.push(timer);
        }
        due
    }

    /// Keeps the memory of a list of alarms for the next one.
    pub(super) fn keep(&mut self, mut list: Vec<Timer>) {
        list.clear();
        self.spare = list;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alarms_ring_once_in_order_and_only_when_due() {
        let mut timers = Timers::default();
        timers.set(Timer::Put(1), Time(5));
        timers.set(Timer::Get(2), Time(3));
        timers.set(Timer::Put(1), Time(2));
        timers.set(Timer::Hints, Time(9));
        timers.set(Timer::Entropy, Time(1));
        timers.clear(Timer::Entropy);
        assert_eq!(timers.earliest(), Some(Time(2)));
        assert_eq!(timers.due(Time(5)), [Timer::Put(1), Timer::Get(2)]);
        assert!(timers.due(Time(5)).is_empty());
        assert_eq!(timers.earliest(), Some(Time(9)));
    }

    #[test]
    fn a_list_that_is_handed_back_is_emptied_and_its_memory_used_again() {
        let mut timers = Timers::default();
        timers.set(Timer::Hints, Time(1));
        let due = timers.due(Time(1));
        timers.keep(due);
        let again = timers.due(Time(1));
        assert!(again.is_empty() && again.capacity() > 0);
    }
}
