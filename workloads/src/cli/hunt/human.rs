//! What a campaign came to, for people.

use std::fmt::Write;

use checker::Counters;

use super::super::exit::Exit;
use super::outcome::{Judged, Outcome, Violation};
use crate::preset::Preset;
use crate::units::grouped as number;

/// All of it but the counterexamples.
pub(in crate::cli) fn summary(outcome: &Outcome) -> String {
    let mut out = String::new();
    let preset = Preset::all().find(|preset| preset.name() == outcome.preset);
    if let Some(preset) = preset.filter(|preset| *preset != Preset::Dynamo) {
        let _ = writeln!(out, "\npreset    {}: {}", preset.name(), preset.about());
    }
    let _ = writeln!(
        out,
        "hunt      runs {}   operations {}   {}\n",
        number(outcome.runs),
        number(outcome.operations),
        outcome.target,
    );
    out += &trouble(outcome);
    for judged in &outcome.promises {
        let _ = writeln!(out, "{}", promise_line(judged));
    }
    let _ = writeln!(
        out,
        "\nexercised   {}",
        wrapped(&counts(&outcome.exercised), 12)
    );
    if !outcome.never.is_empty() {
        let _ = writeln!(out, "never       {}", wrapped(&outcome.never, 12));
    }
    let _ = if outcome.is_real() {
        writeln!(
            out,
            "time        real: no run repeats exactly; disks were looked at twice a run, messages not at all"
        )
    } else {
        let reruns = number(outcome.reruns);
        let also = match outcome.elsewhere {
            0 => String::new(),
            some => format!(", {} of them also in another process", number(some)),
        };
        writeln!(
            out,
            "determinism {reruns} of {reruns} reruns identical{also}"
        )
    };
    if let Some(shows) = outcome.worth() {
        let _ = writeln!(
            out,
            "worth       what breaks a promise in 1 of {} runs would have been seen, with a chance of 95 %",
            number(shows)
        );
    }
    if outcome.interrupted {
        let _ = writeln!(out, "interrupted what is said is of the runs until then");
    }
    out
}

/// Only what is not fine.
pub(in crate::cli) fn failures(outcome: &Outcome) -> String {
    let mut out = trouble(outcome);
    let asked = outcome.promises.iter().filter(|judged| judged.asked);
    for judged in asked.filter(|judged| judged.exit() != Exit::Fine) {
        let _ = writeln!(out, "{}", promise_line(judged));
    }
    out
}

fn trouble(outcome: &Outcome) -> String {
    let Some(broken) = &outcome.trouble else {
        return String::new();
    };
    let seed = broken.seed;
    if let Some(why) = &broken.undriven {
        return format!("the target could not be driven with seed {seed:#018x}: {why}\n\n");
    }
    let parts = broken.parts_at.as_deref();
    let parts = parts.unwrap_or("an event that did not differ again");
    format!(
        "the target is not deterministic: seed {seed:#018x} gave two runs, which part at {parts}\n\n"
    )
}

fn promise_line(judged: &Judged) -> String {
    let promise = judged.promise;
    let seen = match judged.seen_broken {
        0 => "never seen broken".to_owned(),
        broken => format!("seen broken in {}", number(broken)),
    };
    if !judged.asked {
        let said = format!("not promised, {seen} of {} runs", number(judged.unpromised));
        return format!("· {promise:<22}{said}");
    }
    let (mark, said) = match judged.exit() {
        Exit::Violated => ("✗", "broken".to_owned()),
        Exit::Undecided => {
            let why = judged.shortfall.as_deref().unwrap_or_default();
            let runs = number(judged.undecided);
            ("?", format!("not decided in {runs} runs; the first: {why}"))
        }
        Exit::Idle if judged.runs() == 0 && judged.unpromised > 0 => {
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
                number(judged.held),
                number(judged.runs())
            ),
        ),
    };
    let mut said = vec![said];
    if judged.unpromised > 0 && (judged.runs() > 0 || judged.counted) {
        let runs = number(judged.unpromised);
        said.push(if judged.counted {
            format!("not promised in {runs}, {seen}")
        } else {
            format!("not promised in {runs}")
        });
    }
    said.extend(counts(&judged.exercised));
    format!("{mark} {promise:<22}{}", wrapped(&said, 24))
}

/// One line a cause: how often, and where its report is.
pub(in crate::cli) fn causes(causes: &[Violation], runs: u64) -> String {
    let many = if causes.len() == 1 { "cause" } else { "causes" };
    let mut out = format!("\n✗ {} {many} in {} runs\n\n", causes.len(), number(runs));
    for cause in causes {
        let _ = writeln!(
            out,
            "  {}  {}  in {}  {}",
            cause.fingerprint,
            cause.title,
            times(cause.runs),
            cause.bundle
        );
    }
    out
}

/// In how many runs.
pub(in crate::cli) fn times(runs: u64) -> String {
    if runs == 1 {
        "1 run".into()
    } else {
        format!("{} runs", number(runs))
    }
}

/// Each with its name.
pub(in crate::cli) fn counts(counters: &Counters) -> Vec<String> {
    counters
        .iter()
        .map(|(name, count)| format!("{name} {}", number(*count)))
        .collect()
}

/// Items in lines of at most 100 columns, later lines indented.
pub(in crate::cli) fn wrapped(items: &[String], indent: usize) -> String {
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
