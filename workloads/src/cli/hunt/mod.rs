//! `dyno hunt`: many seeds, every promise, and the smallest counterexample of the first that breaks.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use checker::report::{Bundle, html, terminal};
use checker::{Budget, Counterexample, History, Promise, Verdict};

use super::args::{Chosen, Hunt, HuntFormat};
use super::exit::Exit;
use super::interrupt;
use super::output::{is_quiet, note, say, say_line, tell, told_more};
use super::status::Status;
use crate::campaign::{self, Campaign, Cause, Failure, JudgedRun, Seeds, Tally};
use crate::matrix::Row;
use crate::preset::Preset;
use crate::target::Target;
pub(super) use crate::units::grouped as number;
use crate::world::World;
use crate::{bundle, explain, matrix, preset, shrink};
pub(super) use human::{counts, wrapped};
use outcome::Outcome;
use record::Record;

pub(super) mod github;
pub(super) mod human;
mod index;
mod junit;
pub(super) mod markdown;
pub(super) mod outcome;
mod real;
pub(super) mod record;
mod twice;

pub(super) fn hunt(args: &Hunt) -> Result<Exit, String> {
    interrupt::listen();
    let seeds = match (args.seed, args.seed_base, args.shard) {
        (Some(seed), _, _) => Seeds::Single(seed),
        (None, Some(base), Some(shard)) => Seeds::Shard {
            base,
            index: shard.index - 1,
            of: shard.of,
        },
        (None, Some(base), None) => Seeds::Base(base),
        (None, None, Some(_)) => {
            let why = "without it each would draw its own";
            return Err(format!(
                "--shard needs --seed-base, the same for all shards: {why}"
            ));
        }
        (None, None, None) => Seeds::random(),
    };
    if args.format == HuntFormat::Human {
        match seeds {
            Seeds::Base(base) if args.seed_base.is_none() => tell(&format!(
                "seed base {base:#018x} (random; pass --seed-base to repeat)\n"
            )),
            Seeds::Base(base) => tell(&format!("seed base {base:#018x}\n")),
            Seeds::Shard { base, index, of } => tell(&format!(
                "seed base {base:#018x}, shard {}/{of}, source {}\n",
                index + 1,
                bundle::SOURCE
            )),
            Seeds::Single(_) => {}
        }
    }
    let presets = presets(args)?;
    if let Chosen::One(preset) = args.preset {
        note_unpromised(preset, &args.promises);
    }
    let mut campaigns = Vec::new();
    for preset in presets {
        let outcome = hunt_one(args, preset, seeds)?;
        if args.format == HuntFormat::Json {
            let line = serde_json::to_string(&outcome).map_err(|why| why.to_string())?;
            say_line(&line);
        }
        campaigns.push(outcome);
        if campaign::is_interrupted() {
            break;
        }
    }
    let exit = campaigns.iter().map(Outcome::exit_code).min();
    let exit = exit.unwrap_or(Exit::Idle);
    match args.format {
        HuntFormat::Human | HuntFormat::Json => {}
        HuntFormat::Markdown => say(&markdown::summary(&campaigns)),
        HuntFormat::Junit => say(&junit::suites(&campaigns)),
    }
    if args.github.is_on() {
        say(&github::annotations(&campaigns));
        github::summarize(&campaigns)?;
    }
    Record::new(args.shard, campaigns, exit).save(&args.out)?;
    Ok(exit)
}

/// Clocks of processes are those of the system, so a preset of clocks that differ has none there.
fn presets(args: &Hunt) -> Result<Vec<Preset>, String> {
    let skewed = Preset::Row(Row::L7);
    let simulated = args.world == World::Simulator;
    match args.preset {
        Chosen::One(preset) if preset == skewed && !simulated => Err(format!(
            "--preset {} needs --target core: the clocks of processes on one system cannot differ",
            preset.name()
        )),
        Chosen::One(preset) => Ok(vec![preset]),
        Chosen::All => {
            let all = Preset::all().filter(|preset| simulated || *preset != skewed);
            Ok(all.collect())
        }
    }
}

/// Says who makes a promise that was asked for where it is not made: nothing can come of that.
fn note_unpromised(preset: Preset, asked: &[Promise]) {
    let made = preset.promises();
    for promise in asked.iter().filter(|promise| !made.contains(promise)) {
        let by = Preset::all().filter(|other| other.promises().contains(promise));
        let by: Vec<&str> = by.map(Preset::name).collect();
        let (preset, by) = (preset.name(), by.join(", "));
        note(&format!(
            "{preset} never promises {promise}; presets that do: {by}"
        ));
    }
}

/// What a campaign came to, or once quiet, what of that is not fine.
fn summary(outcome: &Outcome) -> String {
    if is_quiet() {
        human::failures(outcome)
    } else {
        human::summary(outcome)
    }
}

/// What several campaigns came to, in the format that was asked for.
pub(super) fn told(format: HuntFormat, campaigns: &[Outcome]) -> String {
    match format {
        HuntFormat::Human => {
            let told = campaigns.iter().map(|outcome| {
                let mut out = summary(outcome);
                if !outcome.causes.is_empty() {
                    out += &human::causes(&outcome.causes, outcome.runs);
                }
                out
            });
            told.collect()
        }
        HuntFormat::Json => {
            let lines = campaigns.iter().filter_map(|outcome| {
                let line = serde_json::to_string(outcome).ok()?;
                Some(line + "\n")
            });
            lines.collect()
        }
        HuntFormat::Markdown => markdown::summary(campaigns),
        HuntFormat::Junit => junit::suites(campaigns),
    }
}

fn hunt_one(args: &Hunt, preset: Preset, seeds: Seeds) -> Result<Outcome, String> {
    let mut campaign = Campaign {
        target: Target { flaw: args.flaw },
        world: args.world,
        preset,
        promises: if args.promises.is_empty() {
            preset.promises()
        } else {
            args.promises.clone()
        },
        seeds,
        runs: args.runs_max(),
        time: args.budget,
        jobs: args.at_once(),
        budget: Budget {
            states: args.states,
        },
    };
    let mut shown = Status::new();
    let mut causes = 0;
    let show = |tally: &Tally| {
        more(tally, &mut causes);
        shown.show(|since| status(args, tally, since));
    };
    let mut tally = if args.goes_on() {
        campaign.run_on(show)
    } else {
        campaign.run(show)
    };
    shown.clear();
    twice::elsewhere(&campaign, &mut tally);
    if args.promises.is_empty() {
        leave_out_unseen(&mut campaign, &mut tally);
    }
    let found = report_causes(args, &campaign, &tally)?;
    let outcome = Outcome::of(&campaign, &tally, &found, args.undecided);
    if args.format == HuntFormat::Human {
        say(&summary(&outcome));
        for found in &found {
            say(&format!("\n{}", found.told()));
        }
        if args.goes_on() && !found.is_empty() {
            say(&human::causes(&outcome.causes, outcome.runs));
        }
        keep_single(args, &campaign, &tally)?;
    }
    Ok(outcome)
}

/// What may not be seen kept here is not missed where it was not.
fn leave_out_unseen(campaign: &mut Campaign, tally: &mut Tally) {
    let world = campaign.world;
    let promises = &mut tally.promises;
    promises.retain(|promise, standing| {
        world.can_hold(*promise) || standing.broken > 0 || standing.held > 0
    });
    let shown = |promise: &Promise| world.can_hold(*promise) || promises.contains_key(promise);
    campaign.promises.retain(shown);
}

pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A broken promise, minimized and saved.
struct Found {
    /// In how many runs it was broken for that cause.
    runs: u64,
    bundle: Bundle,
    path: PathBuf,
    /// The same as a page.
    page: PathBuf,
    /// How to run it again, if not by a replay alone.
    again: Option<String>,
}

impl Found {
    fn told(&self) -> String {
        let history = History::new(self.bundle.history.clone());
        let mut text = history.map_or_else(
            |wrong| wrong.to_string(),
            |history| terminal(&self.bundle, &history),
        );
        if let Some(promised) = self.promised() {
            let _ = writeln!(text, "\n  promised  {promised}");
        }
        let path = self.path.display();
        let again = match &self.again {
            Some(again) => format!("again     {again}"),
            None => format!("replay    dyno replay {path}"),
        };
        let _ = writeln!(text, "\n  {again}");
        let _ = writeln!(text, "  report    {}", self.page.display());
        text
    }
}

impl Found {
    /// What the run promised and which of that it broke, where the matrix says so.
    fn promised(&self) -> Option<String> {
        let broken = self.bundle.counterexample.as_ref()?.promise;
        if preset::is_of_versions(broken) {
            return None;
        }
        let plan = bundle::plan(&self.bundle).ok()?;
        let history = History::new(self.bundle.history.clone()).ok()?;
        let made = matrix::made(&plan, &history);
        let made: Vec<&str> = made.into_iter().map(Promise::name).collect();
        Some(format!("{}; broke {broken}", made.join(", ")))
    }
}

/// One report for each cause, in the order in which they were found.
fn report_causes(args: &Hunt, campaign: &Campaign, tally: &Tally) -> Result<Vec<Found>, String> {
    let many = tally.causes.len();
    let causes = tally.causes.iter().zip(1..);
    causes
        .map(|(cause, nth)| {
            let what = || format!("minimize and explain  cause {nth} of {many}");
            Status::during(what, || match campaign.world {
                World::Simulator => report_cause(args, campaign, cause),
                World::Cluster => real::report_cause(args, campaign, cause),
            })
        })
        .collect()
}

/// Saves a failure as found first, so that nothing is lost if minimizing is interrupted. Of several
/// failures of one cause the smallest is reported.
fn report_cause(args: &Hunt, campaign: &Campaign, cause: &Cause) -> Result<Found, String> {
    let raw = bundle::found(campaign.target, &cause.failures[0]);
    let path = save(&args.out, &raw)?;
    let runs = cause.runs;
    let Some(small) = smallest(campaign, &cause.failures) else {
        let page = save_page(&args.out, &raw)?;
        return Ok(Found {
            runs,
            bundle: raw,
            path,
            page,
            again: None,
        });
    };
    let bundle = explained(campaign, small);
    let path = save(&args.out, &bundle)?;
    let page = save_page(&args.out, &bundle)?;
    Ok(Found {
        runs,
        bundle,
        path,
        page,
        again: None,
    })
}

/// Of several failures the one that becomes smallest.
fn smallest(campaign: &Campaign, failures: &[Failure]) -> Option<Bundle> {
    let small = failures.iter().filter_map(|failure| {
        bundle::minimized(campaign.target, failure, shrink::REPLAYS, campaign.budget)
    });
    small.min_by_key(|bundle| {
        let size = bundle.size.map_or((0, 0, 0), |size| size.minimized);
        (size.0 + size.1, size.2)
    })
}

/// Whoever interrupts does not wait for an explanation.
fn explained(campaign: &Campaign, bundle: Bundle) -> Bundle {
    if campaign::is_interrupted() {
        return bundle;
    }
    let explanation = bundle::explained(&bundle, explain::REPLAYS, campaign.budget).ok();
    Bundle {
        explanation,
        ..bundle
    }
}

fn save(out: &Path, bundle: &Bundle) -> Result<PathBuf, String> {
    save_as(out, &bundle.fingerprint(), bundle)
}

fn save_as(out: &Path, name: &str, bundle: &Bundle) -> Result<PathBuf, String> {
    write(out, &format!("{name}.json"), &bundle.write())
}

fn save_page(out: &Path, bundle: &Bundle) -> Result<PathBuf, String> {
    save_page_as(out, &bundle.fingerprint(), bundle)
}

fn save_page_as(out: &Path, name: &str, bundle: &Bundle) -> Result<PathBuf, String> {
    let name = format!("{name}.html");
    let history = History::new(bundle.history.clone());
    let history = history.map_err(|why| format!("cannot write {name}: {why}"))?;
    write(out, &name, &html(bundle, &history))
}

fn write(out: &Path, name: &str, text: &str) -> Result<PathBuf, String> {
    let path = out.join(name);
    let wrong = |why| format!("cannot write {}: {why}", path.display());
    fs::create_dir_all(out).map_err(wrong)?;
    fs::write(&path, text).map_err(wrong)?;
    Ok(path)
}

/// A single seed is asked for to be looked at: its run is kept even when it broke nothing.
fn keep_single(args: &Hunt, campaign: &Campaign, tally: &Tally) -> Result<(), String> {
    let (Seeds::Single(seed), None, None) = (campaign.seeds, &tally.failure, &tally.trouble) else {
        return Ok(());
    };
    if !campaign.world.repeats() {
        return Ok(());
    }
    let plan = campaign.preset.plan(seed);
    let run = campaign
        .target
        .run(&plan)
        .map_err(|wrong| wrong.to_string())?;
    let path = save(&args.out, &bundle::kept(campaign.target, &plan, &run))?;
    tell(&format!("\nrun kept    {}\n", path.display()));
    Ok(())
}

/// What those hear who asked for more: of causes, when the first failure shows them, and of every run.
fn more(tally: &Tally, causes: &mut usize) {
    for run in &tally.recent {
        told_more(2, || format!("seed {:#018x}  {}", run.seed, verdict(run)));
    }
    for cause in tally.causes.iter().skip(*causes) {
        let failure = &cause.failures[0];
        let title = failure.broken.first().map(Counterexample::title);
        let (seed, title) = (failure.plan.seed, title.unwrap_or_default());
        told_more(1, || {
            format!(
                "✗ {title}  seed {seed:#018x}, after {} runs",
                number(tally.runs)
            )
        });
    }
    *causes = tally.causes.len();
}

/// What was said of one run.
fn verdict(run: &JudgedRun) -> String {
    let names = |promises: &[Promise]| {
        let names: Vec<&str> = promises.iter().map(|promise| promise.name()).collect();
        names.join(", ")
    };
    if !run.broken.is_empty() {
        format!("✗ {}", names(&run.broken))
    } else if !run.undecided.is_empty() {
        format!("? {}", names(&run.undecided))
    } else if run.held == 0 {
        "– nothing exercised".into()
    } else {
        format!("✓ {} held", run.held)
    }
}

/// How far a campaign is.
fn status(args: &Hunt, tally: &Tally, since: Duration) -> String {
    let mut line = format!("hunt  {:.0} s", since.as_secs_f64());
    if let Some(time) = args.budget {
        let _ = write!(line, " / {} s", time.as_secs());
    }
    let _ = write!(line, "   runs {}", number(tally.runs));
    if let Some(runs) = args.runs {
        let _ = write!(line, " / {}", number(runs));
    }
    line
}

/// What a verdict says of itself, for commands that judge a single history.
pub(super) fn counted(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Valid(witness) => counts(&witness.exercised).join("   "),
        Verdict::Invalid(_) => String::new(),
        Verdict::Unknown(shortfall) => shortfall.to_string(),
    }
}
