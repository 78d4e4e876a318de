//! The first entry at which the evidence so far already contradicts the truth.

use super::{Decision, disks, prefix};
use crate::causality::ClockCausality;
use crate::convergence;
use crate::handoff::{self, HandoffDelivery};
use crate::history::{Entry, History, Line};
use crate::kv::Kv;
use crate::note::{Node, Note};
use crate::verdict::Counterexample;

/// What shows of a history cut off somewhere.
type Judge = fn(&History<Kv>, usize) -> Option<Counterexample>;

/// The earliest contradiction of any kind before the store counts as mended.
pub(super) fn done(history: &History<Kv>) -> Option<Decision> {
    let quiet = |line: Line<'_, Kv>| matches!(line, Line::Note(_, Note::Quiet));
    let end = history.lines().position(quiet);
    let end = end.unwrap_or_else(|| history.lines().len());
    let replaced = disks::replaced(history, end);
    let judges: &[Judge] = if forgets(history) {
        &[clocks, states]
    } else {
        &[clocks, states, hints, copies]
    };
    let shown = judges
        .iter()
        .filter_map(|judge| first(history, end, *judge));
    let shown = shown.filter_map(|(line, found)| Some((line, decision(history, line, &found)?)));
    let all = replaced.into_iter().chain(shown);
    all.min_by_key(|(line, _)| *line)
        .map(|(_, decision)| decision)
}

/// Whether acknowledged writes may be on no disk at all: then nothing is promised of hints and copies.
fn forgets(history: &History<Kv>) -> bool {
    let mut notes = history.notes();
    notes.any(|(_, note)| matches!(note, Note::Setup(setup) if setup.may_lose && setup.may_revive))
}

fn clocks(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    // Truth comes from the calls, so all of them count, whenever a disk was seen.
    let part = prefix::noted_until(history, lines)?;
    let findings = ClockCausality.findings(&part);
    // A circle of calls has no moment on a disk.
    findings.into_iter().find(|found| found.part != "circular")
}

fn hints(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    let part = prefix::until(history, lines)?;
    HandoffDelivery.findings(&part).into_iter().next()
}

fn copies(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    handoff::too_few_copies(&prefix::until(history, lines)?)
}

fn states(history: &History<Kv>, lines: usize) -> Option<Counterexample> {
    convergence::states_differ(&prefix::until(history, lines)?)
}

/// The first line at whose end the judge finds something, and what: by halving over the instants, for
/// within one instant nobody knows what came first.
fn first(history: &History<Kv>, end: usize, judge: Judge) -> Option<(usize, Counterexample)> {
    let times: Vec<u64> = history
        .entries()
        .take(end)
        .map(|entry| entry.at().0)
        .collect();
    let last = |line: usize| line + 1 == times.len() || times[line] != times[line + 1];
    let instants: Vec<usize> = (0..times.len()).filter(|&line| last(line)).collect();
    judge(history, end)?;
    let (mut low, mut high) = (0, instants.len().checked_sub(1)?);
    while low < high {
        let middle = usize::midpoint(low, high);
        if judge(history, instants[middle] + 1).is_some() {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    let until = instants[low] + 1;
    let found = judge(history, until)?;
    let since = low.checked_sub(1).map_or(0, |before| instants[before] + 1);
    // From this line of the instant on it shows, whatever else comes within the instant.
    let line = (since + 1..=until).rev();
    let line = line.take_while(|&lines| judge(history, lines).is_some());
    Some((line.last().unwrap_or(until), found))
}

/// Who did what on this line; `None` if nobody did anything there.
fn decision(history: &History<Kv>, line: usize, found: &Counterexample) -> Option<Decision> {
    let entry = history.entries().nth(line - 1)?;
    let node = match &entry {
        Entry::Invoke { .. } => return None,
        Entry::Return { .. } => None,
        Entry::Note { note, .. } => blamed(note)?,
    };
    Some(Decision {
        at: entry.at(),
        node,
        sentence: found.sentence.clone(),
        facts: found
            .reasons
            .iter()
            .map(|reason| reason.text.clone())
            .collect(),
    })
}

/// Whose doing a note tells of; the inner `None` where that is not said, the outer where it is nobody's.
#[expect(clippy::option_option, reason = "two different things are not known")]
fn blamed(note: &Note) -> Option<Option<Node>> {
    match note {
        Note::Durable { node, .. }
        | Note::Context { node, .. }
        | Note::Served { node, .. }
        | Note::Restart(node)
        | Note::Hint { holder: node, .. }
        | Note::HintDropped { holder: node, .. }
        | Note::Transfer { to: node, .. } => Some(Some(*node)),
        Note::Counted { .. } => Some(None),
        _ => None,
    }
}
