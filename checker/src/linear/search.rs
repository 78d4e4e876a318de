//! The search for an order of one part: exact, memoized, branching only where a return demands it.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::live::{Set, Slots};
use super::memo::{Key, Memo};
use super::needed::{Needed, needed};
use super::part::Step;
use super::table::{Kind, State, Table};
use super::timeline::{Event, Timeline};
use super::used::{Used, UsedSets};
use crate::history::{Op, OpId};
use crate::model::Model;

/// A search that can be paused: depth first, over configurations at returns.
///
/// A configuration is the next event, the state, the set of open steps that have taken effect, and how
/// many operations of each unknown kind were used, of those that stay open for ever. Operations take effect only when the return of
/// one that has not is reached, which loses no order: each operation of an order can be moved to the
/// first return among itself and those behind it. A step that may be left out is skipped at its
/// return or not.
///
/// What is skipped, and why nothing is lost. Take any order that leads on from a configuration:
/// - *Reads at once.* An open step that never changes a state and is possible now takes effect now. It
///   can be moved to the front of the order: nothing else sees it, and it had to come anyway.
/// - *Dominance.* A configuration that used no more unknown operations than another, all else equal, can
///   follow every order that the other can. So only the smaller one is searched.
/// - *Symmetry.* Of open steps of one kind the one that returns first comes first, of unknown calls of
///   one kind the one called first, and a step with a deadline before one without that can do the same:
///   the others can take its place in the order later. It may also be left out later, so one that can
///   be left out does not come in place of one that must take effect.
/// - *Hidden at once.* An open step on which no answer depends takes effect right before another one
///   that wipes out its effect. It had to come anyway, and nobody misses it later.
/// - *Out of reach.* Nothing leads on if an open read has an answer to which no operations lead that can
///   still come before its return.
/// - *No idle unknowns.* An unknown call that changes nothing is left out; likewise one whose effect the
///   next step wipes out, before any read saw it: without it, that step leads to the same state.
///
/// Each skipped branch is replaced by one that is no longer, from a configuration that is searched, so
/// the shortest remaining order of all searched configurations cannot have been skipped.
#[derive(Debug)]
pub(crate) struct Search<'h, M: Model> {
    pub(super) steps: Vec<Step<'h, M::Domain>>,
    pub(super) kinds: Vec<Kind>,
    unobserved: Vec<bool>,
    pub(super) classes: Vec<Class>,
    pub(super) table: Table<'h, M>,
    pub(super) timeline: Timeline,
    pub(super) slots: Slots,
    pub(super) used: UsedSets,
    memo: Memo,
    stack: Vec<Node>,
    /// What is left to try at the nodes of the stack, those of the top node at the back.
    choices: Vec<(Choice, State)>,
    scratch: Scratch,
    taken: Vec<u32>,
    begun: bool,
    /// Whether large states count for more than one configuration.
    weighed: bool,
    /// A step that no calls before its return explain, if that was asked.
    pub(super) hopeless: Option<u32>,
    glanced: bool,
    visited: u64,
    deepest: Option<u32>,
    pub(super) furthest: Option<Furthest>,
}

/// Unknown operations with one and the same call, in the order of their calls.
#[derive(Debug)]
pub(super) struct Class {
    pub(super) kind: Kind,
    members: Vec<u32>,
}

#[derive(Debug)]
struct Node {
    place: u32,
    state: State,
    live: Set,
    used: Used,
    /// The state before the unknown step that led here, if nothing has seen its effect yet.
    before: Option<State>,
    taken: usize,
    left: Left,
}

/// The return that a search came closest to passing.
#[derive(Debug, Default)]
pub(super) struct Furthest {
    pub(super) place: u32,
    pub(super) order: Vec<u32>,
    pub(super) states: BTreeSet<State>,
}

/// What is left to try at a node.
#[derive(Clone, Copy, Debug)]
enum Left {
    /// Everything.
    All,
    /// All but the step that returns here, or all but to skip it.
    Others,
    /// Those choices that stand behind so many others, from the back.
    Behind(usize),
}

/// Room for what is known while choices are looked for, used again and again.
#[derive(Debug, Default)]
struct Scratch {
    steps: Vec<u32>,
    /// The kinds met so far, and whether a step of it must take effect.
    seen: Vec<(Kind, bool)>,
    effects: Vec<(Kind, State)>,
}

#[derive(Clone, Copy, Debug)]
enum Choice {
    /// This open step takes effect.
    Live(u32),
    /// The next unused call of this class takes effect.
    Unknown(u32),
    /// The step that ends here never took effect.
    Skip,
}

/// Most orders are found without going back, so there is room for one configuration for each event from the
/// start; in large parts it grows as it is needed.
const ROOM_MAX: usize = 1 << 10;

impl<'h, M: Model> Search<'h, M> {
    /// A search that has not begun, O(n log n).
    pub(crate) fn new(model: &'h M, steps: &[Step<'h, M::Domain>]) -> Self {
        let (table, kinds) = Table::new(model, steps);
        let Needed {
            steps,
            kinds,
            unobserved,
        } = needed(model, &table, steps, kinds);
        let mut classes: Vec<Class> = Vec::new();
        let mut known: FxHashMap<Kind, u32> = FxHashMap::default();
        let mut class_of = vec![None; steps.len()];
        for (number, step) in steps.iter().enumerate() {
            if step.until.is_none() {
                let kind = kinds[number];
                let class = *known.entry(kind).or_insert_with(|| {
                    let members = Vec::new();
                    classes.push(Class { kind, members });
                    classes.len() as u32 - 1
                });
                classes[class as usize].members.push(number as u32);
                class_of[number] = Some(class);
            }
        }
        let reads = |step: usize| table.reads_only(kinds[step]);
        let timeline = Timeline::new(&steps, reads, &class_of, classes.len());
        let events = timeline.all().len();
        Search {
            slots: Slots::new(timeline.slots()),
            steps,
            kinds,
            unobserved,
            classes,
            table,
            timeline,
            used: UsedSets::new(),
            memo: Memo::with_capacity(events.min(ROOM_MAX)),
            stack: Vec::with_capacity(events.min(ROOM_MAX)),
            choices: Vec::new(),
            scratch: Scratch::default(),
            taken: Vec::with_capacity(events.min(ROOM_MAX)),
            begun: false,
            weighed: false,
            hopeless: None,
            glanced: false,
            visited: 0,
            deepest: None,
            furthest: None,
        }
    }

    /// How many configurations were visited so far, and what their states weigh if that counts.
    pub(crate) fn visited(&self) -> u64 {
        if self.weighed {
            self.visited.saturating_add(self.table.weight())
        } else {
            self.visited
        }
    }

    /// The same search, for which large states count for more, so that a limit bounds memory.
    pub(crate) fn weighed(mut self) -> Self {
        self.weighed = true;
        self
    }

    /// Goes on until that many configurations were visited in all: whether there is an order, or
    /// `None` if that is still open.
    pub(crate) fn advance(&mut self, limit: u64) -> Option<bool> {
        if !self.begun {
            self.begun = true;
            if self.arrive(0, 0, 0, None) {
                return Some(true);
            }
        }
        while !self.stack.is_empty() {
            if self.visited() >= limit {
                return self.is_hopeless().then_some(false);
            }
            match self.next_choice() {
                Some((choice, state)) => {
                    if self.take(choice, state) {
                        return Some(true);
                    }
                }
                None if self.is_hopeless() => return Some(false),
                None => self.leave(),
            }
        }
        self.is_hopeless();
        Some(false)
    }

    /// Whether a step can be told to be impossible without a search. Most searches need not ask, as they meet
    /// no dead end.
    fn is_hopeless(&mut self) -> bool {
        if !self.glanced {
            self.glanced = true;
            self.hopeless = self.hopeless_step();
            if self.hopeless.is_some() {
                self.furthest = self.furthest.take().map(|_| Furthest::default());
            }
        }
        self.hopeless.is_some()
    }

    /// The order that was found.
    pub(crate) fn order(&self) -> Vec<OpId> {
        self.ids(&self.taken)
    }

    /// The operations of the order that was found.
    pub(crate) fn taken(&self) -> impl Iterator<Item = &'h Op<M::Domain>> {
        let steps = self.taken.iter();
        steps.map(|&step| self.steps[step as usize].op)
    }

    /// The same search, which remembers where it got stuck. Costs O(n) whenever it gets further.
    pub(crate) fn remembering(mut self) -> Self {
        self.furthest = Some(Furthest::default());
        self
    }

    /// The last return that any order reached when the search ended without a result.
    pub(crate) fn barrier(&self) -> Option<Step<'h, M::Domain>> {
        let step = self.hopeless.or_else(|| self.returning(self.deepest?))?;
        Some(self.steps[step as usize])
    }

    pub(super) fn returning(&self, place: u32) -> Option<u32> {
        match self.timeline.event(place) {
            Event::Return(step) => Some(step),
            Event::Call(_) | Event::Unknown { .. } => None,
        }
    }

    /// The furthest return at which a configuration was visited.
    pub(super) fn furthest_place(&self) -> Option<u32> {
        let open = self.stack.iter().map(|node| node.place).max();
        self.deepest.max(open)
    }

    /// Notes that an order ends in this state, as the return at this place cannot be passed.
    fn dead_end(&mut self, place: u32, state: State) {
        if let Some(furthest) = &mut self.furthest {
            if furthest.order.is_empty() || furthest.place < place {
                furthest.place = place;
                furthest.states.clear();
                self.taken.clone_into(&mut furthest.order);
            }
            if furthest.place == place {
                furthest.states.insert(state);
            }
        }
    }

    /// The steps that the search takes into account.
    pub(crate) fn steps(&self) -> &[Step<'h, M::Domain>] {
        &self.steps
    }

    pub(super) fn ids(&self, steps: &[u32]) -> Vec<OpId> {
        steps
            .iter()
            .map(|&step| self.steps[step as usize].op.id)
            .collect()
    }

    /// Walks on to the next return that demands a choice and opens a node there, unless a dominating one
    /// was visited. Whether the end was reached instead.
    fn arrive(&mut self, state: State, live: Set, used: Used, before: Option<State>) -> bool {
        let (mut live, mut before) = (live, before);
        let mut from = 0;
        while let Some((slot, step)) = self.timeline.reading_from(from) {
            from = slot + 1;
            let read = self.read_at_once(step, state, live);
            if read != live {
                (live, before) = (read, None);
            }
        }
        while let Some(event) = self.timeline.next() {
            match event {
                Event::Call(step) => {
                    self.timeline.pass(event);
                    if self.timeline.reads(step) {
                        let read = self.read_at_once(step, state, live);
                        if read != live {
                            (live, before) = (read, None);
                        }
                    }
                }
                Event::Unknown { .. } => self.timeline.pass(event),
                Event::Return(step) => {
                    let slot = self.timeline.slot(step);
                    if !self.slots.has(live, slot) {
                        self.open_node(state, live, used, before);
                        return false;
                    }
                    live = self.slots.flip(live, slot);
                    self.timeline.pass(event);
                }
            }
        }
        true
    }

    /// Lets an open step that only reads take effect, if it can and has not.
    #[inline]
    fn read_at_once(&mut self, step: u32, state: State, live: Set) -> Set {
        let (kind, slot) = (self.kinds[step as usize], self.timeline.slot(step));
        if !self.slots.has(live, slot) && self.table.step(state, kind).is_some() {
            self.taken.push(step);
            return self.slots.flip(live, slot);
        }
        live
    }

    fn open_node(&mut self, state: State, live: Set, used: Used, before: Option<State>) {
        let place = self.timeline.place();
        let key = Key { place, state, live };
        if let Some(read) = self.out_of_reach(state, live, used) {
            self.visited += 1;
            self.dead_end(self.timeline.end(read), state);
            self.return_to_top();
        } else if self.memo.visit(key, used, &self.used) {
            self.visited += 1;
            self.stack.push(Node {
                place,
                state,
                live,
                used,
                before,
                taken: self.taken.len(),
                left: Left::All,
            });
        } else {
            self.return_to_top();
        }
    }

    fn return_to_top(&mut self) {
        if let Some(top) = self.stack.last() {
            self.timeline.back_to(top.place);
            self.taken.truncate(top.taken);
        }
    }

    /// Closes the top node, in which nothing is left to try.
    fn leave(&mut self) {
        if let Some(node) = self.stack.pop() {
            self.deepest = self.deepest.max(Some(node.place));
            self.dead_end(node.place, node.state);
            self.return_to_top();
        }
    }

    fn take(&mut self, choice: Choice, next: State) -> bool {
        let Some(node) = self.stack.last() else {
            return false;
        };
        let (live, used, state) = (node.live, node.used, node.state);
        match choice {
            Choice::Live(step) => {
                let live = self.slots.flip(live, self.timeline.slot(step));
                let live = self.hide(live, state, self.kinds[step as usize], next);
                self.taken.push(step);
                self.arrive(next, live, used, None)
            }
            Choice::Unknown(class) => {
                let nth = self.used.count(used, class);
                let Class { kind, members } = &self.classes[class as usize];
                let (kind, step) = (*kind, members[nth as usize]);
                let hidden = self.hide(live, state, kind, next);
                self.taken.push(step);
                let used = self.used.with(used, class);
                self.arrive(next, hidden, used, (hidden == live).then_some(state))
            }
            Choice::Skip => {
                if let Some(event) = self.timeline.next() {
                    self.timeline.pass(event);
                }
                self.arrive(next, live, used, None)
            }
        }
    }

    /// Lets every open unobserved step take effect that a step of this kind, from `state` to `next`,
    /// wipes out.
    fn hide(&mut self, live: Set, state: State, kind: Kind, next: State) -> Set {
        let (mut live, mut state) = (live, state);
        for slot in 0..self.timeline.slots() {
            let Some(step) = self.timeline.open()[slot] else {
                continue;
            };
            if !self.unobserved[step as usize] || self.slots.has(live, slot as u32) {
                continue;
            }
            if let Some(between) = self.table.step(state, self.kinds[step as usize])
                && self.table.step(between, kind) == Some(next)
            {
                self.taken.push(step);
                live = self.slots.flip(live, slot as u32);
                state = between;
            }
        }
        live
    }

    /// The next thing to try at the top node: first the step that returns there.
    fn next_choice(&mut self) -> Option<(Choice, State)> {
        let top = self.stack.last_mut()?;
        if let Left::Behind(others) = top.left {
            let left = self.choices.len() > others;
            return left.then(|| self.choices.pop()).flatten();
        }
        let (state, before) = (top.state, top.before);
        if matches!(top.left, Left::All) {
            top.left = Left::Others;
            if let Some(Event::Return(step)) = self.timeline.next() {
                if self.optional(step) {
                    return Some((Choice::Skip, state));
                }
                if let Some(next) = self.effect(self.kinds[step as usize], state, before) {
                    return Some((Choice::Live(step), next));
                }
            }
        }
        self.stack.last_mut()?.left = Left::Behind(self.choices.len());
        let mut scratch = std::mem::take(&mut self.scratch);
        self.others(&mut scratch);
        self.scratch = scratch;
        self.next_choice()
    }

    /// The state after a step of this kind, unless it is impossible or wipes out an idle unknown.
    fn effect(&mut self, kind: Kind, state: State, before: Option<State>) -> Option<State> {
        let next = self.table.step(state, kind)?;
        let idle = before.is_some_and(|before| self.table.step(before, kind) == Some(next));
        (!idle).then_some(next)
    }

    fn optional(&self, step: u32) -> bool {
        !self.steps[step as usize].strict
    }

    /// Adds to the choices all not yet tried that may take effect at the top node; the best at the back.
    fn others(&mut self, scratch: &mut Scratch) {
        let (Some(top), Some(Event::Return(returning))) = (self.stack.last(), self.timeline.next())
        else {
            return;
        };
        let from = self.choices.len();
        let (state, live, used, before) = (top.state, top.live, top.used, top.before);
        let open = |step: &u32| !self.slots.has(live, self.timeline.slot(*step));
        let Scratch {
            steps,
            seen,
            effects,
        } = scratch;
        steps.clear();
        seen.clear();
        effects.clear();
        steps.extend(self.timeline.open().iter().flatten().copied().filter(open));
        steps.sort_unstable_by_key(|&step| self.timeline.end(step));
        for &step in &*steps {
            let kind = self.kinds[step as usize];
            let optional = self.optional(step);
            let stands_in = |&(other, must): &(Kind, bool)| other == kind && (must || optional);
            if self.table.reads_only(kind) || seen.iter().any(stands_in) {
                continue;
            }
            seen.push((kind, !optional));
            if let Some(next) = self.effect(kind, state, before) {
                effects.push((kind, next));
                let tried = if optional {
                    next == state
                } else {
                    step == returning
                };
                if !tried {
                    self.choices.push((Choice::Live(step), next));
                }
            }
        }
        for class in 0..self.classes.len() {
            if self.timeline.waiting()[class] <= self.used.count(used, class as u32) {
                continue;
            }
            let kind = self.classes[class].kind;
            match self.effect(kind, state, before) {
                Some(next) if next != state => {
                    let twin = |&(other, after): &(Kind, State)| {
                        after == next && self.table.stands_in(other, kind)
                    };
                    if !effects.iter().any(twin) {
                        self.choices.push((Choice::Unknown(class as u32), next));
                    }
                }
                Some(_) | None => {}
            }
        }
        self.choices[from..].reverse();
    }
}
