//! One target for each format: every file of its corpus, and as many changes of them, by the same chance
//! each time.
//!
//! ```text
//! DYNO_FUZZ_CASES=1000000 cargo test --release -p dynamometer-checker --lib fuzz
//! DYNO_FUZZ_FROM=5000000 DYNO_FUZZ_CASES=1000000 cargo test --release -p dynamometer-checker --lib fuzz
//! ```
//!
//! What is found is printed as it stands in a byte string; kept as a file of the corpus, it is tried first.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::changes::changed;
use super::laws::{WAYS, hold};
use crate::import::tests::samples::{folder, samples};
use crate::import::{Format, Options};
use crate::luck::Luck;

fn number(variable: &str, usual: u64) -> u64 {
    let said = std::env::var(variable).ok();
    said.map_or(usual, |said| said.parse().expect("a number"))
}

/// The files of a corpus, in the order of their names.
fn corpus(format: Format) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder().join("fuzz").join(format.name()));
    let files = files.expect("every format has a corpus");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    assert!(!paths.is_empty(), "the corpus of {format} is empty");
    paths.sort();
    let read = |path| fs::read(path).expect("a file");
    paths.iter().map(read).collect()
}

fn held(bytes: &[u8], format: Format, options: Options, case: &str) -> bool {
    let held = catch_unwind(AssertUnwindSafe(|| hold(bytes, format, options)));
    held.unwrap_or_else(|panic| {
        eprintln!("{format}, {case}, {options:?}:\n{}", bytes.escape_ascii());
        resume_unwind(panic)
    })
}

fn target(format: Format) {
    for (place, bytes) in corpus(format).iter().enumerate() {
        for options in WAYS {
            held(
                bytes,
                format,
                options,
                &format!("file {place} of the corpus"),
            );
        }
    }
    let samples = samples().into_iter();
    let samples = samples.map(|(format, text)| (format, text.into_bytes()));
    let kept = Format::ALL
        .into_iter()
        .flat_map(|format| corpus(format).into_iter().map(move |bytes| (format, bytes)));
    let files: Vec<_> = samples.chain(kept).collect();
    let own: Vec<_> = (0..files.len())
        .filter(|&file| files[file].0 == format)
        .collect();
    let (from, cases) = (
        number("DYNO_FUZZ_FROM", 0),
        number("DYNO_FUZZ_CASES", 4_000),
    );
    let mut read_well = 0;
    for case in from..from + cases {
        let mut luck = Luck(case.wrapping_mul(0x2545_f491_4f6c_dd1d));
        let bytes = changed(&mut luck, &files, &own);
        // What a file of another kind is taken for is of no matter, but it must not hurt.
        Format::recognise(&bytes);
        let options = WAYS[luck.place(WAYS.len())];
        read_well += u64::from(held(&bytes, format, options, &format!("case {case}")));
    }
    assert!(read_well > cases / 50, "only {read_well} were read at all");
}

#[test]
fn json_lines_survive_any_change() {
    target(Format::JsonLines);
}

#[test]
fn jepsen_edn_survives_any_change() {
    target(Format::JepsenEdn);
}

#[test]
fn elle_json_survives_any_change() {
    target(Format::ElleJson);
}

#[test]
fn logs_of_etcd_survive_any_change() {
    target(Format::PorcupineEtcd);
}

#[test]
fn strings_of_porcupine_survive_any_change() {
    target(Format::PorcupineKv);
}
