//! The panel of a circle: who has to come before whom, edge by edge.

use super::cycle::{Edge, cycle};
use super::picture::text;
use super::shown::{short, wide};
use super::story::Story;
use super::write::{Page, px};
use crate::history::Op;
use crate::kv::Kv;
use crate::verdict::Promise;

/// Longer circles are told, not drawn.
const DRAWN: usize = 6;

/// The panel, for promises that are broken by what sessions see, where the last writer wins.
pub(super) fn section(page: &mut Page, story: &Story) {
    let Some(found) = story.found.filter(|found| is_of_sessions(found.promise)) else {
        return;
    };
    let kept = story.bundle.plan.pointer("/shape/resolution");
    if kept.and_then(serde_json::Value::as_str) != Some("last-writer-wins") {
        return;
    }
    let ops = story.history.ops().iter();
    let ops: Vec<&Op<Kv>> = ops.filter(|op| found.ops.contains(&op.id)).collect();
    let name = |at: usize| match ops.get(at) {
        Some(op) => match story.step_of(op.id) {
            Some(step) => format!("step {}", Story::number(step)),
            None => op.id.to_string(),
        },
        None => "the beginning".into(),
    };
    let agreed = found.promise == Promise::CausalConvergence;
    let edges = cycle(&ops, agreed, &name);
    if edges.is_empty() {
        return;
    }
    let said = |at: usize| match ops.get(at) {
        Some(op) => (
            name(at),
            format!("{} {}", op.process, short(&op.label(), 22)),
        ),
        None => ("the beginning".into(), "the key is empty".into()),
    };
    super::begin(
        page,
        "circle",
        "Why it cannot be",
        "each has to come before the next, and the last before the first",
    );
    super::scroll(page, "A circle of operations", "card");
    if edges.len() <= DRAWN {
        draw(page, &edges, &said);
    }
    page.el("ol").class("proof").open();
    for edge in &edges {
        page.el("li").open();
        page.el("b")
            .text(format!("{} → {}", name(edge.from), name(edge.to)));
        page.text(format!(": {}.", edge.why)).end();
    }
    page.end();
    page.end();
    page.end();
}

fn is_of_sessions(promise: Promise) -> bool {
    matches!(
        promise,
        Promise::Causal
            | Promise::CausalConvergence
            | Promise::CausalMemory
            | Promise::Regular
            | Promise::ReadYourWrites
            | Promise::MonotonicReads
            | Promise::MonotonicWrites
            | Promise::WritesFollowReads
    )
}

/// The circle as a row: arrows lead to the right, and the last one back.
fn draw(page: &mut Page, edges: &[Edge], said: &dyn Fn(usize) -> (String, String)) {
    const BETWEEN: f64 = 74.0;
    const TOP: f64 = 24.0;
    const HIGH: f64 = 44.0;
    let mut x = 8.0;
    let mut boxes = Vec::new();
    for edge in edges {
        let (name, what) = said(edge.from);
        let width = wide(&what, 12.0).max(wide(&name, 12.0)) + 24.0;
        boxes.push((x, width, name, what));
        x += width + BETWEEN;
    }
    let right = x - BETWEEN + 8.0;
    let high = TOP + HIGH + 60.0;
    let svg = page
        .el("svg")
        .class("ring")
        .at("viewBox", format!("0 0 {} {}", px(right), px(high)));
    let svg = svg
        .at("width", px(right))
        .at("height", px(high))
        .at("role", "img");
    svg.at("aria-labelledby", "cy-t").open();
    page.el("title").at("id", "cy-t").text(
        "Operations that each have to come before the next, in a circle; the list below says why",
    );
    for (index, ((left, width, name, what), edge)) in boxes.iter().zip(edges).enumerate() {
        let rect = page
            .el("rect")
            .class("op plain")
            .at("x", px(*left))
            .at("y", px(TOP));
        rect.at("width", px(*width))
            .at("height", HIGH)
            .at("rx", 5)
            .empty();
        let middle = left + width / 2.0;
        text(page, "grp", (middle, TOP + 18.0), "middle", name);
        text(page, "nol", (middle, TOP + 34.0), "middle", what);
        let class = if edge.follows { "dege badd" } else { "dege" };
        let marker = if edge.follows {
            "url(#ahb)"
        } else {
            "url(#ah)"
        };
        let (d, at) = match boxes.get(index + 1) {
            Some(next) => straight((left + width + 2.0, next.0 - 3.0), TOP + HIGH / 2.0),
            None => round((middle, boxes[0].0 + boxes[0].1 / 2.0), TOP + HIGH + 2.0),
        };
        page.el("path")
            .class(class)
            .at("d", d)
            .at("marker-end", marker)
            .empty();
        text(page, "blab", at, "middle", &(index + 1).to_string());
    }
    page.end();
}

/// An arrow to the next one, and where its number stands.
fn straight((from, to): (f64, f64), y: f64) -> (String, (f64, f64)) {
    let d = format!("M{} {}L{} {}", px(from), px(y), px(to), px(y));
    (d, (f64::midpoint(from, to), y - 8.0))
}

/// The arrow from the last back to the first, below all others.
fn round((from, to): (f64, f64), y: f64) -> (String, (f64, f64)) {
    let low = px(y + 54.0);
    let (begin, end) = (px(from), px(to));
    let d = format!(
        "M{begin} {}C{begin} {low} {end} {low} {end} {}",
        px(y),
        px(y + 1.0)
    );
    (d, (f64::midpoint(from, to), y + 36.0))
}
