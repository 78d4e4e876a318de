//! Processor time of one row at a time: `cargo bench --bench cost -- row [repeats]`.

mod histories;

use checker::linear::Linearizable;
use checker::model::{Appends, Registers};
use checker::register::{Register, Value};
use checker::{Budget, Checker, History};
use histories::{Shape, recordings, registers, strings};

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

/// How often a row is run.
#[derive(Clone, Copy)]
struct Runs {
    least: usize,
    /// No more often than that, for who counts instructions.
    exact: bool,
}

/// The mean cost in microseconds of as many runs as it takes to see it: the system's clock is coarse, and is
/// looked at seldom, for looking costs as much as judging a small history.
fn measure(repeats: Runs, mut run: impl FnMut()) -> f64 {
    let (before, mut runs, mut batch) = (cpu(), 0, repeats.least);
    loop {
        for _ in 0..batch {
            run();
        }
        runs += batch;
        let spent = cpu() - before;
        if repeats.exact || spent >= 200_000_000 || runs >= repeats.least * 10_000 {
            return spent as f64 / 1_000.0 / runs as f64;
        }
        batch = runs;
    }
}

fn plain(ops: u64, clients: u64) -> Shape {
    Shape {
        ops,
        clients,
        crashed: 0,
        cas: 0,
        values: 0,
        stale: false,
    }
}

fn nil() -> Linearizable<Registers> {
    Linearizable::new(Registers {
        initial: Value::Nil,
    })
}

fn one(name: &str, repeats: Runs, history: &History<Register>, expected: bool) {
    let judge = nil();
    let before = peak();
    let bare = measure(repeats, || {
        assert_eq!(judge.holds(history, Budget::default()), Some(expected));
    });
    let full = measure(repeats, || {
        let _ = std::hint::black_box(judge.check(history, Budget::default()));
    });
    let after = peak();
    println!(
        "{name}: {bare:.1} us, with explanation {full:.1} us, peak {before} kB, then {after} kB"
    );
}

fn files(begin: &str, repeats: Runs) {
    let all = recordings(begin);
    let mut bare = 0.0;
    let mut rows = Vec::new();
    for (name, recording, expected) in &all {
        let one = measure(repeats, || assert_eq!(recording.holds(), Some(*expected)));
        bare += one;
        rows.push((one, name));
    }
    let full = measure(repeats, || {
        for (_, recording, _) in &all {
            let _ = std::hint::black_box(recording.check());
        }
    });
    rows.sort_by(|one, two| two.0.total_cmp(&one.0));
    println!(
        "{begin}: {} files, {bare:.1} us, with explanation {full:.1} us",
        all.len()
    );
    for (one, name) in rows.iter().take(8) {
        println!("  {name} {one:.1} us");
    }
}

/// The shapes that rows name.
fn named(row: &str) -> Shape {
    match row {
        "28-writes" => Shape {
            crashed: 28,
            stale: true,
            ..plain(1000, 5)
        },
        "27-cas" => Shape {
            crashed: 27,
            cas: 20,
            values: 5,
            ..plain(1000, 5)
        },
        _ => Shape {
            crashed: 0,
            cas: 30,
            ..plain(1_000_000, 10)
        },
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let row = arguments.first().map_or("100", String::as_str);
    let count = arguments.get(1).map_or("5", String::as_str);
    let repeats = Runs {
        least: count
            .trim_start_matches('=')
            .parse()
            .expect("a number of runs, as 3 or =3"),
        exact: count.starts_with('='),
    };
    match row {
        "etcd" => files("porcupine-etcd", repeats),
        "kv" => files("porcupine-kv", repeats),
        "knossos" => files("knossos", repeats),
        "28-writes" | "27-cas" | "cas" => {
            let shape = named(row);
            one(row, repeats, &registers(shape, 3), !shape.stale);
        }
        "c50-ok" | "c50-bad" => {
            let shape = Shape {
                stale: row == "c50-bad",
                ..plain(4_000, 50)
            };
            let history = strings(shape, 3);
            let judge = Linearizable::new(Appends);
            let expected = Some(!shape.stale);
            let bare = measure(repeats, || {
                assert_eq!(judge.holds(&history, Budget::default()), expected);
            });
            let full = measure(repeats, || {
                let _ = std::hint::black_box(judge.check(&history, Budget::default()));
            });
            println!("{row}: {bare:.1} us, with explanation {full:.1} us");
        }
        _ => {
            let (ops, clients) = row.split_once('x').unwrap_or((row, "10"));
            let ops: u64 = ops.parse().expect("a row or a number of operations");
            let clients = clients.parse().expect("a number of clients");
            let shape = Shape {
                crashed: ops / 500,
                ..plain(ops, clients)
            };
            one(row, repeats, &registers(shape, 3), true);
            let stale = Shape {
                stale: true,
                ..shape
            };
            one("  with a stale read", repeats, &registers(stale, 3), false);
        }
    }
}
