//! Every cell of the matrix: what must hold does, and what may break is seen to, by few calls.

mod cells;
mod naive;
mod presets;
mod scripts;

use std::collections::BTreeSet;
use std::fmt;

use checker::kv::Kv;
use checker::{Budget, Entry, History, OpId, Promise, Verdict};
use dynamometer::drive::Run;
use dynamometer::load;
use dynamometer::matrix::{self, Cell, Column, Row};
use dynamometer::plan::{Plan, Shape};
use dynamometer::preset::MATRIX;
use dynamometer::shrink::shrink;
use dynamometer::target::Target;

use self::cells::{Known, known};
use self::naive::Naive;
use self::scripts::scripted;

/// Reads at the quiet end have names from here on.
const FINAL_READS: u64 = 1 << 20;

/// How many runs it may take to make one small plan smaller.
const REPLAYS: u32 = 600;

/// How many calls more than the smallest scenario has.
const MORE_CALLS: usize = 2;

/// How many plans a search takes the smallest of.
const PLANS: usize = 5;

/// Runs of each row of the usual size that must hold what they promise, and four times as many small ones.
const HEALTHY: u64 = 40;

/// Runs for each cell of the table that are judged by definition too.
const AGREED: u64 = 6;

/// What the clients of a plan saw, without the reads at its end.
fn clients(history: &History<Kv>) -> History<Kv> {
    let during = |op: OpId| op.0 < FINAL_READS;
    let entries = history.entries().filter(|entry| match entry {
        Entry::Invoke { op, .. } | Entry::Return { op, .. } => during(*op),
        Entry::Note { .. } => true,
    });
    History::new(entries).expect("whole operations were left out")
}

/// The part of a history that is about one key.
fn only(history: &History<Kv>, key: &str) -> History<Kv> {
    let about = |op: &OpId| {
        let op = history.op(*op).expect("it is an operation of this history");
        op.call.key() == key
    };
    let entries = history.entries().filter(|entry| match entry {
        Entry::Invoke { op, .. } | Entry::Return { op, .. } => about(op),
        Entry::Note { .. } => false,
    });
    History::new(entries).expect("whole operations were left out")
}

fn is_broken(shape: Shape, history: &History<Kv>, promise: Promise) -> bool {
    let verdicts = matrix::judge(shape, history, &[promise], Budget::default());
    let broken = |(_, verdict): &(Promise, Verdict)| verdict.counterexample().is_some();
    verdicts.iter().any(broken)
}

/// Whether each client asks one node only.
fn is_pinned(plan: &Plan) -> bool {
    let asks: BTreeSet<(u32, u32)> = plan.steps.iter().map(|of| (of.client, of.via)).collect();
    let clients: BTreeSet<u32> = asks.iter().map(|(client, _)| *client).collect();
    asks.len() == clients.len()
}

/// Whether the run of a plan breaks what the column is about, on a cluster of this row. What is about
/// several keys must not be broken on one of them alone.
fn breaks(row: Row, column: Column, plan: &Plan, history: &History<Kv>) -> bool {
    let keys: BTreeSet<&str> = plan.steps.iter().map(|step| step.call.key()).collect();
    if Row::of(plan.shape, row.is_pinned() && is_pinned(plan)) != Some(row)
        || (keys.len() > 1) != column.spans_keys()
        || matrix::contexts(history) < column.contexts()
    {
        return false;
    }
    let Some(promise) = column.promise() else {
        return matrix::inversion(plan.shape, history).is_some();
    };
    let alone = |key: &&str| is_broken(plan.shape, &only(history, key), promise);
    is_broken(plan.shape, history, promise) && !(column.spans_keys() && keys.iter().any(alone))
}

fn run(plan: &Plan) -> (Run, History<Kv>) {
    let run = Target::default().run(plan).expect("it runs");
    let history = clients(&run.history);
    (run, history)
}

/// Seeds from here on are those of scripts.
const SCRIPTED: u64 = 1_000_000;

/// How many of them a search tries first.
const SCRIPTS: u64 = 300;

/// The smallest plan that breaks this cell, from the plan of this seed, if that breaks it.
fn smallest(row: Row, column: Column, seed: u64) -> Option<Plan> {
    let plan = match seed.checked_sub(SCRIPTED) {
        Some(seed) => scripted(row, column, seed)?,
        None => load::small_plan(row, column, seed),
    };
    let fails = |plan: &Plan| {
        let (run, history) = run(plan);
        breaks(row, column, plan, &history).then_some(run)
    };
    Some(shrink(plan, REPLAYS, fails)?.plan)
}

/// The cells that may be broken.
fn may() -> impl Iterator<Item = (Row, Column)> {
    let cells = Row::ALL.into_iter().flat_map(|row| {
        let columns = Column::ALL.into_iter();
        columns.map(move |column| (row, column))
    });
    cells.filter(|(row, column)| matches!(row.cell(*column), Cell::May(_)))
}

/// The promises of a run that must hold, and their verdicts.
fn musts(plan: &Plan, history: &History<Kv>) -> Vec<(Promise, Verdict)> {
    let must: Vec<Promise> = matrix::expected(plan, history)
        .into_iter()
        .filter(|(_, cell)| *cell == Cell::Must)
        .map(|(promise, _)| promise)
        .collect();
    matrix::judge(plan.shape, history, &must, Budget::default())
}

#[test]
fn what_may_be_broken_is_seen_to_be_by_few_calls() {
    let known = known();
    let mut table = Table::default();
    for Known {
        row,
        column,
        broken,
    } in known.iter().copied()
    {
        let Some((seed, calls)) = broken else {
            continue;
        };
        let plan = smallest(row, column, seed)
            .unwrap_or_else(|| panic!("{row} {column:?}: seed {seed} does not break it any more"));
        let cell = row.cell(column);
        let least = plan.steps.len();
        assert!(least <= calls, "{row} {column:?} seed {seed}: {plan:#?}");
        assert!(
            cell.calls().is_none_or(|goal| least <= goal + MORE_CALLS),
            "{row} {column:?} seed {seed}: {least} calls, {cell:?}"
        );
        let (_, history) = run(&plan);
        for (promise, verdict) in musts(&plan, &history) {
            let found = verdict.counterexample();
            assert_eq!(found, None, "{row} breaks {promise} too: {plan:#?}");
        }
        table.seen.push((row, column, least));
    }
    println!("{table}");
    let listed: BTreeSet<(Row, Column)> = known.iter().map(|of| (of.row, of.column)).collect();
    assert_eq!(listed, may().collect(), "every cell is listed, seen or not");
}

#[test]
fn what_must_hold_does() {
    for row in Row::ALL {
        let (mut held, mut made) = (BTreeSet::new(), BTreeSet::new());
        let plans = (0..HEALTHY).map(|seed| load::row_plan(row, seed));
        let columns = Column::ALL.into_iter();
        let small = columns.flat_map(|column| {
            (0..HEALTHY / 4).map(move |seed| load::small_plan(row, column, seed))
        });
        for plan in plans.chain(small) {
            let run = Target::default().run(&plan).expect("it runs");
            for (promise, verdict) in musts(&plan, &run.history) {
                made.insert(promise);
                match verdict {
                    Verdict::Valid(_) => {
                        held.insert(promise);
                    }
                    Verdict::Invalid(found) => {
                        panic!("{row} breaks {promise}: {found:#?}\n{plan:#?}")
                    }
                    Verdict::Unknown(why) if why.is_idle() => {}
                    Verdict::Unknown(why) => panic!("{row} {promise} is undecided: {why}"),
                }
            }
        }
        assert_eq!(held, made, "{row} had no chance to break a promise");
    }
}

#[test]
fn the_judge_agrees_with_the_definitions() {
    let mut broken = BTreeSet::new();
    for row in Row::ALL {
        for (index, column) in Column::ALL.into_iter().enumerate() {
            for seed in 0..AGREED {
                let plan = load::small_plan(row, column, 1_000 * index as u64 + seed);
                let (_, history) = run(&plan);
                let naive = Naive::new(&history);
                for promise in MATRIX {
                    let (defined, exact) = if row.keeps_siblings() {
                        (naive.siblings_break(promise), true)
                    } else {
                        // A register that returns to a value went back, whichever was the older.
                        let exact = promise != Promise::MonotonicReads;
                        (naive.registers_break(promise), exact)
                    };
                    let Some(defined) = defined else {
                        continue;
                    };
                    let judged = is_broken(plan.shape, &history, promise);
                    assert!(
                        judged == defined || judged && !exact,
                        "{row} {promise}: {defined} by definition, {judged} by the judge: {plan:#?}"
                    );
                    if judged {
                        broken.insert((row.keeps_siblings(), promise));
                    }
                }
            }
        }
    }
    assert!(broken.len() >= 8, "only {broken:?} were broken at all");
}

/// The table with what was seen, as Markdown.
#[derive(Default)]
struct Table {
    seen: Vec<(Row, Column, usize)>,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Column::ALL.map(Column::name);
        writeln!(f, "| row | {} |", names.join(" | "))?;
        writeln!(f, "|---|{}", "---|".repeat(names.len()))?;
        for row in Row::ALL {
            write!(f, "| {row} |")?;
            for column in Column::ALL {
                let cell = row.cell(column);
                let seen = self
                    .seen
                    .iter()
                    .find(|seen| (seen.0, seen.1) == (row, column));
                match (cell, seen) {
                    (Cell::May(_), None) => write!(f, " {} never observed |", cell.sign())?,
                    (_, None) => write!(f, " {} |", cell.sign())?,
                    (_, Some((.., calls))) => write!(f, " {} in {calls} calls |", cell.sign())?,
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

/// Looks for seeds of the cells that are not known: `DYNO_MATRIX_SEEDS` says how many are tried for each.
#[test]
fn a_longer_search_looks_for_cells_that_were_never_observed() {
    let Ok(seeds) = std::env::var("DYNO_MATRIX_SEEDS") else {
        return;
    };
    let seeds: u64 = seeds.parse().expect("DYNO_MATRIX_SEEDS is a number");
    let known = known();
    let is_known = |(row, column): &(Row, Column)| {
        let same = |of: &&Known| (of.row, of.column) == (*row, *column);
        known
            .iter()
            .find(same)
            .is_some_and(|of| of.broken.is_some())
    };
    for (row, column) in may().filter(|cell| !is_known(cell)) {
        let goal = row.cell(column).calls().unwrap_or(0);
        let all = (SCRIPTED..SCRIPTED + SCRIPTS).chain(0..seeds);
        let found = all.filter_map(|seed| Some((smallest(row, column, seed)?, seed)));
        let mut best: Option<(usize, u64)> = None;
        for (plan, seed) in found.take(PLANS) {
            let calls = plan.steps.len();
            best = best.min(Some((calls, seed))).or(Some((calls, seed)));
            if calls <= goal {
                break;
            }
        }
        match best {
            Some((calls, seed)) => println!("{row} {column:?} {seed} {calls}"),
            None => println!("{row} {column:?} never"),
        }
    }
}
