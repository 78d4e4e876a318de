//! Recordings changed at random in what they are made of: bytes, words, lines, brackets.

use crate::import::Format;
use crate::luck::Luck;

/// What means something in one of the formats, or nearly.
const WORDS: [&str; 56] = [
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
    "\\ud800",
    ";",
    "\n",
    "\r\n",
    "\t",
    ",",
    ":",
    "nil",
    "null",
    "true",
    ":ok",
    ":invoke",
    ":info",
    ":fail",
    ":process 0",
    ":process 9223372036854775807",
    ":index 0",
    ":index 5",
    ":f :add",
    ":f :read",
    ":f :drain",
    ":key 1",
    "[1 2]",
    "[:k nil]",
    "[[:r 1 nil]]",
    "[\"r\",1,null]",
    "-1",
    "007",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "99999999999999999999999999",
    "1e9",
    "1e-400",
    "2N",
    "ü",
    "\u{0}",
    "\u{feff}",
    "\u{a0}",
    "\"type\":",
    "{\"format\":",
    "0\t:ok\t:read\t1",
    ":timed-out",
    "unknown",
];

/// What no text has in it.
const NO_TEXT: [&[u8]; 5] = [
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
];

const BRACKETS: [(&str, &str); 6] = [
    ("[", "]"),
    ("{", "}"),
    ("(", ")"),
    ("#{", "}"),
    ("{\"a\":", "}"),
    ("#a ", ""),
];

/// One of the recordings after one to four changes, mostly few: what is changed often is seldom read.
pub(super) fn changed(luck: &mut Luck, files: &[(Format, Vec<u8>)], own: &[usize]) -> Vec<u8> {
    let mut bytes = files[own[luck.place(own.len())]].1.clone();
    let most = luck.place(4);
    for _ in 0..=luck.place(most + 1) {
        match luck.place(12) {
            0 => bytes.truncate(luck.place(bytes.len())),
            1 if !bytes.is_empty() => {
                let at = luck.place(bytes.len());
                bytes[at] = luck.place(256) as u8;
            }
            2 => {
                let foreign = &files[luck.place(files.len())].1;
                let part = part(luck, foreign.len(), 160);
                let at = luck.place(bytes.len() + 1);
                bytes.splice(at..at, foreign[part].iter().copied());
            }
            3 => drop(bytes.drain(part(luck, bytes.len(), 40))),
            4 => {
                let at = luck.place(bytes.len() + 1);
                bytes.splice(at..at, NO_TEXT[luck.place(NO_TEXT.len())].iter().copied());
            }
            5 => nest(luck, &mut bytes),
            6..=8 => words(luck, &mut bytes),
            _ => lines(luck, &mut bytes),
        }
    }
    bytes
}

/// A range of at most so many bytes.
fn part(luck: &mut Luck, length: usize, most: usize) -> std::ops::Range<usize> {
    let start = luck.place(length + 1);
    start..length.min(start + luck.place(most))
}

/// Brackets around a part, mostly few, sometimes more than any reader goes into.
fn nest(luck: &mut Luck, bytes: &mut Vec<u8>) {
    let (open, close) = BRACKETS[luck.place(BRACKETS.len())];
    let depth = [1, 2, 20, 400][luck.place(4)];
    let part = match luck.place(2) {
        0 => part(luck, bytes.len(), 60),
        _ => token(luck, bytes),
    };
    if luck.place(4) > 0 {
        bytes.splice(part.end..part.end, close.repeat(depth).into_bytes());
    }
    bytes.splice(part.start..part.start, open.repeat(depth).into_bytes());
}

/// A run of bytes of one kind: a word, a number, one bracket, what is between.
fn token(luck: &mut Luck, bytes: &[u8]) -> std::ops::Range<usize> {
    let kind = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b':' | b'-' | b'_' | b'.' | 128.. => 0,
        b' ' | b'\t' | b'\r' | b'\n' | b',' => 1,
        other => other,
    };
    let at = luck.place(bytes.len());
    let Some(&byte) = bytes.get(at) else {
        return 0..0;
    };
    let other = |&byte_there: &u8| kind(byte_there) != kind(byte);
    let start = bytes[..at]
        .iter()
        .rposition(other)
        .map_or(0, |before| before + 1);
    let length = bytes[at..]
        .iter()
        .position(other)
        .unwrap_or(bytes.len() - at);
    start..at + length
}

/// Words swapped, replaced, repeated, put in or left out.
fn words(luck: &mut Luck, bytes: &mut Vec<u8>) {
    let one = token(luck, bytes);
    match luck.place(5) {
        0 => {
            let other = token(luck, bytes);
            let (first, second) = if one.start < other.start {
                (one, other)
            } else {
                (other, one)
            };
            if first.end <= second.start {
                let early = bytes[first.clone()].to_vec();
                let late: Vec<u8> = bytes.splice(second, early).collect();
                bytes.splice(first, late);
            }
        }
        1 => drop(bytes.drain(one)),
        2 => {
            // Mostly one that begins alike: a number for a number, a keyword for a keyword.
            let begins = |range: &std::ops::Range<usize>| match bytes.get(range.start) {
                Some(b'0'..=b'9') => Some(b'0'),
                other => other.copied(),
            };
            let mut other = token(luck, bytes);
            for _ in 0..8 {
                if begins(&other) == begins(&one) {
                    break;
                }
                other = token(luck, bytes);
            }
            let other = bytes[other].to_vec();
            bytes.splice(one, other);
        }
        3 => drop(bytes.splice(one, WORDS[luck.place(WORDS.len())].bytes())),
        _ => {
            let word = WORDS[luck.place(WORDS.len())].bytes();
            bytes.splice(one.start..one.start, word);
        }
    }
}

/// Lines swapped, repeated, left out.
fn lines(luck: &mut Luck, bytes: &mut Vec<u8>) {
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
    let (one, other) = (luck.place(lines.len()), luck.place(lines.len()));
    if lines.is_empty() {
        return;
    }
    match luck.place(4) {
        0 => lines.swap(one, other),
        1 => drop(lines.remove(one)),
        2 => lines.insert(other, lines[one]),
        _ => lines.resize(lines.len() + [1, 3, 40][luck.place(3)], lines[one]),
    }
    *bytes = lines.concat();
}
