//! What a test that passed has to show for it.

use std::collections::BTreeMap;
use std::fmt;

use checker::{Counters, Promise, Verdict};

use crate::standing::{Standing, add};

/// What became of every promise in the runs of a test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Runs of fresh seeds.
    pub runs: u64,
    /// Pins that were run first.
    pub pins: u64,
    /// Operations in all histories.
    pub operations: u64,
    /// The seed that the runs' seeds were made from, or the one seed.
    pub seed: u64,
    /// What became of each promise.
    pub promises: BTreeMap<Promise, Standing>,
    /// What happened in the runs, whatever was judged: faults by kind, outcomes.
    pub happened: Counters,
}

impl Held {
    pub(super) fn add(&mut self, verdicts: Vec<(Promise, Verdict)>) {
        for (promise, verdict) in verdicts {
            self.promises.entry(promise).or_default().add(verdict);
        }
    }

    pub(super) fn happened(&mut self, more: Counters) {
        add(&mut self.happened, more);
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "runs {}   pins {}   operations {}   seed {:#018x}",
            self.runs, self.pins, self.operations, self.seed
        )?;
        for (promise, standing) in &self.promises {
            let Standing { held, idle, .. } = standing;
            let mark = if *held > 0 { "✓" } else { "?" };
            write!(
                f,
                "{mark} {:<22} held in {held} runs, idle in {idle}",
                promise.name()
            )?;
            match &standing.shortfall {
                Some(why) if *held == 0 => writeln!(f, ": {why}")?,
                _ => writeln!(f)?,
            }
        }
        let counts = self.happened.iter();
        let counts: Vec<String> = counts
            .map(|(name, times)| format!("{name} {times}"))
            .collect();
        writeln!(f, "happened   {}", counts.join(", "))
    }
}
