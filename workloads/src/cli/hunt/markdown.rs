//! What campaigns came to as Markdown, for the summary page of a CI job.

use std::fmt::Write;

use checker::report::markup::{code, markdown_text as text};

use super::human::{counts, times};
use super::outcome::{Outcome, Violation};
use crate::units::grouped as number;

/// A page that is larger than a mebibyte is refused whole, so it ends before.
const BYTES_MAX: usize = 900_000;

/// All campaigns, the causes of violations first.
pub(in crate::cli) fn summary(campaigns: &[Outcome]) -> String {
    let causes: usize = campaigns.iter().map(|outcome| outcome.causes.len()).sum();
    let runs: u64 = campaigns.iter().map(|outcome| outcome.runs).sum();
    let head = match causes {
        0 => format!("### dyno: nothing violated in {} runs\n", number(runs)),
        1 => format!("### ✗ dyno: 1 cause in {} runs\n", number(runs)),
        _ => format!("### ✗ dyno: {causes} causes in {} runs\n", number(runs)),
    };
    let violations = campaigns.iter().flat_map(|outcome| &outcome.causes);
    let parts = violations
        .map(violation)
        .chain(campaigns.iter().map(campaign));
    let mut out = head;
    let mut left = 0;
    for part in parts {
        if left == 0 && out.len() + part.len() <= BYTES_MAX {
            out += &part;
        } else {
            left += 1;
        }
    }
    if left > 0 {
        let _ = writeln!(out, "\n… and {left} more, in the other files of the job.");
    }
    out
}

fn violation(cause: &Violation) -> String {
    let mut out = format!(
        "\n**{}** · {} · in {}\n\n{}\n",
        text(&cause.title),
        cause.fingerprint,
        times(cause.runs),
        text(cause.sentence())
    );
    if let Some(found) = &cause.counterexample {
        out.push('\n');
        for reason in &found.reasons {
            let _ = writeln!(out, "- {}", text(&reason.text));
        }
    }
    if let Some(decision) = cause
        .explanation
        .as_ref()
        .and_then(|all| all.decision.as_ref())
    {
        let _ = writeln!(out, "\nDecided: {}", text(&decision.sentence));
    }
    let _ = writeln!(out, "\nReplay: `dyno replay {}`", code(&cause.bundle));
    out
}

fn campaign(outcome: &Outcome) -> String {
    let mut out = format!(
        "\n#### {}: {} runs, {} operations\n\n| promise | verdict | runs | exercised |\n| --- | --- | ---: | --- |\n",
        outcome.preset,
        number(outcome.runs),
        number(outcome.operations)
    );
    for judged in &outcome.promises {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            judged.promise,
            judged.verdict.said(),
            number(judged.runs()),
            counts(&judged.exercised).join(", ")
        );
    }
    if let Some(broken) = &outcome.trouble {
        let _ = writeln!(
            out,
            "\nSeed {:#018x} could not be judged: {}",
            broken.seed,
            text(broken.why())
        );
    }
    let _ = writeln!(
        out,
        "\nExercised: {}",
        counts(&outcome.exercised).join(" · ")
    );
    if !outcome.never.is_empty() {
        let _ = writeln!(out, "\nNever: **{}**", outcome.never.join(" · "));
    }
    out
}
