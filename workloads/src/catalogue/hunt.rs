//! Hunts flaws: for each of them and each base of seeds a campaign up to the first find, then the smallest of a
//! few finds, and why it fails.
//!
//! A campaign is the healthy one, with the same generator, seeds and judges; only the flaw differs. Finds in
//! plans that are small already are passed over, since nothing could be learned from making them smaller.

use std::time::{Duration, Instant};

use checker::Budget;
use checker::report::Bundle;
use dynamo_core::Flaw;

use super::clients::broken_to_clients;
use super::expected::expected;
use super::parallel::each;
use super::parts;
use super::row::{Caught, Hunt, Least, Row, Sight};
use crate::campaign::{Campaign, Failure, Seeds};
use crate::luck::{Key, Luck, Purpose};
use crate::target::Target;
use crate::{bundle, explain, shrink};

/// A find is taken from a plan of at least this many calls.
pub const CALLS_MIN: usize = 60;

/// A find is taken from a plan of at least this many faults.
pub const FAULTS_MIN: usize = 3;

/// Which flaws are hunted, and how.
#[derive(Clone, Debug)]
pub struct Hunts {
    /// Which flaws.
    pub flaws: Vec<Flaw>,
    /// What the bases are made from.
    pub seed_base: u64,
    /// How many campaigns, each with seeds of its own.
    pub bases: u32,
    /// How many runs a campaign has at most.
    pub runs: u64,
    /// How long a campaign lasts at most.
    pub time: Option<Duration>,
    /// How many campaigns at the same time; each of them does one run at a time. The result does not depend
    /// on it, times do.
    pub jobs: usize,
    /// How much work goes into what was found.
    pub effort: Effort,
}

/// How much work goes into what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// Of how many bases, the first ones, the finds are minimized; the smallest is kept.
    pub minimized: u32,
    /// Replays for each.
    pub shrink: u32,
    /// Replays to explain the smallest.
    pub explain: u32,
    /// Runs of the first base in which something is looked for that clients see, where no find is of that
    /// kind.
    pub clients: u64,
}

impl Effort {
    /// For the table.
    pub const FULL: Effort = Effort {
        minimized: 3,
        shrink: shrink::REPLAYS,
        explain: explain::REPLAYS,
        clients: 2_000,
    };

    /// For a look. Hardly a counterexample takes more replays than that.
    pub const SHORT: Effort = Effort {
        minimized: 1,
        shrink: 500,
        explain: 1,
        clients: 200,
    };
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Campaigns that have ended.
    pub hunts: usize,
    /// How many have found something.
    pub found: usize,
    /// Flaws that are done.
    pub flaws: usize,
}

/// A campaign, with its find as a small bundle where that is wanted.
struct Hunted {
    hunt: Hunt,
    small: Option<Box<Bundle>>,
}

impl Hunts {
    /// The bases, in order: the one that was asked for, and what is made from it. `dyno hunt` with one of them
    /// does the same runs.
    pub fn bases(&self) -> Vec<u64> {
        let base = |nth| {
            if nth == 0 {
                return self.seed_base;
            }
            let key = Key::named("flaws").child(u64::from(nth));
            Luck::new(self.seed_base).roll(key, Purpose::named("base"))
        };
        (0..self.bases).map(base).collect()
    }

    /// Runs all of it. `tick` is called now and then.
    pub fn run(&self, mut tick: impl FnMut(&Progress)) -> Vec<Row> {
        let bases = self.bases();
        let of_flaw = |flaw: &Flaw| {
            let flaw = *flaw;
            let bases = bases.iter().zip(0..);
            bases.map(move |(&base, nth)| (flaw, base, nth))
        };
        let tasks: Vec<(Flaw, u64, u32)> = self.flaws.iter().flat_map(of_flaw).collect();
        let mut progress = Progress::default();
        let hunt = |&(flaw, base, nth): &(Flaw, u64, u32)| self.hunt(flaw, base, nth);
        let hunted = each(&tasks, self.jobs, hunt, |done| {
            progress.hunts += usize::from(done.is_some());
            let found = done.is_some_and(|done| done.hunt.caught.is_some());
            progress.found += usize::from(found);
            tick(&progress);
        });
        let mut hunted = hunted.into_iter();
        let of_flaw = |&flaw: &Flaw| {
            let hunted: Vec<Hunted> = hunted.by_ref().take(bases.len()).collect();
            (flaw, hunted)
        };
        let flaws: Vec<(Flaw, Vec<Hunted>)> = self.flaws.iter().map(of_flaw).collect();
        let row = |(flaw, hunted): &(Flaw, Vec<Hunted>)| self.row(*flaw, hunted);
        each(&flaws, self.jobs, row, |done| {
            progress.flaws += usize::from(done.is_some());
            tick(&progress);
        })
    }

    fn campaign(&self, flaw: Flaw, base: u64) -> Campaign {
        let preset = expected(flaw).preset;
        Campaign {
            world: crate::world::World::Simulator,
            target: Target { flaw: Some(flaw) },
            preset,
            promises: preset.promises(),
            seeds: Seeds::Base(base),
            runs: Some(self.runs),
            time: self.time,
            jobs: 1,
            budget: Budget::default(),
        }
    }

    fn hunt(&self, flaw: Flaw, base: u64, nth: u32) -> Hunted {
        let campaign = self.campaign(flaw, base);
        let began = Instant::now();
        let tally = campaign.run_until(is_large, |_| ());
        let time = began.elapsed();
        let caught = tally.failure.as_deref().map(|failure| Caught {
            seed: failure.plan.seed,
            broken: failure.broken.iter().map(|found| found.promise).collect(),
            to_clients: broken_to_clients(&failure.plan, &failure.run, campaign.budget),
            load: parts::load(campaign.preset, failure.plan.seed),
            needs: parts::needed(campaign.target, &failure.plan, campaign.budget),
        });
        let failure = tally.failure.filter(|_| nth < self.effort.minimized);
        let small = failure.and_then(|failure| {
            let replays = self.effort.shrink;
            bundle::minimized(campaign.target, &failure, replays, campaign.budget).map(Box::new)
        });
        Hunted {
            hunt: Hunt {
                base,
                runs: tally.runs,
                time,
                caught,
                trouble: tally.trouble,
            },
            small,
        }
    }

    fn row(&self, flaw: Flaw, hunted: &[Hunted]) -> Row {
        let size = |bundle: &Bundle| {
            let (calls, faults, nodes) = bundle.size.map_or((0, 0, 0), |size| size.minimized);
            (calls + faults, nodes)
        };
        let smalls = hunted.iter().filter_map(|hunted| hunted.small.as_deref());
        let smallest = smalls.min_by_key(|bundle| size(bundle)).cloned();
        let bundle = smallest.map(|bundle| Bundle {
            explanation: bundle::explained(&bundle, self.effort.explain, Budget::default()).ok(),
            ..bundle
        });
        let hunts: Vec<Hunt> = hunted.iter().map(|hunted| hunted.hunt.clone()).collect();
        Row {
            flaw,
            preset: expected(flaw).preset,
            sight: self.sight(flaw, &hunts),
            least: bundle.as_ref().and_then(least),
            bundle: bundle.map(Box::new),
            hunts,
        }
    }

    fn sight(&self, flaw: Flaw, hunts: &[Hunt]) -> Sight {
        let mut finds = hunts
            .iter()
            .filter_map(|hunt| hunt.caught.as_ref())
            .peekable();
        if finds.peek().is_none() {
            return Sight::Nobody;
        }
        let Some(first) = hunts.first() else {
            return Sight::Nobody;
        };
        if finds.any(|find| !find.to_clients.is_empty()) {
            return Sight::Clients;
        }
        let campaign = Campaign {
            world: crate::world::World::Simulator,
            runs: Some(self.effort.clients),
            ..self.campaign(flaw, first.base)
        };
        let shown = |failure: &Failure| {
            let (plan, run) = (&failure.plan, &failure.run);
            is_large(failure) && !broken_to_clients(plan, run, campaign.budget).is_empty()
        };
        let tally = campaign.run_until(shown, |_| ());
        match tally.failure {
            Some(_) => Sight::Clients,
            None => Sight::Evidence { runs: tally.runs },
        }
    }
}

fn is_large(failure: &Failure) -> bool {
    failure.plan.steps.len() >= CALLS_MIN && failure.plan.faults.0.len() >= FAULTS_MIN
}

fn least(bundle: &Bundle) -> Option<Least> {
    let plan = bundle::plan(bundle).ok()?;
    let explanation = bundle.explanation.as_ref();
    let decision = explanation.and_then(|explanation| explanation.decision.as_ref());
    Some(Least {
        title: bundle.title(),
        size: bundle.size?,
        faults: parts::faults(&plan),
        calls: parts::calls(&plan),
        decision: decision.map(|decision| decision.sentence.clone()),
        facts: decision.map_or_else(Vec::new, |decision| decision.facts.clone()),
    })
}
