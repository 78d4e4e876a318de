//! A counterexample for the terminal: the sentence first, then the story, then why it is certain.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::bundle::Bundle;
use super::explained::summary;
use super::steps::{Step, What, steps};
use crate::domain::Domain;
use crate::history::{History, OpId, Outcome, Time};
use crate::kv::Kv;
use crate::note::Node;

/// Wider tables put the replicas' contents on lines of their own.
const WIDTH: usize = 100;

/// More steps than this are not a picture; the middle is left out, and said to be.
const STEPS: usize = 48;

/// The report of one bundle, at most 100 columns wide where its values allow.
pub fn terminal(bundle: &Bundle, history: &History<Kv>) -> String {
    let mut out = String::new();
    let Some(found) = &bundle.counterexample else {
        return format!("nothing was broken with seed {:#018x}\n", bundle.seed);
    };
    let _ = writeln!(
        out,
        "✗ {}  {}  seed {:#018x}\n",
        found.title(),
        bundle.target,
        bundle.seed
    );
    let _ = writeln!(out, "  {}\n", found.sentence);
    out + &body(bundle, history, STEPS)
}

/// What [`terminal`] says after its heading: the steps, at most so many of them, why it is certain, and how
/// large it is. Empty where nothing was broken.
pub fn body(bundle: &Bundle, history: &History<Kv>, steps_max: usize) -> String {
    let mut out = String::new();
    let Some(found) = &bundle.counterexample else {
        return out;
    };
    story(&mut out, bundle, history, steps_max);
    let mut label = "why";
    for reason in &found.reasons {
        let _ = writeln!(out, "  {label:<9} {}", reason.text);
        label = "";
    }
    let _ = writeln!(out, "  {:<9} {}", "cause", bundle.fingerprint());
    if let Some(explanation) = &bundle.explanation {
        summary(&mut out, explanation);
    }
    for title in &bundle.also {
        let _ = writeln!(out, "  {:<9} {title}", "also");
    }
    if let Some(size) = bundle.size {
        let (calls, faults, nodes) = size.minimized;
        let (was_calls, was_faults, was_nodes) = size.found;
        let _ = writeln!(
            out,
            "  {:<9} {}, {}, {} (from {was_calls}, {was_faults}, {was_nodes} by {})",
            "size",
            many(calls, "call"),
            many(faults, "fault"),
            many(nodes, "node"),
            many(size.replays, "replay"),
        );
    }
    out
}

/// `1 call`, `2 calls`.
fn many(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A table of these operations, with times: what a reader of a recording needs to see.
pub fn operations<D: Domain>(history: &History<D>, ids: &[OpId]) -> String {
    let mut ops: Vec<_> = ids.iter().filter_map(|id| history.op(*id)).collect();
    ops.sort_by_key(|op| op.line);
    ops.dedup_by_key(|op| op.line);
    let mut rows = vec![["op", "client", "call", "return", "operation"].map(String::from)];
    for op in ops {
        rows.push([
            op.id.0.to_string(),
            op.process.to_string(),
            op.invoked.0.to_string(),
            op.returned
                .map_or_else(|| "-".into(), |at| at.0.to_string()),
            cut(&op.label()),
        ]);
    }
    let left_out = rows.len().saturating_sub(STEPS);
    rows.truncate(STEPS);
    let wide = |column: usize| {
        rows.iter()
            .map(|row| width(&row[column]))
            .max()
            .unwrap_or(0)
    };
    let wides = [wide(0), wide(1), wide(2), wide(3)];
    let mut out = String::new();
    for row in &rows {
        out.push_str("  ");
        for (cell, wide) in row.iter().zip(wides) {
            let _ = write!(out, "{}{cell}  ", " ".repeat(wide - width(cell)));
        }
        let _ = writeln!(out, "{}", row[4]);
    }
    if left_out > 0 {
        let _ = writeln!(out, "  ⋯ {left_out} more operations");
    }
    out
}

/// A label that fits into a table: what is longer says by how much.
fn cut(label: &str) -> String {
    const LONGEST: usize = 160;
    match label.char_indices().nth(LONGEST) {
        None => label.into(),
        Some((end, _)) => {
            let more = label[end..].chars().count();
            format!("{}… ({more} more characters)", &label[..end])
        }
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn padded(text: &str, wide: usize) -> String {
    format!("{text}{}", " ".repeat(wide.saturating_sub(width(text))))
}

fn story(out: &mut String, bundle: &Bundle, history: &History<Kv>, steps_max: usize) {
    let found = bundle.counterexample.as_ref();
    let told: BTreeSet<OpId> = found
        .map(|found| found.ops.iter().copied().collect())
        .unwrap_or_default();
    let hidden = hidden(bundle, history, &told);
    let all = steps(history, &hidden, &bundle.network);
    let names = names(history, &all);
    let explanation = bundle.explanation.as_ref();
    let decided = explanation.and_then(|explanation| explanation.decision.as_ref());
    let mut nodes: BTreeSet<Node> = decided
        .and_then(|decided| decided.node)
        .into_iter()
        .collect();
    for step in &all {
        nodes.extend(step.held().keys());
    }
    let lines: Vec<Line> = all
        .iter()
        .map(|step| line(step, bundle, history, &names))
        .collect();
    let time = lines
        .iter()
        .map(|line| width(&line.time))
        .max()
        .unwrap_or(0)
        .max(2);
    let event = lines
        .iter()
        .map(|line| width(&line.event))
        .max()
        .unwrap_or(0)
        .max(5);
    let columns: Vec<(Node, usize)> = nodes
        .into_iter()
        .map(|node| {
            let held = all.iter().filter_map(|step| step.held().remove(&node));
            let wide = held.map(|text| width(&text)).max().unwrap_or(0);
            (node, wide.max(3))
        })
        .collect();
    let total = 8 + time + 2 + event + columns.iter().map(|(_, wide)| wide + 2).sum::<usize>();
    let table = Table {
        time,
        event,
        columns,
        beside: total <= WIDTH,
    };
    table.head(out);
    let skipped = lines.len().saturating_sub(steps_max);
    for (index, (step, line)) in all.iter().zip(&lines).enumerate() {
        if skipped > 0 && index == steps_max / 2 {
            let _ = writeln!(out, "        ⋯ {skipped} more steps");
        }
        if skipped == 0 || index < steps_max / 2 || index >= steps_max / 2 + skipped {
            table.row(out, index + 1, step, line);
        }
    }
    if !hidden.is_empty() {
        let _ = writeln!(out, "        ⋯ {} more reads at the end", hidden.len());
    }
    out.push('\n');
}

/// Reads at the quiet end that nobody speaks of: of several equal ones, none needs to be seen.
fn hidden(bundle: &Bundle, history: &History<Kv>, told: &BTreeSet<OpId>) -> BTreeSet<OpId> {
    let asked: BTreeSet<OpId> = bundle.via.keys().copied().collect();
    let rest = history.ops().iter().map(|op| op.id);
    rest.filter(|id| !asked.contains(id) && !told.contains(id))
        .collect()
}

struct Line {
    time: String,
    event: String,
}

struct Table {
    time: usize,
    event: usize,
    columns: Vec<(Node, usize)>,
    beside: bool,
}

impl Table {
    fn head(&self, out: &mut String) {
        let ms = " ".repeat(self.time - 2) + "ms";
        let _ = write!(out, "  step  {ms}  ");
        if self.beside {
            let mut line = padded("event", self.event);
            for (node, wide) in &self.columns {
                line.push_str("  ");
                line.push_str(&padded(&node.to_string(), *wide));
            }
            out.push_str(line.trim_end());
        } else {
            out.push_str("event");
        }
        out.push('\n');
    }

    fn row(&self, out: &mut String, number: usize, step: &Step, line: &Line) {
        let time = " ".repeat(self.time - width(&line.time)) + &line.time;
        let held = step.held();
        let mut text = format!("  {number:>4}  {time}  ");
        if self.beside {
            text.push_str(&padded(&line.event, self.event));
            for (node, wide) in &self.columns {
                let held = held.get(node).map_or("·", String::as_str);
                text.push_str("  ");
                text.push_str(&padded(held, *wide));
            }
            let _ = writeln!(out, "{}", text.trim_end());
        } else {
            let _ = writeln!(out, "{}", (text + &line.event).trim_end());
            for (node, held) in &held {
                let _ = writeln!(out, "{}{node} holds {held}", " ".repeat(self.time + 12));
            }
        }
    }
}

/// Calls are told by number, so that contexts can name the read they came from.
fn names(history: &History<Kv>, all: &[Step]) -> BTreeMap<OpId, usize> {
    let calls = all
        .iter()
        .enumerate()
        .filter_map(|(index, step)| match step.what {
            What::Call(op) => Some((op, index + 1)),
            _ => None,
        });
    calls.filter(|(op, _)| history.op(*op).is_some()).collect()
}

fn line(
    step: &Step,
    bundle: &Bundle,
    history: &History<Kv>,
    names: &BTreeMap<OpId, usize>,
) -> Line {
    let ms = |time: Time| {
        if time.0 < 10_000 {
            format!("{}.{}", time.0 / 1000, time.0 % 1000 / 100)
        } else {
            (time.0 / 1000).to_string()
        }
    };
    let (mut time, event) = match &step.what {
        What::Fault(what, true) => (ms(step.from), format!("✂ {what}")),
        What::Fault(what, false) => (ms(step.from), format!("  over: {what}")),
        What::Transfer {
            from,
            to,
            kind,
            key,
        } => (ms(step.from), format!("{kind} {from} → {to} of {key}")),
        What::Call(id) => (ms(step.from), call(*id, bundle, history, names)),
        said => (ms(step.from), said.said().unwrap_or_default()),
    };
    if let Some(until) = step.until {
        time = format!("{time}-{}", ms(until));
    }
    Line { time, event }
}

fn call(id: OpId, bundle: &Bundle, history: &History<Kv>, names: &BTreeMap<OpId, usize>) -> String {
    let Some(op) = history.op(id) else {
        return String::new();
    };
    let mut text = format!("{} {}", op.process, Kv::call_label(&op.call));
    for seen in op.call.context() {
        let step = names
            .get(seen)
            .map_or_else(|| seen.to_string(), |step| format!("step {step}"));
        let _ = write!(text, " having seen {step}");
    }
    match &op.outcome {
        Outcome::Ok(ret) => {
            let _ = write!(text, " → {}", Kv::ret_label(ret));
        }
        Outcome::Fail => text.push_str(" → refused"),
        Outcome::Unknown => text.push_str(" → ? (no answer in time)"),
    }
    if let Some(node) = bundle.via.get(&id) {
        let _ = write!(text, "  via {node}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_label_says_how_much_longer_it_is() {
        assert_eq!(cut("get x → a"), "get x → a");
        let cut = cut(&"ü".repeat(1_000));
        assert!(cut.ends_with("ü… (840 more characters)"), "{cut}");
    }
}
