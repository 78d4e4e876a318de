//! The search for an order of one part that keeps the order of each session: exact, memoized.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::sessions::{Part, Stray, Turn};
use crate::history::OpId;
use crate::model::{CallOf, Model};

/// How many sessions, or operations of unknown outcome by 32, make a configuration count for one more.
const SESSIONS_PER_STATE: u64 = 8;

/// A search that can be paused: depth first, over how far each session has come, which operations of
/// unknown outcome were used, and the state.
///
/// An answered operation that leaves the state as it is and is possible now takes effect at once: it can
/// be moved to the front of any order that leads on, as nothing sees it and nothing of its session may
/// come before it any more. An operation without an answer is not used where it changes nothing, and of
/// equal ones that could be used the first is: another one can take its place in the order later.
#[derive(Debug)]
pub(super) struct Search<'h, M: Model> {
    model: &'h M,
    part: Part<'h, M::Domain>,
    places: Vec<u32>,
    used: Vec<u64>,
    /// For each operation of unknown outcome the number of its call, of so many different ones.
    kind_of: Vec<usize>,
    kinds: usize,
    states: Vec<Rc<M::State>>,
    numbers: FxHashMap<Rc<M::State>, u32>,
    memo: FxHashSet<Box<[u32]>>,
    stack: Vec<Node>,
    taken: Vec<Choice>,
    visited: u64,
    deepest: Option<Vec<OpId>>,
}

#[derive(Debug)]
struct Node {
    /// How many steps had been taken on arrival.
    taken: usize,
    state: u32,
    /// The choice that was tried last; choices are tried in the order of their turns.
    tried: Option<Rank>,
}

/// When a choice is tried: answered operations first, each kind by the lines of their calls.
type Rank = (bool, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Choice {
    /// The next operation of this session takes effect.
    Turn(usize),
    /// The next operation of this session is left out.
    Skip(usize),
    /// This operation of unknown outcome takes effect.
    Stray(usize),
}

impl<'h, M: Model> Search<'h, M> {
    /// A search that has not begun.
    pub(super) fn new(model: &'h M, part: Part<'h, M::Domain>) -> Self {
        let initial = Rc::new(model.initial());
        let mut calls: FxHashMap<&CallOf<M>, usize> = FxHashMap::default();
        let kind_of = part.strays.iter().map(|stray| {
            let next = calls.len();
            *calls.entry(&stray.op.call).or_insert(next)
        });
        let kind_of: Vec<usize> = kind_of.collect();
        let kinds = calls.len();
        let mut search = Search {
            model,
            places: vec![0; part.sessions.len()],
            used: vec![0; part.strays.len().div_ceil(64)],
            kind_of,
            kinds,
            part,
            states: vec![Rc::clone(&initial)],
            numbers: FxHashMap::from_iter([(initial, 0)]),
            memo: FxHashSet::default(),
            stack: Vec::new(),
            taken: Vec::new(),
            visited: 0,
            deepest: None,
        };
        search.arrive(0);
        search
    }

    /// The same search, which remembers the longest order. Costs O(n) whenever one is longer.
    pub(super) fn remembering(mut self) -> Self {
        self.deepest = Some(self.order());
        self
    }

    /// How much was visited so far: one for each configuration, and more for one of many sessions or of a large
    /// state, so that a budget bounds memory too.
    pub(super) fn visited(&self) -> u64 {
        self.visited
    }

    /// The part that is searched.
    pub(super) fn part(&self) -> &Part<'h, M::Domain> {
        &self.part
    }

    /// Goes on until that many configurations were visited in all: whether there is an order, or
    /// `None` if that is still open.
    pub(super) fn advance(&mut self, limit: u64) -> Option<bool> {
        loop {
            if self.ended() {
                return Some(true);
            }
            let Some(node) = self.stack.last() else {
                return Some(false);
            };
            let Some((rank, choice, state)) = self.next_choice(node.state, node.tried) else {
                self.stack.pop();
                let taken = self.stack.last().map_or(0, |node| node.taken);
                self.back(taken);
                continue;
            };
            if self.visited >= limit {
                return None;
            }
            if let Some(node) = self.stack.last_mut() {
                node.tried = Some(rank);
            }
            self.take(choice);
            if !self.arrive(state) {
                let taken = self.stack.last().map_or(0, |node| node.taken);
                self.back(taken);
            }
        }
    }

    /// The order that was found.
    pub(super) fn order(&self) -> Vec<OpId> {
        let effects = self
            .taken
            .iter()
            .scan(vec![0; self.places.len()], |places, choice| {
                Some(match *choice {
                    Choice::Turn(session) => {
                        let turn = self.part.sessions[session][places[session]];
                        places[session] += 1;
                        Some(turn.op.id)
                    }
                    Choice::Skip(session) => {
                        places[session] += 1;
                        None
                    }
                    Choice::Stray(stray) => Some(self.part.strays[stray].op.id),
                })
            });
        effects.flatten().collect()
    }

    /// The longest order that was built, by a search that remembers.
    pub(super) fn deepest(&self) -> &[OpId] {
        self.deepest.as_deref().unwrap_or_default()
    }

    fn ended(&self) -> bool {
        let mut sessions = self.part.sessions.iter().zip(&self.places);
        !self.stack.is_empty() && sessions.all(|(turns, &place)| place as usize == turns.len())
    }

    fn head(&self, session: usize) -> Option<Turn<'h, M::Domain>> {
        let turns = &self.part.sessions[session];
        turns.get(self.places[session] as usize).copied()
    }

    fn take(&mut self, choice: Choice) {
        match choice {
            Choice::Turn(session) | Choice::Skip(session) => self.places[session] += 1,
            Choice::Stray(stray) => self.used[stray / 64] |= 1 << (stray % 64),
        }
        self.taken.push(choice);
    }

    fn back(&mut self, to: usize) {
        for choice in self.taken.drain(to..) {
            match choice {
                Choice::Turn(session) | Choice::Skip(session) => self.places[session] -= 1,
                Choice::Stray(stray) => self.used[stray / 64] &= !(1 << (stray % 64)),
            }
        }
    }

    /// Takes what can be taken without a choice, and opens a node. `false` if this configuration was
    /// visited before.
    fn arrive(&mut self, state: u32) -> bool {
        self.read(state);
        let mut key: Vec<u32> = self.places.clone();
        let halves = self
            .used
            .iter()
            .flat_map(|word| [*word as u32, (word >> 32) as u32]);
        key.extend(halves);
        key.push(state);
        let length = key.len() as u64;
        if !self.memo.insert(key.into()) {
            return false;
        }
        self.visited += 1 + length / SESSIONS_PER_STATE;
        if let Some(deepest) = &self.deepest
            && deepest.len() < self.taken.len()
        {
            self.deepest = Some(self.order());
        }
        self.stack.push(Node {
            taken: self.taken.len(),
            state,
            tried: None,
        });
        true
    }

    /// Lets all operations take effect that leave the state as it is and are possible.
    fn read(&mut self, state: u32) {
        let mut session = 0;
        while session < self.part.sessions.len() {
            let Some(turn) = self.head(session) else {
                session += 1;
                continue;
            };
            let (call, ret) = (&turn.op.call, turn.op.outcome.ok());
            let reads = self.model.reads_only(call, ret);
            let possible = || {
                self.model
                    .step(&self.states[state as usize], call, ret)
                    .is_some()
            };
            if reads && !turn.must {
                self.take(Choice::Skip(session));
            } else if reads && possible() {
                self.take(Choice::Turn(session));
            } else {
                session += 1;
            }
        }
    }

    /// The choice behind the one that was tried last; it is looked for anew, as a list of them in each node
    /// would cost memory in proportion to sessions times operations.
    fn next_choice(&mut self, state: u32, tried: Option<Rank>) -> Option<(Rank, Choice, u32)> {
        let mut next: Option<(Rank, Choice, u32)> = None;
        let wanted = |rank: Rank, next: &Option<(Rank, Choice, u32)>| {
            tried < Some(rank) && next.is_none_or(|(first, ..)| rank < first)
        };
        for session in 0..self.part.sessions.len() {
            let Some(turn) = self.head(session) else {
                continue;
            };
            let (rank, skipped) = ((false, turn.op.line), (true, turn.op.line));
            if wanted(rank, &next)
                && let Some(after) = self.step(state, turn)
            {
                next = Some((rank, Choice::Turn(session), after));
            }
            if !turn.must && wanted(skipped, &next) {
                next = Some((skipped, Choice::Skip(session), state));
            }
        }
        let mut offered = vec![false; self.kinds];
        for stray in 0..self.part.strays.len() {
            let Stray {
                op,
                session,
                behind,
            } = self.part.strays[stray];
            let unused = self.used[stray / 64] >> (stray % 64) & 1 == 0;
            let kind = self.kind_of[stray];
            if !unused || offered[kind] || (self.places[session] as usize) < behind {
                continue;
            }
            offered[kind] = true;
            // An answered operation that does the same comes first.
            let rank = (true, op.line);
            if wanted(rank, &next)
                && let Some(after) = self.step(state, Turn { op, must: false })
                && after != state
            {
                next = Some((rank, Choice::Stray(stray), after));
            }
        }
        next
    }

    fn step(&mut self, state: u32, turn: Turn<'h, M::Domain>) -> Option<u32> {
        let (call, ret) = (&turn.op.call, turn.op.outcome.ok());
        let next = self.model.step(&self.states[state as usize], call, ret)?;
        if let Some(&number) = self.numbers.get(&next) {
            return Some(number);
        }
        self.visited += self.model.weight(&next);
        let (number, next) = (self.states.len() as u32, Rc::new(next));
        self.states.push(Rc::clone(&next));
        self.numbers.insert(next, number);
        Some(number)
    }
}
