//! Sessions, causality and regular reads against the definitions, read by brute force.

use super::naive::Naive;
use crate::history::{Entry, History, Op, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::luck::{Luck, cases};
use crate::regular::monotonic;
use crate::staleness::measure;
use crate::verdict::{Budget, Promise, Verdict};

const PROMISES: [Promise; 6] = [
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::Causal,
    Promise::Regular,
];

/// A call that was made, before it is known how histories are written down.
struct Made {
    process: u64,
    call: KvCall,
    outcome: Outcome<KvRet>,
    from: u64,
    to: u64,
}

/// Up to eight operations of two or three sessions on one or two keys.
fn history(luck: &mut Luck) -> History<Kv> {
    let sessions = 2 + luck.place(2);
    let mut spans = Vec::new();
    let mut clocks = vec![0; sessions];
    for _ in 0..3 + luck.place(6) {
        let process = luck.place(sessions);
        let from = clocks[process] + luck.place(3) as u64;
        let to = from + luck.place(4) as u64;
        clocks[process] = to + luck.place(2) as u64;
        spans.push((from, to, process as u64));
    }
    // Operations of one session keep their order; that of the others is by their calls.
    spans.sort_by_key(|&(from, ..)| from);
    let (keys, writes) = (1 + luck.place(2), 2 + luck.place(2));
    let mut made: Vec<Made> = Vec::new();
    for (place, &(from, to, process)) in spans.iter().enumerate() {
        let key = ["x", "y"][luck.place(keys)].to_string();
        let call = match luck.place(5) {
            0 | 1 if writes == 3 => KvCall::Get { key },
            0..=2 => KvCall::Get { key },
            3 if luck.place(3) == 0 => KvCall::Delete {
                key,
                context: context(luck, &made, from),
            },
            _ => KvCall::Put {
                key,
                value: format!("v{place}"),
                context: context(luck, &made, from),
            },
        };
        let outcome = match luck.place(10) {
            0 => Outcome::Fail,
            1 | 2 => Outcome::Unknown,
            _ => Outcome::Ok(KvRet::Stored),
        };
        made.push(Made {
            process,
            call,
            outcome,
            from,
            to,
        });
    }
    answer(luck, &mut made);
    write_down(&made)
}

/// Contexts of up to two operations, of any session and key; rarely from where none can come.
fn context(luck: &mut Luck, made: &[Made], now: u64) -> Vec<OpId> {
    let mut context = Vec::new();
    for _ in 0..luck.place(3) {
        let Some(last) = made.len().checked_sub(1) else {
            continue;
        };
        let from = last - luck.place(made.len()).min(luck.place(made.len()));
        if made[from].to <= now || luck.place(40) == 0 {
            context.push(OpId(from as u64));
        }
    }
    context
}

/// Gives every read an answer that is often right: what was put and not superseded by what it shows.
fn answer(luck: &mut Luck, made: &mut [Made]) {
    let honest = luck.place(4);
    for place in 0..made.len() {
        let KvCall::Get { key } = &made[place].call else {
            continue;
        };
        if matches!(made[place].outcome, Outcome::Unknown | Outcome::Fail) {
            continue;
        }
        let mut values = Vec::new();
        for put in made.iter() {
            let KvCall::Put { key: of, value, .. } = &put.call else {
                continue;
            };
            let there = put.to < made[place].from;
            let possible = put.from <= made[place].to || luck.place(60) == 0;
            let failed = matches!(put.outcome, Outcome::Fail) && luck.place(12) > 0;
            let shown = if there {
                luck.place(4) <= honest
            } else {
                luck.place(3) == 0
            };
            if of == key && possible && !failed && shown {
                values.push(value.clone());
            }
        }
        if honest > 0 {
            let superseded = |value: &String| {
                made.iter().any(|later| {
                    let seen = later.call.context().iter().any(|from| {
                        let from = &made[from.0 as usize];
                        match (&from.call, &from.outcome) {
                            (KvCall::Put { value: of, .. }, _) => of == value,
                            (_, Outcome::Ok(KvRet::Values(all))) => all.contains(value),
                            _ => false,
                        }
                    });
                    let shown = match &later.call {
                        KvCall::Put { value, .. } => values.contains(value),
                        KvCall::Delete { .. } => later.to < made[place].from,
                        KvCall::Get { .. } => false,
                    };
                    seen && shown
                })
            };
            values = values
                .iter()
                .filter(|value| !superseded(value))
                .cloned()
                .collect();
        }
        made[place].outcome = Outcome::Ok(KvRet::Values(values));
    }
}

fn write_down(made: &[Made]) -> History<Kv> {
    let mut entries: Vec<(u64, u64, Entry<Kv>)> = Vec::new();
    for (place, made) in made.iter().enumerate() {
        let (op, process) = (OpId(place as u64), Process(made.process));
        let invoke = Entry::Invoke {
            op,
            at: Time(made.from),
            process,
            call: made.call.clone(),
        };
        let back = Entry::Return {
            op,
            at: Time(made.to),
            outcome: made.outcome.clone(),
        };
        entries.push((made.from, 2 * place as u64, invoke));
        entries.push((made.to, 2 * place as u64 + 1, back));
    }
    entries.sort_by_key(|&(at, turn, _)| (at, turn));
    let entries = entries.into_iter().map(|(.., entry)| entry);
    History::new(entries).expect("sessions make one call at a time")
}

/// One line for each operation, for whoever has to find out why two judges differ.
fn drawn(history: &History<Kv>) -> String {
    let line = |op: &Op<Kv>| {
        let until = op.returned.map_or("-".into(), |at| at.0.to_string());
        format!(
            "{} [{},{until}] {} {} passing {:?}\n",
            op.id,
            op.invoked.0,
            op.process,
            op.label(),
            op.call.context()
        )
    };
    history.ops().iter().map(line).collect()
}

#[test]
fn every_check_says_what_its_definition_says() {
    let mut luck = Luck(2024);
    let mut broken = [0_u64; 6];
    let (mut inversions, mut stale, cases) = (0_u64, 0_u64, cases(20_000));
    for _ in 0..cases {
        let history = history(&mut luck);
        let naive = Naive::new(&history);
        let verdicts = crate::judge_all(&history, &PROMISES, Budget::default());
        let verdicts = verdicts.expect("all of these are judged");
        if naive.circular() {
            assert!(verdicts[4].counterexample().is_some());
            let sessions = verdicts.iter().enumerate().filter(|(index, _)| *index != 4);
            for (index, verdict) in sessions {
                assert!(
                    matches!(verdict, Verdict::Unknown(_)),
                    "{}",
                    PROMISES[index]
                );
            }
            continue;
        }
        let expected = [
            naive.read_your_writes(),
            naive.monotonic_reads(),
            naive.monotonic_writes(),
            naive.writes_follow_reads(),
            naive.causal(),
            naive.regular(),
        ];
        for (index, (verdict, holds)) in verdicts.iter().zip(expected).enumerate() {
            let found = verdict.counterexample();
            assert_eq!(
                found.is_none(),
                holds,
                "{}: {found:?}\n{}",
                PROMISES[index],
                drawn(&history)
            );
            broken[index] += u64::from(!holds);
        }
        assert_eq!(
            monotonic(&history).is_none(),
            naive.monotonic(),
            "{}",
            drawn(&history)
        );
        inversions += u64::from(!naive.monotonic());
        let measured = measure(&history);
        assert_eq!(
            measured.unseen_age.count(),
            naive.behind(),
            "{}",
            drawn(&history)
        );
        stale += measured.stale();
    }
    let least = broken.iter().copied().chain([inversions, stale]).min();
    assert!(
        least >= Some(cases / 500),
        "{broken:?} {inversions} {stale}"
    );
    assert!(
        broken.iter().all(|&count| count < 9 * cases / 10),
        "{broken:?}"
    );
}

#[test]
fn many_promises_judged_at_once_are_judged_as_one_by_one() {
    let mut luck = Luck(77);
    let all = [Promise::ClockCausality, Promise::SiblingPreservation];
    for _ in 0..500 {
        let history = history(&mut luck);
        let asked: Vec<Promise> = PROMISES.into_iter().chain(all).collect();
        let together = crate::judge_all(&history, &asked, Budget::default());
        let together = together.expect("all of these are judged");
        for (promise, verdict) in asked.iter().zip(together) {
            let alone = crate::judge_all(&history, &[*promise], Budget::default());
            assert_eq!(alone, Ok(vec![verdict]), "{promise}");
        }
    }
    let other = crate::judge_all(&history(&mut luck), &[Promise::Cycles], Budget::default());
    assert_eq!(other, Err(crate::Unjudged(Promise::Cycles)));
}
