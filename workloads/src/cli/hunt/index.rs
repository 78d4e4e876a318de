//! What campaigns came to as one page: causes first, then promises, then what was exercised.

use std::fmt::Write;

use checker::report::markup::{Page, page};

use super::human::{counts, times};
use super::outcome::{Judged, Outcome, Violation, Word};
use crate::units::grouped as number;

/// So many causes are listed; the others are in `hunt.json`.
const CAUSES: usize = 500;

/// All campaigns; with a way to the page of the flaw catalogue, if that stands beside it.
pub(in crate::cli) fn index(campaigns: &[Outcome], with_flaws: bool) -> String {
    let causes = campaigns.iter().flat_map(|outcome| &outcome.causes);
    let causes: Vec<&Violation> = causes.collect();
    let title = title(campaigns, causes.len());
    page(&format!("dyno: {title}"), "campaign report", |page| {
        header(page, campaigns, &title, causes.len());
        if !causes.is_empty() {
            violations(page, &causes);
        }
        for outcome in campaigns {
            campaign(page, outcome);
        }
        if with_flaws {
            page.el("p").open();
            page.text("What such campaigns find, by flaw: ");
            page.el("a")
                .at("href", "./flaws.html")
                .text("the catalogue");
            page.text(".");
            page.end();
        }
    })
}

fn title(campaigns: &[Outcome], causes: usize) -> String {
    let runs: u64 = campaigns.iter().map(|outcome| outcome.runs).sum();
    let found = match causes {
        0 => "Nothing violated".to_owned(),
        1 => "1 cause".to_owned(),
        causes => format!("{causes} causes"),
    };
    format!("{found} in {}", times(runs))
}

fn header(page: &mut Page, campaigns: &[Outcome], title: &str, causes: usize) {
    let (class, chip) = if causes > 0 {
        ("hero", "✗ violated")
    } else {
        ("hero fine", "✓ nothing violated")
    };
    page.el("header").class(class).open();
    let fine = if causes > 0 { "pchip" } else { "pchip fine" };
    page.el("span").class(fine).text(chip);
    page.el("h1").text(title);
    page.el("dl").class("facts").open();
    let sum = |of: fn(&Outcome) -> u64| number(campaigns.iter().map(of).sum());
    let mut facts = vec![
        ("Runs", sum(|outcome| outcome.runs)),
        ("Operations", sum(|outcome| outcome.operations)),
        ("Reruns, all identical", sum(|outcome| outcome.reruns)),
        ("In another process", sum(|outcome| outcome.elsewhere)),
    ];
    if let Some(first) = campaigns.first() {
        facts.push(("Target", first.target.clone()));
        if let Some(base) = first.seed_base {
            facts.push(("Seed base", format!("{base:#018x}")));
        }
    }
    for (name, said) in facts {
        page.el("div").open();
        page.el("dt").text(name);
        page.el("dd").text(said);
        page.end();
    }
    page.end();
    page.end();
}

fn violations(page: &mut Page, causes: &[&Violation]) {
    page.el("section").at("aria-labelledby", "causes").open();
    page.el("h2").at("id", "causes").text("Causes");
    let head = ["cause", "what broke", "runs", "calls", "faults", "nodes"];
    page.table("Table of causes", "card", &head);
    for cause in causes.iter().take(CAUSES) {
        let file = cause.report.rsplit(['/', '\\']).next().unwrap_or_default();
        page.el("tr").open();
        page.el("th").at("scope", "row").open();
        page.el("a")
            .at("href", format!("./{}", encoded(file)))
            .text(&cause.fingerprint);
        page.end();
        page.el("td").open();
        page.el("b").text(&cause.title);
        page.el("br").void();
        page.text(cause.sentence());
        page.end();
        page.el("td").text(number(cause.runs));
        let size = cause.size.map(|size| size.minimized);
        let sizes = size.map(|(calls, faults, nodes)| [calls, faults, nodes]);
        for count in 0..3 {
            let said = sizes.map_or("–".to_owned(), |sizes| sizes[count].to_string());
            page.el("td").text(said);
        }
        page.end();
    }
    page.end_table();
    let more = causes.len().saturating_sub(CAUSES);
    if more > 0 {
        let text = format!("{} more are in hunt.json.", number(more as u64));
        page.el("p").class("note").text(text);
    }
    page.end();
}

fn campaign(page: &mut Page, outcome: &Outcome) {
    let id = format!("of-{}", outcome.preset);
    page.el("section").at("aria-labelledby", &id).open();
    page.el("h2").at("id", &id).open();
    page.text(&outcome.preset);
    page.el("small").text(format!(
        "{}, {} operations",
        times(outcome.runs),
        number(outcome.operations)
    ));
    page.end();
    if let Some(broken) = &outcome.trouble {
        let text = format!(
            "Seed {:#018x} could not be judged: {}",
            broken.seed,
            broken.why()
        );
        page.el("p").class("lead").text(text);
    }
    let head = ["promise", "verdict", "runs", "exercised"];
    page.table(&format!("Promises of {}", outcome.preset), "card", &head);
    for judged in &outcome.promises {
        page.el("tr").open();
        page.el("th").at("scope", "row").text(judged.promise);
        let (class, said) = word(judged);
        page.el("td").open().el("span").class(class).text(said);
        page.end();
        page.el("td").text(number(judged.runs()));
        let exercised = counts(&judged.exercised).join(" · ");
        page.el("td").text(exercised);
        page.end();
    }
    page.end_table();
    let exercised = counts(&outcome.exercised).join(" · ");
    page.el("p")
        .class("note")
        .text(format!("Exercised: {exercised}"));
    if !outcome.never.is_empty() {
        let never = outcome.never.join(" · ");
        page.el("p").class("note").text(format!("Never: {never}"));
    }
    page.end();
}

/// Its colour, and the verdict in words.
fn word(judged: &Judged) -> (&'static str, String) {
    let said = judged.verdict.said();
    match judged.verdict {
        Word::Held => ("v-y", said.into()),
        Word::Violated => ("v-n", format!("{said} in {}", times(judged.broken))),
        Word::Undecided => {
            let why = judged.shortfall.as_deref().unwrap_or_default();
            (
                "v-n",
                format!("{said} in {}: {why}", times(judged.undecided)),
            )
        }
        Word::NothingExercised | Word::NotPromised => ("dim", said.into()),
    }
}

/// The name of a file as part of a link.
fn encoded(name: &str) -> String {
    let mut out = String::new();
    for byte in name.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
