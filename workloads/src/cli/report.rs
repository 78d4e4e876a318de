//! `dyno report`: a bundle as a page, a picture, text or JSON.

use std::fs;

use checker::report::{html, svg, terminal};

use super::args::{Report, ReportFormat};
use super::exit::Exit;
use super::input;
use super::output::{say, say_line};

/// Writes a bundle in the format asked for; nothing is run.
pub(super) fn report(args: &Report) -> Result<Exit, String> {
    let (bundle, history) = input::bundle(&args.file)?;
    let text = match args.format {
        ReportFormat::Html => html(&bundle, &history),
        ReportFormat::Svg => svg(&bundle, &history),
        ReportFormat::Human => terminal(&bundle, &history),
        ReportFormat::Json => bundle.write(),
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
