//! The table of flaws as Markdown, for documents.

use std::fmt::Write;

use super::choices::choices;
use super::finders::Finders;
use super::row::Sight;
use super::summary::Summary;
use super::table::{HEAD, NUMBERS, Table, cells, costs, lines, names};
use crate::units::grouped;

impl Table {
    /// As Markdown. Times depend on the machine and are marked so; all else does not, unless a time limit ended a
    /// campaign.
    pub fn markdown(&self) -> String {
        let mut out = format!(
            "# The flaw catalogue\n\n{}. † depends on the machine.\n",
            self.hunted()
        );
        let mut head = HEAD.map(str::to_owned);
        for column in &mut head {
            if column == "time" {
                column.push('†');
            }
        }
        for (family, rows) in self.families() {
            let _ = writeln!(out, "\n## {}\n\n{}", family.name(), row(&head));
            out += &rule(&NUMBERS);
            for one in rows {
                let mut cells = cells(one);
                cells[0] = format!("`{}`", cells[0]);
                let _ = writeln!(out, "{}", row(&cells));
            }
        }
        out += "\n## All of them\n\n";
        for (label, text) in lines(&Summary::of(&self.rows)) {
            let machine = if ["first find", "longest hunt"].contains(&label) {
                "†"
            } else {
                ""
            };
            let _ = writeln!(out, "- {label}{machine}: {text}");
        }
        out += &self.sights();
        out += &found_by(&Finders::of(&self.rows));
        out += &paper();
        out
    }

    /// What "white-box" rests on.
    fn sights(&self) -> String {
        let searched = self.rows.iter().filter_map(|row| match row.sight {
            Sight::Evidence { runs } => Some(runs),
            Sight::Clients | Sight::Nobody => None,
        });
        let Some(runs) = searched.max() else {
            return String::new();
        };
        format!(
            "\nWhite-box: no find, and none of up to {} runs of the first base, broke a promise by what clients \
             see; it took evidence of disks, messages or counted answers.\n",
            grouped(runs)
        )
    }
}

fn row(cells: &[String]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |", cells.join(" | "))
}

fn rule(numbers: &[bool]) -> String {
    let marks = numbers
        .iter()
        .map(|number| if *number { "---:" } else { "---" });
    let marks: Vec<&str> = marks.collect();
    format!("| {} |\n", marks.join(" | "))
}

fn found_by(finders: &Finders) -> String {
    let mut out = format!(
        "\n## What finds what\n\n\"Alone\" is said of flaws that were found {} times or more.\n",
        Finders::ENOUGH
    );
    for (kind, finders) in finders.tables() {
        let about = match kind {
            "promise" => "alone: no other promise was broken in any find",
            "promise, as clients see it" => {
                "the same without evidence of disks, messages and counted answers"
            }
            "load" => "found: some find has it; alone: each has it",
            _ => {
                "found: the minimized counterexample has it, or every find needs it; alone: without it no find \
                 breaks a promise"
            }
        };
        let _ = writeln!(
            out,
            "\n| {kind} | found | alone | which alone |\n| --- | ---: | ---: | --- |"
        );
        for finder in finders {
            let cells = [
                finder.name.to_owned(),
                finder.all.len().to_string(),
                finder.only.len().to_string(),
                names(&finder.only),
            ];
            let _ = writeln!(out, "{}", row(&cells));
        }
        let _ = writeln!(out, "\n{}.", capital(about));
        let explained = finders
            .iter()
            .filter_map(|finder| Some((finder, finder.why?)));
        for (nth, (finder, why)) in explained.enumerate() {
            let gap = if nth == 0 { "\n" } else { "" };
            let none = if finder.all.is_empty() {
                "nothing"
            } else {
                "nothing alone"
            };
            let _ = writeln!(out, "{gap}- {} finds {none}: {why}", finder.name);
        }
    }
    out
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

fn paper() -> String {
    let mut out = String::from(
        "\n## Choices of the paper\n\nNo flaws: settings, each with what a cluster gives up that would keep everything \
         without it.\n\n| choice | setting | where | gives up | row of the matrix |\n| --- | --- | --- | --- | --- |\n",
    );
    for choice in choices() {
        let cells = [
            choice.name.to_owned(),
            format!("`{}`", choice.setting),
            choice.section.to_owned(),
            costs(&choice),
            choice.row.map_or("–".into(), |row| row.name().to_owned()),
        ];
        let _ = writeln!(out, "{}", row(&cells));
    }
    out
}
