//! Why it is certain, and what it takes to fail.

use std::fmt::Write;

use super::shown::{grouped, short};
use super::story::Story;
use super::write::Page;
use crate::history::OpId;
use crate::report::explanation::{Effect, Explanation, Need, Share};

/// The facts that make the violation certain, each with the steps that it speaks of.
pub(super) fn facts(page: &mut Page, story: &Story) {
    let Some(found) = story.found else { return };
    super::begin(
        page,
        "why",
        "Why this is a violation",
        "each line can be checked in the history below; times in these lines are microseconds",
    );
    page.el("div").class("card").open();
    page.el("ol").class("proof").open();
    for reason in found.reasons.iter().take(60) {
        page.el("li").open();
        page.text(short(&story.told(&reason.text, &reason.ops), 900));
        links(page, story, &reason.ops);
        page.end();
    }
    page.end();
    let more = found.reasons.len().saturating_sub(60);
    if more > 0 {
        page.el("p")
            .class("note")
            .text(format!("{more} more facts are in the bundle."));
    }
    page.end();
    page.end();
}

fn links(page: &mut Page, story: &Story, ops: &[OpId]) {
    let steps = ops.iter().filter_map(|op| story.step_of(*op));
    let mut steps: Vec<usize> = steps
        .filter(|step| story.shown.contains(step))
        .map(Story::number)
        .collect();
    steps.sort_unstable();
    steps.dedup();
    for step in steps.iter().take(8) {
        page.text(" ");
        let link = page.el("a").class("to").at("href", format!("#step-{step}"));
        link.text(format!("step {step}"));
    }
}

/// The reruns with one thing changed: what is needed first.
pub(super) fn needs(page: &mut Page, story: &Story) {
    let Some(explanation) = &story.bundle.explanation else {
        return;
    };
    super::begin(
        page,
        "needs",
        "What it takes to fail",
        "each line is this run with one thing changed, and was run",
    );
    super::scroll(page, "What it takes to fail", "card");
    page.el("table").class("ex").open();
    super::head(
        page,
        [
            "changed",
            "needed?",
            "outcome, all else and all luck being equal",
            "with other luck",
        ]
        .into_iter(),
    );
    page.el("tbody").open();
    let mut needs: Vec<&Need> = explanation.needs.iter().collect();
    needs.sort_by_key(|need| (tag(need, explanation.as_it_is).0, need.of));
    row(
        page,
        "nothing",
        (0, "as it is", ""),
        ("fails".into(), explanation.as_it_is),
    );
    let (any, rest): (Vec<&Need>, Vec<&Need>) = needs
        .into_iter()
        .partition(|need| need.effect == Effect::Fails);
    for need in rest.iter().take(200) {
        row(
            page,
            &short(&need.change, 200),
            tag(need, explanation.as_it_is),
            (outcome(&need.effect), need.luck),
        );
    }
    same(page, &any);
    page.end();
    page.end();
    let mut note = format!("{} replays. ", grouped(explanation.replays.into()));
    if explanation.untried > 0 {
        let _ = write!(
            note,
            "{} more changes were not tried: the replays were used up.",
            explanation.untried
        );
    }
    page.el("p").class("note").text(note.trim());
    page.end();
    page.end();
}

fn row(
    page: &mut Page,
    change: &str,
    (_, said, class): (u8, &str, &str),
    (outcome, luck): (String, Share),
) {
    page.el("tr").open();
    page.el("th").at("scope", "row").text(change);
    page.el("td").open();
    page.el("span").class(format!("tag {class}")).text(said);
    page.end();
    page.el("td").text(outcome);
    page.el("td").text(match luck.runs {
        0 => "not tried".into(),
        runs => format!("fails in {} of {runs}", luck.fails),
    });
    page.end();
}

/// What makes no difference, together.
fn same(page: &mut Page, any: &[&Need]) {
    if any.is_empty() {
        return;
    }
    page.el("tr").open();
    page.el("th").at("scope", "row").class("each").open();
    for (index, need) in any.iter().take(200).enumerate() {
        page.text(if index > 0 { " · " } else { "" });
        page.text(short(&need.change, 200));
    }
    page.end();
    page.el("td").open();
    page.el("span").class("tag any").text("any");
    page.end();
    page.el("td").text("each of these fails the same way");
    let tried = any
        .iter()
        .map(|need| need.luck)
        .filter(|luck| luck.runs > 0);
    let least = tried.clone().map(Share::percent).min();
    let most = tried.map(Share::percent).max();
    page.el("td").text(match least.zip(most) {
        None => "not tried".into(),
        Some((least, most)) if least == most => format!("each fails in {least} %"),
        Some((least, most)) => format!("each fails in {least} to {most} %"),
    });
    page.end();
}

/// The rank of a change, its word and the class of that.
///
/// That the promise held once means something only if it holds more often than as things were.
fn tag(need: &Need, whole: Share) -> (u8, &'static str, &'static str) {
    match &need.effect {
        Effect::Holds
            if need.luck.runs > 0 && need.luck.percent() >= whole.percent() && whole.fails > 0 =>
        {
            (1, "by luck", "")
        }
        Effect::Holds => (0, "needed", "need"),
        Effect::Idle(_) => (2, "needed to try", ""),
        Effect::Unpromised => (3, "not promised", ""),
        Effect::Otherwise(_) => (4, "for this cause", ""),
        Effect::Fails => (5, "any", "any"),
    }
}

fn outcome(effect: &Effect) -> String {
    match effect {
        Effect::Fails => "fails the same way".into(),
        Effect::Holds => "holds".into(),
        Effect::Idle(why) => short(&format!("nothing to break: {why}"), 240),
        Effect::Unpromised => "a cluster like that does not promise it".into(),
        Effect::Otherwise(how) => short(&format!("fails otherwise: {how}"), 240),
    }
}

/// The explanation, for a page that has one.
pub(super) fn explanation<'a>(story: &Story<'a>) -> Option<&'a Explanation> {
    story.bundle.explanation.as_ref()
}
