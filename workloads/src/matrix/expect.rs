//! What a history of a cluster must show, promise by promise.

use std::collections::{BTreeMap, BTreeSet};

use checker::kv::Kv;
use checker::{History, Promise};
use dynamo_core::{ReadFrom, ReadRepair, Resolution};

use super::contexts::{Contexts, contexts};
use super::row::Row;
use super::table::{Cell, Column};
use crate::fault::{Fault, Window};
use crate::plan::{Call, Plan, Shape, Step};
use crate::promised::promised_in;

/// What the matrix says of each promise; nothing of those that are not in it.
pub type Expectations = BTreeMap<Promise, Cell>;

/// What the matrix says of histories on this cluster.
///
/// `pinned`: whether each session asks one node only. `contexts`: what its sessions pass. `keys`: how
/// many keys there are; causal consistency of one is easier to keep than that of several.
pub fn expectations(shape: Shape, pinned: bool, contexts: Contexts, keys: usize) -> Expectations {
    let Some(row) = Row::of(shape, pinned) else {
        return Expectations::new();
    };
    let sighted = contexts >= Contexts::Covering;
    let choose = |with: Column, blind: Column, sighted: bool| if sighted { with } else { blind };
    let causal = if keys > 1 {
        choose(
            Column::CausalKeys,
            Column::CausalKeysBlind,
            contexts == Contexts::ReadFirst,
        )
    } else {
        choose(Column::CausalOneKey, Column::CausalOneKeyBlind, sighted)
    };
    let columns = [
        (Promise::Regular, Column::Regular),
        (Promise::ReadYourWrites, Column::ReadYourWrites),
        (Promise::MonotonicReads, Column::MonotonicReads),
        (
            Promise::MonotonicWrites,
            choose(
                Column::MonotonicWrites,
                Column::MonotonicWritesBlind,
                sighted,
            ),
        ),
        (
            Promise::WritesFollowReads,
            choose(
                Column::WritesFollowReads,
                Column::WritesFollowReadsBlind,
                sighted,
            ),
        ),
        (Promise::Causal, causal),
        (Promise::Linearizable, Column::Linearizable),
    ];
    let cell = |column| cell(row, shape.legal(), column);
    let mut expectations: Expectations = columns
        .map(|(promise, column)| (promise, cell(column)))
        .into();
    if keys > 1 {
        // A context tells nothing of other keys. What a session had written there was acknowledged before,
        // and what it had read there was seen before.
        for (promise, stays) in [
            (Promise::MonotonicWrites, Column::Regular),
            (Promise::WritesFollowReads, Column::NoInversion),
        ] {
            if cell(stays) != Cell::Must {
                expectations.insert(promise, Cell::Unsaid);
            }
        }
    }
    if row.cell(Column::Linearizable) == Cell::Must {
        // One order for all is one that everyone can agree on, and that explains each session.
        for implied in [Promise::CausalConvergence, Promise::CausalMemory] {
            expectations.insert(implied, Cell::Must);
        }
    }
    expectations.retain(|_, cell| *cell != Cell::Unsaid);
    expectations
}

/// The cell of a row, with the exception that the tables make among sloppy quorums: where all that
/// answer a get hold its answer before it is given, and no two gets can be answered by others, nobody
/// goes back. That is so for three of at most five nodes that wait for the repair of all three, and for
/// all owners, if only they answer.
fn cell(row: Row, shape: Shape, column: Column) -> Cell {
    let wide = shape.nodes <= 5 && shape.read_repair == ReadRepair::Responders;
    let keeps = row == Row::S10 && shape.r == 3 && (wide || shape.read_from == ReadFrom::Owners);
    match column {
        Column::MonotonicReads | Column::NoInversion if keeps => Cell::Must,
        _ => row.cell(column),
    }
}

/// What the matrix says of this history of this plan. Nothing if members come and go, if disks lose what
/// they had, or if the last writer is told by clocks that go wrong.
pub fn expected(plan: &Plan, history: &History<Kv>) -> Expectations {
    let last_writer = plan.shape.resolution == Resolution::LastWriterWins;
    let unsaid = |fault: &Fault| match fault {
        Fault::Depart { .. } => true,
        Fault::Clock { .. } => last_writer,
        fault => fault.loses_disk(),
    };
    let mut windows = plan.faults.0.iter();
    let open = |window: &&Window| window.from < window.until;
    if windows.any(|window| open(&window) && unsaid(window.fault.unaimed())) {
        return Expectations::new();
    }
    let keys: BTreeSet<&str> = plan.steps.iter().map(|step| step.call.key()).collect();
    expectations(plan.shape, is_pinned(plan), contexts(history), keys.len())
}

/// The promises that this history of this plan makes, in the order of reports: those of its shape, those
/// that the matrix says must hold, and where clients merge, that of what they do.
pub fn made(plan: &Plan, history: &History<Kv>) -> Vec<Promise> {
    let must = expected(plan, history).into_iter();
    let must = must.filter(|(_, cell)| *cell == Cell::Must);
    let mut made = promised_in(plan).promises;
    made.extend(must.map(|(promise, _)| promise));
    let changes = |step: &Step| matches!(step.call, Call::Change { .. });
    if plan.steps.iter().any(changes) {
        made.push(Promise::Reconciliation);
    }
    made.sort_unstable();
    made
}

/// Whether each client asks one node only.
fn is_pinned(plan: &Plan) -> bool {
    let nodes = plan.shape.legal().nodes;
    let mut asks: BTreeMap<u32, u32> = BTreeMap::new();
    plan.steps.iter().all(|step| {
        let via = step.via % nodes;
        *asks.entry(step.client).or_insert(via) == via
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;

    fn must(row: Row, contexts: Contexts, keys: usize) -> BTreeSet<Promise> {
        let said = expectations(load::row_shape(row, 1), row.is_pinned(), contexts, keys);
        let must = said.into_iter().filter(|(_, cell)| *cell == Cell::Must);
        must.map(|(promise, _)| promise).collect()
    }

    #[test]
    fn a_strict_quorum_promises_what_its_sessions_make_possible() {
        use Promise::{
            Causal, MonotonicReads, MonotonicWrites, ReadYourWrites, Regular, WritesFollowReads,
        };
        let blind = [Regular, ReadYourWrites];
        let covering = [Regular, ReadYourWrites, MonotonicWrites];
        assert_eq!(must(Row::S1, Contexts::Blind, 1), blind.into());
        assert_eq!(must(Row::S1, Contexts::Covering, 2), covering.into());
        let more = [MonotonicReads, WritesFollowReads, Causal];
        let repair = [&covering[..], &more].concat();
        let repair: BTreeSet<Promise> = repair.into_iter().collect();
        assert_eq!(must(Row::S2, Contexts::Covering, 1), repair);
        assert_eq!(must(Row::S2, Contexts::ReadFirst, 2), repair);
        assert!(!must(Row::S2, Contexts::Covering, 2).contains(&Causal));
    }

    #[test]
    fn contexts_of_one_key_say_nothing_of_another() {
        for (row, promise) in [
            (Row::S7, Promise::MonotonicWrites),
            (Row::S11, Promise::MonotonicWrites),
            (Row::S8, Promise::WritesFollowReads),
        ] {
            assert!(
                must(row, Contexts::ReadFirst, 1).contains(&promise),
                "{row}"
            );
            assert!(
                !must(row, Contexts::ReadFirst, 2).contains(&promise),
                "{row}"
            );
        }
        assert!(must(Row::S11, Contexts::Covering, 2).contains(&Promise::WritesFollowReads));
        assert!(must(Row::S8, Contexts::Covering, 2).contains(&Promise::MonotonicWrites));
    }

    #[test]
    fn only_the_last_writer_with_repair_or_all_answers_is_linearizable() {
        for row in Row::ALL {
            let must = must(row, Contexts::ReadFirst, 1);
            assert_eq!(
                must.contains(&Promise::Linearizable),
                [Row::L2, Row::L3w, Row::L4].contains(&row),
                "{row}"
            );
            assert_eq!(
                must.contains(&Promise::CausalMemory),
                must.contains(&Promise::Linearizable)
            );
        }
    }

    #[test]
    fn sloppy_quorums_of_all_owners_do_not_go_back() {
        let mut shape = load::row_shape(Row::S10, 1);
        (shape.r, shape.read_from) = (3, ReadFrom::Owners);
        let said = |shape| expectations(shape, false, Contexts::Blind, 1)[&Promise::MonotonicReads];
        assert_eq!(said(shape), Cell::Must);
        shape.r = 2;
        assert_eq!(said(shape), Cell::May(""));
    }

    #[test]
    fn nothing_is_said_where_members_come_and_go() {
        let mut plan = load::row_plan(Row::S2, 1);
        let history = History::new([]).expect("an empty history is well formed");
        assert!(!expected(&plan, &history).is_empty());
        plan.faults.0.push(Window {
            id: 1_000,
            from: checker::Time(0),
            until: checker::Time(1),
            fault: Fault::Depart { node: 0 },
        });
        assert!(expected(&plan, &history).is_empty());
    }
}
