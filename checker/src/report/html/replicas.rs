//! The lanes of nodes as ribbons of what each disk holds, with hints, crashes and what went wrong.

use super::frame::{Frame, HINT, Lane, half};
use super::label::{self, SIBLINGS};
use super::picture::{event, line, text};
use super::ribbons::{Down, Hint, Segment};
use super::shown::{ms, short, wide};
use super::story::Story;
use super::write::{Page, px};
use crate::history::Time;
use crate::note::Version;
use crate::report::steps::contents;
use crate::verdict::Promise;

pub(super) fn draw(page: &mut Page, story: &Story, frame: &Frame) {
    for lane in &frame.nodes {
        for segment in story
            .segments
            .iter()
            .filter(|segment| segment.node == lane.node)
        {
            ribbon(page, story, frame, (lane, segment));
        }
        for down in story.downs.iter().filter(|down| down.node == lane.node) {
            is_down(page, frame, (lane, down));
        }
        for hint in story.hints.iter().filter(|hint| hint.holder == lane.node) {
            kept(page, story, frame, (lane, hint));
        }
    }
    ends(page, story, frame);
}

/// A node that does not run: the mark of its crash, and no ribbon until it is back.
fn is_down(page: &mut Page, frame: &Frame, (lane, down): (&Lane, &Down)) {
    let (from, until) = (frame.x(down.from), frame.columns.until(down.until));
    let mid = lane.mid;
    let rect = page
        .el("rect")
        .class("down")
        .at("x", px(from))
        .at("y", px(mid - 13.0));
    rect.at("width", px((until - from).max(6.0)))
        .at("height", 26)
        .empty();
    let mark = page
        .el("rect")
        .class("crash")
        .at("x", px(from - 3.0))
        .at("y", px(mid - 13.0));
    mark.at("width", 6).at("height", 26).empty();
    if until - from > 44.0 {
        text(
            page,
            "downl",
            (f64::midpoint(from, until) + 2.0, mid + 4.0),
            "middle",
            "down",
        );
    }
}

/// What a node keeps for another, in a row below its own.
fn kept(page: &mut Page, story: &Story, frame: &Frame, (lane, hint): (&Lane, &Hint)) {
    let handoff = story
        .found
        .is_some_and(|found| found.promise == Promise::HandoffDelivery);
    let (from, until) = (frame.x(hint.from), frame.columns.until(hint.until));
    let y = lane.hint(hint.owner);
    let colour = hint
        .versions
        .first()
        .map_or("v-gone".into(), |first| story.colour(first));
    let group = event(page, hint.step);
    group.el("title").text(format!(
        "{} keeps a hint for {}: {}",
        hint.holder,
        hint.owner,
        short(&contents(&hint.versions), 300)
    ));
    let rect = group.el("rect").class(format!("rib hint {colour}"));
    let rect = rect
        .at("x", px(from))
        .at("y", px(y - HINT / 2.0))
        .at("width", px(until - from));
    rect.at("height", HINT).at("rx", 4).empty();
    let said = label::clipped(&label::hint(story, hint), until - from - 24.0, 11.0);
    if hint.until.is_none() && handoff {
        text(
            group,
            "killt",
            (until - 6.0, y + 4.0),
            "end",
            "✗ still kept at the end",
        );
    }
    text(
        group,
        &format!("rl h {colour}"),
        (from + 14.0, y + 4.0),
        "start",
        &said,
    );
    group.end();
}

/// The parts of a time in which a node runs.
fn running(story: &Story, segment: &Segment) -> Vec<(Time, Option<Time>)> {
    let mut parts = Vec::new();
    let mut from = segment.from;
    let within = |at: Time| segment.until.is_none_or(|until| at < until);
    for down in story.downs.iter().filter(|down| down.node == segment.node) {
        if down.from > from && within(down.from) {
            parts.push((from, Some(down.from)));
        }
        match down.until {
            Some(until) if until >= from && down.from <= from => from = until,
            Some(until) if within(down.from) && until > from => from = until,
            None if within(down.from) => return parts,
            _ => {}
        }
    }
    if within(from) {
        parts.push((from, segment.until));
    }
    parts
}

fn ribbon(page: &mut Page, story: &Story, frame: &Frame, (lane, segment): (&Lane, &Segment)) {
    for (from, until) in running(story, segment) {
        let (x, end) = (frame.x(from), frame.columns.until(until));
        if end - x < 1.0 {
            continue;
        }
        let group = event(page, segment.step);
        let held = short(&contents(&segment.versions), 400);
        group.el("title").text(format!(
            "from {} ms {} holds {held}",
            ms(from),
            segment.node
        ));
        if segment.versions.is_empty() {
            let rect = group
                .el("rect")
                .class("nothing")
                .at("x", px(x))
                .at("y", px(lane.mid - 13.0));
            rect.at("width", px(end - x))
                .at("height", 26)
                .at("rx", 4)
                .empty();
            let said = if end - x > 52.0 { "nothing" } else { "∅" };
            text(group, "nol", (x + 4.0, lane.mid + 4.0), "start", said);
        }
        let shown = segment.versions.len().min(SIBLINGS);
        let more = segment.versions.len() - shown;
        let rows = shown + usize::from(more > 0);
        let high = 2.0 * half(rows) / rows.max(1) as f64;
        let mut y = lane.mid - half(rows);
        for version in &segment.versions[..shown] {
            strip(group, story, version, ((x, y), (end - x, high)));
            y += high;
        }
        if more > 0 {
            text(
                group,
                "nol",
                (x + 8.0, y + high / 2.0 + 4.0),
                "start",
                &if end - x > 64.0 {
                    format!("+{more} more")
                } else {
                    format!("+{more}")
                },
            );
        }
        group.end();
    }
}

/// One version: a strip in the colour of its value.
fn strip(
    page: &mut Page,
    story: &Story,
    version: &Version,
    ((x, y), (width, high)): ((f64, f64), (f64, f64)),
) {
    let group = page.el("g").class(story.colour(version)).open();
    let rect = group.el("rect").class("rib").at("x", px(x)).at("y", px(y));
    rect.at("width", px(width))
        .at("height", px(high))
        .at("rx", 3)
        .empty();
    let size = if high < 20.0 { 10.5 } else { 12.0 };
    label::fitted(
        group,
        story,
        version,
        (x + 8.0, y + high / 2.0 + 4.0, width - 12.0),
        size,
    );
    group.end();
}

/// Owners that hold nothing at the end, and replicas that should be equal and are not.
fn ends(page: &mut Page, story: &Story, frame: &Frame) {
    let last = |lane: &Lane| {
        let mut own = story.segments.iter().rev();
        let held = own.find(|segment| segment.node == lane.node);
        held.map_or(&[][..], |segment| segment.versions.as_slice())
    };
    let owners = || {
        frame
            .nodes
            .iter()
            .filter(|lane| story.owners.contains(&lane.node))
    };
    let broken = story.found.is_some_and(|found| {
        matches!(
            found.promise,
            Promise::Convergence | Promise::HandoffDelivery | Promise::SiblingPreservation
        )
    });
    let class = if broken { "killt" } else { "nol" };
    let said = if broken {
        "✗ holds nothing of it, ever"
    } else {
        "holds nothing of it"
    };
    for lane in owners() {
        let holds = story
            .segments
            .iter()
            .any(|segment| segment.node == lane.node);
        if !holds {
            let at = (frame.columns.right() - 6.0, lane.mid - 6.0);
            text(page, class, at, "end", said);
        }
    }
    let is_convergence = story
        .found
        .is_some_and(|found| found.promise == Promise::Convergence);
    let mut held: Vec<String> = owners().map(|lane| sorted(last(lane))).collect();
    held.dedup();
    if is_convergence && held.len() > 1 {
        for lane in owners().filter(|lane| !last(lane).is_empty()) {
            let x = frame.columns.right();
            line(page, "kill", (x, lane.mid - 15.0), (x, lane.mid + 15.0));
            text(
                page,
                "killt",
                (x - 6.0, lane.mid - half(last(lane).len()) - 5.0),
                "end",
                "≠ differs at the end",
            );
        }
    }
}

fn sorted(versions: &[Version]) -> String {
    let mut versions = versions.to_vec();
    versions.sort_unstable();
    contents(&versions)
}

/// What went wrong, where and when.
pub(super) fn marks(page: &mut Page, story: &Story, frame: &mut Frame) {
    for mark in story
        .marks
        .iter()
        .filter(|mark| story.shown.contains(&mark.step))
    {
        let Some(lane) = frame.lane(mark.node).cloned() else {
            continue;
        };
        let x = frame.x(mark.at);
        let half = half(super::traffic::held(story, mark.node, mark.at)).max(13.0);
        let group = event(page, mark.step);
        if mark.changes {
            line(
                group,
                "kill",
                (x, lane.mid - half - 2.0),
                (x, lane.mid + half + 2.0),
            );
        } else {
            let y = lane.mid;
            let d = format!("M{} {}l7 -7l7 7l-7 7z", px(x - 7.0), px(y));
            group.el("path").class("wrong").at("d", d).empty();
        }
        let said = format!("✗ {}", mark.text);
        let fits = x + 6.0 + wide(&said, 12.0) < frame.width;
        let (at, anchor) = if fits {
            (x + 5.0, "start")
        } else {
            (x - 5.0, "end")
        };
        let left = if fits { at } else { at - wide(&said, 12.0) };
        let y = lane.mid - half - 6.0;
        let around = (left, y - 11.0, left + wide(&said, 12.0), y + 3.0);
        text(group, "killt", (at, y), anchor, &said);
        group.end();
        frame.take(around);
    }
}
