//! Causal consistency of registers: whether what each operation knew explains what it saw.

use super::explain::{self, Story};
use super::overwritten::{Order, overwritten};
use super::path::{Step, Why, path};
use super::study::{Study, Unordered, trace, verdict};
use super::trace::{Node, Trace};
use super::walk::Conflict;
use crate::evidence::{Finding, Findings};
use crate::history::History;
use crate::register::{Register, Value};
use crate::verdict::{Budget, Checker, Promise, Verdict};

/// Holds registers against causal consistency (CC).
///
/// An operation's past is what its session did before, the writes it saw, and their pasts. A read returns
/// a value of its past that nothing in its past overwrote. Broken exactly when the past goes in a circle,
/// a value was never written, or a write of the key stands between what a read saw and the read
/// (Bouajjani, Enea, Guerraoui, Hamza, POPL 2017, bad patterns of CC).
///
/// A successful compare-and-set reads and writes; one that found another value proves nothing here. A
/// write of unknown outcome counts if its value was read, and then precedes only its readers. Where a
/// value does not tell its write its reads are left out, and where that is the initial one the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Causal {
    /// What a register holds before its first write.
    pub initial: Value,
}

/// Holds registers against causal convergence (`CCv`): [`Causal`], and all sessions can agree on one order
/// of the writes of a key (Bouajjani and others, POPL 2017, bad pattern `CyclicCF`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausalConvergence {
    /// What a register holds before its first write.
    pub initial: Value,
}

pub(super) const CIRCULAR: usize = 0;
pub(super) const INVENTION: usize = 1;
pub(super) const INITIAL_AFTER: usize = 2;
pub(super) const OVERWRITTEN: usize = 3;
const NO_COMMON_ORDER: usize = 4;

const PARTS: [&str; 5] = [
    "circular",
    "invention",
    "initial value after a write",
    "write after a later one",
    "no common order of writes",
];

impl Checker<Register> for Causal {
    fn promise(&self) -> Promise {
        Promise::Causal
    }

    /// O(n · (sessions + sessions writing a key)); a state for each operation, more with thousands of
    /// sessions.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        judge(Promise::Causal, history, &self.initial, budget)
    }
}

impl Checker<Register> for CausalConvergence {
    fn promise(&self) -> Promise {
        Promise::CausalConvergence
    }

    /// O(n · (sessions + sessions writing a key)); a state for each operation, more with thousands of
    /// sessions.
    fn check(&self, history: &History<Register>, budget: Budget) -> Verdict {
        judge(Promise::CausalConvergence, history, &self.initial, budget)
    }
}

fn judge(
    promise: Promise,
    history: &History<Register>,
    initial: &Value,
    budget: Budget,
) -> Verdict {
    let mut findings = Findings::new(promise, &PARTS);
    let trace = trace(history, initial, &mut findings);
    let missing = missing(&trace);
    inventions(&trace, &mut findings);
    let short = match Study::new(&trace, budget) {
        Ok(study) => {
            causal(&trace, &study, &mut findings);
            if let (Promise::CausalConvergence, Some(unordered)) = (promise, &study.unordered) {
                findings.report(NO_COMMON_ORDER, || no_common_order(&trace, unordered));
            }
            None
        }
        Err(shortfall) => Some(shortfall),
    };
    verdict(&trace, findings, missing, short)
}

/// What has to be there for a verdict and is not.
pub(super) fn missing(trace: &Trace<'_>) -> Option<String> {
    let reads = trace.inventions.len() + trace.nodes.iter().filter(|node| node.reads()).count();
    let writes = trace.nodes.iter().any(Node::writes);
    let none = reads == 0 || (!writes && trace.inventions.is_empty());
    none.then(|| "no write, and no read whose value tells what it saw".into())
}

pub(super) fn inventions(trace: &Trace<'_>, findings: &mut Findings) {
    if let Some(&first) = trace.inventions.first() {
        findings.report(INVENTION, || explain::invented(trace, first));
    }
}

/// Reports everything but inventions that breaks causal consistency.
pub(super) fn causal(trace: &Trace<'_>, study: &Study, findings: &mut Findings) {
    if let Some(circle) = &study.found.circle {
        findings.report(CIRCULAR, || explain::circular(trace, circle));
    }
    if let Some(&(reader, write)) = study.found.initial.iter().min() {
        findings.report(INITIAL_AFTER, || {
            explain::initial_after(trace, reader, write)
        });
    }
    let Some(unordered) = &study.unordered else {
        return;
    };
    let mut worst: Vec<Conflict> = Vec::new();
    overwritten(
        trace,
        &Order::new(trace),
        &unordered.involved,
        |_, _, known| {
            let first = known[0].reader;
            if worst.first().is_none_or(|one| one.reader > first) {
                let same = known.iter().take_while(|one| one.reader == first);
                worst = same.copied().collect();
            }
        },
    );
    if !worst.is_empty() {
        findings.report(OVERWRITTEN, || shortest_overwritten(trace, &worst));
    }
}

/// Of several writes that overwrote what one reader saw, the one that is soonest told.
fn shortest_overwritten(trace: &Trace<'_>, known: &[Conflict]) -> Finding {
    const TRIED_MAX: usize = 8;
    let told = known
        .iter()
        .take(TRIED_MAX)
        .map(|one| explain::overwritten(trace, one.after, one.before, one.reader));
    told.min_by_key(|finding| finding.reasons.len())
        .expect("some write overwrote it")
}

/// The shortest circle through one of the conflicts of a circle that was found.
fn no_common_order(trace: &Trace<'_>, unordered: &Unordered) -> Finding {
    const STARTS_MAX: usize = 16;
    let conflicts = unordered.circle.iter();
    let conflicts = conflicts.filter(|step| matches!(step.why, Why::Conflict(_)));
    let circles = conflicts.take(STARTS_MAX).filter_map(|&step| {
        let mut circle = path(trace, &unordered.conflicts, step.to, step.from)?;
        circle.push(step);
        Some(circle)
    });
    let shortest = circles.min_by_key(Vec::len);
    let circle: &[Step] = shortest.as_deref().unwrap_or(&unordered.circle);
    let mut story = Story::new(trace);
    story.steps(circle);
    let nodes: Vec<u32> = circle.iter().map(|step| step.from).collect();
    let (first, last) = (
        story.name(circle[0].from),
        story.name(nodes[nodes.len() - 1]),
    );
    story.fact(
        "each comes before the next, and the last before the first".into(),
        &nodes,
    );
    let sentence = format!(
        "The sessions cannot agree on one order: {first} and {last} each come before the other."
    );
    story.finding(sentence, circle[0].from, "")
}
