//! Processor time and peak memory of judging a healthy sibling store: `cargo bench --bench siblings -- 1000000`.

#[path = "siblings/store.rs"]
mod store;

use std::hint::black_box;

use checker::kv::Kv;
use checker::{Budget, History, Promise, judge_all};
use store::{Load, recorded};

/// All promises that are judged of siblings.
const PROMISES: [Promise; 10] = [
    Promise::ClockCausality,
    Promise::SiblingPreservation,
    Promise::Convergence,
    Promise::HandoffDelivery,
    Promise::ReadYourWrites,
    Promise::MonotonicReads,
    Promise::MonotonicWrites,
    Promise::WritesFollowReads,
    Promise::Causal,
    Promise::Regular,
];

/// Nanoseconds for which this thread was on a processor, where the system says so.
fn cpu() -> u64 {
    let told = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let first = told.split(' ').next();
    first.and_then(|ns| ns.parse().ok()).unwrap_or(0)
}

/// Peak memory of this process in kilobytes, where the system says so.
fn peak() -> u64 {
    let told = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

/// The mean cost of some judgements, in milliseconds, and how many promises were broken. The system's clock is
/// too coarse for a single one of few operations.
fn cost(history: &History<Kv>, promises: &[Promise], repeats: usize) -> (f64, usize) {
    let mut broken = 0;
    let before = cpu();
    for _ in 0..repeats {
        let verdicts = black_box(judge_all(history, promises, Budget::default()));
        let verdicts = verdicts.expect("all of these are judged");
        let found = verdicts.iter().filter(|one| one.counterexample().is_some());
        broken = found.count();
    }
    let spent = (cpu() - before) as f64 / repeats as f64;
    (spent / 1_000_000.0, broken)
}

fn main() {
    let mut numbers = std::env::args().filter_map(|one| one.parse().ok());
    let operations: usize = numbers.next().unwrap_or(10_000);
    let repeats = numbers
        .next()
        .unwrap_or(if operations > 1_000 { 3 } else { 1_001 });
    let history = recorded(&Load::of(operations));
    let before = peak();
    for (name, promises) in [
        ("index only", &[][..]),
        ("four promises of a Dynamo", &PROMISES[..4]),
        ("sessions and causal", &PROMISES[4..9]),
        ("ten promises", &PROMISES),
    ] {
        let (milliseconds, broken) = cost(&history, promises, repeats);
        println!("{operations} operations, {name}: {milliseconds:.3} ms, {broken} broken");
    }
    println!("history {before} kB, at most {} kB", peak());
}
