//! What is found, held against naive judges who try every order.
//!
//! `DYNO_AGREEMENT` says how many histories of each kind are generated.

use std::collections::BTreeSet;

use super::generated::transactions;
use super::naive::{read_committed, serializable, snapshot_isolation};
use super::{Anomaly, ConsistencyModel, Cycles, Extent, Sources, anomalies};
use crate::history::{History, Op, Outcome};
use crate::luck::{Luck, cases};
use crate::txn::{Ask, Told, Txn};
use crate::verdict::{Budget, Checker};

use ConsistencyModel::{
    ReadCommitted, Serializable, SnapshotIsolation, StrictSerializable, StrongSessionReadCommitted,
    StrongSessionSerializable, StrongSessionSnapshotIsolation, StrongSnapshotIsolation,
};

type Naive = fn(&History<Txn>, Extent) -> bool;

/// The stronger before the weaker.
const JUDGES: [(ConsistencyModel, Naive, Extent); 8] = [
    (StrictSerializable, serializable, Extent::RealTime),
    (StrongSessionSerializable, serializable, Extent::Session),
    (Serializable, serializable, Extent::Data),
    (
        StrongSnapshotIsolation,
        snapshot_isolation,
        Extent::RealTime,
    ),
    (
        StrongSessionSnapshotIsolation,
        snapshot_isolation,
        Extent::Session,
    ),
    (SnapshotIsolation, snapshot_isolation, Extent::Data),
    (StrongSessionReadCommitted, read_committed, Extent::Session),
    (ReadCommitted, read_committed, Extent::Data),
];

/// How many histories a model holds for, is broken by, is found to be broken by, and is only by what calls
/// tell of the order of registers.
type Tally = [[u64; 4]; JUDGES.len()];

fn judge(history: &History<Txn>, tally: &mut Tally) -> Vec<bool> {
    let found = anomalies(history, Sources::default(), Budget::default());
    let mut exact = Vec::new();
    let mut held: Vec<ConsistencyModel> = Vec::new();
    for (row, &(model, naive, extent)) in tally.iter_mut().zip(&JUDGES) {
        let denied: Vec<&Anomaly> = found.iter().filter(|one| model.forbids(one.kind)).collect();
        let implied = held.iter().any(|stronger| stronger.implies(model));
        let holds = implied || naive(history, extent);
        if holds {
            held.push(model);
        }
        assert!(
            !holds || denied.is_empty(),
            "{model} holds: {denied:#?} in\n{}",
            listed(history)
        );
        let verdict = Cycles::new(model).check(history, Budget::default());
        let broken = verdict.counterexample().is_some();
        assert!(
            !holds || !broken,
            "{model} holds: {verdict:#?} in\n{}",
            listed(history)
        );
        // Only where one serial order follows calls, these tell more of registers than was found without.
        let by_calls = model.implies(StrongSessionSerializable);
        assert!(
            broken != denied.is_empty() || broken && by_calls,
            "{model}: {denied:#?} in\n{}",
            listed(history)
        );
        row[0] += u64::from(holds);
        row[1] += u64::from(!holds);
        row[2] += u64::from(broken);
        row[3] += u64::from(broken && denied.is_empty());
        exact.push(broken != holds);
    }
    exact
}

/// One operation a line.
fn listed(history: &History<Txn>) -> String {
    let line = |op: &Op<Txn>| {
        let end = op.returned.map_or("?".into(), |at| at.0.to_string());
        let (id, process, from) = (op.id, op.process, op.invoked.0);
        format!("{id} {process} [{from},{end}]: {}\n", op.label())
    };
    history.ops().iter().map(line).collect()
}

/// Whether reads show every append that took effect.
fn full(history: &History<Txn>) -> bool {
    let ops = history.ops().iter();
    let mut told = BTreeSet::new();
    for ret in ops.clone().filter_map(|op| op.outcome.ok()) {
        for told_of in &ret.0 {
            if let Told::List(list) = told_of {
                told.extend(list);
            }
        }
    }
    ops.clone().all(|op| {
        let mut appends = op.call.0.iter().filter_map(|ask| match ask {
            Ask::Append(_, value) => Some(told.contains(value)),
            _ => None,
        });
        match op.outcome {
            Outcome::Ok(_) => appends.all(|read| read),
            Outcome::Fail => true,
            Outcome::Unknown => {
                let reads: BTreeSet<bool> = appends.collect();
                reads.len() < 2
            }
        }
    })
}

fn report(name: &str, tally: &Tally) {
    for ((model, ..), [holds, broken, found, by_calls]) in JUDGES.iter().zip(tally) {
        println!(
            "{name}: {model}: holds {holds}, broken {broken}, found {found}, {by_calls} by calls"
        );
    }
}

#[test]
fn nothing_is_found_where_an_order_exists() {
    for (name, lists, last) in [
        ("lists", true, false),
        ("registers", false, false),
        ("registers read in the end", false, true),
    ] {
        let mut tally = Tally::default();
        for seed in 0..cases(1_500) {
            let luck = &mut Luck(seed);
            let count = 2 + luck.below(4) as usize;
            judge(&transactions(luck, count, lists, last), &mut tally);
        }
        report(name, &tally);
        for (place, [holds, broken, found, by_calls]) in tally.into_iter().enumerate() {
            assert!(
                holds > cases(1_500) / 10 && found > broken / 10,
                "{tally:?}"
            );
            // Of sessions alone there is mostly a shorter proof.
            let expected = match (lists, place) {
                (false, 0) => by_calls > 0,
                (false, 1) => true,
                _ => by_calls == 0,
            };
            assert!(expected, "{tally:?}");
        }
    }
}

#[test]
fn all_is_found_in_lists_of_which_every_append_was_read() {
    let mut tally = Tally::default();
    let mut judged = 0;
    for seed in 0..2 * cases(1_500) {
        let luck = &mut Luck(seed);
        let count = 2 + luck.below(3) as usize;
        // Of half of them the end is not read, so some appends are read by their own transactions alone.
        let history = transactions(luck, count, true, seed % 2 == 0);
        let exact = judge(&history, &mut tally);
        if full(&history) {
            judged += 1;
            for (exact, (model, ..)) in exact.iter().zip(&JUDGES[..6]) {
                assert!(
                    exact,
                    "{model} is broken, but nothing was found:\n{}",
                    listed(&history)
                );
            }
        }
    }
    report("lists whose every append was read", &tally);
    assert!(judged > cases(1_500) / 2, "{judged}");
}
