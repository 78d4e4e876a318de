//! How far a command is: one line on stderr that is written over while people watch, a line now and then while
//! machines do.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::output::{is_quiet, manner, status_line};

/// People see a change after this time.
const PEOPLE: Duration = Duration::from_millis(200);

/// Machines keep a line in a log for this time.
const MACHINES: Duration = Duration::from_secs(30);

/// How far a command is.
pub(super) struct Status {
    pause: Duration,
    began: Instant,
    shown: Duration,
    dirty: bool,
}

impl Status {
    /// It begins now.
    pub(super) fn new() -> Self {
        Status {
            pause: if manner().people { PEOPLE } else { MACHINES },
            began: Instant::now(),
            shown: Duration::ZERO,
            dirty: false,
        }
    }

    /// Shows the line, made from the time that has passed, if it is time for one.
    pub(super) fn show(&mut self, line: impl FnOnce(Duration) -> String) {
        let now = self.began.elapsed();
        if now < self.shown + self.pause || is_quiet() {
            return;
        }
        self.shown = now;
        self.dirty = manner().people;
        status_line(&line(now));
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if self.dirty {
            status_line("");
            self.dirty = false;
        }
    }

    /// Shows what is under way, and for how long, while this work says nothing itself.
    pub(super) fn during<T>(what: impl Fn() -> String + Send, work: impl FnOnce() -> T) -> T {
        let (done, ended) = channel::<()>();
        thread::scope(|scope| {
            // Where there is no thread to be had, there is no status.
            let _ = thread::Builder::new().spawn_scoped(scope, move || {
                let mut status = Status::new();
                while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(PEOPLE) {
                    status.show(|since| format!("{}  {} s", what(), since.as_secs()));
                }
                status.clear();
            });
            let result = work();
            drop(done);
            result
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_made_only_when_it_is_time_for_one() {
        let mut status = Status {
            pause: Duration::from_millis(50),
            ..Status::new()
        };
        let mut made = 0;
        let began = Instant::now();
        while made < 3 {
            status.show(|_| {
                made += 1;
                String::new()
            });
        }
        assert!(began.elapsed() >= Duration::from_millis(150));
        status.clear();
    }

    #[test]
    fn what_is_under_way_ends_when_its_work_does() {
        let began = Instant::now();
        assert_eq!(Status::during(String::new, || 7), 7);
        assert!(began.elapsed() < Duration::from_secs(20));
        let broken = std::panic::catch_unwind(|| {
            Status::during(String::new, || panic!("the work is broken"))
        });
        assert!(broken.is_err());
    }
}
