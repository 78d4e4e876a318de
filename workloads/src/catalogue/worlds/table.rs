//! Flaws in both worlds as a table.

use std::fmt::Write;

use super::{InBoth, Real, Why};

const HEADS: [&str; 5] = ["flaw", "simulator", "in run", "processes", "in run"];

/// For a terminal.
pub fn human(rows: &[InBoth]) -> String {
    let mut lines = vec![HEADS.map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    let width = |column: usize| {
        let widths = lines.iter().map(|line| line[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().enumerate();
        let padded = padded.map(|(column, cell)| format!("{cell:<0$}", width(column)));
        let padded: Vec<String> = padded.collect();
        let _ = writeln!(text, "{}", padded.join("  ").trim_end());
    }
    text + "\n" + &summary(rows) + "\n"
}

/// One flaw in a line.
pub fn line(row: &InBoth) -> String {
    cells(row).join("  ")
}

/// For a page.
pub fn markdown(rows: &[InBoth]) -> String {
    let mut text = format!("| {} |\n|---|---|---:|---|---:|\n", HEADS.join(" | "));
    for row in rows {
        let _ = writeln!(text, "| {} |", cells(row).join(" | "));
    }
    text + "\n" + &summary(rows) + "\n"
}

fn cells(row: &InBoth) -> [String; 5] {
    let nothing = || "–".to_owned();
    let (promise, run) = row.simulated.map_or_else(
        || (nothing(), nothing()),
        |simulated| (simulated.promise.to_string(), simulated.run.to_string()),
    );
    let (what, when) = match &row.real {
        Real::Caught {
            run,
            promise,
            minimized,
        } => {
            let how = if *minimized { ", minimized plan" } else { "" };
            (format!("{promise}{how}"), run.to_string())
        }
        Real::Missed { tries, by_luck } => {
            let luck = format!("with other luck {by_luck} of {tries} in the simulator");
            (format!("missed in {tries} runs; {luck}"), nothing())
        }
        Real::Never(why) => (told(why), nothing()),
        Real::Unsound(promise) => (format!("{promise} breaks without the flaw"), nothing()),
        Real::Trouble(why) => (why.clone(), nothing()),
    };
    [row.flaw.to_string(), promise, run, what, when]
}

fn told(why: &Why) -> String {
    match why {
        Why::Faults(kinds) if kinds.is_empty() => "needs other plans".into(),
        Why::Faults(kinds) => format!("needs faults: {}", kinds.join(", ")),
        Why::Sight(promise) => format!("{promise}, seen only by who sees all"),
        Why::Unfound => "found by no plan".into(),
    }
}

fn summary(rows: &[InBoth]) -> String {
    let count = |such: fn(&Real) -> bool| rows.iter().filter(|row| such(&row.real)).count();
    let caught = count(|real| matches!(real, Real::Caught { .. }));
    let never = count(|real| matches!(real, Real::Never(_)));
    let timed = count(Real::takes_virtual_time);
    let (all, missed) = (rows.len(), rows.len() - caught - never - timed);
    format!(
        "{caught} of {all} caught on processes, {never} shown by no plan of theirs, {timed} take a moment of virtual time, {missed} missed."
    )
}
