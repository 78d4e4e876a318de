//! What a node's own clock says.

use checker::Time;

/// No clock runs slower than this: a tenth of real time.
const DRIFT_MIN: i128 = -900_000;

/// No clock runs faster than ten times real time.
const DRIFT_MAX: i128 = 9_000_000;

/// A clock that may be wrong while windows say so. It never goes back, not even over a crash.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    wrong: Vec<Wrong>,
    /// When that changed last, what it had gained by drifting, and what it said.
    since: Time,
    gained: i128,
    floor: u64,
}

#[derive(Debug)]
struct Wrong {
    window: u32,
    ahead: i64,
    drift: i64,
}

impl Clock {
    /// What it says at this time.
    pub(crate) fn says(&self, now: Time) -> Time {
        if self.wrong.is_empty() {
            return now.max(Time(self.floor));
        }
        let said = self.raw(now).clamp(0, i128::from(u64::MAX));
        Time(self.floor.max(said as u64))
    }

    /// When it will say this, or more; never before `now`.
    pub(crate) fn when(&self, now: Time, says: Time) -> Time {
        if self.says(now) >= says {
            return now;
        }
        if self.wrong.is_empty() {
            return says;
        }
        let missing = i128::from(says.0) - self.raw(now);
        let rate = 1_000_000 + self.drift();
        let wait = (missing * 1_000_000 + rate - 1) / rate;
        let mut at = (i128::from(now.0) + wait.max(1)).min(i128::from(u64::MAX));
        // What was gained is rounded down, so a few microseconds may be too many or too few.
        while at > i128::from(now.0) && self.says(Time((at - 1) as u64)) >= says {
            at -= 1;
        }
        while at < i128::from(u64::MAX) && self.says(Time(at as u64)) < says {
            at += 1;
        }
        Time(at as u64)
    }

    /// From now on it is wrong.
    pub(crate) fn begin(&mut self, now: Time, window: u32, (ahead, drift): (i64, i64)) {
        self.change(now);
        self.wrong.push(Wrong {
            window,
            ahead,
            drift,
        });
    }

    /// It is set right, if no other window is open; else with the last.
    pub(crate) fn end(&mut self, now: Time, window: u32) {
        self.change(now);
        if let Some(index) = self.wrong.iter().position(|wrong| wrong.window == window) {
            self.wrong.remove(index);
        }
        if self.wrong.is_empty() {
            self.gained = 0;
        }
    }

    fn change(&mut self, now: Time) {
        self.floor = self.says(now).0;
        self.gained += self.drifted(now);
        self.since = now;
    }

    /// What a node that starts now is told: never the same twice.
    pub(crate) fn starts(&mut self, now: Time) -> Time {
        let says = self.says(now);
        self.floor = says.0.saturating_add(1);
        says
    }

    fn drift(&self) -> i128 {
        let all: i128 = self.wrong.iter().map(|wrong| i128::from(wrong.drift)).sum();
        all.clamp(DRIFT_MIN, DRIFT_MAX)
    }

    fn drifted(&self, now: Time) -> i128 {
        let lasted = i128::from(now.0.saturating_sub(self.since.0));
        (lasted * self.drift()).div_euclid(1_000_000)
    }

    fn raw(&self, now: Time) -> i128 {
        let ahead: i128 = self.wrong.iter().map(|wrong| i128::from(wrong.ahead)).sum();
        i128::from(now.0) + ahead + self.gained + self.drifted(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(clock: &Clock, times: &[u64]) -> Vec<u64> {
        times.iter().map(|now| clock.says(Time(*now)).0).collect()
    }

    #[test]
    fn a_clock_that_is_behind_stands_still_and_never_goes_back() {
        let mut clock = Clock::default();
        clock.begin(Time(100), 1, (-30, 0));
        assert_eq!(at(&clock, &[100, 120, 130, 140]), [100, 100, 100, 110]);
        clock.end(Time(140), 1);
        assert_eq!(at(&clock, &[140, 141]), [140, 141]);
    }

    #[test]
    fn a_clock_that_was_ahead_waits_for_the_truth() {
        let mut clock = Clock::default();
        clock.begin(Time(100), 1, (50, 1_000_000));
        assert_eq!(at(&clock, &[100, 110, 120]), [150, 170, 190]);
        clock.end(Time(120), 1);
        assert_eq!(at(&clock, &[120, 189, 191]), [190, 190, 191]);
    }

    #[test]
    fn it_will_say_what_it_is_asked_for_and_not_before() {
        for drift in [-950_000, -300_007, 0, 7, 1_234_567] {
            let mut clock = Clock::default();
            clock.begin(Time(10), 1, (-500, drift));
            clock.begin(Time(40), 2, (3, 100));
            for due in [11, 45, 600, 5_003] {
                let when = clock.when(Time(50), Time(due));
                assert!(clock.says(when) >= Time(due), "{drift} {due}");
                let before = Time(when.0 - 1);
                assert!(when == Time(50) || clock.says(before) < Time(due));
            }
        }
    }

    #[test]
    fn no_two_lives_begin_at_one_time() {
        let mut clock = Clock::default();
        clock.begin(Time(10), 1, (-500, 0));
        let first = clock.starts(Time(20));
        assert!(clock.starts(Time(20)) > first);
    }
}
