//! How long it takes to judge transactions: lists, two parts each, twenty sessions.
//!
//! `DYNO_CYCLES=1000000 cargo bench --bench cycles` judges one history of so many transactions once, and
//! prints user CPU time and peak memory.

use std::fs;
use std::hint::black_box;

use checker::cycles::{ConsistencyModel, Cycles};
use checker::register::Value;
use checker::txn::{Ask, Told, Txn, TxnCall, TxnRet};
use checker::{Budget, Checker, Entry, History, OpId, Outcome, Process, Time, Verdict};
use criterion::{BenchmarkId, Criterion, Throughput};

const SESSIONS: u64 = 20;
const KEYS: u64 = 16;
const APPENDS_MAX: usize = 32;

/// A small generator of random numbers, equal for equal seeds.
struct Luck(u64);

impl Luck {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % end
    }
}

/// Lists in use: a key that is full makes room for a new one.
struct Store {
    lists: Vec<(i64, Vec<Value>)>,
    next: i64,
}

impl Store {
    fn part(&mut self, luck: &mut Luck) -> (Ask, Told) {
        let place = luck.below(KEYS) as usize;
        if self.lists[place].1.len() == APPENDS_MAX {
            self.lists[place] = (self.next, Vec::new());
            self.next += 1;
        }
        let (key, list) = &mut self.lists[place];
        let key = Value::Int(*key);
        if luck.below(2) == 0 {
            return (Ask::Read(key), Told::List(list.clone()));
        }
        let value = Value::Int(i64::try_from(list.len()).expect("a list is short"));
        list.push(value.clone());
        (Ask::Append(key, value), Told::Done)
    }
}

/// What a store does wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Wrong {
    Nothing,
    /// One read in the middle misses the last five elements.
    Once,
    /// From the middle on every tenth transaction does.
    Often,
}

/// The entries of a history of a strictly serializable store, but for what it does wrong.
///
/// A transaction takes effect every ten ticks, and is under way for up to ninety before and after.
struct Entries {
    luck: Luck,
    store: Store,
    wrong: Wrong,
    number: u64,
    transactions: u64,
    /// Those that are not sure to be next, and those that are, the last of them first.
    waiting: Vec<(u64, Entry<Txn>)>,
    ready: Vec<(u64, Entry<Txn>)>,
}

impl Entries {
    fn new(transactions: u64, wrong: Wrong) -> Self {
        Entries {
            luck: Luck(7),
            store: Store {
                lists: (0..KEYS.cast_signed())
                    .map(|key| (key, Vec::new()))
                    .collect(),
                next: KEYS.cast_signed(),
            },
            wrong,
            number: 0,
            transactions,
            waiting: Vec::new(),
            ready: Vec::new(),
        }
    }

    fn push(&mut self) {
        let number = self.number;
        let store = &mut self.store;
        let parts = (0..2).map(|_| store.part(&mut self.luck));
        let (asks, mut told): (Vec<Ask>, Vec<Told>) = parts.unzip();
        let late = number > self.transactions / 2;
        if late && self.wrong != Wrong::Nothing && number.is_multiple_of(10) {
            let long = |told: &&mut Told| matches!(told, Told::List(list) if list.len() > 9);
            if let Some(Told::List(list)) = told.iter_mut().find(long) {
                list.truncate(list.len() - 5);
                if self.wrong == Wrong::Once {
                    self.wrong = Wrong::Nothing;
                }
            }
        }
        let (op, effect) = (OpId(number), 200 + number * 10);
        let (called, returned) = (effect - self.luck.below(90), effect + self.luck.below(90));
        let process = Process(number % SESSIONS);
        let (call, outcome) = (TxnCall(asks), Outcome::Ok(TxnRet(told)));
        let at = Time(called);
        let invoke = Entry::Invoke {
            op,
            at,
            process,
            call,
        };
        let at = Time(returned);
        self.waiting.push((called, invoke));
        self.waiting
            .push((returned, Entry::Return { op, at, outcome }));
        self.number += 1;
    }
}

impl Iterator for Entries {
    type Item = Entry<Txn>;

    fn next(&mut self) -> Option<Entry<Txn>> {
        if self.ready.is_empty() {
            let until = (self.number + 1000).min(self.transactions);
            while self.number < until {
                self.push();
            }
            // What is still to come is called no earlier than this.
            let sure = if self.number == self.transactions {
                u64::MAX
            } else {
                110 + self.number * 10
            };
            self.waiting.sort_by_key(|&(at, _)| at);
            let ready = self.waiting.partition_point(|&(at, _)| at < sure);
            self.ready = self.waiting.drain(..ready).rev().collect();
        }
        self.ready.pop().map(|(_, entry)| entry)
    }
}

fn history(transactions: u64, wrong: Wrong) -> History<Txn> {
    History::new(Entries::new(transactions, wrong)).expect("well formed")
}

fn judge(history: &History<Txn>, model: ConsistencyModel) -> Verdict {
    Cycles::new(model).check(black_box(history), Budget::default())
}

/// User CPU time of this process in milliseconds, its memory and its peak memory in MB.
fn used() -> (u64, u64, u64) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().nth(11);
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
    let line = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name));
        number(line.and_then(|line| line.split_whitespace().nth(1))) / 1024
    };
    (number(ticks) * 10, line("VmRSS"), line("VmHWM"))
}

fn once(transactions: u64) {
    for wrong in [Wrong::Nothing, Wrong::Once, Wrong::Often] {
        let history = history(transactions, wrong);
        for model in [
            ConsistencyModel::StrictSerializable,
            ConsistencyModel::Serializable,
        ] {
            let (before, held, _) = used();
            let verdict = judge(&history, model);
            let (after, _, peak) = used();
            let said = match verdict.counterexample() {
                Some(found) => found.title(),
                None => format!("{verdict:?}").chars().take(5).collect(),
            };
            println!(
                "{transactions} transactions, {model}, wrong: {wrong:?}, {said}: {} ms; history {held} MB, peak {peak} MB",
                after - before,
            );
        }
    }
}

fn main() {
    if let Ok(transactions) = std::env::var("DYNO_CYCLES") {
        return once(transactions.parse().expect("DYNO_CYCLES is a number"));
    }
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("cycles");
    group.sample_size(10);
    for transactions in [10_000, 100_000] {
        let history = history(transactions, Wrong::Nothing);
        group.throughput(Throughput::Elements(transactions));
        for model in [
            ConsistencyModel::StrictSerializable,
            ConsistencyModel::Serializable,
        ] {
            let id = BenchmarkId::new(model.name(), transactions);
            group.bench_with_input(id, &history, |bench, history| {
                bench.iter(|| judge(history, model));
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
