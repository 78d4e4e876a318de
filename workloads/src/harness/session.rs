//! One test at work: pins first, then fresh seeds; the first failure is made small and saved.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use checker::report::Size;
use checker::{Budget, Counterexample, Promise, Verdict};

use super::bench::Bench;
use super::failed::{Failed, Finding};
use super::held::Held;
use super::place::Place;
use super::recorded::{self, Recorded};
use super::terms::Terms;
use crate::bundle::{OF_TEST, packed, sizes};
use crate::campaign::Seeds;
use crate::drive::Run;
use crate::load;
use crate::plan::Plan;
use crate::preset::{self, Preset};
use crate::shrink::shrink;
use crate::{bundle, matrix};

/// One of this many runs is run twice.
const RERUN_EVERY: u64 = 100;

/// A promise that was idle in so many runs is not just unlucky.
const IDLE_RUNS: u64 = 20;

/// How often a store that is not deterministic gets a chance to fail again: a bundle, a pin.
const TRIES: (u32, u32) = (50, 5);

/// One test at work.
pub(super) struct Session<'a> {
    pub(super) bench: &'a dyn Bench,
    /// Whether the promises were named one by one.
    pub(super) asked: bool,
    pub(super) terms: Terms,
    pub(super) place: Place,
    pub(super) replay: Option<PathBuf>,
    pub(super) seed: Option<u64>,
    pub(super) seed_base: Option<u64>,
    pub(super) runs: Option<u64>,
    pub(super) time: Option<Duration>,
    pub(super) pins: PathBuf,
    pub(super) out: PathBuf,
    pub(super) replays: u32,
    pub(super) budget: Budget,
}

type Judged<T> = Result<T, Box<Failed>>;

impl Session<'_> {
    pub(super) fn run(&self) -> Judged<Held> {
        if let Some(file) = &self.replay {
            self.replay(file)?;
            return Ok(Held::default());
        }
        let mut held = Held::default();
        if self.seed.is_none() {
            for pin in recorded::pins(&self.pins, &self.place).map_err(|why| self.stale(&why))? {
                self.pin(&pin)?;
                held.pins += 1;
            }
        }
        self.fresh(held)
    }

    /// One plan that somebody else has made.
    pub(super) fn holds(&self, plan: &Plan) -> Judged<()> {
        if let Some(file) = &self.replay {
            return self.replay(file);
        }
        let plan = &self.bench.fitted(Plan {
            shape: self.terms.shape,
            ..plan.clone()
        });
        let run = self.go(plan, &|| None)?;
        let verdicts = self.judge(plan, &run);
        let undecided = verdicts
            .iter()
            .find_map(|(promise, verdict)| match verdict {
                Verdict::Unknown(why) if !why.is_idle() => Some((*promise, why.to_string())),
                _ => None,
            });
        self.fail_if_broken(plan, &run, verdicts)?;
        undecided.map_or(Ok(()), |(promise, why)| {
            Err(Box::new(Failed::undecided(promise, &why, &self.place)))
        })
    }

    fn fresh(&self, mut held: Held) -> Judged<Held> {
        let seeds = match (self.seed, self.seed_base) {
            (Some(seed), _) => Seeds::Single(seed),
            (None, Some(base)) => Seeds::Base(base),
            (None, None) => Seeds::random(),
        };
        (held.seed, held.runs) = match seeds {
            Seeds::Single(seed) | Seeds::Base(seed) | Seeds::Shard { base: seed, .. } => (seed, 0),
        };
        let last = seeds.share(self.runs.unwrap_or(u64::MAX));
        let began = Instant::now();
        let over = || self.time.is_some_and(|time| began.elapsed() >= time);
        // One run at least, however short the time.
        while held.runs < last && (held.runs == 0 || !over()) {
            let seed = seeds.seed(held.runs);
            let plan = self.bench.fitted(self.plan(seed));
            let again = || Some(self.place.command(&format!("DYNO_SEED={seed:#x}")));
            let run = self.go(&plan, &again)?;
            if self.bench.repeats() && held.runs.is_multiple_of(RERUN_EVERY) {
                let twice = self.go(&plan, &again)?;
                if twice != run {
                    return Err(Box::new(Failed::two_ways(seed, &run, &twice, &self.place)));
                }
            }
            held.runs += 1;
            held.operations += run.history.ops().len() as u64;
            held.happened(preset::happened(Preset::Dynamo, &plan, &run.history));
            let verdicts = self.judge(&plan, &run);
            held.add(verdicts.clone());
            self.fail_if_broken(&plan, &run, verdicts)?;
        }
        self.decided(held)
    }

    /// The plan of this seed: half of them of sets, counters and lists where that is promised of them.
    fn plan(&self, seed: u64) -> Plan {
        let merges = self.terms.promises.contains(&Promise::Reconciliation);
        if merges && seed.is_multiple_of(2) {
            load::object_plan_on(self.terms.shape, seed)
        } else {
            load::plan_on(self.terms.shape, seed)
        }
    }

    /// What held must have had a chance to be broken.
    fn decided(&self, held: Held) -> Judged<Held> {
        for (promise, chances) in &held.promises {
            let why = chances.shortfall.as_ref().map(ToString::to_string);
            let why = why.unwrap_or_default();
            if chances.undecided > 0 {
                return Err(Box::new(Failed::undecided(*promise, &why, &self.place)));
            }
            let expected = self.asked || *promise == Promise::SiblingPreservation;
            if expected && chances.held == 0 && held.runs >= IDLE_RUNS {
                let complaint = self.bench.complaint();
                return Err(Box::new(Failed::idle(
                    *promise,
                    &why,
                    complaint.as_deref(),
                    &self.place,
                )));
            }
        }
        Ok(held)
    }

    /// Runs a plan. A store that panics has failed; `again` is the command that shows it again.
    fn go(&self, plan: &Plan, again: &dyn Fn() -> Option<String>) -> Judged<Run> {
        let ran = catch_unwind(AssertUnwindSafe(|| self.bench.run(plan, &self.terms)));
        match ran {
            Ok(Ok(run)) => Ok(run),
            Ok(Err(why)) => Err(Box::new(Failed::undriven(
                &why,
                plan.seed,
                again(),
                &self.place,
            ))),
            Err(panic) => Err(Box::new(Failed::panicked(
                &*panic,
                plan.seed,
                again(),
                &self.place,
            ))),
        }
    }

    /// The verdicts on all promises. Whether there is one order is not asked of answers that are wrong by
    /// themselves.
    fn judge(&self, plan: &Plan, run: &Run) -> Vec<(Promise, Verdict)> {
        let (last, first): (Vec<Promise>, Vec<Promise>) = self
            .terms
            .promises
            .iter()
            .partition(|promise| **promise == Promise::Linearizable);
        let judge = |asked: &[Promise]| matrix::judge(plan.shape, &run.history, asked, self.budget);
        let mut verdicts = judge(&first);
        if verdicts
            .iter()
            .all(|(_, verdict)| verdict.counterexample().is_none())
        {
            verdicts.extend(judge(&last));
        }
        verdicts
    }

    fn fail_if_broken(
        &self,
        plan: &Plan,
        run: &Run,
        verdicts: Vec<(Promise, Verdict)>,
    ) -> Judged<()> {
        let broken = broken(verdicts, None);
        let Some(first) = broken.first().cloned() else {
            return Ok(());
        };
        let raw = self.finding(plan, run, broken, None);
        // Saved before it is made small, so that nothing is lost if that is interrupted.
        let saved = recorded::save(&self.out, &self.place, &raw.bundle);
        let fails = |candidate: &Plan| {
            if candidate.shape != self.terms.shape {
                return None;
            }
            let ran = catch_unwind(AssertUnwindSafe(|| self.bench.run(candidate, &self.terms)));
            let run = ran.ok()?.ok()?;
            let found = self.judge(candidate, &run).into_iter();
            let mut found = found.filter_map(|(_, verdict)| verdict.counterexample().cloned());
            found.any(|found| found.cause == first.cause).then_some(run)
        };
        let small = shrink(plan.clone(), self.replays, fails);
        let Some(small) = small else {
            return Err(Box::new(Failed::broken(raw, saved, &self.place)));
        };
        let size = Size {
            found: sizes(plan),
            minimized: sizes(&small.plan),
            replays: small.replays,
        };
        let verdicts = self.judge(&small.plan, &small.run);
        let broken = broken_of(verdicts, &first);
        let mut finding = self.finding(&small.plan, &small.run, broken, Some(size));
        // The seed that found it: the smaller plan may go on with other luck.
        finding.bundle.seed = plan.seed;
        let network = self.bench.network(&small.plan, &self.terms);
        let found = finding.bundle.counterexample.as_ref();
        finding.bundle.network = bundle::told(network, &small.run, found);
        let saved = recorded::save(&self.out, &self.place, &finding.bundle);
        Err(Box::new(Failed::broken(finding, saved, &self.place)))
    }

    fn finding(
        &self,
        plan: &Plan,
        run: &Run,
        broken: Vec<Counterexample>,
        size: Option<Size>,
    ) -> Finding {
        let also = broken.iter().skip(1).map(Counterexample::title).collect();
        let first = broken.into_iter().next();
        let name = (format!("{OF_TEST}{}", self.place), None);
        Finding {
            bundle: packed(name, plan, run, first, also, size),
            history: run.history.clone(),
            remarks: if self.bench.repeats() {
                Vec::new()
            } else {
                let tries = TRIES.0;
                vec![format!(
                    "a running store is not deterministic: a replay tries {tries} times"
                )]
            },
        }
    }

    fn replay(&self, file: &Path) -> Judged<()> {
        let recorded = recorded::read(file, &self.place, &self.terms);
        let recorded = recorded
            .map_err(|why| self.misuse(&format!("cannot replay {}: {why}", file.display())))?;
        self.again(&recorded, TRIES.0, &[])?;
        println!("{} holds now: {}", recorded.title(), file.display());
        Ok(())
    }

    fn pin(&self, file: &Path) -> Judged<()> {
        let stale = |why: String| self.stale(&format!("{}: {why}", file.display()));
        let recorded = recorded::read(file, &self.place, &self.terms).map_err(stale)?;
        let remark = format!("{} is pinned: it was broken before", file.display());
        self.again(&recorded, TRIES.1, &[remark]).map_err(|failed| {
            if failed.is_undriven() {
                stale(failed.to_string())
            } else {
                failed
            }
        })
    }

    /// Runs a recorded plan, and fails if it breaks a promise again.
    fn again(&self, recorded: &Recorded, tries: u32, remarks: &[String]) -> Judged<()> {
        let plan = &recorded.plan;
        let tries = if self.bench.repeats() { 1 } else { tries };
        for _ in 0..tries {
            let run = self.go(plan, &|| None)?;
            if self.bench.repeats() {
                let twice = self.go(plan, &|| None)?;
                if twice != run {
                    let failed = Failed::two_ways(plan.seed, &run, &twice, &self.place);
                    return Err(Box::new(failed));
                }
            }
            let first = recorded.bundle.counterexample.as_ref();
            let broken = broken(self.judge(plan, &run), first.map(|found| found.promise));
            if broken.is_empty() {
                continue;
            }
            let mut finding = self.finding(plan, &run, broken, recorded.bundle.size);
            finding.bundle.seed = recorded.bundle.seed;
            let leaves = bundle::departure(&recorded.bundle, &run);
            finding.remarks.extend_from_slice(remarks);
            if let Some(leaves) = leaves.filter(|_| self.bench.repeats()) {
                let entry = leaves.entry;
                finding
                    .remarks
                    .push(format!("the run leaves the recorded one at entry {entry}"));
            }
            let at = Ok(recorded.file.clone());
            return Err(Box::new(Failed::broken(finding, at, &self.place)));
        }
        Ok(())
    }

    fn misuse(&self, why: &str) -> Box<Failed> {
        Box::new(Failed::misuse(why, &self.place))
    }

    fn stale(&self, why: &str) -> Box<Failed> {
        Box::new(Failed::stale(why, &self.place))
    }
}

/// What was broken, this promise first, then in the order of reports.
fn broken(verdicts: Vec<(Promise, Verdict)>, first: Option<Promise>) -> Vec<Counterexample> {
    let found = verdicts.into_iter();
    let mut broken: Vec<Counterexample> = found
        .filter_map(|(_, verdict)| verdict.counterexample().cloned())
        .collect();
    broken.sort_by_key(|found| (Some(found.promise) != first, preset::rank(found.promise)));
    broken
}

/// As [`broken`], what has this cause first.
fn broken_of(verdicts: Vec<(Promise, Verdict)>, first: &Counterexample) -> Vec<Counterexample> {
    let mut broken = broken(verdicts, Some(first.promise));
    broken.sort_by_key(|found| found.cause != first.cause);
    broken
}
