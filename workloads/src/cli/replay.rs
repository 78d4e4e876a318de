//! `dyno replay`: the recorded run again, byte for byte, or where it leaves the record.

use checker::kv::Kv;
use checker::report::{Bundle, terminal};
use checker::{Budget, Counterexample, History};
use serde_json::json;

use super::args::{Format, Replay};
use super::exit::Exit;
use super::input;
use super::output::{fail, is_quiet, say, say_line, told_more};
use crate::bundle::{self, Departure, Unplayable};
use crate::target::Target;

pub(super) fn replay(args: &Replay) -> Result<Exit, String> {
    let name = args.file.display();
    let (recorded, history) = input::bundle(&args.file)?;
    let mut target =
        bundle::target(&recorded).map_err(|why| format!("cannot run {name}: {why}"))?;
    if let Some(switch) = args.flaw {
        target.flaw = switch.0;
    }
    let again = match bundle::replay(&recorded, target, Budget::default()) {
        Ok(again) => again,
        Err(Unplayable::Undriven(why)) => {
            fail(&format!("cannot run {name}: {why}"));
            return Ok(Exit::Target);
        }
        Err(why) => return Err(format!("cannot run {name}: {why}")),
    };
    let same_target =
        args.flaw.is_none() || bundle::target(&recorded).is_ok_and(|was| was == target);
    let same_source = recorded.source == bundle::SOURCE;
    let expected = recorded.counterexample.as_ref();
    let broken = expected.map_or(!again.broken.is_empty(), |expected| {
        again
            .broken
            .iter()
            .any(|found| found.promise == expected.promise)
    });
    // Who runs the same plan the same way finds the same; a bundle that says otherwise was changed.
    let honest = expected.is_none_or(|expected| again.broken.contains(expected));
    let changed = again.leaves.is_none() && same_target && same_source && !honest;
    let exit = if changed || !again.steady || (again.leaves.is_some() && same_target && same_source)
    {
        Exit::TwoWays
    } else if broken {
        Exit::Violated
    } else {
        Exit::Fine
    };
    told_more(1, || run_line(recorded.seed, &again.broken));
    if args.format == Format::Json {
        let leaves = again.leaves.as_ref().map(|leaves| {
            json!({ "entry": leaves.entry, "recorded": leaves.recorded, "now": leaves.now })
        });
        say_line(&json!({
            "format": "dyno-replay/1", "reproduced": again.leaves.is_none(),
            "target": target.name(), "trace": format!("{:016x}", again.run.trace),
            "leaves": leaves, "broken": again.broken, "exit": exit.number(),
        }));
        return Ok(exit);
    }
    let told = match &again.leaves {
        None if changed => not_as_said(&again),
        None => {
            let history = Some(&history).filter(|history| history.lines().len() > 0);
            let history = history.unwrap_or(&again.run.history);
            reproduced(&judged(&recorded, &again), history, broken)
        }
        Some(leaves) => left(&recorded, &again, (exit, target), leaves),
    };
    if exit != Exit::Fine || !is_quiet() {
        say(&told);
    }
    Ok(exit)
}

/// A run with its seed and verdict.
fn run_line(seed: u64, broken: &[Counterexample]) -> String {
    let titles: Vec<String> = broken.iter().map(Counterexample::title).collect();
    let said = if titles.is_empty() {
        "✓ held".into()
    } else {
        format!("✗ {}", titles.join(", "))
    };
    format!("seed {seed:#018x}  {said}")
}

/// What a bundle that was changed says, and its run does not.
fn not_as_said(again: &bundle::Replay) -> String {
    let shows = match again.broken.first() {
        Some(found) => found.title(),
        None => "nothing is broken".into(),
    };
    format!("✗ the run is the same, but what the bundle says of it is not what it shows: {shows}\n")
}

/// The bundle as this version judges its run, whatever an older one said.
fn judged(recorded: &Bundle, again: &bundle::Replay) -> Bundle {
    let expected = recorded.counterexample.as_ref();
    let mut broken = again.broken.iter();
    let found =
        broken.find(|found| expected.is_none_or(|expected| found.promise == expected.promise));
    Bundle {
        counterexample: found.or(expected).cloned(),
        ..recorded.clone()
    }
}

/// Where the run leaves the recorded one, and what came of it.
fn left(
    recorded: &Bundle,
    again: &bundle::Replay,
    (exit, target): (Exit, Target),
    leaves: &Departure,
) -> String {
    let (mark, said) = match exit {
        Exit::TwoWays if !again.steady => ("✗", "the run is not deterministic".into()),
        Exit::TwoWays => (
            "✗",
            "these sources do not reproduce their own bundle".into(),
        ),
        Exit::Violated => {
            let title = again.broken.first().map(Counterexample::title);
            ("✗", format!("still broken: {}", title.unwrap_or_default()))
        }
        _ => ("✓", format!("{} holds now", title(recorded))),
    };
    format!("{mark} {said}  ({})\n{}", target.name(), departure(leaves))
}

fn reproduced(recorded: &Bundle, history: &History<Kv>, broken: bool) -> String {
    let said = format!(
        "reproduced: {}, same trace {}",
        recorded.title(),
        recorded.trace
    );
    if broken {
        format!("✗ {said}\n\n{}", terminal(recorded, history))
    } else {
        format!("✓ {said}\n")
    }
}

fn title(recorded: &Bundle) -> &str {
    recorded
        .counterexample
        .as_ref()
        .map_or("every promise", |found| found.promise.name())
}

fn departure(leaves: &Departure) -> String {
    let said = |entry: &Option<String>| entry.clone().unwrap_or_else(|| "nothing more".into());
    format!(
        "  the run leaves the recorded one at entry {}\n  recorded  {}\n  now       {}\n",
        leaves.entry,
        said(&leaves.recorded),
        said(&leaves.now)
    )
}
