//! The fast judges and the definitions agree on generated histories, and weaker promises follow from
//! stronger ones.

use std::collections::BTreeMap;

use super::naive::{self, Event, causal, closed, convergent, guarantees, memory, past};
use super::oracles::{broken, judges};
use super::rows::{Row, recorded, shown};
use super::staleness;
use crate::history::{History, OpId, Outcome};
use crate::luck::{Luck, cases};
use crate::register::{Action, Register, RegisterCall, RegisterRet, Value};
use crate::verdict::{Budget, Verdict};

/// A history of up to eight operations of two or three sessions on one or two keys. Reads mostly see what
/// was written last, but also older values, later ones, those of failed writes, and the initial one.
fn generated(seed: u64) -> Vec<Row> {
    let luck = &mut Luck(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let (count, sessions) = (3 + luck.place(6), 2 + luck.place(2));
    let (keys, wild) = (1 + luck.place(2), luck.place(4) == 0);
    let mut written: Vec<Vec<i64>> = vec![Vec::new(); keys];
    let mut free = vec![0; sessions];
    let mut rows = Vec::new();
    for number in 0..count {
        let (session, key) = (luck.place(sessions), luck.place(keys));
        // Calls of a session at one time would be concurrent to all that judge by time alone.
        let from = free[session] + 1 + luck.place(4) as u64;
        let to = from + luck.place(5) as u64;
        free[session] = to;
        let value = 10 + number.cast_signed() as i64;
        let known = &mut written[key];
        let seen = match luck.place(20) {
            0 if wild => Value::Int(10 + luck.place(9).cast_signed() as i64),
            0..=3 => Value::Nil,
            roll if known.is_empty() && roll < 18 => Value::Nil,
            4..=11 if !known.is_empty() => Value::Int(known[known.len() - 1]),
            _ if !known.is_empty() => Value::Int(known[luck.place(known.len())]),
            _ => Value::Int(10 + luck.place(count).cast_signed() as i64),
        };
        let (action, done) = match luck.place(9) {
            0..=3 => (Action::Write(Value::Int(value)), RegisterRet::Done),
            4 => (Action::Cas(seen, Value::Int(value)), RegisterRet::Done),
            _ => (Action::Read, RegisterRet::Value(seen)),
        };
        let outcome = match (luck.place(12), &action) {
            (0, _) => Outcome::Unknown,
            (1, Action::Read) => Outcome::Ok(RegisterRet::Unseen),
            (1, Action::Cas(..)) => Outcome::Ok(RegisterRet::Mismatch),
            (2, Action::Write(_)) => Outcome::Unknown,
            (3, _) if luck.place(3) == 0 => Outcome::Fail,
            _ => Outcome::Ok(done),
        };
        if action != Action::Read && (outcome != Outcome::Fail || wild) {
            known.push(value);
        }
        rows.push(Row {
            from,
            to: Some(to),
            process: session as u64,
            call: RegisterCall {
                key: Some(["x", "y"][key].into()),
                action,
            },
            outcome,
        });
    }
    rows
}

/// The codes of the promises that the definitions find broken.
fn expected(history: &History<Register>) -> Vec<&'static str> {
    let causal = [
        ("CC", causal(history)),
        ("CCV", convergent(history)),
        ("CM", memory(history)),
    ];
    let causal = causal.into_iter().filter(|(_, holds)| !holds);
    let others = guarantees(history, past).into_iter().flatten();
    causal.map(|(code, _)| code).chain(others).collect()
}

/// Whether knowledge goes in a circle. Then nothing but what the pairs tell is found, and what is not found
/// is left open.
fn circular(history: &History<Register>, found: &[&'static str]) -> bool {
    // Where a value was invented, there is no past to hold sessions against.
    let Some(expected) = guarantees(history, closed) else {
        return false;
    };
    let all = [&["CC", "CCV", "CM"][..], &expected].concat();
    assert!(
        found.iter().all(|code| all.contains(code)),
        "{found:?}, not {all:?}: {}",
        shown(history)
    );
    assert_eq!(found.contains(&"REG"), expected.contains(&"REG"));
    for (code, judge) in &judges()[3..7] {
        let verdict = judge.check(history, Budget::default());
        assert!(
            !matches!(verdict, Verdict::Valid(_)),
            "{code}: {}",
            shown(history)
        );
    }
    true
}

/// What generated histories must show, each of it often.
const MET: [&str; 12] = [
    "LIN",
    "CC",
    "CCV",
    "CM",
    "RYW",
    "MR",
    "MW",
    "WFR",
    "REG",
    "no past",
    "circular past",
    "only CM holds",
];

#[test]
fn every_promise_is_judged_as_it_is_defined() {
    let mut counts = BTreeMap::new();
    let cases = cases(30_000);
    for seed in 0..cases {
        let history = recorded(&generated(seed));
        let mut found = broken(&history);
        let linearizable = !found.contains(&"LIN");
        found.retain(|code| *code != "LIN");
        if guarantees(&history, past).is_none() {
            let causal = found.iter().filter(|code| code.starts_with('C'));
            assert!(
                causal.eq(&["CC", "CCV", "CM"]),
                "seed {seed}: {}",
                shown(&history)
            );
            let name = if circular(&history, &found) {
                "circular past"
            } else {
                "no past"
            };
            *counts.entry(name).or_insert(0) += 1;
            continue;
        }
        assert_eq!(
            found,
            expected(&history),
            "seed {seed}: {}",
            shown(&history)
        );
        if linearizable {
            assert!(
                found.is_empty(),
                "linearizable but {found:?}: {}",
                shown(&history)
            );
            *counts.entry("LIN").or_insert(0) += 1;
        }
        if found.contains(&"CC") {
            assert!(found.contains(&"CCV") && found.contains(&"CM"));
        } else if ["RYW", "MW", "WFR"].iter().any(|code| found.contains(code)) {
            panic!("causal but {found:?}: {}", shown(&history));
        }
        if !found.contains(&"CCV") || !found.contains(&"CM") {
            assert!(!found.contains(&"MR"), "{}", shown(&history));
        }
        if !found.contains(&"CC") && found.contains(&"CCV") != found.contains(&"CM") {
            let name = if found.contains(&"CM") {
                "only CCV holds"
            } else {
                "only CM holds"
            };
            *counts.entry(name).or_insert(0) += 1;
        }
        for code in found {
            *counts.entry(code).or_insert(0) += 1;
        }
    }
    for code in MET {
        let count = counts.get(code).copied().unwrap_or(0);
        assert!(count * 3_000 > cases, "{code}: {count} of {counts:?}");
    }
}

/// The rows with one value of a key written in place of another, and read so too.
fn merged(rows: &[Row], luck: &mut Luck) -> Vec<Row> {
    let (one, other) = (luck.place(rows.len()), luck.place(rows.len()));
    let (from, to) = [one, other]
        .map(|place| Value::Int(10 + place.cast_signed() as i64))
        .into();
    let key = rows[one].call.key.clone();
    let rename = |value: &mut Value| {
        if *value == from {
            value.clone_from(&to);
        }
    };
    let mut rows = rows.to_vec();
    for row in rows.iter_mut().filter(|row| row.call.key == key) {
        match &mut row.call.action {
            Action::Read => {}
            Action::Write(value) => rename(value),
            Action::Cas(from, to) => [from, to].into_iter().for_each(rename),
        }
        if let Outcome::Ok(RegisterRet::Value(value)) = &mut row.outcome {
            rename(value);
        }
    }
    rows
}

#[test]
fn values_that_repeat_prove_nothing_that_is_not_so() {
    let mut found = 0;
    for seed in 4_000_000..4_000_000 + cases(30_000) {
        let rows = generated(seed);
        let history = recorded(&rows);
        let Some(expected) = guarantees(&history, closed) else {
            continue;
        };
        let causal = if guarantees(&history, past).is_none() {
            vec!["CC", "CCV", "CM"]
        } else {
            self::expected(&history)
        };
        let merged = recorded(&merged(&rows, &mut Luck(seed)));
        for code in broken(&merged) {
            let true_too = code == "LIN" || expected.contains(&code) || causal.contains(&code);
            assert!(true_too, "seed {seed}, {code}: {}", shown(&merged));
            found += 1;
        }
    }
    assert!(found > cases(30_000) / 10, "{found}");
}

/// The operations of a counterexample alone; what they saw of others is forgotten.
fn cut(rows: &[Row], ops: &[OpId]) -> Vec<Row> {
    let kept = |number: usize| ops.contains(&OpId(number as u64));
    let wrote = |key: &Option<String>, value: &Value| {
        let mut others = rows.iter().enumerate().filter(|&(number, _)| kept(number));
        *value == Value::Nil
            || others.any(|(_, row)| {
                let (Action::Write(to) | Action::Cas(_, to)) = &row.call.action else {
                    return false;
                };
                row.call.key == *key && to == value && row.outcome != Outcome::Fail
            })
    };
    let kept = rows.iter().enumerate().filter(|&(number, _)| kept(number));
    let forget = kept.map(|(_, row)| {
        let mut row = row.clone();
        let key = &row.call.key;
        match (&row.call.action, &row.outcome) {
            (Action::Read, Outcome::Ok(RegisterRet::Value(value))) if !wrote(key, value) => {
                row.outcome = Outcome::Ok(RegisterRet::Unseen);
            }
            (Action::Cas(from, to), _) if !wrote(key, from) => {
                row.call.action = Action::Write(to.clone());
            }
            _ => {}
        }
        row
    });
    forget.collect()
}

#[test]
fn the_operations_of_a_counterexample_break_the_promise_by_themselves() {
    let mut told = 0;
    for seed in 1_000_000..1_000_000 + cases(30_000) / 3 {
        let rows = generated(seed);
        let history = recorded(&rows);
        for (code, judge) in &judges()[..8] {
            let verdict = judge.check(&history, Budget::default());
            let Verdict::Invalid(found) = verdict else {
                continue;
            };
            if found.part == "invention" {
                assert!(found.ops.len() <= 2);
                continue;
            }
            told += 1;
            assert!(found.reasons.len() >= 2, "{found:#?}");
            let alone = recorded(&cut(&rows, &found.ops));
            if guarantees(&alone, past).is_none() && !code.starts_with('C') {
                // Knowledge that went in a circle is against more than this.
                continue;
            }
            let expected = expected(&alone);
            assert!(
                expected.contains(code),
                "seed {seed}, {code}: {found:#?} of {}",
                shown(&history)
            );
        }
    }
    assert!(told > cases(30_000) / 10, "{told} told");
}

/// The history with the beginning of every read moved back.
fn moved(rows: &[Row], delta: u64) -> History<Register> {
    const ROOM: u64 = 200;
    let mut rows = rows.to_vec();
    for row in &mut rows {
        row.from += ROOM;
        row.to = row.to.map(|to| to + ROOM);
        if row.call.action == Action::Read {
            row.from -= delta;
        }
    }
    recorded(&rows)
}

#[test]
fn the_least_delay_is_the_least_for_which_there_is_an_order() {
    let mut delays = BTreeMap::new();
    let linearizable = &judges()[8].1;
    for seed in 2_000_000..2_000_000 + cases(30_000) / 15 {
        let mut rows = generated(seed);
        for (number, row) in rows.iter_mut().enumerate() {
            row.process = number as u64;
            if let Action::Cas(_, to) = &row.call.action {
                row.call.action = Action::Write(to.clone());
                if let Outcome::Ok(ret) = &mut row.outcome {
                    *ret = RegisterRet::Done;
                }
            }
        }
        let holds = |delta| {
            let verdict = linearizable.check(&moved(&rows, delta), Budget::default());
            !matches!(verdict, Verdict::Invalid(_))
        };
        let measured = staleness(&recorded(&rows), &Value::Nil).delta;
        let expected = (0..100).find(|&delta| holds(delta));
        assert_eq!(measured, expected, "seed {seed}: {rows:#?}");
        *delays
            .entry(measured.map(|delta| delta.min(5)))
            .or_insert(0) += 1;
    }
    assert!(
        delays.len() == 7 && delays.values().all(|&count| count > 5),
        "{delays:?}"
    );
}

#[test]
fn what_reads_missed_is_counted_one_by_one() {
    let mut most = 0;
    for seed in 3_000_000..3_000_000 + cases(30_000) / 15 {
        let history = recorded(&generated(seed));
        let measured = staleness(&history, &Value::Nil);
        let events = naive::events(&history, u32::MAX);
        let mut expected = BTreeMap::new();
        let mut age_max = 0;
        let certain = |event: &Event<'_>| event.wrote.is_some() && !event.loose;
        let told = |value: &Value| {
            let tells = |event: &&Event<'_>| event.wrote == Some(value);
            events.iter().find(tells)
        };
        for read in &events {
            // What is of unknown outcome saw something only if it was seen itself.
            let Some(saw) = read.saw.filter(|_| !read.loose || seen(&events, read)) else {
                continue;
            };
            let old = told(saw);
            if *saw != Value::Nil && old.is_none_or(|old| !old.same_key(read)) {
                continue;
            }
            let missed: Vec<_> = events
                .iter()
                .filter(|one| certain(one) && one.same_key(read) && one.op.precedes(read.op))
                .filter(|one| old.is_none_or(|old| old.op.precedes(one.op)))
                .collect();
            let ages = missed
                .iter()
                .filter_map(|one| Some(read.op.invoked.0 - one.op.returned?.0));
            age_max = age_max.max(ages.max().unwrap_or(0));
            most = most.max(missed.len());
            *expected.entry(missed.len() as u64).or_insert(0) += 1;
        }
        assert_eq!(
            measured.reads,
            expected.values().sum::<u64>(),
            "{}",
            shown(&history)
        );
        let stale = measured.reads - expected.get(&0).copied().unwrap_or(0);
        assert_eq!((measured.stale, measured.age_max), (stale, age_max));
        assert_eq!(
            measured.behind,
            expected,
            "seed {seed}: {}",
            shown(&history)
        );
    }
    assert!(most > 1, "{most}");
}

/// Whether the value that an event wrote was seen, at last by one of known outcome.
fn seen(events: &[Event<'_>], write: &Event<'_>) -> bool {
    events.iter().any(|reader| {
        let saw = reader.saw.is_some() && reader.saw == write.wrote && reader.same_key(write);
        saw && reader.op.id != write.op.id && (!reader.loose || seen(events, reader))
    })
}
