//! What campaigns came to as `JUnit` XML: a suite for each campaign, a case for each promise, and one for each
//! cause that breaks it.

use std::fmt::Write;

use checker::report::markup::xml as escaped;

use super::outcome::{Judged, Outcome, Violation, Word};

/// All campaigns.
pub(in crate::cli) fn suites(campaigns: &[Outcome]) -> String {
    let mut out =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dyno\">\n");
    for outcome in campaigns {
        suite(outcome, &mut out);
    }
    out + "</testsuites>\n"
}

/// One test case.
struct Case {
    name: String,
    end: End,
}

/// How it ended: nothing to say, or an element.
enum End {
    Passed,
    Failed(String),
    Skipped(String),
    Error(String),
}

fn suite(outcome: &Outcome, out: &mut String) {
    let asked = outcome.promises.iter().filter(|judged| judged.asked);
    let mut cases: Vec<Case> = asked.flat_map(|judged| cases(outcome, judged)).collect();
    if let Some(broken) = &outcome.trouble {
        let message = format!("seed {:#018x}: {}", broken.seed, broken.why());
        let error = format!(
            "<error type=\"dyno.target\" message=\"{}\"/>",
            escaped(&message)
        );
        cases.push(Case {
            name: "driven".into(),
            end: End::Error(error),
        });
    }
    let count = |such: fn(&End) -> bool| cases.iter().filter(|case| such(&case.end)).count();
    let _ = writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\">",
        escaped(&outcome.preset),
        cases.len(),
        count(|end| matches!(end, End::Failed(_))),
        count(|end| matches!(end, End::Error(_))),
        count(|end| matches!(end, End::Skipped(_))),
    );
    properties(outcome, out);
    for Case { name, end } in &cases {
        let class = escaped(&outcome.preset);
        let head = format!(
            "    <testcase classname=\"{class}\" name=\"{}\"",
            escaped(name)
        );
        let _ = match end {
            End::Passed => writeln!(out, "{head}/>"),
            End::Failed(said) | End::Skipped(said) | End::Error(said) => {
                writeln!(out, "{head}>\n      {said}\n    </testcase>")
            }
        };
    }
    *out += "  </testsuite>\n";
}

fn properties(outcome: &Outcome, out: &mut String) {
    let mut properties = vec![
        ("target", outcome.target.clone()),
        ("runs", outcome.runs.to_string()),
    ];
    let seed = outcome.seed.map(|seed| ("seed", seed));
    let base = outcome.seed_base.map(|base| ("seed_base", base));
    let seeds = seed.into_iter().chain(base);
    properties.extend(seeds.map(|(name, seed)| (name, format!("{seed:#018x}"))));
    *out += "    <properties>\n";
    for (name, value) in properties {
        let value = escaped(&value);
        let _ = writeln!(out, "      <property name=\"{name}\" value=\"{value}\"/>");
    }
    *out += "    </properties>\n";
}

fn cases(outcome: &Outcome, judged: &Judged) -> Vec<Case> {
    let promise = judged.promise;
    let skipped = |why: &str| End::Skipped(format!("<skipped message=\"{}\"/>", escaped(why)));
    let end = match judged.verdict {
        Word::Held => End::Passed,
        Word::Violated => return violated(outcome, judged),
        Word::Undecided => {
            let why = judged.shortfall.as_deref().unwrap_or("no reason is known");
            skipped(&format!("undecided: {why}"))
        }
        Word::NothingExercised => skipped("nothing exercised: no run could have broken it"),
        Word::NotPromised => skipped("not promised"),
    };
    vec![Case {
        name: promise.to_string(),
        end,
    }]
}

/// Each cause that breaks the promise first; of a promise that breaks beside others only, one case says so.
fn violated(outcome: &Outcome, judged: &Judged) -> Vec<Case> {
    let promise = judged.promise;
    let of = |cause: &&Violation| {
        let found = cause.counterexample.as_ref();
        found.is_some_and(|found| found.promise == promise)
    };
    let mut cases: Vec<Case> = outcome
        .causes
        .iter()
        .filter(of)
        .map(|cause| Case {
            name: format!("{promise} {}", cause.fingerprint),
            end: End::Failed(failure(cause)),
        })
        .collect();
    if cases.is_empty() {
        let said = format!(
            "<failure type=\"dyno.{promise}\" message=\"broken in {} runs, each with another promise that is \
             reported first\"/>",
            judged.broken
        );
        cases.push(Case {
            name: promise.to_string(),
            end: End::Failed(said),
        });
    }
    cases
}

fn failure(cause: &Violation) -> String {
    let found = cause.counterexample.iter();
    let mut said: Vec<String> = vec![format!("{}  {}", cause.title, cause.fingerprint)];
    said.extend(
        found
            .clone()
            .flat_map(|found| found.reasons.iter().map(|reason| reason.text.clone())),
    );
    said.push(format!("seed    {:#018x}", cause.seed));
    said.push(format!("replay  dyno replay {}", cause.bundle));
    let promise = found.map(|found| found.promise.to_string()).next();
    format!(
        "<failure type=\"dyno.{}\" message=\"{}\">{}</failure>",
        promise.unwrap_or_default(),
        escaped(cause.sentence()),
        said.iter()
            .map(|line| escaped(line))
            .collect::<Vec<_>>()
            .join("\n")
    )
}
