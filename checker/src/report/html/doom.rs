//! When the failure became unavoidable, on the time axis of the picture.

use std::fmt::Write;

use super::frame::Frame;
use super::picture::{text, track};
use super::shown::{ms, short, wide};
use super::story::Story;
use super::write::{Page, px};
use crate::report::explanation::Explanation;

const TOP: f64 = 22.0;
const BASE: f64 = 82.0;

/// The share of continuations with other luck that fail the same way, as a curve and as a list.
pub(super) fn draw(page: &mut Page, frame: &Frame, explanation: &Explanation) {
    let svg = page
        .el("svg")
        .class("st curve")
        .at("viewBox", format!("0 0 {} 104", px(frame.width)));
    let svg = svg
        .at("width", px(frame.width))
        .at("height", 104)
        .at("role", "img");
    svg.at("aria-labelledby", "dm-t").open();
    page.el("title").at("id", "dm-t").text("Share of continuations that fail the same way, from each moment on; the list below says the same");
    let right = frame.columns.right();
    for (percent, y) in [(100, TOP), (50, f64::midpoint(TOP, BASE)), (0, BASE)] {
        let of_grid = ("grid", "tickl");
        track(page, of_grid, (right + 12.0, y), &format!("{percent} %"));
    }
    let mut curve = String::new();
    let mut last = None;
    let mut written = f64::NEG_INFINITY;
    let mut labels = Vec::new();
    for moment in &explanation.doom {
        let percent = moment.share.percent();
        let x = frame.x(moment.at);
        let y = BASE - (BASE - TOP) * f64::from(percent) / 100.0;
        match last {
            None => {
                let _ = write!(curve, "M{} {}", px(x), px(y));
            }
            Some((_, before)) => {
                let _ = write!(curve, "L{} {}L{} {}", px(x), px(before), px(x), px(y));
            }
        }
        let said = format!("{percent} %");
        if last.is_none_or(|(known, _)| known != percent) && x > written {
            written = x + wide(&said, 12.0) + 8.0;
            labels.push((x, y, said));
        }
        last = Some((percent, y));
    }
    if let (Some((_, y)), Some(first)) = (last, explanation.doom.first()) {
        let _ = write!(curve, "L{} {}", px(right), px(y));
        let area = format!(
            "{curve}L{} {BASE}L{} {BASE}Z",
            px(right),
            px(frame.x(first.at))
        );
        page.el("path").class("barea").at("d", area).empty();
        page.el("path").class("bline").at("d", &curve).empty();
    }
    for (x, y, said) in labels {
        let low = y < TOP + 12.0;
        text(
            page,
            "blab",
            (x + 4.0, if low { y + 15.0 } else { y - 5.0 }),
            "start",
            &said,
        );
    }
    page.end();
}

pub(super) fn list(page: &mut Page, story: &Story, explanation: &Explanation) {
    page.el("ul").class("doom").open();
    let mut before = None;
    for (index, moment) in explanation.doom.iter().enumerate() {
        let is_last = index + 1 == explanation.doom.len();
        let share = moment.share;
        if before == Some(share.percent()) && !is_last {
            continue;
        }
        before = Some(share.percent());
        let what = match moment.what.as_str() {
            "" => "the end".into(),
            what => short(what, 160),
        };
        let step = story
            .shown
            .iter()
            .rev()
            .find(|place| story.steps[**place].from <= moment.at);
        let step = step.map_or_else(String::new, |place| {
            format!(", step {}", Story::number(*place))
        });
        page.el("li").open();
        page.el("b").text(format!("{} %", share.percent()));
        page.text(format!(
            " ({} of {}) from {} ms{step}: {what}",
            share.fails,
            share.runs,
            ms(moment.at)
        ));
        page.end();
    }
    page.end();
}
