//! What a campaign came to, as data: printed, saved, and joined with that of other shards.

use checker::report::{Bundle, Explanation, Size};
use checker::{Counterexample, Counters, Promise};
use serde::{Deserialize, Serialize};

use super::super::args::Undecided;
use super::super::exit::Exit;
use super::Found;
use crate::campaign::{Campaign, Seeds, Tally, Trouble};
use crate::standing::{Standing, add};
use crate::world::World;
use crate::{bundle, preset};

/// The first field of each.
pub(in crate::cli) const FORMAT: &str = "dyno-hunt/1";

/// What a campaign came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cli) struct Outcome {
    pub(in crate::cli) format: String,
    pub(in crate::cli) target: String,
    pub(in crate::cli) preset: String,
    /// The one seed that was run.
    pub(in crate::cli) seed: Option<u64>,
    /// What the seeds of many runs are made from.
    pub(in crate::cli) seed_base: Option<u64>,
    pub(in crate::cli) runs: u64,
    pub(in crate::cli) operations: u64,
    /// Runs that were run twice, and went the same way.
    pub(in crate::cli) reruns: u64,
    /// How many of them went the same way in another process.
    #[serde(default)]
    pub(in crate::cli) elsewhere: u64,
    pub(in crate::cli) promises: Vec<Judged>,
    /// What happened in the runs.
    pub(in crate::cli) exercised: Counters,
    /// What should have, and did not.
    pub(in crate::cli) never: Vec<String>,
    pub(in crate::cli) trouble: Option<Broken>,
    /// The first of the causes.
    pub(in crate::cli) violation: Option<Violation>,
    pub(in crate::cli) causes: Vec<Violation>,
    /// Whether it was asked to end before its end.
    #[serde(default)]
    pub(in crate::cli) interrupted: bool,
    /// What becomes of what could not be decided.
    #[serde(default)]
    pub(in crate::cli) undecided: Undecided,
    /// The exit code.
    pub(in crate::cli) exit: u8,
}

/// What became of one promise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Judged {
    pub(in crate::cli) promise: Promise,
    /// In a word.
    pub(in crate::cli) verdict: Word,
    /// Whether it was asked for.
    pub(in crate::cli) asked: bool,
    /// Whether it is looked at also where it is not promised.
    pub(in crate::cli) counted: bool,
    pub(in crate::cli) held: u64,
    pub(in crate::cli) broken: u64,
    pub(in crate::cli) undecided: u64,
    pub(in crate::cli) idle: u64,
    pub(in crate::cli) unpromised: u64,
    pub(in crate::cli) seen_broken: u64,
    /// Why it was not decided, the first time.
    pub(in crate::cli) shortfall: Option<String>,
    /// What gave it a chance to be broken.
    pub(in crate::cli) exercised: Counters,
}

/// A verdict on many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum Word {
    Held,
    Violated,
    Undecided,
    NothingExercised,
    NotPromised,
}

impl Word {
    /// With its mark, so that nobody needs colours to read it.
    pub(super) fn said(self) -> &'static str {
        match self {
            Word::Held => "✓ held",
            Word::Violated => "✗ violated",
            Word::Undecided => "? not decided",
            Word::NothingExercised => "– nothing exercised",
            Word::NotPromised => "· not promised",
        }
    }
}

/// Why a campaign could not go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Broken {
    pub(in crate::cli) seed: u64,
    /// Why the target could not be driven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) undriven: Option<String>,
    /// Whether two runs of the seed differed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::cli) nondeterministic: bool,
    /// Where they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) parts_at: Option<String>,
}

/// A cause, and its smallest counterexample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::cli) struct Violation {
    /// In how many runs.
    pub(in crate::cli) runs: u64,
    /// The file that repeats it.
    pub(in crate::cli) bundle: String,
    /// The page that shows it.
    #[serde(default)]
    pub(in crate::cli) report: String,
    pub(in crate::cli) fingerprint: String,
    pub(in crate::cli) title: String,
    pub(in crate::cli) seed: u64,
    pub(in crate::cli) size: Option<Size>,
    /// What else it breaks.
    pub(in crate::cli) also: Vec<String>,
    pub(in crate::cli) counterexample: Option<Counterexample>,
    pub(in crate::cli) explanation: Option<Explanation>,
}

impl Outcome {
    pub(super) fn of(
        campaign: &Campaign,
        tally: &Tally,
        found: &[Found],
        undecided: Undecided,
    ) -> Self {
        let (seed, seed_base) = match campaign.seeds {
            Seeds::Single(seed) => (Some(seed), None),
            Seeds::Base(base) | Seeds::Shard { base, .. } => (None, Some(base)),
        };
        // Of what was promised and not asked for nothing is known.
        let promises = tally.promises.iter();
        let promises = promises.filter(|(promise, standing)| {
            campaign.promises.contains(promise) || standing.unpromised > 0
        });
        let promises = promises.map(|(promise, standing)| Judged::of(campaign, *promise, standing));
        let causes: Vec<Violation> = found.iter().map(Violation::of).collect();
        let mut outcome = Outcome {
            format: FORMAT.into(),
            target: match campaign.world {
                World::Simulator => campaign.target.name(),
                World::Cluster => bundle::on_cluster(campaign.target),
            },
            preset: campaign.preset.name().into(),
            seed,
            seed_base,
            runs: tally.runs,
            operations: tally.operations,
            reruns: tally.reruns,
            elsewhere: tally.elsewhere,
            promises: promises.collect(),
            exercised: tally.happened.clone(),
            never: missing(campaign, tally),
            trouble: tally.trouble.as_ref().map(Broken::of),
            violation: causes.first().cloned(),
            causes,
            interrupted: tally.interrupted,
            undecided,
            exit: 0,
        };
        outcome.settle();
        outcome
    }

    /// Whether time was real.
    pub(super) fn is_real(&self) -> bool {
        self.target.starts_with(bundle::ON_CLUSTER)
    }

    /// How this campaign alone would have the command end: the worst that is known of it.
    pub(in crate::cli) fn exit_code(&self) -> Exit {
        let trouble = self.trouble.iter().map(Broken::exit);
        let asked = self.promises.iter().filter(|judged| judged.asked);
        let asked = asked.map(|judged| match (judged.exit(), self.undecided) {
            (Exit::Undecided, Undecided::Pass) => Exit::Fine,
            (exit, _) => exit,
        });
        let interrupted = self.interrupted.then_some(Exit::Interrupted);
        let all = trouble.chain(asked).chain(interrupted);
        all.min().unwrap_or(Exit::Idle)
    }

    /// Brings up to date what follows from the rest.
    pub(in crate::cli) fn settle(&mut self) {
        self.violation = self.causes.first().cloned();
        self.exit = self.exit_code().number();
    }

    /// In how many runs a defect may show once and would still have been seen in a clean campaign, with a
    /// chance of 95 %: the rule of three (Hanley and Lippman-Hand, JAMA 1983). `None` where nothing was clean.
    pub(super) fn worth(&self) -> Option<u64> {
        let clean = self.causes.is_empty() && self.trouble.is_none();
        (clean && self.runs >= 3).then_some(self.runs / 3)
    }

    /// Adds what another part of the same campaign came to. The causes of both are one list, each once, with
    /// the smaller counterexample.
    pub(in crate::cli) fn join(&mut self, other: Outcome) {
        self.runs += other.runs;
        self.operations += other.operations;
        self.reruns += other.reruns;
        self.elsewhere += other.elsewhere;
        for judged in other.promises {
            match self
                .promises
                .iter_mut()
                .find(|known| known.promise == judged.promise)
            {
                Some(known) => known.join(judged),
                None => self.promises.push(judged),
            }
        }
        self.promises.sort_by_key(|judged| judged.promise);
        add(&mut self.exercised, other.exercised);
        self.never.retain(|name| other.never.contains(name));
        if self.trouble.is_none() {
            self.trouble = other.trouble;
        }
        for cause in other.causes {
            let of = |known: &&mut Violation| known.fingerprint == cause.fingerprint;
            match self.causes.iter_mut().find(of) {
                Some(known) => known.join(cause),
                None => self.causes.push(cause),
            }
        }
        self.interrupted |= other.interrupted;
        self.settle();
    }
}

/// What should have happened and never did, as far as it could be seen.
fn missing(campaign: &Campaign, tally: &Tally) -> Vec<String> {
    let mut missing = preset::missing(tally);
    if campaign.world == World::Cluster {
        let exercises = campaign.preset.exercises();
        missing.retain(|name| exercises.contains(&name.as_str()) && campaign.world.shows(name));
    }
    missing
}

impl Judged {
    fn of(campaign: &Campaign, promise: Promise, standing: &Standing) -> Self {
        let judged = Judged {
            promise,
            verdict: Word::Held,
            asked: campaign.promises.contains(&promise),
            counted: campaign.preset.measured().contains(&promise),
            held: standing.held,
            broken: standing.broken,
            undecided: standing.undecided,
            idle: standing.idle,
            unpromised: standing.unpromised,
            seen_broken: standing.seen_broken,
            shortfall: standing.shortfall.as_ref().map(ToString::to_string),
            exercised: standing.exercised.clone(),
        };
        judged.in_a_word()
    }

    fn in_a_word(mut self) -> Self {
        self.verdict = if self.broken > 0 {
            Word::Violated
        } else if self.undecided > 0 {
            Word::Undecided
        } else if self.held > 0 {
            Word::Held
        } else if self.asked {
            Word::NothingExercised
        } else {
            Word::NotPromised
        };
        self
    }

    /// Runs in which it was judged.
    pub(super) fn runs(&self) -> u64 {
        self.held + self.broken + self.idle + self.undecided
    }

    /// How this promise alone would have the command end.
    pub(in crate::cli) fn exit(&self) -> Exit {
        match self.verdict {
            Word::Held | Word::NotPromised => Exit::Fine,
            Word::Violated => Exit::Violated,
            Word::Undecided => Exit::Undecided,
            Word::NothingExercised => Exit::Idle,
        }
    }

    fn join(&mut self, other: Judged) {
        self.asked |= other.asked;
        self.held += other.held;
        self.broken += other.broken;
        // A reason for what was not decided goes before one for what had no chance.
        if self.undecided == 0 && other.undecided > 0 || self.shortfall.is_none() {
            self.shortfall = other.shortfall;
        }
        self.undecided += other.undecided;
        self.idle += other.idle;
        self.unpromised += other.unpromised;
        self.seen_broken += other.seen_broken;
        add(&mut self.exercised, other.exercised);
        *self = self.clone().in_a_word();
    }
}

impl Broken {
    fn of(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Undriven(seed, why) => Broken {
                seed: *seed,
                undriven: Some(why.to_string()),
                nondeterministic: false,
                parts_at: None,
            },
            Trouble::TwoWays(seed, parts) => Broken {
                seed: *seed,
                undriven: None,
                nondeterministic: true,
                parts_at: parts.clone(),
            },
        }
    }

    /// Why, in words.
    pub(super) fn why(&self) -> &str {
        let why = self.undriven.as_deref().or(self.parts_at.as_deref());
        why.unwrap_or("two runs of it differ")
    }

    /// How this alone would have the command end.
    pub(in crate::cli) fn exit(&self) -> Exit {
        if self.nondeterministic {
            Exit::TwoWays
        } else {
            Exit::Target
        }
    }
}

impl Violation {
    fn of(found: &Found) -> Self {
        let Bundle {
            seed,
            size,
            also,
            counterexample,
            explanation,
            ..
        } = &found.bundle;
        Violation {
            runs: found.runs,
            bundle: found.path.display().to_string(),
            report: found.page.display().to_string(),
            fingerprint: found.bundle.fingerprint(),
            title: found.bundle.title(),
            seed: *seed,
            size: *size,
            also: also.clone(),
            counterexample: counterexample.clone(),
            explanation: explanation.clone(),
        }
    }

    /// Calls and faults, then nodes: the fewer, the better.
    fn weight(&self) -> (u32, u32) {
        let of = |size: Size| (size.minimized.0 + size.minimized.1, size.minimized.2);
        self.size.map_or((u32::MAX, u32::MAX), of)
    }

    fn join(&mut self, other: Violation) {
        let runs = self.runs + other.runs;
        if other.weight() < self.weight() {
            *self = other;
        }
        self.runs = runs;
    }

    /// What broke, in one sentence.
    pub(in crate::cli) fn sentence(&self) -> &str {
        let found = self.counterexample.as_ref();
        found.map_or("", |found| found.sentence.as_str())
    }
}
