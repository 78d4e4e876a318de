//! The same plans in another process: what depends on where memory lies, on the keys of hashers or on the number
//! of threads goes another way there.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;
use std::str::FromStr;

use checker::export::json_lines;
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::drive::Run;
use crate::preset::Preset;
use crate::target::Target;

/// How a run went. Two runs share it exactly if they went the same way and were recorded alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Over everything that happened.
    pub trace: u64,
    /// Over everything that was recorded.
    pub history: u64,
}

impl Way {
    /// That of this run.
    pub fn of(run: &Run) -> Way {
        Way {
            trace: run.trace,
            history: xxh3_64(json_lines(&run.history).as_bytes()),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x} {:016x}", self.trace, self.history)
    }
}

/// One line of `dyno trace`: a seed, and how its run went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The seed of the plan.
    pub seed: u64,
    /// How it went.
    pub way: Way,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#018x} {}", self.seed, self.way)
    }
}

impl FromStr for Told {
    type Err = ();

    fn from_str(line: &str) -> Result<Self, ()> {
        let mut words = line.split(' ');
        let mut word = |prefix: &str| {
            let word = words.next()?.strip_prefix(prefix)?;
            u64::from_str_radix(word, 16).ok()
        };
        let seed = word("0x").ok_or(())?;
        let way = Way {
            trace: word("").ok_or(())?,
            history: word("").ok_or(())?,
        };
        words
            .next()
            .is_none()
            .then_some(Told { seed, way })
            .ok_or(())
    }
}

/// Why nothing is known of another process.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Silent {
    /// It could not be started.
    #[error("it cannot be started: {0}")]
    Unstarted(String),
    /// It ended otherwise than well, with these last words.
    #[error("it ended with {0}")]
    Failed(String),
    /// It did not say how this seed went.
    #[error("it does not say how seed {0:#018x} went")]
    Untold(u64),
}

/// Where two processes parted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// The seed of the plan.
    pub seed: u64,
    /// The first event that differs, if it differs again when both write down what happens.
    pub event: Option<String>,
}

/// Another process that runs plans.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// The `dyno` that it runs.
    pub program: PathBuf,
    /// Which plans.
    pub preset: Preset,
    /// What they are run against there.
    pub target: Target,
    /// How many at the same time.
    pub jobs: usize,
}

/// So many seeds are given to one process.
const BATCH: usize = 1_000;

impl Elsewhere {
    /// Runs the plans of these seeds there. The first that goes another way than it did here, against this
    /// target, is looked at closely.
    ///
    /// # Errors
    /// When the other process does not tell.
    pub fn parted(&self, here: Target, went: &[Told]) -> Result<Option<Parted>, Silent> {
        for batch in went.chunks(BATCH) {
            let seeds = batch.iter().map(|told| format!("{:#018x}", told.seed));
            let said = self.said(seeds)?;
            let mut lines = said.lines();
            for told in batch {
                let other: Option<Told> = lines.next().and_then(|line| line.parse().ok());
                let other = other.filter(|other| other.seed == told.seed);
                let other = other.ok_or(Silent::Untold(told.seed))?;
                if other.way != told.way {
                    let event = self.event(here, told.seed)?;
                    let seed = told.seed;
                    return Ok(Some(Parted { seed, event }));
                }
            }
        }
        Ok(None)
    }

    fn event(&self, here: Target, seed: u64) -> Result<Option<String>, Silent> {
        let said = self.said(["--events".to_owned(), format!("{seed:#018x}")])?;
        let theirs: Vec<&str> = said.lines().collect();
        let ours = here.events(&self.preset.plan(seed));
        let ours: Vec<&str> = ours.iter().map(String::as_str).collect();
        Ok(departure(&ours, &theirs))
    }

    /// What it says on stdout with these arguments.
    fn said(&self, args: impl IntoIterator<Item = String>) -> Result<String, Silent> {
        let mut command = Command::new(&self.program);
        command.args(["trace", "--preset", self.preset.name()]);
        command.args(["--jobs", &self.jobs.to_string()]);
        if let Some(flaw) = self.target.flaw {
            command.args(["--flaw", flaw.name()]);
        }
        let output = command.args(args).output();
        let output = output.map_err(|why| Silent::Unstarted(why.to_string()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if !output.status.success() {
            let last = text(&output.stderr);
            let last = last.lines().last().unwrap_or_default();
            return Err(Silent::Failed(format!("{}: {last}", output.status)));
        }
        Ok(text(&output.stdout))
    }
}

/// Each event of a log is a line: the hash after it, then what it was.
fn departure(ours: &[&str], theirs: &[&str]) -> Option<String> {
    let last = ours.len().max(theirs.len());
    let nth = (0..last).find(|&nth| ours.get(nth) != theirs.get(nth))?;
    let said = |log: &[&str]| {
        let line = log
            .get(nth)
            .map(|line| line.split_once(' ').unwrap_or(("", line)).1);
        line.unwrap_or("the end").to_owned()
    };
    let (here, there) = (said(ours), said(theirs));
    Some(if here == there {
        format!("event {}, {here}, with other bytes", nth + 1)
    } else {
        format!("event {}: {here}; there {there}", nth + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_a_run_is_understood() {
        let told = Told {
            seed: 7,
            way: Way {
                trace: 0xabc,
                history: u64::MAX,
            },
        };
        let line = "0x0000000000000007 0000000000000abc ffffffffffffffff";
        assert_eq!((told.to_string().as_str(), line.parse()), (line, Ok(told)));
        for other in ["", "7 1 2", "0x7 1", "0x7 1 2 3", "0x7 g 2"] {
            assert_eq!(other.parse::<Told>(), Err(()), "{other}");
        }
    }

    #[test]
    fn the_first_event_that_differs_between_processes_is_named() {
        let ours = ["1f 5 µs: Wake at n1, 07", "2e 6 µs: Wake at n2, 07"];
        assert_eq!(departure(&ours, &ours), None);
        let said = |theirs: &[&str]| departure(&ours, theirs).expect("they differ");
        assert_eq!(
            said(&[ours[0], "30 6 µs: Wake at n0, 07"]),
            "event 2: 6 µs: Wake at n2, 07; there 6 µs: Wake at n0, 07"
        );
        assert_eq!(
            said(&["20 5 µs: Wake at n1, 07"]),
            "event 1, 5 µs: Wake at n1, 07, with other bytes"
        );
        assert!(said(&ours[..1]).ends_with("there the end"));
    }

    #[test]
    fn whoever_says_nothing_is_told_from_whoever_says_another_thing() {
        let of = |program: &str| Elsewhere {
            program: program.into(),
            preset: Preset::Dynamo,
            target: Target::default(),
            jobs: 1,
        };
        let run = Target::default().run(&Preset::Dynamo.plan(3));
        let way = Way::of(&run.expect("it runs"));
        let went = [Told { seed: 3, way }];
        let parted = |program| of(program).parted(Target::default(), &went);
        assert!(matches!(parted("/nowhere/dyno"), Err(Silent::Unstarted(_))));
        assert!(matches!(parted("false"), Err(Silent::Failed(_))));
        assert_eq!(parted("true"), Err(Silent::Untold(3)));
        assert_eq!(parted("echo"), Err(Silent::Untold(3)));
    }
}
