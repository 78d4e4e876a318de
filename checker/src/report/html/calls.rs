//! The client history: every call, with the faults between them.

use super::shown::{ms, short};
use super::story::Story;
use super::table::left_out;
use super::write::Page;
use crate::domain::Domain;
use crate::history::{Line, Op, Outcome};
use crate::kv::{Kv, KvCall};
use crate::note::Note;

/// Longer histories are cut; those of a hunt are minimized and far shorter.
const ROWS: usize = 400;

pub(super) fn section(page: &mut Page, story: &Story) {
    super::begin(
        page,
        "history",
        "Client history",
        "faults as rows; times in virtual milliseconds",
    );
    super::scroll(page, "Client history", "card");
    page.el("table").class("mono hist").open();
    super::head(
        page,
        [
            "op",
            "client",
            "call",
            "return",
            "operation",
            "context of",
            "via",
            "result",
        ]
        .into_iter(),
    );
    page.el("tbody").open();
    let mut rows = 0;
    let mut more = 0;
    for line in story.history.lines() {
        let is_row = matches!(
            line,
            Line::Invoke(_) | Line::Note(_, Note::Fault { .. } | Note::Healed | Note::Quiet)
        );
        if is_row && rows >= ROWS {
            more += 1;
            continue;
        }
        rows += usize::from(is_row);
        match line {
            Line::Invoke(op) => call(page, story, op),
            Line::Note(at, Note::Fault { what, begins }) => {
                let said = if *begins { "fault" } else { "over" };
                beside(page, &ms(at), &format!("{said}: {}", short(what, 200)));
            }
            Line::Note(at, Note::Healed) => beside(page, &ms(at), "all faults have ended"),
            Line::Note(at, Note::Quiet) => {
                beside(page, &ms(at), "the cluster has had time to mend");
            }
            Line::Return(..) | Line::Note(..) => {}
        }
    }
    if more > 0 {
        left_out(page, &format!("⋯ {more} more rows are in the bundle"), 8);
    }
    page.end();
    page.end();
    page.end();
    page.end();
}

fn beside(page: &mut Page, at: &str, said: &str) {
    page.el("tr").class("beside").open();
    page.el("td").text("");
    page.el("td").text("");
    page.el("td").text(at);
    page.el("td").text("");
    page.el("td").at("colspan", 4).text(said);
    page.end();
}

fn call(page: &mut Page, story: &Story, op: &Op<Kv>) {
    let bad = story.bad_op == Some(op.id);
    let told = story.found.is_some_and(|found| found.ops.contains(&op.id));
    page.el("tr").maybe("class", told.then_some("told")).open();
    page.el("th").at("scope", "row").text(op.id.0);
    page.el("td").text(op.process);
    page.el("td").text(ms(op.invoked));
    page.el("td")
        .text(op.returned.map_or_else(|| "–".into(), ms));
    page.el("td").text(short(&Kv::call_label(&op.call), 200));
    let seen: Vec<String> = op
        .call
        .context()
        .iter()
        .map(|seen| seen.0.to_string())
        .collect();
    let seen = if op.call.writes() && seen.is_empty() {
        "none".into()
    } else {
        short(&seen.join(", "), 80)
    };
    page.el("td")
        .text(if matches!(op.call, KvCall::Get { .. }) {
            String::new()
        } else {
            seen
        });
    let via = story.bundle.via.get(&op.id);
    page.el("td")
        .text(via.map_or_else(String::new, ToString::to_string));
    page.el("td").open();
    let said = match &op.outcome {
        Outcome::Ok(ret) => short(&Kv::ret_label(ret), 300),
        Outcome::Fail => "refused".into(),
        Outcome::Unknown => "? (no answer in time)".into(),
    };
    if bad {
        page.el("span").class("v-n").text(format!("✗ {said}"));
    } else {
        page.text(said);
    }
    page.end();
    page.end();
}
