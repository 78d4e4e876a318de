//! `dyno explain`: what a failure needs, when it became unavoidable, and the wrong decision.

use checker::Budget;
use checker::report::explained;
use serde_json::json;

use super::args::{Explain, Format};
use super::exit::Exit;
use super::input;
use super::output::{fail, say, say_line, tell};
use super::status::Status;
use crate::bundle::{self, Unexplained, Unplayable};

pub(super) fn explain(args: &Explain) -> Result<Exit, String> {
    let name = args.file.display();
    let (recorded, _) = input::bundle(&args.file)?;
    let explanation = match Status::during(
        || "explain".into(),
        || bundle::explained(&recorded, args.replays, Budget::default()),
    ) {
        Ok(explanation) => explanation,
        Err(Unexplained::Unbroken) => {
            let human = format!("nothing to explain: {}", recorded.title());
            return Ok(nothing(args, &human, Exit::Fine));
        }
        Err(Unexplained::Gone) => {
            let human = format!("{}: it does not fail that way any more", recorded.title());
            return Ok(nothing(args, &human, Exit::TwoWays));
        }
        Err(Unexplained::Unplayable(Unplayable::Undriven(why))) => {
            fail(&format!("cannot run {name}: {why}"));
            return Ok(Exit::Target);
        }
        Err(why) => return Err(format!("cannot explain {name}: {why}")),
    };
    match args.format {
        Format::Json => say_line(&json!({
            "format": "dyno-explain/1", "fingerprint": recorded.fingerprint(),
            "explanation": explanation, "exit": Exit::Violated.number(),
        })),
        Format::Human => {
            let found = recorded.counterexample.as_ref();
            let sentence = found.map_or("", |found| found.sentence.as_str());
            say(&format!(
                "✗ {}  {}\n\n  {sentence}\n\n{}",
                recorded.title(),
                recorded.fingerprint(),
                explained(&explanation)
            ));
        }
    }
    Ok(Exit::Violated)
}

fn nothing(args: &Explain, human: &str, exit: Exit) -> Exit {
    match args.format {
        Format::Json => say_line(&json!({
            "format": "dyno-explain/1", "explanation": null, "exit": exit.number(),
        })),
        Format::Human => tell(&format!("{human}\n")),
    }
    exit
}
