//! Other people's recordings get the verdicts that their own projects state.

use std::path::{Path, PathBuf};

use checker::import::{self, Format, Imported, Options};
use checker::linear::Linearizable;
use checker::model::{Appends, Registers};
use checker::register::Value;
use checker::{Budget, Checker, Verdict};

/// Foreign histories are not part of the project; where they are absent there is nothing to read.
fn histories() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories");
    if folder.join("expected.tsv").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: no folder of foreign histories beside the project");
    None
}

fn verdict(file: &Path, initial: &str) -> Verdict {
    let bytes = std::fs::read(file).expect("the recording is there");
    let format = Format::recognise(&bytes).expect("its format is known");
    let import = import::read(&bytes, format, Options::default())
        .unwrap_or_else(|why| panic!("cannot read {}: {why}", file.display()));
    let budget = Budget::default();
    match import.history {
        Imported::Register(history) => {
            let initial = initial.parse().map_or(Value::Nil, Value::Int);
            Linearizable::new(Registers { initial }).check(&history, budget)
        }
        Imported::Append(history) => Linearizable::new(Appends).check(&history, budget),
        _ => panic!("{} is no recording of registers or strings", file.display()),
    }
}

#[test]
fn every_recording_gets_its_known_verdict() {
    let Some(folder) = histories() else { return };
    let table = std::fs::read_to_string(folder.join("expected.tsv")).expect("the table is text");
    let mut wrong = Vec::new();
    let mut checked = 0;
    for row in table.lines().skip(1) {
        let cells: Vec<&str> = row.split('\t').collect();
        let [file, _, initial, expected] = cells[..] else {
            panic!("a row of four: {row}")
        };
        let got = match verdict(&folder.join(file), initial) {
            Verdict::Valid(_) => "valid",
            Verdict::Invalid(_) => "invalid",
            Verdict::Unknown(_) => "unknown",
        };
        checked += 1;
        if got != expected {
            wrong.push(format!("{file}: {got}, expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 100, "the table has {checked} rows");
}
