//! Many seeds under one budget: runs, judges, counts, and stops at the first broken promise.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use checker::{Budget, Counterexample, Counters, Promise, Verdict};

use crate::drive::{Run, Undriven};
use crate::elsewhere::{Told, Way};
use crate::luck::{Key, Luck, Purpose};
use crate::matrix;
use crate::plan::Plan;
use crate::preset::{self, Preset};
use crate::standing::{Standing, add};
use crate::target::Target;
use crate::world::World;

/// What to run, and for how long.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What is tested.
    pub target: Target,
    /// Where.
    pub world: World,
    /// Which clusters and calls.
    pub preset: Preset,
    /// Which promises are judged.
    pub promises: Vec<Promise>,
    /// Run seeds are made from this and the run's number.
    pub seeds: Seeds,
    /// How many runs at most; those of all shards together.
    pub runs: Option<u64>,
    /// How long at most. Only the number of runs depends on it, never a verdict.
    pub time: Option<Duration>,
    /// How many runs at the same time. The result does not depend on it.
    pub jobs: usize,
    /// The limit of each verdict.
    pub budget: Budget,
}

/// Where the seeds of runs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeds {
    /// Each run's seed is mixed from this base and its number.
    Base(u64),
    /// Exactly this seed.
    Single(u64),
    /// Every `of`-th of the runs of this base: those whose number leaves the rest `index`, which is below `of`.
    Shard {
        /// What the seeds of all shards are mixed from.
        base: u64,
        /// Which shard, from 0.
        index: u32,
        /// How many shards there are.
        of: u32,
    },
}

impl Seeds {
    /// A base that nobody has chosen.
    pub fn random() -> Self {
        Seeds::Base(RandomState::new().hash_one(0_u8))
    }

    /// The seed of this run.
    pub fn seed(self, run: u64) -> u64 {
        match self {
            Seeds::Single(seed) => seed,
            Seeds::Base(base) => {
                Luck::new(base).roll(Key::named("run").child(run), Purpose::named("seed"))
            }
            Seeds::Shard { base, index, of } => {
                let run = run.saturating_mul(u64::from(of)) + u64::from(index);
                Seeds::Base(base).seed(run)
            }
        }
    }

    /// How many of so many runs of all shards are this one's.
    pub fn share(self, runs: u64) -> u64 {
        match self {
            Seeds::Single(_) => 1,
            Seeds::Base(_) => runs,
            Seeds::Shard { index, of, .. } => {
                let (index, of) = (u64::from(index), u64::from(of));
                runs / of + u64::from(index < runs % of)
            }
        }
    }
}

/// What a campaign found.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// What was run.
    pub preset: Preset,
    /// Runs judged.
    pub runs: u64,
    /// Runs that were run twice, to see whether they go the same way.
    pub reruns: u64,
    /// How those went.
    pub ways: Vec<Told>,
    /// How many of them went the same way in another process, where that was tried.
    pub elsewhere: u64,
    /// Operations in all histories.
    pub operations: u64,
    /// What happened in the runs, whatever was judged: faults by kind, outcomes.
    pub happened: Counters,
    /// What became of each promise.
    pub promises: BTreeMap<Promise, Standing>,
    /// The first run that broke a promise.
    pub failure: Option<Box<Failure>>,
    /// What went wrong, one entry a cause, in the order in which they were found: promises that break for
    /// the same cause are one. Of a campaign that stops at its first failure, that one.
    pub causes: Vec<Cause>,
    /// The first run that could not be run, or not twice the same way.
    pub trouble: Option<Trouble>,
    /// Whether it ended because of [`interrupt`].
    pub interrupted: bool,
    /// The runs that were judged since progress was last told; none at the end.
    pub recent: Vec<JudgedRun>,
}

/// What was said of the promises of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRun {
    /// Its seed.
    pub seed: u64,
    /// What it broke.
    pub broken: Vec<Promise>,
    /// What could not be decided.
    pub undecided: Vec<Promise>,
    /// How many promises held.
    pub held: usize,
}

impl JudgedRun {
    fn of(seed: u64, verdicts: &[(Promise, Verdict)]) -> Self {
        let such = |such: fn(&Verdict) -> bool| {
            let found = verdicts.iter().filter(|(_, verdict)| such(verdict));
            found.map(|(promise, _)| *promise).collect::<Vec<_>>()
        };
        JudgedRun {
            seed,
            broken: such(|verdict| verdict.counterexample().is_some()),
            undecided: such(|verdict| matches!(verdict, Verdict::Unknown(why) if !why.is_idle())),
            held: such(|verdict| matches!(verdict, Verdict::Valid(_))).len(),
        }
    }
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Asks every campaign of this process to end after the runs that are under way. What they tally until then
/// is valid. There is no way back.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Whether [`interrupt`] was called.
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A run that broke promises.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its plan, as generated.
    pub plan: Plan,
    /// Its run.
    pub run: Run,
    /// The promises it broke, the one to report first.
    pub broken: Vec<Counterexample>,
}

/// Failures that break the same promise first, and for the same cause.
#[derive(Clone, Debug)]
pub struct Cause {
    /// How many runs failed so.
    pub runs: u64,
    /// The shortest plans among them, at most [`Cause::KEPT`], the first found of equally long ones.
    pub failures: Vec<Failure>,
}

impl Cause {
    /// How many failures are kept for each cause.
    pub const KEPT: usize = 3;

    fn is_of(&self, failure: &Failure) -> bool {
        let of = |failure: &Failure| failure.broken.first().map(|found| found.cause.clone());
        self.failures
            .first()
            .is_some_and(|known| of(known) == of(failure))
    }

    fn add(&mut self, failure: &Failure) {
        let length = |failure: &Failure| failure.plan.steps.len() + failure.plan.faults.0.len();
        self.runs += 1;
        let place = self
            .failures
            .partition_point(|known| length(known) <= length(failure));
        if place < Cause::KEPT {
            self.failures.insert(place, failure.clone());
            self.failures.truncate(Cause::KEPT);
        }
    }
}

/// A run that proves nothing about the promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The target could not be driven.
    Undriven(u64, Undriven),
    /// The same plan went two different ways; and where they part, if that can be told.
    TwoWays(u64, Option<String>),
}

/// One of this many runs is run twice.
const RERUN_EVERY: u64 = 100;

/// What it may cost to see whether something broke that was not promised.
const MEASURED: Budget = Budget { states: 200_000 };

/// What one run of a campaign gave.
struct Judged {
    operations: u64,
    happened: Counters,
    reran: Option<Told>,
    verdicts: Vec<(Promise, Verdict)>,
    unpromised: Vec<Promise>,
    /// Verdicts on what was not promised.
    measured: Vec<(Promise, Verdict)>,
    failure: Option<Box<Failure>>,
}

/// How far a campaign goes.
#[derive(Clone, Copy)]
enum Until<'f> {
    /// Up to the first failure.
    First,
    /// Up to the first failure that is such.
    Such(&'f (dyn Fn(&Failure) -> bool + Sync)),
    /// To its end.
    Last,
}

impl Until<'_> {
    fn pass_over(self, judged: Judged) -> Judged {
        match (self, &judged.failure) {
            (Until::Such(such), Some(failure)) if !such(failure) => Judged {
                failure: None,
                ..judged
            },
            _ => judged,
        }
    }
}

impl Campaign {
    /// Runs it, up to the first failure. `progress` is called now and then with the runs judged so far.
    pub fn run(&self, progress: impl FnMut(&Tally)) -> Tally {
        self.judge_all(Until::First, progress)
    }

    /// As [`Campaign::run`], but passes over failures that are not such: they are counted among what is broken,
    /// and are neither the tally's failure nor one of its causes.
    pub fn run_until(
        &self,
        such: impl Fn(&Failure) -> bool + Sync,
        progress: impl FnMut(&Tally),
    ) -> Tally {
        self.judge_all(Until::Such(&such), progress)
    }

    /// As [`Campaign::run`], but goes on after failures and tells causes apart.
    pub fn run_on(&self, progress: impl FnMut(&Tally)) -> Tally {
        self.judge_all(Until::Last, progress)
    }

    fn judge_all(&self, until: Until, progress: impl FnMut(&Tally)) -> Tally {
        let goes_on = matches!(until, Until::Last);
        let next = AtomicU64::new(0);
        let last = Mutex::new(self.last());
        let ends = self.time.map(|time| Instant::now() + time);
        let (send, receive) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..self.jobs.max(1) {
                let (next, last, send) = (&next, &last, send.clone());
                scope.spawn(move || {
                    loop {
                        let run = next.fetch_add(1, Ordering::Relaxed);
                        let late = ends.is_some_and(|ends| Instant::now() >= ends);
                        if run >= current(last) || late || is_interrupted() {
                            return;
                        }
                        let judged = self.judge_one(run).map(|judged| until.pass_over(judged));
                        let fine = |judged: &Judged| goes_on || judged.failure.is_none();
                        if !judged.as_ref().is_ok_and(fine) {
                            // Runs before this one go on, so that the first failure is always found.
                            lower(last, run + 1);
                        }
                        if send.send((run, judged)).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(send);
            self.gather(&receive, goes_on, progress)
        })
    }

    fn last(&self) -> u64 {
        self.seeds.share(self.runs.unwrap_or(u64::MAX))
    }

    /// Adds results up in the order of their runs, so that jobs and luck of timing do not matter.
    fn gather(
        &self,
        results: &mpsc::Receiver<(u64, Result<Judged, Trouble>)>,
        goes_on: bool,
        mut progress: impl FnMut(&Tally),
    ) -> Tally {
        let mut tally = Tally {
            preset: self.preset,
            ..Tally::default()
        };
        for &promise in self.promises.iter().chain(self.preset.measured()) {
            tally.promises.insert(promise, Standing::default());
        }
        let mut waiting = BTreeMap::new();
        for (run, judged) in results {
            waiting.insert(run, judged);
            while let Some(judged) = waiting.remove(&tally.runs) {
                if tally.failure.is_some() && !goes_on || tally.trouble.is_some() {
                    break;
                }
                let seed = self.seeds.seed(tally.runs);
                tally.runs += 1;
                match judged {
                    Ok(judged) => {
                        tally.recent.push(JudgedRun::of(seed, &judged.verdicts));
                        tally.add(judged);
                    }
                    Err(trouble) => tally.trouble = Some(trouble),
                }
            }
            progress(&tally);
            tally.recent.clear();
        }
        tally.interrupted = is_interrupted();
        tally
    }

    fn judge_one(&self, run: u64) -> Result<Judged, Trouble> {
        let seed = self.seeds.seed(run);
        let plan = self.world.plan(self.preset, seed);
        let undriven = |wrong| Trouble::Undriven(seed, wrong);
        let ran = self.world.run(self.target, &plan).map_err(undriven)?;
        let reran = self.world.repeats() && run.is_multiple_of(RERUN_EVERY);
        if reran && self.target.run(&plan).map_err(undriven)? != ran {
            return Err(Trouble::TwoWays(seed, self.target.departure(&plan)));
        }
        let reran = reran.then(|| Told {
            seed,
            way: Way::of(&ran),
        });
        let promised = matrix::made(&plan, &ran.history);
        let mut asked = promised.clone();
        asked.retain(|promise| self.promises.contains(promise));
        let verdicts = matrix::judge(plan.shape, &ran.history, &asked, self.budget);
        let (unpromised, measured) = self.measure(&plan, &ran, &promised);
        let mut broken: Vec<Counterexample> = verdicts
            .iter()
            .filter_map(|(_, verdict)| verdict.counterexample().cloned())
            .collect();
        broken.sort_by_key(|found| preset::rank(found.promise));
        let operations = ran.history.ops().len() as u64;
        let happened = preset::happened(self.preset, &plan, &ran.history);
        let failure = (!broken.is_empty()).then(|| {
            Box::new(Failure {
                plan,
                run: ran,
                broken,
            })
        });
        Ok(Judged {
            operations,
            happened,
            reran,
            verdicts,
            unpromised,
            measured,
            failure,
        })
    }

    /// What was not promised of what was asked for or is counted, and what is seen of it. What is promised
    /// is all that the run promises, whatever was asked for.
    fn measure(
        &self,
        plan: &Plan,
        ran: &Run,
        promised: &[Promise],
    ) -> (Vec<Promise>, Vec<(Promise, Verdict)>) {
        let counted = self.preset.measured();
        let mut unpromised: Vec<Promise> = self.promises.iter().chain(counted).copied().collect();
        unpromised.sort_unstable();
        unpromised.dedup();
        unpromised.retain(|promise| !promised.contains(promise));
        let mut seen = unpromised.clone();
        seen.retain(|promise| counted.contains(promise));
        let measured = matrix::judge(plan.shape, &ran.history, &seen, MEASURED);
        (unpromised, measured)
    }
}

fn current(last: &Mutex<u64>) -> u64 {
    *last
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn lower(last: &Mutex<u64>, to: u64) {
    let mut last = last
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    *last = (*last).min(to);
}

impl Tally {
    fn add(&mut self, judged: Judged) {
        self.operations += judged.operations;
        self.reruns += u64::from(judged.reran.is_some());
        self.ways.extend(judged.reran);
        add(&mut self.happened, judged.happened);
        for (promise, verdict) in judged.verdicts {
            self.promises.entry(promise).or_default().add(verdict);
        }
        for promise in judged.unpromised {
            self.promises.entry(promise).or_default().unpromised += 1;
        }
        for (promise, verdict) in judged.measured {
            let broken = verdict.counterexample().is_some();
            self.promises.entry(promise).or_default().seen_broken += u64::from(broken);
        }
        let Some(failure) = judged.failure else {
            return;
        };
        match self.causes.iter_mut().find(|cause| cause.is_of(&failure)) {
            Some(cause) => cause.add(&failure),
            None => self.causes.push(Cause {
                runs: 1,
                failures: vec![(*failure).clone()],
            }),
        }
        self.failure.get_or_insert(failure);
    }
}
