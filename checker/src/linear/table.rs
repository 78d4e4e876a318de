//! States and operations of a model as small numbers, each transition computed once.

use std::sync::Arc;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::part::Step;
use crate::model::{CallOf, Model, RetOf};

/// A call with the answer it is held to, as a number: equal ones are of one kind.
pub(crate) type Kind = u32;

/// A state, as a number.
pub(crate) type State = u32;

const IMPOSSIBLE: State = State::MAX;

/// Not computed yet.
const OPEN: State = State::MAX - 1;

/// How many transitions are kept in rows, one for each state; those of later states are looked up.
const ROWS: usize = 1 << 20;

/// For how many kinds, and for how many states, there is room from the start.
const ROOM: usize = 64;
const STATES: usize = 7;

/// The transitions of a model that a search has met.
#[derive(Debug)]
pub(crate) struct Table<'h, M: Model> {
    model: &'h M,
    kinds: Vec<(&'h CallOf<M>, Option<&'h RetOf<M>>)>,
    reads_only: Vec<bool>,
    states: Vec<Arc<M::State>>,
    numbers: FxHashMap<Arc<M::State>, State>,
    /// The transitions of the first states, a row for each.
    rows: Vec<State>,
    transitions: FxHashMap<(State, Kind), State>,
    weight: u64,
}

impl<'h, M: Model> Table<'h, M> {
    /// The kinds of these steps, one for each, and a table whose state 0 is the initial one.
    pub(crate) fn new(model: &'h M, steps: &[Step<'h, M::Domain>]) -> (Self, Vec<Kind>) {
        let mut table = Table {
            model,
            kinds: Vec::with_capacity(steps.len().min(ROOM)),
            reads_only: Vec::with_capacity(steps.len().min(ROOM)),
            states: Vec::with_capacity(STATES),
            numbers: FxHashMap::with_capacity_and_hasher(STATES, FxBuildHasher),
            rows: Vec::new(),
            transitions: FxHashMap::default(),
            weight: 0,
        };
        let mut known = FxHashMap::with_capacity_and_hasher(steps.len(), FxBuildHasher);
        let kinds = steps.iter().map(|step| {
            let pair = (&step.op.call, step.ret);
            // Most steps are of a kind that others are of, and looking costs less than an entry does.
            if let Some(&kind) = known.get(&pair) {
                return kind;
            }
            let kind = table.kinds.len() as Kind;
            known.insert(pair, kind);
            table.kinds.push(pair);
            table.reads_only.push(model.reads_only(pair.0, pair.1));
            kind
        });
        let kinds = kinds.collect();
        let row = table.kinds.len();
        table.rows.reserve((row * STATES).min(ROWS));
        table.number(model.initial());
        (table, kinds)
    }

    /// The state after a step of this kind; `None` if it is impossible.
    #[inline]
    pub(crate) fn step(&mut self, state: State, kind: Kind) -> Option<State> {
        let next = match self.found(state, kind) {
            Some(next) => next,
            None => self.compute(state, kind),
        };
        (next != IMPOSSIBLE).then_some(next)
    }

    #[cold]
    fn compute(&mut self, state: State, kind: Kind) -> State {
        let (call, ret) = self.kinds[kind as usize];
        let next = self.model.step(&self.states[state as usize], call, ret);
        let next = next.map_or(IMPOSSIBLE, |next| self.number(next));
        let place = state as usize * self.kinds.len() + kind as usize;
        match self.rows.get_mut(place) {
            Some(known) => *known = next,
            None => {
                self.transitions.insert((state, kind), next);
            }
        }
        next
    }

    /// The state after a step of this kind, which may be impossible, if it was computed before.
    #[inline]
    fn found(&self, state: State, kind: Kind) -> Option<State> {
        let place = state as usize * self.kinds.len() + kind as usize;
        match self.rows.get(place) {
            Some(&next) => (next != OPEN).then_some(next),
            None => self.transitions.get(&(state, kind)).copied(),
        }
    }

    /// The state after a step of this kind, if the search has taken or weighed it.
    pub(crate) fn known(&self, state: State, kind: Kind) -> Option<State> {
        let next = self.found(state, kind);
        next.filter(|&next| next != IMPOSSIBLE)
    }

    /// Whether steps of this kind never change a state.
    #[inline]
    pub(crate) fn reads_only(&self, kind: Kind) -> bool {
        self.reads_only[kind as usize]
    }

    /// Whether steps of the second kind are possible wherever those of the first are, with the same
    /// effect.
    pub(crate) fn stands_in(&self, first: Kind, second: Kind) -> bool {
        let (one, two) = (self.kinds[first as usize], self.kinds[second as usize]);
        one.0 == two.0 && (two.1.is_none() || one.1 == two.1)
    }

    /// Whether some of these calls could lead to a state in which this kind is possible.
    pub(crate) fn within_reach(
        &self,
        state: State,
        kind: Kind,
        means: &mut dyn Iterator<Item = Kind>,
    ) -> bool {
        let (call, ret) = self.kinds[kind as usize];
        let mut calls = means.map(|kind| self.kinds[kind as usize].0);
        let state = &self.states[state as usize];
        ret.is_none_or(|ret| self.model.within_reach(state, call, ret, &mut calls))
    }

    /// The state as a reader says it.
    pub(crate) fn label(&self, state: State) -> String {
        self.model.state_label(&self.states[state as usize])
    }

    /// What the states that were met weigh together.
    pub(crate) fn weight(&self) -> u64 {
        self.weight
    }

    /// The call and the answer of each kind.
    pub(crate) fn kinds(&self) -> &[(&'h CallOf<M>, Option<&'h RetOf<M>>)] {
        &self.kinds
    }

    /// How many states were met.
    pub(crate) fn states(&self) -> State {
        self.states.len() as State
    }

    fn number(&mut self, state: M::State) -> State {
        if let Some(&number) = self.numbers.get(&state) {
            return number;
        }
        self.weight = self.weight.saturating_add(self.model.weight(&state));
        let (number, state) = (self.states.len() as State, Arc::new(state));
        self.states.push(Arc::clone(&state));
        if self.rows.len() + self.kinds.len() <= ROWS
            && self.rows.len() == number as usize * self.kinds.len()
        {
            self.rows.resize(self.rows.len() + self.kinds.len(), OPEN);
        }
        self.numbers.insert(state, number);
        number
    }
}
