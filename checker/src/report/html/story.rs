//! What a page tells: which steps, whose lanes, what each replica held, and where it went wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::lanes;
use super::marks::{self, Mark};
use super::ribbons::{self, Down, Hint, Segment};
use crate::history::{History, Line, Op, OpId, Outcome, Process, Time};
use crate::kv::{Kv, KvCall, KvRet};
use crate::note::{Node, Note, Setup, Version};
use crate::report::bundle::Bundle;
use crate::report::steps::{Step, What, steps};
use crate::verdict::{Counterexample, Promise};

/// More calls and notes than this are not told step by step.
const LINES_MAX: usize = 200_000;

/// A bundle and its history, read for a page.
pub(super) struct Story<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) history: &'a History<Kv>,
    pub(super) found: Option<&'a Counterexample>,
    pub(super) setup: Option<&'a Setup>,
    /// The key whose replicas are drawn.
    pub(super) key: Option<String>,
    /// How many keys the history is about.
    pub(super) keys: usize,
    /// Who owned the key last.
    pub(super) owners: Vec<Node>,
    pub(super) steps: Vec<Step>,
    /// The steps that are told, by their places.
    pub(super) shown: Vec<usize>,
    /// Reads at the end that nobody needs to see.
    pub(super) hidden_reads: usize,
    pub(super) clients: Vec<Process>,
    pub(super) nodes: Vec<Node>,
    /// Clients and nodes that have no lane.
    pub(super) left_out: (usize, usize),
    pub(super) segments: Vec<Segment>,
    pub(super) hints: Vec<Hint>,
    pub(super) downs: Vec<Down>,
    pub(super) marks: Vec<Mark>,
    /// Steps that show the mistake.
    pub(super) bad: BTreeSet<usize>,
    /// The read that must not have been answered so.
    pub(super) bad_op: Option<OpId>,
    /// The colour of each value, by the order in which values appear.
    pub(super) colours: BTreeMap<String, usize>,
    /// For each event, what its version had seen when it was first held.
    pub(super) pasts: BTreeMap<(String, u64), Vec<(String, u64)>>,
}

impl<'a> Story<'a> {
    /// Reads a bundle, for a picture of at most so many steps and lanes.
    pub(super) fn new(
        bundle: &'a Bundle,
        history: &'a History<Kv>,
        (steps_max, lanes_max): (usize, usize),
    ) -> Self {
        let found = bundle.counterexample.as_ref();
        let setup = history.notes().find_map(|(_, note)| match note {
            Note::Setup(setup) => Some(setup),
            _ => None,
        });
        let hidden = hidden(bundle, history);
        let steps = if history.lines().len() <= LINES_MAX {
            steps(history, &hidden, &bundle.network)
        } else {
            Vec::new()
        };
        let keys: BTreeSet<&str> = history.ops().iter().map(|op| op.call.key()).collect();
        let mut story = Story {
            bundle,
            history,
            found,
            setup,
            key: key(history, found),
            keys: keys.len(),
            owners: Vec::new(),
            steps,
            shown: Vec::new(),
            hidden_reads: hidden.len(),
            clients: Vec::new(),
            nodes: Vec::new(),
            left_out: (0, 0),
            segments: Vec::new(),
            hints: Vec::new(),
            downs: ribbons::downs(history),
            marks: Vec::new(),
            bad: BTreeSet::new(),
            bad_op: bad_op(history, found),
            colours: BTreeMap::new(),
            pasts: BTreeMap::new(),
        };
        story.owners = story.owners_at_last();
        story.marks = marks::marks(&story);
        story.bad = marks::bad(&story);
        story.shown = story.chosen(steps_max);
        story.segments = ribbons::segments(&story);
        story.hints = ribbons::hints(&story);
        lanes::choose(&mut story, lanes_max);
        story.paint();
        story.pasts = story.first_pasts();
        story
    }

    /// The step as a reader counts it.
    pub(super) fn number(step: usize) -> usize {
        step + 1
    }

    /// The call of a step.
    pub(super) fn op(&self, step: &Step) -> Option<&'a Op<Kv>> {
        match step.what {
            What::Call(id) => self.history.op(id),
            _ => None,
        }
    }

    /// The step that tells of this operation.
    pub(super) fn step_of(&self, op: OpId) -> Option<usize> {
        let mut steps = self.steps.iter();
        steps.position(|step| matches!(step.what, What::Call(id) if id == op))
    }

    /// A text in which these operations are called by the steps that tell of them, where there are any.
    pub(super) fn told(&self, text: &str, ops: &[OpId]) -> String {
        let mut told = text.to_owned();
        for op in ops {
            let name = op.to_string();
            let step = match self.step_of(*op) {
                Some(step) => format!("step {}", Self::number(step)),
                None => "a read at the end".into(),
            };
            let mut from = 0;
            while let Some(at) = told[from..].find(&name).map(|at| from + at) {
                let end = at + name.len();
                if told[end..].starts_with(|c: char| c.is_ascii_digit()) {
                    from = end;
                } else {
                    told.replace_range(at..end, &step);
                    from = at + step.len();
                }
            }
        }
        told
    }

    pub(super) fn is_key(&self, key: &str) -> bool {
        self.key.as_deref() == Some(key)
    }

    /// The class of a value's colour.
    pub(super) fn colour(&self, version: &Version) -> String {
        match &version.value {
            None => "v-gone".into(),
            Some(value) => format!("v{}", self.colours.get(value).map_or(0, |place| place % 7)),
        }
    }

    /// Whether a version says less of what it had seen than it did when it was first held.
    pub(super) fn is_cut(&self, version: &Version) -> bool {
        let Some(clock) = &version.clock else {
            return false;
        };
        let first = self.pasts.get(&clock.dot);
        first.is_some_and(|first| first.iter().any(|event| !clock.saw(event)))
    }

    /// Steps between the one told before and this one that are not told.
    pub(super) fn skipped(&self, place: usize) -> usize {
        let before = place
            .checked_sub(1)
            .map_or(0, |place| self.shown[place] + 1);
        self.shown[place] - before
    }

    fn owners_at_last(&self) -> Vec<Node> {
        let notes = self.history.notes();
        let owners = notes.filter_map(|(_, note)| match note {
            Note::Owners { key, nodes } if self.is_key(key) => Some(nodes.clone()),
            _ => None,
        });
        owners.last().unwrap_or_default()
    }

    /// Of too many steps those of the counterexample, what went wrong, the faults, then the rest in order.
    fn chosen(&self, most: usize) -> Vec<usize> {
        let told: BTreeSet<OpId> = self
            .found
            .iter()
            .flat_map(|found| found.ops.clone())
            .collect();
        let weight = |step: &Step, place: usize| match &step.what {
            What::Call(id) if told.contains(id) => 0,
            _ if self.bad.contains(&place) => 0,
            What::Fault(..) | What::Healed | What::Quiet | What::Restart(_) => 2,
            What::Call(_) => 3,
            _ => 1,
        };
        let mut order: Vec<usize> = (0..self.steps.len()).collect();
        order.sort_by_key(|place| (weight(&self.steps[*place], *place), *place));
        order.truncate(most);
        order.sort_unstable();
        order
    }

    fn paint(&mut self) {
        let mut values: Vec<String> = Vec::new();
        for line in self.history.lines() {
            if values.len() >= 256 {
                break;
            }
            if let Line::Invoke(op) = line
                && let KvCall::Put { value, .. } = &op.call
            {
                values.push(value.clone());
            }
        }
        for segment in &self.segments {
            let held = segment.versions.iter();
            values.extend(held.filter_map(|version| version.value.clone()));
        }
        for value in values {
            let next = self.colours.len();
            self.colours.entry(value).or_insert(next);
        }
    }

    fn first_pasts(&self) -> BTreeMap<(String, u64), Vec<(String, u64)>> {
        let mut pasts = BTreeMap::new();
        for change in self.steps.iter().flat_map(|step| &step.changes) {
            for clock in change
                .versions
                .iter()
                .filter_map(|held| held.clock.as_ref())
            {
                pasts
                    .entry(clock.dot.clone())
                    .or_insert_with(|| clock.past.clone());
            }
        }
        pasts
    }
}

/// Reads at the quiet end that nobody speaks of: of several equal ones, none needs to be seen.
fn hidden(bundle: &Bundle, history: &History<Kv>) -> BTreeSet<OpId> {
    let found = bundle.counterexample.as_ref();
    let told: BTreeSet<OpId> = found.iter().flat_map(|found| found.ops.clone()).collect();
    let rest = history.ops().iter().map(|op| op.id);
    rest.filter(|id| !bundle.via.contains_key(id) && !told.contains(id))
        .collect()
}

/// The key of the counterexample, of its first operation, or the first of all.
fn key(history: &History<Kv>, found: Option<&Counterexample>) -> Option<String> {
    let named = found.and_then(|found| found.key.clone());
    let told = || {
        let mut ops = found?.ops.iter();
        ops.find_map(|id| history.op(*id))
            .map(|op| op.call.key().to_owned())
    };
    let first = || history.ops().first().map(|op| op.call.key().to_owned());
    named.or_else(told).or_else(first)
}

/// Whether a promise is broken by several answers together, none of which is wrong by itself.
pub(super) fn is_together(promise: Promise) -> bool {
    matches!(
        promise,
        Promise::Linearizable
            | Promise::Sequential
            | Promise::Causal
            | Promise::CausalConvergence
            | Promise::CausalMemory
    )
}

/// The last answered read of the counterexample, where the promise is about what reads return.
fn bad_op(history: &History<Kv>, found: Option<&Counterexample>) -> Option<OpId> {
    let found = found?;
    let by_disks = [
        Promise::Convergence,
        Promise::HandoffDelivery,
        Promise::ClockCausality,
    ];
    if by_disks.contains(&found.promise) {
        return None;
    }
    let ops = found.ops.iter().filter_map(|id| history.op(*id));
    let reads = ops.filter(|op| matches!(op.outcome, Outcome::Ok(KvRet::Values(_))));
    reads.max_by_key(|op| op.returned).map(|op| op.id)
}

/// The values of these versions, without those of tombstones.
pub(super) fn values(versions: &[Version]) -> BTreeSet<&str> {
    let values = versions.iter();
    values
        .filter_map(|version| version.value.as_deref())
        .collect()
}

/// A moment of a run at which something was recorded.
pub(super) fn end(history: &History<Kv>) -> Time {
    let last = history.lines().map(|line| match line {
        Line::Invoke(op) => op.invoked,
        Line::Return(_, at) | Line::Note(at, _) => at,
    });
    last.last().unwrap_or_default()
}
