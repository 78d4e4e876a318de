//! The space-time picture: clients above, replicas below, time from left to right but not to scale.

use super::columns::LEFT;
use super::frame::Frame;
use super::shown::{many, ms, wide};
use super::story::Story;
use super::write::{Page, px};
use super::{bars, faults, replicas, traffic};
use crate::report::steps::What;

/// How an event says with which step it appears.
pub(super) fn event(page: &mut Page, step: usize) -> &mut Page {
    let group = page.el("g").class("ev");
    group.at("data-step", Story::number(step)).open()
}

/// Draws the picture. One that stands alone brings its style along.
pub(super) fn draw(page: &mut Page, story: &Story, frame: &mut Frame, style: Option<&str>) {
    let svg = page.el("svg").at("xmlns", "http://www.w3.org/2000/svg");
    let svg = svg.at("class", "st").at(
        "viewBox",
        format!("0 0 {} {}", px(frame.width), px(frame.height)),
    );
    let svg = svg
        .at("width", px(frame.width))
        .at("height", px(frame.height));
    svg.at("role", "img")
        .at("aria-labelledby", "st-t st-d")
        .open();
    page.el("title")
        .at("id", "st-t")
        .text("Space-time picture of the run");
    page.el("desc").at("id", "st-d").text(described(story));
    if let Some(style) = style {
        page.el("style").open().raw(style);
        page.end();
        page.el("rect")
            .class("ground")
            .at("width", "100%")
            .at("height", "100%")
            .empty();
    }
    defs(page);
    faults::shades(page, story, frame);
    rails(page, story, frame);
    traffic::requests(page, story, frame);
    traffic::messages(page, story, frame, false);
    skips(page, story, frame);
    replicas::draw(page, story, frame);
    traffic::messages(page, story, frame, true);
    replicas::marks(page, story, frame);
    faults::track(page, story, frame);
    bars::draw(page, story, frame);
    badges(page, story, frame);
    page.end();
}

fn described(story: &Story) -> String {
    let list = |items: Vec<String>| items.join(", ");
    let clients = list(story.clients.iter().map(ToString::to_string).collect());
    let nodes = list(story.nodes.iter().map(ToString::to_string).collect());
    let wrong: Vec<String> = story
        .marks
        .iter()
        .map(|mark| format!("at {} ms on {}: {}", ms(mark.at), mark.node, mark.text))
        .collect();
    let wrong = if wrong.is_empty() {
        String::new()
    } else {
        format!(" What went wrong: {}.", wrong.join("; "))
    };
    format!(
        "Time runs from left to right and is not to scale. Lanes of clients: {clients}. Lanes of nodes, with \
         what the disk of each holds: {nodes}.{wrong} A table of the same steps says it in text."
    )
}

fn defs(page: &mut Page) {
    page.raw(
        "<defs><marker id=\"ah\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto\"><path class=\"ahp\" d=\"M0 1L10 5L0 9z\"/></marker><marker id=\"ahb\" viewBox=\"0 0 10 10\" \
         refX=\"9\" refY=\"5\" markerWidth=\"6.5\" markerHeight=\"6.5\" orient=\"auto\"><path class=\"ahpb\" \
         d=\"M0 1L10 5L0 9z\"/></marker><pattern id=\"hatch\" width=\"8\" height=\"8\" patternTransform=\"rotate(45)\" \
         patternUnits=\"userSpaceOnUse\"><rect width=\"8\" height=\"8\" class=\"hbg\"/><line x1=\"0\" y1=\"0\" x2=\"0\" \
         y2=\"8\" class=\"hln\"/></pattern></defs>",
    );
}

/// A straight line.
pub(super) fn line(page: &mut Page, class: &str, from: (f64, f64), to: (f64, f64)) {
    let line = page
        .el("line")
        .class(class)
        .at("x1", px(from.0))
        .at("y1", px(from.1));
    line.at("x2", px(to.0)).at("y2", px(to.1)).empty();
}

/// A text that begins, or as its anchor says ends or has its middle, here.
pub(super) fn text(page: &mut Page, class: &str, (x, y): (f64, f64), anchor: &str, said: &str) {
    let text = page.el("text").class(class).at("x", px(x)).at("y", px(y));
    let anchor = (anchor != "start").then_some(anchor);
    text.maybe("text-anchor", anchor).text(said);
}

/// How a lane and its name look.
pub(super) const LANE: (&str, &str) = ("lane", "lanel");

/// A line across a picture, to this point, with its name at the left.
pub(super) fn track(
    page: &mut Page,
    (of_line, of_name): (&str, &str),
    (right, y): (f64, f64),
    name: &str,
) {
    line(page, of_line, (LEFT - 8.0, y), (right, y));
    text(page, of_name, (LEFT - 18.0, y + 4.0), "end", name);
}

/// The axis with its moments, and the lanes with their names.
fn rails(page: &mut Page, story: &Story, frame: &Frame) {
    let right = frame.columns.right() + 12.0;
    line(page, "axis", (LEFT - 10.0, 28.0), (right, 28.0));
    text(page, "tickl", (LEFT - 18.0, 18.0), "end", "virtual ms");
    ticks(page, story, frame);
    if let Some((_, first)) = frame.clients.first() {
        text(page, "grp", (6.0, first - 26.0 + 10.0), "start", "clients");
    }
    for (client, y) in &frame.clients {
        track(page, LANE, (right, *y), &client.to_string());
    }
    let of = story
        .key
        .as_deref()
        .map_or_else(String::new, |key| super::shown::short(key, 20));
    if frame.nodes.is_empty() {
        return;
    }
    let group = page
        .el("text")
        .class("grp")
        .at("x", 6)
        .at("y", px(frame.replicas.0 + 2.0))
        .open();
    group
        .text("replicas ")
        .el("tspan")
        .class("dim")
        .open()
        .text(format!("of {of}"));
    page.end();
    page.end();
    for lane in &frame.nodes {
        track(page, LANE, (right, lane.mid), &lane.node.to_string());
        if !story.owners.is_empty() && !story.owners.contains(&lane.node) {
            text(
                page,
                "lanes",
                (LEFT - 18.0, lane.mid + 19.0),
                "end",
                "no owner",
            );
        }
    }
}

/// The moments with which steps begin are written first, others where there is room.
fn ticks(page: &mut Page, story: &Story, frame: &Frame) {
    let steps = || story.shown.iter().map(|place| &story.steps[*place]);
    let begins = steps().map(|step| step.from);
    let marks = story.marks.iter().map(|mark| mark.at);
    let ends = steps().filter_map(|step| step.until);
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for at in marks.chain(begins).chain(ends) {
        let (x, said) = (frame.x(at), ms(at));
        let half = wide(&said, 11.0) / 2.0 + 4.0;
        if taken
            .iter()
            .any(|(from, until)| x - half < *until && *from < x + half)
        {
            continue;
        }
        taken.push((x - half, x + half));
        line(page, "tick", (x, 23.0), (x, 28.0));
        text(page, "tickl", (x, 18.0), "middle", &said);
    }
}

/// The numbers of the steps, each at the event that it tells of.
fn badges(page: &mut Page, story: &Story, frame: &mut Frame) {
    for &place in &story.shown {
        let step = &story.steps[place];
        let x = frame.x(step.from);
        let lane = |node| frame.lane(node);
        let at = match &step.what {
            What::Call(_) => {
                let y = story.op(step).and_then(|op| frame.client(op.process));
                y.map(|y| (x, y - 13.0))
            }
            What::Transfer { from, to, kind, .. } => {
                traffic::way(story, frame, step.from, (*from, *to), kind)
                    .map(|(tail, head)| (head.0 - 20.0, head.1 - (head.1 - tail.1).signum() * 13.0))
            }
            What::Hint { holder, owner, .. } => lane(*holder).map(|lane| (x, lane.hint(*owner))),
            What::Unhint { holder, owner, .. } => lane(*holder).map(|lane| (x, lane.hint(*owner))),
            What::Restart(node) => lane(*node).map(|lane| (x - 12.0, lane.mid)),
            What::Stores(node, _) => lane(*node).map(|lane| (x, lane.mid - lane.half - 8.0)),
            What::Fault(what, begins) => faults::badge(story, frame, place, (what, *begins)),
            What::Lost(message) => {
                lane(message.from).map(|lane| (x + 10.0, lane.mid - lane.half - 8.0))
            }
            What::Owners { .. } | What::Healed | What::Quiet => Some((x, frame.end_row - 4.0)),
        };
        let Some(at) = at else { continue };
        let (x, y) = frame.free(at);
        let bad = story.bad.contains(&place);
        let group = event(page, place);
        let badge = group
            .el("circle")
            .class(if bad { "badge bad" } else { "badge" });
        badge.at("cx", px(x)).at("cy", px(y)).at("r", 9.5).empty();
        let number = Story::number(place).to_string();
        let class = if number.len() > 2 {
            "badget s"
        } else {
            "badget"
        };
        text(group, class, (x, y + 4.0), "middle", &number);
        group.end();
    }
}

/// Where steps are left out, and how many.
fn skips(page: &mut Page, story: &Story, frame: &Frame) {
    for (index, &place) in story.shown.iter().enumerate().skip(1) {
        let skipped = story.skipped(index);
        if skipped == 0 {
            continue;
        }
        let x = frame.x(story.steps[place].from) - 32.0;
        line(page, "skip", (x, 30.0), (x, frame.replicas.1));
        text(
            page,
            "skipl",
            (x, frame.replicas.1 + 14.0),
            "middle",
            &format!("⋯ {}", many(skipped, "step")),
        );
    }
}
