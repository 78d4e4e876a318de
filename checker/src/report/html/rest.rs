//! On what the answer rested that is blamed: who was asked, what got there, what was on disk, what came back.

use super::shown::{ms, short};
use super::story::Story;
use super::write::Page;
use crate::decision::answer::{Replica, Rest};
use crate::domain::Domain;
use crate::history::{Op, OpId};
use crate::kv::Kv;
use crate::network::Beside;

fn rest<'s>(story: &Story<'s>, op: OpId) -> Option<(&'s Op<Kv>, Rest)> {
    let beside = Beside {
        via: Some(&story.bundle.via),
        network: Some(&story.bundle.network),
    };
    let op = story.history.op(op)?;
    Some((op, Rest::of(story.history, op, beside)?))
}

/// The facts that the panel tells.
pub(super) fn facts(story: &Story, op: OpId) -> Option<Vec<String>> {
    let (op, rest) = rest(story, op)?;
    Some(rest.facts(op.call.writes()))
}

pub(super) fn panel(page: &mut Page, story: &Story, op: OpId) {
    let Some((op, rest)) = rest(story, op) else {
        return;
    };
    let label = short(&Kv::call_label(&op.call), 80);
    page.el("h3").class("gapped").text(format!(
        "On what the answer to {label} rested, at {} ms",
        ms(rest.answered)
    ));
    if let Some(handed) = &rest.handed {
        let back = match handed.heard {
            Some(at) if at <= rest.answered => {
                format!("{} heard of it at {} ms", rest.asked, ms(at))
            }
            Some(at) => format!("{} heard of it at {} ms only", rest.asked, ms(at)),
            None => format!("{} never heard of it", rest.asked),
        };
        page.el("p").class("note").text(format!(
            "The client asked {}, which handed the call on to {} at {} ms; {back}.",
            rest.asked,
            handed.to,
            ms(handed.sent)
        ));
    }
    super::scroll(page, "On what the answer rested", "card");
    page.el("table").class("ex").open();
    let writes = op.call.writes();
    let mut titles = vec!["node", "asked", "got there"];
    if writes {
        titles.push("on its disk");
    }
    titles.extend(["its answer came", "by the time of the answer"]);
    super::head(page, titles.into_iter());
    page.el("tbody").open();
    for replica in &rest.replicas {
        row(page, &rest, replica, writes);
    }
    page.end();
    page.end();
    page.end();
}

fn row(page: &mut Page, rest: &Rest, replica: &Replica, writes: bool) {
    page.el("tr").open();
    page.el("th")
        .at("scope", "row")
        .text(format!("{}", replica.node));
    let cell = |page: &mut Page, text: String| page.el("td").text(text);
    match replica.request {
        None => {
            cell(page, "it saw to the call itself".into());
            cell(page, "–".into());
        }
        Some(request) => {
            let place = request
                .in_place_of
                .map_or_else(String::new, |owner| format!(", in the place of {owner}"));
            cell(page, format!("at {} ms{place}", ms(request.sent)));
            let never = "✗ never".to_owned();
            cell(
                page,
                request
                    .reached
                    .map_or(never, |at| format!("at {} ms", ms(at))),
            );
        }
    }
    if writes {
        let kept = replica.kept.map(|(at, whose)| {
            let whose = whose.map_or_else(String::new, |owner| format!(", as a hint for {owner}"));
            format!("since {} ms{whose}", ms(at))
        });
        cell(page, kept.unwrap_or_else(|| "✗ never".into()));
    }
    let heard = replica.request.map(|request| request.heard);
    cell(
        page,
        match heard {
            None => "–".into(),
            Some(None) => "✗ never".into(),
            Some(Some(at)) => format!("at {} ms", ms(at)),
        },
    );
    let answered = heard.flatten().is_some_and(|at| at <= rest.answered);
    let kept = replica.kept.is_some_and(|(at, _)| at <= rest.answered);
    let said = match (writes, kept, heard.is_some(), answered) {
        (true, true, true, true) => "✓ had a copy and had said so",
        (true, true, true, false) => "had a copy, but had not said so",
        (true, true, false, _) => "✓ had a copy",
        (true, false, true, true) => "✗ had answered without a copy on its disk",
        (true, false, true, false) => "✗ no copy, no answer",
        (true, false, false, _) => "✗ had no copy on its disk",
        (false, _, true, true) => "✓ had answered",
        (false, _, true, false) => "✗ had not answered",
        (false, _, false, _) => "reads its own disk, if it is an owner or stands in",
    };
    page.el("td").text(said);
    page.end();
}
