//! What a test that passed has to show for it.

use std::collections::BTreeMap;
use std::fmt;

use checker::{Counters, Promise, Shortfall, Verdict};

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
    /// What gave each promise a chance to be broken.
    pub promises: BTreeMap<Promise, Chances>,
    /// What happened in the runs, whatever was judged: faults by kind, outcomes.
    pub happened: Counters,
}

/// What gave a promise a chance to be broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chances {
    /// Runs in which it held although it could have been broken.
    pub held: u64,
    /// Runs in which nothing could have broken it.
    pub idle: u64,
    /// Runs in which it was not decided.
    pub undecided: u64,
    /// The first reason why it was idle or not decided.
    pub shortfall: Option<Shortfall>,
    /// How often what could have broken it happened.
    pub exercised: Counters,
}

impl Held {
    pub(super) fn add(&mut self, verdicts: Vec<(Promise, Verdict)>) {
        for (promise, verdict) in verdicts {
            let chances = self.promises.entry(promise).or_default();
            match verdict {
                Verdict::Valid(witness) => {
                    chances.held += 1;
                    add(&mut chances.exercised, witness.exercised);
                }
                // It is reported, and nothing is added up any more.
                Verdict::Invalid(_) => {}
                Verdict::Unknown(why) => {
                    let idle =
                        matches!(why, Shortfall::NothingExercised(_) | Shortfall::LeftOut(_));
                    if idle {
                        chances.idle += 1;
                    } else {
                        // It says more than that a run was idle.
                        if chances.undecided == 0 {
                            chances.shortfall = None;
                        }
                        chances.undecided += 1;
                    }
                    chances.shortfall.get_or_insert(why);
                }
            }
        }
    }

    pub(super) fn happened(&mut self, more: Counters) {
        add(&mut self.happened, more);
    }
}

fn add(sum: &mut Counters, more: Counters) {
    for (name, count) in more {
        *sum.entry(name).or_default() += count;
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "runs {}   pins {}   operations {}   seed {:#018x}",
            self.runs, self.pins, self.operations, self.seed
        )?;
        for (promise, chances) in &self.promises {
            let Chances { held, idle, .. } = chances;
            let mark = if *held > 0 { "✓" } else { "?" };
            write!(
                f,
                "{mark} {:<22} held in {held} runs, idle in {idle}",
                promise.name()
            )?;
            match &chances.shortfall {
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
