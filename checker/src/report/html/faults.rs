//! Faults: shades over the lanes they concern, a row that names them, and when they were over.

use super::frame::{FAULT, Frame};
use super::label;
use super::lanes::{named, side};
use super::picture::{event, line, text};
use super::shown::short;
use super::story::Story;
use super::write::{Page, px};
use crate::report::steps::What;

/// What is written where all faults have ended, and where the store has had its time.
pub(super) const HEALED: &str = "all faults over";
pub(super) const QUIET: &str = "had time to mend";

/// The shades behind the lanes, and the line of a cut between its sides.
pub(super) fn shades(page: &mut Page, story: &Story, frame: &Frame) {
    for &(place, _) in &frame.faults {
        let What::Fault(what, _) = &story.steps[place].what else {
            continue;
        };
        let (from, until) = span(story, frame, place);
        let shade = |page: &mut Page, top: f64, bottom: f64| {
            let rect = page
                .el("rect")
                .class("shade")
                .at("x", px(from))
                .at("y", px(top));
            rect.at("width", px(until - from))
                .at("height", px(bottom - top))
                .empty();
        };
        let group = event(page, place);
        group.el("title").text(short(what, 200));
        if let Some(side) = side(what) {
            shade(group, frame.replicas.0 + 8.0, frame.replicas.1);
            for lanes in frame.nodes.windows(2) {
                if side.contains(&lanes[0].node) != side.contains(&lanes[1].node) {
                    line(
                        group,
                        "cut",
                        (from, lanes[0].bottom),
                        (until, lanes[0].bottom),
                    );
                }
            }
        } else if what.starts_with("cut") {
            shade(group, frame.replicas.0 + 8.0, frame.replicas.1);
        } else if !what.contains("message") {
            for lane in named(what).filter_map(|node| frame.lane(node)) {
                shade(
                    group,
                    lane.mid - lane.half - 9.0,
                    lane.mid + lane.half + 9.0,
                );
            }
        }
        group.end();
    }
    for &place in &story.shown {
        if matches!(story.steps[place].what, What::Healed | What::Quiet) {
            let x = frame.x(story.steps[place].from);
            let group = event(page, place);
            line(group, "quiet", (x, 30.0), (x, frame.end_row - 12.0));
            group.end();
        }
    }
}

/// The rows below the lanes, with the names of faults, and the row of what ended.
pub(super) fn track(page: &mut Page, story: &Story, frame: &Frame) {
    for &(place, y) in &frame.faults {
        let What::Fault(what, _) = &story.steps[place].what else {
            continue;
        };
        let (from, until) = span(story, frame, place);
        let wide = (until - from).max(4.0);
        let group = event(page, place);
        group.el("title").text(short(what, 200));
        let rect = group
            .el("rect")
            .class("fault")
            .at("x", px(from))
            .at("y", px(y));
        rect.at("width", px(wide))
            .at("height", FAULT - 5.0)
            .at("rx", 4)
            .empty();
        let said = label::clipped(what, wide - 28.0, 11.0);
        text(
            group,
            "faultl",
            (from + wide / 2.0, y + 13.5),
            "middle",
            &said,
        );
        group.end();
    }
    if let Some((_, y)) = frame.faults.first() {
        text(page, "grp", (6.0, y + 13.5), "start", "faults");
    }
    let mut last = f64::NEG_INFINITY;
    for &place in &story.shown {
        let said = match story.steps[place].what {
            What::Healed => HEALED,
            What::Quiet => QUIET,
            _ => continue,
        };
        let x = frame.x(story.steps[place].from);
        let wide = super::shown::wide(said, 10.5);
        let left = x + 14.0 + wide > frame.width;
        let (at, anchor, reach) = if left {
            (x - 14.0, "end", x)
        } else {
            (x + 14.0, "start", x + 14.0 + wide)
        };
        if left && x - 14.0 - wide < last {
            continue;
        }
        last = reach;
        let group = event(page, place);
        text(group, "qlab", (at, frame.end_row), anchor, said);
        group.end();
    }
}

/// Where the badge of a fault's beginning or end stands.
pub(super) fn badge(
    story: &Story,
    frame: &Frame,
    place: usize,
    (what, begins): (&str, bool),
) -> Option<(f64, f64)> {
    let mut faults = frame.faults.iter();
    let at = story.steps[place].from;
    let begun = faults.rfind(|(begun, _)| {
        let same = matches!(&story.steps[*begun].what, What::Fault(other, _) if other == what);
        same && if begins {
            *begun == place
        } else {
            *begun < place
        }
    });
    begun.map(|(_, y)| (frame.x(at), y + (FAULT - 5.0) / 2.0))
}

fn span(story: &Story, frame: &Frame, place: usize) -> (f64, f64) {
    let from = frame.x(story.steps[place].from);
    (from, frame.columns.until(label::over(story, place)))
}
