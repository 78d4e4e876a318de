//! `dyno hunt`: many seeds, every promise, and the smallest counterexample of the first that breaks.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use checker::report::{Bundle, html, terminal};
use checker::{Budget, Counters, History, Promise, Verdict};
use serde_json::json;

use super::args::{Chosen, Format, Hunt};
use super::exit::Exit;
use super::output::{say, say_line};
use super::status::Status;
use crate::campaign::{Campaign, Cause, Seeds, Tally, Trouble};
use crate::preset::Preset;
use crate::standing::Standing;
use crate::target::Target;
pub(super) use crate::units::grouped as number;
use crate::{bundle, explain, matrix, preset, shrink};

/// Runs when neither `--runs` nor `--budget` says how long.
const RUNS: u64 = 1_000;

pub(super) fn hunt(args: &Hunt) -> Result<Exit, String> {
    let seeds = match (args.seed, args.seed_base) {
        (Some(seed), _) => Seeds::Single(seed),
        (None, Some(base)) => Seeds::Base(base),
        (None, None) => Seeds::random(),
    };
    if let (Format::Human, Seeds::Base(base)) = (args.format, seeds) {
        let random = if args.seed_base.is_none() {
            " (random; pass --seed-base to repeat)"
        } else {
            ""
        };
        say_line(&format!("seed base {base:#018x}{random}"));
    }
    let Chosen::One(preset) = args.preset else {
        let exits: Result<Vec<Exit>, String> = Preset::all()
            .map(|preset| hunt_one(args, preset, seeds))
            .collect();
        return Ok(exits?.into_iter().min().unwrap_or(Exit::Fine));
    };
    hunt_one(args, preset, seeds)
}

fn hunt_one(args: &Hunt, preset: Preset, seeds: Seeds) -> Result<Exit, String> {
    let campaign = Campaign {
        target: Target { flaw: args.flaw },
        preset,
        promises: if args.promises.is_empty() {
            preset.promises()
        } else {
            args.promises.clone()
        },
        seeds,
        runs: args.runs.or(if args.budget.is_some() {
            None
        } else {
            Some(RUNS)
        }),
        time: args.budget,
        jobs: args.jobs.map_or_else(cores, usize::from),
        budget: Budget::default(),
    };
    let human = args.format == Format::Human;
    let mut shown = Status::new();
    let show = |tally: &Tally| shown.show(|since| status(args, tally, since));
    let tally = if args.keep_going {
        campaign.run_on(show)
    } else {
        campaign.run(show)
    };
    shown.clear();
    let found = report_causes(args, &campaign, &tally)?;
    let exit = exit(&campaign, &tally);
    if human {
        say(&human_summary(&campaign, &tally));
        for found in &found {
            say(&format!("\n{}", found.told()));
        }
        if args.keep_going && !found.is_empty() {
            say(&causes(&found, tally.runs));
        }
        keep_single(args, &campaign, &tally)?;
    } else {
        say_line(&json_summary(&campaign, &tally, &found, exit));
    }
    Ok(exit)
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
        let _ = writeln!(text, "\n  replay    dyno replay {path}");
        let _ = writeln!(text, "  report    {}", self.page.display());
        text
    }
}

impl Found {
    /// What the run promised and which of that it broke, where the matrix says so.
    fn promised(&self) -> Option<String> {
        let broken = self.bundle.counterexample.as_ref()?.promise;
        if preset::PROMISES.contains(&broken) {
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
    let causes = tally.causes.iter();
    causes
        .map(|cause| report_cause(args, campaign, cause))
        .collect()
}

/// Saves a failure as found first, so that nothing is lost if minimizing is interrupted. Of several
/// failures of one cause the smallest is reported.
fn report_cause(args: &Hunt, campaign: &Campaign, cause: &Cause) -> Result<Found, String> {
    let raw = bundle::found(campaign.target, &cause.failures[0]);
    let path = save(&args.out, &raw)?;
    let small = cause.failures.iter().filter_map(|failure| {
        bundle::minimized(campaign.target, failure, shrink::REPLAYS, campaign.budget)
    });
    let least = |bundle: &Bundle| {
        let size = bundle.size.map_or((0, 0, 0), |size| size.minimized);
        (size.0 + size.1, size.2)
    };
    let runs = cause.runs;
    let Some(small) = small.min_by_key(least) else {
        let page = save_page(&args.out, &raw)?;
        return Ok(Found {
            runs,
            bundle: raw,
            path,
            page,
        });
    };
    let bundle = Bundle {
        explanation: bundle::explained(&small, explain::REPLAYS, campaign.budget).ok(),
        ..small
    };
    let path = save(&args.out, &bundle)?;
    let page = save_page(&args.out, &bundle)?;
    Ok(Found {
        runs,
        bundle,
        path,
        page,
    })
}

/// One line a cause: how often, and where its report is.
fn causes(found: &[Found], runs: u64) -> String {
    let many = if found.len() == 1 { "cause" } else { "causes" };
    let mut out = format!("\n✗ {} {many} in {} runs\n\n", found.len(), number(runs));
    for one in found {
        let _ = writeln!(
            out,
            "  {}  {}  in {}  {}",
            one.bundle.fingerprint(),
            one.bundle.title(),
            if one.runs == 1 {
                "1 run".into()
            } else {
                format!("{} runs", number(one.runs))
            },
            one.path.display()
        );
    }
    out
}

fn save(out: &Path, bundle: &Bundle) -> Result<PathBuf, String> {
    write(
        out,
        &format!("{}.json", bundle.fingerprint()),
        &bundle.write(),
    )
}

fn save_page(out: &Path, bundle: &Bundle) -> Result<PathBuf, String> {
    let name = format!("{}.html", bundle.fingerprint());
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
    let plan = campaign.preset.plan(seed);
    let run = campaign
        .target
        .run(&plan)
        .map_err(|wrong| wrong.to_string())?;
    let path = save(&args.out, &bundle::kept(campaign.target, &plan, &run))?;
    say_line(&format!("\nrun kept    {}", path.display()));
    Ok(())
}

fn exit(campaign: &Campaign, tally: &Tally) -> Exit {
    let mut exits = vec![Exit::Fine];
    match &tally.trouble {
        Some(Trouble::Undriven(..)) => exits.push(Exit::Target),
        Some(Trouble::TwoWays(..)) => exits.push(Exit::TwoWays),
        None => {}
    }
    for promise in &campaign.promises {
        exits.push(tally.promises.get(promise).map_or(Exit::Idle, Exit::of));
    }
    exits.into_iter().min().unwrap_or(Exit::Idle)
}

fn human_summary(campaign: &Campaign, tally: &Tally) -> String {
    let mut out = String::new();
    if campaign.preset != Preset::Dynamo {
        let _ = writeln!(
            out,
            "\npreset    {}: {}",
            campaign.preset.name(),
            campaign.preset.about()
        );
    }
    let _ = writeln!(
        out,
        "hunt      runs {}   operations {}   {}\n",
        number(tally.runs),
        number(tally.operations),
        campaign.target.name(),
    );
    match &tally.trouble {
        Some(Trouble::Undriven(seed, why)) => {
            let _ = writeln!(
                out,
                "the target could not be driven with seed {seed:#018x}: {why}\n"
            );
        }
        Some(Trouble::TwoWays(seed, parts)) => {
            let parts = parts
                .as_deref()
                .unwrap_or("an event that did not differ again");
            let _ = writeln!(
                out,
                "the target is not deterministic: seed {seed:#018x} gave two runs, which part at {parts}\n"
            );
        }
        None => {}
    }
    for (promise, standing) in told(campaign, tally) {
        let _ = writeln!(out, "{}", promise_line(campaign, promise, standing));
    }
    let (did, never) = (&tally.happened, preset::missing(tally));
    let _ = writeln!(out, "\nexercised   {}", wrapped(&counts(did), 12));
    if !never.is_empty() {
        let _ = writeln!(out, "never       {}", wrapped(&never, 12));
    }
    let _ = writeln!(
        out,
        "determinism {0} of {0} reruns identical",
        number(tally.reruns)
    );
    if let Some(shows) = worth(tally) {
        let _ = writeln!(
            out,
            "worth       what breaks a promise in 1 of {} runs would have been seen, with a chance of 95 %",
            number(shows)
        );
    }
    out
}

/// In how many runs a defect may show once and would still have been seen in a clean campaign, with a chance
/// of 95 %: the rule of three (Hanley and Lippman-Hand, JAMA 1983). `None` where nothing was clean.
fn worth(tally: &Tally) -> Option<u64> {
    let clean = tally.failure.is_none() && tally.causes.is_empty() && tally.trouble.is_none();
    (clean && tally.runs >= 3).then_some(tally.runs / 3)
}

/// What was asked for, and what was not promised in some run. Of what was promised and not asked for nothing
/// is known.
fn told<'t>(
    campaign: &Campaign,
    tally: &'t Tally,
) -> impl Iterator<Item = (Promise, &'t Standing)> {
    let promises = tally.promises.iter();
    let promises = promises.map(|(promise, standing)| (*promise, standing));
    promises.filter(move |(promise, standing)| {
        campaign.promises.contains(promise) || standing.unpromised > 0
    })
}

fn promise_line(campaign: &Campaign, promise: Promise, standing: &Standing) -> String {
    let counted = campaign.preset.measured().contains(&promise);
    let seen = match standing.seen_broken {
        0 => "never seen broken".to_owned(),
        broken => format!("seen broken in {}", number(broken)),
    };
    if !campaign.promises.contains(&promise) {
        let said = format!(
            "not promised, {seen} of {} runs",
            number(standing.unpromised)
        );
        return format!("· {promise:<22}{said}");
    }
    let (mark, said) = match Exit::of(standing) {
        Exit::Violated => ("✗", "broken".to_owned()),
        Exit::Undecided => {
            let why = standing.shortfall.as_ref().map(ToString::to_string);
            let why = why.unwrap_or_default();
            let runs = number(standing.undecided);
            ("?", format!("not decided in {runs} runs; the first: {why}"))
        }
        Exit::Idle if standing.runs() == 0 && standing.unpromised > 0 => {
            ("–", "promised by no shape that was run".to_owned())
        }
        Exit::Idle => (
            "–",
            "nothing exercised: no run could have broken it".to_owned(),
        ),
        _ => (
            "✓",
            format!(
                "held in {} of {} runs",
                number(standing.held),
                number(standing.runs())
            ),
        ),
    };
    let mut said = vec![said];
    if standing.unpromised > 0 && (standing.runs() > 0 || counted) {
        let runs = number(standing.unpromised);
        said.push(if counted {
            format!("not promised in {runs}, {seen}")
        } else {
            format!("not promised in {runs}")
        });
    }
    said.extend(counts(&standing.exercised));
    format!("{mark} {promise:<22}{}", wrapped(&said, 24))
}

pub(super) fn counts(counters: &Counters) -> Vec<String> {
    counters
        .iter()
        .map(|(name, count)| format!("{name} {}", number(*count)))
        .collect()
}

/// Items in lines of at most 100 columns, later lines indented.
pub(super) fn wrapped(items: &[String], indent: usize) -> String {
    let mut out = String::new();
    let mut column = indent;
    for (index, item) in items.iter().enumerate() {
        let wide = item.chars().count();
        if index > 0 {
            if column + 3 + wide > 100 {
                out.push('\n');
                out.push_str(&" ".repeat(indent));
                column = indent;
            } else {
                out.push_str("   ");
                column += 3;
            }
        }
        out.push_str(item);
        column += wide;
    }
    out
}

fn json_summary(
    campaign: &Campaign,
    tally: &Tally,
    found: &[Found],
    exit: Exit,
) -> serde_json::Value {
    let promises: Vec<_> = told(campaign, tally)
        .map(|(promise, standing)| {
            let verdict = match Exit::of(standing) {
                Exit::Violated => "violated",
                Exit::Undecided => "undecided",
                Exit::Idle if !campaign.promises.contains(&promise) => "not-promised",
                Exit::Idle => "nothing-exercised",
                _ => "held",
            };
            json!({
                "promise": promise.name(), "verdict": verdict, "held": standing.held,
                "broken": standing.broken, "undecided": standing.undecided,
                "idle": standing.idle, "unpromised": standing.unpromised,
                "seen_broken": standing.seen_broken,
                "exercised": standing.exercised,
            })
        })
        .collect();
    let (seed, base) = match campaign.seeds {
        Seeds::Single(seed) => (Some(seed), None),
        Seeds::Base(base) => (None, Some(base)),
    };
    let trouble = tally.trouble.as_ref().map(|trouble| match trouble {
        Trouble::Undriven(seed, why) => json!({ "seed": seed, "undriven": why.to_string() }),
        Trouble::TwoWays(seed, parts) => {
            json!({ "seed": seed, "nondeterministic": true, "parts_at": parts })
        }
    });
    let violations = found.iter().map(|found| {
        json!({
            "runs": found.runs,
            "bundle": found.path.display().to_string(),
            "report": found.page.display().to_string(),
            "fingerprint": found.bundle.fingerprint(),
            "seed": found.bundle.seed,
            "size": found.bundle.size,
            "also": found.bundle.also,
            "counterexample": found.bundle.counterexample,
            "explanation": found.bundle.explanation,
        })
    });
    let violations: Vec<_> = violations.collect();
    json!({
        "format": "dyno-hunt/1", "target": campaign.target.name(),
        "preset": campaign.preset.name(), "seed": seed,
        "seed_base": base, "runs": tally.runs, "operations": tally.operations,
        "reruns": tally.reruns, "promises": promises, "exercised": tally.happened,
        "never": preset::missing(tally), "trouble": trouble, "violation": violations.first(),
        "causes": violations,
        "exit": exit.number(),
    })
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
