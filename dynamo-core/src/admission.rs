//! How background work yields to the work that clients wait for (§6.5).

use alloc::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::node::{Ticket, Time};

/// How much a node does unasked: deliver hints, compare trees, hand over ranges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Admission {
    /// As much as there is to do, whenever it is time to do it.
    #[default]
    Off,
    /// As much as is left over: slices of background work, of which there are fewer while the disk
    /// is slow for puts. A slice is sixteen hints, one comparison of trees, or one message of keys.
    ///
    /// The window has sixteen parts. After each, the slices of the next are half as many if the 99th
    /// percentile of what puts had waited for this node's disk within the window was above the
    /// threshold, and one more if it was not. Whatever the load, each kind of work has a slice in
    /// each part: it is slowed down, but never starved.
    Feedback {
        /// What 99 of 100 puts should not have to wait for.
        threshold_us: u64,
        /// How long a wait counts.
        window_us: u64,
        /// The most slices of a part of the window, for all kinds of work together.
        slices_max: u32,
    },
}

impl Admission {
    /// The paper's example: 50 ms over 60 s. Of slices it gives no number.
    pub const PAPER: Admission = Admission::Feedback {
        threshold_us: 50_000,
        window_us: 60_000_000,
        slices_max: 64,
    };
}

/// What a node does unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    Hints,
    Comparisons,
    Transfers,
}

/// How many parts a window has.
const PARTS: usize = 16;

/// How many stores are timed at once. While more are under way, the others are not.
const TIMED_MAX: usize = 64;

/// Reserves slices for background work, by what foreground work had to wait for.
///
/// That the 99th percentile is above a threshold is the same as that more than one wait in a hundred
/// was; so two counts for each part of the window are all that must be kept.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Controller {
    admission: Admission,
    /// The foreground stores that the disk has not answered for, oldest first.
    waiting: VecDeque<(Ticket, Time)>,
    /// The waits that ended in each part of the window.
    parts: [Waits; PARTS],
    /// The number of the present part, counted from time 0.
    part: u64,
    /// The slices of the present part.
    slices: u32,
    /// Those that are left.
    left: u32,
    /// Which work had a slice in the present part.
    served: [bool; 3],
}

/// How many waits there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Waits {
    all: u64,
    /// Those above the threshold.
    late: u64,
}

impl Controller {
    /// Nothing was slow so far, so there are as many slices as there can be.
    pub(crate) fn new(admission: Admission) -> Controller {
        let slices = match admission {
            Admission::Off => u32::MAX,
            Admission::Feedback { slices_max, .. } => slices_max,
        };
        Controller {
            admission,
            waiting: VecDeque::new(),
            parts: [Waits::default(); PARTS],
            part: 0,
            slices,
            left: slices,
            served: [false; 3],
        }
    }

    /// Whether there are bounds at all.
    pub(crate) fn is_on(&self) -> bool {
        self.admission != Admission::Off
    }

    /// The disk was asked for something that a client waits for.
    pub(crate) fn asked(&mut self, now: Time, ticket: Ticket) {
        if self.is_on() && self.waiting.len() < TIMED_MAX {
            self.waiting.push_back((ticket, now));
        }
    }

    /// The disk has answered for this store and all before.
    pub(crate) fn answered(&mut self, now: Time, ticket: Ticket) {
        let Admission::Feedback { threshold_us, .. } = self.admission else {
            return;
        };
        self.follow(now);
        while let Some((first, since)) = self.waiting.front().copied()
            && first <= ticket
        {
            self.waiting.pop_front();
            let waits = &mut self.parts[self.part as usize % PARTS];
            waits.all += 1;
            waits.late += u64::from(late(since, now, threshold_us));
        }
    }

    /// Takes slices for some work: as many as are wanted, or as there are.
    pub(crate) fn reserve(&mut self, now: Time, work: Work, wanted: u32) -> u32 {
        if !self.is_on() {
            return wanted;
        }
        self.follow(now);
        let served = &mut self.served[work as usize];
        let granted = wanted.min(self.left.max(u32::from(!*served)));
        *served |= granted > 0;
        self.left = self.left.saturating_sub(granted);
        granted
    }

    /// Goes on to the part of the window that it is now.
    fn follow(&mut self, now: Time) {
        let Admission::Feedback {
            threshold_us,
            window_us,
            slices_max,
        } = self.admission
        else {
            return;
        };
        let length = (window_us / PARTS as u64).max(1);
        let part = now.0 / length;
        let passed = part.saturating_sub(self.part);
        if passed == 0 {
            return;
        }
        for _ in 0..passed.min(PARTS as u64) {
            self.part += 1;
            let end = Time(self.part.saturating_mul(length));
            self.slices = if self.is_slow(end, threshold_us) {
                (self.slices / 2).max(1)
            } else {
                self.slices.saturating_add(1).min(slices_max)
            };
            self.parts[self.part as usize % PARTS] = Waits::default();
        }
        let more = part.saturating_sub(self.part);
        self.part = part;
        if more > 0 && !self.is_slow(now, threshold_us) {
            let more = u32::try_from(more).unwrap_or(u32::MAX);
            self.slices = self.slices.saturating_add(more).min(slices_max);
        }
        self.left = self.slices;
        self.served = [false; 3];
    }

    /// Whether more than one wait in a hundred is above the threshold: of those that ended, or else
    /// the longest of those that have not.
    fn is_slow(&self, now: Time, threshold_us: u64) -> bool {
        let all: u64 = self.parts.iter().map(|waits| waits.all).sum();
        let over: u64 = self.parts.iter().map(|waits| waits.late).sum();
        let oldest = self.waiting.front();
        let hangs = oldest.is_some_and(|(_, since)| late(*since, now, threshold_us));
        hangs || over > all / 100
    }
}

fn late(since: Time, now: Time, threshold_us: u64) -> bool {
    now.0.saturating_sub(since.0) > threshold_us
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of 10 ms, a threshold of 1 ms, eight slices.
    const RULE: Admission = Admission::Feedback {
        threshold_us: 1_000,
        window_us: 160_000,
        slices_max: 8,
    };

    const PART_US: u64 = 10_000;

    /// What there is for all kinds of work in a part of the window, beyond the one that is certain.
    fn slices(controller: &mut Controller, part: u64) -> u32 {
        controller.reserve(Time(part * PART_US), Work::Hints, u32::MAX)
    }

    fn waits(controller: &mut Controller, part: u64, number: u64, wait_us: u64) {
        let since = Time(part * PART_US);
        controller.asked(since, Ticket(number));
        controller.answered(since.after(wait_us), Ticket(number));
    }

    #[test]
    fn slow_puts_halve_the_slices_down_to_one_and_quick_ones_add_one_at_a_time() {
        let mut controller = Controller::new(RULE);
        assert_eq!(slices(&mut controller, 0), 8);
        for (part, left) in [(1, 4), (2, 2), (3, 1), (4, 1)] {
            waits(&mut controller, part - 1, part, 1_001);
            assert_eq!(slices(&mut controller, part), left);
        }
        // The last slow wait was in part 3: the window passes over it.
        assert_eq!(slices(&mut controller, 18), 1);
        for (part, left) in [(20, 2), (21, 3), (22, 4)] {
            assert_eq!(slices(&mut controller, part), left, "part {part}");
        }
        assert_eq!(slices(&mut controller, 1 << 40), 8);
    }

    #[test]
    fn a_hundredth_of_slow_puts_is_borne_and_one_more_is_not() {
        for (slow, left) in [(1, 8), (2, 4)] {
            let mut controller = Controller::new(RULE);
            for number in 1..=100 {
                let wait_us = if number <= slow { 1_001 } else { 1_000 };
                waits(&mut controller, 0, number, wait_us);
            }
            assert_eq!(slices(&mut controller, 1), left);
        }
    }

    #[test]
    fn a_disk_that_says_nothing_at_all_is_slow() {
        let mut controller = Controller::new(RULE);
        controller.asked(Time(0), Ticket(1));
        assert_eq!(slices(&mut controller, 3), 1);
        assert_eq!(slices(&mut controller, 1 << 40), 1);
    }

    #[test]
    fn no_work_is_starved_by_load_nor_by_other_work() {
        let mut controller = Controller::new(RULE);
        controller.asked(Time(0), Ticket(1));
        for part in 10..50 {
            for work in [Work::Hints, Work::Transfers, Work::Comparisons] {
                let now = Time(part * PART_US);
                assert_eq!(controller.reserve(now, work, 5), 1);
                assert_eq!(controller.reserve(now, work, 5), 0);
            }
        }
    }

    #[test]
    fn what_is_kept_does_not_grow_with_what_was_measured() {
        let mut controller = Controller::new(RULE);
        for number in 0..10_000 {
            controller.asked(Time(number), Ticket(number));
        }
        assert_eq!(controller.waiting.len(), TIMED_MAX);
        controller.answered(Time(u64::MAX), Ticket(u64::MAX));
        assert!(controller.waiting.is_empty());
        let all: u64 = controller.parts.iter().map(|waits| waits.all).sum();
        assert_eq!(all, TIMED_MAX as u64);
    }

    #[test]
    fn without_a_rule_all_that_is_wanted_is_granted_and_nothing_is_kept() {
        let mut controller = Controller::new(Admission::Off);
        controller.asked(Time(0), Ticket(1));
        assert!(controller.waiting.is_empty());
        let granted = controller.reserve(Time(u64::MAX), Work::Transfers, 9);
        assert_eq!(granted, 9);
    }
}
