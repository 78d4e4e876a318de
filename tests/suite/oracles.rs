//! Every oracle of the definitions gets its verdicts, and no property fails that should hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::oracle::{Code, Oracle, broken, read};

/// The oracles are not part of the project; where they are absent there is nothing to read.
fn page() -> Option<PathBuf> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/oracles.md");
    if page.is_file() {
        return Some(page);
    }
    eprintln!("skipped: no page of oracles beside the project");
    None
}

/// What an oracle gets against what it expects, code by code.
fn wrong(oracle: &Oracle) -> Vec<String> {
    let found = match broken(oracle) {
        Ok(found) => found,
        Err(why) => return vec![why],
    };
    let judged = Code::ALL.iter().filter(|code| code.counts_in(oracle.mode));
    let of = judged.filter_map(|code| {
        let expected = oracle.expected.get(code);
        let holds = !found.contains(code);
        (holds != *expected.unwrap_or(&true)).then(|| {
            let got = if holds { "holds" } else { "fails" };
            let listed = if expected.is_some() {
                ""
            } else {
                ", and is not listed"
            };
            format!("{}: {} {got}{listed}", oracle.title, code.name())
        })
    });
    of.collect()
}

#[test]
fn oracles_of_our_own_say_what_the_others_leave_out() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/oracles.md");
    let text = std::fs::read_to_string(page).expect("the page is text");
    let oracles = read(&text).unwrap_or_else(|why| panic!("{why}"));
    let all: Vec<String> = oracles.iter().flat_map(wrong).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert_eq!(oracles.len(), 18);
}

#[test]
fn every_oracle_gets_its_verdicts_and_no_false_alarm() {
    let Some(page) = page() else { return };
    let text = std::fs::read_to_string(&page).expect("the page is text");
    let oracles = read(&text).unwrap_or_else(|why| panic!("{}: {why}", page.display()));
    let all: Vec<String> = oracles.iter().flat_map(wrong).collect();
    assert!(all.is_empty(), "{}", all.join("\n"));
    let mut expected: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    for (code, holds) in oracles.iter().flat_map(|oracle| &oracle.expected) {
        expected.entry(code.name()).or_default()[usize::from(*holds)] += 1;
    }
    assert!(
        oracles.len() >= 40,
        "the page has {} oracles",
        oracles.len()
    );
    println!(
        "{} oracles, expected to fail and to hold: {expected:?}",
        oracles.len()
    );
}
