//! The smallest scenarios as scripts, for what luck alone hardly ever brings about: who is heard when.

use checker::Time;
use dynamo_core::{Coordinator, Detection};
use dynamometer::fault::{Fault, FaultSchedule, Window};
use dynamometer::load;
use dynamometer::matrix::{Column, Row};
use dynamometer::plan::{Call, Plan, Shape, Step};

/// A get at n1 asks the others late; n2 misses the first put and is asked after it took the second.
const TORN: &str =
    "0 c0 n1 get x; 2000 c1 n0 put x; 22000 cW n2 put x; ~0 1000 late 32000; ~1900 18000 cut 2";

/// As [`TORN`], where the second put comes after its client has read the first.
const TORN_AFTER_READ: &str =
    "0 c0 n1 get x; 2000 c2 n0 put x; 16000 c1 n0 get x; 36000 c1 n2 put x;
    ~0 1000 late 48000; ~1900 30000 cut 2";

/// As [`TORN`], where all three answer: n0 at once, n1 and n2 late, and the copies of n0 are lost.
const TORN_OF_ALL: &str =
    "0 c0 n0 get x; 2000 c1 n0 put x; 20000 cW n2 put x; ~0 1000 late 32000; ~1900 12000 cut 0";

const TORN_OF_ALL_AFTER_READ: &str =
    "0 c0 n0 get x; 2000 c2 n0 put x; 16000 c1 n1 get x; 36000 c1 n2 put x;
    ~0 1000 late 48000; ~1900 9000 cut 0";

/// What was read at n0 and is nowhere else; then a put at n2, and a read there.
const READ_ELSEWHERE: &str =
    "0 c2 n0 put x; 12000 c1 n0 get x; 30000 c1 n2 put x; 50000 c0 n2 get x; ~0 9000 cut 0";

/// Two keys: what was read of x at n0 only is behind y.
const BEHIND: &str = "0 c0 n0 put x; 12000 c1 n0 get x; 30000 c1 n0 put y; 60000 c2 n2 get y; 80000 c2 n2 get x; ~0 9000 cut 0";

/// As [`BEHIND`], by a session that reads y before it puts it.
const BEHIND_READ: &str =
    "0 c0 n0 put x; 12000 c1 n0 get x; 24000 c1 n0 get y; 36000 c1 n0 put y <3;
    60000 c2 n2 get y; 80000 c2 n2 get x; ~0 9000 cut 0";

/// Two keys: x before y, and a blind put of x by who saw y.
const BLIND_AFTER_OTHER: &str =
    "0 c0 n1 get x; 2000 c1 n0 put x; 16000 c1 n0 put y; 30000 c2 n0 get y; 50000 c2 n2 put x;
    ~0 1000 late 62000; ~1900 46000 cut 2";

const BLIND_AFTER_OTHER_OF_ALL: &str =
    "0 c0 n0 get x; 2000 c1 n0 put x; 16000 c1 n0 put y; 30000 c2 n1 get y; 50000 c2 n2 put x;
    ~0 1000 late 62000; ~1900 9000 cut 0";

/// Two puts and two gets at once.
const CROSSED: &str =
    "0 c0 n0 put x; 0 c1 n1 put x; 5000 c2 n0 get x; 5000 c3 n1 get x; ~0 4500 late 60000";

/// The second of two puts of one session arrives, the first does not.
const OVERTAKEN: &str =
    "0 c0 n0 put x; 14000 c0 n0 put y; 34000 c1 n1 get y; 50000 c1 n1 get x; ~0 11000 cut 1";

const OVERTAKEN_READ: &str = "0 c0 n0 put x; 12000 c0 n0 get y; 20000 c0 n0 put y <2; 40000 c1 n1 get y; 56000 c1 n1 get x; ~0 11000 cut 1";

/// A put by the fastest clock, then one by the slowest that does not know of it.
const SLOW_CLOCK: &str = "0 c0 n2 put x; 16000 c0 n0 put x; 36000 c0 n1 get x; ~0 12000 cut 0";

/// The script of a cell, if it has one.
fn script(row: Row, column: Column) -> Option<&'static str> {
    let of_all = row == Row::S5;
    let one = matches!(row, Row::S3 | Row::S6);
    Some(match column {
        _ if row == Row::L7 => SLOW_CLOCK,
        Column::Linearizable if row == Row::S4 => CROSSED,
        Column::MonotonicWritesBlind | Column::CausalOneKeyBlind | Column::Linearizable => {
            if of_all { TORN_OF_ALL } else { TORN }
        }
        Column::WritesFollowReadsBlind if of_all => TORN_OF_ALL_AFTER_READ,
        Column::WritesFollowReadsBlind if one => READ_ELSEWHERE,
        Column::WritesFollowReadsBlind => TORN_AFTER_READ,
        Column::CausalKeysBlind if of_all => BLIND_AFTER_OTHER_OF_ALL,
        Column::CausalKeysBlind if row == Row::S2 => BLIND_AFTER_OTHER,
        Column::CausalKeysBlind if matches!(row, Row::S7 | Row::L6) => OVERTAKEN,
        Column::CausalKeys if matches!(row, Row::S7 | Row::L6) => OVERTAKEN_READ,
        Column::CausalKeysBlind => BEHIND,
        Column::CausalKeys => BEHIND_READ,
        _ => return None,
    })
}

/// The plan of a script with this luck, which also says how long things take.
pub(super) fn scripted(row: Row, column: Column, seed: u64) -> Option<Plan> {
    let shape = Shape {
        nodes: 3,
        vnodes: 1,
        coordinator: Coordinator::Asked,
        detection: Detection::Requests,
        yields: false,
        ..load::row_shape(row, seed)
    };
    // The two puts of a torn read are those of one session, or in real time only.
    let writer = if column == Column::Linearizable {
        "c2"
    } else {
        "c1"
    };
    let text = script(row, column)?.replace("cW", writer);
    let scaled = |time: &str| {
        let time: u64 = time.parse().expect("a script says its times");
        time * (80 + seed % 7 * 10) / 100
    };
    let (mut steps, mut windows) = (Vec::new(), Vec::new());
    for line in text.split(';') {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(from) = words[0].strip_prefix('~') {
            let (from, span) = (scaled(from), scaled(words[1]));
            let fault = match words[2] {
                "late" => Fault::Delay {
                    by: scaled(words[3]),
                },
                _ => Fault::Cut {
                    side: [words[3].parse().expect("a script names its nodes")].into(),
                },
            };
            let (from, until) = (Time(from), Time(from + span));
            let id = windows.len() as u32 + 1;
            windows.push(Window {
                id,
                from,
                until,
                fault,
            });
            continue;
        }
        let number = |word: &str| {
            word[1..]
                .parse()
                .expect("a script names clients, nodes, steps")
        };
        let context = words.get(5).map(|word| number(word));
        let key = words[4].to_owned();
        steps.push(Step {
            id: steps.len() as u32 + 1,
            at: Time(scaled(words[0])),
            client: number(words[1]),
            via: number(words[2]),
            call: match words[3] {
                "put" => Call::Put { key, context },
                _ => Call::Get { key },
            },
        });
    }
    let faults = FaultSchedule(windows);
    Some(Plan {
        seed,
        shape,
        steps,
        faults,
    })
}
