//! Histories of transactions, one a line, for tests.
//!
//! `T1: append x 1, read y [1 2]` committed; `T2?: write x 1` has an unknown outcome; `T3!: …` failed.
//! `T4 c0 [3,5]: …` says the session and the times; otherwise each has a session of its own, and all
//! are concurrent.

use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::register::Value;
use crate::txn::{Ask, Told, Txn, TxnCall, TxnRet};

fn value(word: &str) -> Value {
    match word {
        "nil" => Value::Nil,
        _ => word
            .parse()
            .map_or_else(|_| Value::Text(word.into()), Value::Int),
    }
}

fn part(text: &str) -> (Ask, Told) {
    let mut words = text.splitn(3, ' ');
    let mut word = || words.next().expect("a part has three words").trim();
    let (verb, key, what) = (word(), value(word()), word());
    match verb {
        "append" => (Ask::Append(key, value(what)), Told::Done),
        "write" => (Ask::Write(key, value(what)), Told::Done),
        "read" if what == "unseen" => (Ask::Read(key), Told::Unseen),
        "read" => {
            let list = what
                .strip_prefix('[')
                .and_then(|what| what.strip_suffix(']'));
            let told = match list {
                Some(list) => Told::List(list.split_whitespace().map(value).collect()),
                None => Told::Value(value(what)),
            };
            (Ask::Read(key), told)
        }
        _ => panic!("{verb} is no part of a transaction"),
    }
}

/// Reads the notation.
pub(super) fn history(text: &str) -> History<Txn> {
    let mut entries: Vec<(u64, bool, Entry<Txn>)> = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (head, parts) = line.split_once(':').expect("a transaction has a name");
        let mut head = head.split_whitespace();
        let name = head.next().expect("a transaction has a name");
        let digits = name.trim_matches(|sign: char| !sign.is_ascii_digit());
        let number: u64 = digits.parse().expect("a name has a number");
        let (mut process, mut times) = (1000 + number, (0, 100));
        for word in head {
            if let Some(session) = word.strip_prefix('c') {
                process = session.parse().expect("a session has a number");
            } else {
                let word = word.trim_matches(['[', ']']);
                let (from, until) = word.split_once(',').expect("two times");
                times = (
                    from.parse().expect("a time"),
                    until.parse().expect("a time"),
                );
            }
        }
        let (asks, told) = parts.split(',').map(|text| part(text.trim())).unzip();
        let op = OpId(number);
        entries.push((
            times.0,
            true,
            Entry::Invoke {
                op,
                at: Time(times.0),
                process: Process(process),
                call: TxnCall(asks),
            },
        ));
        let outcome = match name.chars().last() {
            Some('?') => continue,
            Some('!') => Outcome::Fail,
            _ => Outcome::Ok(TxnRet(told)),
        };
        let at = Time(times.1);
        entries.push((times.1, false, Entry::Return { op, at, outcome }));
    }
    entries.sort_by_key(|&(at, invokes, _)| (at, invokes));
    History::new(entries.into_iter().map(|(.., entry)| entry)).expect("well formed")
}
