//! One line on stderr while people watch; a line now and then while machines do.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// How far a command is.
pub(super) struct Status {
    people: bool,
    began: Instant,
    shown: Duration,
}

impl Status {
    /// It begins now.
    pub(super) fn new() -> Self {
        Status {
            people: std::io::stderr().is_terminal(),
            began: Instant::now(),
            shown: Duration::ZERO,
        }
    }

    /// Shows the line, made from the time that has passed, if it is time for one.
    pub(super) fn show(&mut self, line: impl FnOnce(Duration) -> String) {
        let now = self.began.elapsed();
        let pause = if self.people {
            Duration::from_millis(200)
        } else {
            Duration::from_secs(30)
        };
        if now < self.shown + pause {
            return;
        }
        self.shown = now;
        let line = line(now);
        if self.people {
            eprint!("\r\x1b[2K{line}");
        } else {
            eprintln!("{line}");
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if self.people {
            eprint!("\r\x1b[2K");
        }
    }
}
