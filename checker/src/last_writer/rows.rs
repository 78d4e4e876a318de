//! Histories of tests, one operation a row: `[0,1] s1 put x 1 -> ok`, `[2,3] s1 get x -> {1}`.

use std::collections::BTreeMap;

use crate::history::{Entry, History, OpId, Outcome, Process, Time};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};

/// Reads rows. Besides `put` and `get` there is `cas x 1 2 -> ok` or `-> mismatch`; every call may end in
/// `fail` or `info`, and a get in `unseen`. `{}` is the initial value, nil.
pub(super) fn rows(text: &str) -> History<Register> {
    let mut processes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut drawn: Vec<Row> = Vec::new();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    for line in lines {
        let (times, rest) = line[1..].split_once(']').expect("[call,return]");
        let (from, to) = times.split_once(',').expect("[call,return]");
        let (call, answer) = rest.split_once("->").expect("an answer");
        let words: Vec<&str> = call.split_whitespace().collect();
        let next = processes.len() as u64;
        let process = *processes.entry(words[0]).or_insert(next);
        let action = match words[1] {
            "put" => Action::Write(value(words[3])),
            "get" => Action::Read,
            _ => Action::Cas(value(words[3]), value(words[4])),
        };
        let key = Some(words[2].to_owned());
        drawn.push(Row {
            from: from.parse().expect("a time"),
            to: to.parse().ok(),
            process,
            call: RegisterCall { key, action },
            outcome: outcome(answer.split_whitespace().next().unwrap_or_default()),
        });
    }
    recorded(&drawn)
}

/// One operation of a history that is not yet one.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) from: u64,
    pub(super) to: Option<u64>,
    pub(super) process: u64,
    pub(super) call: RegisterCall,
    pub(super) outcome: Outcome<RegisterRet>,
}

/// The history of these operations, each named by its place. A call that is still open when its process
/// calls again is given up then.
pub(super) fn recorded(rows: &[Row]) -> History<Register> {
    let mut entries: Vec<(u64, u64, Entry<Register>)> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let op = OpId(number as u64);
        let process = Process(row.process);
        let call = row.call.clone();
        let at = Time(row.from);
        // Of entries at one time the returns come first within a process.
        let after = 2 * number as u64 + 1;
        entries.push((
            row.from,
            after,
            Entry::Invoke {
                op,
                at,
                process,
                call,
            },
        ));
        let calls = rows[number + 1..].iter();
        let again = calls
            .filter(|next| next.process == row.process)
            .map(|next| next.from);
        let outcome = row.outcome.clone();
        let end = match (row.to, again.min()) {
            (Some(to), _) => Some((to, outcome)),
            (None, Some(again)) => Some((again, Outcome::Unknown)),
            (None, None) => None,
        };
        if let Some((to, outcome)) = end {
            let at = Time(to);
            entries.push((to, after + 1, Entry::Return { op, at, outcome }));
        }
    }
    entries.sort_by_key(|&(at, order, _)| (at, order));
    let entries = entries.into_iter().map(|(.., entry)| entry);
    History::new(entries).expect("rows of a process stand in the order of their calls")
}

fn value(word: &str) -> Value {
    match word {
        "nil" | "" => Value::Nil,
        word => word
            .parse()
            .map_or_else(|_| Value::Text(word.into()), Value::Int),
    }
}

fn outcome(word: &str) -> Outcome<RegisterRet> {
    match word {
        "ok" => Outcome::Ok(RegisterRet::Done),
        "mismatch" => Outcome::Ok(RegisterRet::Mismatch),
        "unseen" => Outcome::Ok(RegisterRet::Unseen),
        "fail" => Outcome::Fail,
        "info" => Outcome::Unknown,
        seen => Outcome::Ok(RegisterRet::Value(value(seen.trim_matches(['{', '}'])))),
    }
}

/// The history as a failing test shows it, one operation a line.
pub(super) fn shown(history: &History<Register>) -> String {
    let line = |op: &crate::Op<Register>| {
        let until = op.returned.map_or("-".into(), |at| at.0.to_string());
        format!(
            "\n{} [{},{until}] {} {}",
            op.id,
            op.invoked.0,
            op.process,
            op.label()
        )
    };
    history.ops().iter().map(line).collect()
}
