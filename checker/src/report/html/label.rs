//! What is written on bars, ribbons and hints.

use super::ribbons::Hint;
use super::shown::{clock, short, value, wide};
use super::story::Story;
use super::write::Page;
use crate::domain::Domain;
use crate::history::{Op, Outcome, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::Version;
use crate::report::steps::What;

/// The longest value in a picture.
const VALUE: usize = 18;

/// Siblings at one place that have a ribbon each; the rest are counted.
pub(super) const SIBLINGS: usize = 4;

/// The size of letters on ribbons of so many siblings.
pub(super) fn size(siblings: usize) -> f64 {
    if siblings > 1 { 10.5 } else { 12.0 }
}

/// A version in full, and how much of that is its value.
pub(super) fn version(story: &Story, version: &Version) -> (String, usize) {
    let value = value(version, VALUE);
    let end = value.len();
    let clock = clock(story, version).map_or_else(String::new, |clock| format!(" {clock}"));
    (value + &clock, end)
}

/// What a hint says.
pub(super) fn hint(story: &Story, hint: &Hint) -> String {
    let held: Vec<String> = hint
        .versions
        .iter()
        .map(|held| version(story, held).0)
        .collect();
    format!("hint for {}: {}", hint.owner, held.join(" "))
}

/// A call and its outcome, without its key where there is only one.
pub(super) fn call(story: &Story, op: &Op<Kv>) -> String {
    let key = if story.keys > 1 {
        format!(" {}", short(op.call.key(), 10))
    } else {
        String::new()
    };
    let asked = match &op.call {
        KvCall::Get { .. } => format!("get{key}"),
        KvCall::Put { value, .. } => format!("put{key} {}", short(value, VALUE)),
        KvCall::Delete { .. } => format!("delete{key}"),
    };
    match &op.outcome {
        Outcome::Ok(KvRet::Stored) => format!("{asked} ✓"),
        Outcome::Ok(KvRet::Values(values)) if values.len() <= 4 && !values.is_empty() => {
            let values: Vec<String> = values.iter().map(|value| short(value, VALUE)).collect();
            format!("{asked} → {}", values.join(" | "))
        }
        Outcome::Ok(ret) => format!("{asked} → {}", short(&Kv::ret_label(ret), 40)),
        Outcome::Fail => format!("{asked} ✗ refused"),
        Outcome::Unknown => format!("{asked} ?"),
    }
}

/// Until when the bar of a call goes: one without an answer goes on until its client calls again.
pub(super) fn until(story: &Story, op: &Op<Kv>) -> Option<Time> {
    op.returned.or_else(|| {
        let told = story
            .shown
            .iter()
            .filter_map(|place| story.op(&story.steps[*place]));
        let mut later = told.filter(|next| next.process == op.process && next.line > op.line);
        later.next().map(|next| next.invoked)
    })
}

/// When a fault ends that begins with this step.
pub(super) fn over(story: &Story, step: usize) -> Option<Time> {
    let What::Fault(begun, true) = &story.steps[step].what else {
        return None;
    };
    let mut later = story.steps[step + 1..].iter();
    let ends = later.find(|later| matches!(&later.what, What::Fault(what, false) if what == begun));
    ends.map(|step| step.from)
}

/// Writes a version as far as there is room: with its clock, its value alone, or its first letters.
pub(super) fn fitted(
    page: &mut Page,
    story: &Story,
    version: &Version,
    (x, y, room): (f64, f64, f64),
    size: f64,
) {
    let (full, end) = self::version(story, version);
    let (value, clock) = full.split_at(end);
    let shown = if wide(&full, size) <= room {
        (value.to_owned(), clock)
    } else {
        (clipped(value, room, size), "")
    };
    if shown.0.is_empty() {
        return;
    }
    let text = page
        .el("text")
        .class(if size < 12.0 { "rl s" } else { "rl" });
    let text = text
        .at("x", super::write::px(x))
        .at("y", super::write::px(y))
        .open();
    text.el("tspan").class("vn").text(&shown.0);
    if let Some(plain) = shown.1.strip_suffix('†') {
        text.text(plain);
        text.el("tspan").class("tr").text("†");
    } else {
        text.text(shown.1);
    }
    text.end();
}

/// As much of a text as there is room for; nothing if that is less than two characters.
pub(super) fn clipped(text: &str, room: f64, size: f64) -> String {
    if wide(text, size) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    for c in text.chars() {
        if wide(&format!("{out}{c}…"), size) > room {
            break;
        }
        out.push(c);
    }
    if out.is_empty() { out } else { out + "…" }
}
