//! What every promise about causality asks of a history, found out once.

use super::pasts::{Found, Overfull, Writes, pasts};
use super::path::Step;
use super::trace::Trace;
use super::walk::{Conflict, Conflicts, walk};
use crate::evidence::Findings;
use crate::history::History;
use crate::register::{Register, Value};
use crate::verdict::{Budget, Shortfall, Verdict};

/// A history whose causal past is known.
#[derive(Debug)]
pub(super) struct Study {
    pub(super) writes: Writes,
    pub(super) found: Found,
    /// What there is to say when the conflicts leave no common order of all writes.
    pub(super) unordered: Option<Unordered>,
}

/// Nodes and conflicts that have no common order.
#[derive(Debug)]
pub(super) struct Unordered {
    /// One circle of them.
    pub(super) circle: Vec<Step>,
    pub(super) conflicts: Conflicts,
    /// The conflicts that may be a part of such circles; the others are not.
    pub(super) involved: Vec<Conflict>,
}

impl Study {
    /// Finds out who knew what, and looks for a common order of all writes.
    /// O(n · (sessions + sessions writing a key)).
    ///
    /// # Errors
    /// Whatever keeps it from being found out: the budget, or memory.
    pub(super) fn new(trace: &Trace<'_>, budget: Budget) -> Result<Self, Shortfall> {
        let writes = Writes::new(trace);
        let states = writes.states(trace.nodes.len() as u64);
        if states > budget.states {
            return Err(out_of_budget(trace, 0));
        }
        let found = pasts(trace, &writes, &Conflicts::default(), None, |_| true);
        let found = found.map_err(|Overfull| writes.out_of_memory(trace))?;
        let unordered = unordered(trace, &found);
        Ok(Study {
            writes,
            found,
            unordered,
        })
    }
}

/// That so many states did not suffice.
pub(super) fn out_of_budget(trace: &Trace<'_>, states: u64) -> Shortfall {
    Shortfall::OutOfBudget {
        part: "the whole history".into(),
        states,
        unknown: trace.unknown(),
        window: None,
        pending: 0,
    }
}

/// Indexes a history and counts what its verdict rests on.
pub(super) fn trace<'h>(
    history: &'h History<Register>,
    initial: &Value,
    findings: &mut Findings,
) -> Trace<'h> {
    let trace = Trace::new(history, initial);
    let (mut reads, mut initial, mut writes) = (0, 0, 0);
    for (number, node) in trace.nodes.iter().enumerate() {
        writes += u64::from(node.writes());
        match trace.source(number as u32) {
            Some(_) => reads += 1,
            None => initial += u64::from(node.reads()),
        }
    }
    findings.count("keys left out", trace.keys_left_out);
    findings.count("reads of a write", reads);
    findings.count("reads of the initial value", initial);
    findings.count("sessions", u64::from(trace.sessions));
    findings.count("unknown writes that were read", trace.unknown());
    findings.count("writes", writes);
    trace
}

/// The gravest finding; else what was left open, what is missing, or that the budget was not enough.
pub(super) fn verdict(
    trace: &Trace<'_>,
    findings: Findings,
    missing: Option<String>,
    short: Option<Shortfall>,
) -> Verdict {
    let verdict = findings.verdict(missing);
    let short = short.or_else(|| {
        let key = trace.left_out.as_ref()?;
        Some(Shortfall::LeftOut(format!(
            "{key} was given one value twice, or the initial one, so it does not tell what all its reads saw"
        )))
    });
    match (verdict, short) {
        (Verdict::Valid(_), Some(shortfall)) => Verdict::Unknown(shortfall),
        // With more judged, more might have been exercised.
        (Verdict::Unknown(Shortfall::NothingExercised(_)), Some(open @ Shortfall::LeftOut(_))) => {
            Verdict::Unknown(open)
        }
        (verdict, _) => verdict,
    }
}

fn unordered(trace: &Trace<'_>, found: &Found) -> Option<Unordered> {
    if found.conflicts.is_empty() {
        return None;
    }
    let conflicts = Conflicts::new(trace, found.conflicts.clone());
    let mut visited = vec![false; trace.nodes.len()];
    let circle = walk(trace, &conflicts, None, |node| {
        visited[node as usize] = true;
    })
    .err()?;
    let open = |node: u32| !visited[node as usize];
    let all = found.conflicts.iter();
    let involved = all.filter(|one| open(one.before) && open(one.after));
    let involved = involved.copied().collect();
    Some(Unordered {
        circle,
        conflicts,
        involved,
    })
}
