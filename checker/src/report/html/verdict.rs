//! The top of a page: what broke, in one sentence, how large it is, and how to run it again.

use super::decision;
use super::shown::{grouped, many, short};
use super::story::Story;
use super::table::at_the_end;
use super::write::Page;
use crate::promises::{judge_all, promises};
use crate::verdict::{Budget, Promise, Verdict};

/// Histories of more operations are not judged again for the list of promises.
const JUDGED_MAX: usize = 2_000;

pub(super) fn header(page: &mut Page, story: &Story) {
    let bundle = story.bundle;
    page.el("header")
        .class(if story.found.is_some() {
            "hero"
        } else {
            "hero fine"
        })
        .open();
    if let Some(found) = story.found {
        page.el("span")
            .class("pchip")
            .text(format!("✗ violated: {}", found.title()));
        page.el("h1").text(short(&found.sentence, 600));
        if let Some(reason) = found.reasons.first() {
            let first = story.told(&reason.text, &reason.ops);
            page.el("p").open().text(short(&first, 600)).text(".");
            let others = found.reasons.len() - 1;
            if others > 0 {
                page.text(" ")
                    .el("a")
                    .at("href", "#why")
                    .text(format!("{}, below", many(others, "more reason")));
            }
            page.end();
        }
        decision::pointer(page, story);
    } else {
        page.el("span")
            .class("pchip fine")
            .text("✓ nothing was broken");
        page.el("h1")
            .text("The record of a run that broke no promise.");
    }
    let held = at_the_end(story);
    if let (Some(key), true, true) = (
        &story.key,
        story.found.is_some(),
        (1..=4).contains(&held.len()),
    ) {
        page.el("p").text(format!(
            "In the end the disks hold of {}: {}.",
            short(key, 60),
            held.join("; ")
        ));
    }
    facts(page, story);
    page.el("div").class("repro").open();
    page.el("code")
        .at("id", "rp")
        .text(format!("dyno replay {}.html", bundle.fingerprint()));
    page.el("button")
        .at("type", "button")
        .class("tb")
        .at("data-copy", "rp")
        .flag("hidden")
        .text("Copy");
    page.end();
    page.end();
}

fn facts(page: &mut Page, story: &Story) {
    let bundle = story.bundle;
    page.el("dl").class("facts").open();
    let mut fact = |name: &str, said: String, code: bool| {
        page.el("div").open();
        page.el("dt").text(name);
        page.el("dd").open();
        if code {
            page.el("code").text(said);
        } else {
            page.text(said);
        }
        page.end();
        page.end();
    };
    if let Some(size) = bundle.size {
        let said = |(calls, faults, nodes): (u32, u32, u32)| {
            let parts = [(calls, "call"), (faults, "fault"), (nodes, "node")];
            parts
                .map(|(count, what)| many(count as usize, what))
                .join(", ")
        };
        fact("Minimized to", said(size.minimized), false);
        fact(
            "Found in",
            format!(
                "{}, by {} replays",
                said(size.found),
                grouped(size.replays.into())
            ),
            false,
        );
    } else {
        fact("Size", many(story.history.ops().len(), "call"), false);
    }
    if let Some(setup) = story.setup {
        let said = format!(
            "{}, N {}, R {}, W {}",
            many(setup.nodes as usize, "node"),
            setup.n,
            setup.r,
            setup.w
        );
        fact("Cluster", said, false);
    }
    fact("Target", short(&bundle.target, 80), false);
    fact("Seed", format!("{:#018x}", bundle.seed), true);
    if story.found.is_some() {
        fact("Cause", bundle.fingerprint(), true);
    }
    page.end();
}

/// All that is known of the other promises, on one line.
pub(super) fn others(page: &mut Page, story: &Story) {
    let mut said: Vec<(char, String, &str)> = Vec::new();
    if let Some(found) = story.found {
        said.push(('✗', found.title(), ""));
    }
    said.extend(
        story
            .bundle
            .also
            .iter()
            .map(|title| ('✗', title.clone(), "")),
    );
    let name = |title: &str| title.split(" (").next().unwrap_or_default().to_owned();
    let broken: Vec<String> = said.iter().map(|(_, title, _)| name(title)).collect();
    for (promise, verdict) in judged(story) {
        if broken.iter().any(|name| name == promise.name()) {
            continue;
        }
        match verdict {
            Verdict::Valid(_) => said.push(('✓', promise.name().into(), "")),
            Verdict::Unknown(_) => said.push((
                '–',
                promise.name().into(),
                " (nothing here could have broken it)",
            )),
            // Broken and not said to be: this run does not promise it.
            Verdict::Invalid(_) => said.push(('–', promise.name().into(), " (not promised here)")),
        }
    }
    page.el("ul")
        .class("props")
        .at("aria-label", "All promises judged on this run")
        .open();
    for (mark, title, remark) in said {
        page.el("li").open();
        let class = match mark {
            '✗' => "x",
            '✓' => "o",
            _ => "",
        };
        page.el("span").class(class).text(mark);
        page.text(" ").el("b").text(short(&title, 120));
        page.text(remark).end();
    }
    page.end();
}

fn judged(story: &Story) -> Vec<(Promise, Verdict)> {
    if story.setup.is_none() || story.history.ops().len() > JUDGED_MAX {
        return Vec::new();
    }
    let names: Vec<Promise> = promises().iter().map(|checker| checker.promise()).collect();
    let verdicts = judge_all(story.history, &names, Budget::default());
    names
        .into_iter()
        .zip(verdicts.unwrap_or_default())
        .collect()
}
