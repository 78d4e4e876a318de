//! A bundle as Markdown, for an issue or the summary of a CI job.

use std::fmt::Write;

use super::escape::{code, markdown_text};
use crate::history::History;
use crate::kv::Kv;
use crate::report::{Bundle, Effect, Explanation, Share, body};

/// More of the story than this is left out: GitHub refuses a summary of a mebibyte, and cuts nothing.
const STORY_MAX: usize = 600_000;

/// As many steps as the terminal shows.
const STEPS_MAX: usize = 48;

/// The bundle as Markdown: what broke, the story as the terminal tells it, what it takes, how to repeat it.
pub fn markdown(bundle: &Bundle, history: &History<Kv>) -> String {
    let Some(found) = &bundle.counterexample else {
        return format!(
            "### dyno: nothing was broken with seed `{:#018x}`\n\n{}\n",
            bundle.seed,
            markdown_text(&bundle.target)
        );
    };
    let mut out = format!(
        "### ✗ dyno: {}\n\n**{}** · {} · seed `{:#018x}`\n\n{}\n\n",
        markdown_text(&found.title()),
        bundle.fingerprint(),
        markdown_text(&bundle.target),
        bundle.seed,
        markdown_text(&found.sentence)
    );
    fenced(&body(bundle, history, STEPS_MAX), &mut out);
    if let Some(explanation) = &bundle.explanation {
        needs(explanation, &mut out);
    }
    let _ = writeln!(
        out,
        "\nReplay: `dyno replay {}.json`",
        code(&bundle.fingerprint())
    );
    out
}

/// Text between fences that are longer than any in it.
fn fenced(text: &str, out: &mut String) {
    let (mut longest, mut now) = (0, 0);
    for c in text.chars() {
        now = if c == '`' { now + 1 } else { 0 };
        longest = longest.max(now);
    }
    let fence = "`".repeat(3.max(longest + 1));
    let mut end = text.len().min(STORY_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let _ = writeln!(out, "{fence}text\n{}", text[..end].trim_end());
    if end < text.len() {
        let _ = writeln!(out, "⋯ {} more bytes", text.len() - end);
    }
    let _ = writeln!(out, "{fence}");
}

fn needs(explanation: &Explanation, out: &mut String) {
    let count = explanation.replays;
    let _ = writeln!(
        out,
        "\n<details><summary>What it takes to fail ({count} replays)</summary>\n\n\
         | changed | result | with other luck |\n| --- | --- | --- |"
    );
    let _ = writeln!(out, "| nothing | fails | {} |", share(explanation.as_it_is));
    for need in &explanation.needs {
        let effect = match &need.effect {
            Effect::Fails => "fails".into(),
            Effect::Holds => "holds".into(),
            Effect::Idle(why) => format!("nothing to break: {}", markdown_text(why)),
            Effect::Unpromised => "not promised".into(),
            Effect::Otherwise(how) => format!("fails otherwise: {}", markdown_text(how)),
        };
        let change = markdown_text(&need.change);
        let _ = writeln!(out, "| {change} | {effect} | {} |", share(need.luck));
    }
    out.push_str("\n</details>\n");
}

fn share(share: Share) -> String {
    match share.runs {
        0 => "not tried".into(),
        runs => format!("fails in {} of {runs}", share.fails),
    }
}
