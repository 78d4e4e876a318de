//! Lines that GitHub shows beside the code, and the page of the job.

use std::env;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;

use super::markdown;
use super::outcome::{Outcome, Violation};

/// GitHub shows ten annotations of a kind and drops the rest without a word.
const SHOWN: usize = 9;

/// Whether a job of GitHub Actions runs this.
pub(in crate::cli) fn is_job() -> bool {
    env::var_os("GITHUB_ACTIONS").is_some_and(|said| said == "true")
}

/// An error for each of the first causes, and one that counts the rest.
pub(in crate::cli) fn annotations(campaigns: &[Outcome]) -> String {
    let causes = campaigns.iter().flat_map(|outcome| &outcome.causes);
    let causes: Vec<&Violation> = causes.collect();
    let mut out = String::new();
    for cause in causes.iter().take(SHOWN) {
        let _ = writeln!(
            out,
            "::error title={}::{}",
            property(&cause.title),
            data(&format!(
                "{} Replay: dyno replay {}",
                cause.sentence(),
                cause.bundle
            ))
        );
    }
    let more = causes.len().saturating_sub(SHOWN);
    if more > 0 {
        let many = if more == 1 { "cause" } else { "causes" };
        let _ = writeln!(
            out,
            "::error title=dyno::and {more} more {many}, in the summary of the job"
        );
    }
    out
}

/// Adds to the page of the job, if there is one.
pub(in crate::cli) fn summarize(campaigns: &[Outcome]) -> Result<(), String> {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY") else {
        return Ok(());
    };
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(markdown::summary(campaigns).as_bytes()));
    written.map_err(|why| format!("cannot write {}: {why}", path.to_string_lossy()))
}

/// The text of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
