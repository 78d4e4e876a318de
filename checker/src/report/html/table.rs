//! The steps in a table: what happened, and what each replica held after it.

use std::collections::BTreeMap;

use super::sentence::{self, alike};
use super::shown::{self, many, ms, short};
use super::story::{Story, is_together};
use super::write::Page;
use crate::note::{Node, Version};
use crate::report::steps::What;

/// Nodes with a column of their own.
const COLUMNS: usize = 8;

pub(super) fn section(page: &mut Page, story: &Story) {
    super::begin(
        page,
        "steps",
        "Step by step",
        "outlined cells changed in that step, pale ones did not",
    );
    super::scroll(page, "Steps, with what each replica holds", "card");
    page.el("table").class("steps").open();
    let nodes: Vec<Node> = story.nodes.iter().copied().take(COLUMNS).collect();
    let columns: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    let heads = ["#", "ms", "event"].map(String::from);
    super::head(page, heads.iter().chain(&columns).map(String::as_str));
    page.el("tbody").open();
    let mut held = BTreeMap::new();
    let mut next = 0;
    for (index, &place) in story.shown.iter().enumerate() {
        let skipped = story.skipped(index);
        if skipped > 0 {
            for step in &story.steps[next..place] {
                sentence::apply(story, step, &mut held);
            }
            left_out(
                page,
                &format!("⋯ {} not told", many(skipped, "step")),
                3 + nodes.len(),
            );
        }
        row(page, story, place, (&nodes, &mut held));
        next = place + 1;
    }
    let after = story.steps.len() - next;
    if after > 0 {
        left_out(
            page,
            &format!("⋯ {} not told", many(after, "more step")),
            3 + nodes.len(),
        );
    }
    if story.hidden_reads > 0 {
        let said = format!(
            "⋯ {} at the end, of which nobody speaks",
            many(story.hidden_reads, "more read")
        );
        left_out(page, &said, 3 + nodes.len());
    }
    page.end();
    page.end();
    page.end();
    page.end();
}

pub(super) fn left_out(page: &mut Page, said: &str, columns: usize) {
    page.el("tr").class("gap").open();
    page.el("td").at("colspan", columns).text(said);
    page.end();
}

type Held<'h> = (&'h [Node], &'h mut BTreeMap<Node, Vec<Version>>);

fn row(page: &mut Page, story: &Story, place: usize, (nodes, held): Held) {
    let step = &story.steps[place];
    let number = Story::number(place);
    let bad = story.bad.contains(&place);
    page.el("tr")
        .at("id", format!("step-{number}"))
        .at("data-row", number)
        .open();
    page.el("td").class("sn").open();
    let button = page
        .el("button")
        .at("type", "button")
        .class(if bad { "sb bad" } else { "sb" });
    button
        .at("data-go", number)
        .at("aria-label", format!("Go to step {number}"))
        .text(number);
    page.end();
    let until = step
        .until
        .map_or_else(String::new, |until| format!("–{}", ms(until)));
    page.el("td").class("tm").text(ms(step.from) + &until);
    page.el("td").class("tx").open();
    let (what, came) = sentence::sentence(story, place);
    page.el("b").text(what);
    page.text(" ").text(came);
    for mark in story.marks.iter().filter(|mark| mark.step == place) {
        page.text(" ");
        page.el("span")
            .class("v-n")
            .text(format!("✗ {}: {}.", mark.node, mark.text));
    }
    let together = story.found.is_some_and(|found| is_together(found.promise));
    if story.bad_op.is_some() && story.op(step).map(|op| op.id) == story.bad_op {
        page.text(" ");
        page.el("span").class("v-n").text(if together {
            "✗ This answer is one of those that contradict each other."
        } else {
            "✗ This answer breaks the promise."
        });
    }
    page.end();
    let before = held.clone();
    sentence::apply(story, step, held);
    for node in nodes {
        let now = held.get(node).map_or(&[][..], Vec::as_slice);
        let known = before.get(node);
        let changed = known.map(Vec::as_slice) != held.get(node).map(Vec::as_slice);
        let wrong = story
            .marks
            .iter()
            .any(|mark| mark.step == place && mark.node == *node && mark.changes);
        let class = match (changed, wrong) {
            (_, true) => "chg kil",
            (true, false) => "chg",
            (false, false) => "same",
        };
        page.el("td").class(class).open();
        chips(page, story, now, held.contains_key(node));
        hints(page, story, place, *node);
        page.end();
    }
    page.end();
}

/// Versions, each in the colour of its value.
pub(super) fn chips(page: &mut Page, story: &Story, versions: &[Version], known: bool) {
    if versions.is_empty() {
        let said = if known { "nothing" } else { "–" };
        page.el("span").class("nil").text(said);
    }
    for version in versions.iter().take(6) {
        chip(page, story, version, "");
        page.text(" ");
    }
    if versions.len() > 6 {
        page.el("span")
            .class("nil")
            .text(format!("+{} more", versions.len() - 6));
    }
}

pub(super) fn chip(page: &mut Page, story: &Story, version: &Version, before: &str) {
    let hint = if before.is_empty() { "" } else { " hint" };
    page.el("span")
        .class(format!("chip {}{hint}", story.colour(version)))
        .open();
    if !before.is_empty() {
        page.el("i").text(before);
        page.text(" ");
    }
    page.el("b").text(shown::value(version, 32));
    if let Some(clock) = shown::clock(story, version) {
        page.text(" ").el("span").class("ck").text(clock);
    }
    page.end();
}

/// What a node keeps for others after a step.
fn hints(page: &mut Page, story: &Story, place: usize, node: Node) {
    let mut kept: BTreeMap<Node, &[Version]> = BTreeMap::new();
    for step in &story.steps[..=place] {
        match &step.what {
            What::Hint {
                holder,
                owner,
                key,
                versions,
            } if *holder == node && story.is_key(key) => {
                kept.insert(*owner, versions);
            }
            What::Unhint {
                holder, owner, key, ..
            } if *holder == node && story.is_key(key) => {
                kept.remove(owner);
            }
            _ => {}
        }
    }
    for (owner, versions) in kept {
        for version in versions.iter().take(3) {
            page.text(" ");
            chip(page, story, version, &format!("for {owner}"));
        }
    }
}

/// The nodes that hold one and the same at the end, in words: `n0, n2 {v1}`.
pub(super) fn at_the_end(story: &Story) -> Vec<String> {
    let held = sentence::before(story, story.steps.len());
    let mut groups: Vec<(Vec<String>, Vec<Version>)> = Vec::new();
    for (node, versions) in held {
        match groups.iter_mut().find(|(_, known)| alike(known, &versions)) {
            Some((nodes, _)) => nodes.push(node.to_string()),
            None => groups.push((vec![node.to_string()], versions)),
        }
    }
    let said = groups.into_iter().map(|(nodes, versions)| {
        let values: Vec<String> = versions
            .iter()
            .map(|version| shown::value(version, 24))
            .collect();
        format!("{} {{{}}}", nodes.join(", "), short(&values.join(", "), 80))
    });
    said.collect()
}
