//! Naive judges of small histories, which know nothing of dependencies: they try every order.

use std::collections::{BTreeMap, BTreeSet};

use super::Extent;
use crate::history::{History, Op, Outcome};
use crate::register::Value;
use crate::txn::{Ask, Told, Txn};

/// What each key holds; a register is a list of which only the last element counts.
type State = BTreeMap<Value, Vec<Value>>;

/// What of a transaction has been done.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    /// How many parts.
    parts: usize,
    begun: bool,
    ended: bool,
    /// What it sees: its snapshot.
    sees: State,
    /// What it wrote itself.
    own: State,
}

/// What was tried in vain.
type Tried = BTreeSet<(Vec<Run>, State)>;

struct World<'h> {
    ops: Vec<&'h Op<Txn>>,
    extent: Extent,
}

fn committed(op: &Op<Txn>) -> bool {
    matches!(op.outcome, Outcome::Ok(_))
}

fn put(state: &mut State, ask: &Ask) {
    match ask {
        Ask::Read(_) => {}
        Ask::Write(key, value) => {
            state.insert(key.clone(), vec![value.clone()]);
        }
        Ask::Append(key, value) => state.entry(key.clone()).or_default().push(value.clone()),
    }
}

fn agrees(seen: &[Value], told: &Told) -> bool {
    match told {
        Told::Done | Told::Unseen => true,
        Told::List(list) => seen == &list[..],
        Told::Value(Value::Nil) => seen.is_empty(),
        Told::Value(value) => seen.len() == 1 && seen.first() == Some(value),
    }
}

impl World<'_> {
    fn new(history: &History<Txn>, extent: Extent) -> World<'_> {
        let ops = history.ops().iter();
        let ops = ops.filter(|op| op.outcome != Outcome::Fail).collect();
        World { ops, extent }
    }

    /// Whether one has to be over before the other begins.
    fn before(&self, one: usize, two: usize) -> bool {
        let (a, b) = (self.ops[one], self.ops[two]);
        let session = a.process == b.process && a.line < b.line;
        let time = a.returned.is_some_and(|returned| returned < b.invoked);
        committed(a)
            && match self.extent {
                Extent::Data => false,
                Extent::Session => session,
                Extent::RealTime => session || time,
            }
    }

    fn may_begin(&self, runs: &[Run], next: usize) -> bool {
        !runs[next].begun
            && (0..runs.len()).all(|other| runs[other].ended || !self.before(other, next))
    }

    fn over(&self, runs: &[Run]) -> bool {
        let all = self.ops.iter().zip(runs);
        all.into_iter()
            .all(|(op, run)| run.ended || !committed(op) && !run.begun)
    }

    /// Whether a part finds what it was told, on top of what it sees; it is done then.
    fn part(&self, sees: &State, own: &mut State, txn: usize, part: usize) -> bool {
        let op = self.ops[txn];
        let ask = &op.call.0[part];
        if let (Ask::Read(key), Outcome::Ok(ret)) = (ask, &op.outcome) {
            let mut seen = sees.get(key).cloned().unwrap_or_default();
            let mine = own.get(key).cloned().unwrap_or_default();
            if is_list(&self.ops, key) {
                seen.extend(mine);
            } else if !mine.is_empty() {
                seen = mine;
            }
            return agrees(&seen, &ret.0[part]);
        }
        put(own, ask);
        true
    }
}

fn is_list(ops: &[&Op<Txn>], key: &Value) -> bool {
    let mut asks = ops.iter().flat_map(|op| &op.call.0);
    asks.any(|ask| matches!(ask, Ask::Append(other, _) if other == key))
}

fn runs(world: &World<'_>) -> Vec<Run> {
    let none = Run {
        parts: 0,
        begun: false,
        ended: false,
        sees: State::new(),
        own: State::new(),
    };
    vec![none; world.ops.len()]
}

/// Whether one transaction after the other explains every answer.
pub(super) fn serializable(history: &History<Txn>, extent: Extent) -> bool {
    let world = World::new(history, extent);
    one_by_one(&world, &mut Tried::new(), &runs(&world), &State::new())
}

fn one_by_one(world: &World<'_>, tried: &mut Tried, runs: &[Run], state: &State) -> bool {
    if world.over(runs) {
        return true;
    }
    if !tried.insert((runs.to_vec(), state.clone())) {
        return false;
    }
    (0..runs.len()).any(|next| {
        if !world.may_begin(runs, next) {
            return false;
        }
        let op = world.ops[next];
        let mut after = state.clone();
        for (part, ask) in op.call.0.iter().enumerate() {
            if let (Ask::Read(key), Outcome::Ok(ret)) = (ask, &op.outcome) {
                let seen = after.get(key).map_or(&[][..], |held| held);
                if !agrees(seen, &ret.0[part]) {
                    return false;
                }
            }
            put(&mut after, ask);
        }
        let mut runs = runs.to_vec();
        (runs[next].begun, runs[next].ended) = (true, true);
        one_by_one(world, tried, &runs, &after)
    })
}

/// Whether some choice of snapshots and commits explains every answer, where of two transactions that
/// write the same key and overlap one would not have committed.
pub(super) fn snapshot_isolation(history: &History<Txn>, extent: Extent) -> bool {
    let world = World::new(history, extent);
    snapshots(&world, &mut Tried::new(), &runs(&world), &State::new())
}

fn snapshots(world: &World<'_>, tried: &mut Tried, runs: &[Run], state: &State) -> bool {
    if world.over(runs) {
        return true;
    }
    if !tried.insert((runs.to_vec(), state.clone())) {
        return false;
    }
    (0..runs.len()).any(|next| {
        let mut after = runs.to_vec();
        let run = &mut after[next];
        if world.may_begin(runs, next) {
            (run.begun, run.sees) = (true, state.clone());
            let parts = 0..world.ops[next].call.0.len();
            let mut own = State::new();
            let fits = parts
                .into_iter()
                .all(|part| world.part(state, &mut own, next, part));
            run.own = own;
            return fits && snapshots(world, tried, &after, state);
        }
        if !run.begun || run.ended {
            return false;
        }
        run.ended = true;
        let untouched = |key| run.sees.get(key) == state.get(key);
        if !run.own.keys().all(untouched) {
            return false;
        }
        let state = published(world, state, &run.own);
        snapshots(world, tried, &after, &state)
    })
}

fn published(world: &World<'_>, state: &State, own: &State) -> State {
    let mut state = state.clone();
    for (key, values) in own {
        let held = state.entry(key.clone()).or_default();
        if !is_list(&world.ops, key) {
            held.clear();
        }
        held.extend(values.iter().cloned());
    }
    state
}

/// Whether some interleaving of the parts explains every answer, where each part sees what is committed
/// when it runs, and all that a transaction wrote is published by its commit.
pub(super) fn read_committed(history: &History<Txn>, extent: Extent) -> bool {
    let world = World::new(history, extent);
    parts_committed(&world, &mut Tried::new(), &runs(&world), &State::new())
}

fn parts_committed(world: &World<'_>, tried: &mut Tried, runs: &[Run], state: &State) -> bool {
    if world.over(runs) {
        return true;
    }
    if !tried.insert((runs.to_vec(), state.clone())) {
        return false;
    }
    (0..runs.len()).any(|next| {
        let op = world.ops[next];
        let mut after = runs.to_vec();
        let run = &mut after[next];
        if run.ended || !run.begun && !world.may_begin(runs, next) {
            return false;
        }
        run.begun = true;
        // Parts that see nothing need no place of their own.
        while run.parts < op.call.0.len() {
            let sees = committed(op) && matches!(op.call.0[run.parts], Ask::Read(_));
            if !world.part(state, &mut run.own, next, run.parts) {
                return false;
            }
            run.parts += 1;
            if sees {
                return parts_committed(world, tried, &after, state);
            }
        }
        run.ended = true;
        let state = published(world, state, &run.own);
        parts_committed(world, tried, &after, &state)
    })
}
