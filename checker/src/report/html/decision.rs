//! The wrong decision: where it was, what makes it certain, on what it rested.

use super::marks::Mark;
use super::moment::Moment;
use super::rest;
use super::shown::{ms, short};
use super::story::Story;
use super::write::Page;
use crate::decision::Decision;
use crate::history::Time;
use crate::note::Node;

pub(super) fn section(page: &mut Page, story: &Story) {
    let Some(place) = Place::of(story) else {
        return;
    };
    let Place {
        decided, mark, at, ..
    } = place;
    let moment = mark
        .filter(|mark| mark.changes)
        .and_then(|mark| Moment::of(story, mark));
    if decided.is_none() && moment.is_none() {
        return;
    }
    super::begin(
        page,
        "decision",
        "The wrong decision",
        &format!(
            "{}, at {} ms; times in sentences are microseconds",
            place.said(),
            ms(at)
        ),
    );
    if let Some(decided) = decided {
        page.el("div").class("card").open();
        page.el("p")
            .class("lead")
            .text(short(&decided.sentence, 600));
        page.el("ul").class("proof").open();
        // What the answer rested on stands in a table of its own.
        let rest = decided.op.and_then(|op| rest::facts(story, op));
        let rest = rest.unwrap_or_default();
        let said = story.found.map(|found| &found.sentence);
        let facts = decided.facts.iter();
        let facts = facts.filter(|fact| !rest.contains(fact) && Some(*fact) != said);
        let ops = story.found.map_or(&[][..], |found| &found.ops);
        for fact in facts.take(24) {
            page.el("li").text(short(&story.told(fact, ops), 600));
        }
        page.end();
        page.end();
    }
    if let Some(op) = decided.and_then(|decided| decided.op) {
        rest::panel(page, story, op);
    }
    if let Some(moment) = moment {
        moment.draw(page, story);
    }
    page.end();
}

/// A way from the top of the page to the wrong decision.
pub(super) fn pointer(page: &mut Page, story: &Story) {
    let place = Place::of(story).filter(|place| place.decided.is_some());
    let Some(place) = place else { return };
    page.el("p").open();
    page.text("The wrong decision: ");
    page.el("a").at("href", "#decision").text(place.said());
    page.text(".");
    page.end();
}

/// Where the wrong decision was.
struct Place<'s> {
    decided: Option<&'s Decision>,
    mark: Option<&'s Mark>,
    node: Option<Node>,
    at: Time,
}

impl<'s> Place<'s> {
    fn of(story: &'s Story) -> Option<Self> {
        let explanation = story.bundle.explanation.as_ref();
        let decided = explanation.and_then(|explanation| explanation.decision.as_ref());
        let mut marks = story.marks.iter();
        let mark = marks.find(|mark| decided.is_none_or(|decided| decided.at == mark.at));
        let at = decided
            .map(|decided| decided.at)
            .or(mark.map(|mark| mark.at))?;
        let named = decided.and_then(|decided| decided.node);
        Some(Place {
            decided,
            mark,
            node: mark.map(|mark| mark.node).or(named),
            at,
        })
    }

    /// `step 2, on n1`.
    fn said(&self) -> String {
        let step = self
            .mark
            .map(|mark| format!("step {}", Story::number(mark.step)));
        let node = self.node.map(|node| format!("on {node}"));
        let said: Vec<String> = step.into_iter().chain(node).collect();
        if said.is_empty() {
            "no node is named".into()
        } else {
            said.join(", ")
        }
    }
}
