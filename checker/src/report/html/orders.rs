//! Every order of a few operations, as far as it goes: why none of them explains all answers.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::Domain;
use crate::history::{Op, Outcome, Time};
use crate::model::Model;

/// More operations than this are not ordered in every way.
pub(super) const OPS_MAX: usize = 12;

/// Sets of operations that are looked at before the search is cut short.
const LOOKED_AT: usize = 20_000;

/// Where an order stops: operations that could come next by time, and cannot by what they returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeadEnd {
    /// The operations in one such order, by their places.
    pub(super) order: Vec<usize>,
    /// What the object holds then.
    pub(super) state: String,
    /// The operations whose answers do not fit then.
    pub(super) refused: Vec<usize>,
}

/// What trying every order shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Orders {
    /// The longest first; of orders with the same operations and the same end, one.
    pub(super) dead_ends: Vec<DeadEnd>,
    /// From each moment on, what the object may hold; empty from the moment on at which nothing fits.
    pub(super) possible: Vec<(Time, Vec<String>)>,
}

type Chosen = u32;

/// Tries every order of these operations, in the order of their calls. `None` if one of them explains
/// all answers, or if there are too many.
pub(super) fn orders<M: Model>(model: &M, ops: &[&Op<M::Domain>]) -> Option<Orders> {
    if ops.is_empty() || ops.len() > OPS_MAX {
        return None;
    }
    let mut seen: BTreeSet<(Chosen, String)> = BTreeSet::new();
    let mut open = vec![(0, model.initial(), Vec::new())];
    let mut dead_ends = Vec::new();
    while let Some((chosen, state, order)) = open.pop() {
        if seen.len() > LOOKED_AT {
            return None;
        }
        let must = (0..ops.len()).filter(|at| is_answered(ops[*at]));
        if must.clone().all(|at| has(chosen, at)) {
            return None;
        }
        let mut refused = Vec::new();
        for next in next(ops, chosen) {
            match model.step(&state, &ops[next].call, ops[next].outcome.ok()) {
                Some(after) => {
                    let chosen = chosen | 1 << next;
                    if seen.insert((chosen, format!("{after:?}"))) {
                        let mut order = order.clone();
                        order.push(next);
                        open.push((chosen, after, order));
                    }
                }
                None => refused.push(next),
            }
        }
        if !refused.is_empty() {
            dead_ends.push(DeadEnd {
                order,
                state: model.state_label(&state),
                refused,
            });
        }
    }
    dead_ends.sort_by_key(|end| (std::cmp::Reverse(end.order.len()), end.order.clone()));
    Some(Orders {
        dead_ends,
        possible: possible(model, ops),
    })
}

fn has(chosen: Chosen, at: usize) -> bool {
    chosen >> at & 1 == 1
}

fn is_answered<D: Domain>(op: &Op<D>) -> bool {
    matches!(op.outcome, Outcome::Ok(_))
}

/// The operations that may come next by time alone.
fn next<'o, D: Domain>(ops: &'o [&Op<D>], chosen: Chosen) -> impl Iterator<Item = usize> + 'o {
    let left = move |at: &usize| !has(chosen, *at);
    (0..ops.len()).filter(left).filter(move |&at| {
        let mut before = (0..ops.len()).filter(left);
        !before.any(|other| is_answered(ops[other]) && ops[other].precedes(ops[at]))
    })
}

/// What the object may hold from each moment on, as calls and returns come one after the other.
fn possible<M: Model>(model: &M, ops: &[&Op<M::Domain>]) -> Vec<(Time, Vec<String>)> {
    let mut moments: Vec<(Time, bool, usize)> = Vec::new();
    for (at, op) in ops.iter().enumerate() {
        moments.push((op.invoked, false, at));
        if let (Some(returned), true) = (op.returned, is_answered(op)) {
            moments.push((returned, true, at));
        }
    }
    // Equal times are concurrent: calls first.
    moments.sort_unstable();
    let mut states: BTreeMap<(Chosen, String), M::State> = BTreeMap::new();
    let initial = model.initial();
    states.insert((0, format!("{initial:?}")), initial);
    let mut called: Chosen = 0;
    let mut rail = Vec::new();
    for (time, returns, at) in moments {
        if returns {
            states.retain(|(chosen, _), _| has(*chosen, at));
        } else {
            called |= 1 << at;
            reach(model, ops, called, &mut states);
        }
        let labels: BTreeSet<String> = states
            .values()
            .map(|state| model.state_label(state))
            .collect();
        let labels: Vec<String> = labels.into_iter().collect();
        match rail.last_mut() {
            Some((_, known)) if *known == labels => {}
            Some((known, held)) if *known == time => *held = labels,
            _ => rail.push((time, labels)),
        }
        if states.is_empty() {
            break;
        }
    }
    rail
}

/// Adds all states that operations called so far may lead to.
fn reach<M: Model>(
    model: &M,
    ops: &[&Op<M::Domain>],
    called: Chosen,
    states: &mut BTreeMap<(Chosen, String), M::State>,
) {
    let mut open: Vec<(Chosen, M::State)> = states
        .iter()
        .map(|((chosen, _), state)| (*chosen, state.clone()))
        .collect();
    while let Some((chosen, state)) = open.pop() {
        for at in next(ops, chosen).filter(|at| has(called, *at)) {
            let Some(after) = model.step(&state, &ops[at].call, ops[at].outcome.ok()) else {
                continue;
            };
            let chosen = chosen | 1 << at;
            let key = (chosen, format!("{after:?}"));
            if states.len() <= LOOKED_AT && !states.contains_key(&key) {
                states.insert(key, after.clone());
                open.push((chosen, after));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::History;
    use crate::model::Registers;
    use crate::picture::parse;
    use crate::register::{Register, Value};

    /// The four operations of the drawing in the specification of reports.
    fn stale() -> History<Register> {
        parse(
            "
            a  |write 1--|           |read -> 2--|
            b             |write 2------------------------------|
            c                                      |read -> 1--|
            ",
        )
        .expect("a drawing")
    }

    #[test]
    fn every_order_stops_and_says_where() {
        let history = stale();
        let ops: Vec<&Op<Register>> = history.ops().iter().collect();
        let model = Registers {
            initial: Value::Nil,
        };
        let orders = orders(&model, &ops).expect("no order");
        let ends: Vec<(Vec<usize>, &str, Vec<usize>)> = orders
            .dead_ends
            .iter()
            .map(|end| (end.order.clone(), end.state.as_str(), end.refused.clone()))
            .collect();
        assert_eq!(
            ends,
            [(vec![0, 1, 2], "2", vec![3]), (vec![0], "1", vec![2])]
        );
        let rail: Vec<Vec<String>> = orders
            .possible
            .into_iter()
            .map(|(_, labels)| labels)
            .collect();
        assert_eq!(rail.last(), Some(&Vec::new()), "nothing fits the last read");
        assert!(rail.contains(&vec!["1".into(), "2".into()]), "{rail:?}");
    }

    #[test]
    fn what_can_be_ordered_has_no_dead_ends() {
        let history = stale();
        let ops: Vec<&Op<Register>> = history.ops().iter().take(3).collect();
        let model = Registers {
            initial: Value::Nil,
        };
        assert_eq!(orders(&model, &ops), None);
    }
}
