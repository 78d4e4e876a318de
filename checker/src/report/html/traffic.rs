//! Who asked whom, and messages that brought versions. Only what was recorded is drawn.

use super::columns::LEFT;
use super::frame::{Frame, HINT, half};
use super::lanes::named;
use super::picture::{event, line, text};
use super::shown::short;
use super::story::Story;
use super::write::{Page, px};
use crate::history::Time;
use crate::note::Node;
use crate::report::steps::What;

type Point = (f64, f64);

/// A thin line from each call to the node that it asked.
pub(super) fn requests(page: &mut Page, story: &Story, frame: &Frame) {
    for &place in &story.shown {
        let Some(op) = story.op(&story.steps[place]) else {
            continue;
        };
        let node = story
            .bundle
            .via
            .get(&op.id)
            .and_then(|node| frame.lane(*node));
        let (Some(y), Some(lane)) = (frame.client(op.process), node) else {
            continue;
        };
        let x = frame.x(op.invoked) + 5.0;
        let down = lane.mid - half(held(story, lane.node, op.invoked)) - 1.0;
        let group = event(page, place);
        line(group, "halo", (x, y + 13.0), (x, down));
        line(group, "req", (x, y + 13.0), (x, down));
        let dot = group
            .el("circle")
            .class("reqd")
            .at("cx", px(x))
            .at("cy", px(down));
        dot.at("r", 2.6).empty();
        group.end();
    }
}

/// Messages between nodes: those of the mistake, or the others, which pass below the ribbons.
pub(super) fn messages(page: &mut Page, story: &Story, frame: &Frame, bad: bool) {
    for &place in story
        .shown
        .iter()
        .filter(|place| story.bad.contains(place) == bad)
    {
        let step = &story.steps[place];
        match &step.what {
            What::Transfer { from, to, kind, .. } => {
                let Some((tail, head)) = way(story, frame, step.from, (*from, *to), kind) else {
                    continue;
                };
                let group = event(page, place);
                group
                    .el("title")
                    .text(format!("{} from {from} to {to}", short(kind, 80)));
                line(group, if bad { "halo thin" } else { "halo" }, tail, head);
                let class = if bad { "msg bad" } else { "msg" };
                let arrow = group
                    .el("line")
                    .class(class)
                    .at("x1", px(tail.0))
                    .at("y1", px(tail.1));
                let arrow = arrow.at("x2", px(head.0)).at("y2", px(head.1));
                arrow
                    .at("marker-end", if bad { "url(#ahb)" } else { "url(#ah)" })
                    .empty();
                if bad {
                    let y = if head.1 > tail.1 {
                        head.1 - 9.0
                    } else {
                        head.1 + 17.0
                    };
                    text(
                        group,
                        "mlab bad",
                        (head.0 - 33.0, y),
                        "end",
                        &short(said(kind), 30),
                    );
                }
                group.end();
            }
            What::Lost(message) if !bad => {
                let label = message.label();
                let ends = (message.from, message.to);
                lost(page, frame, place, (&label, ends, step.from));
            }
            // Where the network was recorded, the message is drawn when it is sent.
            What::Fault(what, true) if !bad && story.bundle.network.is_empty() => {
                let message = what.strip_prefix("lose one message, ");
                let ends: Vec<Node> = message.map(named).into_iter().flatten().collect();
                if let [from, to] = ends[..] {
                    lost(page, frame, place, (what, (from, to), step.from));
                }
            }
            _ => {}
        }
    }
}

/// What a reader calls a kind of message.
pub(super) fn said(kind: &str) -> &str {
    match kind {
        "hint" => "hint delivered",
        "repair" => "read repair",
        "keys" => "handover",
        kind if kind.starts_with("sync") => "anti-entropy",
        kind => kind,
    }
}

/// From where to where a message goes. Only its arrival was recorded, so it leaves just before that.
pub(super) fn way(
    story: &Story,
    frame: &Frame,
    at: Time,
    (from, to): (Node, Node),
    kind: &str,
) -> Option<(Point, Point)> {
    let (sender, receiver) = (frame.lane(from)?, frame.lane(to)?);
    let x = frame.x(at);
    let lead = (x - frame.columns.before(at)).clamp(14.0, 30.0);
    let down = receiver.mid > sender.mid;
    let sign = if down { 1.0 } else { -1.0 };
    let start = if kind == "hint" && sender.owners.contains(&to) {
        sender.hint(to) + sign * HINT / 2.0
    } else {
        sender.mid + sign * half(held(story, from, at))
    };
    let end = receiver.mid - sign * (half(held(story, to, at)) + 1.5);
    Some((((x - lead).max(LEFT - 6.0), start), (x, end)))
}

/// How many versions a node holds at a moment.
pub(super) fn held(story: &Story, node: Node, at: Time) -> usize {
    let mut own = story.segments.iter().rev();
    let segment = own.find(|segment| segment.node == node && segment.from <= at);
    segment.map_or(1, |segment| segment.versions.len())
}

/// A message that was lost on its way.
fn lost(
    page: &mut Page,
    frame: &Frame,
    place: usize,
    (what, (from, to), at): (&str, (Node, Node), Time),
) {
    let (Some(sender), Some(receiver)) = (frame.lane(from), frame.lane(to)) else {
        return;
    };
    let x = frame.x(at) + 26.0;
    let sign = (receiver.mid - sender.mid).signum();
    let start = sender.mid + sign * sender.half;
    let end = receiver.mid - sign * (receiver.half + 10.0);
    let group = event(page, place);
    group.el("title").text(short(what, 200));
    line(group, "halo", (x - 10.0, start), (x, end));
    line(group, "msg drop", (x - 10.0, start), (x, end));
    let cross = format!("M{} {}l10 10m0 -10l-10 10", px(x - 5.0), px(end - 5.0));
    group.el("path").class("xmark").at("d", cross).empty();
    text(group, "mlab", (x + 9.0, end + 4.0), "start", "lost");
    group.end();
}
