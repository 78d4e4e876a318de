//! Why a test failed, in at most forty lines: the sentence first, the command to see it again near the end.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use checker::kv::Kv;
use checker::report::{Bundle, body};
use checker::{Counterexample, Entry, History, Promise, Reason};

use super::place::Place;
use super::recorded::Unsaved;
use crate::drive::{Run, Undriven};

/// No message is longer, in lines.
const LINES: usize = 40;

/// More facts than this are left to the bundle.
const REASONS: usize = 8;

/// Why a test failed. Shown, it is the message of [`Test::check`](super::Test::check).
#[derive(Clone)]
pub struct Failed {
    cause: Cause,
    message: String,
    counterexample: Option<Counterexample>,
    bundle: Option<PathBuf>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// A promise was broken.
    Broken,
    /// A promise was neither broken nor kept within the budget of its search.
    Undecided,
    /// A promise had no chance to be broken in any run.
    Idle,
    /// A pin cannot be run any more.
    StalePin,
    /// The same plan went two different ways.
    TwoWays,
    /// The store cannot do what a plan asks, or does not come to rest.
    Undriven,
    /// The store panicked.
    Panicked,
    /// The test or the environment asks for what cannot be.
    Misuse,
}

/// A broken promise, packed, and what else is to be said of it.
pub(super) struct Finding {
    pub(super) bundle: Bundle,
    pub(super) history: History<Kv>,
    pub(super) remarks: Vec<String>,
}

impl Failed {
    /// What kind of failure it was.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// How a promise was broken, if one was.
    pub fn counterexample(&self) -> Option<&Counterexample> {
        self.counterexample.as_ref()
    }

    /// The file that repeats it, if there is one.
    pub fn bundle(&self) -> Option<&Path> {
        self.bundle.as_deref()
    }

    /// Says it on standard error, and panics without a word more: a backtrace would bury it.
    pub(super) fn raise(&self) -> ! {
        eprintln!("{self}");
        std::panic::resume_unwind(Box::new(self.message.clone()))
    }

    pub(super) fn is_undriven(&self) -> bool {
        self.cause == Cause::Undriven
    }

    pub(super) fn broken(
        finding: Finding,
        saved: Result<PathBuf, Unsaved>,
        place: &Place,
    ) -> Failed {
        let Finding {
            mut bundle,
            history,
            remarks,
        } = finding;
        let counterexample = bundle.counterexample.clone();
        let sentence = counterexample
            .as_ref()
            .map_or("", |found| found.sentence.as_str());
        let head = format!("Error: {} violated: {sentence}\n\n", bundle.title());
        let mut tail = String::new();
        let mut label = "note";
        for remark in remarks {
            let _ = writeln!(tail, "  {label:<9} {remark}");
            label = "";
        }
        let _ = writeln!(tail, "  {:<9} {:#018x}", "seed", bundle.seed);
        let path = match saved {
            Ok(path) => {
                let _ = writeln!(tail, "  {:<9} {}", "replay", place.replay(&path));
                let page = path.with_extension("html");
                let report = if page.is_file() { &page } else { &path };
                let _ = writeln!(tail, "  {:<9} {}", "report", report.display());
                Some(path)
            }
            Err(Unsaved { why, bytes }) => {
                let _ = writeln!(
                    tail,
                    "  {:<9} {why}; it is this, through base64 -d:",
                    "report"
                );
                let _ = writeln!(tail, "{}", base64(&bytes));
                let again = place.replay(Path::new("FILE"));
                let _ = writeln!(tail, "  {:<9} {again}", "replay");
                None
            }
        };
        let _ = write!(tail, "  {:<9} {}", "at", place.line());
        if let Some(found) = &mut bundle.counterexample {
            few_reasons(found);
        }
        let room = LINES - head.lines().count() - tail.lines().count();
        let message = head + &fitting(&bundle, &history, room) + &tail;
        Failed {
            counterexample,
            bundle: path,
            ..Failed::plain(Cause::Broken, message)
        }
    }

    pub(super) fn undecided(promise: Promise, why: &str, place: &Place) -> Failed {
        Failed::short(
            Cause::Undecided,
            &format!("{promise} is not decided: {why}"),
            &[],
            place,
        )
    }

    pub(super) fn idle(
        promise: Promise,
        why: &str,
        complaint: Option<&str>,
        place: &Place,
    ) -> Failed {
        let more =
            complaint.map(|complaint| ("calls", format!("the first that failed: {complaint}")));
        Failed::short(
            Cause::Idle,
            &format!("{promise} had no chance to be broken: {why}"),
            &more.into_iter().collect::<Vec<_>>(),
            place,
        )
    }

    pub(super) fn stale(why: &str, place: &Place) -> Failed {
        let what = "record it again, or remove the file if what it guards is gone";
        let more = [("to do", what.to_owned())];
        Failed::short(Cause::StalePin, &format!("stale pin {why}"), &more, place)
    }

    pub(super) fn misuse(why: &str, place: &Place) -> Failed {
        Failed::short(Cause::Misuse, why, &[], place)
    }

    pub(super) fn undriven(
        why: &Undriven,
        seed: u64,
        again: Option<String>,
        place: &Place,
    ) -> Failed {
        let sentence = format!("the store cannot be run: {why}");
        Failed::short(Cause::Undriven, &sentence, &seeded(seed, again), place)
    }

    pub(super) fn panicked(
        panic: &(dyn Any + Send),
        seed: u64,
        again: Option<String>,
        place: &Place,
    ) -> Failed {
        let said = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
        let said = said.unwrap_or_else(|| "without a word".into());
        let sentence = format!("the store panicked: {said}");
        Failed::short(Cause::Panicked, &sentence, &seeded(seed, again), place)
    }

    pub(super) fn two_ways(seed: u64, one: &Run, two: &Run, place: &Place) -> Failed {
        let said = |run: &Run, index: usize| {
            let entry = run.history.entries().nth(index);
            entry.map_or_else(|| "nothing".into(), |entry: Entry<Kv>| format!("{entry:?}"))
        };
        let (mut ones, mut twos) = (one.history.entries(), two.history.entries());
        let mut same = 0;
        loop {
            match (ones.next(), twos.next()) {
                (None, None) => break,
                (a, b) if a != b => break,
                _ => same += 1,
            }
        }
        let entry = same + 1;
        let (first, then) = if one.history == two.history {
            let only = "the same calls and answers, but other messages, stores or wakes";
            ("a run".into(), only.to_owned())
        } else {
            let at = |run| format!("entry {entry}: {}", said(run, same));
            (at(one), at(two))
        };
        let more = [
            ("first", first),
            ("then", then),
            (
                "often",
                "iterating a HashMap, reading a clock, random numbers, a thread".into(),
            ),
            ("seed", format!("{seed:#018x}")),
        ];
        let sentence = "the store is not deterministic: one plan gave two different runs";
        Failed::short(Cause::TwoWays, sentence, &more, place)
    }

    fn short(cause: Cause, sentence: &str, more: &[(&str, String)], place: &Place) -> Failed {
        let mut message = format!("Error: {sentence}\n\n");
        for (label, text) in more {
            let _ = writeln!(message, "  {label:<9} {text}");
        }
        let _ = write!(message, "  {:<9} {}", "at", place.line());
        Failed::plain(cause, message)
    }

    pub(super) fn plain(cause: Cause, message: String) -> Failed {
        Failed {
            cause,
            message,
            counterexample: None,
            bundle: None,
        }
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The message as it is: `unwrap` and quickcheck show errors this way.
impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failed {}

fn seeded(seed: u64, again: Option<String>) -> Vec<(&'static str, String)> {
    let mut more = vec![("seed", format!("{seed:#018x}"))];
    more.extend(again.map(|again| ("replay", again)));
    more
}

fn few_reasons(found: &mut Counterexample) {
    let left_out = found.reasons.len().saturating_sub(REASONS);
    if left_out > 0 {
        found.reasons.truncate(REASONS);
        found.reasons.push(Reason {
            text: format!("and {left_out} more facts, which the report has"),
            ops: Vec::new(),
        });
    }
}

/// As many steps as there is room for, in lines.
fn fitting(bundle: &Bundle, history: &History<Kv>, room: usize) -> String {
    let mut steps = room;
    loop {
        let text = body(bundle, history, steps);
        if steps == 0 || text.lines().count() <= room {
            return text;
        }
        steps -= 1;
    }
}

/// Bytes as one line of text (RFC 4648, §4).
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let at = |index: usize| u32::from(three.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..4 {
            if digit <= three.len() {
                let index = bits >> (18 - 6 * digit) & 63;
                out.push(char::from(DIGITS[index as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, §10.
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }
}
