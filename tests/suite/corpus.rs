//! A corpus of our own: for every promise histories that keep it and histories that break it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use checker::causality::ClockCausality;
use checker::convergence::Convergence;
use checker::handoff::HandoffDelivery;
use checker::import::{self, Format, Imported, Options};
use checker::kv::Kv;
use checker::last_writer;
use checker::linear::Linearizable;
use checker::model::{MultiValue, Registers};
use checker::reconciliation::Reconciliation;
use checker::register::{Register, Value};
use checker::siblings::SiblingPreservation;
use checker::{Budget, Checker, History, Promise, Verdict};
use checker::{causal, picture, regular, session};

/// Promises that other folders and tests hold against corpora of their own.
const ELSEWHERE: [Promise; 2] = [Promise::Sequential, Promise::Cycles];

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// One history of the corpus.
struct Case {
    name: String,
    /// The part that must be broken; empty if any will do.
    part: String,
    history: Told,
}

enum Told {
    Siblings(History<Kv>),
    Registers(History<Register>),
}

/// The files of a folder in the order of their names; none if there is no such folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the entry is readable").path())
        .collect();
    files.sort();
    files
}

/// Reads a file: remarks, each behind a `#`, and then a picture or JSON Lines.
///
/// A remark may name the part, `part: lost write`, or the alphabet of a picture, `domain: register`.
fn case(file: &Path) -> Case {
    let text = fs::read_to_string(file).expect("the file is text");
    let (remarks, body): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with('#'));
    let said = |name: &str| {
        let mut found = remarks.iter().filter_map(|line| {
            let said = line.trim_start_matches(['#', ' ']).strip_prefix(name)?;
            Some(said.trim_start_matches(':').trim().to_owned())
        });
        found.next().unwrap_or_default()
    };
    let name = file.display().to_string();
    assert!(!remarks.is_empty(), "{name} says nothing about itself");
    let body = body.join("\n");
    let told = if file.extension().is_some_and(|ending| ending == "jsonl") {
        let import = import::read(body.as_bytes(), Format::JsonLines, Options::default());
        match import.unwrap_or_else(|why| panic!("{name}: {why}")).history {
            Imported::Kv(history) => Told::Siblings(history),
            Imported::Register(history) => Told::Registers(history),
            _ => panic!("{name} is of an alphabet without these promises"),
        }
    } else if said("domain") == "register" {
        let picture = picture::parse(&body);
        Told::Registers(picture.unwrap_or_else(|why| panic!("{name}: {why}")))
    } else {
        let picture = picture::parse(&body);
        Told::Siblings(picture.unwrap_or_else(|why| panic!("{name}: {why}")))
    };
    Case {
        part: said("part"),
        history: told,
        name,
    }
}

fn verdict(promise: Promise, history: &Told) -> Verdict {
    let budget = Budget::default();
    let initial = Value::Nil;
    match history {
        Told::Siblings(history) => match promise {
            Promise::ClockCausality => ClockCausality.check(history, budget),
            Promise::SiblingPreservation => SiblingPreservation.check(history, budget),
            Promise::Convergence => Convergence.check(history, budget),
            Promise::HandoffDelivery => HandoffDelivery.check(history, budget),
            Promise::Reconciliation => Reconciliation.check(history, budget),
            Promise::Linearizable => {
                let model = MultiValue::of(history).expect("contexts name earlier operations");
                Linearizable::new(model).check(history, budget)
            }
            Promise::Regular => regular::Regular.check(history, budget),
            Promise::ReadYourWrites => session::ReadYourWrites.check(history, budget),
            Promise::MonotonicReads => session::MonotonicReads.check(history, budget),
            Promise::MonotonicWrites => session::MonotonicWrites.check(history, budget),
            Promise::WritesFollowReads => session::WritesFollowReads.check(history, budget),
            Promise::Causal => causal::Causal.check(history, budget),
            other => panic!("{other} is no promise of siblings"),
        },
        Told::Registers(history) => match promise {
            Promise::Linearizable => {
                Linearizable::new(Registers { initial }).check(history, budget)
            }
            Promise::Regular => last_writer::Regular { initial }.check(history, budget),
            Promise::ReadYourWrites => {
                last_writer::ReadYourWrites { initial }.check(history, budget)
            }
            Promise::MonotonicReads => {
                last_writer::MonotonicReads { initial }.check(history, budget)
            }
            Promise::MonotonicWrites => {
                last_writer::MonotonicWrites { initial }.check(history, budget)
            }
            Promise::WritesFollowReads => {
                last_writer::WritesFollowReads { initial }.check(history, budget)
            }
            Promise::Causal => last_writer::Causal { initial }.check(history, budget),
            Promise::CausalConvergence => {
                last_writer::CausalConvergence { initial }.check(history, budget)
            }
            Promise::CausalMemory => last_writer::CausalMemory { initial }.check(history, budget),
            other => panic!("{other} is no promise of registers"),
        },
    }
}

/// What is wrong with the verdict on a case, if anything.
fn wrong(promise: Promise, case: &Case, breaks: bool) -> Option<String> {
    match verdict(promise, &case.history) {
        Verdict::Valid(_) if !breaks => None,
        Verdict::Invalid(found) if breaks => {
            let other = !case.part.is_empty() && found.part != case.part;
            other.then(|| format!("{}: {} instead of {}", case.name, found.title(), case.part))
        }
        Verdict::Valid(_) => Some(format!("{}: held", case.name)),
        Verdict::Invalid(found) => Some(format!("{}: {}", case.name, found.sentence)),
        Verdict::Unknown(why) => Some(format!("{}: {why}", case.name)),
    }
}

#[test]
fn every_history_of_the_corpus_gets_the_verdict_of_its_folder() {
    let mut all = Vec::new();
    let mut parts: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for promise in Promise::ALL
        .into_iter()
        .filter(|one| !ELSEWHERE.contains(one))
    {
        for (folder, breaks) in [("holds", false), ("breaks", true)] {
            let files = files(&corpus().join(promise.name()).join(folder));
            assert!(!files.is_empty(), "{promise}: nothing {folder}");
            for case in files.iter().map(|file| case(file)) {
                all.extend(wrong(promise, &case, breaks));
                parts.entry(promise.name()).or_default().insert(case.part);
            }
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    for (promise, count) in [
        (Promise::ClockCausality, 5),
        (Promise::SiblingPreservation, 5),
        (Promise::Reconciliation, 5),
        (Promise::Convergence, 9),
        (Promise::HandoffDelivery, 10),
    ] {
        let named = parts[promise.name()].iter().filter(|part| !part.is_empty());
        assert_eq!(named.count(), count, "parts of {promise} in the corpus");
    }
}
