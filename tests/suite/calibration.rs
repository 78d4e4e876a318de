//! What looks like a defect and is none: no promise may be called broken because of it.
//!
//! Each is drawn, or taken from runs of the healthy core in which it is seen to happen.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::{Kv, KvCall, KvRet};
use checker::note::Version;
use checker::{Budget, Entry, History, Note, Outcome, Promise, Time, Verdict, picture};
use dynamo_core::{Causality, Coordinator, Durability, Resolution};
use dynamometer::drive::Run;
use dynamometer::plan::{Call, Plan, Shape, Step};
use dynamometer::preset::PROMISES;
use dynamometer::promised::promised_in;
use dynamometer::target::{Target, judge};
use dynamometer::{load, matrix};

/// Healthy runs that each phenomenon is looked for in.
const RUNS: u64 = 60;

fn runs(change: impl Fn(&mut Plan)) -> Vec<(Plan, Run)> {
    let plans = (0..RUNS).map(|seed| {
        let mut plan = load::plan(seed);
        change(&mut plan);
        plan
    });
    plans
        .map(|plan| {
            let run = Target::default().run(&plan).expect("it runs");
            (plan, run)
        })
        .collect()
}

/// The promises that were held where they could have been broken. None may be broken or left open.
fn held(history: &History<Kv>, promises: &[Promise]) -> Vec<Promise> {
    let mut held = Vec::new();
    for (promise, verdict) in judge(history, promises, Budget::default()) {
        match verdict {
            Verdict::Valid(_) => held.push(promise),
            Verdict::Invalid(found) => panic!("{}: {}", found.title(), found.sentence),
            Verdict::Unknown(why) => assert!(why.is_idle(), "{promise:?}: {why}"),
        }
    }
    held
}

/// Holds the promises that each plan makes, and says how often sibling preservation was.
fn unflagged(runs: &[(Plan, Run)]) -> usize {
    let held = runs
        .iter()
        .map(|(plan, run)| held(&run.history, &promised_in(plan).promises));
    held.filter(|held| held.contains(&Promise::SiblingPreservation))
        .count()
}

/// What every store of siblings promises its clients, whatever it says of itself.
fn black_box(text: &str) -> Vec<Promise> {
    let mut promises = PROMISES.to_vec();
    promises.push(Promise::Causal);
    held(&picture::history::<Kv>(text), &promises)
}

#[test]
fn a_core_of_dots_is_never_flagged() {
    let runs = runs(|plan| plan.shape.causality = Causality::Dots);
    let mut counts: BTreeMap<Promise, usize> = BTreeMap::new();
    for (plan, run) in &runs {
        for promise in held(&run.history, &promised_in(plan).promises) {
            *counts.entry(promise).or_default() += 1;
        }
    }
    for promise in PROMISES {
        assert!(counts[&promise] > 10, "{counts:?}");
    }
}

/// Garage keeps one of several siblings that hold the same bytes.
#[test]
fn siblings_of_equal_bytes_may_be_shown_once_or_twice() {
    for shown in ["a", "a,a", "a,b", "a,a,b"] {
        let other = if shown.contains('b') { "|put x b|" } else { "" };
        let text = format!(
            "
            c1  |put x a|            |put y p|
            c2  |put x a|
            c3  {other}
            c4                        |get x -> {shown}|  |get y -> p|
            "
        );
        assert!(
            black_box(&text).contains(&Promise::SiblingPreservation),
            "{shown}"
        );
    }
}

/// What clients saw of a run of a store that keeps one of equal siblings, where only so many values are
/// written.
fn folded(run: &Run, values: u64) -> History<Kv> {
    let fold = |value: &str| {
        let number: u64 = value.trim_start_matches('v').parse().unwrap_or(0);
        format!("v{}", number % values)
    };
    let entries = run.history.entries().filter_map(|entry| {
        Some(match entry {
            Entry::Invoke {
                op,
                at,
                process,
                call:
                    KvCall::Put {
                        key,
                        value,
                        context,
                    },
            } => {
                let value = fold(&value);
                let call = KvCall::Put {
                    key,
                    value,
                    context,
                };
                Entry::Invoke {
                    op,
                    at,
                    process,
                    call,
                }
            }
            Entry::Return {
                op,
                at,
                outcome: Outcome::Ok(KvRet::Values(shown)),
            } => {
                let shown: BTreeSet<String> = shown.iter().map(|value| fold(value)).collect();
                let outcome = Outcome::Ok(KvRet::Values(shown.into_iter().collect()));
                Entry::Return { op, at, outcome }
            }
            Entry::Note { note, .. } if !matches!(note, Note::Quiet | Note::Healed) => return None,
            entry => entry,
        })
    });
    History::new(entries).expect("only values have changed")
}

#[test]
fn a_store_that_folds_equal_bytes_is_not_flagged() {
    let runs = runs(|plan| {
        plan.shape.causality = Causality::Dots;
        plan.shape.resolution = Resolution::Client;
        plan.shape.reaping_us = None;
        plan.shape.durability = Durability::Synced;
        plan.faults
            .0
            .retain(|window| !window.fault.unaimed().loses_disk());
    });
    for values in [3, 17, 60] {
        let mut kept = 0;
        for (_, run) in &runs {
            let history = folded(run, values);
            let held = held(
                &history,
                &[Promise::SiblingPreservation, Promise::Convergence],
            );
            kept += held.len();
        }
        // With very few values every key repeats one and is left out.
        assert!(values == 3 || kept > 10, "with {values} values: {kept}");
    }
}

#[test]
fn blind_puts_make_siblings_and_that_is_their_writers_doing() {
    let text = "
        c1  |put x a|           |put x c|
        c2           |put x b|
        c3                               |get x -> a,b,c|
        ";
    assert!(black_box(text).contains(&Promise::SiblingPreservation));

    let runs = runs(|plan| {
        for step in &mut plan.steps {
            step.call
                .context_mut()
                .into_iter()
                .for_each(|context| *context = None);
        }
    });
    assert!(unflagged(&runs) > 10);
    let several = |(_, run): &(Plan, Run)| reads(&run.history).any(|values| values.len() > 4);
    assert!(runs.iter().filter(|run| several(run)).count() > 10);
}

/// The values of each get that was answered.
fn reads(history: &History<Kv>) -> impl Iterator<Item = &Vec<String>> {
    history.ops().iter().filter_map(|op| match &op.outcome {
        Outcome::Ok(KvRet::Values(values)) => Some(values),
        _ => None,
    })
}

#[test]
fn a_put_of_unknown_outcome_appears_or_does_not() {
    for shown in ["a", "a,b"] {
        let text = format!(
            "
            c1  |put x a|
            c2  |put x b ?...
            c3            |get x -> a|  |get x -> {shown}|
            c4                                            |get x -> {shown}|
            "
        );
        assert!(
            black_box(&text).contains(&Promise::SiblingPreservation),
            "{shown}"
        );
    }

    let runs = runs(|_| ());
    assert!(unflagged(&runs) > 10);
    let (mut appeared, mut absent) = (0, 0);
    for (_, run) in &runs {
        for op in run.history.ops() {
            if let (KvCall::Put { value, .. }, Outcome::Unknown) = (&op.call, &op.outcome) {
                if reads(&run.history).any(|values| values.contains(value)) {
                    appeared += 1;
                } else {
                    absent += 1;
                }
            }
        }
    }
    assert!(
        appeared > 10 && absent > 10,
        "{appeared} appeared, {absent} did not"
    );
}

#[test]
fn a_tombstone_stays_beside_what_it_has_not_seen() {
    let text = "
        c1  |put x a|
        c2            |r=get x -> a|  |delete x <r|
        c3                              |put x b|    |get x -> b|
        ";
    assert!(black_box(text).contains(&Promise::SiblingPreservation));

    let runs = runs(|plan| plan.shape.reaping_us = None);
    assert!(unflagged(&runs) > 10);
    let beside = |versions: &[Version]| {
        versions.iter().any(|version| version.value.is_none())
            && versions.iter().any(|version| version.value.is_some())
    };
    let kept = |(_, run): &&(Plan, Run)| {
        run.history.notes().any(|(_, note)| match note {
            Note::Durable { versions, .. } => beside(versions),
            _ => false,
        })
    };
    assert!(runs.iter().filter(kept).count() > 10);
}

/// One client after the other reads the key and writes it again, each through another of twelve owners.
fn chain() -> Plan {
    let key = "k0".to_owned();
    let steps = (0..28_u32).map(|number| Step {
        id: number,
        at: Time(u64::from(number) * 20_000),
        client: 0,
        via: number / 2 % 12,
        call: if number % 2 == 0 {
            Call::Get { key: key.clone() }
        } else {
            let context = Some(number - 1);
            Call::Put {
                key: key.clone(),
                context,
            }
        },
    });
    let mut plan = load::plan(1);
    plan.faults.0.clear();
    plan.steps = steps.collect();
    plan.shape = Shape {
        nodes: 12,
        n: 12,
        r: 2,
        w: 2,
        causality: Causality::Truncated { pairs: 10 },
        resolution: Resolution::Client,
        coordinator: Coordinator::Asked,
        reaping_us: None,
        durability: Durability::Synced,
        ..plan.shape
    };
    plan
}

/// The paper's limit of ten entries (§4.4): what it gives up has a name, and nobody who said that clocks are
/// truncated is blamed for it.
#[test]
fn truncated_clocks_make_false_conflicts_that_are_named_and_not_blamed() {
    let plan = chain();
    let run = Target::default().run(&plan).expect("it runs");
    assert!(!promised_in(&plan).makes(Promise::SiblingPreservation));
    let asked = [Promise::SiblingPreservation];
    held(&run.history, &asked);
    held(&run.history, &matrix::made(&plan, &run.history));

    let unsaid = run.history.entries().filter(|entry| {
        !matches!(
            entry,
            Entry::Note {
                note: Note::Setup(_),
                ..
            }
        )
    });
    let unsaid = History::new(unsaid).expect("one note is missing");
    let verdicts = judge(&unsaid, &asked, Budget::default());
    let found = verdicts
        .iter()
        .find_map(|(_, verdict)| verdict.counterexample());
    let part = found.map(|found| found.part.clone());
    assert_eq!(part.as_deref(), Some("false conflict"));

    let whole = Plan {
        shape: Shape {
            causality: Causality::Clocks,
            ..plan.shape
        },
        ..plan
    };
    let run = Target::default().run(&whole).expect("it runs");
    let kept = held(&run.history, &[Promise::SiblingPreservation]);
    assert_eq!(
        kept,
        [Promise::SiblingPreservation],
        "with whole clocks there is none"
    );
}
