//! Plans for one row of the matrix: its clusters, and sessions that can show what it keeps.

use std::collections::BTreeMap;

use checker::Time;
use dynamo_core::{
    Causality, Coordinator, Detection, Durability, ReadFrom, ReadRepair, Resolution,
};

use super::dice::Dice;
use super::nemesis;
use crate::matrix::{Column, Contexts, Row};
use crate::plan::{Call, Partitioning, Plan, Shape, Step};

/// A cluster of this row.
pub fn row_shape(row: Row, seed: u64) -> Shape {
    let dice = Dice::new(seed, "row shape");
    let sloppy = matches!(row, Row::S10 | Row::S11 | Row::L8);
    let (r, w) = quorum(row, dice);
    let coordinators = [
        Coordinator::Asked,
        Coordinator::Asked,
        Coordinator::First,
        Coordinator::Fastest,
    ];
    let shape = Shape {
        nodes: match row {
            _ if row.is_pinned() => 3,
            _ if sloppy => 5,
            _ => dice.within("nodes", 0, 3, 5) as u32,
        },
        n: 3,
        r,
        w,
        vnodes: dice.within("vnodes", 0, 1, 4) as u32,
        partitioning: Partitioning::Tokens,
        sloppy,
        hints: sloppy || dice.percent("hints", 0, 75),
        anti_entropy: dice.percent("anti-entropy", 0, 75),
        read_repair: repair(row, dice),
        coordinator: if row.is_pinned() {
            Coordinator::Asked
        } else {
            coordinators[dice.within("coordinator", 0, 0, 3) as usize]
        },
        read_from: if row == Row::S11 {
            ReadFrom::Owners
        } else {
            ReadFrom::Healthy
        },
        causality: Causality::Dots,
        resolution: if row.keeps_siblings() {
            Resolution::Client
        } else {
            Resolution::LastWriterWins
        },
        reaping_us: None,
        durability: Durability::Synced,
        detection: if dice.percent("heartbeats", 0, 25) {
            Detection::Heartbeats
        } else {
            Detection::Requests
        },
        yields: dice.percent("yields", 0, 25),
        skew_us: if row == Row::L7 {
            dice.within("skew", 0, 5_000, 60_000)
        } else {
            0
        },
    };
    shape.legal()
}

/// R and W.
fn quorum(row: Row, dice: Dice) -> (u32, u32) {
    match row {
        Row::S3 | Row::S4 | Row::S8 | Row::L3 | Row::L3w => (1, 3),
        Row::S5 | Row::L4 => (3, 1),
        Row::S6 | Row::L5 => (1, dice.within("w", 0, 1, 2) as u32),
        Row::S7 | Row::L6 => (1, 1),
        Row::S10 | Row::L8 => (
            dice.within("sloppy r", 0, 1, 2) as u32,
            dice.within("sloppy w", 0, 1, 3) as u32,
        ),
        _ => (2, 2),
    }
}

/// Who waits for read repair.
fn repair(row: Row, dice: Dice) -> ReadRepair {
    use ReadRepair::{After, Off, Quorum, Responders};
    let may: &[ReadRepair] = match row {
        Row::S1 | Row::S9 | Row::L1 => &[Off, After],
        Row::S2 | Row::L2 | Row::L7 => &[Responders, Quorum],
        Row::S3 | Row::S8 | Row::L3 => &[Off, After, Responders],
        Row::S4 | Row::L3w => &[Quorum],
        Row::S11 => &[Responders],
        _ => &[Off, After, Responders, Quorum],
    };
    may[dice.within("repair", 0, 0, may.len() as u64 - 1) as usize]
}

/// The plan of this seed on a cluster of this row: 24 to 80 calls of 2 to 4 clients on at most three
/// keys, and mostly three faults or more. Members stay.
pub fn row_plan(row: Row, seed: u64) -> Plan {
    let shape = row_shape(row, seed);
    let habits = Habits::new(row, seed);
    let steps = habits.steps(shape.nodes);
    let mut faults = nemesis::calm_members(seed, shape.nodes, &steps);
    if habits.dice.percent("calm", 0, 25) {
        faults.0.truncate(1);
    }
    Plan {
        seed,
        shape,
        steps,
        faults,
    }
}

/// What the sessions of the plan of this row and seed try to pass.
pub fn row_contexts(row: Row, seed: u64) -> Contexts {
    Habits::new(row, seed).contexts
}

/// A plan in which this cell of the matrix may be broken by few calls: two to eight, and at most three
/// faults. In every other plan these strike single calls, or each message by itself: most of what may be
/// broken is a matter of who is heard first.
pub fn small_plan(row: Row, column: Column, seed: u64) -> Plan {
    let (seed, apart) = (seed / 2, seed % 2 == 1);
    let shape = Shape {
        nodes: if row_shape(row, seed).sloppy { 5 } else { 3 },
        vnodes: 1,
        detection: Detection::Requests,
        yields: false,
        ..row_shape(row, seed)
    };
    let steps = Habits::small(row, column, seed).steps(shape.nodes);
    let faults = if apart {
        nemesis::aimed(seed, shape.nodes, &steps)
    } else {
        nemesis::few(seed, shape.nodes, &steps, 3)
    };
    Plan {
        seed,
        shape,
        steps,
        faults,
    }
}

/// What the clients of one run have in common.
struct Habits {
    dice: Dice,
    clients: u64,
    calls: u64,
    keys: u64,
    /// Longest pause between two calls, in microseconds.
    gap: u64,
    /// Chance of a put in percent.
    puts: u64,
    /// What the sessions try to pass.
    contexts: Contexts,
    /// Whether each client asks one node only.
    sticky: bool,
}

impl Habits {
    fn new(row: Row, seed: u64) -> Self {
        let dice = Dice::new(seed, "row load");
        Habits {
            clients: dice.within("clients", 0, 2, 4),
            calls: dice.within("calls", 0, 24, 80),
            keys: [1, 1, 2, 3][dice.within("keys", 0, 0, 3) as usize],
            gap: [1_000, 4_000, 15_000, 60_000][dice.within("gap", 0, 0, 3) as usize],
            puts: dice.within("puts", 0, 20, 60),
            contexts: [Contexts::Blind, Contexts::Covering, Contexts::ReadFirst]
                [dice.within("contexts", 0, 0, 2) as usize],
            sticky: row.is_pinned(),
            dice,
        }
    }

    fn small(row: Row, column: Column, seed: u64) -> Self {
        let dice = Dice::new(seed, "small load");
        let any = [Contexts::Blind, Contexts::Covering, Contexts::ReadFirst];
        let keys = if column.spans_keys() { 2 } else { 1 };
        Habits {
            clients: dice.within("clients", 0, 1, 3),
            calls: dice.within("calls", 0, 2, 4 + 2 * keys),
            keys,
            gap: [1_000, 5_000, 20_000, 100_000][dice.within("gap", 0, 0, 3) as usize],
            puts: dice.within("puts", 0, 30, 60),
            contexts: match column.contexts() {
                Contexts::Blind => any[dice.within("contexts", 0, 0, 2) as usize],
                contexts => contexts,
            },
            sticky: row.is_pinned(),
            dice,
        }
    }

    fn steps(&self, nodes: u32) -> Vec<Step> {
        let dice = &self.dice;
        let mut steps: Vec<Step> = Vec::new();
        let mut read: BTreeMap<(u64, u64), Own> = BTreeMap::new();
        let mut at = 0;
        let mut call = 0;
        while call < self.calls {
            at += dice.within("gap", call, 0, self.gap);
            let client = dice.within("client", call, 0, self.clients - 1);
            let key = dice.within("key", call, 0, self.keys - 1);
            let put = dice.percent("put", call, self.puts);
            let begun = steps.iter().any(|step| u64::from(step.client) == client);
            let own = match read.get(&(client, key)) {
                Some(own) => *own,
                None if begun => Own::New,
                None => Own::First,
            };
            let name = format!("k{key}");
            let mut add = |call: u64, made: Call| {
                let via = if self.sticky {
                    client
                } else {
                    dice.within("via", call, 0, u64::from(nodes) - 1)
                };
                steps.push(Step {
                    id: call as u32 + 1,
                    at: Time(at),
                    client: client as u32,
                    via: (via % u64::from(nodes)) as u32,
                    call: made,
                });
            };
            let next = if put { self.put(call, own) } else { Next::Get };
            if let Next::Put(context) = next {
                add(call, Call::Put { key: name, context });
                read.insert((client, key), Own::Put);
            } else {
                let get = call as u32 + 1;
                add(call, Call::Get { key: name.clone() });
                read.insert((client, key), Own::Read(get));
                if put && self.contexts == Contexts::ReadFirst {
                    call += 1;
                    let context = Some(get);
                    add(call, Call::Put { key: name, context });
                }
            }
            call += 1;
        }
        steps
    }

    /// What a client does that wants to put a key.
    fn put(&self, call: u64, own: Own) -> Next {
        let last = match own {
            Own::Read(get) => Some(get),
            Own::First | Own::New | Own::Put => None,
        };
        match (self.contexts, own) {
            (Contexts::Blind, _) if self.dice.percent("blind", call, 60) => Next::Put(None),
            (Contexts::Blind, _) => Next::Put(last),
            // A first put needs no context; a later one needs to have read the one before.
            (Contexts::Covering, Own::First | Own::New | Own::Read(_)) => Next::Put(last),
            (Contexts::ReadFirst, Own::First) if self.dice.percent("first", call, 50) => {
                Next::Put(None)
            }
            (Contexts::Covering, Own::Put) | (Contexts::ReadFirst, _) => Next::Get,
        }
    }
}

/// What a client did to a key last.
#[derive(Clone, Copy)]
enum Own {
    /// It did nothing at all.
    First,
    /// It did something to others only.
    New,
    Put,
    /// By this step.
    Read(u32),
}

/// What a client does next.
enum Next {
    /// With the context of this get.
    Put(Option<u32>),
    Get,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::Target;

    #[test]
    fn every_plan_of_a_row_has_calls_and_faults_and_keeps_its_members() {
        for row in Row::ALL {
            for seed in 0..50 {
                let plan = row_plan(row, seed);
                assert!(plan.steps.len() >= 24, "{row} seed {seed}");
                assert!(!plan.faults.0.is_empty(), "{row} seed {seed}");
                let kinds = plan.faults.0.iter().map(|window| window.fault.kind());
                assert!(!kinds.into_iter().any(|kind| kind == "depart"));
            }
        }
    }

    #[test]
    fn sessions_pass_what_they_try_to() {
        let mut counts = BTreeMap::new();
        for seed in 0..120 {
            let plan = row_plan(Row::S2, seed);
            let run = Target::default().run(&plan).expect("it runs");
            let tried = Habits::new(Row::S2, seed).contexts;
            let passed = crate::matrix::contexts(&run.history);
            *counts.entry((tried, passed >= tried)).or_insert(0) += 1;
        }
        for tried in [Contexts::Covering, Contexts::ReadFirst] {
            let kept = counts.get(&(tried, true)).copied().unwrap_or(0);
            let not = counts.get(&(tried, false)).copied().unwrap_or(0);
            // A get that was not answered leaves nothing to pass.
            assert!(kept * 3 > not, "{tried:?}: {kept} kept, {not} not");
        }
    }
}
