//! Every file of the corpus, changed at random: no panic, places inside the file, the same in pieces.

use std::io::Read;

use crate::import::{Format, Options, read, read_from};
use crate::luck::Luck;

/// How many mutations are tried; as many as the variable says for a long run.
fn cases() -> u64 {
    let said = std::env::var("DYNO_FUZZ_CASES").ok();
    said.map_or(10_000, |cases| cases.parse().expect("a number of cases"))
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
    let mut bytes = files[luck.place(files.len())].1.clone().into_bytes();
    for _ in 0..=luck.place(4) {
        let (at, other) = (luck.place(bytes.len()), luck.place(bytes.len()));
        let (from, to) = (at.min(other), at.max(other));
        match luck.place(8) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(from..to.min(from + 40))),
            2 => {
                let part = bytes[from..to.min(from + 200)].to_vec();
                let into = luck.place(bytes.len());
                bytes.splice(into..into, part);
            }
            3 if !bytes.is_empty() => bytes[at] = luck.place(256) as u8,
            4 => {
                let foreign = files[luck.place(files.len())].1.as_bytes();
                let start = luck.place(foreign.len());
                let end = foreign.len().min(start + luck.place(120));
                bytes.splice(at..at, foreign[start..end].iter().copied());
            }
            _ => {
                let word = WORDS[luck.place(WORDS.len())].bytes();
                let end = if luck.place(2) == 0 {
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
        let length = (1 + self.1.place(7)).min(self.0.len()).min(buffer.len());
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
        let format = match (recognised, luck.place(8)) {
            (Some(format), 1..) => format,
            _ => Format::ALL[luck.place(Format::ALL.len())],
        };
        let options = Options {
            keyed: [None, None, Some(true), Some(false)][luck.place(4)],
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
