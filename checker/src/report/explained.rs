//! An explanation for the terminal: what the failure needs, since when it was certain, the mistake.

use std::fmt::Write;

use super::explanation::{Doom, Effect, Explanation, Need, Share};
use crate::history::Time;

/// Where lines are wrapped.
const WIDTH: usize = 100;

/// The short form, for the end of a report.
pub(super) fn summary(out: &mut String, explanation: &Explanation) {
    if let Some(decision) = &explanation.decision {
        let place = decision
            .node
            .map_or_else(String::new, |node| format!(" on {node}"));
        let said = format!("{} ms{place}: {}", ms(decision.at), decision.sentence);
        item(out, "decided", &[said]);
    }
    let mut doom: Vec<String> = Vec::new();
    let mut before = None;
    for moment in &explanation.doom {
        let percent = moment.share.percent();
        if before != Some(percent) {
            doom.push(format!("{percent} % from {}", since(moment)));
        }
        before = Some(percent);
    }
    item(out, "doomed", &doom);
    let whole = explanation.as_it_is;
    let list = |label: &str| -> Vec<String> {
        let needs = explanation.needs.iter();
        let listed = needs.filter(|need| of(need, whole) == label);
        let told = listed.map(|need| match &need.effect {
            Effect::Otherwise(how) => format!("{} ({how})", need.change),
            _ => need.change.clone(),
        });
        told.collect()
    };
    for label in ["holds", "by luck", "idle", "otherwise", "any"] {
        item(out, label, &list(label));
    }
}

/// Under which label a change stands.
///
/// That the promise held once means something only if it holds more often than as things were.
fn of(need: &Need, whole: Share) -> &'static str {
    match &need.effect {
        Effect::Holds
            if need.luck.runs > 0 && need.luck.percent() >= whole.percent() && whole.fails > 0 =>
        {
            "by luck"
        }
        Effect::Holds => "holds",
        Effect::Idle(_) => "idle",
        Effect::Unpromised => "",
        Effect::Otherwise(_) => "otherwise",
        Effect::Fails => "any",
    }
}

/// The long form: a row for each change, with what other luck makes of it, and the curve.
pub fn explained(explanation: &Explanation) -> String {
    let mut out = String::new();
    out.push_str("what it takes to fail: one thing changed, all else and all luck as it was\n\n");
    table(&mut out, explanation);
    if explanation.untried > 0 {
        let _ = writeln!(
            out,
            "  {} more changes were not tried: the replays were used up",
            explanation.untried
        );
    }
    let _ = writeln!(
        out,
        "\nwhen it became unavoidable: continuations with other luck that fail the same way\n"
    );
    for moment in &explanation.doom {
        let Share { fails, runs } = moment.share;
        let bar = "█".repeat((moment.share.percent() / 5) as usize);
        let what = if moment.what.is_empty() {
            "the end"
        } else {
            &moment.what
        };
        let _ = writeln!(
            out,
            "  {:>7} ms  {fails:>3} of {runs:<3}  {bar:<20}  {what}",
            ms(moment.at)
        );
    }
    out.push_str("\nthe wrong decision\n\n");
    match &explanation.decision {
        None => out.push_str(
            "  it does not show: nothing that a disk held contradicts what the calls tell\n",
        ),
        Some(decision) => {
            let place = decision
                .node
                .map_or_else(String::new, |node| format!(" on {node}"));
            let _ = writeln!(
                out,
                "  {} ms{place}: {}",
                ms(decision.at),
                decision.sentence
            );
            for fact in &decision.facts {
                let _ = writeln!(out, "  - {fact}");
            }
        }
    }
    let _ = writeln!(out, "\n{} replays", explanation.replays);
    out
}

fn table(out: &mut String, explanation: &Explanation) {
    let mut rows = vec![
        ["changed", "outcome", "other luck"].map(String::from),
        ["nothing".into(), "fails".into(), luck(explanation.as_it_is)],
    ];
    let mut needs: Vec<&Need> = explanation.needs.iter().collect();
    needs.sort_by_key(|need| need.of);
    let row = |need: &Need| [need.change.clone(), effect(&need.effect), luck(need.luck)];
    rows.extend(needs.into_iter().map(row));
    let wide = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let wides = [wide(0), wide(1)];
    for row in &rows {
        out.push_str("  ");
        for (cell, wide) in row.iter().zip(wides) {
            let _ = write!(out, "{cell}{}  ", " ".repeat(wide - cell.chars().count()));
        }
        let _ = writeln!(out, "{}", row[2]);
    }
}

fn luck(share: Share) -> String {
    match share.runs {
        0 => "not tried".into(),
        runs => format!("fails in {} of {runs}", share.fails),
    }
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Fails => "still fails".into(),
        Effect::Holds => "holds".into(),
        Effect::Idle(_) => "nothing to break".into(),
        Effect::Unpromised => "not promised then".into(),
        Effect::Otherwise(how) => format!("fails otherwise: {how}"),
    }
}

fn since(moment: &Doom) -> String {
    match moment.what.as_str() {
        "" => format!("{} ms, the end", ms(moment.at)),
        "the beginning" => moment.what.clone(),
        what => format!("{} ms, {what}", ms(moment.at)),
    }
}

fn ms(at: Time) -> String {
    if at.0 < 10_000 {
        format!("{}.{}", at.0 / 1000, at.0 % 1000 / 100)
    } else {
        (at.0 / 1000).to_string()
    }
}

/// A label and its items, in lines of at most 100 columns; nothing without items.
fn item(out: &mut String, label: &str, items: &[String]) {
    const INDENT: usize = 12;
    if items.is_empty() {
        return;
    }
    let _ = write!(out, "  {label:<9} ");
    let mut column = INDENT;
    for (index, item) in items.iter().enumerate() {
        let mark = if index == 0 { "" } else { " | " };
        let words = format!("{mark}{item}");
        for (number, word) in words.split_inclusive(' ').enumerate() {
            let wide = word.trim_end().chars().count();
            if column + wide > WIDTH && column > INDENT && (number > 0 || index > 0) {
                while out.ends_with(' ') {
                    out.pop();
                }
                out.push('\n');
                out.push_str(&" ".repeat(INDENT));
                column = INDENT;
            }
            out.push_str(word);
            column += word.chars().count();
        }
    }
    while out.ends_with(' ') {
        out.pop();
    }
    out.push('\n');
}
