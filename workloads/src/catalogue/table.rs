//! The table of flaws as text: who caught which, after how many runs, and how small it became.

use std::fmt::Write;
use std::time::Duration;

use dynamo_core::{Family, Flaw};

use super::choices::{Choice, choices};
use super::finders::Finders;
use super::hunt::Hunts;
use super::row::{Row, Sight};
use super::summary::Summary;
use crate::campaign::Trouble;
use crate::units::grouped;

/// What was hunted, and what was found.
#[derive(Clone, Debug)]
pub struct Table {
    /// What was hunted, and how.
    pub hunts: Hunts,
    /// A row for each flaw.
    pub rows: Vec<Row>,
}

/// The head of the table.
pub(super) const HEAD: [&str; 12] = [
    "flaw", "promise", "runs", "time", "found", "calls", "faults", "nodes", "cause", "seen by",
    "preset", "source",
];

/// The columns of numbers.
pub(super) const NUMBERS: [bool; 12] = [
    false, false, true, true, true, true, true, true, false, false, false, false,
];

impl Table {
    /// The flaws that were found from no base.
    pub fn missed(&self) -> Vec<Flaw> {
        Summary::of(&self.rows).missed
    }

    /// By family, with the families that have rows.
    pub(super) fn families(&self) -> impl Iterator<Item = (Family, Vec<&Row>)> {
        let families = Family::ALL.into_iter().map(|family| {
            let rows = self.rows.iter().filter(|row| row.flaw.family() == family);
            (family, rows.collect::<Vec<_>>())
        });
        families.filter(|(_, rows)| !rows.is_empty())
    }

    /// What was hunted, in a sentence.
    pub(super) fn hunted(&self) -> String {
        let Hunts {
            bases, runs, time, ..
        } = &self.hunts;
        let many = if *bases == 1 { "campaign" } else { "campaigns" };
        let time = time.map_or(String::new(), |time| {
            format!(" or {} of one core", span(time))
        });
        format!(
            "{bases} {many} a flaw from seed base {:#x}, each up to {} runs{time}",
            self.hunts.seed_base,
            grouped(*runs),
        )
    }

    /// As text for a terminal.
    pub fn human(&self) -> String {
        let cells: Vec<[String; 12]> = self.rows.iter().map(cells).collect();
        let head = HEAD.map(str::to_owned);
        let width = |column: usize| {
            let all = std::iter::once(&head).chain(&cells);
            all.map(|cells| cells[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        let line = |cells: &[String; 12]| {
            let mut out = String::new();
            for (column, cell) in cells.iter().enumerate() {
                let pad = " ".repeat(widths[column] - cell.chars().count());
                let (left, right) = if NUMBERS[column] {
                    (pad.as_str(), "")
                } else {
                    ("", pad.as_str())
                };
                let _ = write!(out, "  {left}{cell}{right}");
            }
            format!("{}\n", out.trim_end())
        };
        let mut out = format!("{}\n\n{}", self.hunted(), line(&head));
        for (family, rows) in self.families() {
            let _ = writeln!(out, "\n{}", family.name());
            for row in rows {
                out += &line(&self::cells(row));
            }
        }
        out += "\n";
        out += &totals(&Summary::of(&self.rows));
        out += &what_finds_what(&Finders::of(&self.rows));
        out += &paper(&choices());
        out
    }
}

/// A row as cells.
pub(super) fn cells(row: &Row) -> [String; 12] {
    let dash = || "–".to_owned();
    let least = row.least.as_ref().map(|least| least.size.minimized);
    let (calls, faults, nodes) = least
        .map_or((dash(), dash(), dash()), |(calls, faults, nodes)| {
            (calls.to_string(), faults.to_string(), nodes.to_string())
        });
    let found = row.is_found();
    let median = |said: Option<String>| {
        if found {
            said.unwrap_or_else(|| "rare".into())
        } else {
            dash()
        }
    };
    [
        row.flaw.name().into(),
        verdict(row).into(),
        median(row.median_runs().map(grouped)),
        median(row.median_time().map(span)),
        format!("{}/{}", row.found(), row.hunts.len()),
        calls,
        faults,
        nodes,
        cause(row.names_cause()).into(),
        sight(row.sight).into(),
        row.preset.name().into(),
        row.flaw.source().into(),
    ]
}

/// The promise that caught it, or why none did.
fn verdict(row: &Row) -> &'static str {
    match (row.caught_by(), row.trouble()) {
        (Some(promise), _) => promise.name(),
        (None, Some(Trouble::Undriven(..))) => "undriven",
        (None, Some(Trouble::TwoWays(..))) => "two ways",
        (None, None) => "missed",
    }
}

pub(super) fn cause(named: Option<bool>) -> &'static str {
    match named {
        Some(true) => "yes",
        Some(false) => "no",
        None => "–",
    }
}

pub(super) fn sight(sight: Sight) -> &'static str {
    match sight {
        Sight::Clients => "clients",
        Sight::Evidence { .. } => "white-box",
        Sight::Nobody => "–",
    }
}

/// A time in its nearest unit.
pub(super) fn span(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..10_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1_000),
        1_000_000..10_000_000 => {
            format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000)
        }
        _ => format!("{} s", time.as_secs()),
    }
}

pub(super) fn names(flaws: &[Flaw]) -> String {
    if flaws.is_empty() {
        return "none".into();
    }
    let names: Vec<&str> = flaws.iter().map(|flaw| flaw.name()).collect();
    names.join(", ")
}

/// What all rows come to, each with its label.
pub(super) fn lines(summary: &Summary) -> Vec<(&'static str, String)> {
    let Summary {
        flaws,
        found,
        always,
        ..
    } = summary;
    let (named, unnamed) = summary.named;
    let mut lines = vec![(
        "found",
        format!("{found} of {flaws} flaws; {always} from every base"),
    )];
    lines.push(("missed", names(&summary.missed)));
    if let (Some(runs), Some(time)) = (summary.median_runs, summary.median_time) {
        let (runs, time) = (grouped(runs), span(time));
        lines.push((
            "first find",
            format!("median of medians {runs} runs, {time}"),
        ));
    }
    if let Some((flaw, time)) = summary.longest {
        lines.push(("longest hunt", format!("{}: {flaw}", span(time))));
    }
    if let (Some((calls, faults)), Some(largest)) = (summary.median_size, summary.largest) {
        let (flaw, most_calls, most_faults) = largest;
        lines.push((
            "minimized",
            format!(
                "median {} and {}; the largest {} and {}: {flaw}",
                count(calls, "call"),
                count(faults, "fault"),
                count(most_calls, "call"),
                count(most_faults, "fault"),
            ),
        ));
    }
    lines.push(("cause named", format!("{named} of {}", named + unnamed)));
    if unnamed > 0 {
        lines.push(("not named", names(&summary.unnamed)));
    }
    lines.push(("white-box", names(&summary.white_box)));
    lines
}

fn count(number: u32, noun: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{many}")
}

fn totals(summary: &Summary) -> String {
    let lines = lines(summary).into_iter();
    let told = lines.map(|(label, text)| wrapped(label, 14, &text));
    told.collect()
}

/// A label and words in lines of at most 100 columns, later ones indented.
fn wrapped(label: &str, indent: usize, text: &str) -> String {
    let mut out = format!("{label:<indent$}");
    let mut column = indent;
    for (nth, word) in text.split(' ').enumerate() {
        let wide = word.chars().count();
        if nth > 0 && column + 1 + wide > 100 {
            let _ = write!(out, "\n{}", " ".repeat(indent));
            column = indent;
        } else if nth > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += wide;
    }
    out + "\n"
}

fn what_finds_what(finders: &Finders) -> String {
    let mut out = format!(
        "\nwhat finds what: flaws that it finds, and of those found {} times or more, which it alone finds\n",
        Finders::ENOUGH
    );
    for (kind, finders) in finders.tables() {
        let _ = writeln!(out, "\n{kind}");
        for finder in finders {
            let only = match finder.only.len() {
                0 => String::new(),
                _ => format!("; alone {}: {}", finder.only.len(), names(&finder.only)),
            };
            let why = finder.why.map_or(String::new(), |why| format!("; {why}"));
            let text = format!("{}{only}{why}", finder.all.len());
            out += &wrapped(&format!("  {}", finder.name), 30, &text);
        }
    }
    out
}

/// What a choice costs, in words.
pub(super) fn costs(choice: &Choice) -> String {
    let mut costs: Vec<&str> = choice
        .gives_up
        .iter()
        .map(|promise| promise.name())
        .collect();
    if choice.may_lose {
        costs.push("writes may get lost");
    }
    if choice.may_revive {
        costs.push("what was replaced may come back");
    }
    costs.join(", ")
}

fn paper(choices: &[Choice]) -> String {
    let mut out =
        String::from("\nchoices of the paper that are no flaws: setting, and what it gives up\n\n");
    for choice in choices {
        let row = choice
            .row
            .map_or(String::new(), |row| format!(" (row {row})"));
        let text = format!("{}: {}{row}", choice.setting, costs(choice));
        out += &wrapped(&format!("  {}", choice.name), 40, &text);
    }
    out
}
