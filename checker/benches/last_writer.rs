//! What the promises of last-writer-wins stores cost, on histories of a store that keeps them.
//!
//! `cargo bench --bench last_writer` measures by criterion. With `DYNO_OPERATIONS=10000000` it judges one
//! history of that many operations once, and prints processor time and memory instead; `DYNO_SESSIONS`,
//! `DYNO_KEYS` and `DYNO_STALE` (one read in so many returns an older value) change the history.

use std::hint::black_box;

use checker::last_writer::{
    Causal, CausalConvergence, CausalMemory, MonotonicReads, MonotonicWrites, ReadYourWrites,
    Regular, WritesFollowReads, staleness,
};
use checker::register::{Action, Register, RegisterCall, RegisterRet, Value};
use checker::{Budget, Checker, Entry, History, OpId, Outcome, Process, Time};
use criterion::{BenchmarkId, Criterion, Throughput};

/// What a generated history is like.
#[derive(Clone, Copy)]
struct Shape {
    operations: u64,
    sessions: u64,
    keys: u64,
    /// One read in so many returns an older value than its replica has; none if zero.
    stale: u64,
}

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

const REPLICAS: usize = 5;

/// A write as a replica logs it: its key, its value, and when it was made by a clock that runs ahead of
/// everything seen.
#[derive(Clone, Copy)]
struct Update {
    key: usize,
    value: i64,
    stamp: (u64, usize),
}

/// What one replica holds: of every log a beginning, and of every key the latest of what it has seen.
struct Replica {
    clock: u64,
    seen: [usize; REPLICAS],
    held: Vec<Option<Update>>,
    before: Vec<Option<i64>>,
}

impl Replica {
    fn apply(&mut self, update: Update) {
        self.clock = self.clock.max(update.stamp.0);
        let held = &mut self.held[update.key];
        if held.is_none_or(|held| held.stamp < update.stamp) {
            self.before[update.key] = held.map(|held| held.value);
            *held = Some(update);
        }
    }
}

/// A store of five replicas that hand their whole state to one another now and then: causal, convergent.
fn history(shape: Shape) -> History<Register> {
    let mut luck = Luck(shape.operations ^ shape.sessions << 40);
    let keys = shape.keys as usize;
    let mut logs: Vec<Vec<Update>> = vec![Vec::new(); REPLICAS];
    let mut replicas: Vec<Replica> = (0..REPLICAS)
        .map(|_| Replica {
            clock: 0,
            seen: [0; REPLICAS],
            held: vec![None; keys],
            before: vec![None; keys],
        })
        .collect();
    let entries = (0..shape.operations).flat_map(|number| {
        let (session, key) = (luck.below(shape.sessions), luck.below(shape.keys) as usize);
        let at = session as usize % REPLICAS;
        if luck.below(8) == 0 {
            let from = luck.below(REPLICAS as u64) as usize;
            let known = replicas[from].seen;
            let to = &mut replicas[at];
            for (of, upto) in known.into_iter().enumerate() {
                for &update in logs[of][..upto].iter().skip(to.seen[of]) {
                    to.apply(update);
                }
                to.seen[of] = to.seen[of].max(upto);
            }
        }
        let replica = &mut replicas[at];
        let (action, ret) = if luck.below(2) == 0 {
            let value = number.cast_signed();
            replica.clock += 1;
            let update = Update {
                key,
                value,
                stamp: (replica.clock, at),
            };
            replica.apply(update);
            logs[at].push(update);
            replica.seen[at] += 1;
            (Action::Write(Value::Int(value)), RegisterRet::Done)
        } else {
            let old = shape.stale > 0 && luck.below(shape.stale) == 0;
            let value = match (old, replica.held[key]) {
                (true, _) => replica.before[key],
                (false, held) => held.map(|held| held.value),
            };
            let value = value.map_or(Value::Nil, Value::Int);
            (Action::Read, RegisterRet::Value(value))
        };
        let call = RegisterCall {
            key: Some(format!("k{key}")),
            action,
        };
        let op = OpId(number);
        let invoke = Entry::Invoke {
            op,
            at: Time(2 * number),
            process: Process(session),
            call,
        };
        let returned = Entry::Return {
            op,
            at: Time(2 * number + 1),
            outcome: Outcome::Ok(ret),
        };
        [invoke, returned]
    });
    History::new(entries).expect("each call returns at once")
}

fn judges() -> Vec<Box<dyn Checker<Register>>> {
    let initial = Value::Nil;
    vec![
        Box::new(Causal {
            initial: initial.clone(),
        }),
        Box::new(CausalConvergence {
            initial: initial.clone(),
        }),
        Box::new(CausalMemory {
            initial: initial.clone(),
        }),
        Box::new(ReadYourWrites {
            initial: initial.clone(),
        }),
        Box::new(MonotonicReads {
            initial: initial.clone(),
        }),
        Box::new(MonotonicWrites {
            initial: initial.clone(),
        }),
        Box::new(WritesFollowReads {
            initial: initial.clone(),
        }),
        Box::new(Regular { initial }),
    ]
}

fn by_criterion() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    for operations in [100, 10_000, 1_000_000] {
        let shape = Shape {
            operations,
            sessions: 20,
            keys: 1000.min(operations / 10),
            stale: 0,
        };
        let history = history(shape);
        let mut group = criterion.benchmark_group("last_writer");
        group.throughput(Throughput::Elements(operations));
        for judge in judges() {
            let name = BenchmarkId::new(judge.promise().name(), operations);
            group.bench_with_input(name, &history, |bencher, history| {
                bencher.iter(|| judge.check(black_box(history), Budget::default()));
            });
        }
        group.bench_with_input(
            BenchmarkId::new("staleness", operations),
            &history,
            |bencher, history| bencher.iter(|| staleness(black_box(history), &Value::Nil)),
        );
        group.finish();
    }
    criterion.final_summary();
}

/// A number of the system about this process, where the system tells: user time in hundredths of a
/// second, or memory in kilobytes.
fn told(file: &str, find: impl Fn(&str) -> Option<u64>) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    find(&text).unwrap_or(0)
}

fn user_time() -> u64 {
    told("/proc/self/stat", |text| {
        let (_, fields) = text.rsplit_once(')')?;
        fields.split_whitespace().nth(11)?.parse().ok()
    })
}

fn memory(line: &str) -> u64 {
    told("/proc/self/status", |text| {
        let line = text.lines().find(|one| one.starts_with(line))?;
        line.split_whitespace().nth(1)?.parse().ok()
    })
}

fn once(shape: Shape) {
    let history = history(shape);
    println!(
        "{} operations, {} sessions, {} keys, one read in {} stale; {} MB",
        shape.operations,
        shape.sessions,
        shape.keys,
        shape.stale,
        memory("VmRSS") / 1024
    );
    for judge in judges() {
        let before = user_time();
        let verdict = judge.check(&history, Budget::default());
        let spent = user_time() - before;
        let said = match &verdict {
            checker::Verdict::Valid(_) => "valid".to_string(),
            checker::Verdict::Invalid(found) => format!("{}: {}", found.title(), found.sentence),
            checker::Verdict::Unknown(shortfall) => shortfall.to_string(),
        };
        let name = judge.promise().name();
        let peak = memory("VmHWM") / 1024;
        println!("{name:20} {:>6} ms  peak {peak:>5} MB  {said}", spent * 10);
    }
    let before = user_time();
    let measured = staleness(&history, &Value::Nil);
    let spent = user_time() - before;
    println!("{:20} {:>6} ms  {measured}", "staleness", spent * 10);
}

fn main() {
    let number = |name: &str| {
        let given = std::env::var(name).ok()?;
        Some(
            given
                .parse()
                .unwrap_or_else(|why| panic!("{name} is a number: {why}")),
        )
    };
    match number("DYNO_OPERATIONS") {
        None => by_criterion(),
        Some(operations) => once(Shape {
            operations,
            sessions: number("DYNO_SESSIONS").unwrap_or(20),
            keys: number("DYNO_KEYS").unwrap_or(1000),
            stale: number("DYNO_STALE").unwrap_or(0),
        }),
    }
}
