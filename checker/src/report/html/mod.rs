//! A counterexample as one page: no script is needed to read it, nothing is loaded, nothing is sent.
//!
//! The order of the page is the order of a reader's questions: what broke, how to run it again, what
//! happened, where the wrong decision was, why it is certain, what it depends on, and the raw history.

mod again;
mod bars;
mod calls;
mod columns;
mod cycle;
mod cycle_panel;
mod decision;
mod digest;
mod doom;
mod faults;
mod frame;
mod graph;
mod label;
mod lanes;
mod marks;
mod moment;
mod order_panel;
mod orders;
mod picture;
mod replicas;
mod rest;
mod ribbons;
mod sentence;
mod shown;
mod story;
mod table;
#[cfg(test)]
mod tests;
mod traffic;
mod truth;
mod verdict;
mod why;
mod write;

pub(super) use again::EMBEDDED;

use std::fmt::Write;

use digest::digest;
use frame::Frame;
pub use shown::grouped;
use shown::short;
use story::Story;
pub use write::{Element, Page};

use super::bundle::Bundle;
use crate::history::History;
use crate::kv::Kv;

/// More steps and lanes than this are not a picture.
const STEPS: usize = 60;
const LANES: usize = 12;

/// A picture that stands alone is smaller than this, in bytes.
const SVG_MAX: usize = 60_000;

const STYLE: &str = include_str!("style.css");
const PICTURE_STYLE: &str = include_str!("picture.css");
const SCRIPT: &str = include_str!("page.js");

/// The report of one bundle as a page of less than 2 MB. The same bundle gives the same bytes.
pub fn html(bundle: &Bundle, history: &History<Kv>) -> String {
    let story = Story::new(bundle, history, (STEPS, LANES));
    let title = match story.found {
        Some(found) => format!("FAIL {}: {}", found.title(), found.sentence),
        None => "Nothing broken".into(),
    };
    let mut page = begun(&title, "counterexample report");
    verdict::header(&mut page, &story);
    verdict::others(&mut page, &story);
    if !story.shown.is_empty() {
        what_happened(&mut page, &story);
        table::section(&mut page, &story);
    }
    decision::section(&mut page, &story);
    order_panel::section(&mut page, &story);
    cycle_panel::section(&mut page, &story);
    why::facts(&mut page, &story);
    why::needs(&mut page, &story);
    calls::section(&mut page, &story);
    let (embedded, whole) = again::embedded(bundle);
    again::section(&mut page, &story, whole);
    page.el("footer").text(
        "Made by dyno. This page is one file, loads nothing and sends nothing. Keys: ← → or j k step, Home End, d theme.",
    );
    page.end();
    page.raw(&format!("{EMBEDDED}{embedded}</script>\n"));
    ended(page)
}

/// A page of one's own in the same style, as strict and as self-contained: what `body` writes goes into its
/// main part, which begins with a line that says what it is.
pub fn page(title: &str, about: &str, body: impl FnOnce(&mut Page)) -> String {
    let mut page = begun(title, about);
    body(&mut page);
    page.el("footer").text(
        "Made by dyno. This page is one file, loads nothing and sends nothing. Key: d theme.",
    );
    page.end();
    ended(page)
}

/// A page whose main part is open.
fn begun(title: &str, about: &str) -> Page {
    let mut page = Page::default();
    page.raw("<!doctype html>\n");
    page.el("html").at("lang", "en").open();
    head_of_page(&mut page, title);
    page.el("body").open();
    page.el("main").open();
    page.el("div").class("top").open();
    page.el("span").class("wm").text("dyno");
    page.el("span").text(about);
    page.el("span").class("sp").text("");
    let switch = page
        .el("button")
        .at("type", "button")
        .class("tb")
        .at("id", "th");
    switch.flag("hidden").text("Light / dark");
    page.end();
    page
}

/// The whole, whose main part was closed.
fn ended(mut page: Page) -> String {
    page.raw(&format!("<script>{SCRIPT}</script>"));
    page.end();
    page.end();
    page.done() + "\n"
}

/// The space-time picture of one bundle alone, with its own style, as a file of at most 60 KB.
pub fn svg(bundle: &Bundle, history: &History<Kv>) -> String {
    let mut picture = String::new();
    for steps in [STEPS, 40, 25, 12, 6] {
        let story = Story::new(bundle, history, (steps, LANES));
        let mut frame = Frame::new(&story);
        let mut page = Page::default();
        picture::draw(&mut page, &story, &mut frame, Some(PICTURE_STYLE));
        picture = page.done() + "\n";
        if picture.len() <= SVG_MAX {
            break;
        }
    }
    picture
}

fn head_of_page(page: &mut Page, title: &str) {
    let style = format!("{PICTURE_STYLE}{STYLE}");
    page.el("head").open();
    page.el("meta").at("charset", "utf-8").void();
    let viewport = page.el("meta").at("name", "viewport");
    viewport
        .at("content", "width=device-width,initial-scale=1")
        .void();
    // Digests have nothing that needs escaping, and a policy is read before anything is unescaped.
    page.raw(&format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{}'; \
         script-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">",
        digest(&style),
        digest(SCRIPT)
    ));
    page.el("title").text(short(title, 160));
    page.raw(&format!("<style>{style}</style>"));
    page.end();
}

fn what_happened(page: &mut Page, story: &Story) {
    let mut frame = Frame::new(story);
    begin(
        page,
        "happened",
        "What happened",
        "what the disk of each node holds; time is not to scale",
    );
    page.el("div").class("card").open();
    controls(page, story);
    scroll(page, "Space-time picture", "");
    picture::draw(page, story, &mut frame, None);
    if let Some(explanation) = why::explanation(story).filter(|all| !all.doom.is_empty()) {
        page.el("h3")
            .class("bkh")
            .at("id", "doom")
            .text("When it became unavoidable");
        page.el("p").class("note").text(
            "From each moment the run was continued with other luck: the share that fails the same way, on the same axis.",
        );
        doom::draw(page, &frame, explanation);
        page.end();
        doom::list(page, story, explanation);
    } else {
        page.end();
    }
    legend(page, story);
    page.end();
    page.end();
}

fn controls(page: &mut Page, story: &Story) {
    let last = story.shown.len();
    page.el("div")
        .class("ctl")
        .at("id", "ctl")
        .flag("hidden")
        .open();
    let button = page
        .el("button")
        .at("type", "button")
        .class("tb")
        .at("id", "pv");
    button.at("aria-label", "Previous step").text("‹");
    let slider = page
        .el("input")
        .at("type", "range")
        .at("id", "sl")
        .at("min", 1);
    slider
        .at("max", last)
        .at("value", last)
        .at("aria-label", "Step")
        .void();
    let button = page
        .el("button")
        .at("type", "button")
        .class("tb")
        .at("id", "nx");
    button.at("aria-label", "Next step").text("›");
    page.el("output").at("id", "so").at("for", "sl").text("");
    page.el("span").class("sp").text("");
    page.el("span").class("keys").open();
    page.el("kbd").text("←");
    page.text(" ").el("kbd").text("→");
    page.text(" step").end();
    page.end();
}

fn legend(page: &mut Page, story: &Story) {
    let mut said = String::from(
        "A ribbon is what the disk of a node holds, in the colour of its value; siblings share its height, a dashed \
         one is a hint. An arrow ends where a message had brought versions. A thin line leads from a call to the node \
         it asked. Hatched: a fault. Red: what went wrong.",
    );
    let cut = story
        .segments
        .iter()
        .flat_map(|segment| &segment.versions)
        .any(|version| story.is_cut(version));
    if cut {
        said.push_str(
            " † the clock says less of what the version had seen than when it was first held.",
        );
    }
    let (clients, nodes) = story.left_out;
    for (count, what) in [(clients, "client"), (nodes, "node")] {
        if count > 0 {
            let _ = write!(said, " {} not drawn.", shown::many(count, what));
        }
    }
    if story.keys > 1 {
        let _ = write!(
            said,
            " Of {} keys the replicas of one are drawn.",
            story.keys
        );
    }
    page.el("p").class("note").text(said);
}

/// Begins a section; two elements are open after it less its content: the section alone.
fn begin(page: &mut Page, id: &str, title: &str, remark: &str) {
    let label = format!("h-{id}");
    page.el("section")
        .at("id", id)
        .at("aria-labelledby", &label)
        .open();
    page.el("h2").at("id", label).open().text(title).text(" ");
    page.el("small").text(remark);
    page.end();
}

/// Begins a part that scrolls sideways by itself, with the keyboard too.
fn scroll(page: &mut Page, label: &str, class: &str) {
    let class = format!("scroll {class}");
    let part = page
        .el("div")
        .class(class.trim())
        .at("tabindex", 0)
        .at("role", "region");
    part.at("aria-label", label).open();
}

/// The head of a table.
fn head<'t>(page: &mut Page, titles: impl Iterator<Item = &'t str>) {
    page.el("thead").open();
    page.el("tr").open();
    for title in titles {
        page.el("th").at("scope", "col").text(title);
    }
    page.end();
    page.end();
}
