//! `dyno report`: a bundle as a page, a picture, text, JSON, or in a format of others.

use std::fs;

use checker::History;
use checker::kv::Kv;
use checker::note::Note;
use checker::report::{Bundle, edn, html, junit, markdown, shiviz, svg, terminal, trace_events};

use super::args::{Report, ReportFormat, Schema};
use super::exit::Exit;
use super::input;
use super::output::{self, say, say_line};
use crate::schema;

/// Writes a bundle in the format asked for, or the schema of one; nothing is run.
pub(super) fn report(args: &Report) -> Result<Exit, String> {
    let text = match (args.schema, &args.file) {
        (Some(Schema::Bundle), _) => schema::BUNDLE.into(),
        (Some(Schema::Hunt), _) => schema::HUNT.into(),
        (Some(Schema::Flaws), _) => schema::FLAWS.into(),
        (None, None) => return Err("say which bundle".into()),
        (None, Some(file)) => {
            let (bundle, history) = input::bundle(file)?;
            if let Some(note) = lacks(&bundle, &history, args.format)
                .map_err(|why| format!("cannot write {}: {why}", file.display()))?
            {
                output::note(&format!("note: {note}"));
            }
            match args.format {
                ReportFormat::Html => html(&bundle, &history),
                ReportFormat::Svg => svg(&bundle, &history),
                ReportFormat::Human => terminal(&bundle, &history),
                ReportFormat::Json => bundle.write(),
                ReportFormat::Markdown => markdown(&bundle, &history),
                ReportFormat::Junit => junit(&bundle, &history),
                ReportFormat::Edn => edn(&bundle, &history),
                ReportFormat::Shiviz => shiviz(&bundle, &history),
                ReportFormat::Perfetto => trace_events(&bundle, &history),
            }
        }
    };
    let Some(out) = &args.out else {
        say(&text);
        return Ok(Exit::Fine);
    };
    let to = out.display();
    fs::write(out, text).map_err(|why| format!("cannot write {to}: {why}"))?;
    say_line(&format!("wrote {to}"));
    Ok(Exit::Fine)
}

/// What a reader of this format will miss, because the history does not say it. An error if that is all.
fn lacks(
    bundle: &Bundle,
    history: &History<Kv>,
    format: ReportFormat,
) -> Result<Option<&'static str>, String> {
    let (name, of_nodes) = match format {
        ReportFormat::Edn => ("edn", false),
        ReportFormat::Shiviz => ("shiviz", true),
        ReportFormat::Perfetto => ("perfetto", true),
        _ => return Ok(None),
    };
    if history.lines().len() == 0 {
        return Err(format!(
            "{name} tells a history, and here is none; a page leaves out one that is too large, and the bundle \
             beside it has it"
        ));
    }
    let has = |such: fn(&Note) -> bool| history.notes().any(|(_, note)| such(note));
    let disks = has(|note| matches!(note, Note::Durable { .. } | Note::Hint { .. }));
    let delivered = has(|note| matches!(note, Note::Transfer { .. }));
    let messages = delivered || !bundle.network.messages.is_empty();
    Ok(match (disks, messages) {
        _ if !of_nodes => None,
        (_, true) => None,
        (true, false) => Some("no deliveries were recorded, so none are shown between nodes"),
        (false, false) => {
            Some("nothing was recorded of nodes, so only clients and faults are shown")
        }
    })
}
