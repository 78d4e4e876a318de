//! What was found, told step by step.

use rustc_hash::FxHashSet;

use super::path::{Step, Why, path};
use super::trace::{Invention, Kind, Trace};
use super::walk::Conflicts;
use crate::domain::Domain;
use crate::evidence::{Finding, reason};
use crate::history::OpId;
use crate::register::Register;
use crate::verdict::Reason;

/// How many facts are told one by one.
const SHOWN_MAX: usize = 16;

/// Facts, and the operations they speak of.
pub(super) struct Story<'t, 'h> {
    trace: &'t Trace<'h>,
    facts: Vec<Reason>,
    nodes: Vec<u32>,
}

impl<'t, 'h> Story<'t, 'h> {
    pub(super) fn new(trace: &'t Trace<'h>) -> Self {
        Story {
            trace,
            facts: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// The operation with its call and answer: `op 3 (read x → 1)`.
    pub(super) fn name(&self, node: u32) -> String {
        let op = self.trace.op(node);
        format!("{} ({})", op.id, op.label())
    }

    /// The session of a node, as a reader names it.
    pub(super) fn session(&self, node: u32) -> String {
        self.trace.op(node).process.to_string()
    }

    /// Adds a fact about these nodes.
    pub(super) fn fact(&mut self, text: String, nodes: &[u32]) {
        let ops: Vec<OpId> = nodes.iter().map(|&node| self.trace.op(node).id).collect();
        if !self.facts.iter().any(|fact| fact.text == text) {
            self.facts.push(reason(text, &ops));
            self.nodes.extend(nodes);
        }
    }

    /// Adds of each operation of unknown outcome who saw that it took effect, O(nodes) each.
    fn effects(&mut self) {
        let trace = self.trace;
        let mut next = 0;
        while let Some(&node) = self.nodes.get(next) {
            next += 1;
            if trace.node(node).kind != Kind::Unknown {
                continue;
            }
            let saw = |&reader: &u32| reader != node && trace.source(reader) == Some(node);
            // Better one that certainly took effect than one of which that has to be shown in turn.
            let sure = |&reader: &u32| saw(&reader) && trace.node(reader).kind != Kind::Unknown;
            if self.nodes.iter().any(sure) {
                continue;
            }
            let all = || 0..trace.nodes.len() as u32;
            if let Some(reader) = all().find(sure).or_else(|| all().find(saw)) {
                let (seen, by) = (self.name(node), self.name(reader));
                let text = format!("{by} saw what {seen} wrote, so it took effect");
                // What the facts lead to stays the last.
                let last = self.facts.pop();
                self.fact(text, &[node, reader]);
                self.facts.extend(last);
            }
        }
    }

    /// Adds one fact for each step of a way, and those that prove it.
    pub(super) fn steps(&mut self, steps: &[Step]) {
        self.within(steps, &Conflicts::default());
    }

    /// The same where a reader's past may rest on conflicts found before.
    pub(super) fn within(&mut self, steps: &[Step], conflicts: &Conflicts) {
        // A conflict may rest on others, and those on further ones, but each only on earlier finds.
        let mut open: Vec<(Step, bool)> = steps.iter().rev().map(|&step| (step, false)).collect();
        let mut told: FxHashSet<(u32, u32)> = FxHashSet::default();
        while let Some((step, proven)) = open.pop() {
            let Step { from, to, why } = step;
            if let (Why::Conflict(reader), false) = (why, proven) {
                if !told.insert((from, to)) {
                    continue;
                }
                open.push((step, true));
                let way = path(self.trace, &Conflicts::default(), from, reader)
                    .or_else(|| path(self.trace, conflicts, from, reader));
                open.extend(way.into_iter().flatten().rev().map(|step| (step, false)));
                continue;
            }
            let (first, second) = (self.name(from), self.name(to));
            match why {
                Why::Session => {
                    let who = self.session(to);
                    self.fact(format!("{who} called {second} after {first}"), &[from, to]);
                }
                Why::Read => {
                    self.fact(format!("{second} saw what {first} wrote"), &[from, to]);
                }
                Why::Conflict(reader) => {
                    let by = self.name(reader);
                    let text = format!(
                        "{by} saw what {second} wrote, with {first} in its past: so {first} comes \
                         before {second}"
                    );
                    self.fact(text, &[from, to, reader]);
                }
            }
        }
    }

    /// Adds why the one node comes before the other, if it does.
    pub(super) fn way(&mut self, from: u32, to: u32) {
        if let Some(way) = path(self.trace, &Conflicts::default(), from, to) {
            self.steps(&way);
        }
    }

    /// The finding with all facts.
    pub(super) fn finding(mut self, sentence: String, at: u32, kind: &'static str) -> Finding {
        self.effects();
        let mut facts = self.facts;
        let ops: Vec<OpId> = facts.iter().flat_map(|fact| &fact.ops).copied().collect();
        if facts.len() > SHOWN_MAX {
            // The last fact is what the others lead to.
            let last = facts.pop();
            let left = facts.split_off(SHOWN_MAX - 2);
            let ops: Vec<OpId> = left.into_iter().flat_map(|fact| fact.ops).collect();
            facts.push(reason("and so on, step by step", &ops));
            facts.extend(last);
        }
        Finding {
            sentence,
            key: Register::key(&self.trace.op(at).call).map(Into::into),
            ops,
            reasons: facts,
            kind,
        }
    }
}

/// The finding that a value was read which no write can have written.
pub(super) fn invented(trace: &Trace<'_>, invention: Invention) -> Finding {
    let read = &trace.ops[invention.place as usize];
    let mut ops = vec![read.id];
    let mut reasons = vec![reason(
        format!("{} answered {}", read.id, read.label()),
        &[read.id],
    )];
    let kind = if let Some(failed) = invention.failed {
        let write = &trace.ops[failed as usize];
        ops.push(write.id);
        let text = format!(
            "only {} ({}) would have written it, and it certainly took no effect",
            write.id,
            Register::call_label(&write.call)
        );
        reasons.push(reason(text, &[write.id]));
        "failed write"
    } else {
        reasons.push(reason("no call of the history writes this value", &[]));
        "never written"
    };
    Finding {
        sentence: format!(
            "A value was invented: {} ({}) saw what nobody had written.",
            read.id,
            read.label()
        ),
        key: Register::key(&read.call).map(Into::into),
        ops,
        reasons,
        kind,
    }
}

/// The finding that a node saw the initial value although a write of the key was in its past.
pub(super) fn initial_after(trace: &Trace<'_>, reader: u32, write: u32) -> Finding {
    let mut story = Story::new(trace);
    story.way(write, reader);
    let (read, wrote) = (story.name(reader), story.name(write));
    let sentence = format!("{read} saw the initial value although {wrote} was in its past.");
    story.fact(
        format!("{read} came after {wrote}, and saw the register as if nothing had been written"),
        &[reader, write],
    );
    story.finding(sentence, reader, "")
}

/// The finding that a node saw a write although one that came after it was in its past.
pub(super) fn overwritten(trace: &Trace<'_>, old: u32, new: u32, reader: u32) -> Finding {
    let mut story = Story::new(trace);
    story.way(old, new);
    story.way(new, reader);
    let (first, second, read) = (story.name(old), story.name(new), story.name(reader));
    let sentence = format!(
        "{read} saw an overwritten value: {second} came after {first}, and was in its past."
    );
    story.fact(
        format!("{read} came after {second}, which came after {first}, and saw what {first} wrote"),
        &[reader, old, new],
    );
    story.finding(sentence, reader, "")
}

/// The finding that these nodes come before each other in a circle.
pub(super) fn circular(trace: &Trace<'_>, circle: &[Step]) -> Finding {
    let at = circle[0].from;
    let shorter = path(trace, &Conflicts::default(), at, at);
    let circle = shorter.as_deref().unwrap_or(circle);
    let mut story = Story::new(trace);
    story.steps(circle);
    let nodes: Vec<u32> = circle.iter().map(|step| step.from).collect();
    let sentence = format!(
        "Knowledge went in a circle: {} is in its own past, over {} operations.",
        story.name(at),
        nodes.len()
    );
    story.fact(
        "each step needs the one before, so none came first".into(),
        &nodes,
    );
    story.finding(sentence, at, "")
}
