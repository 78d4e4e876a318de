//! What a recording was found to be, for people.

use std::fmt::Write;

use checker::import::Import;
use checker::report::operations;
use checker::{Counterexample, Domain, History, OpId, Outcome, Verdict, Witness};

use super::judged::{Judged, Stand, alone};
use crate::cli::args::Model;
use crate::cli::exit::Exit;
use crate::cli::hunt::counted;

/// A screen: how the recording was read, then each promise, then what was measured.
pub(super) fn told<D: Domain>(
    import: &Import,
    model: Model,
    history: &History<D>,
    judged: &[Judged],
    measured: &str,
) -> String {
    let mut out = String::new();
    let unknown = history
        .ops()
        .iter()
        .filter(|op| op.outcome == Outcome::Unknown)
        .count();
    let _ = writeln!(
        out,
        "read {} operations as {} ({}{}), {unknown} of unknown outcome",
        history.ops().len(),
        model,
        import.format,
        if import.keyed { ", by key" } else { "" },
    );
    if !import.timed {
        let _ = writeln!(
            out,
            "it tells no times: nothing is taken to have come before anything of another process"
        );
    }
    for one in judged.iter().filter(|one| one.decisive) {
        match &one.stand {
            Stand::Follows(stronger) => {
                let _ = writeln!(out, "✓ {}  follows from {stronger}", one.promise);
            }
            Stand::Verdict(verdict @ Verdict::Valid(Witness { exercised, .. })) => {
                let _ = writeln!(out, "✓ {}  {}", one.promise, counted(verdict));
                if exercised.get("answers that could be wrong") == Some(&0) {
                    let _ = writeln!(
                        out,
                        "  no operation has an answer that could have been wrong"
                    );
                }
            }
            Stand::Verdict(Verdict::Unknown(shortfall)) => {
                let _ = writeln!(out, "{} {}  {shortfall}", mark(one), one.promise);
            }
            Stand::Verdict(Verdict::Invalid(found)) => explain(&mut out, import, history, found),
        }
    }
    beside(&mut out, judged);
    for line in measured.lines() {
        let _ = writeln!(out, "  {line}");
    }
    out
}

fn mark(one: &Judged) -> &'static str {
    match alone(&one.stand) {
        Exit::Fine => "✓",
        Exit::Violated => "✗",
        Exit::Idle => "–",
        _ => "?",
    }
}

/// The promises that nobody asked for, in a line.
fn beside(out: &mut String, judged: &[Judged]) {
    const WIDTH: usize = 96;
    let others: Vec<String> = judged
        .iter()
        .filter(|one| !one.decisive && alone(&one.stand) != Exit::Idle)
        .map(|one| format!("{} {}", mark(one), one.promise))
        .collect();
    if others.is_empty() {
        return;
    }
    out.push_str("\nbeside what was asked (--property NAME explains one):\n");
    let mut line = String::from(" ");
    for other in others {
        if line.chars().count() + other.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = String::from(" ");
        }
        let _ = write!(line, " {other}  ");
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

/// The sentence, the operations that explain it, the facts, and where to find them in the file.
fn explain<D: Domain>(
    out: &mut String,
    import: &Import,
    history: &History<D>,
    found: &Counterexample,
) {
    let key = found
        .key
        .as_ref()
        .map(|key| format!("  key {key}"))
        .unwrap_or_default();
    let _ = writeln!(out, "✗ {}{key}\n\n  {}\n", found.title(), found.sentence);
    out.push_str(&operations(history, &found.ops));
    out.push('\n');
    let mut label = "why";
    for reason in &found.reasons {
        let _ = writeln!(out, "  {label:<5} {}", reason.text);
        label = "";
    }
    if let Some((first, last)) = lines(import, history, found.ops.iter().copied()) {
        let _ = writeln!(
            out,
            "  {:<5} lines {first} to {last} of the recording",
            "where"
        );
    }
}

/// The first and last line of the file on which these operations begin.
fn lines<D: Domain>(
    import: &Import,
    history: &History<D>,
    ops: impl Iterator<Item = OpId>,
) -> Option<(usize, usize)> {
    let lines: Vec<usize> = ops
        .filter_map(|op| history.op(op))
        .filter_map(|op| import.lines.get(op.line - 1))
        .collect();
    Some((*lines.iter().min()?, *lines.iter().max()?))
}
