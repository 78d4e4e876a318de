//! How to run it again, how it came about, and the bundle itself.

use std::fmt::Write;

use super::shown::{grouped, short};
use super::story::Story;
use super::write::Page;
use crate::report::bundle::Bundle;

/// A bundle of more bytes is embedded without its history.
const EMBEDDED_MAX: usize = 1_000_000;

/// A plan of more bytes is not shown; it is in the bundle.
const PLAN_MAX: usize = 20_000;

/// The begin of the tag that holds the bundle.
pub(in crate::report) const EMBEDDED: &str =
    "<script type=\"application/json\" id=\"dyno-bundle\">";

pub(super) fn section(page: &mut Page, story: &Story, whole: bool) {
    let bundle = story.bundle;
    super::begin(page, "again", "Reproduce", "this file is the test case");
    page.el("div").class("card").open();
    page.el("pre")
        .at("tabindex", 0)
        .at("role", "region")
        .at("aria-label", "Commands")
        .text(commands(bundle));
    if let Some(size) = bundle.size {
        page.el("details").open();
        page.el("summary").text("How it was minimized");
        let (calls, faults, nodes) = size.found;
        let (to_calls, to_faults, to_nodes) = size.minimized;
        page.el("p").class("note").text(format!(
            "{calls} → {to_calls} calls, {faults} → {to_faults} faults, {nodes} → {to_nodes} nodes, by {} replays, \
             each of which broke the same promise for the same cause.",
            grouped(size.replays.into())
        ));
        page.end();
    }
    page.el("details").open();
    page.el("summary").text("Environment");
    let flaw = bundle
        .flaw
        .as_deref()
        .map_or_else(String::new, |flaw| format!(" · flaw {}", short(flaw, 60)));
    page.el("p").class("note").text(format!(
        "format {} · sources {} · target {}{flaw} · trace {}",
        short(&bundle.format, 20),
        short(&bundle.source, 80),
        short(&bundle.target, 120),
        short(&bundle.trace, 40)
    ));
    page.end();
    page.el("details").open();
    page.el("summary")
        .text("The plan: calls and faults, as dyno runs them");
    let plan = serde_json::to_string_pretty(&bundle.plan).unwrap_or_default();
    if plan.len() <= PLAN_MAX {
        page.el("pre")
            .at("tabindex", 0)
            .at("role", "region")
            .at("aria-label", "Plan")
            .text(plan);
    } else {
        page.el("p")
            .class("note")
            .text("It is too long to be shown; the bundle in this file has it.");
    }
    page.end();
    let said = if whole {
        "The whole bundle, history included, is embedded in this file as JSON."
    } else {
        "The history was too large to be embedded. The plan and the verdict are embedded: dyno replay \
         runs them, and compares the trace instead of each entry."
    };
    page.el("p").class("note").text(said);
    page.end();
    page.end();
}

fn commands(bundle: &Bundle) -> String {
    let file = format!("{}.html", bundle.fingerprint());
    if let Some(test) = bundle.target.strip_prefix("test ") {
        let name = test.rsplit("::").next().unwrap_or(test);
        return format!(
            "# run it again in the test that found it\nDYNO_REPLAY={file} cargo test {}\n\
             # keep it: the test runs it first from now on\ndyno pin {file}",
            short(name, 120)
        );
    }
    let mut said = format!("# run it again, exactly\ndyno replay {file}\n");
    if bundle.flaw.is_some() {
        let _ = writeln!(
            said,
            "# the same run on the store without its flaw\ndyno replay {file} --flaw none"
        );
    }
    said + &format!(
        "# what it needs, when it became unavoidable, and the wrong decision\ndyno explain {file}"
    )
}

/// Writes the bundle into the page, and says whether all of it found room.
pub(super) fn embedded(bundle: &Bundle) -> (String, bool) {
    let mut text = bundle.write();
    let whole = text.len() <= EMBEDDED_MAX;
    if !whole {
        let shell = Bundle {
            history: Vec::new(),
            ..bundle.clone()
        };
        text = shell.write();
    }
    // In JSON a `<` stands in texts only.
    (text.replace('<', "\\u003c"), whole)
}
