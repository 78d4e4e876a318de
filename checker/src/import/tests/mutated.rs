//! Every file of the corpus, changed at random: no panic, places inside the file, the same in pieces.

use std::io::Read;

use crate::import::{Format, Options, read, read_from};

/// How many mutations are tried; as many as the variable says for a long run.
fn cases() -> u64 {
    let said = std::env::var("DYNO_FUZZ_CASES").ok();
    said.map_or(10_000, |cases| cases.parse().expect("a number of cases"))
}

/// A counter with its bits stirred: the same mutations everywhere.
struct Luck(u64);

impl Luck {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) % bound.max(1) as u64) as usize
    }
}

const WORDS: [&str; 44] = [
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "#{",
    "#_",
    "#a ",
    "\"",
    "\\",
    "\\u12",
    ";",
    "\n",
    "\r\n",
    ",",
    ":",
    "nil",
    "null",
    ":ok",
    ":invoke",
    ":info",
    ":fail",
    ":process 0",
    ":index 0",
    ":index 5",
    ":f :add",
    ":f :read",
    ":key 1",
    "[1 2]",
    "[:k nil]",
    "[[:r 1 nil]]",
    "-1",
    "007",
    "9999999999999999999",
    "1e9",
    "ü",
    "\u{0}",
    "\u{feff}",
    "\u{a0}",
    "\"type\":",
    "{\"format\":",
    "0\t:ok\t:read\t1",
    "unknown",
];

fn mutated(luck: &mut Luck, files: &[(Format, String)]) -> Vec<u8> {
    let mut bytes = files[luck.below(files.len())].1.clone().into_bytes();
    for _ in 0..=luck.below(4) {
        let (at, other) = (luck.below(bytes.len()), luck.below(bytes.len()));
        let (from, to) = (at.min(other), at.max(other));
        match luck.below(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(from..to.min(from + 40))),
            2 => {
                let part = bytes[from..to.min(from + 200)].to_vec();
                let into = luck.below(bytes.len());
                bytes.splice(into..into, part);
            }
            3 if !bytes.is_empty() => bytes[at] = luck.below(256) as u8,
            4 => {
                let foreign = files[luck.below(files.len())].1.as_bytes();
                let start = luck.below(foreign.len());
                let end = foreign.len().min(start + luck.below(120));
                bytes.splice(at..at, foreign[start..end].iter().copied());
            }
            _ => {
                let word = WORDS[luck.below(WORDS.len())].bytes();
                let end = if luck.below(2) == 0 {
                    at
                } else {
                    to.min(at + word.len())
                };
                bytes.splice(at..end.max(at), word);
            }
        }
    }
    bytes
}

/// Gives what it has in pieces of one to seven bytes.
struct Crumbs<'a>(&'a [u8], Luck);

impl Read for Crumbs<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = (1 + self.1.below(7)).min(self.0.len()).min(buffer.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

#[test]
fn no_mutation_is_too_strange() {
    let files = super::samples();
    let mut luck = Luck(0);
    let mut read_well = 0;
    for case in 0..cases() {
        let bytes = mutated(&mut luck, &files);
        let recognised = Format::recognise(&bytes);
        let format = match (recognised, luck.below(8)) {
            (Some(format), 1..) => format,
            _ => Format::ALL[luck.below(Format::ALL.len())],
        };
        let options = Options {
            keyed: [None, None, Some(true), Some(false)][luck.below(4)],
            ..Options::default()
        };
        let whole = read(&bytes, format, options);
        let crumbs = Crumbs(&bytes, Luck(case));
        let pieces = read_from(crumbs, Some(format), options, &mut |_| ());
        assert_eq!(
            whole,
            pieces,
            "case {case}: {}",
            String::from_utf8_lossy(&bytes)
        );
        match whole {
            Ok(_) => read_well += 1,
            Err(wrong) => {
                let lines = bytes.split(|&byte| byte == b'\n').count();
                assert!((1..=lines).contains(&wrong.line), "case {case}: {wrong}");
                assert!(
                    wrong.column != Some(0) && wrong.to_string().len() < 700,
                    "case {case}"
                );
            }
        }
    }
    assert!(
        read_well > cases() / 100,
        "only {read_well} were read at all"
    );
}
