//! The promise of sequential consistency, judged key by key.

use super::core::explain;
use super::replay::replay;
use super::search::Search;
use super::sessions::{Part, parts};
use crate::history::{Entry, History, OpId};
use crate::linear::Linearizable;
use crate::model::Model;
use crate::verdict::{Budget, Checker, Counters, Promise, Shortfall, Verdict, Witness};

/// Holds histories against a sequential object: is there for each key one order of all operations that
/// keeps the order of each session and explains every answer? Time plays no part.
///
/// A session is a process. An operation of unknown outcome stands behind the answered operations that its
/// session made before it, anywhere, or nowhere. Orders of different keys need not fit each other.
///
/// A part that is linearizable has such an order, so that is tried first. The question is NP-hard even
/// where each value is written once (Gibbons and Korach, "Testing shared memories", 1997); the search
/// visits as many configurations as the budget allows, over all parts, and says [`Verdict::Unknown`] when
/// that was not enough.
#[derive(Clone, Debug)]
pub struct Sequential<M> {
    linear: Linearizable<M>,
}

/// How many configurations each part may visit in the first round; every round allows four times more,
/// so that one hard part does not hide a violation in another.
const FIRST_ROUND: u64 = 1024;

/// How many configurations may be visited to find out that a part is linearizable.
const LINEAR_TRIED: u64 = 20_000;

impl<M: Model> Sequential<M> {
    /// Judges by this object.
    pub fn new(model: M) -> Self {
        Sequential {
            linear: Linearizable::new(model),
        }
    }

    /// The object.
    pub fn model(&self) -> &M {
        self.linear.model()
    }

    fn judge(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        if history.ops().is_empty() {
            return Verdict::Unknown(Shortfall::NothingExercised(
                "no operation was recorded".into(),
            ));
        }
        let parts = parts(self.model(), history);
        let mut spent = 0;
        let mut orders: Vec<Option<Vec<OpId>>> = Vec::with_capacity(parts.len());
        if parts.len() == 1 {
            orders.push(self.linearized(history, budget, &mut spent));
        } else {
            for part in apart(self.model(), history, &parts) {
                orders.push(self.linearized(&part, budget, &mut spent));
            }
        }
        let linear = orders.iter().flatten().count() as u64;
        if let Err(verdict) = self.search(&parts, &mut orders, budget, &mut spent) {
            return verdict;
        }
        let order: Vec<OpId> = orders.into_iter().flatten().flatten().collect();
        if let Err(wrong) = replay(self.model(), history, &order) {
            panic!("the order that a search finds explains the history, but {wrong}");
        }
        let exercised = counters(self.model(), &parts, linear, spent);
        Verdict::Valid(Witness { order, exercised })
    }

    /// An order of a part in real time that keeps the order of sessions too.
    fn linearized(
        &self,
        part: &History<M::Domain>,
        budget: Budget,
        spent: &mut u64,
    ) -> Option<Vec<OpId>> {
        let states = LINEAR_TRIED.min(budget.states - *spent);
        let (order, visited) = self.linear.order(part, Budget { states });
        *spent += visited;
        order.filter(|order| replay(self.model(), part, order).is_ok())
    }

    /// Searches the parts that have no order yet, in rounds.
    fn search(
        &self,
        parts: &[Part<'_, M::Domain>],
        orders: &mut [Option<Vec<OpId>>],
        budget: Budget,
        spent: &mut u64,
    ) -> Result<(), Verdict> {
        let undecided = (0..parts.len()).filter(|&part| orders[part].is_none());
        let mut open: Vec<(usize, Search<'_, M>)> = undecided
            .map(|part| (part, Search::new(self.model(), parts[part].clone())))
            .collect();
        let mut limit = FIRST_ROUND;
        while !open.is_empty() {
            let mut still = Vec::new();
            for (part, mut search) in open {
                let before = search.visited();
                let decided = search.advance(limit.min(before + (budget.states - *spent)));
                *spent += search.visited() - before;
                match decided {
                    Some(true) => orders[part] = Some(search.order()),
                    Some(false) => {
                        let found = explain(self.model(), search.part());
                        return Err(Verdict::Invalid(Box::new(found)));
                    }
                    None => still.push((part, search)),
                }
            }
            open = still;
            if *spent >= budget.states {
                break;
            }
            limit = limit.saturating_mul(4);
        }
        match open.first() {
            None => Ok(()),
            Some((part, search)) => Err(Verdict::Unknown(Shortfall::OutOfBudget {
                part: parts[*part].label(),
                states: search.visited(),
                unknown: parts[*part].strays.len() as u64,
                window: None,
                pending: 0,
            })),
        }
    }
}

impl<M: Model> Checker<M::Domain> for Sequential<M> {
    fn promise(&self) -> Promise {
        Promise::Sequential
    }

    fn check(&self, history: &History<M::Domain>, budget: Budget) -> Verdict {
        self.judge(history, budget)
    }
}

/// Each part as a history of its own.
fn apart<M: Model>(
    model: &M,
    history: &History<M::Domain>,
    parts: &[Part<'_, M::Domain>],
) -> Vec<History<M::Domain>> {
    let places: std::collections::BTreeMap<&str, usize> = parts
        .iter()
        .enumerate()
        .map(|(place, part)| (part.name.as_str(), place))
        .collect();
    let mut entries: Vec<Vec<Entry<M::Domain>>> = parts.iter().map(|_| Vec::new()).collect();
    for entry in history.entries() {
        let op = match &entry {
            Entry::Invoke { op, .. } | Entry::Return { op, .. } => history.op(*op),
            Entry::Note { .. } => None,
        };
        let place = op.and_then(|op| places.get(model.part(&op.call).as_ref()));
        if let Some(&place) = place {
            entries[place].push(entry);
        }
    }
    let histories = entries.into_iter().map(|entries| {
        History::new(entries)
            .expect("what is left of a history is one: fewer calls of each process")
    });
    histories.collect()
}

fn counters<M: Model>(
    model: &M,
    parts: &[Part<'_, M::Domain>],
    linear: u64,
    spent: u64,
) -> Counters {
    let turns = || parts.iter().flat_map(Part::turns);
    let refutable = turns().filter(|turn| {
        let ret = turn.op.outcome.ok();
        ret.is_some_and(|ret| model.refutable(&turn.op.call, ret))
    });
    let sessions = parts.iter().map(|part| part.sessions.len() as u64).sum();
    let strays = parts.iter().map(|part| part.strays.len() as u64).sum();
    [
        ("operations", turns().count() as u64),
        ("answers that could be wrong", refutable.count() as u64),
        ("sessions of parts", sessions),
        ("unknown outcomes", strays),
        ("parts", parts.len() as u64),
        ("parts in the order of time", linear),
        ("states visited", spent),
    ]
    .into_iter()
    .map(|(name, count)| (name.to_owned(), count))
    .collect()
}
