//! Calls as bars, from call to return.

use super::frame::Frame;
use super::label;
use super::picture::{event, text};
use super::story::Story;
use super::write::{Page, px};
use crate::history::Outcome;

/// Half the height of a bar.
pub(super) const HALF: f64 = 13.0;

pub(super) fn draw(page: &mut Page, story: &Story, frame: &Frame) {
    for &place in &story.shown {
        let Some(op) = story.op(&story.steps[place]) else {
            continue;
        };
        let Some(y) = frame.client(op.process) else {
            continue;
        };
        let from = frame.x(op.invoked);
        let until = frame.columns.until(label::until(story, op));
        let wide = (until - from).max(14.0);
        let bad = story.bad_op == Some(op.id);
        let class = match (&op.outcome, bad) {
            (_, true) => "op badop",
            (Outcome::Unknown, _) => "op open",
            (Outcome::Fail, _) => "op refused",
            (Outcome::Ok(_), _) => "op",
        };
        let group = event(page, place);
        group
            .el("title")
            .text(super::shown::short(&op.label(), 400));
        let bar = group
            .el("rect")
            .class(class)
            .at("x", px(from))
            .at("y", px(y - HALF));
        bar.at("width", px(wide))
            .at("height", 2.0 * HALF)
            .at("rx", 4)
            .empty();
        let said = label::clipped(&label::call(story, op), wide - 14.0, 12.0);
        let class = if bad {
            "oplab badop"
        } else if op.outcome == Outcome::Unknown {
            "oplab open"
        } else {
            "oplab"
        };
        text(
            group,
            class,
            (from + wide / 2.0 + 2.0, y + 4.0),
            "middle",
            &said,
        );
        group.end();
    }
}
